//! The bound by its rules, one at a time; how it does at whole shops is shown by the simulation.

use super::*;

struct Rig {
    bound: Bound,
    now: Instant,
}

const LIST: Step = "list_products";

impl Rig {
    fn new(mode: InFlight) -> Self {
        let now = Instant::now();
        Self { bound: Bound::new(mode, 372, now), now }
    }

    /// One that has left its start and follows the work.
    fn at_run(calls: f64, baseline_s: f64) -> Self {
        let mut rig = Self::new(InFlight::Automatic);
        (0..4).for_each(|_| rig.bound.baselines.unqueued(LIST, baseline_s));
        (rig.bound.calls, rig.bound.phase) = (calls, Phase::Run);
        rig.bound.last_dip = Some(rig.now);
        rig
    }

    fn pass(&mut self, s: f64) {
        self.now += Duration::from_secs_f64(s);
    }

    /// Time in which calls wait, for `share` of it only because of the bound.
    fn wait(&mut self, s: f64, share: f64) {
        self.pass(s);
        let demand = Duration::from_secs_f64(s);
        self.bound.waited(demand, demand.mul_f64(share));
    }

    /// An answer that took `s`, one of `in_flight`.
    fn answer(&mut self, s: f64, in_flight: u32) {
        let sent = self.now - Duration::from_secs_f64(s);
        let (http_session, answered) = (SessionId(0), self.now);
        let call = AnsweredCall { step: LIST, http_session, sent, answered, in_flight };
        self.bound.answered(&call, self.now);
    }

    /// A window of one second with so many answers that took `s` each.
    fn window(&mut self, answers: u32, s: f64, blocked: f64) {
        self.wait(1.0, blocked);
        (0..answers).for_each(|_| self.answer(s, 99));
    }

    fn time_out(&mut self, waited_s: f64) {
        self.bound.timed_out(self.now - Duration::from_secs_f64(waited_s), self.now);
    }

    fn calls(&self) -> u32 {
        self.bound.calls_max().unwrap()
    }
}

#[test]
fn it_begins_with_two_and_doubles_until_answers_queue() {
    let mut rig = Rig::new(InFlight::Automatic);
    assert_eq!(rig.calls(), 2);
    for doubled in [4, 8, 16] {
        rig.wait(0.1, 1.0);
        (0..doubled / 2).for_each(|n| rig.answer(0.1, n + 1));
        assert_eq!(rig.calls(), doubled);
    }
    rig.wait(0.8, 1.0);
    (0..16).for_each(|_| rig.answer(0.2, 16));
    assert!(rig.calls() < 8, "{}", rig.calls());
}

#[test]
fn nothing_moves_while_the_bound_holds_nothing_back() {
    let mut rig = Rig::at_run(4.0, 0.25);
    rig.window(16, 0.25, 0.09);
    assert_eq!(rig.calls(), 4);
    rig.window(16, 0.25, 0.11);
    assert_eq!(rig.calls(), 6, "to 7 = 1 + 1.5 x 4, by half and a half at most: 6.5");
}

#[test]
fn it_grows_by_half_at_most_and_from_one_to_two() {
    let mut rig = Rig::at_run(10.0, 2.0);
    rig.window(16, 2.0, 1.0);
    assert_eq!(rig.calls(), 15);
    let mut rig = Rig::at_run(1.0, 0.5);
    rig.window(16, 0.5, 1.0);
    assert_eq!(rig.calls(), 2);
}

#[test]
fn it_falls_half_way_and_only_where_the_bound_held_back_most_of_the_time() {
    let mut rig = Rig::at_run(20.0, 0.1);
    rig.window(20, 1.0, 0.49);
    assert_eq!(rig.calls(), 20);
    rig.window(20, 1.0, 0.51);
    assert_eq!(rig.calls(), 12, "half way to 1 + 1.5 x 2");
}

#[test]
fn a_window_needs_16_answers_and_a_second_or_4_and_ten() {
    let mut rig = Rig::at_run(1.0, 0.5);
    rig.window(15, 0.5, 1.0);
    assert_eq!(rig.calls(), 1);
    rig.answer(0.5, 99);
    assert_eq!(rig.calls(), 2);
    let mut rig = Rig::at_run(1.0, 2.0);
    rig.wait(9.9, 1.0);
    (0..4).for_each(|_| rig.answer(2.0, 99));
    assert_eq!(rig.calls(), 1);
    rig.wait(0.1, 1.0);
    rig.answer(2.0, 99);
    assert_eq!(rig.calls(), 2);
}

#[test]
fn it_is_never_below_one_nor_above_the_callers() {
    let mut rig = Rig::at_run(1.5, 1.0);
    rig.pass(10.0);
    rig.answer(5.0, 99);
    rig.time_out(10.0);
    assert_eq!(rig.calls(), 1);
    let mut rig = Rig::at_run(10.0, 2.0);
    rig.bound.set_callers(12);
    rig.window(16, 2.0, 1.0);
    assert_eq!(rig.calls(), 12);
}

#[test]
fn a_timeout_in_a_queue_halves_it_once_a_round_trip() {
    let mut rig = Rig::at_run(20.0, 1.0);
    rig.pass(10.0);
    (0..4).for_each(|_| rig.answer(5.0, 99));
    rig.time_out(10.0);
    rig.time_out(9.9);
    assert_eq!(rig.calls(), 10, "both left before the cut");
    rig.pass(10.0);
    (0..4).for_each(|_| rig.answer(5.0, 99));
    rig.time_out(9.9);
    assert_eq!(rig.calls(), 5);
}

#[test]
fn a_timeout_beside_quick_answers_is_a_lost_answer_and_makes_room_for_itself() {
    let mut rig = Rig::at_run(4.0, 1.0);
    rig.pass(10.0);
    (0..4).for_each(|_| rig.answer(1.4, 99));
    rig.time_out(10.0);
    assert_eq!(rig.calls(), 4);
    // Work 2 and half a place: the next window ends at 1 + 1.5 x 2.5.
    rig.bound.drop_window(rig.now);
    rig.wait(8.0, 1.0);
    (0..16).for_each(|_| rig.answer(1.0, 99));
    assert_eq!(rig.bound.calls, 4.75);
}

#[test]
fn the_last_of_many_waiting_calls_times_out_without_a_verdict() {
    let mut rig = Rig::at_run(4.0, 1.0);
    for _ in 0..2 {
        rig.pass(0.1);
        rig.bound.leaves(None, rig.now);
    }
    rig.pass(9.8);
    rig.time_out(10.0);
    assert_eq!(rig.calls(), 4);
    rig.bound.leaves(None, rig.now);
    rig.time_out(10.0);
    assert_eq!(rig.calls(), 2, "three left after it and none was answered");
}

#[test]
fn held_back_a_dip_renews_the_baselines_every_minute() {
    let mut rig = Rig::at_run(8.0, 0.05);
    rig.pass(58.9);
    rig.bound.drop_window(rig.now);
    rig.window(20, 0.2, 1.0);
    assert!(matches!(rig.bound.phase, Phase::Run), "59.9 s");
    rig.window(20, 0.2, 1.0);
    assert_eq!(rig.calls(), 1, "a quarter of what is left of it");
    for n in 1..=16 {
        rig.pass(0.3);
        rig.answer(0.3, 1);
        assert_eq!(matches!(rig.bound.phase, Phase::Dip { .. }), n < 16, "{n}");
    }
    assert!((0.25..=0.3).contains(&rig.bound.baselines.of(LIST)), "from 0.05");
}

#[test]
fn a_dip_at_a_slow_shop_ends_after_5_s_with_two_answers() {
    let mut rig = Rig::at_run(4.0, 2.0);
    rig.bound.phase = Phase::Dip { since: rig.now, slowness: 3.0, answered: Samples::default() };
    for (s, over) in [(2.5, false), (2.5, false), (2.5, true)] {
        rig.pass(s);
        rig.answer(s, 1);
        assert_eq!(matches!(rig.bound.phase, Phase::Run), over);
    }
}

#[test]
fn a_closed_gate_ends_a_dip_and_forgets_the_window() {
    let mut rig = Rig::at_run(4.0, 0.1);
    rig.bound.phase = Phase::Dip { since: rig.now, slowness: 3.0, answered: Samples::default() };
    rig.wait(0.9, 1.0);
    rig.bound.drop_window(rig.now);
    assert!(matches!(rig.bound.phase, Phase::Run));
    rig.wait(0.2, 1.0);
    (0..40).for_each(|_| rig.answer(0.1, 99));
    assert_eq!(rig.calls(), 4);
}

#[test]
fn ten_minutes_without_a_call_begin_anew_with_what_is_known_of_the_steps() {
    for (idle_s, calls) in [(599.0, 40), (600.0, 2)] {
        let mut rig = Rig::at_run(40.0, 0.1);
        let last = rig.now;
        rig.pass(idle_s);
        rig.bound.leaves(Some(last), rig.now);
        assert_eq!(rig.calls(), calls, "{idle_s} s");
        assert!((rig.bound.baselines.of(LIST) - 0.1).abs() < 1e-9);
    }
}

#[test]
fn a_fixed_bound_stays_and_none_is_none_whatever_comes() {
    for (mode, calls_max) in [(InFlight::Fixed(7), Some(7)), (InFlight::Off, None)] {
        let mut rig = Rig::new(mode);
        for _ in 0..100 {
            rig.window(20, 3.0, 1.0);
            rig.time_out(10.0);
            assert_eq!(rig.bound.calls_max(), calls_max);
        }
        assert!(!rig.bound.is_slow(), "an operator who set it knows");
    }
}

#[test]
fn switched_on_again_it_begins_small_and_knows_its_steps() {
    let mut rig = Rig::at_run(40.0, 0.3);
    rig.bound.set_mode(InFlight::Off, rig.now);
    rig.bound.set_mode(InFlight::Automatic, rig.now);
    assert!(rig.calls() <= 2);
    assert!((rig.bound.baselines.of(LIST) - 0.3).abs() < 1e-9);
}
