//! A run of the real binary at a practice shop behind nginx, over https, and what is asked of it
//! afterwards: cartload's rows against the shop's own books.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;
use shops::practice_shop::{PracticeConfig, PracticeShop, RunningShop};

use crate::support::binary::{Place, Process, wait};
use crate::support::nginx::{Connections, Line, Nginx, Setup, ca_file};

/// How fast and how much.
#[derive(Clone, Copy)]
pub struct Size {
    pub agents: usize,
    pub cycles: usize,
    /// Requests a second.
    pub rate: usize,
}

/// A run for CI: some 1,200 requests in as many hundredths of the rate's seconds.
pub const SMALL: Size = Size { agents: 60, cycles: 4, rate: 200 };

pub struct Scene {
    pub place: Place,
    pub shop: RunningShop,
    pub edge: Nginx,
}

/// What both sides agree upon.
#[derive(Debug)]
pub struct Books {
    pub orders: usize,
    /// Visits whose order nobody knows of.
    pub unknown: usize,
    /// Visits that failed.
    pub failed: i64,
}

impl Scene {
    /// `None`, said aloud, where nginx is not installed.
    pub fn with(change: impl FnOnce(&mut Setup)) -> Option<Self> {
        let shop = PracticeShop::start(PracticeConfig::default()).expect("the shop opens");
        let mut setup = Setup::before(shop.addr().port());
        change(&mut setup);
        let edge = Nginx::start_as(setup)?;
        Some(Self { place: Place::new(), shop, edge })
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.command(args);
        command.env("CARTLOAD_SHOP_CA_FILE", ca_file());
        command
    }

    /// The run that is to be made.
    pub fn run(&self, size: Size) -> Command {
        self.run_at(&self.edge.url(), size)
    }

    /// The same at this address.
    pub fn run_at(&self, url: &str, size: Size) -> Command {
        let text = |number: usize| number.to_string();
        let (agents, cycles, rate) = (text(size.agents), text(size.cycles), text(size.rate));
        let mut command = self.command(&["run", "--api", url, "--profile", "practice", "--plain"]);
        command.args(["--agents", &agents, "--cycles", &cycles, "--rate", &rate, "--json"]);
        // Noon: most agents shop.
        command.args(["--start", "2026-01-05T12:00", "--warm-up", "off", "--time-scale", "max"]);
        command
    }

    /// Makes the run to its end, which must come; what it says at it.
    pub fn completes(&self, size: Size) -> Value {
        let process = self.place.start_of(&mut self.run(size));
        self.ends(process)
    }

    /// Waits for the end of a run, which must not freeze; what it says at it.
    pub fn ends(&self, mut process: Process) -> Value {
        loop {
            let (has_ended, said) = (process.has_ended(), self.place.log());
            assert!(!said.contains("FROZEN"), "{said}\n{}", self.edge.errors());
            if has_ended {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert_eq!(process.wait(), Some(0), "{}", self.place.log());
        self.summary()
    }

    /// What the process has said at its end.
    pub fn summary(&self) -> Value {
        let said = self.place.log();
        let summary = said.lines().rfind(|line| line.starts_with('{')).expect("a summary");
        serde_json::from_str(summary).expect("a summary")
    }

    /// Waits until the run has sent so much more than `asked` before.
    pub fn until_asked(&self, more: usize) {
        let before = self.shop.ledger().requests_total;
        let enough = || self.shop.ledger().requests_total >= before + more as u64;
        wait(enough, || format!("{more} requests: {}", self.place.log()));
    }

    /// How often nginx has answered this status.
    pub fn answered(&self, status: u16) -> usize {
        self.edge.log().iter().filter(|line| line.status == status).count()
    }

    /// Holds the rows against the shop's books: `verify` is clean, no visit has two orders at the
    /// shop, and each order of the shop is in one row, or its visit says that nobody knows.
    #[track_caller]
    pub fn books(&self) -> Books {
        let (audit, _) = self.place.expect_of(0, &mut self.command(&["verify", "--json"]));
        let audit: Value = serde_json::from_str(&audit).expect("an audit");
        assert_eq!(audit["clean"], true, "{audit}");
        let mut of_visits: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for order in &self.shop.books().orders {
            let visit = order.session.expect("the practice shop keeps it").to_string();
            of_visits.entry(visit).or_default().push(order.order_id.to_string());
        }
        let twice: Vec<_> = of_visits.iter().filter(|(_, orders)| orders.len() > 1).collect();
        assert!(twice.is_empty(), "visits that ordered twice: {twice:?}");
        let lines =
            |of, from| -> BTreeSet<String> { self.place.texts(of, from).into_iter().collect() };
        let rows = lines("flow_id || ' ' || order_id", "orders");
        assert_eq!(rows.len() as i64, self.place.count("orders"), "orders in two rows");
        let unknown = lines("flow_id", "shopping_sessions WHERE order_outcome = 'unknown'");
        let there: BTreeSet<String> =
            of_visits.iter().map(|(visit, orders)| format!("{visit} {}", orders[0])).collect();
        let invented: Vec<_> = rows.difference(&there).collect();
        assert!(invented.is_empty(), "not in the shop's books: {invented:?}");
        for missing in there.difference(&rows) {
            let visit = missing.split(' ').next().unwrap_or_default();
            assert!(unknown.contains(visit), "{missing} is in no row");
        }
        assert!(!rows.is_empty(), "nobody ordered");
        let failed = self.place.count("shopping_sessions WHERE status = 'failed'");
        Books { orders: rows.len(), unknown: unknown.len(), failed }
    }

    /// The same of a run in which nothing may have gone wrong.
    #[track_caller]
    pub fn sound_books(&self) -> Books {
        let books = self.books();
        let why = self.why();
        assert_eq!((books.failed, books.unknown), (0, 0), "{why:?}");
        assert_eq!(self.shop.books().orders.len(), books.orders);
        assert_eq!(self.shop.books().carts, [], "carts left over");
        books
    }

    /// Why visits failed.
    pub fn why(&self) -> Vec<String> {
        let failed = "shopping_sessions WHERE status = 'failed'";
        self.place.texts("COALESCE(end_reason, '') || ': ' || COALESCE(failure, '')", failed)
    }

    /// Says what was seen.
    pub fn tell(&self, what: &str, books: &Books) {
        let log = self.edge.log();
        let seen = Connections::of(&log);
        eprintln!(
            "{what}: {} requests over {} connections ({} resumed TLS, {} requests at most), {} \
             orders, {} visits failed, {} orders unknown; answers: {:?}",
            seen.requests,
            seen.made,
            seen.resumed,
            seen.most_requests,
            books.orders,
            books.failed,
            books.unknown,
            statuses(&log)
        );
    }
}

/// How often each status was answered.
fn statuses(log: &[Line]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for line in log {
        *counts.entry(line.status).or_default() += 1;
    }
    counts
}
