//! What operators say to a run that goes well: pause, resume, checkpoint, quit.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actors::coordinator::command::{Command, CommandRefused, Done, Quit};
use actors::domain::cycle::Cycle;
use actors::domain::flow::{EndReason, FlowStatus, ShopCart};
use actors::domain::in_flight::InFlight;
use actors::domain::incident::{Incident, IncidentKind};
use actors::domain::rate::Rate;
use actors::domain::snapshot::SavedState;
use actors::domain::time_scale::TimeScale;
use actors::ports::store::{RunState, RunStore};
use serde_json::json;

use crate::support::flows::wall;
use crate::support::population::always_shopping;
use crate::support::run::{Live, run_of};
use crate::support::scripted_shop::{Act, Ask};

const PAUSE: Duration = Duration::from_secs(1_000);

/// Ten agents whose calls take a second: a cycle of several seconds.
async fn slow_run(cycles: u32) -> Live {
    let script = |ask: &Ask| match ask.in_flow {
        true => Act::After(Duration::from_secs(1)),
        false => Act::Answer,
    };
    let setup = run_of(10).behavior(always_shopping()).time_scale(48.0).cycles(cycles);
    setup.shop(script).start().await
}

async fn wait(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

#[actix::test]
async fn a_pause_parks_the_cycle_and_costs_no_lateness_or_latency() {
    let slow = |ask: &Ask| match ask.in_flow {
        true => Act::After(Duration::from_millis(20)),
        false => Act::Answer,
    };
    let setup = run_of(372).behavior(always_shopping()).time_scale(24.0).rate(50.0).cycles(3);
    let mut run = setup.shop(slow).start().await;
    run.until_cycle(1).await;
    wait(2.0).await;
    run.pause().await.unwrap();
    assert_eq!(run.status().state, RunState::Paused);
    wait(1.0).await;
    let (calls, outstanding) = (run.shop.calls(), run.status().attempt.outstanding);
    wait(PAUSE.as_secs_f64()).await;
    assert_eq!(run.shop.calls(), calls, "a paused run sends nothing");
    assert!(outstanding > 300 && run.status().attempt.outstanding == outstanding);
    run.resume().await.unwrap();
    let run = run.finish().await;
    let cycles = run.store.cycles();
    assert_eq!(cycles.len(), 3);
    for cycle in &cycles {
        assert_eq!((cycle.broken, cycle.counts.shopped), (false, 372));
        assert!(cycle.lateness_ms <= 1, "{}", cycle.lateness_ms);
        let (queued, felt) = (cycle.latency.queued.p99, cycle.latency.felt.p99);
        // 372 permits at 50/s wait 7.5 s, never the 1,000 s of the pause.
        assert!(queued < 10_000.0 && felt < 10_000.0, "{queued} {felt}");
    }
    let gap = cycles[2].started_at - cycles[1].started_at;
    assert_eq!(gap.num_seconds(), 150 + 1 + PAUSE.as_secs() as i64);
    assert_eq!(run.store.incidents(IncidentKind::Pause).len(), 1);
    assert_eq!(run.store.incidents(IncidentKind::Resume).len(), 1);
}

#[actix::test]
async fn a_pause_between_two_cycles_shifts_the_next_tick() {
    let mut run = slow_run(3).await;
    run.until(|s| s.attempt.last.as_ref().is_some_and(|c| c.cycle == Cycle(0))).await;
    run.pause().await.unwrap();
    wait(PAUSE.as_secs_f64()).await;
    assert_eq!(run.status().totals.cycles_completed, 1);
    run.resume().await.unwrap();
    let run = run.finish().await;
    let cycles = run.store.cycles();
    let gap = cycles[1].started_at - cycles[0].started_at;
    assert_eq!(gap.num_seconds(), 75 + PAUSE.as_secs() as i64);
    assert!(cycles.iter().all(|c| c.lateness_ms <= 1 && !c.broken));
}

#[actix::test]
async fn a_command_that_makes_no_sense_is_refused_with_the_state() {
    let run = slow_run(3).await;
    let state = |refused: Result<Done, CommandRefused>| match refused {
        Err(CommandRefused::WrongState { state, .. }) => state,
        other => panic!("{other:?}"),
    };
    assert_eq!(state(run.resume().await), "running");
    run.pause().await.unwrap();
    assert_eq!(state(run.pause().await), "paused");
}

#[actix::test]
async fn a_checkpoint_asked_for_while_running_waits_for_the_boundary() {
    let mut run = slow_run(3).await;
    run.until_cycle(1).await;
    wait(1.5).await;
    assert_eq!(run.files.all().len(), 1);
    run.checkpoint().await.unwrap();
    let (files, status) = (run.files.all(), run.status());
    assert_eq!(files.len(), 2);
    assert_eq!((files[1].boundary, &files[1].state), (Cycle(2), &SavedState::Running));
    assert_eq!(files[1].totals.cycles_completed, 2);
    assert_eq!(status.totals.checkpoints, 2);
}

#[actix::test]
async fn a_checkpoint_asked_for_while_paused_is_written_at_once() {
    let mut run = slow_run(3).await;
    run.until_cycle(1).await;
    wait(1.5).await;
    run.pause().await.unwrap();
    let before = run.passed();
    run.checkpoint().await.unwrap();
    assert_eq!(run.passed(), before);
    let saved = run.files.last();
    assert_eq!((saved.boundary, &saved.state), (Cycle(1), &SavedState::Paused));
    assert_eq!(saved.totals.cycles_completed, 1);
}

#[actix::test]
async fn checkpoints_are_written_at_the_start_every_ten_cycles_and_at_the_end() {
    let run = run_of(20).cycles(25).finish().await;
    let files = run.files.all();
    let boundaries: Vec<u32> = files.iter().map(|s| s.boundary.0).collect();
    assert_eq!(boundaries, [0, 10, 20, 25]);
    for snapshot in &files {
        assert_eq!(snapshot.totals.cycles_completed, snapshot.boundary.0);
        let is_end = snapshot.boundary == Cycle(25);
        assert_eq!(snapshot.state == SavedState::Ended, is_end, "{:?}", snapshot.state);
    }
}

#[actix::test]
async fn a_run_that_ends_on_a_tenth_cycle_says_so_in_its_last_checkpoint() {
    let run = run_of(20).cycles(10).finish().await;
    assert_eq!(run.files.last().boundary, Cycle(10));
    assert_eq!(run.files.last().state, SavedState::Ended);
}

#[actix::test]
async fn quit_after_the_cycle_finishes_it() {
    let mut run = slow_run(9).await;
    run.until_cycle(2).await;
    wait(1.5).await;
    run.quit(Quit::AfterCycle).await.unwrap();
    let run = run.finish().await;
    assert_eq!(run.state, RunState::Stopped);
    let cycles = run.store.cycles();
    assert_eq!(cycles.len(), 3);
    assert!(cycles.iter().all(|c| !c.broken && c.counts.shopped == 10));
    assert_eq!(
        (run.files.last().boundary, &run.files.last().state),
        (Cycle(3), &SavedState::Ended)
    );
    assert!(run.took < Duration::from_secs(2 * 75 + 40), "{:?}", run.took);
}

#[actix::test]
async fn quit_between_two_cycles_ends_at_once() {
    let mut run = slow_run(9).await;
    run.until(|s| s.attempt.last.is_some()).await;
    wait(30.0).await;
    let before = run.passed();
    run.quit(Quit::AfterCycle).await.unwrap();
    let run = run.finish().await;
    assert_eq!((run.state, run.took), (RunState::Stopped, before));
}

#[actix::test]
async fn quit_now_stops_flows_and_breaks_the_cycle() {
    let mut run = slow_run(9).await;
    run.until_cycle(1).await;
    wait(1.5).await;
    let (before, calls) = (run.passed(), run.shop.calls());
    run.quit(Quit::Now).await.unwrap();
    let run = run.finish().await;
    assert_eq!(run.state, RunState::Stopped);
    assert!(run.took - before < Duration::from_secs(2), "calls in flight take a second");
    assert_eq!(run.shop.calls(), calls, "no permit is given");
    let last = run.store.cycles().pop().unwrap();
    assert_eq!((last.cycle, last.broken), (Cycle(1), true));
    assert_eq!(last.counts.accounted(), 10, "{:?}", last.counts);
    assert_eq!(run.files.last().boundary, Cycle(1));
    run.store.read(|written| {
        let of_cycle = written.flows.iter().filter(|f| f.key.cycle == Cycle(1));
        let ends: Vec<EndReason> = of_cycle.map(|f| f.end_reason).collect();
        assert!(ends.contains(&EndReason::Stopped), "{ends:?}");
        // A flow whose last call was in flight needs no further permit.
        let may_end = [EndReason::Stopped, EndReason::CartEmpty];
        assert!(ends.iter().all(|end| may_end.contains(end)), "{ends:?}");
    });
}

#[actix::test]
async fn quit_now_waits_ten_seconds_for_calls_and_no_longer() {
    let script = |ask: &Ask| match (ask.in_flow, ask.cycle) {
        (true, 1) => Act::After(Duration::from_secs(3_000)),
        _ => Act::Answer,
    };
    let setup = run_of(10).behavior(always_shopping()).time_scale(48.0).cycles(9);
    let mut run = setup.shop(script).start().await;
    run.until_cycle(1).await;
    wait(1.0).await;
    let before = run.passed();
    run.quit(Quit::Now).await.unwrap();
    let run = run.finish().await;
    assert_eq!((run.took - before).as_secs(), 10);
    let last = run.store.cycles().pop().unwrap();
    assert_eq!((last.broken, last.counts.abandoned), (true, 10));
    assert_eq!(run.files.last().boundary, Cycle(1));
    run.store.read(|written| {
        let flows = written.flows.iter().filter(|f| f.key.cycle == Cycle(1));
        let ends: Vec<_> = flows.map(|f| (f.status, f.end_reason)).collect();
        assert_eq!(ends, [(FlowStatus::Abandoned, EndReason::Stopped); 10]);
    });
}

#[actix::test]
async fn a_flow_that_is_cut_keeps_its_events_and_its_full_cart() {
    let script = |ask: &Ask| match ask.call {
        "checkout" => Act::After(Duration::from_secs(3_000)),
        _ => Act::Answer,
    };
    let setup = run_of(20).behavior(always_shopping()).time_scale(48.0).cycles(9);
    let mut run = setup.shop(script).start().await;
    run.until_cycle(0).await;
    wait(1.0).await;
    run.quit(Quit::Now).await.unwrap();
    let run = run.finish().await;
    let counts = run.store.cycles().pop().unwrap().counts;
    assert_eq!((counts.unfinished, counts.accounted()), (0, 20), "{counts:?}");
    run.store.read(|written| {
        let cut: Vec<_> =
            written.flows.iter().filter(|f| f.end_reason == EndReason::Stopped).collect();
        assert!(!cut.is_empty());
        for flow in &cut {
            assert_eq!((flow.status, flow.shop_cart), (FlowStatus::Abandoned, ShopCart::Dirty));
            assert!(flow.events.len() > 2 && flow.cart_units > 0 && flow.order.is_none());
        }
        assert_eq!(written.opened.len(), written.flows.iter().filter(|f| f.opened).count());
    });
    assert_eq!(run.store.incidents(IncidentKind::Restart).len(), 0, "nobody crashed");
}

#[actix::test]
async fn a_row_that_is_being_opened_when_its_flow_is_cut_is_closed_too() {
    let setup = run_of(20).behavior(always_shopping()).time_scale(48.0).cycles(9);
    let mut run = setup.start().await;
    run.until(|s| s.attempt.last.is_some()).await;
    run.store.flow_writes_take_ms.store(12_000, Ordering::SeqCst);
    run.until_cycle(1).await;
    let before = run.passed();
    run.quit(Quit::Now).await.unwrap();
    wait(1.0).await;
    // The first attempt is given up at 10 s, when the flow is cut; the second takes 2 s.
    run.store.flow_writes_take_ms.store(2_000, Ordering::SeqCst);
    let run = run.finish().await;
    assert_eq!((run.took - before).as_secs(), 12);
    let counts = run.store.cycles().pop().unwrap().counts;
    assert_eq!((counts.abandoned, counts.unfinished), (20, 0), "{counts:?}");
    let orphans = run.store.abandon_orphans(run.status.run_id, wall(0)).await.unwrap();
    assert_eq!(orphans.abandoned, 0, "rows that were open");
}

#[actix::test]
async fn a_flow_whose_record_is_on_its_way_ends_as_that_record_says() {
    let script = |ask: &Ask| match ask.call {
        "checkout" => Act::After(Duration::from_secs(3)),
        _ => Act::Answer,
    };
    let setup = run_of(20).behavior(always_shopping()).time_scale(48.0).cycles(9);
    let mut run = setup.shop(script).start().await;
    run.until_cycle(0).await;
    wait(1.0).await;
    run.store.flow_writes_take_ms.store(9_000, Ordering::SeqCst);
    let before = run.passed();
    run.quit(Quit::Now).await.unwrap();
    let run = run.finish().await;
    // An order at 2 s is written at 11 s; the time to stop is over at 10 s.
    assert_eq!((run.took - before).as_secs(), 11);
    let counts = run.store.cycles().pop().unwrap().counts;
    assert!(counts.completed > 0);
    assert_eq!((counts.unfinished, counts.accounted()), (0, 20), "{counts:?}");
    run.store.read(|written| {
        let sold = written.flows.iter().filter(|f| f.order.is_some());
        assert!(sold.clone().all(|f| f.status == FlowStatus::Completed));
        let ids: BTreeSet<_> = sold.map(|f| f.key.flow_id).collect();
        assert_eq!(ids.len(), counts.completed as usize);
    });
}

#[actix::test]
async fn quit_while_paused_ends_the_parked_flows_as_stopped() {
    let mut run = slow_run(9).await;
    run.until_cycle(1).await;
    wait(1.5).await;
    run.pause().await.unwrap();
    wait(100.0).await;
    run.quit(Quit::AfterCycle).await.unwrap();
    let run = run.finish().await;
    assert_eq!(run.state, RunState::Stopped);
    let last = run.store.cycles().pop().unwrap();
    assert_eq!((last.cycle, last.broken, last.counts.accounted()), (Cycle(1), true, 10));
}

#[actix::test]
async fn every_command_is_one_incident_with_its_door_whatever_became_of_it() {
    let mut run = slow_run(3).await;
    run.until_cycle(1).await;
    run.pause().await.unwrap();
    run.pause().await.unwrap_err();
    run.revive("agent_001").await.unwrap_err();
    run.resume().await.unwrap();
    run.operate(Command::Rate(Rate::DEFAULT)).await.unwrap();
    run.checkpoint().await.unwrap();
    run.quit(Quit::AfterCycle).await.unwrap();
    let run = run.finish().await;
    let commands: Vec<_> = run.store.read(|written| {
        let incidents = written.incidents.iter().filter(|i| i.detail["door"] == "program");
        let text = |i: &Incident, key: &str| i.detail[key].as_str().unwrap().to_owned();
        incidents.map(|i| (i.kind, text(i, "command"), text(i, "outcome"))).collect()
    });
    let expected = [
        (IncidentKind::Pause, "pause", "done"),
        (IncidentKind::Command, "pause", "refused"),
        (IncidentKind::Command, "revive agent_001", "refused"),
        (IncidentKind::Resume, "resume", "done"),
        (IncidentKind::Command, "rate 50", "done"),
        (IncidentKind::Command, "checkpoint", "done"),
        (IncidentKind::Command, "quit", "done"),
    ];
    let expected = expected.map(|(kind, command, end)| (kind, command.to_owned(), end.to_owned()));
    assert_eq!(commands, expected);
    let pauses = run.store.incidents(IncidentKind::Pause);
    assert_eq!(pauses, ["the run is paused (door: program)"]);
}

#[actix::test]
async fn another_rate_holds_from_the_next_permit_on_and_is_kept_by_the_checkpoint() {
    let setup = run_of(100).behavior(always_shopping()).time_scale(48.0).rate(10.0).cycles(3);
    let mut run = setup.start().await;
    run.until_cycle(1).await;
    wait(5.0).await;
    let (before, begun) = (run.shop.calls(), run.passed());
    let done = run.operate(Command::Rate(Rate::PerSecond(100.0))).await.unwrap();
    assert_eq!(done.message, "the rate limit is 100 requests a second, it was 10");
    assert_eq!(run.status().traffic.rate_limit, Some(100.0));
    wait(2.0).await;
    let sent = run.shop.calls() - before;
    assert!((198..=212).contains(&sent), "{sent} in {:?}", run.passed() - begun);
    run.operate(Command::Rate(Rate::Unlimited)).await.unwrap();
    assert_eq!(run.status().traffic.rate_limit, None);
    run.checkpoint().await.unwrap();
    assert_eq!(run.files.last().settings, json!({ "rate": { "per_second": "unlimited" } }));
}

#[actix::test]
async fn a_fixed_rate_takes_the_bound_away_and_another_rate_does_not_bring_it_back() {
    let mut run = run_of(50).behavior(always_shopping()).rate(10.0).cycles(9).start().await;
    run.until_cycle(1).await;
    assert!(run.status().traffic.calls_in_flight_max.is_some());
    let done = run.operate(Command::FixedRate(Rate::PerSecond(20.0))).await.unwrap();
    let said = "the rate limit is 20 requests a second, it was 10; \
                the bound on calls in flight is off, it was auto";
    assert_eq!(done.message, said);
    wait(2.0).await;
    assert_eq!(run.status().traffic.calls_in_flight_max, None);
    run.operate(Command::Rate(Rate::PerSecond(30.0))).await.unwrap();
    wait(2.0).await;
    assert_eq!(run.status().traffic.calls_in_flight_max, None);
    run.checkpoint().await.unwrap();
    let kept = json!({ "rate": { "per_second": 30.0, "in_flight": "off" } });
    assert_eq!(run.files.last().settings, kept);
    let done = run.operate(Command::InFlight(InFlight::Fixed(3))).await.unwrap();
    assert_eq!(done.message, "the bound on calls in flight is 3, it was off");
    wait(2.0).await;
    assert_eq!(run.status().traffic.calls_in_flight_max, Some(3));
}

#[actix::test]
async fn another_time_scale_moves_the_tick_that_is_waited_for() {
    let mut run = slow_run(4).await;
    run.until(|s| s.attempt.last.is_some()).await;
    let begun = run.passed();
    run.operate(Command::TimeScale(TimeScale::Ratio(36.0))).await.unwrap();
    run.until_cycle(1).await;
    assert_eq!(run.passed().as_secs(), 100, "one new interval after the tick of cycle 0");
    run.until(|s| s.attempt.last.as_ref().is_some_and(|c| c.cycle == Cycle(1))).await;
    assert!(run.passed() - begun < Duration::from_secs(120));
    let before = run.passed();
    run.operate(Command::TimeScale(TimeScale::Max)).await.unwrap();
    assert_eq!((run.status().attempt.cycle, run.passed()), (Cycle(2), before), "at once");
    let run = run.finish().await;
    let cycles = run.store.cycles();
    assert!(cycles.iter().all(|c| c.lateness_ms <= 1), "{cycles:?}");
    assert_eq!(run.files.last().settings, json!({ "time": { "scale": "max" } }));
}

#[actix::test]
async fn another_time_scale_while_paused_sends_no_tick() {
    let mut run = slow_run(3).await;
    run.until(|s| s.attempt.last.is_some()).await;
    run.pause().await.unwrap();
    run.operate(Command::TimeScale(TimeScale::Max)).await.unwrap();
    wait(PAUSE.as_secs_f64()).await;
    assert_eq!(run.status().attempt.cycle, Cycle(1));
    assert_eq!(run.status().attempt.outstanding, 0);
    run.resume().await.unwrap();
    assert_eq!(run.status().attempt.outstanding, 10);
}
