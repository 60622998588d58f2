//! Whole runs under everything that may befall them at once, each drawn from a seed: faults of shop
//! and store, panics, hangs, operators, kills and resumes. All actors and a real SQLite database on
//! a paused clock.
//!
//! `CARTLOAD_SIMULATIONS` says how many seeds (a few in CI), `CARTLOAD_SEED` the first of them;
//! `CARTLOAD_SOUND_RUNS` how many of them `verify` looks at on machines whose clocks are set. A
//! failure names its seed.

mod invariants;
mod scenario;
mod shop;
mod store;
mod trace;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::support::amount;
use scenario::Scenario;
use world::World;

/// Seeds in CI.
const A_FEW: usize = 12;
/// Runs that `verify` looks at in CI.
const A_FEW_SOUND: usize = 4;

/// Does this with each seed; those that fail are named, and do not keep the others from running.
fn each(seeds: impl Iterator<Item = u64>, check: impl Fn(u64)) {
    let failed: Vec<u64> = seeds
        .filter(|seed| catch_unwind(AssertUnwindSafe(|| check(*seed))).is_err())
        .inspect(|seed| eprintln!("seed {seed} fails: see above"))
        .collect();
    assert!(
        failed.is_empty(),
        "seeds {failed:?}; run one alone with CARTLOAD_SIMULATIONS=1 CARTLOAD_SEED={}",
        failed[0]
    );
}

fn seeds(count: usize) -> impl Iterator<Item = u64> {
    let first = amount("CARTLOAD_SEED", 1) as u64;
    first..first + count as u64
}

#[test]
fn whatever_befalls_a_run_its_rows_are_whole_and_it_comes_to_its_end() {
    each(seeds(amount("CARTLOAD_SIMULATIONS", A_FEW)), |seed| {
        let mut world = World::new(seed);
        world.live();
        let broken = invariants::broken(&world);
        assert!(broken.is_empty(), "{:?}{broken:#?}", world.scenario);
    });
}

#[test]
fn the_same_seed_is_the_same_run() {
    let twins = amount("CARTLOAD_SIMULATIONS", A_FEW).div_ceil(4);
    each(seeds(twins), |seed| {
        let [one, other] = [(); 2].map(|()| {
            let mut world = World::new(seed);
            world.live();
            world.take_trace()
        });
        let differs = one.iter().zip(&other).position(|(one, other)| one != other);
        if let Some(at) = differs {
            let from = at.saturating_sub(8);
            panic!("line {at}:\n{:#?}\n{:#?}", &one[from..=at], &other[from..=at]);
        }
        assert_eq!(one.len(), other.len());
        assert!(one.last().unwrap().ends_with("it ends as Ok(Completed)"), "{:?}", one.last());
    });
}

#[test]
fn verify_finds_nothing_in_a_sound_run_when_it_ends_or_is_killed_however_clocks_are_set() {
    each(seeds(amount("CARTLOAD_SOUND_RUNS", A_FEW_SOUND)), |seed| {
        let mut world = World::of(Scenario::on_an_odd_clock(seed));
        world.live();
        if !world.audited.is_empty() {
            let kept = std::env::temp_dir().join(format!("sound-{seed}.db"));
            for suffix in ["", "-wal"] {
                let with = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
                std::fs::copy(with(&world.database()), with(&kept)).unwrap();
            }
            let (scenario, audited) = (&world.scenario, &world.audited);
            panic!("{scenario:?}{audited:#?}its database is {}", kept.display());
        }
    });
}
