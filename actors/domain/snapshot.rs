//! What a checkpoint holds: the last clean boundary and the state of the run, never a half cycle.
//!
//! Operators open these files: every field is documented and readable. No secrets, no histograms.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::cycle::{Cycle, ReplayNumber};
use crate::freeze_reason::FreezeReason;
use crate::ids::{AgentId, RunId};
use crate::persona::Persona;
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
    /// Which agents these are, by [`population`]; none before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<String>,
    /// The last seal when the newest attempt was closed; none before one was, in this process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<SealMark>,
    /// Every setting that is not secret.
    pub settings: Value,
    /// Of `settings`, hexadecimal SHA-256.
    pub config_hash: String,
    /// Wall clock, UTC.
    pub written_at: NaiveDateTime,
}

/// A seal of the run's rows, as the database has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealMark {
    /// Its place in the chain, from 1.
    pub seq: u32,
    /// Its link, which all seals before it are in.
    pub chain: String,
}

/// A name of a set of agents: of two sets the same exactly where the same personas are in them, in
/// whatever order. The sum of what they hash to (uuid v5 of their JSON) modulo 2^128, hexadecimal,
/// behind the form of the JSON: another form says nothing about this one.
pub fn population<'a>(personas: impl IntoIterator<Item = &'a Persona>) -> String {
    let hash = |persona: &Persona| {
        let json = serde_json::to_vec(persona).unwrap_or_default();
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &json).as_u128()
    };
    let sum = personas.into_iter().fold(0, |sum: u128, persona| sum.wrapping_add(hash(persona)));
    format!("{POPULATION_FORM}{sum:032x}")
}

/// Goes up with the fields of a persona.
const POPULATION_FORM: &str = "1:";

/// Whether two names of sets of agents say that these are others.
pub fn is_other_population(one: &str, other: &str) -> bool {
    let is_known = |name: &str| name.starts_with(POPULATION_FORM);
    is_known(one) && is_known(other) && one != other
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presets;

    #[test]
    fn a_population_is_named_by_its_personas_and_not_by_their_order() {
        let mut personas = presets::population(3, 1);
        let all = population(&personas);
        let fewer = population(&personas[..2]);
        personas.swap(0, 2);
        assert_eq!(population(&personas), all);
        personas[0].age += 1;
        let changed = population(&personas);
        for other in [&fewer, &changed] {
            assert!(is_other_population(&all, other));
        }
        assert!(!is_other_population(&all, "2:0"));
    }
}
