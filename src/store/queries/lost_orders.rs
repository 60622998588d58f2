//! Orders at the shop that no row names: which flows may have one, and the rows of one that is
//! found.
//!
//! The row's `order_outcome` is the claim on it: whoever turns `unknown` into something else writes
//! the rest in that transaction, so that a second search, or a retry after a lost answer, finds it
//! done. A flow that has ended is ended by nobody else, so no owner needs to be asked.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use domain::event::CouponStep;
use domain::flow::{FlowStatus, OrderOutcome};
use domain::ids::{CouponId, OrderId, RunId};
use domain::lost_order::LostFlow;
use domain::offer::CouponUse;
use ports::failpoint::{self, Failpoint};
use ports::store::{Committed, FoundOrder, LostOrderStore, SettledOrder, StoreFuture};
use questions::seals::{Entry, SealKind};

use super::cycles::record_incident;
use super::flow::wallet;
use super::flow_parts::{write_interactions, write_order};
use super::seals;
use super::{Adapter, Conn, RunQueryDsl, VALUES_PER_LIST, acknowledged, answering, dialect};
use crate::error::{Answer, Fault};
use crate::rows::lost_orders::{LostFlowRow, found_record};
use crate::rows::runs::NamedCount;
use crate::rows::{Tags, count, read};
use crate::schema::{coupon_interactions, orders, shopping_sessions};

impl LostOrderStore for Adapter {
    fn lost_flows(&self, run: RunId) -> StoreFuture<Vec<LostFlow>> {
        self.call_long(move |c| answering(lost_flows(c, run)))
    }

    fn known_orders(&self, orders: Vec<OrderId>) -> StoreFuture<HashSet<OrderId>> {
        self.call(move |c| answering(known_orders(c, orders)))
    }

    fn settle_order(&self, settled: SettledOrder) -> StoreFuture<Committed> {
        let call = self.call(move |c| answering(settle_order(c, settled)));
        acknowledged(Failpoint::OrderAcknowledge, call)
    }
}

#[dialect]
async fn lost_flows(c: &mut Conn, run: RunId) -> Answer<Vec<LostFlow>> {
    let rows: Vec<LostFlowRow> =
        diesel::sql_query(LOST_FLOWS).bind::<Text, _>(run.to_string()).load(c).await?;
    rows.into_iter().map(LostFlowRow::parse).collect()
}

/// Runs with such flows.
#[dialect]
pub async fn runs_with_lost_orders(c: &mut Conn) -> Answer<Vec<RunId>> {
    let rows: Vec<NamedCount> = diesel::sql_query(RUNS_WITH_LOST_ORDERS).load(c).await?;
    rows.iter().map(|row| Ok(RunId(read("shopping_sessions.run_id", &row.name)?))).collect()
}

#[dialect]
async fn known_orders(c: &mut Conn, ids: Vec<OrderId>) -> Answer<HashSet<OrderId>> {
    let mut known = HashSet::new();
    for ids in ids.chunks(VALUES_PER_LIST) {
        let rows: Vec<String> = orders::table
            .filter(orders::order_id.eq_any(ids.iter().map(|id| id.as_str())))
            .select(orders::order_id)
            .load(c)
            .await?;
        known.extend(rows.iter().map(OrderId::new));
    }
    Ok(known)
}

#[dialect]
async fn settle_order(c: &mut Conn, settled: SettledOrder) -> Answer<Committed> {
    let tags = Tags::of_found(&settled.flow.key);
    let outcome = if settled.order.is_some() { OrderOutcome::Found } else { OrderOutcome::Absent };
    let unknown = shopping_sessions::table
        .filter(shopping_sessions::flow_id.eq(&tags.flow_id))
        .filter(shopping_sessions::status.ne(FlowStatus::Active.as_str()))
        .filter(shopping_sessions::order_outcome.eq(OrderOutcome::Unknown.as_str()));
    let set = diesel::update(unknown)
        .set(shopping_sessions::order_outcome.eq(Some(outcome.as_str())))
        .execute(c)
        .await?;
    if set == 0 {
        return is_settled(c, &settled, &tags, outcome).await;
    }
    if let Some(found) = &settled.order {
        write_found(c, &settled, found, &tags).await?;
    }
    Ok(Committed::Written)
}

/// Whether the flow had been settled before, exactly so.
#[dialect]
async fn is_settled(
    c: &mut Conn,
    settled: &SettledOrder,
    tags: &Tags,
    outcome: OrderOutcome,
) -> Answer<Committed> {
    let stands: Option<Option<String>> = shopping_sessions::table
        .filter(shopping_sessions::flow_id.eq(&tags.flow_id))
        .select(shopping_sessions::order_outcome)
        .first(c)
        .await
        .optional()?;
    let order: Option<String> = orders::table
        .filter(orders::flow_id.eq(&tags.flow_id))
        .filter(orders::recovered)
        .select(orders::order_id)
        .first(c)
        .await
        .optional()?;
    let is_same = stands.flatten().as_deref() == Some(outcome.as_str())
        && order.as_deref() == settled.order.as_ref().map(|found| found.order.id.as_str());
    if is_same {
        return Ok(Committed::AlreadyThere);
    }
    Err(Fault::Taken(format!("flow {} is not one whose order is unknown", tags.flow_id)))
}

#[dialect]
async fn write_found(
    c: &mut Conn,
    settled: &SettledOrder,
    found: &FoundOrder,
    tags: &Tags,
) -> Answer<()> {
    let id = &found.order.id;
    if !known_orders(c, vec![id.clone()]).await?.is_empty() {
        return Err(Fault::Taken(format!("order {id} is in a row already")));
    }
    let coupons = match &found.order.coupons {
        Some(coupons) => coupons.clone(),
        None => applied_coupons(c, tags).await?,
    };
    let wallet = wallet(c, tags, settled.flow.simulated_end).await?;
    let wallet = wallet.at_a_shop_with(CouponUse::Reusable);
    let record = found_record(settled, found, &coupons, &wallet);
    let mut sums = write_order(c, &record, &found.order, tags).await?;
    let last: Option<i32> = coupon_interactions::table
        .filter(coupon_interactions::flow_id.eq(&tags.flow_id))
        .select(diesel::dsl::max(coupon_interactions::seq))
        .first(c)
        .await?;
    let first = last.map_or(0, |last| count(last).saturating_add(1));
    sums.add_all(&write_interactions(c, &record, tags, first).await?);
    let (kind, cycle, replay) = (SealKind::Recovered, tags.cycle, tags.replay);
    let seal = Entry { kind, cycle, replay, sums, agents: None };
    seals::append(c, record.key.run_id, &[seal], settled.at).await?;
    record_incident(c, found.incident.clone()).await?;
    Ok(failpoint::reach(Failpoint::OrderCommit)?)
}

/// The coupons that the flow had put on its cart, as far as its rows say.
#[dialect]
async fn applied_coupons(c: &mut Conn, tags: &Tags) -> Answer<Vec<CouponId>> {
    let rows: Vec<String> = coupon_interactions::table
        .filter(coupon_interactions::flow_id.eq(&tags.flow_id))
        .filter(coupon_interactions::step.eq(CouponStep::Applied.as_str()))
        .order(coupon_interactions::seq)
        .select(coupon_interactions::coupon_id)
        .load(c)
        .await?;
    Ok(rows.iter().map(CouponId::new).collect())
}

/// By a literal: a bound word would not find the index of such rows.
const RUNS_WITH_LOST_ORDERS: &str = "
SELECT run_id AS name, COUNT(*) AS rows FROM shopping_sessions
WHERE order_outcome = 'unknown' GROUP BY run_id";

/// With the begin of the agent's next visit that may have ordered, in whatever run.
const LOST_FLOWS: &str = "
SELECT s.flow_id, s.run_id, r.owner_token, s.cycle, s.replay, s.agent_id, s.cohort,
  s.http_session, s.incarnation, s.resumes, s.simulated_at, s.simulated_end, s.opened_at,
  s.recorded_at, s.store_id, s.shop_refs, a.user_id,
  (SELECT MIN(n.opened_at) FROM runs o
   JOIN shopping_sessions n ON n.run_id = o.run_id AND n.agent_id = s.agent_id
   WHERE n.opened_at > s.opened_at AND n.status <> 'browsed') AS until
FROM shopping_sessions s
JOIN runs r ON r.run_id = s.run_id
JOIN agents a ON a.agent_id = s.agent_id
WHERE s.run_id = $1 AND s.order_outcome = 'unknown' AND s.status <> 'active'
ORDER BY s.agent_id, s.opened_at, s.cycle, s.replay";
