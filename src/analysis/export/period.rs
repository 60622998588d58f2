//! Which simulated days train and which test, with a gap between them: the split by time, beside
//! the one by agent (`split.rs`).
//!
//! A run's own dates move while it goes on, since they are shares of what it has lived; dates that
//! somebody names stay.

use std::ops::Range;

use chrono::{Days, NaiveDate};
use serde::Serialize;

/// Days of a run that test, one in so many.
const ONE_IN: i32 = 5;
/// Days between train and test: a week, so that no weekly habit reaches across.
pub const GAP_DAYS: u64 = 7;

/// The dates that somebody asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Periods {
    /// Days before this one train.
    pub train_until: Option<NaiveDate>,
    /// Days from this one on test.
    pub test_from: Option<NaiveDate>,
}

/// The dates of a run. Between them lies the gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TimeSplit {
    /// Days before this one train.
    pub train_until: NaiveDate,
    /// Days from this one on test.
    pub test_from: NaiveDate,
    /// Whether somebody named them; else they are shares of the run's days.
    pub is_named: bool,
}

impl Periods {
    /// Whether train would end after test has begun.
    pub fn is_crossed(&self) -> bool {
        matches!((self.train_until, self.test_from), (Some(until), Some(from)) if until > from)
    }

    /// The dates of a run with these days since 1970, the end not included.
    pub fn of_run(&self, days: Range<i32>) -> TimeSplit {
        let gap = Days::new(GAP_DAYS);
        let named = match (self.train_until, self.test_from) {
            (Some(until), Some(from)) => Some((until, from)),
            (Some(until), None) => Some((until, until.checked_add_days(gap).unwrap_or(until))),
            (None, Some(from)) => Some((from.checked_sub_days(gap).unwrap_or(from), from)),
            (None, None) => None,
        };
        if let Some((train_until, test_from)) = named {
            return TimeSplit { train_until, test_from, is_named: true };
        }
        let lived = (days.end - days.start).max(0);
        let test = if lived < 2 { 0 } else { ((lived + ONE_IN / 2) / ONE_IN).max(1) };
        // A short run trains on as many days as it tests on before it has a gap.
        let gap = (lived - 2 * test).clamp(0, i32::try_from(GAP_DAYS).unwrap_or(0));
        let date = |day: i32| NaiveDate::from_epoch_days(day).unwrap_or_default();
        let test_from = days.end - test;
        let train_until = date(test_from - if test == 0 { 0 } else { gap });
        TimeSplit { train_until, test_from: date(test_from), is_named: false }
    }
}

impl TimeSplit {
    /// `train`, `gap` or `test`, of a day since 1970.
    pub fn of(&self, day: i32) -> &'static str {
        if day < self.train_until.to_epoch_days() {
            "train"
        } else if day < self.test_from.to_epoch_days() {
            "gap"
        } else {
            "test"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Days of train, gap and test of a run of so many days.
    fn days(lived: i32) -> [usize; 3] {
        let first = date("2026-01-05").to_epoch_days();
        let split = Periods::default().of_run(first..first + lived);
        let of = |word| (first..first + lived).filter(|day| split.of(*day) == word).count();
        ["train", "gap", "test"].map(of)
    }

    #[test]
    fn the_last_fifth_tests_and_a_week_lies_before_it_where_the_run_is_long_enough() {
        assert_eq!(days(180), [137, 7, 36]);
        assert_eq!(days(28), [15, 7, 6]);
        assert_eq!(days(13), [3, 7, 3]);
        assert_eq!(days(12), [3, 7, 2]);
        assert_eq!(days(10), [2, 6, 2]);
        assert_eq!(days(3), [1, 1, 1]);
        assert_eq!(days(2), [1, 0, 1]);
        assert_eq!((days(1), days(0)), ([1, 0, 0], [0, 0, 0]));
    }

    #[test]
    fn named_dates_hold_for_every_run_and_one_alone_has_a_week_beside_it() {
        let (until, from) = (date("2026-02-01"), date("2026-02-03"));
        let both = Periods { train_until: Some(until), test_from: Some(from) };
        let split = both.of_run(0..10);
        assert!(split.is_named);
        let word = |day: &str| split.of(date(day).to_epoch_days());
        assert_eq!((word("2026-01-31"), word("2026-02-01")), ("train", "gap"));
        assert_eq!((word("2026-02-02"), word("2026-02-03")), ("gap", "test"));
        let train = Periods { test_from: None, ..both }.of_run(0..10);
        assert_eq!(train.test_from, date("2026-02-08"));
        let test = Periods { train_until: None, ..both }.of_run(0..10);
        assert_eq!(test.train_until, date("2026-01-27"));
    }

    #[test]
    fn train_may_touch_test_and_not_reach_into_it() {
        let day = date("2026-02-01");
        let mut asked = Periods { train_until: Some(day), test_from: Some(day) };
        assert!(!asked.is_crossed());
        asked.test_from = day.pred_opt();
        assert!(asked.is_crossed());
    }
}
