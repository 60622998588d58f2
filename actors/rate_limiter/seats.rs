//! The seats at the shop: who of the waiting may go, who is under way, and for how long only the
//! bound kept somebody back.
//!
//! A call takes its seat with its permit and gives it back at its answer; probes need none. The
//! limiter says after each change who waits for what; nothing here needs a timer.

use std::time::{Duration, Instant};

use super::bound::{AnsweredCall, Answering, Bound, Step};
use crate::domain::ids::SessionId;
use crate::domain::in_flight::InFlight;

/// How a call ended, as far as the bound is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// The shop answered, 2xx to 4xx but 429.
    Answered {
        /// Which call of the profile.
        step: Step,
        /// Over which HTTP session.
        http_session: SessionId,
        /// When it left.
        sent: Instant,
        /// When its answer was complete.
        answered: Instant,
    },
    /// It was not answered within the call timeout.
    TimedOut {
        /// When it left.
        sent: Instant,
    },
    /// In any other way: it says nothing of how fast the shop works.
    Other,
}

/// What somebody waits for, and since when.
#[derive(Clone, Copy, Debug)]
struct Wait {
    since: Instant,
    /// From here on only a seat is missing; `None` where one is free.
    blocked_from: Option<Instant>,
}

/// The seats, and the bound that says how many there are.
#[derive(Clone, Debug)]
pub struct Seats {
    bound: Bound,
    taken: u32,
    wait: Option<Wait>,
    /// When a call last left or came back.
    last_call: Option<Instant>,
}

/// The seats as readers see them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeatsTaken {
    /// What kind of bound there is.
    pub mode: InFlight,
    /// Most calls in flight; `None` where there is no bound.
    pub bound: Option<u32>,
    /// Calls in flight.
    pub in_flight: u32,
    /// Whether the bound holds back more than an operator should have to find out.
    pub is_slow: bool,
    /// How the shop has been answering.
    pub answering: Answering,
}

impl Seats {
    /// All of them free.
    pub fn new(bound: Bound) -> Self {
        Self { bound, taken: 0, wait: None, last_call: None }
    }

    /// Whether a call may go.
    pub fn is_free(&self) -> bool {
        self.bound.calls_max().is_none_or(|most| self.taken < most)
    }

    /// Takes one; answers how many are under way with it.
    pub fn take(&mut self, now: Instant) -> u32 {
        let idle_since = self.last_call.filter(|_| self.taken == 0);
        self.bound.leaves(idle_since, now);
        self.last_call = Some(now);
        self.taken += 1;
        self.taken
    }

    /// Gives back one that was taken when `in_flight` were under way.
    pub fn give_back(&mut self, in_flight: u32, end: CallEnd, now: Instant) {
        self.settle(now);
        self.taken = self.taken.saturating_sub(1);
        self.last_call = Some(now);
        match end {
            CallEnd::Answered { step, http_session, sent, answered } => {
                let call = AnsweredCall { step, http_session, sent, answered, in_flight };
                self.bound.answered(&call, now);
            }
            CallEnd::TimedOut { sent } => self.bound.timed_out(sent, now),
            CallEnd::Other => {}
        }
    }

    /// One that was taken by a call that never left.
    pub fn leave_unused(&mut self, now: Instant) {
        self.settle(now);
        self.taken = self.taken.saturating_sub(1);
    }

    /// From `now` on somebody waits, for a token until the moment that is given, where one is
    /// needed, and for a seat if none is free; or nobody does.
    pub fn wait(&mut self, for_token: Option<Option<Instant>>, now: Instant) {
        self.settle(now);
        self.wait = for_token.map(|until| {
            let blocked_from = (!self.is_free()).then(|| until.unwrap_or(now).max(now));
            Wait { since: now, blocked_from }
        });
    }

    /// From `now` on nothing is granted: waiting says nothing, nor does what was being looked at.
    pub fn close(&mut self, now: Instant) {
        self.wait(None, now);
        self.bound.drop_window(now);
    }

    /// Another kind of bound from here on.
    pub fn set_mode(&mut self, mode: InFlight, now: Instant) {
        self.settle(now);
        self.bound.set_mode(mode, now);
    }

    /// There are so many callers now.
    pub fn set_callers(&mut self, callers: usize) {
        self.bound.set_callers(callers);
    }

    /// As [`Bound::queue_elsewhere`].
    pub fn queue_elsewhere(&self, sent: Instant, waited: Duration, but: SessionId) -> Option<bool> {
        self.bound.queue_elsewhere(sent, waited, but)
    }

    /// As [`Bound::is_slow`].
    pub fn is_slow(&self) -> bool {
        self.bound.is_slow()
    }

    /// The seats as they are.
    pub fn taken(&self, now: Instant) -> SeatsTaken {
        SeatsTaken {
            mode: self.bound.mode(),
            bound: self.bound.calls(),
            in_flight: self.taken,
            is_slow: self.bound.is_slow(),
            answering: self.bound.answering(now),
        }
    }

    /// Takes in the waiting up to `now`.
    fn settle(&mut self, now: Instant) {
        let Some(wait) = &mut self.wait else { return };
        let until_now = |from: Instant| now.saturating_duration_since(from);
        let demand = until_now(wait.since);
        let blocked = wait.blocked_from.map_or(Duration::ZERO, until_now);
        wait.since = now;
        wait.blocked_from = wait.blocked_from.map(|from| from.max(now));
        self.bound.waited(demand, blocked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rig {
        seats: Seats,
        start: Instant,
    }

    impl Rig {
        fn new(mode: InFlight) -> Self {
            let start = Instant::now();
            Self { seats: Seats::new(Bound::new(mode, 372, start)), start }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        fn answer(&mut self, in_flight: u32, sent_ms: u64, now_ms: u64) {
            let (sent, answered) = (self.at(sent_ms), self.at(now_ms));
            let (step, http_session) = ("list_products", SessionId(0));
            let end = CallEnd::Answered { step, http_session, sent, answered };
            self.seats.give_back(in_flight, end, answered);
        }
    }

    #[test]
    fn the_last_seat_is_given_and_none_after_it_until_one_comes_back() {
        let mut rig = Rig::new(InFlight::Fixed(2));
        assert_eq!((rig.seats.take(rig.start), rig.seats.take(rig.start)), (1, 2));
        assert!(!rig.seats.is_free());
        rig.seats.give_back(2, CallEnd::Other, rig.at(5));
        assert!(rig.seats.is_free());
    }

    #[test]
    fn without_a_bound_there_is_always_a_seat_and_calls_are_counted_all_the_same() {
        let mut rig = Rig::new(InFlight::Off);
        for n in 1..=1_000 {
            assert!(rig.seats.is_free());
            assert_eq!(rig.seats.take(rig.start), n);
        }
        let taken = rig.seats.taken(rig.start);
        assert_eq!((taken.bound, taken.in_flight), (None, 1_000));
    }

    /// The bound after 2 answers of 100 ms, while somebody waited as `wait` says.
    fn bound_after(wait: impl Fn(&mut Rig)) -> u32 {
        let mut rig = Rig::new(InFlight::Automatic);
        rig.seats.take(rig.start);
        rig.seats.take(rig.start);
        wait(&mut rig);
        rig.answer(1, 0, 99);
        rig.answer(2, 0, 100);
        rig.seats.taken(rig.at(100)).bound.unwrap()
    }

    #[test]
    fn waiting_for_a_token_is_not_waiting_for_a_seat() {
        let for_a_token_until = |ms: u64| {
            bound_after(|rig| {
                let (token_at, now) = (rig.at(ms), rig.start);
                rig.seats.wait(Some(Some(token_at)), now);
            })
        };
        assert_eq!(for_a_token_until(0), 4, "all the time held back by the bound");
        assert_eq!(for_a_token_until(88), 4, "12 % of it");
        assert_eq!(for_a_token_until(92), 2, "8 % of it");
        assert_eq!(bound_after(|_| {}), 2, "nobody waits");
    }

    #[test]
    fn what_was_waited_before_the_gate_closed_counts_no_more() {
        let closed = bound_after(|rig| {
            rig.seats.wait(Some(None), rig.start);
            let at = rig.at(80);
            rig.seats.close(at);
        });
        assert_eq!(closed, 2);
    }
}
