//! Orders that no row named: which flows are looked for, and what becomes of one that is found.

use actors::domain::event::{CouponInteraction, CouponStep};
use actors::domain::flow::{EndReason, FlowKey, FlowStatus, Order, OrderOutcome, ShopCart};
use actors::domain::ids::{CouponId, OrderId};
use actors::domain::incident::{Incident, IncidentKind};
use actors::domain::lost_order::LostFlow;
use actors::ports::store::{Committed, FoundOrder, Lived, SettledOrder, StoreError};
use analysis::verify::Audit;
use chrono::TimeDelta;
use questions::ledger::Books;
use questions::{Ask, orders};
use serde_json::json;

use super::rig::{Rig, assert_rows};
use crate::support::flows::{
    Owned, arc, assignment, batch, bought, cycle, ended, key, redemption, wall,
};

/// A flow whose checkout was not answered, in a cycle that counts.
async fn lost(rig: &Rig, owned: Owned, agent: usize) -> FlowKey {
    let key = key(owned, 0, 0, agent);
    let failed = (FlowStatus::Failed, EndReason::CheckoutUnknown);
    let mut record = ended(key.clone(), failed.0, failed.1, ShopCart::Dirty);
    record.order_outcome = Some(OrderOutcome::Unknown);
    rig.store.open_flow(key.clone()).await.unwrap();
    rig.store.fail_flow(arc(record)).await.unwrap();
    key
}

fn found(flow: &LostFlow, order: Order) -> SettledOrder {
    let at = wall(500);
    let incident = Incident {
        run_id: flow.key.run_id,
        cycle: flow.key.cycle,
        replay: flow.key.replay,
        kind: IncidentKind::OrderFound,
        agent_id: Some(flow.key.agent_id.clone()),
        http_session: None,
        message: format!("{} was found", order.id),
        detail: json!({}),
        simulated_at: flow.simulated_end,
        recorded_at: at,
    };
    SettledOrder { flow: flow.clone(), order: Some(FoundOrder { order, incident }), at }
}

fn absent(flow: &LostFlow) -> SettledOrder {
    SettledOrder { flow: flow.clone(), order: None, at: wall(500) }
}

/// The order that the flow would have had, with this id.
fn order_of(flow: &LostFlow, id: &str) -> Order {
    Order { id: OrderId::new(id), ..bought(flow.key.clone(), true).order.unwrap() }
}

pub async fn a_flow_that_may_have_an_order_is_looked_for_until_it_is_settled(rig: &Rig) {
    let owned = rig.run().await;
    let (one, two) = (lost(rig, owned, 1).await, lost(rig, owned, 2).await);
    rig.store.commit_flow(arc(bought(key(owned, 0, 0, 3), false))).await.unwrap();
    let cut = key(owned, 1, 0, 0);
    rig.store.open_flow(cut.clone()).await.unwrap();
    let ids = |flows: &[LostFlow]| flows.iter().map(|f| f.key.flow_id).collect::<Vec<_>>();
    let flows = rig.store.lost_flows(owned.run).await.unwrap();
    assert_eq!(ids(&flows), [one.flow_id, two.flow_id], "what is under way is not lost");
    rig.store.begin_replay(owned.run, owned.owner, Lived::default(), wall(400)).await.unwrap();
    let flows = rig.store.lost_flows(owned.run).await.unwrap();
    assert_eq!(ids(&flows), [cut.flow_id, one.flow_id, two.flow_id], "what a crash cut is");
    assert_eq!(flows[0].seen_at, wall(400), "nobody knows how long it lived");
    for flow in &flows[..2] {
        let settled = rig.store.settle_order(absent(flow)).await.unwrap();
        assert_eq!(settled, Committed::Written);
    }
    let flows = rig.store.lost_flows(owned.run).await.unwrap();
    assert_eq!(ids(&flows), [two.flow_id]);
    assert_eq!(rig.store.lost_flows(rig.run().await.run).await.unwrap(), []);
}

pub async fn an_order_that_is_found_becomes_rows_of_its_flow_once(rig: &Rig) {
    let owned = rig.run().await;
    let assigned = assignment(owned.run, 0, 1, "c1", 0);
    rig.store.assign_offers(batch(owned, vec![assigned])).await.unwrap();
    lost(rig, owned, 1).await;
    rig.store.commit_flow(arc(bought(key(owned, 0, 0, 2), false))).await.unwrap();
    rig.store.record_cycle(cycle(owned, 0, 0, false)).await.unwrap();
    let before = counts(rig, owned).await;
    let flow = rig.store.lost_flows(owned.run).await.unwrap().remove(0);
    let id = format!("lost-{}", flow.key.flow_id);
    let order = Order { coupons: Some(vec![CouponId::new("c1")]), ..order_of(&flow, &id) };
    let settled = found(&flow, order);
    let written = rig.store.settle_order(settled.clone()).await.unwrap();
    assert_eq!(written, Committed::Written);
    // A lost answer is asked for again: nothing more is written, and nothing else.
    assert_eq!(rig.store.settle_order(settled).await.unwrap(), Committed::AlreadyThere);
    let other = rig.store.settle_order(found(&flow, order_of(&flow, "another"))).await;
    assert!(matches!(other, Err(StoreError::Refused(_))), "{other:?}");
    assert!(matches!(rig.store.settle_order(absent(&flow)).await, Err(StoreError::Refused(_))));
    let known = rig.store.known_orders(vec![OrderId::new(&id), OrderId::new("x")]).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [OrderId::new(&id)]);
    let of_flow = format!("flow_id = '{}'", flow.key.flow_id);
    assert_rows!(rig.count(owned, &format!("orders WHERE recovered AND {of_flow}")).await, 1);
    assert_rows!(rig.count(owned, &format!("order_items WHERE recovered AND {of_flow}")).await, 2);
    let redeemed = "coupon_interactions WHERE recovered AND step = 'redeemed'";
    assert_rows!(rig.count(owned, redeemed).await, 1);
    let taken = format!("coupon_assignments WHERE redeemed_flow_id = '{}'", flow.key.flow_id);
    assert_rows!(rig.count(owned, &taken).await, 1);
    assert_rows!(rig.count(owned, "incidents WHERE kind = 'order_found'").await, 1);
    let untouched = format!(
        "shopping_sessions WHERE status = 'failed' AND end_reason = 'checkout_unknown' \
         AND order_outcome = 'found' AND {of_flow}"
    );
    assert_rows!(rig.count(owned, &untouched).await, 1);
    assert_rows!(rig.count(owned, "canonical_orders WHERE recovered").await, 0);
    assert_rows!(rig.count(owned, "canonical_order_items WHERE recovered").await, 0);
    assert_rows!(rig.count(owned, "canonical_coupon_interactions WHERE recovered").await, 0);
    if let (Some(before), Some(after)) = (before, counts(rig, owned).await) {
        assert_eq!(after.orders_canonical, before.orders_canonical);
        assert_eq!(after.revenue_canonical_cents, before.revenue_canonical_cents);
        assert_eq!((before.outcome_unknown, after.outcome_unknown), (1, 0));
        assert_eq!((before.orders_recovered, after.orders_recovered), (0, 1));
    }
    let Some(admin) = &rig.admin else { return };
    let ledger = admin.at_once(Books(owned.run)).await.unwrap().unwrap();
    let found: Vec<_> = Audit::of(&ledger, false).problems.into_iter().map(|p| p.check).collect();
    let about_orders = ["order_without_purchase", "order_lines", "order_sums", "redemption"];
    assert!(!found.iter().any(|check| about_orders.contains(check)), "{found:?}");
}

async fn counts(rig: &Rig, owned: Owned) -> Option<orders::OrderCounts> {
    let rows = rig.admin.as_ref()?.ask(orders::counts(owned.run)).await.unwrap();
    rows.into_iter().next()
}

pub async fn an_order_that_is_in_a_row_is_never_added_to_another_flow(rig: &Rig) {
    let (owned, other) = (rig.run().await, rig.run().await);
    let known = bought(key(other, 0, 0, 1), false);
    let taken = known.order.as_ref().unwrap().id.clone();
    rig.store.commit_flow(arc(known)).await.unwrap();
    lost(rig, owned, 1).await;
    lost(rig, owned, 2).await;
    let flows = rig.store.lost_flows(owned.run).await.unwrap();
    let refused = rig.store.settle_order(found(&flows[0], order_of(&flows[0], taken.as_str())));
    assert!(matches!(refused.await, Err(StoreError::Refused(_))));
    let id = format!("once-{}", flows[0].key.flow_id);
    rig.store.settle_order(found(&flows[0], order_of(&flows[0], &id))).await.unwrap();
    let twice = rig.store.settle_order(found(&flows[1], order_of(&flows[1], &id))).await;
    assert!(matches!(twice, Err(StoreError::Refused(_))), "{twice:?}");
    assert_eq!(rig.store.lost_flows(owned.run).await.unwrap().len(), 1, "it stays unknown");
    assert_rows!(rig.count(owned, "orders WHERE recovered").await, 1);
}

pub async fn an_order_without_lines_and_coupons_redeems_what_its_flow_had_applied(rig: &Rig) {
    let owned = rig.run().await;
    let key = key(owned, 0, 0, 1);
    let mut record =
        ended(key.clone(), FlowStatus::Failed, EndReason::CheckoutUnknown, ShopCart::Dirty);
    record.order_outcome = Some(OrderOutcome::Unknown);
    let seen = redemption(&assignment(owned.run, 0, 1, "c7", 0), key.simulated_at);
    let applied = CouponInteraction { step: CouponStep::Applied, assignment_id: None, ..seen };
    record.coupons = vec![applied];
    rig.store.open_flow(key).await.unwrap();
    rig.store.fail_flow(arc(record)).await.unwrap();
    let flow = rig.store.lost_flows(owned.run).await.unwrap().remove(0);
    let bare = Order { lines: Vec::new(), ..order_of(&flow, &format!("b-{}", flow.key.flow_id)) };
    rig.store.settle_order(found(&flow, bare)).await.unwrap();
    let redeemed = "coupon_interactions WHERE recovered AND step = 'redeemed' AND seq = 1";
    assert_rows!(rig.count(owned, redeemed).await, 1);
    assert_rows!(rig.count(owned, "order_items WHERE recovered").await, 0);
    assert_eq!(flow.seen_at, flow.key.opened_at + TimeDelta::seconds(2));
}
