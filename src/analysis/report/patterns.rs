//! Who comes back, how sales and spending are spread, how deep discounts are, what promotions sell.

use questions::bins::BinRow;
use questions::patterns::{PriceRow, RetainedRow, TileRow};
use serde::Serialize;

use super::reading::{Answers, count, share};

/// The shape of shopping over a longer time; canonical rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Patterns {
    /// Of the agents that ordered, how many did so again within so many days.
    pub ordered_again: Vec<Again>,
    /// Of the agents of each week, how many ordered in later weeks.
    pub cohorts: Vec<CohortWeeks>,
    /// Days from an order to the agent's next.
    pub gaps: Vec<Gap>,
    /// Of the gaps, those of 7 days.
    pub gaps_of_7_days: Option<f64>,
    /// Units by product.
    pub product_units: Spread,
    /// What was paid by shopper.
    pub spending: Spread,
    /// Lines of orders by what was taken off them.
    pub discounts: Vec<Depth>,
    /// Of the lines, those with a discount.
    pub lines_discounted: Option<f64>,
    /// Weeks of products by price.
    pub prices: Vec<AtPrice>,
    /// Units of a product's week on promotion / of one that is not; `null` where prices stood.
    pub promotion_lift: Option<f64>,
}

/// Agents that ordered again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Again {
    /// Days since the first order, 0 for the same day.
    pub day: u64,
    /// Of the agents, 0-1; agents whose first order is younger count as long as it is old
    /// (Kaplan-Meier).
    pub share: f64,
}

/// Agents by the week of their first order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CohortWeeks {
    /// Since the begin of the run, from 0.
    pub week: u64,
    /// Agents that ordered for the first time in it.
    pub agents: u64,
    /// Of them those that ordered 1, 2, ... weeks later, 0-1; weeks that were lived whole.
    pub later: Vec<f64>,
}

/// Orders whose agent's last one is so long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Since the agent's order before, 0 for the same day.
    pub days: u64,
    /// So many orders.
    pub orders: u64,
}

/// How something is spread over those who have any.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Who have any.
    pub members: u64,
    /// What they have.
    pub total: i64,
    /// 0 where all have the same, near 1 where one has all; `null` of nothing.
    pub gini: Option<f64>,
    /// From the poorest on: share of the members and what they have of the total, 0-1.
    pub curve: Vec<(f64, f64)>,
}

/// Lines with a discount of one depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Depth {
    /// From this percent of the line on, 5 wide; `null`: nothing was taken off.
    pub from_percent: Option<u64>,
    /// So many lines.
    pub lines: u64,
}

/// Weeks of products at one price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtPrice {
    /// Below the product's dearest week, from this percent on, 10 wide; `null`: less than 5 %.
    pub from_percent: Option<u64>,
    /// Weeks of products with a sale.
    pub product_weeks: u64,
    /// Units sold in one of them.
    pub units_per_week: f64,
}

impl Patterns {
    /// From the answers.
    pub fn of(answers: &Answers) -> Self {
        let hours = answers.days_lived.iter().map(|day| count(day.hours)).sum::<u64>();
        let last_day = answers.days_lived.last().map_or(0, |day| count(day.day));
        let gap = |row: &BinRow| Gap { days: count(row.value), orders: count(row.seen) };
        let mut gaps: Vec<Gap> = answers.gaps.iter().map(gap).collect();
        gaps.sort_by_key(|gap| gap.days);
        let all: u64 = gaps.iter().map(|gap| gap.orders).sum();
        let of_7 = gaps.iter().find(|gap| gap.days == 7).map_or(0, |gap| gap.orders);
        let discounts: Vec<Depth> = answers.discount_depths.iter().map(depth).collect();
        let lines: u64 = discounts.iter().map(|depth| depth.lines).sum();
        let plain = discounts.iter().find(|depth| depth.from_percent.is_none());
        let plain = plain.map_or(0, |depth| depth.lines);
        Self {
            ordered_again: again(&answers.second_orders, &answers.single_orders, last_day),
            cohorts: cohorts(&answers.retained, hours / 168),
            gaps_of_7_days: share(of_7, all),
            gaps,
            product_units: Spread::of(&answers.product_units),
            spending: Spread::of(&answers.spending),
            lines_discounted: share(lines - plain, lines),
            discounts,
            prices: answers.prices.iter().map(at_price).collect(),
            promotion_lift: promotion_lift(&answers.prices),
        }
    }
}

/// Kaplan and Meier: an agent without a second order counts among those who may still come back
/// until the run's last day.
fn again(second: &[BinRow], single: &[BinRow], last_day: u64) -> Vec<Again> {
    let waited = |row: &BinRow| last_day.saturating_sub(count(row.value));
    let mut at_risk: u64 = second.iter().chain(single).map(|row| count(row.seen)).sum();
    let mut left = 1.0;
    let mut found = Vec::new();
    for day in 0..=last_day {
        if at_risk == 0 {
            break;
        }
        let came: u64 =
            second.iter().filter(|row| count(row.value) == day).map(|row| count(row.seen)).sum();
        left *= 1.0 - came as f64 / at_risk as f64;
        found.push(Again { day, share: 1.0 - left });
        let ended: u64 =
            single.iter().filter(|row| waited(row) == day).map(|row| count(row.seen)).sum();
        at_risk = at_risk.saturating_sub(came + ended);
    }
    found
}

fn cohorts(rows: &[RetainedRow], weeks_lived: u64) -> Vec<CohortWeeks> {
    let firsts = rows.iter().filter(|row| row.later == 0);
    let of = |first: &RetainedRow| {
        let week = count(first.first);
        // A week that is not lived whole would look like one in which nobody came.
        let longest = rows.iter().map(|row| count(row.later)).max().unwrap_or(0);
        let last = weeks_lived.saturating_sub(week + 1).min(longest);
        let at = |later: u64| {
            let found = rows.iter().find(|r| r.first == first.first && count(r.later) == later);
            found.map_or(0.0, |row| row.agents as f64 / first.agents.max(1) as f64)
        };
        CohortWeeks { week, agents: count(first.agents), later: (1..=last).map(at).collect() }
    };
    firsts.map(of).collect()
}

fn depth(row: &BinRow) -> Depth {
    let from_percent = count(row.value).checked_sub(1).map(|twentieth| twentieth * 5);
    Depth { from_percent, lines: count(row.seen) }
}

fn at_price(row: &PriceRow) -> AtPrice {
    let product_weeks = count(row.product_weeks);
    AtPrice {
        from_percent: u64::try_from(row.depth).ok().map(|tenth| (tenth * 10).max(5)),
        product_weeks,
        units_per_week: row.units as f64 / product_weeks.max(1) as f64,
    }
}

/// `None` where one of both is missing.
fn promotion_lift(rows: &[PriceRow]) -> Option<f64> {
    let rate = |is_promoted: bool| {
        let of = rows.iter().filter(|row| (row.depth >= 0) == is_promoted);
        let (weeks, units) =
            of.fold((0, 0), |sum, row| (sum.0 + row.product_weeks, sum.1 + row.units));
        (weeks > 0 && units > 0).then(|| units as f64 / weeks as f64)
    };
    Some(rate(true)? / rate(false)?)
}

impl Spread {
    fn of(tiles: &[TileRow]) -> Self {
        let members: u64 = tiles.iter().map(|tile| count(tile.members)).sum();
        let total: i64 = tiles.iter().map(|tile| tile.amount).sum();
        if members == 0 || total <= 0 {
            return Self { members, total, ..Self::default() };
        }
        let (all, whole) = (members as f64, total as f64);
        let by_place: f64 = tiles.iter().map(|tile| tile.by_place).sum();
        let mut passed = (0.0, 0.0);
        let mut curve = vec![passed];
        for tile in tiles {
            passed = (passed.0 + tile.members as f64 / all, passed.1 + tile.amount as f64 / whole);
            curve.push(passed);
        }
        let gini = 2.0 * by_place / (all * whole) - (all + 1.0) / all;
        Self { members, total, gini: Some(gini.max(0.0)), curve }
    }

    /// What the richest part of the members has of the total; both 0-1.
    pub fn of_richest(&self, part: f64) -> Option<f64> {
        let from = 1.0 - part;
        let pair = self.curve.windows(2).find(|pair| pair[1].0 >= from - 1e-9)?;
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let at = if x1 > x0 { y0 + (y1 - y0) * (from - x0) / (x1 - x0) } else { y1 };
        Some(1.0 - at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins(pairs: &[(i64, i64)]) -> Vec<BinRow> {
        pairs.iter().map(|(value, seen)| BinRow { value: *value, seen: *seen }).collect()
    }

    #[test]
    fn who_has_had_no_time_to_come_back_does_not_count_as_lost() {
        let shares = |found: Vec<Again>| found.iter().map(|a| a.share).collect::<Vec<_>>();
        let all = again(&bins(&[(1, 2), (3, 1)]), &bins(&[(0, 1)]), 3);
        assert_eq!(shares(all), [0.0, 0.5, 0.5, 0.75]);
        // The one of day 2 has waited one day: from then on three are left, of whom one comes.
        let young = again(&bins(&[(3, 1)]), &bins(&[(0, 2), (2, 1)]), 3);
        assert!((young[3].share - 1.0 / 3.0).abs() < 1e-12, "{young:?}");
        assert!(again(&[], &[], 10).is_empty());
    }

    #[test]
    fn a_cohort_has_the_weeks_that_were_lived_whole_and_zeros_where_nobody_came() {
        let row = |first, later, agents| RetainedRow { first, later, agents };
        let rows = [row(0, 0, 10), row(0, 1, 5), row(0, 3, 2), row(1, 0, 4), row(1, 1, 1)];
        let found = cohorts(&rows, 4);
        assert_eq!(found[0].later, [0.5, 0.0, 0.2]);
        assert_eq!((found[1].agents, found[1].later.as_slice()), (4, &[0.25, 0.0][..]));
        assert!(cohorts(&rows, 1)[0].later.is_empty(), "the second week is not over");
    }

    fn tiles(amounts: &[i64]) -> Vec<TileRow> {
        let tile = |(place, amount): (usize, &i64)| TileRow {
            members: 1,
            amount: *amount,
            by_place: *amount as f64 * (place + 1) as f64,
        };
        amounts.iter().enumerate().map(tile).collect()
    }

    #[test]
    fn gini_is_0_of_equals_and_near_1_where_one_has_all() {
        let gini = |amounts: &[i64]| Spread::of(&tiles(amounts)).gini.unwrap();
        assert!(gini(&[5, 5, 5, 5]).abs() < 1e-12);
        assert!((gini(&[0, 0, 0, 9]) - 0.75).abs() < 1e-12);
        assert!((gini(&[1, 2, 3, 4]) - 0.25).abs() < 1e-12);
        assert_eq!(Spread::of(&[]).gini, None);
        let spread = Spread::of(&tiles(&[1, 2, 3, 4]));
        assert!((spread.of_richest(0.25).unwrap() - 0.4).abs() < 1e-9);
        assert!((spread.of_richest(0.5).unwrap() - 0.7).abs() < 1e-9);
        assert_eq!(spread.curve.len(), 5);
    }

    #[test]
    fn promotions_lift_sales_where_prices_move_and_say_nothing_where_they_stand() {
        let row = |depth, product_weeks, units| PriceRow { depth, product_weeks, units };
        let rows = [row(-1, 10, 20), row(0, 1, 4), row(3, 3, 12)];
        assert_eq!(promotion_lift(&rows), Some(2.0));
        assert_eq!(promotion_lift(&rows[..1]), None);
        let percents: Vec<_> = rows.iter().map(|row| at_price(row).from_percent).collect();
        assert_eq!(percents, [None, Some(5), Some(30)]);
    }

    #[test]
    fn depths_of_discounts_are_5_wide_and_none_is_its_own() {
        let bins = bins(&[(0, 3), (1, 2), (21, 1)]);
        let found: Vec<Option<u64>> = bins.iter().map(|row| depth(row).from_percent).collect();
        assert_eq!(found, [None, Some(0), Some(100)]);
    }
}
