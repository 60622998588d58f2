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
    /// The bar that stands out, and why.
    pub marked: Option<(usize, &'a str)>,
    /// What the bars are.
    pub name: &'a str,
    /// A value in words.
    pub words: fn(f64) -> String,
}

impl Bars<'_> {
    /// The bars whose labels have room, at this width of a bar; an empty label is none.
    fn named(&self, step: f64) -> Vec<usize> {
        let labels = self.labels.iter().enumerate().filter(|(_, label)| !label.is_empty());
        let named: Vec<usize> = labels.map(|(at, _)| at).collect();
        let letters = self.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let apart = named.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(1);
        let room = step * apart as f64;
        let every = ((letters as f64 + 1.5) * LETTER / room).ceil().max(1.0) as usize;
        named.into_iter().step_by(every).collect()
    }
}

impl Picture for Bars<'_> {
    fn draw(&self, width: f64) -> Svg {
        let references = self.reference.iter().flat_map(|(_, values)| values.iter().copied());
        let greatest = self.values.iter().flatten().copied().chain(references).fold(0.0, f64::max);
        let axis = Axis::linear(greatest);
        // The key tells how far down the plot begins.
        let mut svg = Svg::new(width, 0.0);
        let other = self.reference.as_ref().map(|(name, _)| *name);
        let other = other.or(self.marked.map(|(_, name)| name));
        let top = match other {
            Some(name) => svg.key(&[("run", self.name), ("reference", name)]),
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
        let named = self.named(step);
        for (at, value) in self.values.iter().enumerate() {
            let x = left + step * at as f64;
            if let Some(value) = value {
                let height = axis.place(*value) * PLOT;
                let is_marked = self.marked.is_some_and(|(marked, _)| marked == at);
                let class = if is_marked { "reference" } else { "run" };
                svg.rect((x + gap / 2.0, bottom - height), (step - gap, height), class);
            }
            if let Some(label) = named.contains(&at).then(|| self.labels[at].as_str()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_that_were_given_as_far_as_they_have_room() {
        let bars = |labels: Vec<String>| Bars {
            values: vec![Some(1.0); labels.len()],
            labels,
            reference: None,
            marked: None,
            name: "",
            words: |value| value.to_string(),
        };
        let all = bars((0..10).map(|n| n.to_string()).collect());
        assert_eq!(all.named(20.0).len(), 10);
        assert_eq!(all.named(10.0), [0, 2, 4, 6, 8]);
        let week = |day: usize| if day % 7 == 3 { "12 Jan".to_owned() } else { String::new() };
        let days = bars((0..62).map(week).collect());
        assert_eq!(days.named(16.0), [3, 10, 17, 24, 31, 38, 45, 52, 59]);
        assert_eq!(days.named(5.0), [3, 17, 31, 45, 59]);
    }
}
