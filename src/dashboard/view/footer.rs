//! The bottom: the answer to the last key, or where messages are; and the keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::panel;
use crate::dashboard::keys::{FOOTER, Key};
use crate::dashboard::look::{Look, Weight};
use crate::dashboard::state::mood::Mood;
use crate::dashboard::state::plain_text::plain;
use crate::dashboard::state::{NoticeKind, State};

/// Draws both lines.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let lines = vec![notice(state, look, area.width.into()), keys(state, look)];
    frame.render_widget(Paragraph::new(lines), area);
}

fn notice(state: &State, look: Look, width: usize) -> Line<'static> {
    let Some(notice) = &state.notice else {
        let messages = &state.messages;
        let path = messages.path.display().to_string();
        let text = match messages.count {
            0 => String::new(),
            1 => format!(" 1 message in {}", plain(&path, look.ascii)),
            count => format!(" {count} messages in {}", plain(&path, look.ascii)),
        };
        return Line::styled(panel::fitted(&text, width, look), look.label());
    };
    let text = plain(&notice.text, look.ascii);
    let (mark, style) = match notice.kind {
        NoticeKind::Asked => (look.symbol("…", "..."), look.strong()),
        NoticeKind::Done => (look.mark(Weight::Good), look.weight(Weight::Good)),
        NoticeKind::Refused => (look.mark(Weight::Warning), look.weight(Weight::Warning)),
    };
    Line::styled(panel::fitted(&format!(" {mark} {text}"), width, look), style)
}

/// Keys that would do something stand out.
fn keys(state: &State, look: Look) -> Line<'static> {
    let mood = state.mood();
    let mut spans = Vec::new();
    for (key, name, does) in FOOTER {
        let is_of_use = match key {
            Key::Pause => mood.is_going_on(),
            Key::Resume => matches!(mood, Mood::Paused | Mood::Frozen),
            Key::Checkpoint | Key::Quit | Key::Help => !mood.is_over(),
            Key::Close | Key::Interrupt | Key::Suspend | Key::Redraw => false,
        };
        let style = match is_of_use {
            true => look.strong().add_modifier(Modifier::REVERSED),
            false => look.label(),
        };
        spans.push(Span::raw(" "));
        spans.push(Span::styled(format!(" {name} "), style));
        spans.push(Span::styled(format!(" {does} "), look.label()));
    }
    Line::from(spans)
}
