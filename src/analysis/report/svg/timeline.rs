//! What happened when: one lane a kind, a dot where it happened.

use chrono::NaiveDateTime;

use super::scale::instants;
use super::{Anchor, LETTER, Picture, Svg};

/// Height of a lane with its name beside it, and with its name above.
const LANE: (f64, f64) = (25.0, 37.0);
/// Room for names beside the lanes.
const NAMES: f64 = 250.0;

/// One kind.
pub struct Lane {
    /// Its name.
    pub name: String,
    /// The class of its colour.
    pub class: &'static str,
    /// First cycle of a bucket and how many.
    pub dots: Vec<(u64, u64)>,
}

/// Lanes over simulated time.
pub struct Timeline {
    /// From top to bottom.
    pub lanes: Vec<Lane>,
    /// Simulated begin of cycle 0.
    pub start: NaiveDateTime,
    /// Cycles of the time axis.
    pub cycles: u64,
}

impl Picture for Timeline {
    fn draw(&self, width: f64) -> Svg {
        let is_wide = width > 2.0 * NAMES;
        let (lane, left) = if is_wide { (LANE.0, NAMES) } else { (LANE.1, 4.0) };
        let right = width - 8.0;
        let bottom = lane * self.lanes.len() as f64 + 4.0;
        let mut svg = Svg::new(width, bottom + 24.0);
        for (at, of_lane) in self.lanes.iter().enumerate() {
            let top = lane * at as f64;
            let y = top + if is_wide { lane / 2.0 } else { 26.0 };
            let all: u64 = of_lane.dots.iter().map(|(_, count)| count).sum();
            let name = format!("{} ({all})", of_lane.name);
            let name_at = if is_wide { y + 4.0 } else { top + 13.0 };
            svg.text((0.0, name_at), Anchor::Start, "name", &name);
            svg.line((left, y), (right, y), "grid");
            for (cycle, count) in &of_lane.dots {
                let place = (*cycle as f64 + 0.5) / self.cycles.max(1) as f64;
                let x = left + (right - left) * place.clamp(0.0, 1.0);
                // The area grows with the count, up to what a lane holds.
                let r = (3.5 * (*count as f64).sqrt()).clamp(3.5, 8.0);
                svg.circle((x, y), r, of_lane.class);
            }
        }
        svg.line((left, bottom), (right, bottom), "base");
        for (cycle, text) in instants(self.start, self.cycles, (right - left) / 84.0) {
            let x = left + (right - left) * cycle as f64 / self.cycles.max(1) as f64;
            let half = text.chars().count() as f64 * LETTER / 2.0;
            svg.line((x, bottom), (x, bottom + 4.0), "base");
            let x = x.clamp(half, (width - half).max(half));
            svg.text((x, bottom + 17.0), Anchor::Middle, "tick", &text);
        }
        svg
    }
}
