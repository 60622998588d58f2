//! Whole runs that go well: warm-up, accounting, pacing, offers, events, and operators' commands.

mod commands;

use std::collections::BTreeSet;
use std::time::Duration;

use actors::domain::cycle::{Cycle, CycleRecord};
use actors::domain::flow::FlowStatus;
use actors::domain::offer::is_held_out;
use actors::ports::store::RunState;
use chrono::TimeDelta;

use crate::support::flows::start;
use crate::support::population::always_shopping;
use crate::support::run::run_of;
use crate::support::scripted_shop::{Act, Ask};

/// Milliseconds from the first tick to each.
fn ticks_ms(cycles: &[CycleRecord]) -> Vec<i64> {
    cycles.iter().map(|c| (c.started_at - cycles[0].started_at).num_milliseconds()).collect()
}

#[actix::test]
async fn the_warm_up_releases_37_93_186_279_and_372_and_every_agent_is_accounted_for() {
    let run = run_of(372).warm_up().cycles(10).finish().await;
    assert_eq!(run.state, RunState::Completed);
    let cycles = run.store.cycles();
    let released: Vec<u32> = cycles.iter().map(|c| c.counts.released).collect();
    assert_eq!(released, [37, 37, 93, 93, 186, 186, 279, 279, 372, 372]);
    for (cycle, n) in cycles.iter().zip(0..) {
        assert_eq!((cycle.cycle, cycle.broken), (Cycle(n), false));
        assert_eq!(cycle.simulated_at, start() + TimeDelta::hours(n.into()));
        let counts = cycle.counts;
        let parts = counts.shopped + counts.browsed + counts.idle + counts.failed;
        assert_eq!(parts + counts.skipped(), counts.released, "{counts:?}");
        assert_eq!((counts.failed, counts.unfinished), (0, 0));
        assert_eq!(counts.shopped, counts.completed + counts.abandoned);
        assert_eq!(cycle.lateness_ms, 0);
    }
    let totals = run.status.totals;
    assert_eq!((totals.cycles_completed, totals.broken_cycles), (10, 0));
    assert!(totals.counts.shopped > 0 && totals.counts.browsed > 0 && totals.counts.idle > 0);
}

#[actix::test]
async fn the_summary_counts_what_was_written() {
    let run = run_of(372).cycles(4).finish().await;
    let totals = run.status.totals;
    run.store.read(|written| {
        let of = |status| written.flows.iter().filter(|f| f.status == status).count() as u32;
        assert_eq!(of(FlowStatus::Completed), totals.counts.completed);
        assert_eq!(of(FlowStatus::Abandoned), totals.counts.abandoned);
        assert_eq!(of(FlowStatus::Browsed), totals.counts.browsed);
        let events: usize = written.flows.iter().map(|f| f.events.len()).sum();
        assert_eq!(events as u64, totals.volume.events);
        let orders: Vec<_> = written.flows.iter().filter_map(|f| f.order.as_ref()).collect();
        assert_eq!(orders.len() as u64, totals.volume.orders);
        let cents: i64 = orders.iter().map(|order| order.final_total.cents.0).sum();
        assert_eq!(cents, totals.volume.revenue_cents);
        let flows: BTreeSet<_> = written.flows.iter().map(|f| f.key.flow_id).collect();
        assert_eq!(flows.len(), written.flows.len(), "a flow ended twice");
    });
    assert_eq!(run.status.traffic.requests_sent as usize, run.shop.calls());
}

#[actix::test]
async fn at_time_scale_48_each_cycle_begins_75_s_after_the_one_before() {
    let slow = |_: &Ask| Act::After(Duration::from_millis(20));
    let run = run_of(372).time_scale(48.0).cycles(12).shop(slow).finish().await;
    let cycles = run.store.cycles();
    for (at, n) in ticks_ms(&cycles).into_iter().zip(0..) {
        // Never early; tokio's timers end on whole milliseconds.
        assert!((75_000 * n..=75_000 * n + 1).contains(&at), "tick {n} at {at} ms");
    }
    assert!(cycles.iter().all(|c| c.lateness_ms <= 1));
    assert_eq!(run.status.attempt.simulated_at, start() + TimeDelta::hours(12));
}

#[actix::test]
async fn after_an_overlong_cycle_the_next_begins_at_once_and_no_hour_is_skipped() {
    let script = |ask: &Ask| match (ask.cycle, ask.call) {
        (1, _) if ask.in_flow => Act::After(Duration::from_secs(50)),
        _ => Act::Answer,
    };
    let setup = run_of(40).behavior(always_shopping()).time_scale(48.0).cycles(5);
    let run = setup.shop(script).finish().await;
    let cycles = run.store.cycles();
    let ticks = ticks_ms(&cycles);
    let gaps: Vec<i64> = ticks.windows(2).map(|pair| (pair[1] - pair[0]) / 10).collect();
    // 75 s, then the overlong cycle of so many calls of 50 s, then no burst.
    let long_ms = ticks[2] - ticks[1];
    assert!(long_ms >= 100_000 && long_ms % 50_000 < 100, "{ticks:?}");
    assert_eq!([gaps[0], gaps[2], gaps[3]], [7_500; 3], "{ticks:?}");
    let late_ms = long_ms - 75_000;
    for (cycle, expected) in cycles.iter().zip([0, 0, late_ms, late_ms, late_ms]) {
        assert!(
            (expected - 12..=expected + 12).contains(&cycle.lateness_ms),
            "{}",
            cycle.lateness_ms
        );
    }
    let numbers: Vec<u32> = cycles.iter().map(|c| c.cycle.0).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
}

#[actix::test]
async fn as_fast_as_work_allows_nothing_is_ever_late() {
    let slow = |_: &Ask| Act::After(Duration::from_secs(3));
    let run = run_of(60).cycles(6).shop(slow).finish().await;
    assert!(run.store.cycles().iter().all(|c| c.lateness_ms == 0));
    assert!(run.took >= Duration::from_secs(6 * 3), "{:?}", run.took);
}

#[actix::test]
async fn a_run_of_so_many_real_hours_ends_then() {
    let mut setup = run_of(37).time_scale(48.0);
    setup.plan.ends.real_time = Some(Duration::from_secs(10 * 75 + 10));
    let run = setup.finish().await;
    assert_eq!(run.state, RunState::Completed);
    assert_eq!(run.store.cycles().len(), 11);
    // Not the 825 s of the next tick.
    assert_eq!(run.took.as_secs(), 760);
}

#[actix::test]
async fn events_of_a_flow_rise_and_stay_inside_their_hour() {
    let run = run_of(372).behavior(always_shopping()).cycles(3).finish().await;
    run.store.read(|written| {
        assert_eq!(written.flows.len(), 3 * 372);
        for flow in &written.flows {
            let hour = flow.key.cycle.begins_at(start());
            let mut last = flow.key.simulated_at;
            assert!(last >= hour);
            for (event, n) in flow.events.iter().zip(0..) {
                assert!(event.simulated_at > last || n == 0 && event.simulated_at >= last);
                last = event.simulated_at;
            }
            assert!(last < hour + TimeDelta::hours(1), "{last}");
            assert_eq!(flow.simulated_end, last);
        }
    });
}

#[actix::test]
async fn offers_go_to_all_but_those_held_out_at_the_start() {
    let run = run_of(372).cycles(2).finish().await;
    let totals = run.status.totals;
    run.store.read(|written| {
        let batch = &written.batches[0];
        assert_eq!((batch.cycle, batch.due_agents + batch.held_out), (Cycle(0), 372));
        let agents: BTreeSet<_> = batch.assignments.iter().map(|a| a.agent_id.clone()).collect();
        assert_eq!(agents.len() as u32, batch.due_agents);
        assert!((316..=353).contains(&agents.len()), "{} of 372", agents.len());
        let policy = Default::default();
        assert!(agents.iter().all(|agent| !is_held_out(agent, &policy)));
        let assigned: usize = written.batches.iter().map(|b| b.assignments.len()).sum();
        assert_eq!(assigned as u64, totals.offers_assigned);
    });
}
