//! One hash that never changes between runs, machines or releases: FNV-1a, 64 bits, finalised.
//!
//! Warm-up order, HTTP session, holdout, cohorts and the train/validation split all hang on it,
//! each under a purpose of its own, so that belonging to one says nothing about another.

use super::ids::AgentId;

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// The hash of `agent` for `purpose`, spread over all of `u64`.
pub fn stable_hash(purpose: &str, agent: &AgentId) -> u64 {
    stable_hash_of(purpose, agent.as_str())
}

/// The hash of whatever has this name, for `purpose`.
pub fn stable_hash_of(purpose: &str, name: &str) -> u64 {
    let mut hash = FNV_OFFSET;
    let separator = [0xff_u8];
    for byte in purpose.bytes().chain(separator).chain(name.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
    }
    finalise(hash)
}

/// The hash of `agent` for `purpose` as a share in 0..1.
pub fn stable_share(purpose: &str, agent: &AgentId) -> f64 {
    // 53 bits: what a double holds exactly.
    (stable_hash(purpose, agent) >> 11) as f64 / (1_u64 << 53) as f64
}

/// FNV's high bits mix slowly on short names; this is the finaliser of splitmix64.
fn finalise(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_changes() {
        let agent = AgentId::new("agent_001");
        assert_eq!(stable_hash("http_session", &agent), stable_hash("http_session", &agent));
        assert_ne!(stable_hash("http_session", &agent), stable_hash("warm_up", &agent));
    }

    #[test]
    fn shares_are_spread_evenly_over_the_unit_interval() {
        let below_half = (0..10_000)
            .filter(|n| stable_share("holdout", &AgentId::new(format!("agent_{n:03}"))) < 0.5)
            .count();
        assert!((4_800..=5_200).contains(&below_half), "{below_half} of 10,000 below one half");
    }
}
