//! The shop's own count of what reached it: the other side of every promise about sending.
//!
//! A request counts when it arrives, before any fault and whatever comes of it; requests to
//! /practice never count.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use domain::money::Cents;
use serde::{Deserialize, Serialize};

use super::route::Route;

const WINDOW: Duration = Duration::from_secs(1);

/// Client sockets remembered per caller; beyond it they are counted only.
const SOCKETS_PER_CALLER_MAX: usize = 256;

/// Client sockets remembered in all: some megabytes.
const SOCKETS_MAX: usize = 50_000;

/// What the shop saw since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopLedger {
    /// Requests that arrived.
    pub requests_total: u64,
    /// The most that arrived within any second, to the nanosecond: a sliding window, half open.
    pub requests_max_in_1s: u64,
    /// Orders placed.
    pub orders: u64,
    /// What they cost, `final_total` summed.
    pub order_cents_total: Cents,
    /// Checkouts answered with an earlier order because of their Idempotency-Key.
    pub checkouts_repeated: u64,
    /// Requests and answers of each route that was called.
    pub routes: BTreeMap<Route, RouteRow>,
    /// The client's end of each connection that carried a call of this caller (agent id of a dev
    /// token, user id of a JWT).
    pub connections: BTreeMap<String, BTreeSet<SocketAddr>>,
    /// Calls over sockets not listed in `connections`: a caller had more than 256, or all callers
    /// more than 50,000.
    pub connections_unlisted: u64,
    /// What its places have worked, ms of all of them together, where the shop has a pace: each
    /// request counts with the time that it was to take, when it is done.
    #[serde(default)]
    pub worked_ms: u64,
    /// Connections that the shop opened to its own database, where it has one.
    #[serde(default)]
    pub database_connections: u64,
    /// Connections that its database refused because all were taken.
    #[serde(default)]
    pub database_too_many: u64,
}

/// Counts of one route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteRow {
    /// Arrived.
    pub requests: u64,
    /// Answered below 400.
    pub ok: u64,
    /// Answered 400 to 499.
    pub refused: u64,
    /// Answered 500 and above.
    pub failed: u64,
}

/// Where the shop writes the ledger.
#[derive(Debug, Default)]
pub(super) struct LedgerBook {
    ledger: ShopLedger,
    /// Arrivals of the last second, oldest first; as long as the most requests in one second.
    arrivals: VecDeque<Instant>,
    /// Sockets listed, over all callers.
    sockets: usize,
}

impl LedgerBook {
    /// A request arrives at this moment; the clock is read under the ledger's lock, so that
    /// arrivals are in order.
    pub fn arrived_now(&mut self, route: Route) {
        self.arrived(route, Instant::now());
    }

    /// A request arrived.
    fn arrived(&mut self, route: Route, now: Instant) {
        while self.arrivals.front().is_some_and(|oldest| now.duration_since(*oldest) >= WINDOW) {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(now);
        let in_window = u64::try_from(self.arrivals.len()).unwrap_or(u64::MAX);
        let ledger = &mut self.ledger;
        ledger.requests_total += 1;
        ledger.requests_max_in_1s = ledger.requests_max_in_1s.max(in_window);
        ledger.routes.entry(route).or_default().requests += 1;
    }

    /// A request was answered.
    pub fn answered(&mut self, route: Route, status: u16) {
        let row = self.ledger.routes.entry(route).or_default();
        match status {
            ..400 => row.ok += 1,
            400..500 => row.refused += 1,
            500.. => row.failed += 1,
        }
    }

    /// A call of `caller` came over the connection from `socket`.
    pub fn carried(&mut self, caller: &str, socket: SocketAddr) {
        let listed = self.ledger.connections.get(caller);
        if listed.is_some_and(|sockets| sockets.contains(&socket)) {
            return;
        }
        let of_caller = listed.map_or(0, BTreeSet::len);
        if of_caller >= SOCKETS_PER_CALLER_MAX || self.sockets >= SOCKETS_MAX {
            self.ledger.connections_unlisted += 1;
            return;
        }
        self.sockets += 1;
        self.ledger.connections.entry(caller.to_owned()).or_default().insert(socket);
    }

    /// A checkout placed an order.
    pub fn ordered(&mut self, paid: Cents) {
        self.ledger.orders += 1;
        self.ledger.order_cents_total += paid;
    }

    /// A checkout was answered with an earlier order.
    pub fn repeated(&mut self) {
        self.ledger.checkouts_repeated += 1;
    }

    /// A copy of all counts.
    pub fn read(&self) -> ShopLedger {
        self.ledger.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn most_in_one_second(offsets_ms: &[u64]) -> u64 {
        let start = Instant::now();
        let mut book = LedgerBook::default();
        for offset in offsets_ms {
            book.arrived(Route::ListStores, start + Duration::from_millis(*offset));
        }
        book.read().requests_max_in_1s
    }

    #[test]
    fn the_window_slides_and_is_half_open() {
        assert_eq!(most_in_one_second(&[0, 999]), 2);
        assert_eq!(most_in_one_second(&[0, 1_000]), 1);
        // Four within 1.000 s that no fixed second would show.
        assert_eq!(most_in_one_second(&[0, 600, 900, 1_100, 1_500, 2_600]), 4);
        assert_eq!(most_in_one_second(&[]), 0);
    }

    #[test]
    fn sockets_of_a_caller_are_bounded() {
        let mut book = LedgerBook::default();
        for port in 1..=300 {
            book.carried("agent_001", SocketAddr::from(([127, 0, 0, 1], port)));
            book.carried("agent_001", SocketAddr::from(([127, 0, 0, 1], port)));
        }
        let ledger = book.read();
        assert_eq!(ledger.connections["agent_001"].len(), SOCKETS_PER_CALLER_MAX);
        assert!(ledger.connections_unlisted > 0);
    }

    #[test]
    fn the_ledger_survives_json() {
        let mut book = LedgerBook::default();
        book.arrived(Route::Checkout, Instant::now());
        book.answered(Route::Checkout, 201);
        book.ordered(Cents(1_179));
        book.carried("agent_001", SocketAddr::from(([127, 0, 0, 1], 9)));
        let text = serde_json::to_string(&book.read()).expect("a ledger is JSON");
        assert_eq!(serde_json::from_str::<ShopLedger>(&text).expect("read back"), book.read());
    }
}
