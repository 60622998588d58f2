//! An amount as a shop gave it: the cents that are reckoned with, and what the shop wrote.
//!
//! The text is what tells a shop that rounds each amount by itself from one whose books are wrong.

use serde::{Deserialize, Serialize};

use super::decimal::{Decimal, PLACES};
use super::{Cents, MoneyError};

/// Digits after the point that the currency has.
const CURRENCY_PLACES: u32 = 2;
/// Characters of a text that are kept as they are; a longer one is kept to [`PLACES`] places.
const TEXT_CHARS_MAX: usize = 64;
/// Between texts of amounts that were added up.
const PLUS: &str = " + ";

/// An amount of money, and the shop's own text of it where the shop said it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Rounded half up, once.
    pub cents: Cents,
    /// As the shop wrote it, in units of the currency (`899` cents are `899e-2`); several amounts
    /// added up stand with ` + ` between them.
    #[serde(default)]
    pub text: Option<String>,
}

impl From<Cents> for Amount {
    /// One that no shop said: it was reckoned here.
    fn from(cents: Cents) -> Self {
        Self { cents, text: None }
    }
}

impl Amount {
    /// One that was reckoned here from what a shop said; never below zero.
    pub fn reckoned(exact: Exact) -> Self {
        exact.rounded().unwrap_or(Cents(i64::MAX)).at_least_zero().into()
    }

    /// What the shop wrote.
    pub fn read(text: &str) -> Result<Self, MoneyError> {
        let exact = Exact::one(text).ok_or_else(|| MoneyError::of(text))?;
        let cents = exact.rounded().ok_or_else(|| MoneyError::of(text))?;
        let text = match text.len() {
            0..=TEXT_CHARS_MAX => text.to_owned(),
            _ => exact.to_string(),
        };
        Ok(Self { cents, text: Some(text) })
    }

    /// The same without its sign, which the text keeps; none where it says no amount.
    pub fn magnitude(self) -> Option<Self> {
        let cents = match &self.text {
            Some(text) => Exact::read(text)?.magnitude().rounded()?,
            None => Cents(self.cents.0.checked_abs()?),
        };
        Some(Self { cents, ..self })
    }

    /// Whether it is anything at all, be it less than a cent.
    pub fn is_something(&self) -> bool {
        let exact = self.text.as_deref().and_then(Exact::read);
        exact.map_or(self.cents != Cents::ZERO, |exact| exact.value != 0)
    }

    /// To as many places as the shop said it.
    pub fn exact(&self) -> Exact {
        let said = self.text.as_deref().and_then(Exact::read);
        said.unwrap_or(Exact::cents(self.cents))
    }

    /// All of them together, rounded once; none where they are too much to count.
    pub fn sum(parts: &[Self]) -> Option<Self> {
        match parts {
            [] => Some(Self::default()),
            [one] => Some(one.clone()),
            parts => {
                let texts: Option<Vec<&str>> = parts.iter().map(|p| p.text.as_deref()).collect();
                let Some(texts) = texts else {
                    return Some(parts.iter().map(|part| part.cents).sum::<Cents>().into());
                };
                let text = texts.join(PLUS);
                let cents = Exact::read(&text)?.rounded()?;
                Some(Self { cents, text: Some(text) })
            }
        }
    }
}

/// A shop's text of an amount, to as many places as it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    /// In units of 10^-12 of the currency.
    pub value: i128,
    /// Whether the text has more digits than the currency.
    pub unrounded: bool,
}

impl Exact {
    /// One cent.
    pub const CENT: i128 = 10_i128.pow(PLACES - CURRENCY_PLACES);

    /// What [`Amount::text`] says; none where that is no amount.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(PLUS).map(Self::one);
        let first = parts.next()??;
        parts.try_fold(first, |sum, part| {
            let part = part?;
            let value = sum.value.checked_add(part.value)?;
            Some(Self { value, unrounded: sum.unrounded || part.unrounded })
        })
    }

    /// One number.
    pub(super) fn one(text: &str) -> Option<Self> {
        let decimal = Decimal::read(text)?;
        Some(Self { value: decimal.floored()?, unrounded: !decimal.fits(CURRENCY_PLACES) })
    }

    /// Whole cents, which are exact.
    pub fn cents(cents: Cents) -> Self {
        Self { value: i128::from(cents.0) * Self::CENT, unrounded: false }
    }

    /// Without its sign.
    pub fn magnitude(self) -> Self {
        Self { value: self.value.saturating_abs(), ..self }
    }

    /// Both together; saturating, as what follows, so that a hostile number cannot panic.
    pub fn plus(self, other: Self) -> Self {
        let value = self.value.saturating_add(other.value);
        Self { value, unrounded: self.unrounded || other.unrounded }
    }

    /// The first without the second.
    pub fn minus(self, other: Self) -> Self {
        let value = self.value.saturating_sub(other.value);
        Self { value, unrounded: self.unrounded || other.unrounded }
    }

    /// So many of it.
    pub fn times(self, quantity: i32) -> Self {
        Self { value: self.value.saturating_mul(i128::from(quantity)), ..self }
    }

    /// One of so many parts; of none itself.
    pub fn over(self, parts: u32) -> Self {
        Self { value: self.value / i128::from(parts.max(1)), unrounded: true }
    }

    /// Rounded half up to the cent.
    pub fn rounded(self) -> Option<Cents> {
        let half_up = self.value.checked_add(Self::CENT / 2)?.div_euclid(Self::CENT);
        i64::try_from(half_up).ok().map(Cents)
    }
}

impl std::fmt::Display for Exact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = Self::CENT * 100;
        let sign = if self.value < 0 { "-" } else { "" };
        let (whole, rest) = (self.value.abs() / unit, self.value.abs() % unit);
        write!(f, "{sign}{whole}.{rest:012}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_more_digits_than_the_currency_is_unrounded_and_trailing_zeros_are_none() {
        for (text, cents, unrounded) in [
            ("249.5", 24_950, false),
            ("249.50000", 24_950, false),
            ("2.495", 250, true),
            ("11.485", 1_149, true),
            ("1.1485e3", 114_850, false),
            ("1.1485e1", 1_149, true),
            ("899e-2", 899, false),
            ("89950e-4", 900, true),
            ("0e-9", 0, false),
            ("1E+2", 10_000, false),
            ("-2.5", -250, false),
            ("-0.005", 0, true),
            ("-0.0050000000000001", -1, true),
            ("8.9949999999999999999999", 899, true),
            ("4.99 + 0.355", 535, true),
            ("4.99 + 0.35", 534, false),
        ] {
            let exact = Exact::read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(exact.rounded(), Some(Cents(cents)), "{text}");
            assert_eq!(exact.unrounded, unrounded, "{text}");
        }
        for text in ["", "x", "1.2.3", "1 + ", "NaN", "1e999"] {
            assert_eq!(Exact::read(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_written_is_kept_as_it_was_unless_it_is_endless() {
        let amount = Amount::read("1.1485e1").unwrap();
        assert_eq!((amount.cents, amount.text.as_deref()), (Cents(1_149), Some("1.1485e1")));
        let endless = format!("8.99{}1", "0".repeat(500));
        let cut = Amount::read(&endless).unwrap();
        assert_eq!((cut.cents, cut.text.as_deref()), (Cents(899), Some("8.990000000000")));
        assert!(Amount::read("1 + 2").is_err(), "a shop says one number");
        let large = "99999999999999999999";
        assert!(Amount::read(large).is_err(), "more cents than can be counted");
        assert_eq!(Amount::from(Cents(5)).text, None);
    }

    #[test]
    fn a_discount_below_zero_takes_off_as_much() {
        for (text, cents) in [("-2.495", 250), ("2.495", 250), ("-0", 0), ("-0.005", 1)] {
            let amount = Amount::read(text).unwrap().magnitude().unwrap();
            assert_eq!((amount.cents, amount.text.as_deref()), (Cents(cents), Some(text)));
        }
        assert_eq!(Amount::from(Cents(-7)).magnitude(), Some(Cents(7).into()));
        assert_eq!(Amount::from(Cents(i64::MIN)).magnitude(), None);
    }

    #[test]
    fn charges_are_added_before_they_are_rounded() {
        let parts = ["0.004", "0.004", "0.004"].map(|text| Amount::read(text).unwrap());
        let sum = Amount::sum(&parts).unwrap();
        assert_eq!(sum.cents, Cents(1));
        assert_eq!(sum.text.as_deref(), Some("0.004 + 0.004 + 0.004"));
        assert_eq!(Amount::sum(&[]).unwrap(), Amount::default());
        assert_eq!(Amount::sum(&parts[..1]).unwrap(), parts[0]);
        let unsaid = [parts[0].clone(), Cents(7).into()];
        assert_eq!(Amount::sum(&unsaid).unwrap(), Cents(7).into());
    }
}
