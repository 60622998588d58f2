//! The real binary, killed with -9 at random moments and resumed, again and again: the ledger is
//! clean.
//!
//! `CARTLOAD_KILLS` says how often (a few in CI; 200 on SQLite and 50 on Postgres for a release),
//! `CARTLOAD_SEED` which moments; both are named when a test fails. See docs/testing.md.

use std::time::{Duration, Instant};

use cartload::practice_shop::{PracticeConfig, PracticeShop};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::Value;

use crate::support::binary::{Place, wait};
use crate::support::{amount, pgbouncer, postgres};

/// Kills of one run; a new run follows.
const KILLS_OF_A_RUN: usize = 20;

/// What every process of the test is started with.
struct Run<'a> {
    place: &'a Place,
    database: Option<&'a str>,
}

impl Run<'_> {
    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = self.place.command(args);
        if let Some(url) = self.database {
            command.env("DATABASE_URL", url);
        }
        command
    }
}

/// Kills a run `kills` times, the resumes included, then lets it stop and audits it.
fn kill_one_run(kills: usize, rng: &mut Xoshiro256PlusPlus, database: Option<&str>, case: &str) {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let place = Place::new();
    let run = Run { place: &place, database };
    let api = shop.base_url();
    let begin = [
        "run",
        "--api",
        &api,
        "--profile",
        "practice",
        "--agents",
        "40",
        "--warm-up",
        "off",
        "--start",
        "2026-01-05T10:00",
        "--time-scale",
        "max",
        "--rate",
        "unlimited",
        "--quiet",
    ];
    let mut process = place.start_of(&mut run.command(&begin));
    // A run that dies before its first checkpoint has nothing to resume: that is not the promise.
    wait(|| !place.checkpoints().is_empty(), || place.log());
    for _ in 0..kills {
        let short = rng.random_bool(0.4);
        let at_most_ms = if short { 300 } else { 1_200 };
        std::thread::sleep(Duration::from_millis(rng.random_range(20..at_most_ms)));
        process.kill();
        process = place.start_of(&mut run.command(&["resume", "--quiet"]));
    }
    // Long enough for the last resume to own the run.
    let begun = Instant::now();
    std::thread::sleep(Duration::from_secs(2));
    process.kill();
    let end = ["resume", "--quiet", "--json", "--hours", "0.0005"];
    let (out, _) = place.expect_of(0, &mut run.command(&end));
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["state"], "completed", "{case}, {:?}: {report}", begun.elapsed());
    let (audit, _) = place.expect_of(0, &mut run.command(&["verify", "--json"]));
    let audit: Value = serde_json::from_str(&audit).unwrap();
    assert_eq!(audit["clean"], true, "{case}: {audit}");
    shop.stop().unwrap();
}

fn kill_and_resume(kills: usize, database: Option<&str>) {
    let seed = u64::try_from(amount("CARTLOAD_SEED", 1)).unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut left = kills;
    while left > 0 {
        let now = left.min(KILLS_OF_A_RUN);
        let case = format!("CARTLOAD_SEED={seed}, {left} of {kills} kills left");
        kill_one_run(now, &mut rng, database, &case);
        left -= now;
    }
}

#[test]
fn a_run_killed_at_random_moments_on_sqlite_loses_and_doubles_nothing() {
    kill_and_resume(amount("CARTLOAD_KILLS", 5), None);
}

#[tokio::test]
async fn a_run_killed_at_random_moments_on_postgres_loses_and_doubles_nothing() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let url = postgres::url(port, &database);
    tokio::task::spawn_blocking(move || {
        kill_and_resume(amount("CARTLOAD_KILLS", 3), Some(&url));
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_run_killed_at_random_moments_behind_a_pooler_loses_and_doubles_nothing() {
    let (Some(port), Some(pooler)) = (postgres::shared(), pgbouncer::shared()) else { return };
    let database = postgres::fresh_database(port).await;
    let url = postgres::url(pooler, &database);
    tokio::task::spawn_blocking(move || {
        kill_and_resume(amount("CARTLOAD_KILLS", 3), Some(&url));
    })
    .await
    .unwrap();
}
