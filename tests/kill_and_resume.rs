//! The real binary, killed with -9 at random moments and resumed, again and again: the ledger is
//! clean, and every flow that a process acknowledged before it died is there.
//!
//! `CARTLOAD_KILLS` says how often (a few in CI; 200 on SQLite and 50 on Postgres for a release),
//! `CARTLOAD_SEED` which moments; both are named when a test fails. See docs/testing.md.

use std::process::Command;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::Value;
use shops::practice_shop::{PracticeConfig, PracticeShop};

use crate::support::acknowledged::{self, Acknowledged, Database};
use crate::support::binary::{Place, wait};
use crate::support::{amount, pgbouncer, postgres};

/// Kills of one run; a new run follows.
const KILLS_OF_A_RUN: usize = 20;

/// A run over all its processes.
const RUN: [&str; 13] = [
    "run",
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
];

/// The server of all runs of a test; without one each has a file.
#[derive(Clone)]
struct Server {
    /// Where processes go, through a pooler or not.
    url: String,
    /// Where the test looks.
    direct: String,
}

/// What came of it.
#[derive(Default)]
struct Figures {
    kills: usize,
    /// Kills of processes that had not yet acknowledged a flow: in a start or a resume.
    kills_before_work: usize,
    acknowledged: usize,
    rows: usize,
    /// Cycles with more than one attempt.
    replayed: usize,
}

/// A run that is killed.
struct Victim<'a> {
    place: Place,
    server: Option<&'a Server>,
    acknowledged: Acknowledged,
}

impl Victim<'_> {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.command(args);
        command.envs(acknowledged::LOG);
        if let Some(server) = self.server {
            command.env("DATABASE_URL", &server.url);
        }
        command
    }

    fn database(&self) -> Database<'_> {
        self.server.map_or(Database::Sqlite(&self.place), |s| Database::Postgres(&s.direct))
    }
}

/// Kills a run `kills` times, the resumes included, then lets it stop and audits it.
fn kill_one_run(
    kills: usize,
    rng: &mut Xoshiro256PlusPlus,
    server: Option<&Server>,
    case: &str,
    figures: &mut Figures,
) {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let mut victim = Victim { place: Place::new(), server, acknowledged: Acknowledged::default() };
    let api = shop.base_url();
    let begin = [&RUN[..], &["--api", &api, "--quiet"]].concat();
    let mut process = victim.place.start_of(&mut victim.command(&begin));
    // A run that dies before its first checkpoint has nothing to resume: that is not the promise.
    wait(|| !victim.place.checkpoints().is_empty(), || victim.place.log());
    for _ in 0..kills {
        // However fast the machine: some in the start or resume, more while agents shop.
        if rng.random_bool(0.7) {
            let said = || victim.place.log();
            wait(|| said().contains("acknowledged"), said);
        }
        std::thread::sleep(Duration::from_millis(rng.random_range(0..400)));
        process.kill();
        let worked = victim.acknowledged.take_in(&victim.place.log()) > 0;
        figures.kills_before_work += usize::from(!worked);
        process = victim.place.start_of(&mut victim.command(&["resume", "--quiet"]));
    }
    // The last one owns the run.
    wait(|| victim.place.log().contains("acknowledged"), || victim.place.log());
    process.kill();
    victim.acknowledged.take_in(&victim.place.log());
    let end = ["resume", "--quiet", "--json", "--hours", "0.0005"];
    let (out, log) = victim.place.expect_of(0, &mut victim.command(&end));
    victim.acknowledged.take_in(&log);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["state"], "completed", "{case}: {report}");
    let (audit, _) = victim.place.expect_of(0, &mut victim.command(&["verify", "--json"]));
    let audit: Value = serde_json::from_str(&audit).unwrap();
    assert_eq!(audit["clean"], true, "{case}: {audit}");
    figures.kills += kills + 1;
    figures.acknowledged += victim.acknowledged.len();
    figures.rows += victim.acknowledged.assert_is_in(&victim.database(), case);
    figures.replayed += audit["replayed"].as_array().map_or(0, Vec::len);
    shop.stop().unwrap();
}

/// Answers the figures in words.
fn kill_and_resume(kills: usize, server: Option<&Server>) -> String {
    let seed = u64::try_from(amount("CARTLOAD_SEED", 1)).unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut figures = Figures::default();
    let mut left = kills;
    while left > 0 {
        let now = left.min(KILLS_OF_A_RUN);
        let case = format!("CARTLOAD_SEED={seed}, {left} of {kills} kills left");
        kill_one_run(now, &mut rng, server, &case, &mut figures);
        left -= now;
    }
    let Figures { kills, kills_before_work, acknowledged, rows, replayed } = figures;
    format!(
        "CARTLOAD_SEED={seed}: {kills} kills, {kills_before_work} of them in a start or resume; \
         {acknowledged} flows acknowledged, each in the database ({rows} rows), no original \
         twice; {replayed} cycles replayed"
    )
}

#[test]
fn a_run_killed_at_random_moments_on_sqlite_loses_and_doubles_nothing() {
    println!("{}", kill_and_resume(amount("CARTLOAD_KILLS", 5), None));
}

#[tokio::test]
async fn a_run_killed_at_random_moments_on_postgres_loses_and_doubles_nothing() {
    let Some(port) = postgres::shared() else { return };
    let direct = postgres::url(port, &postgres::fresh_database(port).await);
    println!("{}", kill_and_resume_at(Server { url: direct.clone(), direct }).await);
}

#[tokio::test]
async fn a_run_killed_at_random_moments_behind_a_pooler_loses_and_doubles_nothing() {
    let (Some(port), Some(pooler)) = (postgres::shared(), pgbouncer::shared()) else { return };
    let database = postgres::fresh_database(port).await;
    let (url, direct) = (postgres::url(pooler, &database), postgres::url(port, &database));
    println!("{}", kill_and_resume_at(Server { url, direct }).await);
}

async fn kill_and_resume_at(server: Server) -> String {
    let kills = amount("CARTLOAD_KILLS", 3);
    let killed = tokio::task::spawn_blocking(move || kill_and_resume(kills, Some(&server)));
    killed.await.unwrap()
}
