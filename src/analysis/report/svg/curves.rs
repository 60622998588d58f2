//! Lines over anything that is not time: days since an order, a share of shoppers.

use super::scale::step_of;
use super::{Anchor, Axis, LETTER, Picture, Svg};

/// Height of the plot.
const PLOT: f64 = 170.0;

/// One line.
pub struct Curve {
    /// Its name, in the key.
    pub name: String,
    /// The class of its colour.
    pub class: &'static str,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
}

/// Lines over a number.
pub struct Curves {
    /// The lines.
    pub curves: Vec<Curve>,
    /// Where the picture ends at the right; it begins at 0.
    pub until: f64,
    /// From one named place to the next, at least.
    pub step_min: f64,
    /// Up and down.
    pub axis: Axis,
    /// A value in words.
    pub words: fn(f64) -> String,
    /// A place on the way from left to right in words.
    pub places: fn(f64) -> String,
}

impl Picture for Curves {
    fn draw(&self, width: f64) -> Svg {
        let mut svg = Svg::new(width, 0.0);
        let names: Vec<(&str, &str)> =
            self.curves.iter().map(|curve| (curve.class, curve.name.as_str())).collect();
        let top = svg.key(&names);
        let bottom = top + PLOT;
        svg.grow_to(bottom + 22.0);
        let ticks: Vec<(f64, String)> =
            self.axis.ticks().into_iter().map(|tick| (tick, (self.words)(tick))).collect();
        let widest = ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
        let left = widest as f64 * LETTER + 8.0;
        let y = |value: f64| bottom - self.axis.place(value) * PLOT;
        for (at, (tick, text)) in ticks.iter().enumerate() {
            svg.line((left, y(*tick)), (width, y(*tick)), ["grid", "base"][usize::from(at == 0)]);
            svg.text((left - 6.0, y(*tick) + 4.0), Anchor::End, "tick", text);
        }
        let until = if self.until > 0.0 { self.until } else { 1.0 };
        let x = |place: f64| left + (width - left) * place / until;
        let step = step_of(until, ((width - left) / 64.0).clamp(2.0, 10.0)).max(self.step_min);
        let mut place = 0.0;
        while place <= until * 1.001 {
            let text = (self.places)(place);
            let half = text.chars().count() as f64 * LETTER / 2.0;
            svg.line((x(place), bottom), (x(place), bottom + 4.0), "base");
            let at = x(place).min(width - half);
            svg.text((at, bottom + 17.0), Anchor::Middle, "tick", &text);
            place += step;
        }
        for curve in &self.curves {
            let points = curve.points.iter().map(|(place, value)| Some((x(*place), y(*value))));
            svg.path(points, &format!("line {}", curve.class));
            if let [only] = curve.points.as_slice() {
                svg.circle((x(only.0), y(only.1)), 2.5, curve.class);
            }
        }
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::svg::{Room, draw};

    #[test]
    fn a_curve_ends_at_the_right_and_has_few_ticks_on_a_phone() {
        let curves = Curves {
            curves: vec![Curve {
                name: "again".to_owned(),
                class: "run",
                points: vec![(0.0, 0.0), (1_095.0, 1.0)],
            }],
            until: 1_095.0,
            step_min: 1.0,
            axis: Axis::linear(1.0),
            words: |value| value.to_string(),
            places: |place| place.to_string(),
        };
        let svg = draw(&curves, Room::Half, ("c", "title", "says"));
        let (wide, narrow) = svg.split_at(svg.rfind("<svg").unwrap());
        assert!(wide.contains("L490.0 "), "{wide}");
        let ticks = |svg: &str| svg.matches("text-anchor=\"middle\"").count();
        assert!((3..=12).contains(&ticks(wide)), "{wide}");
        assert!((2..=6).contains(&ticks(narrow)), "{narrow}");
    }
}
