//! From values to places: axes with round ticks.

use chrono::{Datelike, NaiveDateTime, TimeDelta, Timelike};

/// A value's axis from bottom to top.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    is_log: bool,
}

impl Axis {
    /// From 0 to a round number that holds the greatest value.
    pub fn linear(greatest: f64) -> Self {
        let greatest = if greatest > 0.0 { greatest } else { 1.0 };
        let step = step_of(greatest, 4.0);
        Self { low: 0.0, high: (greatest / step).ceil() * step, is_log: false }
    }

    /// From one power of ten to another that hold all values; those of 0 lie at the bottom.
    pub fn log(least: f64, greatest: f64) -> Self {
        let low = 10_f64.powf(least.max(1e-3).log10().floor());
        let high = 10_f64.powf(greatest.max(low * 10.0).log10().ceil());
        Self { low, high, is_log: true }
    }

    /// Where a value lies, 0 at the bottom and 1 at the top.
    pub fn place(&self, value: f64) -> f64 {
        let place = if self.is_log {
            (value.max(self.low) / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        place.clamp(0.0, 1.0)
    }

    /// Round values to be named.
    pub fn ticks(&self) -> Vec<f64> {
        let mut ticks = Vec::new();
        if self.is_log {
            let mut tick = self.low;
            while tick <= self.high * 1.001 {
                ticks.push(tick);
                tick *= 10.0;
            }
            return ticks;
        }
        let step = step_of(self.high, 4.0);
        let mut tick = 0.0;
        while tick <= self.high * 1.001 {
            ticks.push(tick);
            tick += step;
        }
        ticks
    }
}

/// 1, 2 or 5 times a power of ten, so that about so many fit.
pub fn step_of(range: f64, wanted: f64) -> f64 {
    let rough = range / wanted;
    let power = 10_f64.powf(rough.log10().floor());
    let digit = rough / power;
    let round = [1.0, 2.0, 5.0, 10.0].into_iter().find(|round| digit <= round * 1.0001);
    round.unwrap_or(10.0) * power
}

/// Hours between two named instants of a picture.
const STEPS_H: [i64; 14] = [1, 3, 6, 12, 24, 48, 96, 168, 336, 720, 1_440, 2_184, 4_380, 8_760];

/// The cycles to be named on a time axis, each with its words; at most about `wanted`.
pub fn instants(start: NaiveDateTime, cycles: u64, wanted: f64) -> Vec<(u64, String)> {
    let cycles = i64::try_from(cycles).unwrap_or(i64::MAX);
    let fits = |step: &i64| cycles as f64 / *step as f64 <= wanted;
    let step = STEPS_H.into_iter().find(fits).unwrap_or(8_760);
    let hour = i64::from(start.hour());
    let form = match step {
        0..24 => "%a %H:%M",
        24..720 => "%a %-d %b",
        _ => "%b %Y",
    };
    if step >= 720 {
        return months(start, cycles, step / 720);
    }
    // On whole days from midnight on, on parts of a day at their multiples.
    let mut first = (step.min(24) - hour % step.min(24)) % step.min(24);
    if step >= 168 {
        // Weeks begin on Mondays.
        let day = start.checked_add_signed(TimeDelta::hours(first)).unwrap_or(start).weekday();
        first += i64::from((7 - day.num_days_from_monday()) % 7) * 24;
    }
    let mut named = Vec::new();
    let mut cycle = first;
    while cycle < cycles {
        let at = start.checked_add_signed(TimeDelta::hours(cycle)).unwrap_or(start);
        named.push((cycle.unsigned_abs(), at.format(form).to_string()));
        cycle += step;
    }
    named
}

/// The first of every month, or of every second, third, ... of the year.
fn months(start: NaiveDateTime, cycles: i64, rough: i64) -> Vec<(u64, String)> {
    let every = [1, 2, 3, 6, 12].into_iter().find(|every| *every >= rough).unwrap_or(12);
    let every = u32::try_from(every).unwrap_or(12);
    let mut named = Vec::new();
    let mut month = start.date().with_day(1).unwrap_or(start.date());
    loop {
        let hours = (month.and_time(chrono::NaiveTime::MIN) - start).num_hours();
        if hours >= cycles {
            return named;
        }
        if hours >= 0 && month.month0().is_multiple_of(every) {
            named.push((hours.unsigned_abs(), month.format("%b %Y").to_string()));
        }
        let Some(next) = month.checked_add_months(chrono::Months::new(1)) else { return named };
        month = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_hold_the_greatest_value() {
        for (greatest, top, count) in
            [(0.083, 0.1, 6), (7.0, 8.0, 5), (101.0, 150.0, 4), (0.0, 1.0, 6)]
        {
            let axis = Axis::linear(greatest);
            let ticks = axis.ticks();
            assert!((ticks.last().unwrap() - top).abs() < 1e-9, "{greatest}: {ticks:?}");
            assert!(ticks.len() <= count, "{greatest}: {ticks:?}");
            assert!(axis.place(greatest) <= 1.0);
        }
    }

    #[test]
    fn a_logarithmic_axis_spans_whole_powers() {
        let axis = Axis::log(0.4, 730.0);
        assert_eq!(axis.ticks().len(), 5);
        assert!((axis.place(1_000.0) - 1.0).abs() < 1e-9);
        assert!(axis.place(0.0).abs() < 1e-9, "below the axis is its bottom");
        assert!((axis.place(10.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn instants_of_days_fall_on_midnight() {
        let start = chrono::NaiveDate::from_ymd_opt(2026, 6, 1).unwrap();
        let start = start.and_hms_opt(8, 0, 0).unwrap();
        assert_eq!(instants(start, 72, 4.0)[0], (16, "Tue 2 Jun".to_owned()));
        assert_eq!(instants(start, 12, 4.0)[0], (1, "Mon 09:00".to_owned()));
        assert!(instants(start, 0, 4.0).is_empty());
        assert!(instants(start, 26_280, 8.0).len() <= 13);
        let of = |cycles, wanted| -> Vec<String> {
            instants(start, cycles, wanted).into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(of(24 * 70, 12.0)[..2], ["Mon 8 Jun", "Mon 15 Jun"]);
        let years = of(26_280, 12.0);
        assert!((6..=12).contains(&years.len()), "{years:?}");
        assert_eq!(years[0], "Jul 2026");
        assert_eq!(of(24 * 180, 6.0)[..2], ["Jul 2026", "Aug 2026"]);
    }
}
