//! What panels are made of: a title, columns of labels and values, lines that are cut or wrapped.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};
use unicode_width::UnicodeWidthStr;

use crate::dashboard::look::{Look, Weight};

/// Columns between two halves, and between two cells.
const GAP: u16 = 2;
/// A cell is not wider: a value far from its label is not read as its own.
const CELL_WIDTH_MAX: usize = 26;

/// Two panels beside each other.
pub fn halves(area: Rect) -> [Rect; 2] {
    let [left, _, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(GAP), Constraint::Fill(1)])
            .areas(area);
    [left, right]
}

/// Draws a title line; answers what is left below it.
pub fn titled(frame: &mut Frame<'_>, area: Rect, title: &str, look: Look) -> Rect {
    let block = Block::new()
        .borders(Borders::TOP)
        .border_set(look.border())
        .border_style(look.label())
        .title(Line::from(vec![
            Span::styled(look.symbol("─ ", "- "), look.label()),
            Span::styled(title.to_owned(), look.title()),
            Span::raw(" "),
        ]));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// Draws lines into a panel.
pub fn lines(frame: &mut Frame<'_>, area: Rect, title: &str, lines: Vec<Line<'_>>, look: Look) {
    let inner = titled(frame, area, title, look);
    frame.render_widget(Paragraph::new(lines), inner);
}

/// A value with what it is.
#[derive(Clone, Debug)]
pub struct Cell {
    label: &'static str,
    value: String,
    weight: Option<Weight>,
}

impl Cell {
    /// A value that is neither good nor bad.
    pub fn new(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, value: value.into(), weight: None }
    }

    /// A number that should be 0.
    pub fn fault(label: &'static str, count: u64) -> Self {
        let weight = (count > 0).then_some(Weight::Warning);
        Self { label, value: text::units::short(count), weight }
    }

    fn spans(&self, width: usize, look: Look) -> [Span<'static>; 3] {
        let style = self.weight.map_or(look.strong(), |weight| look.weight(weight));
        let mark = self.weight.map_or(String::new(), |weight| format!("{} ", look.mark(weight)));
        let value = mark + &self.value;
        let pad = width.saturating_sub(self.label.width() + value.width()).max(1);
        [
            Span::styled(self.label, look.label()),
            Span::raw(" ".repeat(pad)),
            Span::styled(value, style),
        ]
    }
}

/// Rows of cells, the values of a column below one another.
pub fn grid<const N: usize>(width: u16, rows: Vec<[Cell; N]>, look: Look) -> Vec<Line<'static>> {
    let gaps = usize::from(GAP) * N.saturating_sub(1);
    let cell = (usize::from(width).saturating_sub(gaps) / N).min(CELL_WIDTH_MAX);
    let line = |row: [Cell; N]| {
        let mut spans = Vec::new();
        for (place, of) in row.into_iter().enumerate() {
            if place > 0 {
                spans.push(Span::raw(" ".repeat(GAP.into())));
            }
            spans.extend(of.spans(cell, look));
        }
        Line::from(spans)
    };
    rows.into_iter().map(line).collect()
}

/// `label` in a column of its own, then the text.
pub fn labelled(
    label: &str,
    width: usize,
    text: impl Into<String>,
    style: Style,
    look: Look,
) -> Line<'static> {
    Line::from(vec![
        Span::styled(format!("{label:<width$}"), look.label()),
        Span::styled(text.into(), style),
    ])
}

/// `text` in lines of at most `width` columns, broken at spaces where that is possible.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word.to_owned();
        let line = lines.last_mut().expect("there is one from the start");
        if !line.is_empty() && line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(&word);
            continue;
        }
        if !line.is_empty() {
            lines.push(String::new());
        }
        while word.width() > width {
            let head = cut(&word, width);
            word = word[head.len()..].to_owned();
            let line = lines.last_mut().expect("there is one from the start");
            line.push_str(&head);
            lines.push(String::new());
        }
        let line = lines.last_mut().expect("there is one from the start");
        line.push_str(&word);
    }
    lines
}

/// The longest beginning of `text` that is at most `width` wide, one character at least.
fn cut(text: &str, width: usize) -> String {
    let mut head = String::new();
    for character in text.chars() {
        let next = head.width() + character.to_string().width();
        if next > width && !head.is_empty() {
            break;
        }
        head.push(character);
    }
    head
}

/// `text`, its end cut off where it is wider than `width`, with dots that say so.
pub fn fitted(text: &str, width: usize, look: Look) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let dots = look.symbol("…", "...");
    cut(text, width.saturating_sub(dots.width())) + dots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_spaces_and_inside_words_that_are_too_long() {
        assert_eq!(wrapped("the shop is gone", 8), ["the shop", "is gone"]);
        assert_eq!(wrapped("a 0123456789 b", 4), ["a", "0123", "4567", "89 b"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn text_that_is_cut_says_so() {
        let look = |ascii| Look { colours: false, ascii };
        assert_eq!(fitted("checkpoint", 10, look(false)), "checkpoint");
        assert_eq!(fitted("checkpoint", 9, look(false)), "checkpoi…");
        assert_eq!(fitted("checkpoint", 9, look(true)), "checkp...");
        assert_eq!(fitted("乳酪乳酪", 6, look(false)), "乳酪…");
    }
}
