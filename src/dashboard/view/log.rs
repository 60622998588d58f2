//! What happened last, in words.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::panel;
use crate::dashboard::look::Look;
use crate::dashboard::state::State;
use crate::dashboard::state::plain_text::plain;

/// Columns before the text of an incident.
const TIME_WIDTH: usize = 10;

/// The last incidents, newest first; a long one takes several rows.
pub fn draw_incidents(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let inner = panel::titled(frame, area, "Last incidents, newest first", look);
    let width = usize::from(inner.width).saturating_sub(TIME_WIDTH);
    let rows = usize::from(inner.height);
    let mut lines = Vec::new();
    for incident in state.status.news.incidents.iter().rev() {
        let text = format!("cycle {}: {}", incident.cycle, plain(&incident.message, look.ascii));
        for (row, text) in panel::wrapped(&text, width).into_iter().enumerate() {
            let time =
                if row == 0 { incident.at.format(" %H:%M:%S").to_string() } else { String::new() };
            lines.push(Line::from(vec![
                Span::styled(format!("{time:<TIME_WIDTH$}"), look.label()),
                Span::raw(text),
            ]));
        }
        if lines.len() >= rows {
            break;
        }
    }
    if lines.is_empty() {
        lines.push(Line::styled(" none so far", look.label()));
    }
    lines.truncate(rows);
    frame.render_widget(Paragraph::new(lines), inner);
}

/// The last messages that are no incidents, newest first.
pub fn draw_messages(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let inner = panel::titled(frame, area, "Last messages, newest first", look);
    let width = usize::from(inner.width);
    let line = |message: &&str| {
        let text = format!(" {}", plain(message, look.ascii));
        Line::raw(panel::fitted(&text, width, look))
    };
    let messages = state.other_messages();
    let lines: Vec<Line<'_>> = messages.iter().rev().map(line).collect();
    frame.render_widget(Paragraph::new(lines), inner);
}
