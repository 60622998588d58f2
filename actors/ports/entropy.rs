//! Where a run's chance comes from.
//!
//! Everybody who draws has a stream of its own, named by purpose and bearer: what one draws never
//! shifts what another gets, in whatever order they begin.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use domain::stable_hash::stable_hash_of;

/// The source of all chance in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Entropy {
    /// The operating system's: each run differs (Q9.7). No setting chooses anything else.
    #[default]
    System,
    /// A number, for tests that must be able to repeat what they saw.
    Seeded(u64),
}

impl Entropy {
    /// The chance of `bearer` for `purpose`.
    pub fn stream(self, purpose: &str, bearer: &str) -> Xoshiro256PlusPlus {
        match self {
            Self::System => Xoshiro256PlusPlus::from_rng(&mut rand::rng()),
            Self::Seeded(seed) => {
                Xoshiro256PlusPlus::seed_from_u64(seed ^ stable_hash_of(purpose, bearer))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    fn draw(entropy: Entropy, purpose: &str, bearer: &str) -> u64 {
        entropy.stream(purpose, bearer).random()
    }

    #[test]
    fn a_seed_repeats_each_stream_and_no_two_streams_are_alike() {
        let seeded = Entropy::Seeded(7);
        assert_eq!(draw(seeded, "agent", "agent_001"), draw(seeded, "agent", "agent_001"));
        assert_ne!(draw(seeded, "agent", "agent_001"), draw(seeded, "agent", "agent_002"));
        assert_ne!(draw(seeded, "agent", "agent_001"), draw(seeded, "look", "agent_001"));
        assert_ne!(draw(seeded, "agent", "x"), draw(Entropy::Seeded(8), "agent", "x"));
    }

    #[test]
    fn the_systems_chance_never_repeats() {
        let system = Entropy::default();
        assert_ne!(draw(system, "agent", "agent_001"), draw(system, "agent", "agent_001"));
    }
}
