//! Numbers in words: `1,234`, `12.3 %`, `45.60`, `0.4 ms`.

use domain::money::Cents;

pub(super) use text::units::{day_and_hour, grouped};

/// What stands where nothing is known.
pub const NOTHING: &str = "-";

/// A part of a whole.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent.abs() {
        p if p > 0.0 && p < 0.1 => format!("{percent:.2} %"),
        p if p < 100.0 => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}

/// A tick of a share: without the digit that all of them lack.
pub fn percent_tick(share: f64) -> String {
    let percent = share * 100.0;
    let is_whole = (percent - percent.round()).abs() < 1e-6;
    if is_whole { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

/// A share that may be of nothing.
pub fn percent_of(share: Option<f64>) -> String {
    share.map_or(NOTHING.to_owned(), percent)
}

/// A count as a tick.
pub fn count_tick(count: f64) -> String {
    match count {
        c if c >= 1e6 => format!("{} M", short(c / 1e6)),
        c if c >= 1e4 => format!("{} k", short(c / 1e3)),
        c if c >= 1e3 => grouped_number(c),
        c => short(c),
    }
}

/// A number of any size, one digit after the point below a thousand.
pub fn grouped_number(number: f64) -> String {
    if number >= 1e3 {
        grouped(number.round() as u64)
    } else {
        short((number * 10.0).round() / 10.0)
    }
}

/// Without digits it does not need.
fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A chance: what is under a thousandth is told as that.
pub fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// Two digits after the point, or nothing known.
pub fn number_of(number: Option<f64>) -> String {
    number.map_or(NOTHING.to_owned(), |number| format!("{number:.2}"))
}

/// Money with its thousands apart.
pub fn money(cents: i64) -> String {
    let text = Cents(cents).to_string();
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, rest) = text.split_once('.').unwrap_or((text, "00"));
    format!("{sign}{}.{rest}", grouped(whole.parse().unwrap_or(0)))
}

/// Money without its cents once they say nothing.
pub fn whole_money(cents: i64) -> String {
    if cents < 1_000_000 { money(cents) } else { grouped(cents.unsigned_abs() / 100) }
}

/// Money as a tick, in whole units.
pub fn money_tick(cents: f64) -> String {
    count_tick(cents / 100.0)
}

/// A mean amount.
pub fn money_of(cents: Option<f64>) -> String {
    cents.map_or(NOTHING.to_owned(), |cents| money(rounded(cents)))
}

/// To the nearest cent.
pub fn rounded(cents: f64) -> i64 {
    // Saturates, and NaN is 0.
    cents.round() as i64
}

/// Milliseconds, as exact as they are short.
pub fn ms(ms: f64) -> String {
    match ms {
        ms if ms >= 10_000.0 => format!("{} s", short((ms / 100.0).round() / 10.0)),
        ms if ms >= 1_000.0 => format!("{} s", short((ms / 10.0).round() / 100.0)),
        ms if ms >= 10.0 => format!("{ms:.0} ms"),
        ms => format!("{} ms", short(ms)),
    }
}

/// Milliseconds, or nothing known.
pub fn ms_of(time: Option<f64>) -> String {
    time.map_or(NOTHING.to_owned(), ms)
}

/// Simulated days and hours.
pub fn days(hours: u32) -> String {
    let (days, rest) = (hours / 24, hours % 24);
    let plural = |n: u32, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    match (days, rest) {
        (0, rest) => plural(rest, "hour"),
        (days, 0) => plural(days, "day"),
        (days, rest) => format!("{} and {}", plural(days, "day"), plural(rest, "hour")),
    }
}

/// `n things`, `1 thing`.
pub fn plural(n: u64, word: &str) -> String {
    format!("{} {word}{}", grouped(n), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_need_to_be() {
        assert_eq!([0.0, 0.0004, 0.1234, 1.0].map(percent), ["0.0 %", "0.04 %", "12.3 %", "100 %"]);
        assert_eq!([0.05, 0.025, 0.1].map(percent_tick), ["5 %", "2.5 %", "10 %"]);
        assert_eq!([0.05, 5e3, 12_500.0, 2e6].map(count_tick), ["0.05", "5,000", "12.5 k", "2 M"]);
        assert_eq!([0.0, 12.34, 4_114.5].map(grouped_number), ["0", "12.3", "4,115"]);
        assert_eq!([0, 123_456_789, -5].map(money), ["0.00", "1,234,567.89", "-0.05"]);
        assert_eq!(
            [0.0, 0.000_99, 0.001, 0.5].map(p_value),
            ["< 0.001", "< 0.001", "0.001", "0.500"]
        );
        assert_eq!([0.4, 12.4, 1_240.0, 75_000.0].map(ms), ["0.4 ms", "12 ms", "1.24 s", "75 s"]);
        assert_eq!([0, 1, 24, 49].map(days), ["0 hours", "1 hour", "1 day", "2 days and 1 hour"]);
    }
}
