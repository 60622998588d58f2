//! Where a value should lie: both ends included, written `[62, 78]`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text names no band or no dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed: {0}")]
pub struct NotAllowed(
    /// What is allowed.
    pub &'static str,
);

/// Both ends included, in the unit of what is measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct Band {
    /// Least.
    pub min: f64,
    /// Most.
    pub max: f64,
}

impl Band {
    /// What a band may be.
    pub const ALLOWED: &'static str = "two numbers, the first below the second: [62, 78]";

    /// A band.
    pub const fn new(min: f64, max: f64) -> Self {
        Self { min, max }
    }

    /// Whether a value can lie in it.
    pub fn is_possible(&self) -> bool {
        self.min.is_finite() && self.min < self.max && self.max.is_finite()
    }

    /// Whether the value lies in it.
    pub fn contains(&self, value: f64) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// The sampling error up to which a value can be judged: half of the band, and all of it where
    /// it begins at 0, which nothing of its kind lies below.
    pub fn error_max(&self) -> f64 {
        let width = self.max - self.min;
        if self.min == 0.0 { width } else { width / 2.0 }
    }
}

impl TryFrom<Vec<f64>> for Band {
    type Error = NotAllowed;

    fn try_from(ends: Vec<f64>) -> Result<Self, NotAllowed> {
        match ends.as_slice() {
            [min, max] => Ok(Self::new(*min, *max)),
            _ => Err(NotAllowed(Self::ALLOWED)),
        }
    }
}

impl From<Band> for Vec<f64> {
    fn from(band: Band) -> Self {
        vec![band.min, band.max]
    }
}

impl FromStr for Band {
    type Err = NotAllowed;

    fn from_str(text: &str) -> Result<Self, NotAllowed> {
        let ends: Result<Vec<f64>, _> = text.split(',').map(|end| end.trim().parse()).collect();
        ends.map_err(|_| NotAllowed(Self::ALLOWED))?.try_into()
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.min < 0.0 { " to " } else { "-" };
        write!(f, "{}{between}{}", self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_belong_to_a_band() {
        let band = Band::new(62.0, 78.0);
        assert!(band.contains(62.0) && band.contains(78.0));
        assert!(!band.contains(61.999) && !band.contains(78.001) && !band.contains(f64::NAN));
    }

    #[test]
    fn a_band_is_two_rising_numbers() {
        assert_eq!("62, 78".parse(), Ok(Band::new(62.0, 78.0)));
        for text in ["", "62", "1,2,3", "a,b"] {
            assert!(text.parse::<Band>().is_err(), "{text}");
        }
        for (min, max) in [(2.0, 1.0), (1.0, 1.0), (-0.4, -0.7), (0.0, f64::INFINITY)] {
            assert!(!Band::new(min, max).is_possible(), "{min} {max}");
        }
        assert!(!Band::new(f64::NAN, 1.0).is_possible());
        assert!(!Band::new(f64::NEG_INFINITY, 1.0).is_possible());
    }

    #[test]
    fn a_band_may_lie_below_zero() {
        let band: Band = "-0.75, -0.45".parse().unwrap();
        assert!(band.is_possible() && band.contains(-0.75) && !band.contains(-0.44));
        assert!((band.error_max() - 0.15).abs() < 1e-9);
        assert_eq!(band.to_string(), "-0.75 to -0.45");
        assert!((Band::new(0.0, 4.0).error_max() - 4.0).abs() < 1e-9);
    }
}
