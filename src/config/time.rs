//! Simulated time: how fast it runs, where it begins and what ends the run.
//!
//! Of several ends the first reached counts; without any the run goes on until it is stopped.

use actors::domain::time_scale::TimeScale;

use super::knob::concern;
use super::words::{SimulatedInstant, Start};

concern!(
    /// `time`: pacing and the ends of a run.
    Time, TimeLayer, "time" {
        /// `time.scale`, default 48 (75 s a cycle), simulated seconds per real second (Q6.3).
        scale: TimeScale = TimeScale::Ratio(48.0),
            flag "time-scale", env "CARTLOAD_TIME_SCALE", unit "simulated s per real s",
            decision "Q6.3", allowed TimeScale::ALLOWED, check |_| true;
        /// `time.start`, default `monday` (of this week, 08:00), simulated UTC.
        start: Start = Start::Monday,
            flag "start", env "CARTLOAD_START", unit "simulated UTC", decision "",
            allowed "monday, 2026-01-05 or 2026-01-05T08:00 from 1900 to 2200, on a full hour",
            check |_| true;
        /// `time.cycles`, default none, simulated hours from the start.
        cycles: Option<u32> = None,
            flag "cycles", env "CARTLOAD_CYCLES", unit "cycles", decision "",
            allowed "a whole number from 1 to 1000000, or none",
            check |n| n.is_none_or(|n| (1..=1_000_000).contains(&n));
        /// `time.days`, default none, simulated days from the start.
        days: Option<u32> = None,
            flag "days", env "CARTLOAD_DAYS", unit "simulated days", decision "",
            allowed "a whole number from 1 to 40000, or none",
            check |n| n.is_none_or(|n| (1..=40_000).contains(&n));
        /// `time.until`, default none, the simulated instant at which the run is over.
        until: Option<SimulatedInstant> = None,
            flag "until", env "CARTLOAD_UNTIL", unit "simulated UTC", decision "",
            allowed "2026-03-01 or 2026-03-01T18:00 from 1900 to 2200, on a full hour, or none",
            check |_| true;
        /// `time.hours`, default none, real hours; the cycle under way is finished.
        hours: Option<f64> = None,
            flag "hours", env "CARTLOAD_HOURS", unit "real hours", decision "",
            allowed "a number above 0, at most 87600, or none",
            check |n| n.is_none_or(|n| n > 0.0 && n <= 87_600.0);
    }
);

impl TimeLayer {
    /// Whether this source says where the run ends.
    pub fn says_an_end(&self) -> bool {
        self.cycles.is_some() || self.days.is_some() || self.until.is_some() || self.hours.is_some()
    }
}
