//! Frames as an operator sees them, at the size of an old terminal and at a comfortable one.

use std::time::Instant;

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::command::{CommandRefused, Done, Quit};
use actors::domain::cycle::ReplayNumber;
use actors::domain::ids::AgentId;
use actors::domain::incident::IncidentKind;
use actors::ports::store::RunState;
use actors::session_pool::board::Standing;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::*;
use crate::dashboard::sample::{frozen, incident, running};

const PLAIN: Look = Look { colours: false, ascii: false };
const ASCII: Look = Look { colours: false, ascii: true };

fn terminal(state: &State, look: Look, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state, look)).unwrap();
    terminal
}

fn frame(state: &State, look: Look, width: u16, height: u16) -> String {
    let terminal = terminal(state, look, width, height);
    let text = terminal.backend().to_string();
    // Each row stands in quotes, so that spaces at its end are seen; nobody needs them here.
    let row = |line: &str| line.trim_matches('"').trim_end().to_owned();
    text.lines().map(row).collect::<Vec<_>>().join("\n")
}

fn state(status: actors::coordinator::status::RunStatus) -> State {
    let mut state = State::new(status, Instant::now());
    state.messages.path = "data/logs/01a20b1b.log".into();
    state.messages.count = 3;
    state.messages.recent =
        vec!["2026-11-26T14:03:20Z  WARN the heartbeat was not written".to_owned()];
    state
}

fn paused() -> State {
    let mut status = running();
    status.state = RunState::Paused;
    status.clock.eta_s = None;
    let mut state = state(status);
    state.answer(Some(Ok(Done::that("the run is paused"))), Instant::now());
    state
}

fn troubled() -> State {
    let mut status = running();
    status.attempt.replay = ReplayNumber(2);
    status.health.failures = 12;
    status.attempt.current.failed = 12;
    status.attempt.current.skipped_session_down = 37;
    status.health.sessions[3].standing = Standing::Down;
    status.health.sessions[7].standing = Standing::InDoubt;
    status.health.quarantined = ["agent_017", "agent_230"].map(AgentId::new).to_vec();
    status.totals.restarts = 9;
    status.attempt.cycles_planned = None;
    status.traffic.rate_limit = None;
    status.clock.interval_ms = 0;
    let mut state = state(status);
    let hint = "there is nothing to resume";
    let refused = CommandRefused::WrongState { state: "running", hint };
    state.answer(Some(Err(refused)), Instant::now());
    state
}

fn hostile() -> State {
    let mut status = running();
    let text =
        "the shop said \u{1b}[2J\u{1b}]0;owned\u{7} \u{202e}evil\r\nnext line \u{9b}31m Käse";
    status.news.incidents.push(incident(2, IncidentKind::Restart, text));
    status.frozen = Some(FreezeReason::Outage {
        cause: text.repeat(9),
        http_session: actors::domain::ids::SessionId(4),
    });
    status.state = RunState::Frozen;
    status.saved.last_checkpoint = Some("data/\u{1b}[31m.json".to_owned());
    let mut state = state(status);
    state.messages.recent.push(text.to_owned());
    state.answer(Some(Err(CommandRefused::Shop(text.to_owned()))), Instant::now());
    state
}

#[test]
fn a_running_run_at_80x24() {
    insta::assert_snapshot!(frame(&state(running()), PLAIN, 80, 24));
}

#[test]
fn a_running_run_at_120x40() {
    insta::assert_snapshot!(frame(&state(running()), PLAIN, 120, 40));
}

#[test]
fn a_running_run_in_ascii() {
    let text = frame(&state(running()), ASCII, 80, 24);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_paused_run() {
    insta::assert_snapshot!(frame(&paused(), PLAIN, 80, 24));
}

#[test]
fn a_frozen_run_at_80x24() {
    insta::assert_snapshot!(frame(&state(frozen()), PLAIN, 80, 24));
}

#[test]
fn a_frozen_run_at_120x40() {
    insta::assert_snapshot!(frame(&state(frozen()), PLAIN, 120, 40));
}

#[test]
fn a_replay_in_trouble_without_limit_and_end() {
    insta::assert_snapshot!(frame(&troubled(), PLAIN, 80, 24));
}

#[test]
fn how_far_a_run_is_fits_a_line_with_and_without_a_planned_end() {
    for (cycle, planned, eta_s, end) in [
        (12, None, None, "of this one; until it is stopped"),
        (999_999, None, Some(184_020.0), "of this one  ends in 2 d 03:07, Sat 17:10 UTC"),
        (999_999, None, None, "of this one; until it is stopped"),
        (999_998, Some(1_000_000), Some(184_020.0), "%  ends in 2 d 03:07, Sat 17:10 UTC"),
    ] {
        let mut status = running();
        (status.attempt.cycle.0, status.attempt.cycles_planned, status.clock.eta_s) =
            (cycle, planned, eta_s);
        let text = frame(&state(status), PLAIN, 80, 24);
        let line = text.lines().find(|line| line.contains(" cycles done  ")).unwrap();
        assert!(line.ends_with(end), "{line}");
    }
}

#[test]
fn a_run_without_a_planned_end() {
    let mut status = running();
    (status.attempt.cycles_planned, status.clock.eta_s) = (None, None);
    insta::assert_snapshot!(frame(&state(status), PLAIN, 80, 24));
}

#[test]
fn a_run_that_ends_after_its_cycle() {
    let mut status = running();
    status.ending = Some(Quit::AfterCycle);
    insta::assert_snapshot!(frame(&state(status), PLAIN, 80, 24));
}

#[test]
fn hostile_text_is_shown_escaped() {
    for look in [PLAIN, ASCII] {
        let text = frame(&hostile(), look, 120, 40);
        let is_harmless = |c: char| c == '\n' || (!c.is_control() && c != '\u{202e}');
        assert!(text.chars().all(is_harmless), "{text}");
        assert!(!look.ascii || text.is_ascii(), "{text}");
    }
    insta::assert_snapshot!(frame(&hostile(), PLAIN, 80, 24));
}

#[test]
fn help_stands_over_the_panels() {
    let mut state = state(running());
    state.is_help = true;
    insta::assert_snapshot!(frame(&state, PLAIN, 80, 24));
}

#[test]
fn a_terminal_that_is_too_small_is_told_so_and_what_is_needed() {
    let text = frame(&state(running()), PLAIN, 40, 10);
    assert!(text.contains("RUNNING") && text.contains("40 x 10, at least 72 x 18"), "{text}");
    frame(&state(frozen()), PLAIN, 1, 1);
}

#[test]
fn every_size_shows_the_keys_and_none_panics() {
    for status in [running(), frozen(), troubled().status, hostile().status] {
        let state = state(status);
        for width in [WIDTH_MIN, 80, 99, 200] {
            for height in HEIGHT_MIN..=60 {
                let text = frame(&state, PLAIN, width, height);
                let last = text.lines().last().unwrap();
                assert!(last.contains("p  pause"), "{width} x {height}: {text}");
            }
        }
    }
}

#[test]
fn colours_are_used_only_where_they_are_wanted() {
    for (colours, expected) in [(true, true), (false, false)] {
        for status in [running(), frozen(), troubled().status] {
            let terminal = terminal(&state(status), Look { colours, ascii: false }, 120, 40);
            let cells = terminal.backend().buffer().content();
            let is_coloured =
                |cell: &&ratatui::buffer::Cell| cell.fg != Color::Reset || cell.bg != Color::Reset;
            assert_eq!(cells.iter().any(|cell| is_coloured(&cell)), expected);
        }
    }
}

#[test]
fn absurd_numbers_keep_their_place() {
    let mut status = running();
    status.totals.volume.revenue_cents = i64::MIN;
    status.totals.volume.orders = u64::MAX;
    status.clock.lateness_ms = i64::MAX;
    status.clock.lateness_history_ms = vec![i64::MIN + 1, i64::MAX / 2];
    status.clock.eta_s = Some(f64::INFINITY);
    status.attempt.current.released = 0;
    status.attempt.outstanding = u32::MAX;
    status.attempt.cycles_planned = Some(0);
    status.traffic.requests_history = vec![u32::MAX; 60];
    status.memory_bytes = Some(u64::MAX);
    frame(&state(status.clone()), PLAIN, 80, 24);
    status.attempt.last = None;
    status.attempt.current.released = 1;
    status.calls.rolling.felt.p99 = f64::NAN;
    frame(&state(status), PLAIN, 120, 40);
}
