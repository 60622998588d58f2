//! Differences with their intervals around zero, one below the other.

use super::scale::step_of;
use super::{Anchor, Picture, Svg};

/// From one to the next.
const ROW: f64 = 37.0;

/// A difference in percent of what it is compared to.
pub struct Whisker {
    /// What differs.
    pub name: String,
    /// The difference.
    pub value: f64,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// In words.
    pub words: String,
    /// Whether chance alone would rarely put it so far from zero.
    pub is_clear: bool,
}

/// Differences around zero.
pub struct Forest(
    /// From top to bottom.
    pub Vec<Whisker>,
);

/// Intervals wider than so many times the others' middle are cut at the picture's edge.
const EDGE_OF_MEDIAN: f64 = 4.0;

impl Forest {
    /// What the picture reaches to on both sides, percent.
    fn edge(&self) -> f64 {
        let reach = |whisker: &Whisker| {
            let (low, high) = whisker.interval.unwrap_or((whisker.value, whisker.value));
            low.abs().max(high.abs())
        };
        let mut reaches: Vec<f64> = self.0.iter().map(reach).collect();
        reaches.sort_by(f64::total_cmp);
        let middle = reaches.get(reaches.len() / 2).copied().unwrap_or(0.0);
        let edge = reaches.last().copied().unwrap_or(0.0).min(middle * EDGE_OF_MEDIAN);
        let edge = if edge > 0.0 { edge } else { 1.0 };
        let step = step_of(edge, 2.0);
        (edge / step).ceil() * step
    }
}

impl Picture for Forest {
    fn draw(&self, width: f64) -> Svg {
        let bottom = ROW * self.0.len() as f64 + 2.0;
        let mut svg = Svg::new(width, bottom + 22.0);
        let edge = self.edge();
        let x =
            |percent: f64| 8.0 + (width - 16.0) * (0.5 + percent.clamp(-edge, edge) / edge / 2.0);
        for percent in [-edge, -edge / 2.0, 0.0, edge / 2.0, edge] {
            let class = if percent == 0.0 { "base" } else { "grid" };
            svg.line((x(percent), 0.0), (x(percent), bottom), class);
            let (anchor, at) = match percent {
                p if p <= -edge => (Anchor::Start, 0.0),
                p if p >= edge => (Anchor::End, width),
                p => (Anchor::Middle, x(p)),
            };
            let sign = if percent > 0.0 { "+" } else { "" };
            svg.text((at, bottom + 15.0), anchor, "tick", &format!("{sign}{percent} %"));
        }
        for (at, whisker) in self.0.iter().enumerate() {
            let top = ROW * at as f64;
            let y = top + 26.0;
            svg.text((0.0, top + 13.0), Anchor::Start, "name backed", &whisker.name);
            svg.text((width, top + 13.0), Anchor::End, "value backed", &whisker.words);
            let class = if whisker.is_clear { "clear" } else { "unclear" };
            if let Some((low, high)) = whisker.interval {
                svg.line((x(low), y), (x(high), y), &format!("whisker {class}"));
            }
            svg.circle((x(whisker.value), y), 4.0, class);
        }
        svg
    }
}
