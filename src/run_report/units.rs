//! How numbers are written for people: `2.1 s`, `1,234`, `Mon 2026-01-05 20:00`.

use chrono::NaiveDateTime;

/// `2026-01-05T20:00:00`.
pub(crate) fn iso(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// `Mon 2026-01-05 20:00`.
pub(crate) fn day_and_hour(at: NaiveDateTime) -> String {
    at.format("%a %Y-%m-%d %H:%M").to_string()
}

/// Milliseconds as seconds.
pub(crate) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// Milliseconds as `850 ms` or `2.1 s`.
pub(crate) fn duration(ms: f64) -> String {
    if ms < 999.5 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1000.0) }
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands_and_short_times_are_milliseconds() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.4, 999.0, 1_000.0].map(duration), ["0 ms", "999 ms", "1.0 s"]);
    }
}
