//! What the keys do, over the panels.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Padding, Paragraph};

use super::panel::labelled;
use crate::dashboard::look::Look;
use crate::dashboard::state::State;

/// Columns it takes.
const WIDTH: u16 = 72;
/// Columns of keys.
const KEY_WIDTH: usize = 8;

const TEXT: [(&str, &str); 12] = [
    ("p", "pause: calls in flight end, nothing new is sent"),
    ("r", "resume: goes on with the same cycle; a frozen run opens if"),
    ("", "the shop answers, its broken cycle is repeated as replay"),
    ("c", "checkpoint: at the end of the cycle; paused or frozen: now"),
    ("q", "quit: finishes the cycle, saves and ends; again: ends now,"),
    ("", "flows under way have 10 s; cartload resume goes on later"),
    ("Ctrl-C", "as q; the third time the process ends without saving"),
    ("Ctrl-Z", "stops the process, the run with it; fg goes on"),
    ("Ctrl-L", "draws everything anew"),
    ("?", "this help; Esc closes it"),
    ("", ""),
    ("late", "real time behind the planned pace, without pauses"),
];

/// Draws it in the middle.
pub fn draw(frame: &mut Frame<'_>, _: &State, look: Look) {
    let area = frame.area();
    let height = TEXT.len() as u16 + 2;
    let middle = Rect {
        x: (area.width.saturating_sub(WIDTH)) / 2,
        y: (area.height.saturating_sub(height)) / 2,
        width: WIDTH.min(area.width),
        height: height.min(area.height),
    };
    let lines: Vec<Line<'_>> = TEXT
        .iter()
        .map(|(key, does)| labelled(key, KEY_WIDTH, *does, ratatui::style::Style::new(), look))
        .collect();
    let block = Block::bordered()
        .border_set(look.heavy_border())
        .border_style(look.title())
        .padding(Padding::horizontal(1))
        .title(Span::styled(" Keys ", look.title()));
    frame.render_widget(Clear, middle);
    frame.render_widget(Paragraph::new(lines).block(block), middle);
}
