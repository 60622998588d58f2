//! What must hold of a run at its end, whatever befell it.

use std::collections::{BTreeMap, BTreeSet};

use actors::domain::flow::OrderOutcome;
use analysis::verify::Audit;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use questions::Ask;
use questions::ledger::Books;
use serde_json::Value;

use super::scenario::{Act, ShopFault};
use super::store::at_once;
use super::world::World;
use actors::agent::messages::AgentInjection;

#[derive(QueryableByName)]
struct Session {
    #[diesel(sql_type = Text)]
    flow_id: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Nullable<Text>)]
    end_reason: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    order_outcome: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    order_id: Option<String>,
}

#[derive(QueryableByName)]
struct Attempt {
    #[diesel(sql_type = Integer)]
    cycle: i32,
    #[diesel(sql_type = Integer)]
    replay: i32,
    #[diesel(sql_type = Integer)]
    released: i32,
    #[diesel(sql_type = Integer)]
    failed: i32,
    #[diesel(sql_type = Bool)]
    broken: bool,
    /// HTTP sessions that went down in it.
    #[diesel(sql_type = BigInt)]
    downs: i64,
}

#[derive(QueryableByName)]
struct Incident {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    message: String,
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Everything that is wrong with it.
pub fn broken(world: &World) -> Vec<String> {
    let path = world.database();
    let mut database = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let mut wrong = audited(world);
    let sessions: Vec<Session> = sql_query(
        "SELECT s.flow_id, s.status, s.end_reason, s.order_outcome, o.order_id \
         FROM shopping_sessions s LEFT JOIN orders o ON o.flow_id = s.flow_id",
    )
    .load(&mut database)
    .unwrap();
    let sessions: BTreeMap<String, Session> =
        sessions.into_iter().map(|s| (s.flow_id.clone(), s)).collect();
    wrong.extend(acknowledged(world, &sessions));
    wrong.extend(orders(world, &sessions));
    let attempts = "SELECT c.cycle, c.replay, c.released, c.failed, c.broken, \
                    (SELECT COUNT(*) FROM incidents i WHERE i.cycle = c.cycle \
                     AND i.replay = c.replay AND i.kind = 'session_health') AS downs FROM cycles c";
    let attempts: Vec<Attempt> = sql_query(attempts).load(&mut database).unwrap();
    wrong.extend(borders(&attempts));
    let incidents =
        sql_query("SELECT kind, message, CAST(detail AS TEXT) AS detail FROM incidents");
    let incidents: Vec<Incident> = incidents.load(&mut database).unwrap();
    wrong.extend(freezes(&incidents));
    wrong.extend(restarts(world, &incidents));
    // Over a kill and its resume too (P3).
    let (most, allowed) = (world.shop.most_in_a_second(), world.scenario.window_max());
    if allowed.is_some_and(|allowed| most > allowed) {
        wrong.push(format!("{most} requests within a second, {allowed:?} allowed"));
    }
    wrong
}

/// The ledger is clean and every hour was lived (P1, P8).
fn audited(world: &World) -> Vec<String> {
    let ledger = at_once(world.admin.at_once(Books(world.run))).unwrap().unwrap();
    let audit = Audit::of(&ledger, false);
    let mut wrong: Vec<String> = audit.problems.iter().map(|p| format!("verify: {p:?}")).collect();
    if audit.hours_claimed != world.scenario.cycles {
        wrong.push(format!("{} of {} hours", audit.hours_claimed, world.scenario.cycles));
    }
    wrong
}

/// What the actors were told is written is there as it was told (P1).
fn acknowledged(world: &World, sessions: &BTreeMap<String, Session>) -> Vec<String> {
    let told = world.acknowledged.lock().unwrap();
    let is_there = |flow: &str, status: &str, reason: &str| {
        let row = sessions.get(flow);
        row.is_some_and(|s| s.status == status && s.end_reason.as_deref() == Some(reason))
    };
    let lost = told.iter().filter(|(flow, status, reason)| {
        !is_there(&flow.to_string(), status.as_str(), reason.as_str())
    });
    lost.map(|told| format!("acknowledged and not there: {told:?}")).collect()
}

/// Each order at the shop is named by its flow's row, or that row admits that there may be one; and
/// no row names another.
fn orders(world: &World, sessions: &BTreeMap<String, Session>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut placed = BTreeSet::new();
    for (flow, order) in world.shop.orders() {
        let flow = flow.to_string();
        placed.insert((flow.clone(), order.as_str().to_owned()));
        let row = sessions.get(&flow);
        let reason = row.and_then(|row| row.end_reason.clone()).unwrap_or_default();
        let outcome = row.and_then(|row| row.order_outcome.as_deref());
        let admits = outcome == Some(OrderOutcome::Unknown.as_str());
        let named = row.and_then(|row| row.order_id.as_deref());
        if !admits && named != Some(order.as_str()) {
            wrong.push(format!(
                "order {order} of {flow}, which ended as {reason} ({outcome:?}): {named:?}"
            ));
        }
    }
    for row in sessions.values() {
        let Some(order) = &row.order_id else { continue };
        if !placed.contains(&(row.flow_id.clone(), order.clone())) {
            wrong.push(format!("{} names order {order}, which is not its own", row.flow_id));
        }
    }
    wrong
}

/// No unbroken attempt has more failures than it may (P4); what a session broke does not count.
fn borders(attempts: &[Attempt]) -> Vec<String> {
    let over = attempts.iter().filter(|a| {
        let allowed = (a.released / 20).max(1);
        !a.broken && a.downs == 0 && a.failed > allowed
    });
    over.map(|a| format!("cycle {}/{}: {} of {} failed", a.cycle, a.replay, a.failed, a.released))
        .collect()
}

/// A cycle's failures freeze at the first one too many, not later.
fn freezes(incidents: &[Incident]) -> Vec<String> {
    let freezes = incidents.iter().filter(|i| i.kind == "freeze");
    let late = freezes.filter(|freeze| {
        let detail: Value = serde_json::from_str(&freeze.detail).unwrap();
        let counted = &detail["FailuresInCycle"];
        let count = |key: &str| counted[key].as_u64();
        count("failures").is_some_and(|n| Some(n) != count("allowed").map(|a| a + 1))
    });
    late.map(|freeze| freeze.message.clone()).collect()
}

/// Nothing but what was made to died: a panic of cartload's own is a fault.
fn restarts(world: &World, incidents: &[Incident]) -> Vec<String> {
    let scenario = &world.scenario;
    let struck = |fault: AgentInjection| {
        scenario.acts.iter().any(|(_, act)| matches!(act, Act::Strike(_, f) if *f == fault))
    };
    let is_meant = |message: &str| {
        (struck(AgentInjection::Crash) && message.contains("a drill"))
            || (struck(AgentInjection::Hang) && message.contains("hang: no progress"))
            || (scenario.has(ShopFault::FlowPanics) && message.contains(" durations"))
            || (scenario.has(ShopFault::FlowPanics) && message.contains("float seconds"))
            || (scenario.has(ShopFault::AdapterPanics) && message.contains("the adapter of"))
            || world.lost.iter().any(|lost| message.starts_with(&lost.to_string()))
    };
    let restarts = incidents.iter().filter(|i| i.kind == "restart" && !is_meant(&i.message));
    restarts.map(|restart| format!("died by itself: {}", restart.message)).collect()
}
