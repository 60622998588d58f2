//! Simulated time: how fast it runs, where it begins and what ends the run.
//!
//! Of several ends the first reached counts; without any the run goes on until it is stopped.

use actors::domain::time_scale::TimeScale;

use super::concern::concern;
use super::words::{SimulatedInstant, Start};

concern!(
    /// `time`: pacing and the ends of a run.
    Time, "time" {
        /// `time.scale`, default 48 (75 s a cycle), simulated seconds per real second (Q6.3).
        scale: TimeScale = TimeScale::Ratio(48.0),
            flag "time-scale" as Option<TimeScale>, place 0, (value_name = "N|max")
                "Simulated seconds per real second; max: as fast as the work allows [default: 48]",
            env "CARTLOAD_TIME_SCALE", unit "simulated s per real s",
            decision "Q6.3", allowed TimeScale::ALLOWED, check |_| true;
        /// `time.start`, default `monday` (of this week, 08:00), simulated UTC.
        start: Start = Start::Monday,
            flag "start" as Option<Start>, place 6, (value_name = "DATE")
                "Where simulated time begins, as 2026-01-05 or 2026-01-05T08:00 [default: this \
                 Monday, 08:00]",
            env "CARTLOAD_START", unit "simulated UTC", decision "",
            allowed "monday, 2026-01-05 or 2026-01-05T08:00 from 1900 to 2200, on a full hour",
            check |_| true;
        /// `time.cycles`, default none, simulated hours from the start.
        cycles: Option<u32> = None,
            flag "cycles" as Option<u32>, place 2, (value_name = "N")
                "End after so many cycles (of several ends the first reached counts)",
            env "CARTLOAD_CYCLES", unit "cycles", decision "",
            allowed "a whole number from 1 to 1000000, or none",
            check |n| n.is_none_or(|n| (1..=1_000_000).contains(&n));
        /// `time.days`, default none, simulated days from the start.
        days: Option<u32> = None,
            flag "days" as Option<u32>, place 3, (value_name = "N")
                "End after so many simulated days",
            env "CARTLOAD_DAYS", unit "simulated days", decision "",
            allowed "a whole number from 1 to 40000, or none",
            check |n| n.is_none_or(|n| (1..=40_000).contains(&n));
        /// `time.until`, default none, the simulated instant at which the run is over.
        until: Option<SimulatedInstant> = None,
            flag "until" as Option<SimulatedInstant>, place 4, (value_name = "DATE")
                "End at this simulated date",
            env "CARTLOAD_UNTIL", unit "simulated UTC", decision "",
            allowed "2026-03-01 or 2026-03-01T18:00 from 1900 to 2200, on a full hour, or none",
            check |_| true;
        /// `time.hours`, default none, real hours; the cycle under way is finished.
        hours: Option<f64> = None,
            flag "hours" as Option<f64>, place 5, (value_name = "REAL")
                "End after so many real hours; the cycle under way is finished",
            env "CARTLOAD_HOURS", unit "real hours", decision "",
            allowed "a number above 0, at most 87600, or none",
            check |n| n.is_none_or(|n| n > 0.0 && n <= 87_600.0);
    }
);

impl Layer {
    /// Whether this source says where the run ends.
    pub fn says_an_end(&self) -> bool {
        self.cycles.is_some() || self.days.is_some() || self.until.is_some() || self.hours.is_some()
    }
}
