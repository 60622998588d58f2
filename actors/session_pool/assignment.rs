//! Which HTTP session an agent uses: always the same, whatever the run, the machine or the
//! restarts.

use crate::domain::ids::{AgentId, SessionId};
use crate::domain::stable_hash::stable_hash;

/// HTTP sessions of a run (Q3.5): about 37 agents each.
pub const HTTP_SESSIONS: u8 = 10;

/// The session of `agent` among `sessions`, by stable hash; 0 sessions count as one.
pub fn session_of(agent: &AgentId, sessions: u8) -> SessionId {
    let slot = stable_hash("http_session", agent) % u64::from(sessions.max(1));
    SessionId(u8::try_from(slot).expect("a remainder of a u8 fits in one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_ten_sessions_holds_20_to_55_of_372_agents() {
        let mut agents = [0_u32; HTTP_SESSIONS as usize];
        for n in 1..=372 {
            let agent = AgentId::new(format!("agent_{n:03}"));
            agents[usize::from(session_of(&agent, HTTP_SESSIONS).0)] += 1;
        }
        assert!(agents.iter().all(|count| (20..=55).contains(count)), "{agents:?}");
    }

    #[test]
    fn an_agent_keeps_its_session() {
        let agent = AgentId::new("agent_001");
        assert_eq!(session_of(&agent, 10), session_of(&AgentId::new("agent_001"), 10));
        assert_eq!(session_of(&agent, 1), SessionId(0));
        assert_eq!(session_of(&agent, 0), SessionId(0));
    }
}
