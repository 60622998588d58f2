//! What is said of a shop that is slower than the limit: one line when the bound on calls in flight
//! holds most of them back, and one when it does so no more.

use std::time::Duration;

use serde_json::json;

use crate::domain::in_flight::InFlight;
use crate::domain::incident::IncidentKind;
use crate::domain::rate::Rate;
use crate::rate_limiter::seats::SeatsTaken;

use super::ledger::Report;

/// A shop that has answered nothing for so long is not slow but silent, as the breaker asks it.
const SILENT_FROM: Duration = Duration::from_secs(5);

/// What was said last.
#[derive(Clone, Copy, Debug, Default)]
pub struct SlowShop {
    is_told: bool,
}

impl SlowShop {
    /// Called each second; what is to be said where something changed.
    pub fn look(&mut self, seats: &SeatsTaken, rate: Rate) -> Option<Report> {
        let answering = &seats.answering;
        if seats.is_slow == self.is_told || (seats.is_slow && answering.silent_for >= SILENT_FROM) {
            return None;
        }
        self.is_told = seats.is_slow;
        let message = match seats.mode {
            InFlight::Automatic if seats.is_slow => format!(
                "rate {rate} lowered to {}: answers take {}",
                rounded(answering.per_second),
                took(answering.takes)
            ),
            InFlight::Automatic => format!("rate {rate} again: the shop keeps up"),
            // An operator took the bound away, and knows it.
            InFlight::Fixed(_) | InFlight::Off => return None,
        };
        let detail = json!({
            "rate_limit": rate,
            "answers_per_second": answering.per_second,
            "answer_ms": answering.takes.as_millis() as u64,
            "calls_in_flight_max": seats.bound,
        });
        Some((IncidentKind::SlowShop, message, detail))
    }
}

/// Whole from 10 on, else with one digit.
fn rounded(per_second: f64) -> String {
    if per_second < 9.95 { format!("{per_second:.1}") } else { format!("{per_second:.0}") }
}

/// In milliseconds below a second.
fn took(time: Duration) -> String {
    match time.as_millis() {
        ms @ 0..1_000 => format!("{ms} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limiter::bound::Answering;

    fn seats(is_slow: bool, per_second: f64, takes_ms: u64) -> SeatsTaken {
        let takes = Duration::from_millis(takes_ms);
        SeatsTaken {
            mode: InFlight::Automatic,
            bound: Some(4),
            in_flight: 4,
            is_slow,
            answering: Answering { per_second, takes, silent_for: Duration::ZERO },
        }
    }

    fn said(slow: &mut SlowShop, seats: &SeatsTaken) -> Option<String> {
        slow.look(seats, Rate::DEFAULT).map(|(_, message, _)| message)
    }

    #[test]
    fn a_slow_shop_is_told_once_and_so_is_that_it_keeps_up_again() {
        let mut slow = SlowShop::default();
        assert_eq!(said(&mut slow, &seats(false, 50.0, 5)), None);
        let told = said(&mut slow, &seats(true, 11.04, 4_120));
        assert_eq!(told.as_deref(), Some("rate 50 lowered to 11: answers take 4.1 s"));
        assert_eq!(said(&mut slow, &seats(true, 12.0, 4_000)), None);
        let told = said(&mut slow, &seats(false, 50.0, 5));
        assert_eq!(told.as_deref(), Some("rate 50 again: the shop keeps up"));
        assert_eq!(said(&mut slow, &seats(false, 50.0, 5)), None);
    }

    #[test]
    fn a_pace_below_ten_has_a_digit_and_a_time_below_a_second_is_in_milliseconds() {
        let told = said(&mut SlowShop::default(), &seats(true, 0.52, 999));
        assert_eq!(told.as_deref(), Some("rate 50 lowered to 0.5: answers take 999 ms"));
    }

    #[test]
    fn a_shop_that_is_silent_for_5_s_is_not_called_slow_until_it_answers_again() {
        let silent_for = |ms| {
            let mut silent = seats(true, 23.0, 1);
            silent.answering.silent_for = Duration::from_millis(ms);
            silent
        };
        let mut slow = SlowShop::default();
        assert_eq!(said(&mut slow, &silent_for(5_000)), None);
        assert!(said(&mut slow, &silent_for(4_999)).is_some(), "told when it answers");
        assert_eq!(said(&mut slow, &silent_for(5_000)), None, "and once");
    }

    #[test]
    fn an_operator_who_took_the_bound_away_is_not_told_that_the_shop_keeps_up() {
        let mut slow = SlowShop::default();
        said(&mut slow, &seats(true, 11.0, 4_000));
        let off = SeatsTaken { mode: InFlight::Off, ..seats(false, 11.0, 9_000) };
        assert_eq!(said(&mut slow, &off), None);
    }
}
