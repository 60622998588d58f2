//! What the ledger says of sums and rows that do not fit.

use chrono::{NaiveDateTime, TimeDelta};
use domain::cycle::{Cycle, ReplayNumber};
use domain::ids::{OwnerToken, RunId};
use ports::store::RunState;
use questions::ledger::checks::Finding;
use questions::ledger::seals::Extent;
use questions::ledger::{AttemptRow, EventCount, FlowCount, OrderCount};
use questions::orders::OrderCounts;
use questions::runs::KnownRun;
use serde_json::json;
use uuid::Uuid;

use super::*;

fn attempt(cycle: i32, replay: i32, broken: bool) -> AttemptRow {
    AttemptRow {
        cycle,
        replay,
        broken,
        simulated_at: Cycle(cycle.unsigned_abs()).begins_at(NaiveDateTime::default()),
        released: 10,
        shopped: 5,
        completed: 3,
        abandoned: 2,
        browsed: 1,
        idle: 4,
        failed: 0,
        failed_unrecorded: 0,
        skipped_session_down: 0,
        skipped_quarantined: 0,
        unfinished: 0,
        events: 20,
        orders: 3,
        revenue_cents: 900,
    }
}

fn ledger(attempts: Vec<AttemptRow>) -> Ledger {
    let run = KnownRun {
        run_id: RunId(Uuid::nil()),
        owner: OwnerToken(Uuid::nil()),
        state: RunState::Stopped,
        resumes: ReplayNumber(1),
        agents: 10,
        simulated_start: NaiveDateTime::default(),
        started_at: NaiveDateTime::default(),
        heartbeat_at: NaiveDateTime::default(),
        ended_at: None,
        settings: json!({}),
    };
    let keys: Vec<(i32, i32)> = attempts.iter().map(|a| (a.cycle, a.replay)).collect();
    let flows = keys.iter().flat_map(|(cycle, replay)| {
        [("completed", 3), ("abandoned", 2), ("browsed", 1)].map(|(status, flows)| FlowCount {
            cycle: *cycle,
            replay: *replay,
            status: status.to_owned(),
            flows,
        })
    });
    let events = keys.iter().map(|(cycle, replay)| {
        let begin = Cycle(cycle.unsigned_abs()).begins_at(NaiveDateTime::default());
        let last_at = begin + TimeDelta::minutes(59);
        EventCount { cycle: *cycle, replay: *replay, events: 20, first_at: begin, last_at }
    });
    let orders = keys.iter().map(|(cycle, replay)| OrderCount {
        cycle: *cycle,
        replay: *replay,
        orders: 3,
        revenue_cents: 900,
    });
    let (flows, events, orders) = (flows.collect(), events.collect(), orders.collect());
    let (findings, holders) = (Vec::new(), Vec::new());
    let counts = OrderCounts::default();
    let sealed = Extent::default();
    Ledger { run, attempts, flows, events, orders, counts, findings, sealed, holders }
}

fn checks(ledger: &Ledger) -> Vec<&'static str> {
    Audit::of(ledger, false).problems.into_iter().map(|p| p.check).collect()
}

fn rows<'a>(ledger: &'a mut Ledger, status: &str) -> &'a mut i64 {
    &mut ledger.flows.iter_mut().find(|f| f.status == status).unwrap().flows
}

#[test]
fn a_whole_run_is_clean_and_its_replayed_cycles_are_listed() {
    let attempts =
        vec![attempt(0, 0, false), attempt(1, 0, true), attempt(1, 1, false), attempt(2, 0, false)];
    let audit = Audit::of(&ledger(attempts), false);
    assert!(audit.clean, "{:?}", audit.problems);
    assert_eq!((audit.hours_claimed, audit.hours_lived), (3, 3));
    assert_eq!((audit.attempts, audit.attempts_broken), (4, 1));
    let again = Replayed { cycle: 1, attempts: vec![0, 1], canonical: Some(1) };
    assert_eq!(audit.replayed, [again]);
    let text = report::text(&audit);
    assert!(text.contains("cycle 1 (attempts 0, 1)") && text.contains("clean"), "{text}");
}

#[test]
fn an_agent_that_is_not_accounted_for_is_found() {
    for spoil in [
        (|a: &mut AttemptRow| a.released = 11) as fn(&mut AttemptRow),
        |a| a.idle = 3,
        |a| (a.completed, a.abandoned) = (3, 1),
        |a| (a.released, a.unfinished) = (11, 1),
        |a| (a.released, a.skipped_quarantined, a.skipped_session_down) = (10, 1, 1),
    ] {
        let mut wrong = attempt(0, 0, false);
        spoil(&mut wrong);
        assert!(checks(&ledger(vec![wrong.clone()])).contains(&"released"), "{wrong:?}");
    }
}

#[test]
fn rows_must_be_as_many_as_claimed() {
    for (status, rows_there) in [("completed", 2), ("abandoned", 3), ("browsed", 0)] {
        let mut books = ledger(vec![attempt(0, 0, false)]);
        *rows(&mut books, status) = rows_there;
        assert_eq!(checks(&books), ["rows"], "{status}");
    }
}

#[test]
fn a_flow_that_could_not_be_recorded_may_have_left_a_row_and_no_more_than_one() {
    let mut unrecorded = attempt(0, 0, false);
    (unrecorded.released, unrecorded.failed, unrecorded.failed_unrecorded) = (11, 1, 1);
    let mut books = ledger(vec![unrecorded]);
    assert_eq!(checks(&books), Vec::<&str>::new());
    *rows(&mut books, "abandoned") += 1;
    assert_eq!(checks(&books), Vec::<&str>::new());
    *rows(&mut books, "abandoned") += 1;
    assert_eq!(checks(&books), ["rows"]);
}

#[test]
fn a_broken_attempt_may_have_rows_of_flows_that_a_stop_cut() {
    let mut cut = attempt(0, 0, true);
    (cut.released, cut.unfinished) = (12, 2);
    let mut books = ledger(vec![cut]);
    *rows(&mut books, "abandoned") += 2;
    assert_eq!(checks(&books), Vec::<&str>::new());
    *rows(&mut books, "completed") -= 1;
    assert_eq!(checks(&books), ["rows"]);
}

#[test]
fn a_skipped_hour_is_named() {
    let attempts = vec![
        attempt(0, 0, false),
        attempt(2, 0, true),
        attempt(3, 0, false),
        attempt(4, 0, false),
        attempt(6, 0, false),
    ];
    let audit = Audit::of(&ledger(attempts), false);
    assert_eq!((audit.hours_claimed, audit.hours_lived), (4, 7));
    assert_eq!(audit.problems.len(), 1);
    assert!(audit.problems[0].message.contains("cycles 1-2, 5"), "{:?}", audit.problems);
}

#[test]
fn events_outside_their_hour_and_volumes_that_differ_are_found() {
    let mut books = ledger(vec![attempt(1, 0, false), attempt(0, 0, false)]);
    books.events[0].last_at += TimeDelta::minutes(1);
    assert_eq!(checks(&books), ["event_hour"]);
    books.events[0].last_at -= TimeDelta::hours(2);
    books.events[0].first_at -= TimeDelta::seconds(1);
    assert_eq!(checks(&books), ["event_hour"]);
    let mut books = ledger(vec![attempt(0, 0, false)]);
    (books.events[0].events, books.orders[0].revenue_cents) = (19, 901);
    assert_eq!(checks(&books), ["volume", "volume"]);
}

#[test]
fn what_is_open_is_wrong_only_where_no_process_lives() {
    let mut books = ledger(vec![attempt(0, 0, false)]);
    let (cycle, replay, flows) = (1, 0, 3);
    books.flows.push(FlowCount { cycle, replay, status: "active".to_owned(), flows });
    assert_eq!(checks(&books), ["active", "unclosed"]);
    assert!(Audit::of(&books, true).clean);
}

#[test]
fn a_wrong_simulated_time_and_an_unknown_replay_are_found() {
    let mut books = ledger(vec![attempt(0, 0, false), attempt(0, 2, false)]);
    assert_eq!(checks(&books), ["replay_number"]);
    books.attempts.pop();
    books.attempts[0].simulated_at += TimeDelta::hours(1);
    assert!(checks(&books).contains(&"simulated_at"));
}

#[test]
fn wrong_rows_are_counted_beyond_those_that_are_shown() {
    let mut books = ledger(vec![attempt(0, 0, false)]);
    let found = |n: i64| Finding {
        cycle: 3,
        replay: 1,
        subject: format!("agent_{n}"),
        found: "2 rows".to_owned(),
        total: 25,
    };
    books.findings = vec![
        ("event_gap", "events with a gap", Vec::new()),
        ("duplicate_flow", "more than one row", (0..20).map(found).collect()),
    ];
    let audit = Audit::of(&books, false);
    assert_eq!((audit.problems.len(), audit.problems_total, audit.clean), (20, 25, false));
    let text = report::text(&audit);
    assert!(text.contains("25 problems") && text.contains("and 5 more"), "{text}");
    assert!(text.contains("agent_7   more than one row: 2 rows"), "{text}");
}
