//! Faults of the database during a whole run: each costs lateness only, within the bound of the
//! retries, and the run goes on by itself (the same process, no restart).
//!
//! `CARTLOAD_FAULT_MS` says how long a fault lasts (60000 for a release); a call that meets a
//! half-open connection waits 10 s for it whatever is said. The bound itself, 120 s, and what comes
//! after it are in `outlasting`, on the paused clock.

mod outlasting;
mod told;

use std::time::{Duration, Instant};

use actors::ports::store::RunState;
use actors::session_pool::request_meter::SharedMeter;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use store::{OpenStore, StoreOptions, StoreUrl, open};

use crate::support::proxy::{Mode, Proxy};
use crate::support::small_disk::SmallDisk;
use crate::support::whole_run::{Finished, Rows, mock_shop, personas, plan, ports, run_to_end};
use crate::support::{amount, flows, postgres};

/// Real time between ticks is 3,600 s / this: 400 ms, more than a cycle takes on a busy machine, so
/// that lateness is what the fault cost.
const TIME_SCALE: &str = "9000";
/// Agents, all released.
const AGENTS: usize = 10;
/// Cycles of a run: it lasts 4 s without faults.
const CYCLES: u32 = 10;
/// A fault begins so long after the run.
const FAULT_AFTER: Duration = Duration::from_millis(500);
/// A run is later than its fault lasted by no more than this: a second until the server is tried
/// again and 5 s of a retry's wait, the rest for a machine that is busy with other tests. How soon
/// a server is noticed is measured in `store_open`.
const LATER_MAX: Duration = Duration::from_secs(30);
/// A call that is never answered takes this long.
const ATTEMPT: Duration = Duration::from_secs(10);

fn fault_lasts() -> Duration {
    Duration::from_millis(amount("CARTLOAD_FAULT_MS", 1_200) as u64)
}

async fn opened(url: &str) -> OpenStore {
    let options = StoreOptions { pool_size: 10, ..StoreOptions::default() };
    let open = open(&StoreUrl::parse(url).unwrap(), &options).await.unwrap();
    let agents = personas(AGENTS, &mut rand::rng());
    open.admin.insert_agents(agents, false, flows::wall(0)).await.unwrap();
    open
}

/// A whole run beside `fault`, which lasts for a while; then every flow must be there once.
async fn survives(open: OpenStore, fault: impl Future<Output = ()>) -> Survived {
    let meter = SharedMeter::default();
    let (shop, traits) = mock_shop(&meter);
    let (ports, _checkpoints) = ports(shop, meter, open.store.clone());
    let cycles = CYCLES.to_string();
    let variables = [("CARTLOAD_CYCLES", cycles.as_str()), ("CARTLOAD_TIME_SCALE", TIME_SCALE)];
    let plan = plan(traits, &variables);
    let run = plan.run_id;
    let (finished, lasted) = tokio::join!(run_to_end(plan, ports), async {
        tokio::time::sleep(FAULT_AFTER).await;
        let begin = Instant::now();
        fault.await;
        begin.elapsed()
    });
    assert_eq!(finished.state, RunState::Completed, "{:?}", finished.status.frozen);
    assert_eq!(finished.status.totals.cycles_completed, CYCLES);
    assert_eq!(finished.status.totals.counts.failed, 0, "a fault costs lateness only");
    Rows { admin: &open.admin, run }.are_whole().await;
    open.admin.close().await;
    Survived { finished, lasted }
}

/// A run that went on by itself.
struct Survived {
    finished: Finished,
    /// How long the fault did.
    lasted: Duration,
}

impl Survived {
    /// The run was held up, so what was meant to be a fault was one; and not for much longer.
    /// `more`: what each call waits for besides.
    fn was_late(&self, more: Duration) {
        let latest = self.finished.cycles.iter().map(|cycle| cycle.lateness_ms).max().unwrap();
        eprintln!("a fault of {} ms cost {latest} ms", self.lasted.as_millis());
        assert!(latest > 300, "latest by {latest} ms: the fault went unnoticed");
        let most = self.lasted + more + LATER_MAX;
        assert!(
            latest < i64::try_from(most.as_millis()).unwrap(),
            "{latest} ms, {:?}",
            self.lasted
        );
    }
}

async fn behind(proxy: &Proxy) -> String {
    let database = postgres::fresh_database(postgres::shared().unwrap()).await;
    format!("postgres://postgres@127.0.0.1:{}/{database}", proxy.port)
}

#[actix::test]
async fn a_server_that_refuses_connections_for_a_while_costs_lateness_only() {
    let Some(port) = postgres::shared() else { return };
    let proxy = Proxy::before(port);
    let open = opened(&behind(&proxy).await).await;
    let survived = survives(open, async {
        proxy.set(Mode::Refuse);
        tokio::time::sleep(fault_lasts()).await;
        proxy.set(Mode::Forward);
    });
    survived.await.was_late(Duration::ZERO);
}

#[actix::test]
async fn connections_that_never_answer_again_cost_lateness_only() {
    let Some(port) = postgres::shared() else { return };
    let proxy = Proxy::before(port);
    let open = opened(&behind(&proxy).await).await;
    let survived = survives(open, async {
        proxy.set(Mode::Swallow);
        tokio::time::sleep(Duration::from_millis(300)).await;
        proxy.set(Mode::Forward);
    });
    survived.await.was_late(ATTEMPT);
}

#[actix::test]
async fn backends_killed_again_and_again_cost_lateness_only() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let open = opened(&format!("postgres://postgres@127.0.0.1:{port}/{database}")).await;
    survives(open, async {
        for _ in 0..8 {
            terminate(port, &database).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
}

/// Ends every backend of the database.
async fn terminate(port: u16, database: &str) {
    let sql = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    );
    postgres::execute(port, "postgres", &sql).await;
}

#[actix::test]
async fn a_server_without_room_for_connections_costs_lateness_only() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let role = format!(
        "CREATE ROLE crowded LOGIN CONNECTION LIMIT 10; GRANT CREATE ON DATABASE {database} TO \
         crowded"
    );
    postgres::execute(port, &database, &role).await;
    let open = opened(&format!("postgres://crowded@127.0.0.1:{port}/{database}")).await;
    let survived = survives(open, async {
        // No connection at all may be opened, and those that were are gone.
        postgres::execute(port, "postgres", "ALTER ROLE crowded CONNECTION LIMIT 0").await;
        terminate(port, &database).await;
        tokio::time::sleep(fault_lasts()).await;
        postgres::execute(port, "postgres", "ALTER ROLE crowded CONNECTION LIMIT 10").await;
    });
    survived.await.was_late(Duration::ZERO);
}

#[actix::test]
async fn transactions_that_cannot_be_serialized_are_tried_again() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let strict =
        format!("ALTER DATABASE {database} SET default_transaction_isolation = 'serializable'");
    postgres::execute(port, "postgres", &strict).await;
    let open = opened(&format!("postgres://postgres@127.0.0.1:{port}/{database}")).await;
    // Ten agents seldom meet: every third write fails as if they had.
    let failure = ("40001", "could not serialize access due to concurrent update");
    postgres::refuse_writes(port, &database, 3, failure).await;
    survives(open, std::future::ready(())).await;
    let writes = postgres::lines(port, &database, "SELECT last_value FROM cartload.writes").await;
    assert!(writes[0].parse::<u32>().unwrap() > 30, "writes that could fail: {writes:?}");
}

#[actix::test]
async fn a_server_whose_disk_is_full_for_a_while_costs_lateness_only() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let open = opened(&format!("postgres://postgres@127.0.0.1:{port}/{database}")).await;
    let survived = survives(open, async {
        let words = "could not extend file \"base/1/1\": No space left on device";
        let end = postgres::refuse_writes(port, &database, 1, ("53100", words)).await;
        tokio::time::sleep(fault_lasts()).await;
        postgres::execute(port, &database, end).await;
    });
    survived.await.was_late(Duration::ZERO);
}

/// Restarts a server of its own in the middle of a run.
async fn survives_a_restart(signal: &str) {
    let Some(mut server) = postgres::start() else { return };
    postgres::execute(server.port, "postgres", "SELECT 1").await;
    let open = opened(&postgres::url(server.port, "postgres")).await;
    let survived = survives(open, async {
        postgres::restart(&mut server, signal, fault_lasts()).await;
    });
    survived.await.was_late(Duration::ZERO);
}

#[actix::test]
async fn a_server_that_is_restarted_costs_lateness_only() {
    survives_a_restart("INT").await;
}

#[actix::test]
async fn a_server_that_crashes_and_recovers_costs_lateness_only() {
    survives_a_restart("QUIT").await;
}

#[actix::test]
async fn a_database_that_is_read_only_for_a_while_costs_lateness_only() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let open = opened(&format!("postgres://postgres@127.0.0.1:{port}/{database}")).await;
    let read_only = async |is_on: &str| {
        let sql = format!("ALTER DATABASE {database} SET default_transaction_read_only = {is_on}");
        postgres::execute(port, "postgres", &sql).await;
        // A session keeps what it began with.
        terminate(port, &database).await;
    };
    let survived = survives(open, async {
        read_only("on").await;
        tokio::time::sleep(fault_lasts()).await;
        read_only("off").await;
    });
    survived.await.was_late(Duration::ZERO);
}

#[actix::test]
async fn a_file_that_another_process_keeps_locked_costs_lateness_only() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cartload.db");
    let open = opened(&format!("sqlite://{}", file.display())).await;
    let survived = survives(open, async {
        let mut other = SqliteConnection::establish(&file.display().to_string()).unwrap();
        other.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
        tokio::time::sleep(fault_lasts()).await;
        other.batch_execute("ROLLBACK").unwrap();
    });
    survived.await.was_late(Duration::ZERO);
}

/// SQLite refuses every write of a flow's row with these words for a while: a trigger says them, as
/// nobody can take a disk away from an open file everywhere.
async fn survives_refused_writes(words: &str) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cartload.db");
    let open = opened(&format!("sqlite://{}", file.display())).await;
    let survived = survives(open, async {
        let run = |statements: &str| {
            let mut other = SqliteConnection::establish(&file.display().to_string()).unwrap();
            let patient = format!("PRAGMA busy_timeout = 5000; {statements}");
            other.batch_execute(&patient).unwrap();
        };
        for (name, when) in [("refuse_new", "INSERT"), ("refuse_end", "UPDATE")] {
            run(&format!(
                "CREATE TRIGGER {name} BEFORE {when} ON shopping_sessions BEGIN \
                 SELECT RAISE(ABORT, '{words}'); END"
            ));
        }
        tokio::time::sleep(fault_lasts()).await;
        run("DROP TRIGGER refuse_new");
        run("DROP TRIGGER refuse_end");
    });
    survived.await.was_late(Duration::ZERO);
}

#[actix::test]
async fn a_file_that_is_read_only_for_a_while_costs_lateness_only() {
    survives_refused_writes("attempt to write a readonly database").await;
}

#[actix::test]
async fn a_file_that_is_said_to_be_full_for_a_while_costs_lateness_only() {
    survives_refused_writes("database or disk is full").await;
}

#[actix::test]
async fn a_disk_that_is_full_for_a_while_costs_lateness_only() {
    // Some times what a run needs.
    let Some(disk) = SmallDisk::mount(24) else { return };
    let open = opened(&format!("sqlite://{}/cartload.db", disk.path().display())).await;
    let survived = survives(open, async {
        disk.fill();
        tokio::time::sleep(fault_lasts()).await;
        disk.empty();
    });
    survived.await.was_late(Duration::ZERO);
}
