//! What keys, pictures and time do to the state.

use std::time::{Duration, Instant};

use actors::coordinator::command::{Command, CommandRefused, Done, Quit};
use actors::coordinator::status::StoreTrouble;
use actors::domain::cycle::ReplayNumber;
use actors::domain::incident::IncidentKind;
use actors::ports::store::RunState;
use actors::session_pool::board::Standing;

use super::verdict::Trend;
use super::*;
use crate::dashboard::sample::{frozen, incident, running};

fn state() -> (State, Instant) {
    let now = Instant::now();
    (State::new(running(), now), now)
}

fn done(message: &str) -> Option<Result<Done, CommandRefused>> {
    Some(Ok(Done::that(message)))
}

#[test]
fn keys_ask_for_commands_and_the_answer_stands_for_a_while() {
    let (mut state, now) = state();
    for (key, command) in [
        (Key::Pause, Command::Pause),
        (Key::Resume, Command::Resume),
        (Key::Checkpoint, Command::Checkpoint),
    ] {
        assert_eq!(state.press(key, now), Act::Ask(command));
        assert_eq!(state.notice.as_ref().unwrap().kind, NoticeKind::Asked);
    }
    state.tick(now + Duration::from_secs(60));
    assert_eq!(state.notice.as_ref().unwrap().kind, NoticeKind::Asked, "no answer yet");

    let answered = now + Duration::from_secs(60);
    state.answer(done("the run is paused"), answered);
    state.tick(answered + NOTICE_LASTS - Duration::from_millis(1));
    assert_eq!(state.notice.as_ref().unwrap().text, "the run is paused");
    state.tick(answered + NOTICE_LASTS);
    assert_eq!(state.notice, None);
}

#[test]
fn a_refusal_says_why_and_what_to_do_instead() {
    let (mut state, now) = state();
    let hint = "there is nothing to resume";
    state.answer(Some(Err(CommandRefused::WrongState { state: "running", hint })), now);
    let notice = state.notice.clone().unwrap();
    assert_eq!(notice.kind, NoticeKind::Refused);
    assert_eq!(notice.text, "the run is running: there is nothing to resume");
    state.answer(None, now);
    assert_eq!(state.notice.unwrap().text, "the run is ending");
}

#[test]
fn q_ends_after_the_cycle_and_q_again_now_but_not_a_key_that_is_held_down() {
    let (mut state, now) = state();
    assert_eq!(state.press(Key::Quit, now), Act::Ask(Command::Quit(Quit::AfterCycle)));
    let mut at = now;
    for _ in 0..40 {
        at += QUIT_AGAIN_AFTER - Duration::from_millis(1);
        assert_eq!(state.press(Key::Quit, at), Act::Show, "it is held down");
    }
    at += QUIT_AGAIN_AFTER;
    assert_eq!(state.press(Key::Quit, at), Act::Ask(Command::Quit(Quit::Now)));
    state.status.ending = Some(Quit::Now);
    assert_eq!(state.press(Key::Quit, at + QUIT_AGAIN_AFTER), Act::Show, "it is stopping already");
}

#[test]
fn q_stops_a_run_now_that_another_door_ends_after_its_cycle() {
    let (mut state, now) = state();
    state.status.ending = Some(Quit::AfterCycle);
    assert_eq!(state.press(Key::Quit, now), Act::Ask(Command::Quit(Quit::Now)));
}

#[test]
fn help_opens_and_closes_and_goes_when_a_command_is_given() {
    let (mut state, now) = state();
    assert_eq!(state.press(Key::Help, now), Act::Show);
    assert!(state.is_help);
    state.press(Key::Close, now);
    assert!(!state.is_help);
    state.press(Key::Help, now);
    state.press(Key::Pause, now);
    assert!(!state.is_help);
}

#[test]
fn the_terminals_own_keys_are_passed_on() {
    let (mut state, now) = state();
    assert_eq!(state.press(Key::Interrupt, now), Act::Interrupt);
    assert_eq!(state.press(Key::Suspend, now), Act::Suspend);
    assert_eq!(state.press(Key::Redraw, now), Act::Redraw);
}

#[test]
fn a_freeze_a_cycle_and_an_incident_are_events_and_counts_are_not() {
    let (mut state, now) = state();
    let mut counts = running();
    counts.attempt.outstanding -= 1;
    counts.traffic.requests_sent += 9;
    assert!(!state.take_in(counts, now));

    let mut told = running();
    told.news.incidents.push(incident(99, IncidentKind::Restart, "agent_004 was rebuilt"));
    assert!(state.take_in(told.clone(), now));
    assert!(!state.take_in(told, now));

    let mut next = running();
    next.attempt.cycle = next.attempt.cycle.next();
    assert!(state.take_in(next.clone(), now));
    let mut paused = next.clone();
    paused.state = RunState::Paused;
    assert!(state.take_in(paused, now));
    assert!(state.take_in(frozen(), now));
}

#[test]
fn the_mood_is_the_worst_that_fits() {
    let mut status = running();
    assert_eq!(Mood::of(&status), Mood::Running);
    status.attempt.replay = ReplayNumber(1);
    assert_eq!(Mood::of(&status), Mood::Replaying);
    status.state = RunState::Paused;
    assert_eq!(Mood::of(&status), Mood::Paused);
    status.ending = Some(Quit::AfterCycle);
    assert_eq!(Mood::of(&status), Mood::Ending);
    status.ending = Some(Quit::Now);
    assert_eq!(Mood::of(&status), Mood::Stopping);
    status.state = RunState::Frozen;
    assert_eq!(Mood::of(&status), Mood::Frozen);
    status.state = RunState::Stopped;
    assert_eq!(Mood::of(&status), Mood::Ended);
    let mut before = running();
    before.agents = 0;
    assert_eq!(Mood::of(&before), Mood::Starting);
}

#[test]
fn a_healthy_run_has_no_concerns_up_to_each_border() {
    let (mut state, now) = state();
    state.status.health.failures = 8;
    state.status.clock.lateness_ms = 5_000;
    state.status.health.pool.waiting = state.status.health.pool.max;
    assert_eq!(state.concerns(), Vec::<String>::new());
    state.tick(now + Duration::from_secs(10));
    assert_eq!(state.concerns(), Vec::<String>::new());
}

#[test]
fn each_trouble_is_a_concern_beyond_its_border() {
    let (mut state, now) = state();
    let status = &mut state.status;
    status.health.failures = 9;
    status.health.sessions[3].standing = Standing::Down;
    status.health.sessions[4].standing = Standing::InDoubt;
    status.health.sessions[7].standing = Standing::InDoubt;
    status.health.quarantined = vec![actors::domain::ids::AgentId::new("agent_007")];
    status.clock.lateness_ms = 5_001;
    status.clock.lateness_history_ms = vec![0, 900, 2_000, 5_001];
    status.health.pool.waiting = status.health.pool.max + 1;
    let last = status.attempt.last.as_mut().unwrap();
    last.volume.retries = last.volume.requests / 10 + 20;
    status.saved.last_checkpoint_at = None;
    let says = "the database cannot write: database or disk is full".to_owned();
    let trouble = StoreTrouble { for_ms: 3_000, says, is_for_good: false };
    status.health.store_trouble = Some(trouble);
    status.news.incidents.push(incident(98, IncidentKind::CheckpointFailed, "no space"));
    status.news.incidents.push(incident(99, IncidentKind::Unrecorded, "agent_012"));
    state.tick(now + Duration::from_secs(11));
    let concerns = state.concerns();
    for part in [
        "no news from the run for 11 s",
        "the database cannot write: database or disk is full (for 3 s)",
        "9 of 18 failures used",
        "HTTP session 3 is down",
        "HTTP sessions 4, 7 are in doubt",
        "agent agent_007 is in quarantine",
        "the last checkpoint could not be written",
        "a flow could not be recorded",
        "later with each cycle",
        "wait for one of 8 database connections",
        "requests were retries",
    ] {
        assert!(concerns.iter().any(|concern| concern.contains(part)), "{part}: {concerns:#?}");
    }
    assert_eq!(concerns.len(), 11, "{concerns:#?}");
}

#[test]
fn an_old_incident_is_no_concern_and_a_later_checkpoint_heals_a_failed_one() {
    let (mut state, _) = state();
    let mut old = incident(98, IncidentKind::Unrecorded, "agent_012");
    old.cycle = actors::domain::cycle::Cycle(state.status.attempt.cycle.0 - 2);
    state.status.news.incidents.push(old);
    let mut failed = incident(99, IncidentKind::CheckpointFailed, "no space");
    failed.at = state.status.saved.last_checkpoint_at.unwrap() - chrono::TimeDelta::seconds(1);
    state.status.news.incidents.push(failed);
    assert_eq!(state.concerns(), Vec::<String>::new());
}

#[test]
fn lateness_has_a_trend_over_the_last_ticks() {
    let mut status = running();
    status.clock.interval_ms = 10_000;
    for (history, trend) in [
        (vec![], Trend::Steady),
        (vec![7], Trend::Steady),
        (vec![0, 500], Trend::Steady),
        (vec![0, 501], Trend::Rising),
        (vec![501, 0], Trend::Falling),
        (vec![0, 9_000, 9_000, 9_000, 9_000, 9_000, 9_000], Trend::Steady),
    ] {
        status.clock.lateness_history_ms = history.clone();
        assert_eq!(Trend::of(&status.clock), trend, "{history:?}");
    }
}

#[test]
fn messages_of_incidents_are_not_shown_twice() {
    let (mut state, _) = state();
    state.status.news.incidents = vec![incident(1, IncidentKind::Pause, "the run is paused")];
    state.messages.recent = vec![
        "14:03 WARN the run is paused kind=\"pause\"".to_owned(),
        "14:04 WARN the heartbeat was not written".to_owned(),
    ];
    assert_eq!(state.other_messages(), ["14:04 WARN the heartbeat was not written"]);
}
