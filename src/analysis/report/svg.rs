//! Pictures as text: shapes whose colours are classes, so that the page's style decides on light,
//! dark and print, each with a title and a description for those who do not see it.
//!
//! Own code rather than plotters: its SVG has fixed colours and neither title, description nor
//! role, and its sizes do not follow the width of a phone.

mod bands;
mod bars;
mod curves;
mod forest;
mod lines;
mod rows;
mod scale;
mod timeline;

use std::fmt::Write;

pub use self::bands::{Banded, Bands};
pub use self::bars::Bars;
pub use self::curves::{Curve, Curves};
pub use self::forest::{Forest, Whisker};
pub use self::lines::{Lines, Series};
pub use self::rows::{Row, Rows};
pub use self::scale::Axis;
pub use self::timeline::{Lane, Timeline};

/// Width of a picture over the whole page, in its own units.
const WIDE: f64 = 1020.0;
/// Of one that shares a row.
const HALF: f64 = 490.0;
/// On a phone.
const NARROW: f64 = 316.0;

/// Width of a letter of the pictures' text, about; digits are as wide as each other.
const LETTER: f64 = 6.4;

/// What draws itself at a width.
pub trait Picture {
    /// Draws it.
    fn draw(&self, width: f64) -> Svg;
}

/// How much room a picture takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// The whole row.
    Whole,
    /// Half of it.
    Half,
}

/// Draws it twice, for wide screens and for phones; the style shows one of both.
pub fn draw(picture: &dyn Picture, room: Room, (id, title, says): (&str, &str, &str)) -> String {
    let width = match room {
        Room::Whole => WIDE,
        Room::Half => HALF,
    };
    let wide = picture.draw(width).finish("wide", (&format!("{id}-w"), title, says));
    wide + &picture.draw(NARROW).finish("narrow", (&format!("{id}-n"), title, says))
}

/// Text as it stands inside an element or an attribute.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter if letter.is_control() => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

/// Where a text stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// To the right of it.
    Start,
    /// Around it.
    Middle,
    /// To the left of it.
    End,
}

/// A picture while it is drawn. Writing to a String cannot fail.
#[derive(Debug)]
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

impl Svg {
    /// An empty one.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    /// Makes it as high as this.
    pub fn grow_to(&mut self, height: f64) {
        self.height = height;
    }

    /// A bar.
    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        let (width, height) = (width.max(0.0), height.max(0.0));
        let _ = write!(
            self.body,
            "<rect class='{class}' x='{x:.1}' y='{y:.1}' width='{width:.1}' height='{height:.1}'/>"
        );
    }

    /// A line.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        let _ = write!(
            self.body,
            r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#
        );
    }

    /// A dot.
    pub fn circle(&mut self, (x, y): (f64, f64), r: f64, class: &str) {
        let _ =
            write!(self.body, r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="{r:.1}"/>"#);
    }

    /// A line through points; it breaks where there is none.
    pub fn path(&mut self, points: impl IntoIterator<Item = Option<(f64, f64)>>, class: &str) {
        let mut d = String::new();
        let mut begins = true;
        for point in points {
            let Some((x, y)) = point else {
                begins = true;
                continue;
            };
            let _ = write!(d, "{}{x:.1} {y:.1}", if begins { 'M' } else { 'L' });
            begins = false;
        }
        if !d.is_empty() {
            let _ = write!(self.body, r#"<path class="{class}" d="{d}"/>"#);
        }
    }

    /// A text.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        let _ = write!(
            self.body,
            r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#
        );
    }

    /// Names side by side, each in its colour with a mark before it; answers the height they take.
    pub fn key(&mut self, names: &[(&str, &str)]) -> f64 {
        let (mut x, mut y) = (0.0, 11.0);
        for (class, name) in names {
            let width = 16.0 + name.chars().count() as f64 * LETTER + 14.0;
            if x > 0.0 && x + width > self.width {
                (x, y) = (0.0, y + 17.0);
            }
            self.rect((x, y - 8.0), (10.0, 8.0), &format!("mark {class}"));
            self.text((x + 15.0, y), Anchor::Start, "label", name);
            x += width;
        }
        y + 14.0
    }

    fn finish(self, class: &str, (id, title, says): (&str, &str, &str)) -> String {
        let Self { width, height, body } = self;
        let (title, says) = (escaped(title), escaped(says));
        format!(
            "<svg class='{class}' viewBox='0 0 {width:.0} {height:.0}' role='img' \
             aria-labelledby='{id}-t {id}-d'><title id='{id}-t'>{title}</title>\
             <desc id='{id}-d'>{says}</desc>{body}</svg>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_element() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.text((0.0, 0.0), Anchor::Start, "label", "</text><script>&\"'\u{1b}");
        let text = svg.finish("wide", ("a", "<b>", "says"));
        assert!(!text.contains("<script>") && !text.contains("<b>"), "{text}");
        assert!(text.contains("&lt;/text&gt;&lt;script&gt;&amp;&quot;&#39;\u{fffd}"), "{text}");
    }

    #[test]
    fn a_line_breaks_where_there_is_no_value() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.path([Some((0.0, 1.0)), Some((1.0, 1.0)), None, Some((3.0, 1.0))], "line");
        assert!(svg.body.contains(r#"d="M0.0 1.0L1.0 1.0M3.0 1.0""#), "{}", svg.body);
    }
}
