//! Lines over simulated time, each named at its end.

use chrono::NaiveDateTime;

use super::scale::instants;
use super::{Anchor, Axis, LETTER, Picture, Svg};

/// Height of the plot.
const PLOT: f64 = 170.0;
/// Between two names at the lines' ends.
const NAME_GAP: f64 = 14.0;

/// One line.
pub struct Series<'a> {
    /// Its name.
    pub name: &'a str,
    /// The class of its colour.
    pub class: &'static str,
    /// Cycle and value, in order.
    pub points: Vec<(u64, Option<f64>)>,
}

/// Lines over simulated time.
pub struct Lines<'a> {
    /// The lines.
    pub series: Vec<Series<'a>>,
    /// Simulated begin of cycle 0.
    pub start: NaiveDateTime,
    /// Cycles of the time axis.
    pub cycles: u64,
    /// Up and down.
    pub axis: Axis,
    /// A value in words.
    pub words: fn(f64) -> String,
    /// A limit: its value and name.
    pub limit: Option<(f64, String)>,
    /// Cycles at which the run froze.
    pub frozen: Vec<u64>,
    /// Whether the space below the first line is filled.
    pub is_filled: bool,
}

impl Lines<'_> {
    fn x(&self, cycle: u64, (left, right): (f64, f64)) -> f64 {
        left + (right - left) * (cycle as f64 + 0.5) / self.cycles.max(1) as f64
    }

    /// Room for the names at the right.
    fn names_width(&self) -> f64 {
        let limit = self.limit.iter().map(|(_, name)| name.chars().count());
        let names = self.series.iter().map(|series| series.name.chars().count()).chain(limit);
        names.max().unwrap_or(0) as f64 * LETTER + 10.0
    }

    /// The space below a line, which has a value everywhere.
    fn fill(&self, svg: &mut Svg, points: &[Option<(f64, f64)>], bottom: f64) {
        let known = || points.iter().flatten().copied();
        let ends = known().next().zip(known().next_back());
        let Some((first, last)) = ends else { return };
        let corners = [Some((last.0, bottom)), Some((first.0, bottom))];
        svg.path(known().map(Some).chain(corners), "area");
    }

    fn draw_time(&self, svg: &mut Svg, sides: (f64, f64), (top, bottom): (f64, f64)) {
        let wanted = (sides.1 - sides.0) / 84.0;
        for (cycle, text) in instants(self.start, self.cycles, wanted) {
            let x = sides.0 + (sides.1 - sides.0) * cycle as f64 / self.cycles.max(1) as f64;
            svg.line((x, bottom), (x, bottom + 4.0), "base");
            // The last may not leave the picture.
            let half = text.chars().count() as f64 * LETTER / 2.0;
            let x = x.clamp(half, (svg.width - half).max(half));
            svg.text((x, bottom + 17.0), Anchor::Middle, "tick", &text);
        }
        for cycle in &self.frozen {
            let x = self.x(*cycle, sides);
            svg.line((x, top), (x, bottom), "frozen");
        }
        if let Some(first) = self.frozen.first() {
            let x = self.x(*first, sides);
            let (x, anchor) = match x > sides.1 - 50.0 {
                true => (x - 4.0, Anchor::End),
                false => (x + 4.0, Anchor::Start),
            };
            svg.text((x, top + 9.0), anchor, "label frozen-name", "frozen");
        }
    }
}

impl Picture for Lines<'_> {
    fn draw(&self, width: f64) -> Svg {
        let (top, bottom) = (10.0, 10.0 + PLOT);
        let mut svg = Svg::new(width, bottom + 24.0);
        let ticks: Vec<(f64, String)> =
            self.axis.ticks().into_iter().map(|tick| (tick, (self.words)(tick))).collect();
        let widest = ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
        let sides = (widest as f64 * LETTER + 8.0, width - self.names_width());
        let y = |value: f64| bottom - self.axis.place(value) * PLOT;
        for (at, (tick, text)) in ticks.iter().enumerate() {
            svg.line(
                (sides.0, y(*tick)),
                (sides.1, y(*tick)),
                ["grid", "base"][usize::from(at == 0)],
            );
            svg.text((sides.0 - 6.0, y(*tick) + 4.0), Anchor::End, "tick", text);
        }
        self.draw_time(&mut svg, sides, (top, bottom));
        let mut names: Vec<(f64, &str, &str)> = Vec::new();
        if let Some((value, name)) = &self.limit {
            svg.line((sides.0, y(*value)), (sides.1, y(*value)), "limit");
            names.push((y(*value), name, "limit-name"));
        }
        for (at, series) in self.series.iter().enumerate() {
            let points: Vec<_> = series
                .points
                .iter()
                .map(|(cycle, value)| value.map(|value| (self.x(*cycle, sides), y(value))))
                .collect();
            if at == 0 && self.is_filled {
                self.fill(&mut svg, &points, bottom);
            }
            let lonely = points.iter().flatten().count() == 1;
            if let Some(last) = points.iter().flatten().next_back() {
                names.push((last.1, series.name, series.class));
                if lonely {
                    svg.circle(*last, 2.5, series.class);
                }
            }
            svg.path(points, &format!("line {}", series.class));
        }
        // From the bottom up, each at least a line above the one before, none above the top.
        names.sort_by(|one, other| other.0.total_cmp(&one.0));
        let mut above = bottom + 4.0 + NAME_GAP;
        let room = names.len() as f64 * NAME_GAP;
        for (at, (place, name, class)) in names.into_iter().enumerate() {
            let least = top + room - NAME_GAP * (at as f64 + 1.0);
            above = (place + 4.0).max(least).min(above - NAME_GAP);
            svg.text((sides.1 + 6.0, above), Anchor::Start, &format!("label t-{class}"), name);
        }
        svg
    }
}
