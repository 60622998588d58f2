//! One bar below the other, its name and value above it: a funnel, a life, a list of causes.

use super::{Anchor, Picture, Svg};

/// From one bar to the next.
const ROW: f64 = 37.0;

/// One bar.
pub struct Row {
    /// What it is.
    pub name: String,
    /// How long, as a part of the longest.
    pub part: f64,
    /// Its value in words.
    pub value: String,
    /// The class of its colour.
    pub class: &'static str,
}

/// Bars below each other.
pub struct Rows(
    /// From top to bottom.
    pub Vec<Row>,
);

impl Picture for Rows {
    fn draw(&self, width: f64) -> Svg {
        let mut svg = Svg::new(width, ROW * self.0.len() as f64);
        for (at, row) in self.0.iter().enumerate() {
            let y = ROW * at as f64;
            svg.text((0.0, y + 13.0), Anchor::Start, "name", &row.name);
            svg.text((width, y + 13.0), Anchor::End, "value", &row.value);
            svg.rect((0.0, y + 19.0), (width, 9.0), "rest");
            svg.rect((0.0, y + 19.0), (width * row.part.clamp(0.0, 1.0), 9.0), row.class);
        }
        svg
    }
}
