//! Two runs beside each other: how far apart they are, and how far apart chance alone would put
//! them.
//!
//! Visits of one agent resemble each other, so the agent is the unit, as in the results of an
//! experiment. Each figure is a ratio of two sums over agents (orders of visits, units of orders),
//! which fits proportions and means alike. Both runs are taken for independent.

use domain::ids::RunId;
use ports::store::StoreError;
use questions::agents::{self, AttemptsRow, CouponsRow, VisitsRow};
use questions::{Ask, Inquiry, Moment};
use serde::Serialize;

use crate::cohorts::statistics::{self, Interval, Ratio};

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

/// A figure that two runs are compared by: of an agent's row what is above the line and below it.
#[derive(Clone, Copy)]
struct Figure<R> {
    name: &'static str,
    says: &'static str,
    unit: Unit,
    above: fn(&R) -> i64,
    below: Below<R>,
}

/// What is below the line.
#[derive(Clone, Copy)]
enum Below<R> {
    /// Of the agent's row.
    Of(fn(&R) -> i64),
    /// The weeks that every agent has lived, those without a row too.
    Weeks,
}

const fn figure<R>(
    (name, says): (&'static str, &'static str),
    unit: Unit,
    above: fn(&R) -> i64,
    below: Below<R>,
) -> Figure<R> {
    Figure { name, says, unit, above, below }
}

/// Of visits that count.
const OF_VISITS: [Figure<VisitsRow>; 8] = [
    figure(("conversion", "orders of visits"), Unit::Share, |a| a.orders, Below::Of(|a| a.visits)),
    figure(
        ("cart_abandonment", "carts left of carts filled"),
        Unit::Share,
        |a| a.left_carts,
        Below::Of(|a| a.carts),
    ),
    figure(
        ("browsing_only", "visits that only looked"),
        Unit::Share,
        |a| a.browsed,
        Below::Of(|a| a.visits),
    ),
    figure(
        ("units_per_order", "units of an order"),
        Unit::Number,
        |a| a.units,
        Below::Of(|a| a.orders),
    ),
    figure(
        ("order_value", "paid for an order"),
        Unit::Cents,
        |a| a.revenue_cents,
        Below::Of(|a| a.orders),
    ),
    figure(
        ("discount_share", "discounts of subtotals"),
        Unit::Share,
        |a| a.discount_cents,
        Below::Of(|a| a.subtotal_cents),
    ),
    figure(
        ("visits_per_agent_week", "visits of an agent in a week"),
        Unit::Number,
        |a| a.visits,
        Below::Weeks,
    ),
    figure(
        ("revenue_per_agent_week", "paid by an agent in a week"),
        Unit::Cents,
        |a| a.revenue_cents,
        Below::Weeks,
    ),
];
/// Of coupons that were handed out.
const OF_COUPONS: [Figure<CouponsRow>; 1] = [figure(
    ("coupon_redemption", "coupons used of handed out"),
    Unit::Share,
    |a| a.used,
    Below::Of(|a| a.held),
)];
/// Of visits of every attempt.
const OF_ATTEMPTS: [Figure<AttemptsRow>; 2] = [
    figure(
        ("failed_visits", "failed visits, every attempt"),
        Unit::Share,
        |a| a.failed,
        Below::Of(|a| a.visits),
    ),
    figure(
        ("calls_per_visit", "calls of a visit, every attempt"),
        Unit::Number,
        |a| a.calls,
        Below::Of(|a| a.visits),
    ),
];

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
    fn of(agents: impl Iterator<Item = (f64, f64)>) -> Self {
        agents.fold(Self::default(), |sums, (x, n)| Self {
            agents: sums.agents + u64::from(n > 0.0),
            x: sums.x + x,
            n: sums.n + n,
            xx: sums.xx + x * x,
            xn: sums.xn + x * n,
            nn: sums.nn + n * n,
        })
    }

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
pub async fn compare(store: &impl Ask, run: Side, other: Side) -> Result<Comparison, StoreError> {
    let (mine, others) = (store.at_once(run).await?, store.at_once(other).await?);
    let both = [&mine, &others];
    let mut figures = compared(&OF_VISITS, both.map(|agents| (agents.side, &agents.visits[..])));
    figures.extend(compared(&OF_COUPONS, both.map(|agents| (agents.side, &agents.coupons[..]))));
    figures.extend(compared(&OF_ATTEMPTS, both.map(|agents| (agents.side, &agents.attempts[..]))));
    Ok(Comparison { other_run_id: other.run.to_string(), method: METHOD, figures })
}

/// The agents of a run, each with sums of its own.
#[derive(Clone, Debug)]
pub struct Agents {
    side: Side,
    visits: Vec<VisitsRow>,
    coupons: Vec<CouponsRow>,
    attempts: Vec<AttemptsRow>,
}

impl Inquiry for Side {
    type Answers = Agents;

    async fn read<M: Moment>(self, moment: &mut M) -> Result<Agents, M::Fault> {
        Ok(Agents {
            side: self,
            visits: moment.ask(agents::visits(self.run)).await?,
            coupons: moment.ask(agents::coupons(self.run)).await?,
            attempts: moment.ask(agents::attempts(self.run)).await?,
        })
    }
}

fn compared<R>(figures: &[Figure<R>], [run, other]: [(Side, &[R]); 2]) -> Vec<Compared> {
    let one = |figure: &Figure<R>| {
        let (mine, other) = (figure.ratio(run), figure.ratio(other));
        let difference = mine.as_ref().zip(other.as_ref());
        Compared {
            figure: figure.name,
            says: figure.says,
            unit: figure.unit,
            difference: difference.map(|(mine, other)| Difference::of(mine, other)),
            run: mine.as_ref().map(Estimate::of),
            other: other.as_ref().map(Estimate::of),
        }
    };
    figures.iter().map(one).collect()
}

impl<R> Figure<R> {
    fn ratio(&self, (side, agents): (Side, &[R])) -> Option<Ratio> {
        let sums = |below: &dyn Fn(&R) -> f64| {
            Sums::of(agents.iter().map(|agent| ((self.above)(agent) as f64, below(agent))))
        };
        match self.below {
            Below::Of(below) => sums(&|agent| below(agent) as f64),
            Below::Weeks => over_weeks(sums(&|_| 1.0), side),
        }
        .ratio()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(agents: &[(f64, f64)]) -> Sums {
        Sums::of(agents.iter().copied())
    }

    #[test]
    fn sums_over_agents_give_what_the_agents_one_by_one_give() {
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
