//! Reports that wait until it is known whose fault they tell of.
//!
//! A flow that failed by a call over a session in doubt is not judged at once: nineteen timeouts of
//! one broken session arrive together and would freeze a run whose shop is well. The session is
//! probed until it is known to be up or down; only then is the failure the shop's or nobody's.

use std::collections::{BTreeMap, BTreeSet};

use crate::circuit_breaker::messages::Outcome;
use crate::domain::ids::{AgentId, SessionId};

/// A report of a call failure that waits for its judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldReport {
    /// Whose.
    pub agent_id: AgentId,
    /// What the breaker makes of it, where it is the shop's fault.
    pub outcome: Outcome,
}

/// What waits, by HTTP session; one report an agent, one probe a session.
#[derive(Clone, Debug, Default)]
pub struct Doubts {
    held: BTreeMap<SessionId, Vec<HeldReport>>,
    probed: BTreeSet<SessionId>,
}

impl Doubts {
    /// A report waits for this session.
    pub fn hold(&mut self, http_session: SessionId, agent_id: AgentId, outcome: Outcome) {
        let held = self.held.entry(http_session).or_default();
        held.push(HeldReport { agent_id, outcome });
    }

    /// Whether a probe is to begin.
    pub fn begin(&mut self, http_session: SessionId) -> bool {
        self.probed.insert(http_session)
    }

    /// A probe has ended; answers what waited for it.
    pub fn end(&mut self, http_session: SessionId) -> Vec<HeldReport> {
        self.probed.remove(&http_session);
        self.held.remove(&http_session).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_probed_once_at_a_time_and_what_waits_for_it_comes_back_once() {
        let (session, agent) = (SessionId(3), AgentId::new("agent_001"));
        let mut doubts = Doubts::default();
        let outcome = Outcome::Failed { cause: "a timeout".to_owned() };
        doubts.hold(session, agent.clone(), outcome.clone());
        assert!(doubts.begin(session) && !doubts.begin(session));
        assert_eq!(doubts.end(SessionId(4)), []);
        assert_eq!(doubts.end(session), [HeldReport { agent_id: agent, outcome }]);
        assert_eq!(doubts.end(session), []);
        assert!(doubts.begin(session));
    }
}
