//! What the shop took and what it refused are told apart, in either database.

use actors::domain::event::{EventKind, FlowEvent};
use serde_json::{Value, json};
use store::{StoreOptions, StoreUrl, open};

use crate::support::binary::Place;
use crate::support::flows::{Owned, arc, bought, cycle, key, new_run};
use crate::support::postgres;

/// Every kind of answer, in one visit.
const EVENTS: [(EventKind, Option<bool>); 8] = [
    (EventKind::ProductList, None),
    (EventKind::CartAddItem, Some(true)),
    (EventKind::CartAddItem, Some(false)),
    (EventKind::CouponApply, Some(true)),
    (EventKind::CouponRejected, Some(false)),
    (EventKind::CheckoutFailed, Some(false)),
    // The call failed: what the shop would have said nobody knows.
    (EventKind::CheckoutFailed, None),
    (EventKind::CheckoutComplete, Some(true)),
];

async fn fill(url: &str) {
    let options = StoreOptions { pool_size: 2, ..StoreOptions::default() };
    let opened = open(&StoreUrl::parse(url).unwrap(), &options).await.unwrap();
    let run = new_run();
    let owned = Owned { run: run.run_id, owner: run.owner };
    opened.store.open_run(run).await.unwrap();
    let mut flow = bought(key(owned, 0, 0, 0), false);
    let like = flow.events[0].clone();
    let event = |(kind, accepted): &(EventKind, Option<bool>)| {
        // Each kind has its own of these; nobody minds the other.
        let payload = json!({ "accepted": accepted, "refused": accepted.is_some() });
        FlowEvent { kind: *kind, payload, ..like.clone() }
    };
    flow.events = EVENTS.iter().map(event).collect();
    opened.store.commit_flow(arc(flow)).await.unwrap();
    opened.store.record_cycle(cycle(owned, 0, 0, false)).await.unwrap();
    opened.admin.close().await;
}

async fn are_told_apart(place: &Place, url: &str) {
    fill(url).await;
    let events = |args: &[&str]| {
        let mut command = place.command(&[&["events", "--json"], args].concat());
        let (out, _) = place.expect_of(0, command.env("DATABASE_URL", url));
        let lines = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.collect::<Vec<_>>()
    };
    let said: Vec<Value> = events(&[]).iter().map(|event| event["accepted"].clone()).collect();
    assert_eq!(said, EVENTS.map(|(_, accepted)| Value::from(accepted)));
    let places = |args: &[&str]| {
        events(args).iter().map(|event| event["seq"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(places(&["--accepted"]), [1, 3, 7]);
    assert_eq!(places(&["--refused"]), [2, 4, 5]);
    assert_eq!(places(&["--refused", "--type", "cart_add_item"]), [2]);
    let mut export = place.command(&["events", "--refused", "--out", "refused.csv"]);
    place.expect_of(0, export.env("DATABASE_URL", url));
    let card = std::fs::read_to_string(place.path().join("refused.csv.card.md")).unwrap();
    assert!(card.contains("what the shop refused"), "{card}");
    for (args, said) in [
        (&["--accepted", "--refused"][..], "cannot be used with"),
        (&["--accepted", "--table", "orders"], "no answers of the shop"),
    ] {
        let mut command = place.command(&[&["events"], args].concat());
        let (_, err) = place.expect_of(2, command.env("DATABASE_URL", url));
        assert!(err.contains(said), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_shop_refused_is_no_add_of_a_file() {
    let place = Place::new();
    let url = format!("sqlite://{}/refusals.db", place.path().display());
    are_told_apart(&place, &url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_shop_refused_is_no_add_of_a_server() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    are_told_apart(&Place::new(), &postgres::url(port, &database)).await;
}
