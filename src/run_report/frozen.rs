//! What a frozen run tells its operator: why, what to look at, and the way out.

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::status::RunStatus;
use actors::domain::freeze_reason::ShopSeen;
use actors::ports::shop_api::{ApiErrorKind, stranger, way};
use actors::ports::store::{PoolStatus, advice};
use serde::Serialize;

/// What an operator needs to know of a freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Why.
    pub why: String,
    /// Where the cause is most likely found.
    pub look_at: String,
}

/// For a run that is frozen.
pub fn advice(status: &RunStatus) -> Option<Advice> {
    let reason = status.frozen.as_ref()?;
    Some(Advice { why: reason.to_string(), look_at: look_at(reason, &status.health.pool) })
}

/// What an operator opens it with.
fn opened_by(reason: &FreezeReason) -> &'static str {
    match reason {
        FreezeReason::ServiceDied { .. } => {
            "Ctrl-C ends this process with a checkpoint, `cartload resume --unfreeze` repeats the \
             broken cycle and goes on"
        }
        FreezeReason::FailuresInCycle { .. }
        | FreezeReason::FailuresInARow { .. }
        | FreezeReason::Outage { .. }
        | FreezeReason::NothingAccepted { .. }
        | FreezeReason::Quarantines { .. }
        | FreezeReason::StoreFailed { .. }
        | FreezeReason::Tripped { .. } => {
            "`cartload ctl resume` looks at the shop, repeats the broken cycle and goes on; or \
             Ctrl-C ends this process with a checkpoint, and `cartload resume --unfreeze` does the \
             same later"
        }
    }
}

/// A few lines; empty for a run that is not frozen.
pub fn text(status: &RunStatus) -> String {
    let (Some(reason), Some(advice)) = (status.frozen.as_ref(), advice(status)) else {
        return String::new();
    };
    let lines = [
        format!(
            "FROZEN at cycle {}, simulated {}",
            status.attempt.cycle, status.attempt.simulated_at
        ),
        format!("  why      {}", advice.why),
        format!("  look at  {}", advice.look_at),
        format!("  then     it sends nothing until you open it: {}", opened_by(reason)),
    ];
    lines.join("\n")
}

/// Where an edge says 503 in the name of a shop that answers: nginx's word for too many requests.
const EDGE_LIMIT: &str = "the limit of requests at the shop's edge: it turned calls away with 503 \
                          while the shop answered; lower the rate (`cartload ctl rate N`) before \
                          you go on, or have it say 429 (nginx: `limit_req_status 429`), which \
                          slows the run down by itself";

fn is_edge_503(cause: &str) -> bool {
    let said = cause.split_once(": ").map_or("", |(_, said)| said);
    said.starts_with(&ApiErrorKind::EdgeDown(503).to_string())
}

/// Where it is found that flows failed: users that the shop does not take, its load, or its log.
fn failures(causes: &[String], shop: Option<ShopSeen>) -> String {
    if let Some(advice) = causes.iter().find_map(|cause| stranger::advice(cause)) {
        return advice;
    }
    if shop == Some(ShopSeen::Answering) && causes.iter().any(|cause| is_edge_503(cause)) {
        return EDGE_LIMIT.to_owned();
    }
    if let Some(place) = causes.first().and_then(|cause| advice::of_cause(cause)) {
        return place.to_owned();
    }
    match shop {
        Some(ShopSeen::Slow) => {
            "the load of the shop at this time: it answers, but calls ran out of time; lower the \
             rate (`cartload ctl rate N`) before you go on"
        }
        Some(ShopSeen::Silent) => "whether the shop is up and reachable from here",
        Some(ShopSeen::Answering) | None => {
            "the calls named above, in the shop's own log at this time"
        }
    }
    .to_owned()
}

/// Where the cause is most likely found.
pub fn look_at(reason: &FreezeReason, pool: &PoolStatus) -> String {
    let place = place(reason);
    match crowding(&reason.to_string(), pool) {
        Some(crowding) => format!("{crowding}; and {place}"),
        None => place,
    }
}

/// What the run's own connections may have to do with it, where the shop uses the same server.
fn crowding(why: &str, pool: &PoolStatus) -> Option<String> {
    let is_most = pool.server > 0 && pool.open.saturating_mul(2) > pool.server;
    let is_told = pool.open > 0 && store::says_full(why);
    (is_most || is_told).then(|| {
        format!(
            "the database's server: {}, which the shop may share (CARTLOAD_DB_POOL_BASE and \
             CARTLOAD_DB_POOL_OVERFLOW set fewer)",
            store::holding(pool.open, pool.server)
        )
    })
}

fn place(reason: &FreezeReason) -> String {
    match reason {
        FreezeReason::FailuresInCycle { causes, shop, .. }
        | FreezeReason::FailuresInARow { causes, shop, .. } => failures(causes, *shop),
        FreezeReason::Outage { cause, http_session } => way::of_cause(cause).unwrap_or_else(|| {
            format!(
                "whether the shop is up and reachable from here (first seen over HTTP session \
                 {http_session})"
            )
        }),
        FreezeReason::NothingAccepted { .. } => {
            "stock and the selected stores: the shop answers, but takes nothing into a cart"
                .to_owned()
        }
        FreezeReason::ServiceDied { .. } => {
            "the messages above: this is a fault of cartload itself, please report it".to_owned()
        }
        FreezeReason::Quarantines { .. } => {
            "the panics named in the incidents: agents crash again and again".to_owned()
        }
        FreezeReason::StoreFailed { cause } => advice::of_cause(cause)
            .unwrap_or("the database: free space, rights, and whether it answers")
            .to_owned(),
        FreezeReason::Tripped { .. } => "nothing: this is a drill".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use actors::domain::ids::SessionId;

    use super::*;

    fn pool(open: u32, server: u32) -> PoolStatus {
        PoolStatus { open, idle: 0, waiting: 0, max: open, server }
    }

    fn failures(cause: &str) -> FreezeReason {
        FreezeReason::FailuresInARow { failures: 19, causes: vec![cause.to_owned()], shop: None }
    }

    #[test]
    fn an_edge_that_turns_calls_away_is_told_from_one_whose_shop_is_gone() {
        let reason = |status: u16, shop| FreezeReason::FailuresInARow {
            failures: 19,
            causes: vec![format!("add_item: {status} from the edge, the shop is down: page (3)")],
            shop,
        };
        let of = |status, shop| look_at(&reason(status, shop), &pool(0, 0));
        assert!(of(503, Some(ShopSeen::Answering)).contains("limit_req_status 429"));
        assert!(!of(503, Some(ShopSeen::Silent)).contains("limit"));
        assert!(!of(502, Some(ShopSeen::Answering)).contains("limit"));
    }

    #[test]
    fn an_outage_by_the_shops_certificate_or_name_says_what_to_do_about_it() {
        let of = |cause: &str| {
            let (cause, http_session) = (cause.to_owned(), SessionId(3));
            look_at(&FreezeReason::Outage { cause, http_session }, &pool(0, 0))
        };
        let tls = "add_item: TLS failed: invalid peer certificate: certificate expired: x";
        assert!(of(tls).contains("renew the shop's certificate"), "{}", of(tls));
        let name = "add_item: the host name does not resolve: x";
        assert!(of(name).contains("getent hosts"), "{}", of(name));
        let gone = "add_item: connection refused: x";
        assert!(of(gone).contains("HTTP session 3"), "{}", of(gone));
    }

    #[test]
    fn a_run_that_holds_more_than_half_of_the_servers_connections_says_so() {
        let reason = failures("view_cart: 500, Internal Server Error");
        let of = |open, server| look_at(&reason, &pool(open, server));
        assert!(of(31, 60).contains("this run holds 31 of its 60 connections"), "{}", of(31, 60));
        for (open, server) in [(30, 60), (28, 57), (125, 0), (0, 60), (0, 0)] {
            assert!(!of(open, server).contains("holds"), "{}", of(open, server));
        }
    }

    #[test]
    fn flows_that_the_database_did_not_take_point_at_its_disk_and_not_at_the_shop() {
        let said = |cause: &str| look_at(&failures(cause), &pool(0, 0));
        let full = "store: the database cannot write: database or disk is full; free space (19)";
        assert!(said(full).contains("free space (`df -h`)"), "{}", said(full));
        assert!(said("checkout: 500 (19)").contains("the shop's own log"));
    }

    #[test]
    fn a_shop_that_finds_the_server_full_points_at_the_runs_share() {
        let cause = "add: 500, (psycopg2.OperationalError) FATAL: sorry, too many clients already";
        let said = |pool| look_at(&failures(cause), &pool);
        assert!(said(pool(28, 60)).contains("this run holds 28 of its 60 connections"));
        assert!(said(pool(20, 0)).contains("this run holds 20 of its connections"));
        assert!(!said(pool(0, 0)).contains("holds"), "SQLite holds nothing of a server");
    }
}
