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
}
