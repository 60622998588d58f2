//! One place in an answer, and typed reading from it. No value is echoed in an error: it may be
//! anything; the field's name is enough to find it. What came is kept beside it, cut and without
//! secrets, for what is said of an item that was left out.
//!
//! A NUL is a character that PostgreSQL keeps nowhere: in a text it is replaced, an id that has one
//! is none.

use domain::money::{Amount, Cents, Percent};
use serde_json::Value;
use text::redaction::Redactor;

use super::{Fault, Unparsable};
use crate::shop_api::profile::{Around, Field, Found, Money, MoneyUnit, Template};

const NUL: char = '\0';
const REPLACEMENT: &str = "\u{fffd}";
/// Characters of a value that are shown.
const SHOWN_CHARS: usize = 60;
/// Digits of the largest whole number.
const WHOLE_DIGITS_MAX: usize = 20;

/// A place: the answer itself, or an item of a list in it.
#[derive(Clone, Copy)]
pub(super) struct At<'v> {
    value: &'v Value,
    /// What else is known of the answer.
    around: &'v dyn Around,
    /// The list and the index, for messages.
    item: Option<(&'v Field, usize)>,
    money: Money,
}

impl<'v> At<'v> {
    pub(super) fn root(value: &'v Value, money: Money, around: &'v dyn Around) -> Self {
        Self { value, around, item: None, money }
    }

    /// Item `index` of `list`.
    pub(super) fn item(self, list: &'v Field, index: usize, value: &'v Value) -> Self {
        Self { value, item: Some((list, index)), ..self }
    }

    /// What is in `field`, as a place of its own.
    pub(super) fn inside(self, field: &'v Field) -> Result<Self, Unparsable> {
        match field.find(self.value, self.around) {
            Some(Found::Value(value)) => Ok(Self { value, ..self }),
            Some(Found::Text(_)) | None => Err(self.missing(field)),
        }
    }

    /// Each item of the list in `field`, read by `read`.
    pub(super) fn each<T>(
        self,
        field: &'v Field,
        mut read: impl FnMut(At<'v>) -> Result<T, Unparsable>,
    ) -> Result<Vec<T>, Unparsable> {
        let items = self.list(field)?.iter().enumerate();
        items.map(|(index, value)| read(self.item(field, index, value))).collect()
    }

    /// What there is, in a word.
    pub(super) fn kind(self, field: &'v Field) -> &'static str {
        match field.find(self.value, self.around) {
            None | Some(Found::Value(Value::Null)) => "nothing",
            Some(Found::Text(_)) => "a text",
            Some(Found::Value(Value::Bool(_))) => "a yes or no",
            Some(Found::Value(Value::Number(_))) => "a number",
            Some(Found::Value(Value::String(text))) if text.is_empty() => "an empty text",
            Some(Found::Value(Value::String(_))) => "a text",
            Some(Found::Value(Value::Array(_))) => "a list",
            Some(Found::Value(Value::Object(_))) => "an object",
        }
    }

    /// Whether there is anything.
    pub(super) fn is_there(self, field: &'v Field) -> bool {
        field.find(self.value, self.around).is_some()
    }

    pub(super) fn list(self, field: &'v Field) -> Result<&'v [Value], Unparsable> {
        match field.find(self.value, self.around) {
            Some(Found::Value(Value::Array(items))) => Ok(items),
            Some(Found::Value(_) | Found::Text(_)) => Err(self.unfit(field, Fault::NoList)),
            None => Err(self.missing(field)),
        }
    }

    /// An id, exactly as received; a number's text where it is one.
    pub(super) fn id(self, field: &'v Field) -> Result<String, Unparsable> {
        let id = self.raw_text(field)?.ok_or_else(|| self.missing(field))?;
        match id {
            _ if id.is_empty() => Err(self.unfit(field, Fault::Empty)),
            _ if id.contains(NUL) => Err(self.unfit(field, Fault::Nul)),
            id => Ok(id),
        }
    }

    pub(super) fn text(self, field: &'v Field) -> Result<String, Unparsable> {
        self.optional_text(field)?.ok_or_else(|| self.missing(field))
    }

    /// A text, or a number's text, without a NUL.
    pub(super) fn optional_text(self, field: &'v Field) -> Result<Option<String>, Unparsable> {
        let replaced = |text: String| match text.contains(NUL) {
            true => text.replace(NUL, REPLACEMENT),
            false => text,
        };
        Ok(self.raw_text(field)?.map(replaced))
    }

    fn raw_text(self, field: &'v Field) -> Result<Option<String>, Unparsable> {
        match field.find(self.value, self.around) {
            Some(Found::Value(Value::String(text))) => Ok(Some(text.clone())),
            Some(Found::Value(Value::Number(number))) => Ok(Some(number.to_string())),
            Some(Found::Text(text)) => Ok(Some(text.into_owned())),
            Some(Found::Value(_)) => Err(self.unfit(field, Fault::NoText)),
            None => Ok(None),
        }
    }

    /// An amount of money that is not below zero, rounded half up to the cent.
    pub(super) fn price(self, field: &'v Field) -> Result<Cents, Unparsable> {
        self.amount(field).map(|amount| amount.cents)
    }

    pub(super) fn optional_price(self, field: &'v Field) -> Result<Option<Cents>, Unparsable> {
        Ok(self.optional_amount(field)?.map(|amount| amount.cents))
    }

    /// The same with the shop's own text of it.
    pub(super) fn amount(self, field: &'v Field) -> Result<Amount, Unparsable> {
        self.optional_amount(field)?.ok_or_else(|| self.missing(field))
    }

    pub(super) fn optional_amount(self, field: &'v Field) -> Result<Option<Amount>, Unparsable> {
        match self.signed_amount(field)? {
            Some(amount) if amount.cents < Cents::ZERO => Err(self.unfit(field, Fault::BelowZero)),
            amount => Ok(amount),
        }
    }

    /// What is taken off: some shops write it below zero.
    pub(super) fn discount(self, field: &'v Field) -> Result<Amount, Unparsable> {
        let amount = self.signed_amount(field)?.ok_or_else(|| self.missing(field))?;
        amount.magnitude().ok_or_else(|| self.unfit(field, Fault::NoMoney))
    }

    fn signed_amount(self, field: &'v Field) -> Result<Option<Amount>, Unparsable> {
        let Some(text) = self.optional_text(field)? else { return Ok(None) };
        let amount = match self.money.unit {
            MoneyUnit::Units => Amount::read(&text).ok(),
            MoneyUnit::Minor => {
                let text = behind_the_point(&text, self.money.digits);
                text.and_then(|text| Amount::read(&text).ok())
            }
        };
        amount.map(Some).ok_or_else(|| self.unfit(field, Fault::NoMoney))
    }

    /// A percentage that is not below zero.
    pub(super) fn percent(self, field: &'v Field) -> Result<Percent, Unparsable> {
        match self.text(field)?.parse::<Percent>() {
            Ok(percent) if percent >= Percent(0) => Ok(percent),
            Ok(_) => Err(self.unfit(field, Fault::BelowZero)),
            Err(_) => Err(self.unfit(field, Fault::NoPercentage)),
        }
    }

    /// Units of something.
    pub(super) fn units(self, field: &'v Field) -> Result<u32, Unparsable> {
        let units = self.optional_whole(field)?.ok_or_else(|| self.missing(field))?;
        u32::try_from(units).map_err(|_| self.unfit(field, Fault::TooMany))
    }

    /// A whole number; `3.0` and `3e0` are.
    pub(super) fn optional_whole(self, field: &'v Field) -> Result<Option<u64>, Unparsable> {
        let Some(text) = self.optional_text(field)? else { return Ok(None) };
        whole(&text).map(Some).ok_or_else(|| self.unfit(field, Fault::NotWhole))
    }

    /// A yes or no, also as text or as a number of units; `absent` where there is none.
    pub(super) fn flag_or(
        self,
        field: Option<&'v Field>,
        absent: bool,
    ) -> Result<bool, Unparsable> {
        let Some(field) = field else { return Ok(absent) };
        let unfit = || self.unfit(field, Fault::NeitherYesNorNo);
        match field.find(self.value, self.around) {
            None => Ok(absent),
            Some(Found::Value(Value::Bool(flag))) => Ok(*flag),
            Some(Found::Value(Value::Number(number))) => {
                number.as_f64().map(|units| units > 0.0).ok_or_else(unfit)
            }
            Some(Found::Value(Value::String(text))) => flag(text).ok_or_else(unfit),
            Some(Found::Text(text)) => flag(&text).ok_or_else(unfit),
            Some(Found::Value(_)) => Err(unfit()),
        }
    }

    /// Whether there is this word.
    pub(super) fn says(self, field: &'v Field, word: &Template) -> bool {
        field.says(self.value, self.around, word) == Some(true)
    }

    /// Something must be there, and not `false`.
    pub(super) fn require(self, field: &'v Field) -> Result<(), Unparsable> {
        match field.find(self.value, self.around) {
            None => Err(self.missing(field)),
            Some(Found::Value(Value::Bool(false))) => Err(self.unfit(field, Fault::IsFalse)),
            Some(Found::Value(_) | Found::Text(_)) => Ok(()),
        }
    }

    pub(super) fn missing(self, field: &'v Field) -> Unparsable {
        self.unfit(field, Fault::Missing)
    }

    pub(super) fn unfit(self, field: &'v Field, fault: Fault) -> Unparsable {
        let came = self.came(field);
        let field = match self.item {
            None => field.as_str().to_owned(),
            Some((list, index)) => format!("{}.{index}.{}", list.as_str(), field.as_str()),
        };
        Unparsable::field(field, fault, came)
    }

    /// What there is: the beginning of a number or text, else its kind.
    fn came(self, field: &'v Field) -> String {
        match field.find(self.value, self.around) {
            Some(Found::Value(Value::Number(number))) => beginning(&number.to_string()),
            Some(Found::Value(Value::String(text))) if !text.is_empty() => {
                format!("\"{}\"", beginning(text))
            }
            Some(Found::Value(Value::Bool(flag))) => flag.to_string(),
            Some(Found::Value(_) | Found::Text(_)) | None => self.kind(field).to_owned(),
        }
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

/// The beginning of what a shop wrote, as it may be shown.
pub(super) fn shown(text: &str) -> String {
    Redactor::default().detail(&beginning(text))
}

/// A yes or no in a text, or units: a value that was captured is one.
fn flag(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        number if number.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            number.parse::<f64>().ok().map(|units| units > 0.0)
        }
        _ => None,
    }
}

/// The number in `text`, where it is whole: digits, maybe a point, maybe an exponent.
fn whole(text: &str) -> Option<u64> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if integer.is_empty() || !integer.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = format!("{integer}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return exponent.parse::<i64>().ok().map(|_| 0);
    }
    // How many zeros follow the digits; below zero: so many digits lie behind the point.
    let zeros = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    match usize::try_from(zeros) {
        Ok(zeros) if zeros <= WHOLE_DIGITS_MAX => {
            format!("{digits}{}", "0".repeat(zeros)).parse().ok()
        }
        Ok(_) => None,
        Err(_) => {
            let behind = usize::try_from(zeros.checked_neg()?).ok()?;
            let (whole, rest) = digits.split_at_checked(digits.len().checked_sub(behind)?)?;
            rest.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok())?
        }
    }
}

/// The text of the number in `text` with so many of its digits behind the point.
fn behind_the_point(text: &str, digits: u8) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent = exponent.parse::<i32>().ok()?.checked_sub(digits.into())?;
    Some(format!("{mantissa}e{exponent}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_yes_or_no_or_units() {
        for (text, is) in [
            ("true", Some(true)),
            ("false", Some(false)),
            ("3", Some(true)),
            ("0", Some(false)),
            ("0.0", Some(false)),
            ("-2", Some(false)),
            ("1e6", Some(true)),
            ("", None),
            ("yes", None),
            ("inf", None),
            ("1,5", None),
        ] {
            assert_eq!(flag(text), is, "{text}");
        }
    }

    #[test]
    fn a_whole_number_may_have_a_point_and_an_exponent_and_nothing_behind_the_point() {
        for (text, number) in [
            ("3", Some(3)),
            ("3.0", Some(3)),
            ("1e0", Some(1)),
            ("1E2", Some(100)),
            ("1.5e1", Some(15)),
            ("0.3e1", Some(3)),
            ("30e-1", Some(3)),
            ("0e-99999999999", Some(0)),
            ("0.0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("1e19", Some(10_000_000_000_000_000_000)),
            ("1e20", None),
            ("1e999999999", None),
            ("3.5", None),
            ("35e-1", None),
            ("1e-1", None),
            ("-1", None),
            ("+1", None),
            ("", None),
            ("e1", None),
            (".", None),
            ("1e", None),
        ] {
            assert_eq!(whole(text), number, "{text}");
        }
    }
}
