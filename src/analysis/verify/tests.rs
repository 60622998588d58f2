//! What the ledger says of sums and rows that do not fit.

use chrono::{NaiveDateTime, TimeDelta};
use domain::cycle::{Cycle, ReplayNumber};
use domain::ids::{AgentId, OwnerToken, RunId};
use ports::store::RunState;
use questions::ledger::checks::Finding;
use questions::ledger::members::MemberRow;
use questions::ledger::refreshes::RefreshRow;
use questions::ledger::seals::Extent;
use questions::ledger::{AttemptRow, ChangeRow, EventCount, FlowCount, OrderCount};
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
        recorded_at: NaiveDateTime::default(),
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
        requests: 42,
        retries: 1,
        attempts: 9,
        refusals: 2,
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
        ended_at: Some(NaiveDateTime::default()),
        settings: json!({}),
    };
    let keys: Vec<(i32, i32)> = attempts.iter().map(|a| (a.cycle, a.replay)).collect();
    let flows = keys.iter().flat_map(|(cycle, replay)| {
        let first_at = Cycle(cycle.unsigned_abs()).begins_at(NaiveDateTime::default());
        [("completed", 3), ("abandoned", 2), ("browsed", 1)].map(|(status, flows)| FlowCount {
            cycle: *cycle,
            replay: *replay,
            status: status.to_owned(),
            flows,
            calls: 14,
            resumes_from: *replay,
            resumes_to: *replay,
            first_at,
            last_at: first_at + TimeDelta::minutes(59),
        })
    });
    let events = keys.iter().map(|(cycle, replay)| {
        let begin = Cycle(cycle.unsigned_abs()).begins_at(NaiveDateTime::default());
        let last_at = begin + TimeDelta::minutes(59);
        let (cycle, replay) = (*cycle, *replay);
        let (events, attempts, refusals) = (20, 9, 2);
        EventCount { cycle, replay, events, attempts, refusals, first_at: begin, last_at }
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
    let (members, refreshes, changes) = (Vec::new(), Vec::new(), Vec::new());
    Ledger {
        run,
        attempts,
        flows,
        events,
        orders,
        counts,
        findings,
        sealed: Extent::default(),
        holders,
        members,
        refreshes,
        changes,
    }
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
    let first_at = Cycle(1).begins_at(NaiveDateTime::default());
    books.flows.push(FlowCount {
        cycle,
        replay,
        status: "active".to_owned(),
        flows,
        calls: 0,
        resumes_from: 1,
        resumes_to: 1,
        first_at,
        last_at: first_at,
    });
    assert_eq!(checks(&books), ["active", "unclosed"]);
    (books.run.state, books.run.ended_at) = (RunState::Running, None);
    assert!(Audit::of(&books, true).clean);
}

#[test]
fn a_wrong_simulated_time_and_an_unknown_replay_are_found() {
    let mut books = ledger(vec![attempt(0, 0, false), attempt(0, 2, false)]);
    assert_eq!(checks(&books), ["replay_number", "resumes", "resumes", "resumes"]);
    books.flows.retain(|flow| flow.replay == 0);
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

#[test]
fn calls_attempts_and_refusals_that_differ_are_found_and_calls_asked_once_a_run_are_not() {
    for (spoil, found) in [
        ((|a: &mut AttemptRow| a.attempts = 10) as fn(&mut AttemptRow), true),
        (|a| a.refusals = 1, true),
        (|a| a.requests = 41, true),
        (|a| a.retries = 43, true),
        (|a| a.requests = 79, false),
        (|a| (a.attempts, a.failed, a.released) = (10, 1, 11), false),
        (|a| (a.attempts, a.broken) = (10, true), false),
    ] {
        let mut attempt = attempt(0, 0, false);
        spoil(&mut attempt);
        let volume = checks(&ledger(vec![attempt.clone()])).contains(&"volume");
        assert_eq!(volume, found, "{attempt:?}");
    }
}

#[test]
fn a_run_that_ended_has_an_end_and_one_that_goes_on_has_none() {
    let of = |state, ended_at: Option<NaiveDateTime>| {
        let mut books = ledger(vec![attempt(0, 0, false)]);
        (books.run.state, books.run.ended_at) = (state, ended_at);
        checks(&books)
    };
    let at = NaiveDateTime::default();
    for state in [RunState::Stopped, RunState::Completed] {
        assert_eq!((of(state, None), of(state, Some(at))), (vec!["run_end"], vec![]));
    }
    for state in [RunState::Running, RunState::Paused, RunState::Frozen] {
        assert_eq!((of(state, None), of(state, Some(at))), (vec![], vec!["run_end"]));
    }
}

#[test]
fn an_end_before_the_begin_is_wrong_but_where_the_clock_was_set_back() {
    let mut books = ledger(vec![attempt(0, 0, false)]);
    books.run.ended_at = Some(NaiveDateTime::default() - TimeDelta::hours(1));
    assert_eq!(checks(&books), ["run_end"]);
    books.attempts[0].recorded_at -= TimeDelta::minutes(61);
    assert!(checks(&books).is_empty());
}

#[test]
fn rows_know_how_often_the_run_had_been_resumed() {
    for (replay, resumes, found) in [
        (0, (0, 0), false),
        (0, (1, 1), false),
        (0, (0, 1), true),
        (0, (2, 2), true),
        (1, (1, 1), false),
        (1, (0, 0), true),
    ] {
        let mut books = ledger(vec![attempt(0, replay, false)]);
        (books.flows[0].resumes_from, books.flows[0].resumes_to) = resumes;
        assert_eq!(checks(&books) == ["resumes"], found, "{replay} {resumes:?}");
    }
}

#[test]
fn attempts_before_the_first_resume_release_as_many_as_the_warm_up_says() {
    let settings = json!({ "warm_up":
        { "enabled": true, "cycles_per_step": 1, "steps_percent": [50] } });
    let of = |agents, resumed_from: i32| {
        let mut books = ledger(vec![attempt(0, 0, false), attempt(1, 0, false)]);
        (books.run.settings, books.run.agents) = (settings.clone(), agents);
        books.run.resumes = ReplayNumber(u32::from(resumed_from < 2));
        for flow in books.flows.iter_mut().filter(|flow| flow.cycle >= resumed_from) {
            (flow.resumes_from, flow.resumes_to) = (1, 1);
        }
        checks(&books)
    };
    assert_eq!(of(20, 1), Vec::<&str>::new(), "10 of 20, and whoever was there afterwards");
    assert_eq!(of(20, 2), ["warm_up"], "10 of 20 in the second cycle");
    assert_eq!(of(10, 2), ["warm_up"], "10 of 10 in the first");
    assert_eq!(of(10, 0), Vec::<&str>::new());
}

#[test]
fn a_cohort_is_what_the_hash_gives_or_the_operator_fixed() {
    let arms = json!([{ "name": "a", "share": 0.5 }, { "name": "b", "share": 0.5 }]);
    let arm = |agent: &str| {
        let place = domain::experiment::drawn("x", [0.5, 0.5], &AgentId::new(agent));
        ["a", "b"][place].to_owned()
    };
    let other = |agent: &str| if arm(agent) == "a" { "b" } else { "a" }.to_owned();
    let member = |agent_id: &str, cohort: Option<String>| MemberRow {
        cycle: 0,
        replay: 0,
        agent_id: agent_id.to_owned(),
        cohort,
        is_known: true,
        is_there: true,
        is_replaced: false,
        fixed: None,
    };
    let of = |members: Vec<MemberRow>| {
        let mut books = ledger(vec![attempt(0, 0, false)]);
        books.run.settings = json!({ "experiment": { "name": "x", "arms": arms } });
        books.members = members;
        checks(&books)
    };
    let (drawn, wrong) = (Some(arm("agent_1")), Some(other("agent_1")));
    assert!(of(vec![member("agent_1", drawn.clone())]).is_empty());
    assert_eq!(of(vec![member("agent_1", wrong.clone())]), ["cohort"]);
    assert_eq!(of(vec![member("agent_1", None)]), ["cohort"]);
    let fixed = MemberRow { fixed: Some("vip".into()), ..member("agent_1", Some("vip".into())) };
    assert!(of(vec![fixed.clone()]).is_empty());
    assert_eq!(of(vec![MemberRow { cohort: drawn.clone(), ..fixed }]), ["cohort"]);
    // The table has it from after the begin: its rows agree with each other or they do not.
    let unknown = |cohort| MemberRow { is_known: false, ..member("agent_1", cohort) };
    assert!(of(vec![unknown(wrong.clone())]).is_empty());
    assert_eq!(of(vec![unknown(wrong.clone()), unknown(drawn.clone())]), ["cohort"]);
    let gone = MemberRow { is_there: false, is_known: false, ..member("agent_1", drawn) };
    assert_eq!(of(vec![gone.clone()]), ["unknown_agent"]);
    assert!(of(vec![MemberRow { is_replaced: true, ..gone }]).is_empty());
    let mut changed = ledger(vec![attempt(0, 0, false)]);
    changed.members = vec![member("agent_1", wrong)];
    let change =
        |message: &str| ChangeRow { kind: "setting_changed".into(), message: message.into() };
    changed.changes = vec![change("offers.wallet_cap is 3")];
    assert_eq!(checks(&changed), ["cohort"]);
    changed.changes.push(change("experiment.name is y"));
    assert!(checks(&changed).is_empty());
}

#[test]
fn a_refresh_is_of_its_hour_and_handed_out_what_it_says() {
    let refresh = RefreshRow {
        cycle: 169,
        replay: 0,
        offer_cycle: 1,
        due_agents: 2,
        held_out: 0,
        assigned: 5,
        simulated_at: Cycle(169).begins_at(NaiveDateTime::default()),
        handed_out: 5,
        served: 2,
    };
    let of = |refresh: &RefreshRow, settings: serde_json::Value, kinds: &[&str]| {
        let mut books = ledger(vec![attempt(0, 0, false)]);
        books.run.settings = settings;
        books.refreshes = vec![refresh.clone()];
        let change = |kind: &&str| ChangeRow { kind: (*kind).into(), message: String::new() };
        books.changes = kinds.iter().map(change).collect();
        checks(&books)
    };
    assert!(of(&refresh, json!({}), &[]).is_empty());
    for spoil in [
        (|r: &mut RefreshRow| r.offer_cycle = 0) as fn(&mut RefreshRow),
        |r| r.handed_out = 4,
        |r| r.assigned = 4,
        |r| r.due_agents = 1,
        |r| r.simulated_at += TimeDelta::hours(1),
    ] {
        let mut wrong = refresh.clone();
        spoil(&mut wrong);
        assert_eq!(of(&wrong, json!({}), &[]), ["refresh"], "{wrong:?}");
    }
    let fewer = RefreshRow { handed_out: 4, ..refresh.clone() };
    assert!(of(&fewer, json!({ "offers": { "no_repeat_days": 6 } }), &[]).is_empty());
    assert_eq!(of(&fewer, json!({ "offers": { "no_repeat_days": 7 } }), &[]), ["refresh"]);
    assert!(of(&fewer, json!({}), &["injection"]).is_empty());
    let more = RefreshRow { handed_out: 6, ..refresh };
    assert_eq!(of(&more, json!({ "offers": { "no_repeat_days": 0 } }), &[]), ["refresh"]);
}
