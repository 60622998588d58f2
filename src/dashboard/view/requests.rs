//! What goes to the shop: how much against the limit, and how long it takes.

use actors::coordinator::status::Traffic;
use actors::domain::timing::Percentiles;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, RenderDirection, Sparkline};
use text::units::{self, short};

use super::panel;
use crate::dashboard::look::Look;
use crate::dashboard::state::State;

/// From so many rows on calls in flight are shown even while nothing holds them back.
const IN_FLIGHT_FROM_ROWS: u16 = 5;

/// Requests a second, and who waits for a permit.
pub fn draw_rate(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let traffic = &state.status.traffic;
    let inner = panel::titled(frame, area, "Requests a second", look);
    let is_told = traffic.held_back || inner.height >= IN_FLIGHT_FROM_ROWS;
    let [first, curve, seats, last] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(is_told.into()),
        Constraint::Length(1),
    ])
    .areas(inner);
    let limit = match traffic.rate_limit {
        Some(limit) => format!(" of {limit} allowed"),
        None => " without a limit".to_owned(),
    };
    let rate = Line::from(vec![
        Span::styled("now ", look.label()),
        Span::styled(short(traffic.requests_per_second.into()), look.strong()),
        Span::styled(limit, look.label()),
        Span::styled("   most ", look.label()),
        Span::styled(short(traffic.requests_max_in_1s), look.strong()),
    ]);
    frame.render_widget(rate, first);
    let history = &traffic.requests_history;
    let newest_first = history.iter().rev().map(|count| u64::from(*count));
    let highest = history.iter().copied().max().unwrap_or(0);
    let top = traffic.rate_limit.unwrap_or(0.0).max(highest.into()).max(1.0);
    let sparkline = Sparkline::default()
        .data(newest_first.collect::<Vec<u64>>())
        .direction(RenderDirection::RightToLeft)
        .max(top.ceil() as u64)
        .bar_set(look.bars())
        .style(look.curve());
    frame.render_widget(sparkline, curve);
    frame.render_widget(in_flight(traffic, look), seats);
    let queue = Line::from(vec![
        Span::styled("queue at the limiter ", look.label()),
        Span::styled(short(traffic.waiting_for_permit.into()), look.strong()),
        Span::styled("   sent ", look.label()),
        Span::styled(short(traffic.requests_sent), look.strong()),
    ]);
    frame.render_widget(Paragraph::new(queue), last);
}

/// Calls under way, and whether the shop is slower than the limit.
fn in_flight(traffic: &Traffic, look: Look) -> Line<'static> {
    let most = traffic.calls_in_flight_max.map_or("any".to_owned(), |most| short(most.into()));
    let mut spans = vec![
        Span::styled("in flight ", look.label()),
        Span::styled(short(traffic.calls_in_flight.into()), look.strong()),
        Span::styled(format!(" of {most}"), look.label()),
    ];
    if traffic.held_back {
        let takes = units::duration(traffic.answer_ms as f64);
        spans.push(Span::styled("   held back: takes ", look.label()));
        spans.push(Span::styled(takes, look.strong()));
    }
    Line::from(spans)
}

/// The three clocks over the last 1,000 calls; where there is room the last over all calls.
pub fn draw_latency(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let calls = &state.status.calls;
    let rolling = &calls.rolling;
    let head = format!("{:<9}{:>9}{:>9}{:>9}", "", "p50", "p95", "p99");
    let row = |name: &str, of: Percentiles| {
        let [p50, p95, p99] = [of.p50, of.p95, of.p99].map(units::duration);
        Line::from(vec![
            Span::styled(format!("{name:<9}"), look.label()),
            Span::styled(format!("{p50:>9}{p95:>9}{p99:>9}"), look.strong()),
        ])
    };
    let lines = vec![
        Line::styled(head, look.label()),
        row("service", rolling.service),
        row("queued", rolling.queued),
        row("felt", rolling.felt),
        row("felt, all", calls.whole_run.felt),
    ];
    panel::lines(frame, area, "Latency, last 1,000 calls", lines, look);
}
