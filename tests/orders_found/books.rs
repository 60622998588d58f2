//! A run beside a shop whose books outlive it, and both compared.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::Command;

use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::Value;
use shops::practice_shop::{Habits, PracticeConfig, PracticeShop, RunningShop};

use crate::support::binary::{Place, wait};

const PROFILE: &str = include_str!("../../config/shops/practice.ron");

/// A run over all its processes.
const RUN: [&str; 11] = [
    "run",
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

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    /// Orders in the shop's books.
    pub at_shop: usize,
    /// Rows that were added later.
    pub recovered: usize,
    /// Visits whose outcome is unknown.
    pub unknown_flows: usize,
    /// Orders of such visits.
    pub unknown_orders: usize,
}

impl Found {
    pub fn add(&mut self, other: Self) {
        self.at_shop += other.at_shop;
        self.recovered += other.recovered;
        self.unknown_flows += other.unknown_flows;
        self.unknown_orders += other.unknown_orders;
    }
}

pub struct Scene {
    pub place: Place,
    pub shop: RunningShop,
    profile: String,
    summary: RefCell<Value>,
}

#[derive(QueryableByName)]
struct OrderRow {
    #[diesel(sql_type = Text)]
    order_id: String,
    #[diesel(sql_type = Text)]
    flow_id: String,
    #[diesel(sql_type = Bool)]
    recovered: bool,
    #[diesel(sql_type = BigInt)]
    final_total_cents: i64,
    #[diesel(sql_type = BigInt)]
    lines: i64,
}

#[derive(QueryableByName)]
struct VisitRow {
    #[diesel(sql_type = Text)]
    flow_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    order_outcome: Option<String>,
}

impl Scene {
    /// With the practice shop's profile, whose calls time out after a second: so long the shop may
    /// be at work on what a client that hung up had ordered.
    pub fn new(habits: Habits) -> Self {
        Self::of(habits, |profile| profile)
    }

    /// Where orders name no session: their time proves it.
    pub fn timed(habits: Habits) -> Self {
        let flow = "            flow: \"shopping_session_id\",\n";
        Self::of(habits, |profile| replaced(&profile, flow, ""))
    }

    /// Where a checkout is not sent twice: only reads decide.
    pub fn unforgiving(habits: Habits) -> Self {
        let once =
            |profile: String| replaced(&profile, "idempotency: honoured", "idempotency: ignored");
        Self::of(habits, once)
    }

    fn of(habits: Habits, change: impl Fn(String) -> String) -> Self {
        let config = PracticeConfig { habits, ..PracticeConfig::default() };
        let (place, shop) = (Place::new(), PracticeShop::start(config).unwrap());
        let profile = change(replaced(PROFILE, "call_ms: 10000", "call_ms: 1000"));
        let path = place.path().join("shop.ron");
        std::fs::write(&path, profile).unwrap();
        let (profile, summary) = (path.display().to_string(), RefCell::default());
        Self { place, shop, profile, summary }
    }

    pub fn run(&self) -> Command {
        let api = self.shop.base_url();
        let of = ["--api", &api, "--profile", &self.profile, "--quiet"];
        self.place.command(&[&RUN[..], &of[..]].concat())
    }

    pub fn resume(&self) -> Command {
        self.place.command(&["resume", "--quiet"])
    }

    /// Lets the run come to an end, and compares.
    pub fn ends(&self) -> Found {
        let end = ["resume", "--quiet", "--json", "--hours", "0.0005"];
        let (said, _) = self.place.expect_of(0, &mut self.place.command(&end));
        *self.summary.borrow_mut() = serde_json::from_str(&said).unwrap();
        self.audited()
    }

    /// What the last process said at its end.
    pub fn summary(&self) -> Value {
        self.summary.borrow().clone()
    }

    /// Waits for this state of the run.
    pub fn until(&self, state: &str) {
        let is_so = || {
            let status = self.place.run(&["ctl", "status", "--json"]);
            let status: Value = serde_json::from_slice(&status.stdout).unwrap_or_default();
            status["state"] == state
        };
        wait(is_so, || self.place.log());
    }

    /// The books of the shop and of the run, compared; and the run's own audit.
    pub fn audited(&self) -> Found {
        let mut database = self.place.sqlite();
        let rows: Vec<OrderRow> = sql_query(
            "SELECT o.order_id, o.flow_id, o.recovered, o.final_total_cents, \
             (SELECT COUNT(*) FROM order_items i WHERE i.flow_id = o.flow_id) AS lines \
             FROM orders o",
        )
        .load(&mut database)
        .unwrap();
        let visits: Vec<VisitRow> =
            sql_query("SELECT flow_id, order_outcome FROM shopping_sessions")
                .load(&mut database)
                .unwrap();
        let outcomes: BTreeMap<&str, Option<&str>> =
            visits.iter().map(|v| (v.flow_id.as_str(), v.order_outcome.as_deref())).collect();
        let mut by_id: BTreeMap<&str, &OrderRow> = BTreeMap::new();
        for row in &rows {
            let twice = by_id.insert(&row.order_id, row);
            assert!(twice.is_none(), "order {} is in two rows", row.order_id);
        }
        let unknown = outcomes.values().filter(|outcome| **outcome == Some("unknown")).count();
        let recovered = rows.iter().filter(|row| row.recovered).count();
        let mut found = Found { recovered, unknown_flows: unknown, ..Found::default() };
        for order in self.shop.books().orders {
            found.at_shop += 1;
            let (id, session) = (order.order_id.to_string(), order.session.unwrap().to_string());
            let Some(row) = by_id.remove(id.as_str()) else {
                let outcome = outcomes.get(session.as_str());
                assert_eq!(outcome, Some(&Some("unknown")), "order {id} of visit {session}");
                found.unknown_orders += 1;
                continue;
            };
            assert_eq!(row.flow_id, session, "order {id} is in the row of another visit");
            let total: f64 = order.totals.final_total.to_string().parse().unwrap();
            assert_eq!(row.final_total_cents, (total * 100.0).round() as i64, "order {id}");
            assert_eq!(row.lines, i64::try_from(order.lines.len()).unwrap(), "order {id}");
        }
        assert!(by_id.is_empty(), "{:?} are not in the shop's books", by_id.keys());
        let (said, _) = self.place.expect(0, &["verify", "--json"]);
        let audit: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(audit["clean"], true, "{audit}");
        assert_eq!(audit["outcome_unknown"], found.unknown_flows, "{audit}");
        assert_eq!(audit["orders_recovered"], found.recovered, "{audit}");
        found
    }
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the profile has no {from}");
    text.replace(from, to)
}
