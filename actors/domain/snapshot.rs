//! What a checkpoint holds: the last clean boundary and the state of the run, never a half cycle.
//!
//! Operators open these files: every field is documented and readable. No secrets, no histograms.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cycle::{Cycle, ReplayNumber};
use crate::freeze_reason::FreezeReason;
use crate::ids::{AgentId, RunId};
use crate::totals::Totals;

/// The format this version writes and reads.
pub const SNAPSHOT_VERSION: u32 = 1;

/// One checkpoint's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// [`SNAPSHOT_VERSION`].
    pub version: u32,
    /// The run.
    pub run_id: RunId,
    /// The next cycle to run: everything before it is closed and unbroken.
    pub boundary: Cycle,
    /// Simulated begin of that cycle.
    pub simulated_at: NaiveDateTime,
    /// Simulated begin of cycle 0.
    pub simulated_start: NaiveDateTime,
    /// `runs.resumes`: the replay number of the newest attempt.
    pub resumes: ReplayNumber,
    /// What the run was doing.
    pub state: SavedState,
    /// Sums up to the boundary.
    pub totals: Totals,
    /// Offers up to the boundary.
    pub offers: OffersState,
    /// Cycles in which each agent crashed, only agents that did; the last 10 cycles count (Q5).
    pub crashes: BTreeMap<AgentId, Vec<Cycle>>,
    /// Agents in quarantine.
    pub quarantined: Vec<AgentId>,
    /// Active agents.
    pub agents: u32,
    /// Every setting that is not secret.
    pub settings: Value,
    /// Of `settings`, hexadecimal SHA-256.
    pub config_hash: String,
    /// Wall clock, UTC.
    pub written_at: NaiveDateTime,
}

impl Snapshot {
    /// The cycle that a freeze had broken.
    pub fn broken_cycle(&self) -> Option<Cycle> {
        match &self.state {
            SavedState::Frozen { broken_cycle, .. } => *broken_cycle,
            SavedState::Running | SavedState::Paused | SavedState::Ended => None,
        }
    }
}

/// What the run was doing when the checkpoint was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SavedState {
    /// Ticks went out.
    Running,
    /// An operator had parked it.
    Paused,
    /// The breaker had frozen it: it comes back frozen.
    Frozen {
        /// Why.
        reason: FreezeReason,
        /// The cycle that was broken; it is repeated as replay. `None` at a boundary.
        broken_cycle: Option<Cycle>,
    },
    /// It had ended.
    Ended,
}

/// What the offers were at the boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffersState {
    /// The newest offer cycle begun.
    pub offer_cycle: Option<u32>,
    /// Rows of coupon_assignments so far.
    pub assigned: u64,
}
