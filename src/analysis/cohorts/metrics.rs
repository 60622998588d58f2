//! What is compared: each metric a sum over agents divided by another.

use serde::Serialize;

use super::statistics::{self, Ratio};

/// Cents in a unit of the shop's currency.
const CENTS: f64 = 100.0;

/// What one agent did since it was released, in attempts that count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentFigures {
    /// Who.
    pub agent_id: String,
    /// Simulated weeks since its release.
    pub weeks: f64,
    /// Shopping sessions that ended in an order or were abandoned; not those that failed.
    pub visits: u32,
    /// Orders.
    pub orders: u32,
    /// Paid, cents.
    pub revenue_cents: i64,
    /// Coupons it was handed.
    pub assigned: u32,
    /// Of them redeemed.
    pub redeemed: u32,
    /// The cohorts that its rows name; one, unless somebody changed the agent during the run.
    pub cohorts: Vec<String>,
}

impl AgentFigures {
    /// This and another time of the same agent.
    pub fn and(&self, other: &Self) -> Self {
        Self {
            agent_id: self.agent_id.clone(),
            weeks: self.weeks + other.weeks,
            visits: self.visits + other.visits,
            orders: self.orders + other.orders,
            revenue_cents: self.revenue_cents + other.revenue_cents,
            assigned: self.assigned + other.assigned,
            redeemed: self.redeemed + other.redeemed,
            cohorts: self.cohorts.iter().chain(&other.cohorts).cloned().collect(),
        }
    }
}

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Orders / agent-weeks.
    OrdersPerAgentWeek,
    /// Orders / shopping sessions.
    Conversion,
    /// Paid / agent-weeks.
    RevenuePerAgentWeek,
    /// Paid / orders.
    Basket,
    /// Coupons redeemed / coupons handed out.
    Redemption,
}

impl Metric {
    /// All, in the order in which they are told.
    pub const ALL: &'static [Self] = &[
        Self::OrdersPerAgentWeek,
        Self::Conversion,
        Self::RevenuePerAgentWeek,
        Self::Basket,
        Self::Redemption,
    ];

    /// As JSON names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrdersPerAgentWeek => "orders_per_agent_week",
            Self::Conversion => "conversion",
            Self::RevenuePerAgentWeek => "revenue_per_agent_week",
            Self::Basket => "basket",
            Self::Redemption => "redemption",
        }
    }

    /// What it counts.
    pub fn unit(self) -> &'static str {
        match self {
            Self::OrdersPerAgentWeek => "orders",
            Self::Conversion => "orders per shopping session",
            Self::RevenuePerAgentWeek => "currency per agent and week",
            Self::Basket => "currency per order",
            Self::Redemption => "redeemed per coupon",
        }
    }

    /// An agent's part of numerator and denominator.
    fn parts(self, agent: &AgentFigures) -> (f64, f64) {
        let (orders, paid) = (f64::from(agent.orders), agent.revenue_cents as f64 / CENTS);
        match self {
            Self::OrdersPerAgentWeek => (orders, agent.weeks),
            Self::Conversion => (orders, f64::from(agent.visits)),
            Self::RevenuePerAgentWeek => (paid, agent.weeks),
            Self::Basket => (paid, orders),
            Self::Redemption => (f64::from(agent.redeemed), f64::from(agent.assigned)),
        }
    }

    /// Of a group of agents; `None` where nothing was counted.
    pub fn of(self, agents: &[&AgentFigures]) -> Option<Ratio> {
        let parts: Vec<(f64, f64)> = agents.iter().map(|agent| self.parts(agent)).collect();
        statistics::ratio(&parts)
    }

    /// What each of these agents adds: their mean is the ratio, and the variance of that mean is
    /// the ratio's by the delta method; `None` where nothing was counted.
    pub fn added(self, agents: &[&AgentFigures]) -> Option<Vec<f64>> {
        let ratio = self.of(agents)?.value;
        let parts: Vec<(f64, f64)> = agents.iter().map(|agent| self.parts(agent)).collect();
        let below = parts.iter().map(|(_, below)| below).sum::<f64>() / parts.len() as f64;
        Some(parts.iter().map(|(x, y)| ratio + (x - ratio * y) / below).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_agents_add_has_the_ratio_for_its_mean_and_the_variance_of_the_ratio() {
        let of = |orders: u32, visits: u32| AgentFigures { orders, visits, ..Default::default() };
        let agents = [of(1, 10), of(3, 4), of(0, 0), of(2, 9)];
        let agents: Vec<&AgentFigures> = agents.iter().collect();
        let (ratio, added) =
            (Metric::Conversion.of(&agents).unwrap(), Metric::Conversion.added(&agents).unwrap());
        let mean = added.iter().sum::<f64>() / 4.0;
        let variance = added.iter().map(|part| (part - mean).powi(2)).sum::<f64>() / 3.0 / 4.0;
        assert!((mean - ratio.value).abs() < 1e-12);
        assert!((variance - ratio.variance).abs() < 1e-12);
        assert_eq!(Metric::Basket.added(&agents[2..3]), None);
    }
}
