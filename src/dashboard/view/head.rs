//! The top: what the run is doing, whether it is healthy, how far it is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use text::units;
use unicode_width::UnicodeWidthStr;

use super::panel;
use crate::dashboard::look::{Look, Weight};
use crate::dashboard::state::State;
use crate::dashboard::state::mood::Mood;
use crate::dashboard::state::plain_text::plain;
use crate::dashboard::state::verdict::Trend;

/// Concerns shown at most.
const CONCERNS_MAX: usize = 3;
/// Columns of the bar of progress, at least and at most.
const BAR_WIDTHS: (usize, usize) = (4, 40);
/// Columns of the curve of lateness.
const CURVE_WIDTH: usize = 16;

/// One line across the screen.
pub fn draw_head(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let (status, mood) = (&state.status, state.mood());
    let run: String = status.run_id.to_string().chars().take(8).collect();
    let left = format!(
        " {} {}  simulated {}  ",
        look.mood(mood),
        mood.as_str(),
        units::day_and_hour(status.attempt.simulated_at)
    );
    let up = (status.at - status.began_at).num_seconds().max(0).unsigned_abs();
    let clock = status.at.format("%H:%M:%S UTC ");
    let up = units::span(up);
    let room = usize::from(area.width).saturating_sub(left.width());
    let whole = format!("run {run}  up {up}  {clock}");
    let right = if whole.width() <= room { whole } else { format!("up {up}  {clock}") };
    let line = left + &" ".repeat(room.saturating_sub(right.width())) + &right;
    frame.render_widget(Paragraph::new(line).style(look.head(mood)), area);
}

/// Rows of [`draw_verdict`].
pub fn verdict_height(state: &State) -> u16 {
    let concerns = state.concerns().len().clamp(1, CONCERNS_MAX) as u16;
    concerns + u16::from(sentence(state).is_some())
}

/// What the run is doing, where that is not plain running, and what to look at.
pub fn draw_verdict(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let width = usize::from(area.width);
    let mut lines = Vec::new();
    if let Some(sentence) = sentence(state) {
        lines.push(Line::styled(format!(" {sentence}"), look.weight(Weight::Warning)));
    }
    let concerns = state.concerns();
    let more = concerns.len().saturating_sub(CONCERNS_MAX);
    for (place, concern) in concerns.iter().take(CONCERNS_MAX).enumerate() {
        let is_last = place + 1 == CONCERNS_MAX;
        let more = if is_last && more > 0 { format!(" (and {more} more)") } else { String::new() };
        let text = format!(" {} {}{more}", look.mark(Weight::Warning), plain(concern, look.ascii));
        let text = panel::fitted(&text, width, look);
        lines.push(Line::styled(text, look.weight(Weight::Warning)));
    }
    if concerns.is_empty() {
        lines.push(healthy(state, look));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn healthy(state: &State, look: Look) -> Line<'static> {
    let health = &state.status.health;
    if state.mood() == Mood::Starting {
        return Line::styled(" nothing to report yet", look.label());
    }
    let failures = match (health.failures, health.failures_allowed) {
        (0, _) => "no failed agents".to_owned(),
        (failures, allowed) => format!("{failures} of {allowed} allowed failures"),
    };
    let sessions = match health.sessions.len() {
        0 => String::new(),
        1 => ", the HTTP session is up".to_owned(),
        count => format!(", all {count} HTTP sessions up"),
    };
    let text = format!(" healthy: {failures}{sessions}, none quarantined");
    let mark = format!(" {}", look.mark(Weight::Good));
    Line::from(vec![Span::styled(mark, look.weight(Weight::Good)), Span::raw(text)])
}

/// What an operator should know of a run that does not simply run.
fn sentence(state: &State) -> Option<String> {
    let cycle = state.status.attempt.cycle;
    Some(match state.mood() {
        Mood::Running | Mood::Frozen => return None,
        Mood::Freezing => "its last flows are ending; resume is taken once it is frozen".to_owned(),
        Mood::Starting => "the agents and the shop are looked at before the first cycle".to_owned(),
        Mood::Paused => {
            format!("paused: nothing is sent to the shop; press r to go on with cycle {cycle}")
        }
        Mood::Replaying => format!(
            "cycle {cycle} is run again as replay {}: its rows say so",
            state.status.attempt.replay.0
        ),
        Mood::Ending => format!("the run ends after cycle {cycle}; press q again to stop now"),
        Mood::Stopping => "the run ends: flows under way have 10 s, no others begin".to_owned(),
        Mood::Ended => "the run is over".to_owned(),
    })
}

/// How far it is, and whether it keeps up.
pub fn draw_progress(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    frame.render_widget(
        Paragraph::new(vec![progress(state, look, area.width), pace(state, look)]),
        area,
    );
}

fn progress(state: &State, look: Look, width: u16) -> Line<'static> {
    let (status, attempt) = (&state.status, &state.status.attempt);
    let released = f64::from(attempt.current.released);
    let of_cycle = match attempt.current.released {
        0 => 0.0,
        _ => 1.0 - f64::from(attempt.outstanding) / released,
    };
    let done = attempt.cycle.0;
    let (before, share, of_what) = match attempt.cycles_planned {
        Some(planned) => {
            let share = (f64::from(done) + of_cycle) / f64::from(planned.max(1));
            (format!(" {done} of {planned} cycles done  "), share.min(1.0), "")
        }
        None => (format!(" {done} cycles done  "), of_cycle, " of this one"),
    };
    let percent = format!(" {:.0} %", (share * 100.0).floor());
    let after = match status.clock.eta_s {
        Some(eta) => {
            let seconds = eta.clamp(0.0, 1e9) as i64;
            let end = status.at + chrono::TimeDelta::seconds(seconds);
            let left = units::span(seconds.unsigned_abs());
            format!("{of_what}  ends in {left}, {} UTC", end.format("%a %H:%M"))
        }
        None if attempt.cycles_planned.is_none() => {
            format!("{of_what}; until it is stopped")
        }
        None => of_what.to_owned(),
    };
    let (least, most) = BAR_WIDTHS;
    let others = before.width() + percent.width() + after.width() + 1;
    let bar = usize::from(width).saturating_sub(others).clamp(least, most);
    Line::from(vec![
        Span::styled(before, look.strong()),
        Span::styled(look.bar(share, bar), look.curve()),
        Span::styled(percent, look.strong()),
        Span::styled(after, look.label()),
    ])
}

fn pace(state: &State, look: Look) -> Line<'static> {
    let clock = &state.status.clock;
    let trend = Trend::of(clock);
    let late = units::seconds(clock.lateness_ms);
    let mut spans = vec![
        Span::styled(" late ", look.label()),
        Span::styled(format!("{late:.1} s, {}", trend.as_str()), look.strong()),
        Span::raw(" "),
        Span::styled(curve(&clock.lateness_history_ms, look), look.curve()),
    ];
    let pace = match clock.interval_ms {
        0 => "  as fast as work allows".to_owned(),
        ms => format!("  a cycle takes {} or more", units::duration(ms as f64)),
    };
    spans.push(Span::styled(pace, look.label()));
    Line::from(spans)
}

/// The last values as a line of bars, the highest as high as a line is.
fn curve(values: &[i64], look: Look) -> String {
    let last = &values[values.len().saturating_sub(CURVE_WIDTH)..];
    let highest = last.iter().copied().max().unwrap_or(0).max(1) as f64;
    let bars = look.bars();
    let levels = [
        bars.one_eighth,
        bars.one_quarter,
        bars.three_eighths,
        bars.half,
        bars.five_eighths,
        bars.three_quarters,
        bars.seven_eighths,
        bars.full,
    ];
    let level = |value: &i64| levels[((*value).max(0) as f64 / highest * 7.0).round() as usize];
    last.iter().map(level).collect()
}
