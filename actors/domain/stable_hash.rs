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

/// Two hashes as one: the hash of a pair without spelling it out.
pub fn blend(a: u64, b: u64) -> u64 {
    finalise(a ^ b.rotate_left(32).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A hash as a share in 0..1, never 0 itself.
pub fn share_of(hash: u64) -> f64 {
    ((hash >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// A hash as a standard normal number (Box-Muller).
pub fn normal_of(hash: u64) -> f64 {
    let angle = share_of(finalise(hash ^ 0x5851_f42d_4c95_7f2d)) * std::f64::consts::TAU;
    (-2.0 * share_of(hash).ln()).sqrt() * angle.cos()
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
    fn pairs_of_names_give_normal_numbers() {
        let (agents, products) = (100_u32, 100_u32);
        let hashes = |what: &str, n: u32| stable_hash_of(what, &n.to_string());
        let all: Vec<f64> = (0..agents)
            .flat_map(|a| (0..products).map(move |p| (hashes("agent", a), hashes("product", p))))
            .map(|(a, p)| normal_of(blend(a, p)))
            .collect();
        let n = all.len() as f64;
        let mean = all.iter().sum::<f64>() / n;
        let sd = (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let beyond = all.iter().filter(|x| x.abs() > 1.96).count() as f64 / n;
        assert!(mean.abs() < 0.04 && (sd - 1.0).abs() < 0.03, "{mean} {sd}");
        assert!((0.04..0.06).contains(&beyond), "{beyond}");
        assert_ne!(blend(1, 2), blend(2, 1));
        assert!(normal_of(0).is_finite() && normal_of(u64::MAX).is_finite());
    }

    #[test]
    fn shares_are_spread_evenly_over_the_unit_interval() {
        let below_half = (0..10_000)
            .filter(|n| stable_share("holdout", &AgentId::new(format!("agent_{n:03}"))) < 0.5)
            .count();
        assert!((4_800..=5_200).contains(&below_half), "{below_half} of 10,000 below one half");
    }
}
