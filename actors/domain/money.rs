//! Money is whole cents. A price is read from its text, never from a float.
//!
//! Shops answer unrounded numbers (`8.9925`); each is rounded half up to the cent once, here.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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
        parse_hundredths(text)
            .map(Self)
            .ok_or_else(|| MoneyError { text: text.chars().take(40).collect() })
    }
}

impl FromStr for Percent {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        parse_hundredths(text)
            .map(Self)
            .ok_or_else(|| MoneyError { text: text.chars().take(40).collect() })
    }
}

/// The number in `text` times 100, rounded half up; exponents as JSON allows them.
fn parse_hundredths(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits_only = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits_only(whole) || !digits_only(fraction) {
        return None;
    }
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
    let point = i64::try_from(whole.len()).ok()? + i64::from(exponent) + 2;
    let mut value: i64 = 0;
    for place in 0..point.clamp(0, 40) {
        let digit = digits.get(usize::try_from(place).ok()?).copied().unwrap_or(0);
        value = value.checked_mul(10)?.checked_add(i64::from(digit))?;
    }
    if point > 40 && digits.iter().any(|&d| d != 0) {
        return None;
    }
    // Half up is decided by the first digit after the cents: of -0.005 the half up is 0.
    let next = usize::try_from(point).ok().and_then(|p| digits.get(p)).copied().unwrap_or(0);
    if !negative {
        return value.checked_add(i64::from(next >= 5));
    }
    let rest_is_zero = usize::try_from(point + 1)
        .ok()
        .map(|p| digits.iter().skip(p).all(|&d| d == 0))
        .unwrap_or(false);
    let rounds_away = next > 5 || (next == 5 && !rest_is_zero);
    value.checked_add(i64::from(rounds_away))?.checked_neg()
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
        for text in ["", ".5", "1,5", "NaN", "1e999", "99999999999999999999", "--1", "1.2.3"] {
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
