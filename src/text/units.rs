//! How numbers are written for people: `2.1 s`, `1,234`, `Mon 2026-01-05 20:00`.

use chrono::NaiveDateTime;

/// `2026-01-05T20:00:00`.
pub fn iso(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// `Mon 2026-01-05 20:00`.
pub fn day_and_hour(at: NaiveDateTime) -> String {
    at.format("%a %Y-%m-%d %H:%M").to_string()
}

/// Milliseconds as seconds.
pub fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// Milliseconds as `850 ms` or `2.1 s`.
pub fn duration(ms: f64) -> String {
    if ms < 999.5 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1000.0) }
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
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

/// `1,234`, from a hundred thousand on `123.4 k`, `1.2 M`, `3.4 G`.
pub fn short(number: u64) -> String {
    let scaled = |unit: f64, name: &str| format!("{:.1} {name}", number as f64 / unit);
    match number {
        0..100_000 => grouped(number),
        100_000..1_000_000 => scaled(1e3, "k"),
        1_000_000..1_000_000_000 => scaled(1e6, "M"),
        _ => scaled(1e9, "G"),
    }
}

/// Bytes as `84 MB` or `1.2 GB`.
pub fn bytes(bytes: u64) -> String {
    let mb = bytes as f64 / 1e6;
    if mb < 999.5 { format!("{mb:.0} MB") } else { format!("{:.1} GB", mb / 1e3) }
}

/// Seconds as `0:41`, `3:07:00` or `2 d 03:07`.
pub fn span(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3_600);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{rest:02}"),
        1..24 => format!("{hours}:{minutes:02}:{rest:02}"),
        _ => format!("{days} d {:02}:{minutes:02}", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands_and_short_times_are_milliseconds() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([99_999, 100_000, 31_000_000].map(short), ["99,999", "100.0 k", "31.0 M"]);
        assert_eq!([84_300_000, 1_200_000_000].map(bytes), ["84 MB", "1.2 GB"]);
        assert_eq!([41, 11_220, 184_020].map(span), ["0:41", "3:07:00", "2 d 03:07"]);
        assert_eq!([0.4, 999.0, 1_000.0].map(duration), ["0 ms", "999 ms", "1.0 s"]);
    }
}
