//! A run of the real binary at a practice shop with habits, and what is asked of it afterwards.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use shops::practice_shop::{Habits, PracticeConfig, PracticeShop};

use super::both_books::{self, Figures};
use crate::support::binary::{Place, Process};
use crate::support::server::Server;
use crate::support::{amount, postgres};

/// What the shop's tokens are signed with.
const SECRET: &str = "the secret of the shop's own tokens";

/// How often a run is looked at.
const POLL: Duration = Duration::from_millis(50);

/// Where a run writes.
pub enum Database {
    Sqlite,
    /// This port's database `postgres`.
    Postgres(u16),
}

impl Database {
    /// The database of a server that has just been started.
    pub async fn of(server: &Server) -> Self {
        // It serves a moment after it accepts.
        postgres::execute(server.port, "postgres", "SELECT 1").await;
        Self::Postgres(server.port)
    }

    /// As an operator gives it.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite => String::new(),
            Self::Postgres(port) => postgres::url(*port, "postgres"),
        }
    }
}

/// A run that is to be made.
pub struct Visit {
    habits: Habits,
    profile: String,
    /// Tokens are JWTs and wallets the shop's, as at the shop that is imitated.
    is_voiceoffers: bool,
    database: Database,
    /// Requests a second.
    rate: &'static str,
    agents: usize,
    cycles: usize,
}

fn shipped(profile: &str) -> String {
    let path = format!("{}/config/shops/{profile}.ron", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a profile that ships")
}

/// Waits for the end of a run, which must not freeze; answers what it said.
fn to_its_end(place: &Place, mut run: Process) -> String {
    loop {
        let (has_ended, said) = (run.has_ended(), place.log());
        assert!(!said.contains("FROZEN"), "{said}");
        if has_ended {
            assert_eq!(run.wait(), Some(0), "{}", place.log());
            return place.log();
        }
        std::thread::sleep(POLL);
    }
}

impl Visit {
    /// Of the profile `practice`, into SQLite.
    pub fn to(habits: Habits) -> Self {
        Self {
            habits,
            profile: shipped("practice"),
            is_voiceoffers: false,
            database: Database::Sqlite,
            rate: "unlimited",
            agents: amount("CARTLOAD_YOUR_SHOP_AGENTS", 60),
            cycles: amount("CARTLOAD_YOUR_SHOP_CYCLES", 5),
        }
    }

    /// The profile says so, as an operator would write it.
    fn saying(mut self, from: &str, to: &str) -> Self {
        assert_eq!(self.profile.matches(from).count(), 1, "{from}");
        self.profile = self.profile.replace(from, to);
        self
    }

    /// The profile looks for coupons in both lists of the object.
    pub fn naming_two_lists(self) -> Self {
        let lists =
            r#"lists: ["order.applied_coupons.item_level", "order.applied_coupons.frontstore"]"#;
        self.saying(r#"list: "order.applied_coupons""#, lists)
    }

    /// The profile says that an order uses no coupon up.
    pub fn reusing_coupons(self) -> Self {
        self.saying("coupons: single_use,", "coupons: reusable,")
    }

    /// The profile that ships for the shop imitated.
    pub fn in_the_manner_of_voiceoffers(mut self) -> Self {
        self.profile = shipped("voiceoffers");
        self.is_voiceoffers = true;
        self
    }

    /// The run writes there, to the shop's own database, and keeps the limit of a default run: a
    /// shop that opens a connection a request has as many open as calls are in flight.
    pub fn beside_the_shop(mut self, database: Database) -> Self {
        self.database = database;
        self.rate = "50";
        self
    }

    /// Fewer agents, at a shop that serves 22 a second; as many as ever for a release.
    pub fn slowly(mut self) -> Self {
        self.rate = "50";
        self.agents = amount("CARTLOAD_YOUR_SHOP_AGENTS", 30);
        self.cycles = amount("CARTLOAD_YOUR_SHOP_CYCLES", 3);
        self
    }

    fn command(&self, place: &Place, args: &[&str]) -> Command {
        let mut command = place.command(args);
        if self.is_voiceoffers {
            command.env("CARTLOAD_SHOP_JWT_SECRET", SECRET);
        }
        if let Database::Postgres(_) = self.database {
            command.env("DATABASE_URL", self.database.url());
        }
        command
    }

    /// Makes the run, holds both books against each other and says the figures.
    pub async fn compare(self, what: &str) -> Figures {
        let place = Place::new();
        let shop = PracticeShop::start(PracticeConfig {
            habits: self.habits.clone(),
            wallet_fill: if self.is_voiceoffers { 32 } else { 0 },
            jwt_secret: self.is_voiceoffers.then(|| SECRET.into()),
            ..PracticeConfig::default()
        })
        .expect("the shop opens");
        std::fs::write(place.path().join("shop.ron"), &self.profile).expect("a profile");
        let (agents, cycles) = (self.agents.to_string(), self.cycles.to_string());
        let args = [
            "run",
            "--api",
            &shop.base_url(),
            "--profile",
            "./shop.ron",
            "--agents",
            &agents,
            "--cycles",
            &cycles,
            "--time-scale",
            "max",
            "--rate",
            self.rate,
            "--warm-up",
            "off",
            "--plain",
            "--json",
        ];
        let began = Instant::now();
        let said = to_its_end(&place, place.start_of(&mut self.command(&place, &args)));
        let took = began.elapsed();
        let summary = said.lines().rfind(|line| line.starts_with('{')).expect("a summary");
        let summary: Value = serde_json::from_str(summary).expect("a summary");
        assert_eq!(summary["state"], "completed", "{summary}");

        let (audit, _) = place.expect_of(0, &mut self.command(&place, &["verify", "--json"]));
        let audit: Value = serde_json::from_str(&audit).expect("an audit");
        assert_eq!(audit["clean"], true, "{audit}");
        let figures = both_books::compare(&shop, &place, &self.database).await;
        eprintln!(
            "{what}: {agents} agents, {cycles} cycles, {} requests in {:.1} s, {} orders, {} of \
             revenue, {} redemptions, {} connections at most refused; books equal, no cart left",
            shop.ledger().requests_total,
            took.as_secs_f64(),
            figures.orders,
            figures.revenue,
            figures.redemptions,
            figures.too_many_clients
        );
        shop.stop().expect("it closes");
        figures
    }
}
