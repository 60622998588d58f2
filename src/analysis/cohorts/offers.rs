//! What offers as a whole did: agents of the holdout, who get none, beside all others.

use domain::ids::AgentId;
use domain::offer::{OfferPolicy, is_held_out};
use questions::runs::KnownRun;
use serde::Serialize;

use super::adjusting::{Adjusted, Adjustment};
use super::covariates::Covariates;
use super::metrics::{AgentFigures, Metric};
use super::statistics::{self, Comparison, Interval};

/// What offers could move: coupons of those who get none are none.
const METRICS: [Metric; 2] = [Metric::OrdersPerAgentWeek, Metric::RevenuePerAgentWeek];
/// Agents of a group under which its interval is rough.
const AGENTS_FEW: usize = 30;

/// What offers as a whole did in a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfferUplift {
    /// In words.
    pub measures: &'static str,
    /// Agents that get no offers, ever.
    pub held_out: usize,
    /// All others.
    pub offered: usize,
    /// By metric, the others against the holdout.
    pub uplifts: Vec<Uplift>,
    /// What the comparison is adjusted by.
    pub adjustment: Adjustment,
    /// Whether one of the groups is so small that intervals are rough.
    pub is_rough: bool,
}

/// The others against the holdout in one metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Uplift {
    /// Which.
    pub metric: Metric,
    /// What it counts.
    pub unit: &'static str,
    /// Without offers.
    pub held_out: Option<Interval>,
    /// With them.
    pub offered: Option<Interval>,
    /// As counted.
    pub comparison: Option<Comparison>,
    /// As with the same agents in both.
    pub adjusted: Option<Adjusted>,
}

/// What is measured, in words.
const MEASURES: &str = "what offers as a whole did: the holdout never gets any, all others get \
                        them; it is drawn by a hash of the agent's name, so that nothing else \
                        sets the two apart. It says nothing of one coupon or one campaign.";

impl OfferUplift {
    /// From figures of agents; `None` where the run holds nobody out.
    pub fn of(run: &KnownRun, figures: &[AgentFigures], covariates: &Covariates) -> Option<Self> {
        let default = OfferPolicy::default();
        let setting = run.settings.pointer("/offers/holdout_percent");
        let percent = setting.and_then(serde_json::Value::as_f64);
        let holdout_percent = percent.unwrap_or(default.holdout_percent);
        let policy = OfferPolicy { holdout_percent, ..default };
        let is_out = |f: &&AgentFigures| is_held_out(&AgentId::new(&f.agent_id), &policy);
        let (out, others): (Vec<&AgentFigures>, Vec<&AgentFigures>) =
            figures.iter().partition(is_out);
        if out.is_empty() || others.is_empty() {
            return None;
        }
        let pair = (out.as_slice(), others.as_slice());
        let adjustment = Adjustment::of("offers", pair, covariates);
        let uplift = |metric: Metric| {
            let (held_out, offered) = (metric.of(&out), metric.of(&others));
            let compared = || statistics::compare(held_out.as_ref()?, offered.as_ref()?);
            let comparison = compared();
            let adjusted =
                comparison.and_then(|plain| adjustment.adjust(metric, pair, covariates, &plain));
            Uplift {
                metric,
                unit: metric.unit(),
                held_out: held_out.and_then(|of| of.interval()),
                offered: offered.and_then(|of| of.interval()),
                comparison,
                adjusted,
            }
        };
        Some(Self {
            measures: MEASURES,
            held_out: out.len(),
            offered: others.len(),
            uplifts: METRICS.map(uplift).to_vec(),
            is_rough: out.len().min(others.len()) < AGENTS_FEW,
            adjustment,
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;
    use domain::cycle::ReplayNumber;
    use domain::ids::{OwnerToken, RunId};
    use ports::store::RunState;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn run(percent: f64) -> KnownRun {
        let at = NaiveDateTime::default();
        KnownRun {
            run_id: RunId(Uuid::nil()),
            owner: OwnerToken(Uuid::nil()),
            state: RunState::Completed,
            resumes: ReplayNumber::ORIGINAL,
            agents: 1_000,
            simulated_start: at,
            started_at: at,
            heartbeat_at: at,
            ended_at: None,
            settings: json!({ "offers": { "holdout_percent": percent } }),
        }
    }

    /// Agents that order 4 to 6 times in a week, and half an order more with offers.
    fn figures(run: &KnownRun) -> Vec<AgentFigures> {
        let percent = run.settings["offers"]["holdout_percent"].as_f64().unwrap();
        let policy = OfferPolicy { holdout_percent: percent, ..OfferPolicy::default() };
        let agent = |n: u32| {
            let agent_id = format!("agent_{n:03}");
            let more = u32::from(!is_held_out(&AgentId::new(&agent_id), &policy));
            let orders = 8 + n % 5 + more;
            AgentFigures {
                agent_id,
                weeks: 2.0,
                orders,
                revenue_cents: i64::from(orders) * 5_000,
                ..AgentFigures::default()
            }
        };
        (0..1_000).map(agent).collect()
    }

    #[test]
    fn offers_that_bring_half_an_order_a_week_are_found_to_do_so() {
        let run = run(20.0);
        let found = OfferUplift::of(&run, &figures(&run), &Covariates::default()).unwrap();
        assert_eq!(found.held_out + found.offered, 1_000);
        assert!((150..250).contains(&found.held_out) && !found.is_rough, "{}", found.held_out);
        let orders = found.uplifts[0].comparison.unwrap();
        assert!((orders.difference.value - 0.5).abs() < 0.15, "{orders:?}");
        assert!(orders.difference.low > 0.0 && orders.p_value < 0.001);
        let paid = found.uplifts[1].comparison.unwrap();
        assert!((paid.difference.value - 25.0).abs() < 8.0, "50.00 an order: {paid:?}");
    }

    #[test]
    fn without_a_holdout_and_without_anybody_else_there_is_no_uplift() {
        let (none, all) = (run(0.0), run(100.0));
        assert_eq!(OfferUplift::of(&none, &figures(&none), &Covariates::default()), None);
        assert_eq!(OfferUplift::of(&all, &figures(&all), &Covariates::default()), None);
        assert_eq!(OfferUplift::of(&run(20.0), &[], &Covariates::default()), None);
    }
}
