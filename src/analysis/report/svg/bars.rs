//! Bars side by side, with what they are compared to as a line above them.

use super::{Anchor, Axis, LETTER, Picture, Svg};

/// Height of the plot.
const PLOT: f64 = 150.0;
/// Width of a bar at most: a few wide blocks are no picture.
const BAR_MAX: f64 = 72.0;

/// Bars with a name each.
pub struct Bars<'a> {
    /// Below the bars.
    pub labels: Vec<String>,
    /// Their heights; none where nothing is known.
    pub values: Vec<Option<f64>>,
    /// What they are compared to: its name and a value for each bar.
    pub reference: Option<(&'a str, Vec<f64>)>,
    /// What the bars are.
    pub name: &'a str,
    /// A value in words.
    pub words: fn(f64) -> String,
}

impl Picture for Bars<'_> {
    fn draw(&self, width: f64) -> Svg {
        let references = self.reference.iter().flat_map(|(_, values)| values.iter().copied());
        let greatest = self.values.iter().flatten().copied().chain(references).fold(0.0, f64::max);
        let axis = Axis::linear(greatest);
        // The key tells how far down the plot begins.
        let mut svg = Svg::new(width, 0.0);
        let top = match &self.reference {
            Some((name, _)) => svg.key(&[("run", self.name), ("reference", name)]),
            None => svg.key(&[("run", self.name)]),
        };
        let bottom = top + PLOT;
        svg.grow_to(bottom + 22.0);
        let ticks: Vec<(f64, String)> =
            axis.ticks().into_iter().map(|tick| (tick, (self.words)(tick))).collect();
        let widest = ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
        let left = widest as f64 * LETTER + 8.0;
        for (tick, text) in &ticks {
            let y = bottom - axis.place(*tick) * PLOT;
            svg.line((left, y), (width, y), if *tick == 0.0 { "base" } else { "grid" });
            svg.text((left - 6.0, y + 4.0), Anchor::End, "tick", text);
        }
        let step = (width - left) / self.values.len().max(1) as f64;
        let gap = if step > 6.0 { (step * 0.18).min(10.0).max(step - BAR_MAX) } else { 0.0 };
        let letters = self.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let every = ((letters as f64 + 1.5) * LETTER / step).ceil().max(1.0);
        for (at, value) in self.values.iter().enumerate() {
            let x = left + step * at as f64;
            if let Some(value) = value {
                let height = axis.place(*value) * PLOT;
                svg.rect((x + gap / 2.0, bottom - height), (step - gap, height), "run");
            }
            if (at as f64 % every) < 0.5 {
                let label = self.labels.get(at).map_or("", String::as_str);
                svg.text((x + step / 2.0, bottom + 16.0), Anchor::Middle, "tick", label);
            }
        }
        if let Some((_, values)) = &self.reference {
            let points = values.iter().enumerate().map(|(at, value)| {
                Some((left + step * (at as f64 + 0.5), bottom - axis.place(*value) * PLOT))
            });
            let points: Vec<_> = points.collect();
            svg.path(points.iter().copied(), "reference");
            for point in points.into_iter().flatten() {
                svg.circle(point, 2.2, "reference");
            }
        }
        svg
    }
}
