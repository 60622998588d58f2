//! Runs that hardly began, runs beside each other, and Postgres beside SQLite.

use std::sync::Arc;

use actors::domain::event::EventKind;
use actors::domain::flow::FlowStatus;
use actors::domain::ids::RunId;
use actors::ports::store::Store;
use analysis::realism::yardstick::Yardstick;
use analysis::report::Report;
use analysis::verify::Audit;
use cartload::config::{Settings, Sources};
use questions::Ask;
use questions::ledger::Books;
use serde_json::Value;
use store::{Admin, OpenStore, StoreOptions, StoreUrl, open};

use crate::events::backends::fill;
use crate::support::flows::{Owned, arc, bought, cycle, key, new_run, wall};
use crate::support::postgres;

async fn opened(url: &str) -> OpenStore {
    let options = StoreOptions { pool_size: 4, ..StoreOptions::default() };
    open(&StoreUrl::parse(url).unwrap(), &options).await.unwrap()
}

fn bands() -> Yardstick {
    Settings::load(Sources::default()).unwrap().realism.yardstick()
}

async fn report(admin: &Admin, run: RunId) -> Report {
    let ledger = admin.at_once(Books(run)).await.unwrap().unwrap();
    let audit = Audit::of(&ledger, false);
    Report::read(admin, (ledger.run, audit), (&bands(), wall(9)), Arc::new(drop)).await.unwrap()
}

async fn beside(admin: &Admin, run: RunId, other: RunId) -> Report {
    let mut report = report(admin, run).await;
    let runs = admin.list_runs().await.unwrap();
    let other = runs.iter().find(|known| known.run_id == other).unwrap();
    report.beside(admin, other).await.unwrap();
    report
}

/// A run of `agents`, of which agent n makes `visits(n)` visits and orders in all but one.
async fn of_agents(store: &dyn Store, agents: u32, visits: impl Fn(usize) -> u32) -> RunId {
    let mut run = new_run();
    run.agents = agents;
    let owned = Owned { run: run.run_id, owner: run.owner };
    store.open_run(run).await.unwrap();
    for number in 0..168 {
        for agent in 0..agents as usize {
            if number >= visits(agent) {
                continue;
            }
            let mut flow = bought(key(owned, number, 0, agent), false);
            if number == 0 {
                flow.status = FlowStatus::Abandoned;
                flow.order = None;
                flow.events.retain(|event| event.kind != EventKind::CheckoutComplete);
            }
            store.commit_flow(arc(flow)).await.unwrap();
        }
        store.record_cycle(cycle(owned, number, 0, false)).await.unwrap();
    }
    owned.run
}

#[tokio::test]
async fn differences_have_the_intervals_that_the_agents_spread_says() {
    let folder = tempfile::tempdir().unwrap();
    let OpenStore { store, admin, .. } =
        opened(&format!("sqlite://{}/c.db", folder.path().display())).await;
    // Visits 2 and 6 in turns: orders 1 of 2 and 5 of 6.
    let uneven = of_agents(store.as_ref(), 10, |n| if n % 2 == 0 { 2 } else { 6 }).await;
    let even = of_agents(store.as_ref(), 10, |_| 4).await;
    let json: Value = serde_json::to_value(beside(&admin, uneven, even).await).unwrap();
    let figure = |name: &str| {
        let figures = json["comparison"]["figures"].as_array().unwrap();
        figures.iter().find(|figure| figure["figure"] == name).unwrap().clone()
    };
    let close = |value: &Value, expected: f64| {
        let told = value.as_f64().unwrap();
        assert!((told - expected).abs() < 1e-9, "{told}, not {expected}");
    };
    let conversion = figure("conversion");
    close(&conversion["run"]["value"], 30.0 / 40.0);
    close(&conversion["other"]["value"], 30.0 / 40.0);
    // Residuals 1 - 0.75 x 2 = -0.5 and 5 - 0.75 x 6 = 0.5: sum of squares 2.5 over 40 squared.
    let error = (10.0 / 9.0 * 2.5_f64).sqrt() / 40.0;
    close(&conversion["run"]["standard_error"], error);
    close(&conversion["other"]["standard_error"], 0.0);
    // Only one run spreads: 9 degrees of freedom, t = 2.262157.
    let low = conversion["difference"]["interval"][0].as_f64().unwrap();
    assert!((low + 2.262_157 * error).abs() < 1e-6, "{low}");
    let weekly = figure("visits_per_agent_week");
    close(&weekly["run"]["value"], 4.0);
    // The visits' own variance: 40 / 9, over ten agents.
    close(&weekly["run"]["standard_error"], (40.0 / 9.0 / 10.0_f64).sqrt());
    close(&weekly["difference"]["value"], 0.0);
    assert_eq!(figure("coupon_redemption")["difference"], Value::Null, "no coupon, no figure");
    let page = beside(&admin, uneven, even).await.html().unwrap();
    assert!(page.contains("Beside another run") && page.contains("95 % interval"));
}

#[tokio::test]
async fn a_run_without_orders_and_one_without_hours_have_their_pages() {
    let folder = tempfile::tempdir().unwrap();
    let OpenStore { store, admin, .. } =
        opened(&format!("sqlite://{}/e.db", folder.path().display())).await;
    let empty = new_run();
    let empty_id = empty.run_id;
    store.open_run(empty).await.unwrap();
    let bare = of_agents(store.as_ref(), 3, |_| 1).await;
    for (run, says) in [(empty_id, "No simulated day"), (bare, "No order was placed")] {
        let report = report(&admin, run).await;
        let page = report.html().unwrap();
        assert!(page.contains(says));
        for wrong in ["NaN", "inf", "null", "None"] {
            assert!(!page.contains(wrong), "{wrong} in {page}");
        }
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["baskets"]["order_value_mean_cents"], Value::Null);
        assert_eq!(json["activity"]["total"]["orders"], 0);
    }
    let report = beside(&admin, empty_id, bare).await;
    assert!(report.comparison.unwrap().figures.iter().all(|figure| figure.difference.is_none()));
}

/// The report of the same rows in any database, beside another run.
async fn filled(url: &str) -> Value {
    let OpenStore { store, admin, .. } = opened(url).await;
    let run = fill(store.as_ref(), &admin).await;
    let other = of_agents(store.as_ref(), 6, |n| 1 + u32::try_from(n).unwrap()).await;
    let report = beside(&admin, run, other).await;
    let html = report.html().unwrap();
    assert!(html.len() > 10_000);
    let mut json = serde_json::to_value(&report).unwrap();
    json["comparison"]["other_run_id"] = Value::Null;
    admin.close().await;
    json
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_reports_what_sqlite_reports() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let there = filled(&postgres::url(port, &database)).await;
    let folder = tempfile::tempdir().unwrap();
    let here = filled(&format!("sqlite://{}/r.db", folder.path().display())).await;
    for (key, value) in here.as_object().unwrap() {
        assert_eq!(&there[key], value, "{key}");
    }
    assert_eq!(here["coupons"]["redeemed"], 1);
    assert_eq!(here["activity"]["total"]["orders"], 9, "three cycles that count, three agents");
    assert_eq!(here["technique"]["total"]["broken"], 1);
}

#[tokio::test]
async fn each_question_is_told_before_it_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let OpenStore { store, admin, .. } =
        opened(&format!("sqlite://{}/q.db", folder.path().display())).await;
    let run = of_agents(store.as_ref(), 1, |_| 1).await;
    let ledger = admin.at_once(Books(run)).await.unwrap().unwrap();
    let audit = Audit::of(&ledger, false);
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let note = Arc::clone(&told);
    let tell = Arc::new(move |says| note.lock().unwrap().push(says));
    Report::read(&admin, (ledger.run, audit), (&bands(), wall(9)), tell).await.unwrap();
    let questions = analysis::report::questions();
    assert_eq!(questions.len(), 24);
    assert_eq!(*told.lock().unwrap(), questions);
}
