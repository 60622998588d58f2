//! The calendar's weight of a simulated day: 1 on an ordinary day, more around shopping events.
//!
//! Dates are computed for any year (US calendar). Impacts of events on the same day add up: Black
//! Friday is a black friday, in thanksgiving week. Ordinary, with weight exactly 1.0, are in every
//! year 15 February to 15 March and the Monday after Mother's Day (9 to 15 May) to 30 June: the
//! stretches to calibrate on, the second holds at least six whole weeks from a Monday.

use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta, Weekday};

/// One shopping event on one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalendarEvent {
    /// In snake case, as `black_friday`.
    pub name: &'static str,
    /// Added to the weight: 0.10 = a tenth more than on an ordinary day.
    pub impact: f64,
}

/// 1-3 January: the kitchen is filled again.
pub const NEW_YEAR_IMPACT: f64 = 0.10;
/// 1 December - 14 February: remedies, soups, deliveries.
pub const FLU_SEASON_IMPACT: f64 = 0.05;
/// 11-14 February.
pub const VALENTINE_IMPACT: f64 = 0.10;
/// Monday to Easter Sunday (western).
pub const EASTER_IMPACT: f64 = 0.10;
/// Monday to the second Sunday of May.
pub const MOTHERS_DAY_IMPACT: f64 = 0.10;
/// 1-4 July.
pub const INDEPENDENCE_DAY_IMPACT: f64 = 0.10;
/// 1 August - Labor Day, the first Monday of September.
pub const BACK_TO_SCHOOL_IMPACT: f64 = 0.12;
/// 25-31 October.
pub const HALLOWEEN_IMPACT: f64 = 0.10;
/// Monday to Thanksgiving, the fourth Thursday of November.
pub const THANKSGIVING_IMPACT: f64 = 0.15;
/// Monday to Sunday around Black Friday.
pub const BLACK_FRIDAY_WEEK_IMPACT: f64 = 0.15;
/// The day after Thanksgiving, on top of its week.
pub const BLACK_FRIDAY_IMPACT: f64 = 0.25;
/// The Monday after Black Friday.
pub const CYBER_MONDAY_IMPACT: f64 = 0.30;
/// 1-24 December.
pub const HOLIDAY_SEASON_IMPACT: f64 = 0.15;

/// 1 + the impacts of this day; the factor of p_shop.
pub fn event_weight(at: NaiveDateTime) -> f64 {
    1.0 + events_on(at.date()).iter().map(|e| e.impact).sum::<f64>()
}

/// The events of this day, in the order of the year; empty on an ordinary day.
pub fn events_on(date: NaiveDate) -> Vec<CalendarEvent> {
    let day = (date.month(), date.day());
    let mut events = Vec::new();
    let mut add = |name, impact, is_on: bool| {
        if is_on {
            events.push(CalendarEvent { name, impact });
        }
    };
    add("new_year", NEW_YEAR_IMPACT, is_between(day, (1, 1), (1, 3)));
    let flu = is_between(day, (12, 1), (12, 31)) || is_between(day, (1, 1), (2, 14));
    add("flu_season", FLU_SEASON_IMPACT, flu);
    add("valentine", VALENTINE_IMPACT, is_between(day, (2, 11), (2, 14)));
    add("easter", EASTER_IMPACT, is_in_week_until(date, easter_sunday(date.year()), 6));
    let mothers_day = nth_weekday(date.year(), 5, Weekday::Sun, 2);
    add("mothers_day", MOTHERS_DAY_IMPACT, is_in_week_until(date, mothers_day, 6));
    add("independence_day", INDEPENDENCE_DAY_IMPACT, is_between(day, (7, 1), (7, 4)));
    let labor_day = nth_weekday(date.year(), 9, Weekday::Mon, 1);
    let school = date.month() >= 8 && labor_day.is_some_and(|end| date <= end);
    add("back_to_school", BACK_TO_SCHOOL_IMPACT, school);
    add("halloween", HALLOWEEN_IMPACT, is_between(day, (10, 25), (10, 31)));
    let thanksgiving = nth_weekday(date.year(), 11, Weekday::Thu, 4);
    add("thanksgiving", THANKSGIVING_IMPACT, is_in_week_until(date, thanksgiving, 3));
    let after = |days| thanksgiving.and_then(|t| t.checked_add_signed(TimeDelta::days(days)));
    add("black_friday_week", BLACK_FRIDAY_WEEK_IMPACT, is_in_week_until(date, after(3), 6));
    add("black_friday", BLACK_FRIDAY_IMPACT, after(1) == Some(date));
    add("cyber_monday", CYBER_MONDAY_IMPACT, after(4) == Some(date));
    add("holiday_season", HOLIDAY_SEASON_IMPACT, is_between(day, (12, 1), (12, 24)));
    events
}

/// Whether (month, day) lies between both, both included.
fn is_between(day: (u32, u32), first: (u32, u32), last: (u32, u32)) -> bool {
    (first..=last).contains(&day)
}

/// Whether `date` is `last` or one of the `days_before` days before it.
fn is_in_week_until(date: NaiveDate, last: Option<NaiveDate>, days_before: i64) -> bool {
    last.is_some_and(|last| (0..=days_before).contains(&(last - date).num_days()))
}

/// As the fourth Thursday of November; `None` only outside of chrono's range of years.
fn nth_weekday(year: i32, month: u32, weekday: Weekday, nth: u8) -> Option<NaiveDate> {
    NaiveDate::from_weekday_of_month_opt(year, month, weekday, nth)
}

/// Western Easter by the anonymous Gregorian computus.
fn easter_sunday(year: i32) -> Option<NaiveDate> {
    let year_of_moon = year.rem_euclid(19);
    let (century, in_century) = (year.div_euclid(100), year.rem_euclid(100));
    let moon_shift = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let full_moon = (19 * year_of_moon + century - century.div_euclid(4) - moon_shift + 15) % 30;
    let to_sunday = (32 + 2 * century.rem_euclid(4) + 2 * in_century.div_euclid(4)
        - full_moon
        - in_century.rem_euclid(4))
    .rem_euclid(7);
    let late = (year_of_moon + 11 * full_moon + 22 * to_sunday).div_euclid(451);
    let ordinal = full_moon + to_sunday - 7 * late + 114;
    let (month, day) = (u32::try_from(ordinal / 31).ok()?, u32::try_from(ordinal % 31 + 1).ok()?);
    NaiveDate::from_ymd_opt(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    fn weight(year: i32, month: u32, day: u32) -> f64 {
        event_weight(date(year, month, day).and_hms_opt(13, 0, 0).unwrap())
    }

    fn is_on(name: &str, date: NaiveDate) -> bool {
        events_on(date).iter().any(|e| e.name == name)
    }

    #[test]
    fn moving_feasts_fall_on_their_dates() {
        for (year, month, day) in [(2008, 3, 23), (2024, 3, 31), (2025, 4, 20), (2038, 4, 25)] {
            assert_eq!(easter_sunday(year), Some(date(year, month, day)));
        }
        assert!(is_on("black_friday", date(2025, 11, 28)));
        assert!(is_on("black_friday", date(2024, 11, 29)));
        assert!(is_on("cyber_monday", date(2025, 12, 1)));
        assert!(is_on("cyber_monday", date(2024, 12, 2)));
        assert!(is_on("thanksgiving", date(2026, 11, 26)));
        assert!(!is_on("thanksgiving", date(2026, 11, 27)));
    }

    #[test]
    fn an_event_begins_and_ends_on_its_border() {
        assert!(!is_on("mothers_day", date(2026, 5, 3)));
        assert!(is_on("mothers_day", date(2026, 5, 4)));
        assert!(is_on("mothers_day", date(2026, 5, 10)));
        assert!(!is_on("mothers_day", date(2026, 5, 11)));
        assert!(!is_on("back_to_school", date(2026, 7, 31)));
        assert!(is_on("back_to_school", date(2026, 8, 1)));
        assert!(is_on("back_to_school", date(2026, 9, 7)));
        assert!(!is_on("back_to_school", date(2026, 9, 8)));
        assert!(is_on("flu_season", date(2026, 2, 14)));
        assert!(!is_on("flu_season", date(2026, 2, 15)));
    }

    #[test]
    fn impacts_of_one_day_add_up() {
        let black_friday = 1.0 + BLACK_FRIDAY_WEEK_IMPACT + BLACK_FRIDAY_IMPACT;
        assert!((weight(2025, 11, 28) - black_friday).abs() < 1e-12);
        let december = 1.0 + FLU_SEASON_IMPACT + HOLIDAY_SEASON_IMPACT;
        assert!((weight(2025, 12, 20) - december).abs() < 1e-12);
    }

    #[test]
    fn the_ordinary_stretches_weigh_exactly_one_in_every_year() {
        for year in 1990..2110 {
            let march = date(year, 2, 15).iter_days().take_while(|d| *d <= date(year, 3, 15));
            let monday = nth_weekday(year, 5, Weekday::Sun, 2).unwrap().succ_opt().unwrap();
            let june = monday.iter_days().take_while(|d| *d <= date(year, 6, 30));
            assert_eq!(monday.weekday(), Weekday::Mon);
            assert!(june.clone().count() >= 42);
            for day in march.chain(june) {
                assert_eq!(events_on(day), [], "{day}");
            }
        }
    }

    #[test]
    fn no_day_weighs_less_than_one_or_more_than_one_and_a_half() {
        for day in date(2024, 1, 1).iter_days().take(3 * 366) {
            let weight = event_weight(day.and_hms_opt(0, 0, 0).unwrap());
            assert!((1.0..=1.5).contains(&weight), "{day}: {weight}");
        }
    }
}
