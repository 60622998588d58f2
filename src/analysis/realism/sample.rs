//! What a run did, in counts: all that the scorecard is made of.
//!
//! Counts are of canonical rows and of visits that the shoppers ended themselves: a freeze or a
//! lost session is no behaviour.

use super::detection::Told;
use super::found::Findings;
use super::statistics::Histogram;

/// Hours of a week, Monday 00:00 first.
pub const HOURS_OF_WEEK: usize = 168;

/// A run in counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Cycles that count.
    pub hours_lived: u64,
    /// Hours that agents were released in, by hour of the week.
    pub agent_hours: [u64; HOURS_OF_WEEK],
    /// Sessions by hour of the week.
    pub sessions: [u64; HOURS_OF_WEEK],
    /// Orders by hour of the week.
    pub orders: [u64; HOURS_OF_WEEK],
    /// Sessions with an item in the cart.
    pub filled_carts: u64,
    /// Lines of an order.
    pub basket: Histogram,
    /// Lines of all orders.
    pub lines: u64,
    /// Pairs of agent and product among them.
    pub distinct_lines: u64,
    /// Days from an order to the agent's next.
    pub return_days: Histogram,
    /// Units of all orders.
    pub units: u64,
    /// Of the top 1 % of products, at least of one.
    pub top_units: u64,
    /// Product pages of a session that has any.
    pub views: Histogram,
    /// Tenths of simulated seconds between two product pages of a session.
    pub view_gaps: Histogram,
    /// Offer cycles lived to their end, of each agent that was given a coupon.
    pub campaigns: u64,
    /// Of them with a redemption.
    pub campaigns_redeeming: u64,
    /// Coupons handed out whose life ended in the run.
    pub coupons_ended: u64,
    /// Of them redeemed.
    pub coupons_redeemed: u64,
    /// Hours from the coupon to its redemption.
    pub lag_hours: Histogram,
    /// Hours a coupon lives.
    pub coupon_life_hours: u64,
    /// What is taken on rows.
    pub findings: Findings,
    /// How far it is told from the reference.
    pub told: Told,
}

impl Default for Sample {
    fn default() -> Self {
        let hours = [0; HOURS_OF_WEEK];
        Self {
            hours_lived: 0,
            agent_hours: hours,
            sessions: hours,
            orders: hours,
            filled_carts: 0,
            basket: Histogram::new(),
            lines: 0,
            distinct_lines: 0,
            return_days: Histogram::new(),
            units: 0,
            top_units: 0,
            views: Histogram::new(),
            view_gaps: Histogram::new(),
            campaigns: 0,
            campaigns_redeeming: 0,
            coupons_ended: 0,
            coupons_redeemed: 0,
            lag_hours: Histogram::new(),
            coupon_life_hours: 0,
            findings: Findings::new(),
            told: Told::default(),
        }
    }
}

impl Sample {
    /// All sessions.
    pub fn sessions_total(&self) -> u64 {
        self.sessions.iter().sum()
    }

    /// All orders.
    pub fn orders_total(&self) -> u64 {
        self.orders.iter().sum()
    }

    /// Events per agent-hour by hour of the day; `None` where an hour was not lived.
    pub fn by_hour(&self, events: &[u64; HOURS_OF_WEEK]) -> Option<[f64; 24]> {
        let mut rates = [0.0; 24];
        for (hour, rate) in rates.iter_mut().enumerate() {
            let of = |counts: &[u64; HOURS_OF_WEEK]| -> u64 {
                counts.iter().skip(hour).step_by(24).sum()
            };
            let lived = of(&self.agent_hours);
            if lived == 0 {
                return None;
            }
            *rate = of(events) as f64 / lived as f64;
        }
        Some(rates)
    }

    /// Events per agent and day by weekday, Monday first; `None` where an hour of the week was not
    /// lived.
    pub fn by_weekday(&self, events: &[u64; HOURS_OF_WEEK]) -> Option<[f64; 7]> {
        let mut rates = [0.0; 7];
        for (hour, (events, lived)) in events.iter().zip(&self.agent_hours).enumerate() {
            if *lived == 0 {
                return None;
            }
            if let Some(rate) = rates.get_mut(hour / 24) {
                *rate += *events as f64 / *lived as f64;
            }
        }
        Some(rates)
    }

    /// Events of a weekday, Monday first.
    pub fn of_weekday(events: &[u64; HOURS_OF_WEEK], weekday: usize) -> u64 {
        events.iter().skip(weekday * 24).take(24).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_was_lived_twice_counts_as_one() {
        let mut sample = Sample { agent_hours: [10; HOURS_OF_WEEK], ..Sample::default() };
        sample.sessions = [5; HOURS_OF_WEEK];
        for hour in 0..24 {
            sample.agent_hours[hour] = 20;
            sample.sessions[hour] = 10;
        }
        let days = sample.by_weekday(&sample.sessions).unwrap();
        assert!(days.iter().all(|day| (day - 12.0).abs() < 1e-9), "{days:?}");
        let hours = sample.by_hour(&sample.sessions).unwrap();
        assert!(hours.iter().all(|hour| (hour - 0.5).abs() < 1e-9), "{hours:?}");
        assert_eq!(Sample::of_weekday(&sample.sessions, 0), 240);
    }

    #[test]
    fn a_week_with_an_hour_missing_has_no_weekdays() {
        let mut sample = Sample { agent_hours: [1; HOURS_OF_WEEK], ..Sample::default() };
        sample.agent_hours[25] = 0;
        assert_eq!(sample.by_weekday(&sample.sessions), None);
        assert!(sample.by_hour(&sample.sessions).is_some());
    }
}
