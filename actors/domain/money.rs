//! Money is whole cents. A price is read from its text, never from a float.
//!
//! Shops answer unrounded numbers (`8.9925`); each is rounded half up to the cent once, here.

mod amount;
mod decimal;

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::amount::{Amount, Exact};

/// An amount of money, in cents (USD unless the shop says otherwise).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Cents(pub i64);

/// Why a text is no amount of money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an amount of money: write digits with at most one point, as 12.50")]
pub struct MoneyError {
    /// The text, cut to 40 characters.
    pub text: String,
}

impl MoneyError {
    fn of(text: &str) -> Self {
        Self { text: text.chars().take(40).collect() }
    }
}

impl Cents {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// This amount times `quantity`; saturating, so that a hostile quantity cannot panic.
    pub fn times(self, quantity: u32) -> Self {
        Self(self.0.saturating_mul(i64::from(quantity)))
    }

    /// `percent` hundredths of this amount, rounded half up (towards plus infinity at .5).
    pub fn percent(self, percent: Percent) -> Self {
        let scaled = i128::from(self.0) * i128::from(percent.0);
        let rounded = (scaled + 5_000).div_euclid(10_000);
        Self(i64::try_from(rounded).unwrap_or(i64::MAX))
    }

    /// This amount, but never below zero.
    pub fn at_least_zero(self) -> Self {
        self.max(Self::ZERO)
    }

    /// The amount in dollars, for formulas; never for sums.
    pub fn as_dollars(self) -> f64 {
        self.0 as f64 / 100.0
    }
}

/// A percentage in hundredths of a percent: 12.5 % is `Percent(1250)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Percent(pub i64);

impl FromStr for Cents {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        hundredths(text).map(Self)
    }
}

impl FromStr for Percent {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        hundredths(text).map(Self)
    }
}

/// The number in `text` times 100, rounded half up.
fn hundredths(text: &str) -> Result<i64, MoneyError> {
    let exact = Exact::one(text).and_then(Exact::rounded);
    exact.map(|cents| cents.0).ok_or_else(|| MoneyError::of(text))
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

impl Add for Cents {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Cents {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Cents {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Cents {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Cents {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_rounded_half_up_from_its_text() {
        for (text, cents) in [
            ("8.9925", 899),
            ("0", 0),
            ("8.995", 900),
            ("8.9949999999999999999999", 899),
            ("12", 1200),
            ("1.5e1", 1500),
            ("125e-3", 13),
            ("-0.005", 0),
            ("-0.006", -1),
            ("-0.0051", -1),
            ("4e-9", 0),
        ] {
            assert_eq!(text.parse::<Cents>(), Ok(Cents(cents)), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in
            ["", ".5", "1,5", "NaN", "1e999", "99999999999999999999", "--1", "1.2.3", "1 + 2"]
        {
            assert!(text.parse::<Cents>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_percentage_is_rounded_half_up() {
        assert_eq!(Cents(1050).percent(Percent(500)), Cents(53));
        assert_eq!(Cents(1049).percent(Percent(500)), Cents(52));
        assert_eq!(Cents(-1050).percent(Percent(500)), Cents(-52));
    }
}
