//! Postgres exports what SQLite exports.

use actors::domain::ids::{OwnerToken, RunId};
use actors::ports::store::Store;
use analysis::export::{ReplayFilter, tables};
use serde_json::{Value, json};
use store::{Admin, StoreOptions, StoreUrl, open};

use super::histories::exported;
use crate::support::flows::{
    Owned, arc, assignment, batch, bought, cycle, key, new_run, persona, products, redemption, wall,
};
use crate::support::{pgbouncer, postgres};

/// The same rows in any database: two cycles, one of them broken and run again.
pub async fn fill(store: &dyn Store, admin: &Admin) -> RunId {
    admin.insert_agents((0..4).map(persona).collect(), false, wall(0)).await.unwrap();
    let mut run = new_run();
    // The ids of all rows hang on these two.
    run.run_id = RunId(uuid::Uuid::from_u128(7));
    run.owner = OwnerToken(uuid::Uuid::from_u128(8));
    let owned = Owned { run: run.run_id, owner: run.owner };
    store.open_run(run).await.unwrap();
    store.record_seen(owned.run, products(), Vec::new(), wall(1)).await.unwrap();
    let held = assignment(owned.run, 0, 0, "c-meat", 0);
    let other = assignment(owned.run, 0, 1, "c-fish", 0);
    store.assign_offers(batch(owned, vec![held.clone(), other])).await.unwrap();
    for (number, replay, broken) in [(0, 0, false), (1, 0, true), (1, 1, false), (40, 0, false)] {
        for agent in 0..3 {
            let mut flow = bought(key(owned, number, replay, agent), false);
            flow.events[0].kind = actors::domain::event::EventKind::ProductList;
            flow.events[1].product_id = flow.events[0].product_id.take();
            flow.events[0].payload =
                json!({ "category": null, "product_ids": ["milk", "salt", "gone"] });
            flow.events[1].payload = json!({ "quantity": 1, "accepted": agent != 2 });
            if (number, agent) == (0, 0) {
                flow.coupons.push(redemption(&held, flow.simulated_end));
            }
            store.commit_flow(arc(flow)).await.unwrap();
        }
        store.record_cycle(cycle(owned, number, replay, broken)).await.unwrap();
    }
    owned.run
}

/// Every table with every filter of attempts.
async fn all(url: &str) -> Vec<(String, Vec<Value>)> {
    let options = StoreOptions { pool_size: 4, ..StoreOptions::default() };
    let opened = open(&StoreUrl::parse(url).unwrap(), &options).await.unwrap();
    let run = fill(opened.store.as_ref(), &opened.admin).await;
    let mut found = Vec::new();
    for table in tables::all() {
        for replay in [ReplayFilter::Canonical, ReplayFilter::All, ReplayFilter::Only] {
            let is_possible = replay == ReplayFilter::Canonical
                || matches!(table.attempts, tables::Attempts::Each | tables::Attempts::Log);
            if is_possible {
                let rows = exported(&opened.admin, run, table.name, replay).await;
                found.push((format!("{} {replay:?}", table.name), rows));
            }
        }
    }
    opened.admin.close().await;
    found
}

async fn sqlite() -> Vec<(String, Vec<Value>)> {
    let folder = tempfile::tempdir().unwrap();
    all(&format!("sqlite://{}/b.db", folder.path().display())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_exports_what_sqlite_exports() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let (there, here) = (all(&postgres::url(port, &database)).await, sqlite().await);
    for (there, here) in there.iter().zip(&here) {
        assert_eq!(there, here);
    }
    assert_eq!(there.len(), here.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_does_behind_a_pooler() {
    let Some(pooler) = pgbouncer::shared() else { return };
    let database = postgres::fresh_database(postgres::shared().unwrap()).await;
    assert_eq!(all(&postgres::url(pooler, &database)).await, sqlite().await);
}

#[tokio::test]
async fn labels_of_what_was_shown_are_those_of_its_visit() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/i.db", folder.path().display());
    let opened = open(&StoreUrl::parse(&url).unwrap(), &StoreOptions::default()).await.unwrap();
    let run = fill(opened.store.as_ref(), &opened.admin).await;
    let rows = exported(&opened.admin, run, "impressions", ReplayFilter::Canonical).await;
    assert_eq!(rows.len(), 3 * 3 * 3, "three cycles that count, three agents, three products");
    for row in &rows {
        let product = row["product_id"].as_str().unwrap();
        let adds = row["agent_id"] != "agent_002";
        assert_eq!(row["carted"], product == "milk" && adds, "{row}");
        // The order has milk and bread; bread was not shown.
        assert_eq!(row["bought"], product == "milk", "{row}");
        assert_eq!(row["price_cents"], if product == "gone" { Value::Null } else { 450.into() });
    }
    let places: Vec<i64> = rows[..3].iter().map(|row| row["place"].as_i64().unwrap()).collect();
    assert_eq!(places, [0, 1, 2]);
    let lives = exported(&opened.admin, run, "coupon_lifecycle", ReplayFilter::Canonical).await;
    let state =
        |agent: &str| lives.iter().find(|row| row["agent_id"] == agent).unwrap()["state"].clone();
    assert_eq!((state("agent_000"), state("agent_001")), ("redeemed".into(), "open".into()));
    opened.admin.close().await;
}
