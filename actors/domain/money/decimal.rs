//! A number's digits as its text has them: nothing is rounded until somebody says where.

/// Places after the point to which numbers are counted.
pub(super) const PLACES: u32 = 12;

/// The number 0.d1d2d3... x 10^point, or below zero as much.
pub(super) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// Digits with at most one point, and an exponent as JSON allows it.
    pub(super) fn read(text: &str) -> Option<Self> {
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
        let digits = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
        let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
        Some(Self { negative, digits, point })
    }

    /// Whether nothing but zeros stands behind this many places.
    pub(super) fn fits(&self, places: u32) -> bool {
        let point = self.point + i64::from(places);
        let kept = usize::try_from(point).unwrap_or(0);
        self.digits.iter().skip(kept).all(|&digit| digit == 0)
    }

    /// The number in units of 10^-[`PLACES`], what lies behind left off downwards, so that it is
    /// rounded half up from there as from the whole; none where it is too large to count.
    pub(super) fn floored(&self) -> Option<i128> {
        let point = self.point + i64::from(PLACES);
        let mut value: i128 = 0;
        for place in 0..point.clamp(0, 40) {
            let digit = self.digits.get(usize::try_from(place).ok()?).copied().unwrap_or(0);
            value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
        }
        if point > 40 && self.digits.iter().any(|&d| d != 0) {
            return None;
        }
        if !self.negative {
            return Some(value);
        }
        value.checked_add(i128::from(!self.fits(PLACES)))?.checked_neg()
    }
}
