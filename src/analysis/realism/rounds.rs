//! What agents do from visit to visit: on which weekday they come, when they come back, what they
//! spend.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::spread::{Moments, Ratio};
use super::statistics::{self, Estimate, Histogram};

/// Visits or orders of an agent below which it says nothing of habits or of what is its own.
const OF_AGENT_MIN: u64 = 8;
/// Hours within which a return is soon.
const SOON: i32 = 24;
/// How often weekdays are dealt out anew.
const DEALS: u32 = 20;
/// Parts of an order's ratio to what it was to cost, in a histogram.
pub const RATIO_PARTS: f64 = 1_000.0;

/// A visit that its shopper ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Visit {
    /// Hours since cycle 0.
    pub cycle: i32,
    /// Whether it was for shopping, with or without an order.
    pub shopped: bool,
    /// Whether there was something in the cart.
    pub filled: bool,
    /// What its order cost, cents.
    pub paid: Option<f64>,
}

/// What an agent may spend, cents.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Purse {
    /// A week.
    pub weekly: Option<f64>,
    /// On an order.
    pub order: Option<f64>,
}

/// All agents' visits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rounds {
    /// Shopping visits by weekday, of agents with enough of them.
    weekdays: Vec<[u32; 7]>,
    all_weekdays: [u64; 7],
    /// After a cart was left and after an order: visits, and of them with a soon return.
    returns: [(u64, u64); 2],
    weeks: u64,
    weeks_over: u64,
    /// Thousandths of what the agent's order is to cost.
    to_average: Histogram,
    values: Moments,
    own_values: Vec<Moments>,
}

impl Rounds {
    /// One agent's visits in their order; `offset` is the hour of its week of cycle 0, `end` the
    /// cycle after the last one lived.
    pub fn add(&mut self, visits: &[Visit], purse: Purse, (offset, end): (i32, i32)) {
        let mut weekdays = [0_u32; 7];
        for visit in visits.iter().filter(|visit| visit.shopped) {
            let day = usize::try_from((visit.cycle + offset) / 24 % 7).unwrap_or(0);
            weekdays[day] += 1;
        }
        weekdays.iter().zip(&mut self.all_weekdays).for_each(|(n, all)| *all += u64::from(*n));
        if u64::from(weekdays.iter().sum::<u32>()) >= OF_AGENT_MIN {
            self.weekdays.push(weekdays);
        }
        for (at, visit) in visits.iter().enumerate() {
            if !visit.filled || visit.cycle + SOON >= end {
                continue;
            }
            let next = visits.get(at + 1);
            let is_soon = next.is_some_and(|next| next.cycle - visit.cycle < SOON);
            let (of, soon) = &mut self.returns[usize::from(visit.paid.is_some())];
            *of += 1;
            *soon += u64::from(is_soon);
        }
        self.spend(visits, purse, offset);
    }

    fn spend(&mut self, visits: &[Visit], purse: Purse, offset: i32) {
        let mut weeks: BTreeMap<i32, f64> = BTreeMap::new();
        let mut own = Moments::default();
        for (visit, paid) in visits.iter().filter_map(|visit| Some((visit, visit.paid?))) {
            *weeks.entry((visit.cycle + offset) / 168).or_default() += paid;
            self.values.add(paid);
            own.add(paid.max(1.0).ln());
            if let Some(order) = purse.order.filter(|order| *order > 0.0) {
                let parts = (paid / order * RATIO_PARTS).round() as u64;
                *self.to_average.entry(parts).or_default() += 1;
            }
        }
        if let Some(budget) = purse.weekly {
            self.weeks += weeks.len() as u64;
            self.weeks_over += weeks.values().filter(|spent| **spent > budget).count() as u64;
        }
        if own.n >= OF_AGENT_MIN {
            self.own_values.push(own);
        }
    }

    /// Visits on the weekday that an agent comes most, over what the same weekdays give when they
    /// are dealt out at random; and the visits.
    pub fn own_weekday(&self) -> (Option<Estimate>, u64) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut ratio = Ratio::default();
        let mut visits = 0;
        for own in &self.weekdays {
            let n: u32 = own.iter().sum();
            let most = |days: &[u32; 7]| f64::from(days.iter().max().copied().unwrap_or(0));
            let dealt: f64 = (0..DEALS).map(|_| most(&self.dealt(n, &mut rng))).sum();
            ratio.add(most(own), dealt / f64::from(DEALS));
            visits += u64::from(n);
        }
        (ratio.estimate(), visits)
    }

    fn dealt(&self, n: u32, rng: &mut Xoshiro256PlusPlus) -> [u32; 7] {
        let total: u64 = self.all_weekdays.iter().sum();
        let mut days = [0; 7];
        for _ in 0..n {
            let mut place = rng.random_range(0..total.max(1));
            for (day, all) in days.iter_mut().zip(&self.all_weekdays) {
                if place < *all {
                    *day += 1;
                    break;
                }
                place -= all;
            }
        }
        days
    }

    /// How much oftener an agent is back within a day after a cart it left than after an order,
    /// and the carts left.
    pub fn return_after_abandon(&self) -> (Option<Estimate>, u64) {
        let [(left, left_soon), (ordered, ordered_soon)] = self.returns;
        let rates = (left_soon as f64 / left as f64, ordered_soon as f64 / ordered as f64);
        (statistics::ratio(rates, (left_soon, ordered_soon)), left)
    }

    /// Percent of the weeks with an order in which more than the budget was spent, and the weeks.
    pub fn weeks_over_budget(&self) -> (Option<Estimate>, u64) {
        (statistics::percent(self.weeks_over as f64 / self.weeks as f64, self.weeks), self.weeks)
    }

    /// What an order cost over what it was to cost, in thousandths.
    pub fn to_average(&self) -> &Histogram {
        &self.to_average
    }

    /// What orders cost.
    pub fn values(&self) -> &Moments {
        &self.values
    }

    /// Logarithms of what orders cost, by agent with enough of them.
    pub fn own_values(&self) -> &[Moments] {
        &self.own_values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: Visit = Visit { cycle: 0, shopped: true, filled: false, paid: None };
    const SPAN: (i32, i32) = (0, 10_000);

    #[test]
    fn an_agent_of_one_weekday_is_told_from_chance() {
        let mut rounds = Rounds::default();
        for agent in 0..70 {
            let visits: Vec<Visit> = (0..20)
                .map(|week| Visit { cycle: week * 168 + (agent % 7) * 24, ..SHOP })
                .collect();
            rounds.add(&visits, Purse::default(), SPAN);
        }
        let (found, visits) = rounds.own_weekday();
        assert!(found.unwrap().value > 3.0 && visits == 1_400, "{found:?}");
    }

    #[test]
    fn agents_without_a_habit_are_at_one_and_few_visits_are_left_out() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
        let mut rounds = Rounds::default();
        for _ in 0..400 {
            let visits: Vec<Visit> = (0..24)
                .map(|week| Visit { cycle: week * 168 + rng.random_range(0..168), ..SHOP })
                .collect();
            rounds.add(&visits, Purse::default(), SPAN);
        }
        let found = rounds.own_weekday().0.unwrap();
        assert!((found.value - 1.0).abs() < 0.03, "{found:?}");
        let mut few = Rounds::default();
        few.add(&[SHOP; 7], Purse::default(), SPAN);
        assert_eq!(few.own_weekday(), (None, 0));
    }

    #[test]
    fn a_return_counts_within_a_day_and_not_at_the_end_of_the_run() {
        let left = Visit { filled: true, ..SHOP };
        let ordered = Visit { paid: Some(500.0), ..left };
        let at = |visit: Visit, cycle| Visit { cycle, ..visit };
        let mut rounds = Rounds::default();
        let visits = [at(left, 0), at(ordered, 23), at(left, 47), at(ordered, 60), at(left, 480)];
        rounds.add(&visits, Purse::default(), (0, 504));
        // Left: 23 h later, 13 h later; the last has no whole day. Ordered: exactly 24 h, 420 h.
        assert_eq!(rounds.returns, [(2, 2), (2, 0)]);
        assert_eq!(rounds.return_after_abandon(), (None, 2));
    }

    #[test]
    fn a_week_over_budget_is_a_week_from_monday() {
        let order = |cycle, paid| Visit { cycle, filled: true, paid: Some(paid), ..SHOP };
        let purse = Purse { weekly: Some(1_000.0), order: Some(800.0) };
        let mut rounds = Rounds::default();
        rounds.add(&[order(0, 600.0), order(167, 400.0), order(168, 1_001.0)], purse, SPAN);
        let (found, weeks) = rounds.weeks_over_budget();
        assert_eq!((found.map(|found| found.value), weeks), (Some(50.0), 2));
        assert_eq!(rounds.to_average().keys().copied().collect::<Vec<_>>(), [500, 750, 1_251]);
        assert_eq!(rounds.values().n, 3);
    }
}
