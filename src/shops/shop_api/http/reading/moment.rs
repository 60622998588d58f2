//! Moments as shops write them, in UTC. What can be read in two ways, as `01/02/2030`, is not read.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound};

use super::value::At;
use super::{Fault, Unparsable};
use crate::shop_api::profile::Field;

/// With an offset, which may be `Z`, `+02`, `+0200` or `+02:00`.
const WITH_OFFSET: [&str; 3] =
    ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%Y%m%dT%H%M%S%.f%#z"];
/// Without one: UTC.
const WITHOUT_OFFSET: [&str; 4] =
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y%m%dT%H%M%S%.f", "%d %b %Y %H:%M:%S"];
/// Days: their last second.
const DAYS: [&str; 4] = ["%Y-%m-%d", "%Y%m%d", "%d %b %Y", "%b %d, %Y"];
/// Bytes of `2030-12-31`, and of a day without anything between.
const DAY_BYTES: usize = 10;
const DAY_DIGITS: usize = 8;
/// A number below this counts nothing since 1970: as seconds it is older than any shop.
const SECONDS_FROM: i64 = 100_000_000;
/// From here on a number counts thousandths of a second, and so on.
const MILLIS_FROM: i64 = 100_000_000_000;
const MICROS_FROM: i64 = 100_000_000_000_000;
const NANOS_FROM: i64 = 100_000_000_000_000_000;
/// Digits of a second behind the point that are kept.
const MICROS_DIGITS: usize = 6;

/// The moment in `field`; none where there is none, or one that stands for none.
pub(super) fn read_time(field: &Field, at: At<'_>) -> Result<Option<NaiveDateTime>, Unparsable> {
    let Some(text) = at.optional_text(field)? else { return Ok(None) };
    match text.trim() {
        text if is_none(text) => Ok(None),
        text => moment(text).map(Some).ok_or_else(|| at.unfit(field, Fault::NoDate)),
    }
}

/// Whether it is what databases write for no moment: nothing, zeros, forever.
fn is_none(text: &str) -> bool {
    let is_zeros = text.chars().all(|c| "0-:/. TZ".contains(c));
    is_zeros || ["never", "infinity"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn moment(text: &str) -> Option<NaiveDateTime> {
    // `/Date(1893456000000)/` of .NET.
    let text = text.strip_prefix("/Date(").and_then(|t| t.strip_suffix(")/")).unwrap_or(text);
    let moment = match is_day_of_digits(text) {
        false => of_number(text).or_else(|| of_words(text))?,
        true => of_words(text)?,
    };
    // Whole microseconds: what both databases keep.
    Some(moment.trunc_subsecs(6))
}

fn is_day_of_digits(text: &str) -> bool {
    text.len() == DAY_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Seconds since 1970, or parts of them.
fn of_number(text: &str) -> Option<NaiveDateTime> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let micros = match number {
        SECONDS_FROM..MILLIS_FROM => {
            let part: i64 = format!("{fraction:0<6}").get(..MICROS_DIGITS)?.parse().ok()?;
            number * 1_000_000 + part
        }
        MILLIS_FROM..MICROS_FROM => number * 1_000,
        MICROS_FROM..NANOS_FROM => number,
        NANOS_FROM.. => number / 1_000,
        i64::MIN..SECONDS_FROM => return None,
    };
    DateTime::from_timestamp_micros(micros).map(|moment| moment.naive_utc())
}

fn of_words(text: &str) -> Option<NaiveDateTime> {
    // `[Europe/Berlin]` behind the offset, as Java writes it.
    let text = text.strip_suffix(']').and_then(|t| t.rsplit_once('[')).map_or(text, |(t, _)| t);
    if let Ok(moment) = httpdate::parse_http_date(text) {
        return Some(DateTime::<chrono::Utc>::from(moment).naive_utc());
    }
    if let Ok(moment) = DateTime::parse_from_rfc2822(text) {
        return Some(moment.naive_utc());
    }
    let text = iso(text).unwrap_or_else(|| text.to_owned());
    let with = |form: &&str| DateTime::parse_from_str(&text, form).ok().map(|m| m.naive_utc());
    let without = |form: &&str| NaiveDateTime::parse_from_str(&text, form).ok();
    let day = |form: &&str| NaiveDate::parse_from_str(&text, form).ok()?.and_hms_opt(23, 59, 59);
    let moment = WITH_OFFSET.iter().find_map(with);
    moment.or_else(|| WITHOUT_OFFSET.iter().find_map(without)).or_else(|| DAYS.iter().find_map(day))
}

/// What begins with `2030-12-31` or `2030/12/31`, in the one form of ISO 8601 that is asked for: a
/// `T` before the time, a point before its parts, no space and no name before the offset.
fn iso(text: &str) -> Option<String> {
    let (day, time) = text.split_at_checked(DAY_BYTES)?;
    if !day.starts_with(|c: char| c.is_ascii_digit()) || !matches!(day.get(4..5), Some("-" | "/")) {
        return None;
    }
    let day = day.replace('/', "-");
    let Some(time) = time.strip_prefix(['T', 't', ' ']) else { return Some(day + time) };
    let time = ["UTC", "GMT", "z"]
        .iter()
        .find_map(|name| time.strip_suffix(name))
        .map_or_else(|| time.to_owned(), |time| format!("{time}Z"));
    Some(format!("{day}T{}", time.replace(' ', "").replace(',', ".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<String> {
        moment(text).map(|moment| moment.to_string())
    }

    #[test]
    fn the_usual_forms_of_a_moment_are_read_in_utc() {
        for text in [
            "1924991999",
            "1924991999.0",
            "1924991999000",
            "1924991999000000",
            "1924991999000000000",
            "/Date(1924991999000)/",
            "2030-12-31T23:59:59Z",
            "2030-12-31t23:59:59z",
            "2030-12-31T23:59:59.000+00:00",
            "2030-12-31T23:59:59,000Z",
            "2031-01-01T01:59:59+02:00",
            "2031-01-01T01:59:59+0200",
            "2031-01-01T01:59:59+02",
            "2031-01-01T00:59:59+01:00[Europe/Berlin]",
            "2031-01-01 01:59:59 +0200",
            "2030-12-31T23:59:59",
            "2030-12-31 23:59:59",
            "2030-12-31 23:59:59 UTC",
            "2030/12/31 23:59:59",
            "20301231T235959Z",
            "20301231T235959",
            "Tue, 31 Dec 2030 23:59:59 GMT",
            "Tue, 31 Dec 2030 23:59:59 +0000",
            "Wed, 01 Jan 2031 01:59:59 +0200",
            "31 Dec 2030 23:59:59 +0000",
            "31 Dec 2030 23:59:59",
            "Tuesday, 31-Dec-30 23:59:59 GMT",
            "Tue Dec 31 23:59:59 2030",
            // Days: to their last second.
            "2030-12-31",
            "2030/12/31",
            "20301231",
            "31 Dec 2030",
            "Dec 31, 2030",
        ] {
            assert_eq!(said(text).as_deref(), Some("2030-12-31 23:59:59"), "{text}");
        }
        for text in ["2030-12-31T23:59Z", "2030-12-31 23:59", "2031-01-01T01:59+02:00"] {
            assert_eq!(said(text).as_deref(), Some("2030-12-31 23:59:00"), "{text}");
        }
        let parts = "2030-12-31 23:59:59.123456";
        assert_eq!(said("2030-12-31T23:59:59.1234567Z").as_deref(), Some(parts));
        assert_eq!(said("1924991999.123456789").as_deref(), Some(parts));
    }

    #[test]
    fn what_can_be_read_in_two_ways_or_in_none_is_no_moment() {
        for text in [
            "12/31/2030",
            "01/02/2030",
            "31.12.2030",
            "2030-13-01",
            "2030-02-30",
            "20301301",
            "2030-12-31T25:00:00Z",
            "14",
            "99999999",
            "-1893456000",
            "1e9",
            "1924991999.x",
            "tomorrow",
            "2030",
            "99999999999999999999999",
            "\u{1f600}\u{1f600}\u{1f600}",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }

    #[test]
    fn what_stands_for_no_moment_is_none() {
        for text in ["", "0", "0000-00-00", "0000-00-00 00:00:00", "never", "Infinity"] {
            assert!(is_none(text), "{text}");
        }
        for text in ["1", "2000-01-01", "none of your business"] {
            assert!(!is_none(text), "{text}");
        }
    }
}
