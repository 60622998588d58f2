//! A real pair of PostgreSQL servers: the replica stops following, the primary goes on and is lost,
//! the replica is promoted in its place. What the run had been told is written is gone.

use serde_json::Value;

use crate::support::binary::{Place, Process, wait};
use crate::support::postgres;
use crate::support::proxy::Proxy;
use crate::support::server::Server;

const PACE: [&str; 10] = [
    "--agents",
    "20",
    "--time-scale",
    "7200",
    "--rate",
    "unlimited",
    "--warm-up",
    "off",
    "--start",
    "2026-01-05T10:00",
];

/// A run that reaches its database over an address which a failover moves.
struct Pair {
    primary: Server,
    replica: Server,
    address: Proxy,
    place: Place,
    process: Process,
}

/// How many cycles the server at `port` knows.
async fn cycles(port: u16) -> u32 {
    let sql = "SELECT COUNT(*) FROM cartload.cycles WHERE NOT broken";
    let lines = postgres::lines(port, "postgres", sql).await;
    lines[0].parse().unwrap()
}

async fn reaches(port: u16, wanted: u32, place: &Place) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while cycles(port).await < wanted {
        assert!(std::time::Instant::now() < deadline, "{}", place.log());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

impl Pair {
    /// `None`, said aloud, where PostgreSQL is not installed.
    async fn with_a_run() -> Option<Self> {
        let primary = postgres::start()?;
        let place = Place::new();
        place.expect(0, &["migrate", "--db", &postgres::url(primary.port, "postgres")]);
        let replica = postgres::replica_of(primary.port);
        // It accepts connections before it serves them.
        postgres::execute(replica.port, "postgres", "SELECT 1").await;
        let address = Proxy::before(primary.port);
        let url = postgres::url(address.port, "postgres");
        let run = ["run", "--mock-api", "--quiet", "--db", &url];
        let mut command = place.command(&[&run[..], &PACE[..]].concat());
        let process = place.start_of(command.env("CARTLOAD_CHECKPOINTS_EVERY_CYCLES", "1"));
        reaches(replica.port, 3, &place).await;
        Some(Self { primary, replica, address, place, process })
    }

    fn url(&self) -> String {
        postgres::url(self.address.port, "postgres")
    }

    /// The replica follows no more, and the run lives six hours that only the primary knows.
    async fn part(&self) -> u32 {
        let port = self.replica.port;
        postgres::execute(port, "postgres", "ALTER SYSTEM SET primary_conninfo = ''").await;
        postgres::execute(port, "postgres", "SELECT pg_reload_conf()").await;
        let gone = "SELECT COUNT(*) = 0 FROM pg_stat_wal_receiver";
        while postgres::lines(port, "postgres", gone).await != ["t"] {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let known = cycles(port).await;
        reaches(self.primary.port, known + 6, &self.place).await;
        assert!(cycles(port).await <= known + 1);
        cycles(port).await
    }

    /// The primary is lost, the replica is what the address leads to.
    async fn fail_over(self) -> (Server, Proxy, Place, Process) {
        let Self { primary, replica, address, place, process } = self;
        postgres::execute(replica.port, "postgres", "SELECT pg_promote()").await;
        address.lead_to(replica.port);
        drop(primary);
        (replica, address, place, process)
    }
}

/// Nothing is wrong, and more hours than these are lived.
fn is_clean(place: &Place, url: &str, beyond: u32) {
    let (out, _) = place.expect(0, &["verify", "--json", "--db", url]);
    let audit: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(audit["clean"], true, "{out}");
    assert!(audit["hours_lived"].as_u64().unwrap() > u64::from(beyond), "{out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_promoted_replica_that_lost_its_tail_freezes_the_run_which_goes_back_when_it_is_resumed()
{
    let Some(pair) = Pair::with_a_run().await else { return };
    let (known, url) = (pair.part().await, pair.url());
    let (replica, _address, place, process) = pair.fail_over().await;
    wait(|| place.log().contains("FROZEN"), || place.log());
    let (status, _) = place.expect(0, &["ctl", "status", "--json"]);
    assert!(status.contains("the database lost rows that it had acknowledged"), "{status}");
    // The first hour that is gone is lived again.
    place.expect(0, &["ctl", "resume"]);
    reaches(replica.port, known + 8, &place).await;
    let lost = "SELECT message FROM cartload.incidents WHERE kind = 'rows_lost'";
    let lost = postgres::lines(replica.port, "postgres", lost).await;
    assert!(!lost.is_empty() && lost[0].contains(&format!("cycle {known}")), "{lost:?}, {known}");
    place.expect(0, &["ctl", "quit"]);
    assert_eq!(process.wait(), Some(0), "{}", place.log());
    is_clean(&place, &url, known + 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_killed_run_is_resumed_over_a_promoted_replica_from_what_that_has() {
    let Some(pair) = Pair::with_a_run().await else { return };
    let (known, url) = (pair.part().await, pair.url());
    let id = pair.process.id().to_string();
    let killed = std::process::Command::new("kill").args(["-9", &id]).status().unwrap();
    assert!(killed.success());
    let (_replica, _address, place, process) = pair.fail_over().await;
    process.ended();
    let cycles = (known + 10).to_string();
    let resume = ["resume", "--quiet", "--db", &url, "--time-scale", "max", "--cycles", &cycles];
    let (_, err) = place.expect(0, &resume);
    assert!(err.contains(&format!("cycle {known} has no closed hour")), "{err}");
    is_clean(&place, &url, known + 8);
}
