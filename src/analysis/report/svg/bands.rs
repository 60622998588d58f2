//! Values of different units, each against the band it should lie in.

use super::{Anchor, Picture, Svg};

/// From one to the next.
const ROW: f64 = 37.0;
/// The part of the width on either side of a band.
const SIDE: f64 = 1.0 / 3.0;

/// A value and its band.
pub struct Banded {
    /// What was measured.
    pub name: String,
    /// In words.
    pub words: String,
    /// The value; `None` where there is nothing to measure.
    pub value: Option<f64>,
    /// Half of its interval.
    pub error: f64,
    /// Least and most.
    pub band: (f64, f64),
    /// The class of its colour.
    pub class: &'static str,
}

/// Values against their bands.
pub struct Bands(
    /// From top to bottom.
    pub Vec<Banded>,
);

impl Banded {
    /// Where a value lies, the band in the middle third. A band from 0 on begins at the left.
    fn place(&self, value: f64) -> f64 {
        let (low, high) = self.band;
        let part = (value - low) / (high - low);
        let place = if low > 0.0 { SIDE + part * SIDE } else { part * 2.0 * SIDE };
        place.clamp(0.0, 1.0)
    }
}

impl Picture for Bands {
    fn draw(&self, width: f64) -> Svg {
        let mut svg = Svg::new(width, ROW * self.0.len() as f64);
        let x = |place: f64| 5.0 + (width - 10.0) * place;
        for (at, banded) in self.0.iter().enumerate() {
            let top = ROW * at as f64;
            let y = top + 23.5;
            svg.text((0.0, top + 13.0), Anchor::Start, "name", &banded.name);
            svg.text((width, top + 13.0), Anchor::End, "value", &banded.words);
            svg.rect((x(0.0), y - 3.0), (x(1.0) - x(0.0), 6.0), "rest");
            let (low, high) = (banded.place(banded.band.0), banded.place(banded.band.1));
            svg.rect((x(low), y - 3.0), (x(high) - x(low), 6.0), "band");
            let Some(value) = banded.value else { continue };
            let ends = (value - banded.error, value + banded.error);
            let (from, to) = (x(banded.place(ends.0)), x(banded.place(ends.1)));
            svg.line((from, y), (to, y), &format!("spread s-{}", banded.class));
            svg.circle((x(banded.place(value)), y), 4.5, banded.class);
        }
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_lies_in_the_middle_and_one_from_zero_at_the_left() {
        let banded = |band| Banded {
            name: String::new(),
            words: String::new(),
            value: None,
            error: 0.0,
            band,
            class: "run",
        };
        let (inner, first) = (banded((6.0, 10.0)), banded((0.0, 0.08)));
        let close = |place: f64, expected: f64| assert!((place - expected).abs() < 1e-9, "{place}");
        close(inner.place(6.0), 1.0 / 3.0);
        close(inner.place(8.0), 0.5);
        close(inner.place(99.0), 1.0);
        close(first.place(0.0), 0.0);
        close(first.place(0.08), 2.0 / 3.0);
    }
}
