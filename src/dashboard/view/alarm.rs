//! A frozen run: why, where to look, and what to press. It must not be overlooked.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use actors::domain::incident::IncidentKind;

use super::panel;
use crate::dashboard::look::{Look, Weight};
use crate::dashboard::state::State;
use crate::dashboard::state::plain_text::plain;
use text::units;

use crate::run_report::frozen;

/// Columns of what stands before each text.
const LABEL_WIDTH: usize = 10;
/// Columns of the frame, with a space on each side.
const FRAME_WIDTH: usize = 4;
/// Rows of one reason at most.
const REASON_ROWS_MAX: usize = 4;

/// Rows it takes.
pub fn height(state: &State, look: Look, width: u16) -> u16 {
    lines(state, look, width).len() as u16 + 2
}

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let style = look.weight(Weight::Bad);
    let block = Block::bordered()
        .border_set(look.heavy_border())
        .border_style(style)
        .padding(ratatui::widgets::Padding::horizontal(1))
        .title(Span::styled(" FROZEN: nothing is sent to the shop until you resume ", style));
    let text = Paragraph::new(lines(state, look, area.width)).block(block);
    frame.render_widget(text, area);
}

fn lines(state: &State, look: Look, width: u16) -> Vec<Line<'static>> {
    let status = &state.status;
    let Some(reason) = &status.frozen else { return Vec::new() };
    let room = usize::from(width).saturating_sub(LABEL_WIDTH + FRAME_WIDTH);
    let mut lines = Vec::new();
    let mut say = |label: &str, text: &str, style: Style| {
        let rows = panel::wrapped(&plain(text, look.ascii), room);
        let is_cut = rows.len() > REASON_ROWS_MAX;
        for (row, text) in rows.into_iter().take(REASON_ROWS_MAX).enumerate() {
            let label = if row == 0 { label } else { "" };
            let is_last = is_cut && row + 1 == REASON_ROWS_MAX;
            let dots = look.symbol(" …", "...");
            let text = if is_last { panel::fitted(&(text + dots), room, look) } else { text };
            lines.push(panel::labelled(label, LABEL_WIDTH, text, style, look));
        }
    };
    let (plain_style, strong) = (Style::new(), look.strong());
    say("why", &reason.to_string(), look.weight(Weight::Bad));
    say("since", &since(state), plain_style);
    say("look at", &frozen::look_at(reason, &status.health.pool), plain_style);
    if status.attempt.outstanding > 0 {
        let out = status.attempt.outstanding;
        say("wait", &format!("{out} flows of the broken cycle are still ending"), strong);
    }
    say("press r", &what_r_does(state), strong);
    let leave = "end with a checkpoint; cartload resume --unfreeze opens it later";
    say("press q", leave, strong);
    lines
}

fn since(state: &State) -> String {
    let status = &state.status;
    let mut incidents = status.news.incidents.iter().rev();
    let freeze = incidents.find(|line| line.kind == IncidentKind::Freeze);
    let simulated = units::day_and_hour(status.attempt.simulated_at);
    let place = format!("cycle {}, simulated {simulated}", status.attempt.cycle);
    match freeze {
        Some(line) => {
            let ago = (status.at - line.at).num_seconds().max(0).unsigned_abs();
            format!("{} UTC, {} ago, {place}", line.at.format("%H:%M:%S"), units::span(ago))
        }
        None => place,
    }
}

fn what_r_does(state: &State) -> String {
    let cycle = state.status.attempt.cycle;
    format!("look at the shop; if it answers, run cycle {cycle} again as replay")
}
