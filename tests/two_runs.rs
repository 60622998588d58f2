//! Two runs at once on one Postgres: starting, killing, resuming and cleaning one leaves every row
//! of the other alone.
//!
//! The other one lives and is held still (SIGSTOP): what changes in its rows was changed by others.

use std::process::Command;

use serde_json::Value;
use shops::practice_shop::{PracticeConfig, PracticeShop};

use crate::support::binary::{Place, Process};
use crate::support::postgres;

const COMMON: [&str; 7] =
    ["--profile", "practice", "--agents", "40", "--warm-up", "off", "--time-scale"];

struct Database {
    port: u16,
    name: String,
}

impl Database {
    fn url(&self) -> String {
        postgres::url(self.port, &self.name)
    }

    async fn lines(&self, sql: &str) -> Vec<String> {
        postgres::lines(self.port, &self.name, sql).await
    }

    /// Waits until the query answers true.
    async fn wait_for(&self, place: &Place, sql: &str) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        // The tables may not be there yet; the last one made is.
        let guard = "SELECT to_regclass('cartload.incidents') IS NOT NULL";
        loop {
            if self.lines(guard).await == ["t"] && self.lines(sql).await == ["t"] {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "{sql}\n{}", place.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Makes the last heartbeat of a run as old as that of a living one may be: dead is 120 s.
    async fn age(&self, run: &str) {
        let aged = format!(
            "UPDATE cartload.runs SET heartbeat_at = (now() AT TIME ZONE 'utc') - interval '60 s' \
             WHERE run_id = '{run}'"
        );
        postgres::execute(self.port, &self.name, &aged).await;
    }

    /// What a run that stands still leaves, once the server has ended what it had been asked.
    async fn settled_rows_of(&self, run: &str) -> Vec<String> {
        loop {
            let rows = self.rows_of(run).await;
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            if self.rows_of(run).await == rows {
                return rows;
            }
        }
    }

    /// Every row of a run, in every table that has rows of runs, but for its heartbeat.
    async fn rows_of(&self, run: &str) -> Vec<String> {
        let tables = "SELECT c.table_name FROM information_schema.columns c JOIN \
                      information_schema.tables t USING (table_schema, table_name) \
                      WHERE c.table_schema = 'cartload' AND c.column_name = 'run_id' \
                      AND t.table_type = 'BASE TABLE' ORDER BY 1";
        let mut rows = Vec::new();
        for table in self.lines(tables).await {
            let sql = format!(
                "SELECT '{table} ' || (to_jsonb(t) - 'heartbeat_at')::text \
                 FROM cartload.{table} t WHERE run_id = '{run}' ORDER BY 1"
            );
            rows.extend(self.lines(&sql).await);
        }
        rows
    }
}

/// Stops a process where it stands, or lets it go on.
fn signal(process: &Process, name: &str) {
    let id = process.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

/// A run on this database, as fast as `scale` says, with more arguments.
fn command(place: &Place, url: &str, api: &str, scale: &str, more: &[&str]) -> Command {
    let mut command = place.command(&["run", "--api", api]);
    command.args(COMMON).arg(scale).args(more).env("DATABASE_URL", url);
    command.env("CARTLOAD_CHECKPOINTS_EVERY_CYCLES", "2");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_killing_resuming_and_cleaning_one_leaves_the_rows_of_the_other_alone() {
    let Some(port) = postgres::shared() else { return };
    let name = postgres::fresh_database(port).await;
    let database = Database { port, name };
    let url = database.url();
    // A shop each: the same users would meet in their carts, and one empty what the other orders.
    let [shop, their_shop] =
        [(); 2].map(|()| PracticeShop::start(PracticeConfig::default()).unwrap());
    let (api, their_api) = (shop.base_url(), their_shop.base_url());

    let one = Place::new();
    let slow = ["--rate", "150", "--start", "2026-01-05T10:00", "--cycles", "6"];
    let living = one.start_of(&mut command(&one, &url, &api, "max", &slow));
    let under_way = "SELECT count(*) > 0 FROM cartload.shopping_sessions WHERE cycle >= 2 AND \
                     status = 'active'";
    database.wait_for(&one, under_way).await;
    signal(&living, "-STOP");
    let run = database.lines("SELECT run_id FROM cartload.runs").await.remove(0);
    let before = database.settled_rows_of(&run).await;
    let has = |word: &str| before.iter().filter(|row| row.starts_with(word)).count();
    assert!(has("shopping_sessions ") > 40 && has("orders ") > 0 && has("cycles ") >= 2);
    assert!(before.iter().any(|row| row.contains("\"status\": \"active\"")), "something to spoil");

    // Another run: begun, killed in a cycle, resumed and killed again, and cleaned up by a third.
    let other = Place::new();
    let theirs = format!("run_id <> '{run}'");
    let busy = |cycle: u32| {
        format!(
            "SELECT count(*) > 0 FROM cartload.shopping_sessions WHERE {theirs} AND cycle >= \
             {cycle} AND status = 'active'"
        )
    };
    database.age(&run).await;
    let process = other.start_of(&mut command(&other, &url, &their_api, "max", &slow));
    database.wait_for(&other, &busy(3)).await;
    process.kill();
    let resume = |more: &[&str]| {
        let mut resume = other.command(&["resume"]);
        resume.args(more).env("DATABASE_URL", &url);
        resume
    };
    database.age(&run).await;
    let process = other.start_of(&mut resume(&[]));
    let again = format!(
        "SELECT count(*) > 0 FROM cartload.shopping_sessions WHERE {theirs} AND is_replay AND \
         status = 'active'"
    );
    database.wait_for(&other, &again).await;
    process.kill();
    let fast = ["--rate", "unlimited", "--start", "2026-01-05T10:00", "--cycles", "2", "--quiet"];
    database.age(&run).await;
    let (_, err) = other.expect_of(0, &mut command(&other, &url, &their_api, "max", &fast));
    assert!(err.contains("clean-up after a dead process"), "{err}");
    let left = format!(
        "SELECT count(*) FROM cartload.shopping_sessions WHERE {theirs} AND status = 'active'"
    );
    assert_eq!(database.lines(&left).await, ["0"]);

    // On the data directory of the living one nothing begins.
    for args in [&["run"][..], &["resume"]] {
        database.age(&run).await;
        let (_, err) = one.expect_of(3, one.command(args).env("DATABASE_URL", &url));
        assert!(err.contains(&format!("process {}", living.id())), "{err}");
    }
    assert_eq!(database.rows_of(&run).await, before, "the other run's rows");

    // It goes on as if nothing had been.
    signal(&living, "-CONT");
    assert_eq!(living.wait(), Some(0), "{}", one.log());
    let verify = ["verify", "--json", &run];
    let (out, _) = one.expect_of(0, one.command(&verify).env("DATABASE_URL", &url));
    let audit: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&audit["clean"], &audit["hours_lived"]), (&true.into(), &6.into()), "{audit}");
    assert_eq!(audit["replayed"], Value::Array(Vec::new()), "{audit}");
    shop.stop().unwrap();
}
