//! The same rows score the same in both databases; what does not count is not counted.

use actors::domain::event::EventKind;
use actors::domain::flow::{EndReason, FlowStatus};
use actors::domain::ids::RunId;
use actors::ports::store::Store;
use analysis::realism::measure::Measure;
use analysis::realism::{Scorecard, Verdict, score};
use chrono::TimeDelta;
use store::{Admin, StoreOptions, StoreUrl, open};
use uuid::Uuid;

use super::bands;
use crate::support::flows::{
    Owned, arc, assignment, batch, bought, cycle, key, new_run, redemption,
};
use crate::support::postgres;

/// Two cycles that count and one that was broken and run again; three agents.
async fn fill(store: &dyn Store) -> RunId {
    let mut run = new_run();
    run.run_id = RunId(Uuid::from_u128(11));
    let owned = Owned { run: run.run_id, owner: run.owner };
    store.open_run(run).await.unwrap();
    let held = assignment(owned.run, 0, 0, "c-meat", 0);
    let other = assignment(owned.run, 0, 1, "c-fish", 0);
    store.assign_offers(batch(owned, vec![held.clone(), other])).await.unwrap();
    for (number, replay, broken) in [(0, 0, false), (1, 0, true), (1, 1, false), (400, 0, false)] {
        for agent in 0..3 {
            let mut flow = bought(key(owned, number, replay, agent), false);
            flow.events[0].kind = EventKind::ViewProduct;
            flow.events[1].kind = EventKind::ViewProduct;
            flow.events[1].simulated_at =
                flow.events[0].simulated_at + TimeDelta::milliseconds(27_350);
            if agent == 2 {
                (flow.status, flow.end_reason) = (FlowStatus::Abandoned, EndReason::Frozen);
                flow.order = None;
            }
            if (number, agent) == (0, 0) {
                flow.coupons.push(redemption(&held, flow.simulated_end));
            }
            store.commit_flow(arc(flow)).await.unwrap();
        }
        store.record_cycle(cycle(owned, number, replay, broken)).await.unwrap();
    }
    owned.run
}

async fn scored(url: &str) -> Scorecard {
    let options = StoreOptions { pool_size: 4, ..StoreOptions::default() };
    let opened = open(&StoreUrl::parse(url).unwrap(), &options).await.unwrap();
    let run = fill(opened.store.as_ref()).await;
    let card = of(&opened.admin, run).await;
    opened.admin.close().await;
    card
}

async fn of(admin: &Admin, run: RunId) -> Scorecard {
    let known = admin.list_runs().await.unwrap().into_iter().find(|r| r.run_id == run).unwrap();
    score(admin, &known, &bands()).await.unwrap()
}

async fn sqlite() -> Scorecard {
    let folder = tempfile::tempdir().unwrap();
    scored(&format!("sqlite://{}/r.db", folder.path().display())).await
}

#[track_caller]
fn assert_value(card: &Scorecard, measure: Measure, expected: f64) {
    let found = card.dimension(measure).unwrap().value.unwrap_or_else(|| panic!("{measure}"));
    assert!((found - expected).abs() < 1e-9, "{measure} is {found}, not {expected}");
}

#[tokio::test]
async fn only_what_counts_is_counted() {
    let card = sqlite().await;
    let counts = card.counts;
    assert_eq!((counts.hours_lived, counts.sessions, counts.orders), (3, 6, 6), "{counts:?}");
    assert_eq!(counts.redemptions, 1);
    // Milk and bread in each order: 6 orders of 2 agents, 2 lines each.
    assert_value(&card, Measure::BasketMedian, 2.0);
    assert_value(&card, Measure::ReorderShare, 100.0 * 8.0 / 12.0);
    assert_value(&card, Measure::ViewGap, 27.3);
    // Cycles 0, 1 and 400 from 08:00: the same day, then 16 days later and after midnight.
    assert_eq!(card.dimension(Measure::ReturnWithin7Days).unwrap().denominator.n, 4);
    assert_value(&card, Measure::ReturnWithin7Days, 50.0);
    // Both coupons have ended their fortnight, one was redeemed; two offer cycles of two agents.
    assert_value(&card, Measure::CouponsRedeemed, 50.0);
    assert_value(&card, Measure::CampaignsRedeeming, 25.0);
    assert_value(&card, Measure::CouponLag, 0.0);
}

/// Two agents buy milk and bread in each order, the third none: orders of two lines, every line in
/// the previous order and in that of everybody else.
#[tokio::test]
async fn rows_of_agents_are_read_in_their_order() {
    let card = sqlite().await;
    assert_value(&card, Measure::HabitLift, 1.0);
    assert_value(&card, Measure::OrderValueCv, 0.0);
    assert_value(&card, Measure::LinesCv, 0.0);
    assert_value(&card, Measure::OrdersWithCoupon, 100.0 / 6.0);
    assert_eq!(card.dimension(Measure::HabitLift).unwrap().denominator.n, 8);
    assert_eq!(card.dimension(Measure::OrderValueCv).unwrap().denominator.n, 6);
    let prices = card.dimension(Measure::LinesDiscounted).unwrap();
    assert_eq!((prices.value, prices.verdict), (None, Verdict::NotTargeted));
    assert_eq!(prices.reason, "no price moved in the run");
    let dose = card.dimension(Measure::TopDecileRedemptions).unwrap();
    assert_eq!(dose.verdict, Verdict::NotTargeted);
    assert_eq!(dose.reason, "needs 180 days, the run has 0");
}

#[tokio::test]
async fn hours_that_were_not_lived_are_no_verdict() {
    let card = sqlite().await;
    let hours = card.dimension(Measure::HourOfDay).unwrap();
    assert_eq!((hours.value, hours.verdict), (None, Verdict::TooFewData));
    assert!(hours.profile.is_empty() && !card.holds());
    let json = serde_json::to_value(&card).unwrap();
    assert_eq!(json["dimensions"][0]["name"], "hour_of_day");
    assert_eq!(json["dimensions"][0]["verdict"], "too_few_data");
    assert_eq!(json["dimensions"][0]["band"], serde_json::json!([0.0, 0.08]));
}

#[tokio::test]
async fn a_run_without_a_row_has_a_scorecard_of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/e.db", folder.path().display());
    let opened = open(&StoreUrl::parse(&url).unwrap(), &StoreOptions::default()).await.unwrap();
    let run = new_run();
    let id = run.run_id;
    opened.store.open_run(run).await.unwrap();
    let card = of(&opened.admin, id).await;
    assert!(card.dimensions.iter().all(|dimension| dimension.value.is_none()), "{card:?}");
    assert_eq!(card.with(Verdict::TooFewData).count(), 23);
    assert!(card.told.baskets.is_empty() && card.told.agents.is_empty());
    assert_eq!(card.dimensions.len(), Measure::ALL.len());
    opened.admin.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_scores_as_sqlite_does() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    assert_eq!(scored(&postgres::url(port, &database)).await, sqlite().await);
}
