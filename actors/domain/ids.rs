//! The names of things. Ids of the shop are text, kept exactly as received; our own are uuids.
//!
//! A [`FlowId`] is a function of run, owner, cycle, agent and replay number: computing it twice
//! gives the same id, which is what makes a retried commit harmless.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cycle::{Cycle, ReplayNumber};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id with this text.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_id!(
    /// An agent, as the operator's database names it: `agent_001`.
    AgentId
);
text_id!(
    /// A product, as the shop names it.
    ProductId
);
text_id!(
    /// A coupon definition, as the shop (or config/coupons.ron) names it.
    CouponId
);
text_id!(
    /// A branch of the shop, as the shop names it.
    StoreId
);
text_id!(
    /// An order, as the shop names it.
    OrderId
);
text_id!(
    /// The arm of an experiment an agent belongs to.
    CohortName
);

uuid_id!(
    /// One run of cartload, kept over resumes.
    RunId
);
uuid_id!(
    /// One flow: what one agent does in one cycle of one attempt. Also the shop's session id.
    FlowId
);
uuid_id!(
    /// The living process that may write to a run.
    OwnerToken
);
uuid_id!(
    /// One coupon handed to one agent.
    AssignmentId
);

impl RunId {
    /// A fresh id, ordered by time of creation (uuid v7).
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }
}

impl OwnerToken {
    /// A token no other process has (uuid v4).
    pub fn fresh() -> Self {
        Self(Uuid::new_v4())
    }
}

impl FlowId {
    /// The id of the flow of `agent` in `cycle` of attempt `replay` of `run`, as `owner` makes it
    /// (uuid v5). Another process never makes the same one: a shop may remember a flow whose row
    /// the database has lost.
    pub fn of(
        (run, owner): (RunId, OwnerToken),
        cycle: Cycle,
        agent: &AgentId,
        replay: ReplayNumber,
    ) -> Self {
        let name = format!("{owner}/{}/{}/{}", cycle.0, agent.as_str(), replay.0);
        Self(Uuid::new_v5(&run.0, name.as_bytes()))
    }
}

impl AssignmentId {
    /// The id of the assignment of `coupon` to `agent` in offer cycle `offer_cycle` of `run`.
    pub fn of(run: RunId, offer_cycle: u32, agent: &AgentId, coupon: &CouponId) -> Self {
        let name = format!("{offer_cycle}/{}/{}", agent.as_str(), coupon.as_str());
        Self(Uuid::new_v5(&run.0, name.as_bytes()))
    }
}

/// One of the ten groups of client connections, 0-based.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub u8);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often an agent's actor has been built: 0 for the first, 1 after its first restart.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Incarnation(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_id_depends_on_run_owner_cycle_agent_and_replay_and_on_nothing_else() {
        let run = (RunId(Uuid::nil()), OwnerToken(Uuid::nil()));
        let (other, heir) = ((RunId(Uuid::max()), run.1), (run.0, OwnerToken(Uuid::max())));
        let agent = AgentId::new("agent_001");
        let id = FlowId::of(run, Cycle(3), &agent, ReplayNumber(0));
        assert_eq!(id, FlowId::of(run, Cycle(3), &AgentId::new("agent_001"), ReplayNumber(0)));
        assert_ne!(id, FlowId::of(other, Cycle(3), &agent, ReplayNumber(0)));
        assert_ne!(id, FlowId::of(heir, Cycle(3), &agent, ReplayNumber(0)));
        assert_ne!(id, FlowId::of(run, Cycle(4), &agent, ReplayNumber(0)));
        assert_ne!(id, FlowId::of(run, Cycle(3), &AgentId::new("agent_002"), ReplayNumber(0)));
        assert_ne!(id, FlowId::of(run, Cycle(3), &agent, ReplayNumber(1)));
    }
}
