//! Simulated days on Postgres, the process killed three times and the server restarted twice: every
//! hour is lived, every agent accounted for, and every order at the shop belongs to a row.
//!
//! A short day in CI; `CARTLOAD_SIMULATED_HOURS=48 CARTLOAD_SIMULATED_AGENTS=372` is the release's.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use shops::practice_shop::{PracticeConfig, PracticeShop, RunningShop};

use crate::support::binary::{Place, Process};
use crate::support::server::Server;
use crate::support::{amount, postgres};

/// The server is gone for so long at each restart.
const DOWN: Duration = Duration::from_secs(1);
/// Anything that is waited for.
const PATIENCE: Duration = Duration::from_secs(300);

struct Days {
    server: Server,
    place: Place,
    shop: RunningShop,
    process: Option<Process>,
}

impl Days {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.command(args);
        command.env("DATABASE_URL", postgres::url(self.server.port, "postgres"));
        command
    }

    fn start(&mut self, mut command: Command) {
        self.process = Some(self.place.start_of(&mut command));
    }

    async fn lines(&self, sql: &str) -> Vec<String> {
        postgres::lines(self.server.port, "postgres", sql).await
    }

    /// Waits until a query answers true; before the tables are there it does not.
    async fn wait_for(&self, sql: &str) {
        let deadline = Instant::now() + PATIENCE;
        let guard = "SELECT to_regclass('cartload.incidents') IS NOT NULL";
        while self.lines(guard).await != ["t"] || self.lines(sql).await != ["t"] {
            assert!(Instant::now() < deadline, "{sql}\n{}", self.place.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until flows of this cycle are under way.
    async fn wait_for_cycle(&self, cycle: u32) {
        let sql = format!(
            "SELECT count(*) > 0 FROM cartload.shopping_sessions WHERE cycle >= {cycle} AND status \
             = 'active'"
        );
        self.wait_for(&sql).await;
    }

    /// kill -9 in the middle of this cycle, and a resume at once; says how long it was from the
    /// kill to the first flow of the resumed run's first tick.
    async fn kill_in(&mut self, cycle: u32, kills: u32) {
        self.wait_for_cycle(cycle).await;
        let killed = chrono::Utc::now();
        self.process.take().unwrap().kill();
        let resume = self.command(&["resume", "--quiet"]);
        self.start(resume);
        let first = format!("FROM cartload.shopping_sessions WHERE replay = {kills}");
        self.wait_for(&format!("SELECT count(*) > 0 {first}")).await;
        let micros = format!("SELECT (extract(epoch FROM min(opened_at)) * 1e6)::bigint {first}");
        let opened: i64 = self.lines(&micros).await[0].parse().unwrap();
        let took_ms = (opened - killed.timestamp_micros()) / 1_000;
        eprintln!("killed in cycle {cycle}; first flow of replay {kills} after {took_ms} ms");
        assert!(took_ms > 0, "the rows of replay {kills} are older than it");
    }

    /// Restarts the server in the middle of this cycle.
    async fn restart_in(&mut self, cycle: u32, signal: &str) {
        self.wait_for_cycle(cycle).await;
        eprintln!(
            "{} restarted in cycle {cycle}",
            if signal == "INT" { "cleanly" } else { "hard" }
        );
        postgres::restart(&mut self.server, signal, DOWN).await;
    }

    async fn judge(&self, hours: u32) {
        let (out, _) = self.place.expect_of(0, &mut self.command(&["verify", "--json"]));
        let audit: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(audit["clean"], true, "{audit}");
        assert_eq!(audit["state"], "completed");
        assert_eq!(
            (&audit["hours_claimed"], &audit["hours_lived"]),
            (&hours.into(), &hours.into())
        );
        // Per cycle, of the attempt that counts: rows are those released, less who did nothing.
        let unequal = self
            .lines(
                "SELECT c.cycle || ': ' || count(s.flow_id) || ' rows of ' || c.released || \
                 ' released, ' || c.idle || ' idle' FROM cartload.canonical_cycles c LEFT JOIN \
                 cartload.canonical_shopping_sessions s USING (run_id, cycle) GROUP BY c.run_id, \
                 c.cycle, c.released, c.idle, c.skipped_session_down, c.skipped_quarantined HAVING \
                 count(s.flow_id) <> c.released - c.idle - c.skipped_session_down - \
                 c.skipped_quarantined",
            )
            .await;
        assert_eq!(unequal, Vec::<String>::new());
        let cycles = self.lines("SELECT count(*) FROM cartload.canonical_cycles").await;
        assert_eq!(cycles, [hours.to_string()]);
        self.match_orders().await;
    }

    /// Each order at the shop is a row's; one that no row has was cut by a kill; one that does not
    /// count is of an attempt that was cut or replayed.
    async fn match_orders(&self) {
        let mut at_shop: BTreeMap<String, String> = BTreeMap::new();
        for order in self.shop.books().orders {
            let flow = order.key.expect("cartload sends the flow's id");
            let twice = at_shop.insert(flow, order.order_id.to_string());
            assert_eq!(twice, None, "a flow ordered twice");
        }
        let orders = "SELECT flow_id || ' ' || order_id FROM cartload.";
        let recorded = self.lines(&format!("{orders}orders")).await;
        let canonical = self.lines(&format!("{orders}canonical_orders")).await;
        let flows = |rows: &[String]| -> BTreeMap<String, String> {
            let split = |row: &String| row.split_once(' ').map(|(f, o)| (f.into(), o.into()));
            rows.iter().filter_map(split).collect()
        };
        let (recorded, canonical) = (flows(&recorded), flows(&canonical));
        for (flow, order) in &recorded {
            assert_eq!(at_shop.get(flow), Some(order), "flow {flow} has an order the shop has not");
        }
        // Cut by a kill between the shop's answer and the COMMIT: its row says so.
        let cut: BTreeSet<String> = self
            .lines("SELECT flow_id FROM cartload.shopping_sessions WHERE end_reason = 'crash'")
            .await
            .into_iter()
            .collect();
        let excess: Vec<&String> = at_shop.keys().filter(|f| !recorded.contains_key(*f)).collect();
        for flow in &excess {
            assert!(cut.contains(*flow), "the order of flow {flow} is nowhere and no kill cut it");
        }
        // Recorded, but of an attempt that does not count: its cycle was run again.
        let again: BTreeSet<String> = self
            .lines(
                "SELECT s.flow_id FROM cartload.shopping_sessions s JOIN \
                 cartload.canonical_attempts a USING (run_id, cycle) WHERE s.replay <> a.replay",
            )
            .await
            .into_iter()
            .collect();
        let replayed = recorded.keys().filter(|flow| !canonical.contains_key(*flow));
        let replayed: Vec<&String> = replayed.collect();
        for flow in &replayed {
            assert!(again.contains(*flow), "the order of flow {flow} does not count, but why");
        }
        eprintln!(
            "{} orders at the shop: {} count, {} of attempts that were run again, {} of flows a \
             kill cut",
            at_shop.len(),
            canonical.len(),
            replayed.len(),
            excess.len()
        );
        assert_eq!(at_shop.len(), canonical.len() + replayed.len() + excess.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_with_three_kills_and_two_restarts_of_the_server_lose_and_double_nothing() {
    let Some(server) = postgres::start() else { return };
    postgres::execute(server.port, "postgres", "SELECT 1").await;
    let hours = u32::try_from(amount("CARTLOAD_SIMULATED_HOURS", 12)).unwrap();
    let agents = amount("CARTLOAD_SIMULATED_AGENTS", 40).to_string();
    let (place, shop) = (Place::new(), PracticeShop::start(PracticeConfig::default()).unwrap());
    let mut days = Days { server, place, shop, process: None };
    let (api, cycles) = (days.shop.base_url(), hours.to_string());
    let mut run = days.command(&["run", "--api", &api, "--profile", "practice", "--quiet"]);
    run.args(["--agents", &agents, "--cycles", &cycles, "--start", "2026-01-05T10:00"]);
    // Slow enough that each cycle can be met while it is under way.
    run.args(["--time-scale", "max", "--rate", "300", "--warm-up", "off"]);
    run.env("CARTLOAD_CHECKPOINTS_EVERY_CYCLES", (hours / 5).to_string());
    days.start(run);

    let at = |percent: u32| hours * percent / 100;
    days.kill_in(at(20), 1).await;
    days.restart_in(at(36), "INT").await;
    days.kill_in(at(50), 2).await;
    days.restart_in(at(66), "QUIT").await;
    days.kill_in(at(80), 3).await;
    let ended = days.process.take().unwrap();
    assert_eq!(ended.wait(), Some(0), "{}", days.place.log());
    days.judge(hours).await;
    days.shop.stop().unwrap();
}
