//! Gaps in time: a machine that slept, a process that was stopped.

use std::time::{Duration, Instant};

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::json;

use crate::domain::incident::IncidentKind;

use super::ledger::Report;

/// A jump of wall clock against monotonic clock above this is a machine that slept; so long between
/// two beats is a process that was stopped.
pub const CLOCK_JUMP_MIN: Duration = Duration::from_secs(5);

/// What the clocks said when they were last looked at.
#[derive(Clone, Debug, Default)]
pub struct Gaps {
    last_clocks: Option<(Instant, NaiveDateTime)>,
    last_beat: Option<Instant>,
}

impl Gaps {
    /// What is to be said where the wall clock ran away from the monotonic one since the last call.
    pub fn jumped(&mut self, now: Instant, wall: NaiveDateTime) -> Option<Report> {
        let seconds = self.clock_jump(now, wall)?.num_seconds();
        let message = format!(
            "the wall clock jumped {seconds} s against the monotonic clock: the machine slept or \
             its clock was set"
        );
        Some((IncidentKind::ClockJump, message, json!({ "seconds": seconds })))
    }

    /// Called each second; what is to be said where nothing ran since the last call.
    pub fn stood(&mut self, now: Instant) -> Option<Report> {
        let seconds = self.stood_still(now)?.as_secs();
        let message = format!(
            "nothing ran for {seconds} s: the process was stopped, or the machine gave it no time"
        );
        Some((IncidentKind::ClockJump, message, json!({ "stood_still_s": seconds })))
    }

    /// How far the wall clock ran from the monotonic one, if above [`CLOCK_JUMP_MIN`]; positive
    /// when the machine slept.
    fn clock_jump(&mut self, now: Instant, wall: NaiveDateTime) -> Option<TimeDelta> {
        let last = self.last_clocks.replace((now, wall))?;
        let passed = TimeDelta::from_std(now.saturating_duration_since(last.0)).unwrap_or_default();
        let jump = (wall - last.1) - passed;
        let least = TimeDelta::from_std(CLOCK_JUMP_MIN).unwrap_or_default();
        (jump.abs() > least).then_some(jump)
    }

    /// How long nothing ran, if above [`CLOCK_JUMP_MIN`]. Both clocks go on while a process is
    /// stopped, so that nothing else shows it.
    fn stood_still(&mut self, now: Instant) -> Option<Duration> {
        let last = self.last_beat.replace(now)?;
        let still = now.saturating_duration_since(last);
        (still > CLOCK_JUMP_MIN).then_some(still)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeping_machine_is_noticed_above_five_seconds() {
        let start = Instant::now();
        let wall = chrono::DateTime::UNIX_EPOCH.naive_utc();
        let mut gaps = Gaps::default();
        assert_eq!(gaps.clock_jump(start, wall), None);
        let jump = |mono_s: u64, wall_s: i64| {
            let mut copy = gaps.clone();
            copy.clock_jump(
                start + Duration::from_secs(mono_s),
                wall + chrono::TimeDelta::seconds(wall_s),
            )
        };
        assert_eq!(jump(75, 80), None);
        assert_eq!(jump(75, 81), Some(chrono::TimeDelta::seconds(6)));
        assert_eq!(jump(75, 60), Some(chrono::TimeDelta::seconds(-15)));
        gaps.clock_jump(start, wall);
    }

    #[test]
    fn a_process_that_was_stopped_shows_by_the_beats_it_missed() {
        let start = Instant::now();
        let mut gaps = Gaps::default();
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in [0, 1, 2, 7] {
            assert_eq!(gaps.stood_still(at(second)), None, "{second}");
        }
        assert_eq!(gaps.stood_still(at(22)), Some(Duration::from_secs(15)));
        assert_eq!(gaps.stood_still(at(23)), None);
    }
}
