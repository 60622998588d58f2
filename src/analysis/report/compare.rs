//! Two runs beside each other: how far apart they are, and how far apart chance alone would put
//! them.
//!
//! Visits of one agent resemble each other, so the agent is the unit, as in the results of an
//! experiment. Each figure is a ratio of two sums over agents (orders of visits, units of orders),
//! which fits proportions and means alike. Both runs are taken for independent.

use domain::ids::RunId;
use serde::Serialize;
use store::Admin;
use store::admin::export::{Bind, Statement};

use super::reading::Cells;
use crate::cohorts::statistics::{self, Interval, Ratio};
use crate::export::ExportError;

/// Fewer agents say nothing about a spread.
pub const AGENTS_MIN: u64 = 5;
/// What the interval is, in one sentence.
pub const METHOD: &str = "95 % intervals of the difference by Welch's t over agents: each figure \
    is a ratio of two sums over agents, its variance comes from the agents' residuals (delta \
    method). The runs are taken for independent; with many figures one in twenty lies outside by \
    chance.";

/// How a figure is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A part of a whole, 0-1.
    Share,
    /// So many a unit.
    Number,
    /// Money.
    Cents,
}

/// A figure that two runs are compared by.
#[derive(Clone, Copy, Debug)]
struct Figure {
    name: &'static str,
    says: &'static str,
    unit: Unit,
    /// Column of the agent's sums above the line; empty: none.
    above: &'static str,
    /// Below the line.
    below: &'static str,
}

const fn figure(
    (name, says): (&'static str, &'static str),
    unit: Unit,
    (above, below): (&'static str, &'static str),
) -> Figure {
    Figure { name, says, unit, above, below }
}

/// Of visits that count.
const OF_VISITS: [Figure; 8] = [
    figure(("conversion", "orders of visits"), Unit::Share, ("orders", "visits")),
    figure(
        ("cart_abandonment", "carts left of carts filled"),
        Unit::Share,
        ("left_carts", "carts"),
    ),
    figure(("browsing_only", "visits that only looked"), Unit::Share, ("browsed", "visits")),
    figure(("units_per_order", "units of an order"), Unit::Number, ("units", "orders")),
    figure(("order_value", "paid for an order"), Unit::Cents, ("revenue", "orders")),
    figure(("discount_share", "discounts of subtotals"), Unit::Share, ("discount", "subtotal")),
    figure(("visits_per_agent_week", "visits of an agent in a week"), Unit::Number, ("visits", "")),
    figure(("revenue_per_agent_week", "paid by an agent in a week"), Unit::Cents, ("revenue", "")),
];
/// Of coupons that were handed out.
const OF_COUPONS: [Figure; 1] =
    [figure(("coupon_redemption", "coupons used of handed out"), Unit::Share, ("used", "held"))];
/// Of visits of every attempt.
const OF_ATTEMPTS: [Figure; 2] = [
    figure(("failed_visits", "failed visits, every attempt"), Unit::Share, ("failed", "visits")),
    figure(
        ("calls_per_visit", "calls of a visit, every attempt"),
        Unit::Number,
        ("calls", "visits"),
    ),
];

const VISITS: &str = "SELECT s.agent_id, COUNT(*) AS visits, \
    COUNT(CASE WHEN s.cart_units > 0 THEN 1 END) AS carts, \
    COUNT(CASE WHEN s.cart_units > 0 AND o.flow_id IS NULL THEN 1 END) AS left_carts, \
    COUNT(CASE WHEN s.status = 'browsed' THEN 1 END) AS browsed, COUNT(o.flow_id) AS orders, \
    SUM(CASE WHEN o.flow_id IS NOT NULL THEN s.cart_units ELSE 0 END) AS units, \
    COALESCE(SUM(o.final_total_cents), 0) AS revenue, \
    COALESCE(SUM(o.discount_total_cents), 0) AS discount, \
    COALESCE(SUM(o.subtotal_cents), 0) AS subtotal \
    FROM canonical_shopping_sessions s LEFT JOIN orders o ON o.flow_id = s.flow_id \
    WHERE s.run_id = $1 GROUP BY s.agent_id";
const COUPONS: &str = "SELECT agent_id, COUNT(*) AS held, COUNT(redeemed_flow_id) AS used \
    FROM coupon_assignments WHERE run_id = $1 GROUP BY agent_id";
const ATTEMPTS: &str = "SELECT agent_id, COUNT(*) AS visits, \
    COUNT(CASE WHEN status = 'failed' THEN 1 END) AS failed, SUM(calls) AS calls \
    FROM shopping_sessions WHERE run_id = $1 GROUP BY agent_id";

/// Sums over agents, of which a ratio and its variance are made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Agents with anything below the line.
    pub agents: u64,
    /// Above the line.
    pub x: f64,
    /// Below it.
    pub n: f64,
    /// Sum of squares above.
    pub xx: f64,
    /// Sum of products.
    pub xn: f64,
    /// Sum of squares below.
    pub nn: f64,
}

/// A figure of one run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Agents it is over.
    pub agents: u64,
    /// The ratio.
    pub value: f64,
    /// Its standard error; `null` for fewer than [`AGENTS_MIN`] agents.
    pub standard_error: Option<f64>,
}

/// A difference of two figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The run's minus the other's.
    pub value: f64,
    /// Its 95 % interval; `null` where neither run spreads, or one has too few agents.
    pub interval: Option<(f64, f64)>,
    /// As a part of the other run's; `null` as the interval, or where the other run has none.
    pub lift: Option<Interval>,
}

/// A figure of both runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Its key.
    pub figure: &'static str,
    /// In words.
    pub says: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Of the run.
    pub run: Option<Estimate>,
    /// Of the other run.
    pub other: Option<Estimate>,
    /// Where both have one.
    pub difference: Option<Difference>,
}

/// Two runs beside each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The other run.
    pub other_run_id: String,
    /// [`METHOD`].
    pub method: &'static str,
    /// Figure by figure.
    pub figures: Vec<Compared>,
}

impl Sums {
    /// The ratio; `None` where nothing is below the line.
    fn ratio(&self) -> Option<Ratio> {
        if self.n <= 0.0 {
            return None;
        }
        let (value, agents) = (self.x / self.n, self.agents as f64);
        // Rounding may leave a trace below zero where all agents are alike.
        let residuals = (self.xx - 2.0 * value * self.xn + value * value * self.nn).max(0.0);
        let variance = agents / (agents - 1.0) * residuals / (self.n * self.n);
        let agents = usize::try_from(self.agents).unwrap_or(usize::MAX);
        Some(Ratio { value, variance, agents })
    }
}

impl Estimate {
    fn of(ratio: &Ratio) -> Self {
        let agents = ratio.agents as u64;
        let has_spread = agents >= AGENTS_MIN;
        let standard_error = has_spread.then(|| ratio.variance.sqrt());
        Self { agents, value: ratio.value, standard_error }
    }
}

impl Difference {
    /// The one minus the other.
    fn of(one: &Ratio, other: &Ratio) -> Self {
        let has_spread = one.agents.min(other.agents) as u64 >= AGENTS_MIN;
        let compared = statistics::compare(other, one).filter(|_| has_spread);
        Self {
            value: one.value - other.value,
            interval: compared.map(|c| (c.difference.low, c.difference.high)),
            lift: compared.and_then(|c| c.lift),
        }
    }

    /// Whether chance alone would rarely put the runs so far apart.
    pub fn is_clear(&self) -> bool {
        self.interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0)
    }
}

/// A run to be compared.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// Which.
    pub run: RunId,
    /// Its agents, those without a visit too.
    pub agents: u32,
    /// Simulated weeks that count.
    pub weeks: f64,
}

/// Both runs, figure by figure.
pub async fn compare(admin: &Admin, run: Side, other: Side) -> Result<Comparison, ExportError> {
    let mut figures = Vec::new();
    let (mine, others) = (read(admin, run).await?, read(admin, other).await?);
    for ((figure, mine), (_, other)) in mine.into_iter().zip(others) {
        let difference = mine.zip(other).map(|(mine, other)| Difference::of(&mine, &other));
        let Figure { name, says, unit, .. } = figure;
        let [run, other] = [mine, other].map(|of| of.as_ref().map(Estimate::of));
        figures.push(Compared { figure: name, says, unit, run, other, difference });
    }
    Ok(Comparison { other_run_id: other.run.to_string(), method: METHOD, figures })
}

async fn read(admin: &Admin, side: Side) -> Result<Vec<(Figure, Option<Ratio>)>, ExportError> {
    let groups: [(&[Figure], &str); 3] =
        [(&OF_VISITS, VISITS), (&OF_COUPONS, COUPONS), (&OF_ATTEMPTS, ATTEMPTS)];
    let mut found = Vec::new();
    for (figures, by_agent) in groups {
        let rows = admin.rows(sums_of(figures, by_agent, side.run)).await?;
        let mut cells = Cells::of_first("shopping_sessions", rows);
        for figure in figures {
            let mut sums = Sums { agents: cells.count(figure.below)?, ..Sums::default() };
            for sum in [&mut sums.x, &mut sums.n, &mut sums.xx, &mut sums.xn, &mut sums.nn] {
                *sum = cells.number(figure.name)?.unwrap_or(0.0);
            }
            if figure.below.is_empty() {
                sums = over_weeks(sums, side);
            }
            found.push((*figure, sums.ratio()));
        }
    }
    Ok(found)
}

/// Every agent has lived as many weeks, those without a visit too.
fn over_weeks(sums: Sums, side: Side) -> Sums {
    let (agents, weeks) = (f64::from(side.agents), side.weeks);
    Sums {
        agents: side.agents.into(),
        n: agents * weeks,
        xn: sums.x * weeks,
        nn: agents * weeks * weeks,
        ..sums
    }
}

/// One row: for each figure agents, x, n, xx, xn and nn. Squares of cents leave 64 bits.
fn sums_of(figures: &[Figure], by_agent: &str, run: RunId) -> Statement {
    let of = |figure: &Figure| {
        let column = |name: &str| match name {
            "" => "1.0".to_owned(),
            name => format!("CAST(a.{name} AS DOUBLE PRECISION)"),
        };
        let (x, n) = (column(figure.above), column(figure.below));
        let sum = |of: String| format!("CAST(SUM({of}) AS DOUBLE PRECISION)");
        let products = [x.clone(), n.clone(), format!("{x} * {x}"), format!("{x} * {n}")];
        let products = products.into_iter().chain([format!("{n} * {n}")]).map(sum);
        let sums = products.collect::<Vec<_>>().join(", ");
        format!("COUNT(CASE WHEN {n} > 0 THEN 1 END), {sums}")
    };
    let columns = figures.iter().map(of).collect::<Vec<_>>().join(", ");
    Statement::of(
        format!("SELECT {columns} FROM ({by_agent}) a"),
        vec![Bind::Text(run.to_string())],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums over agents with these (x, n).
    fn sums(agents: &[(f64, f64)]) -> Sums {
        let sum = |of: fn(&(f64, f64)) -> f64| agents.iter().map(of).sum();
        Sums {
            agents: agents.len() as u64,
            x: sum(|a| a.0),
            n: sum(|a| a.1),
            xx: sum(|a| a.0 * a.0),
            xn: sum(|a| a.0 * a.1),
            nn: sum(|a| a.1 * a.1),
        }
    }

    #[test]
    fn sums_in_the_database_give_what_the_agents_one_by_one_give() {
        let agents = [(1.0, 2.0), (5.0, 6.0), (0.0, 3.0), (4.0, 4.0), (2.0, 7.0)];
        let (by_sums, one_by_one) = (sums(&agents).ratio(), statistics::ratio(&agents));
        let (by_sums, one_by_one) = (by_sums.unwrap(), one_by_one.unwrap());
        assert!((by_sums.value - one_by_one.value).abs() < 1e-12);
        assert!((by_sums.variance - one_by_one.variance).abs() < 1e-12);
        assert_eq!(by_sums.agents, one_by_one.agents);
    }

    #[test]
    fn agents_who_always_do_the_same_widen_the_interval_of_a_share() {
        let mixed: Vec<(f64, f64)> = (0..40).map(|_| (5.0, 10.0)).collect();
        let split: Vec<(f64, f64)> =
            (0..40).map(|at| if at % 2 == 0 { (10.0, 10.0) } else { (0.0, 10.0) }).collect();
        let (mixed, split) = (sums(&mixed).ratio().unwrap(), sums(&split).ratio().unwrap());
        let (mixed, split) = (Estimate::of(&mixed), Estimate::of(&split));
        assert!((mixed.value - split.value).abs() < 1e-12);
        assert!(mixed.standard_error.unwrap() < 1e-6);
        // sqrt(p (1 - p) / 39) for 40 clusters that are all or nothing.
        assert!((split.standard_error.unwrap() - (0.25_f64 / 39.0).sqrt()).abs() < 1e-9);
    }

    #[test]
    fn nothing_below_the_line_is_no_figure_and_few_agents_have_no_interval() {
        assert_eq!(sums(&[(0.0, 0.0)]).ratio(), None);
        let few = sums(&[(1.0, 2.0), (2.0, 2.0)]).ratio().unwrap();
        assert_eq!(Estimate::of(&few).standard_error, None);
        assert_eq!(Difference::of(&few, &few).interval, None);
    }

    #[test]
    fn an_agent_without_a_visit_counts_below_weeks() {
        let side = Side { run: RunId(uuid::Uuid::nil()), agents: 10, weeks: 2.0 };
        let one = over_weeks(sums(&[(6.0, 1.0), (4.0, 1.0)]), side).ratio().unwrap();
        assert!((one.value - 0.5).abs() < 1e-12);
        assert_eq!(one.agents, 10);
    }
}
