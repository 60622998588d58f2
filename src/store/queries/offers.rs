//! Offers: what agents hold, what a refresh hands out, what the shop shows.
//!
//! What is assigned later than the simulated time asked about is not there yet: a replay meets
//! assignments of the attempt it repeats when it comes to their hour.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::upsert::excluded;
use domain::catalog::Product;
use domain::ids::{AgentId, CouponId, RunId};
use domain::offer::Coupon;
use ports::store::{Holding, OfferBatch, OfferStore, StoreFuture};
use questions::seals::Sums;

use super::runs::owns;
use super::seals::{has_sealed_refresh, read_refresh};
use super::{Adapter, Conn, ROWS_PER_INSERT, RunQueryDsl, VALUES_PER_LIST, answering, dialect};
use crate::error::{Answer, Fault};
use crate::rows::offers::{AssignedBy, AssignmentRow, CouponRow, OfferCycleRow, ProductRow};
use crate::rows::{SealedRow, integer, summed};
use crate::schema::{coupon_assignments, coupons, offer_cycles, products};

impl OfferStore for Adapter {
    fn holdings(
        &self,
        run: RunId,
        agents: Vec<AgentId>,
        now: NaiveDateTime,
        since: NaiveDateTime,
    ) -> StoreFuture<HashMap<AgentId, Holding>> {
        self.call(move |c| answering(holdings(c, run, agents, (now, since))))
    }

    fn assign_offers(&self, batch: OfferBatch) -> StoreFuture<u64> {
        let tally = self.tally();
        let attempt = (batch.run_id, batch.cycle, batch.replay);
        let call = self.call(move |c| answering(assign_offers(c, batch)));
        tally.noting(attempt, String::new(), call)
    }
}

/// What these agents hold at `now`, and what they were assigned since `since`.
#[dialect]
async fn holdings(
    c: &mut Conn,
    run: RunId,
    who: Vec<AgentId>,
    (now, since): (NaiveDateTime, NaiveDateTime),
) -> Answer<HashMap<AgentId, Holding>> {
    let names: Vec<&str> = who.iter().map(|a| a.as_str()).collect();
    let mut held: HashMap<AgentId, Holding> = HashMap::with_capacity(names.len());
    for names in names.chunks(VALUES_PER_LIST) {
        let rows: Vec<(String, String, Option<String>, NaiveDateTime, NaiveDateTime)> =
            coupon_assignments::table
                .filter(coupon_assignments::run_id.eq(run.to_string()))
                .filter(coupon_assignments::agent_id.eq_any(names))
                // A replay must also count what the attempt before it handed out later.
                .filter(
                    coupon_assignments::assigned_at.ge(since).or(
                        coupon_assignments::redeemed_flow_id
                            .is_null()
                            .and(coupon_assignments::expires_at.gt(now)),
                    ),
                )
                .order(coupon_assignments::assignment_id)
                .select((
                    coupon_assignments::agent_id,
                    coupon_assignments::coupon_id,
                    coupon_assignments::redeemed_flow_id,
                    coupon_assignments::assigned_at,
                    coupon_assignments::expires_at,
                ))
                .load(c)
                .await?;
        for (agent, coupon, redeemed, assigned_at, expires_at) in rows {
            let holding = held.entry(AgentId::new(agent)).or_default();
            if redeemed.is_none() && expires_at > now {
                holding.open.push(CouponId::new(&coupon));
            }
            if assigned_at >= since {
                holding.recent.push(CouponId::new(&coupon));
            }
        }
    }
    Ok(held)
}

/// Writes a refresh; assignments that exist are left alone.
#[dialect]
async fn assign_offers(c: &mut Conn, batch: OfferBatch) -> Answer<(u64, Sums)> {
    if !owns(c, batch.run_id, batch.owner).await? {
        return Err(Fault::NotOwner(batch.run_id));
    }
    let row = OfferCycleRow::of(&batch);
    let insert = diesel::insert_into(offer_cycles::table).values(&row).on_conflict_do_nothing();
    let is_new = insert.execute(c).await? == 1;
    let by = AssignedBy::batch(&batch);
    let rows: Vec<_> = batch.assignments.iter().map(|a| AssignmentRow::of(a, &by)).collect();
    let (run, attempt) =
        (batch.run_id.to_string(), (integer(batch.cycle.0), integer(batch.replay.0)));
    // Sealed already: what is new beside it is counted alone.
    let sealed = match !is_new && has_sealed_refresh(c, &run, attempt).await? {
        true => read_refresh(c, &run, attempt).await?,
        false => Sums::default(),
    };
    let mut written = 0_u64;
    for some in rows.chunks(ROWS_PER_INSERT) {
        let insert =
            diesel::insert_into(coupon_assignments::table).values(some).on_conflict_do_nothing();
        written += insert.execute(c).await? as u64;
    }
    if is_new && written == rows.len() as u64 {
        let mut sums = summed(&rows);
        sums.add(OfferCycleRow::TABLE, row.sum());
        return Ok((written, sums));
    }
    // Some were there before: which ones only the rows tell.
    Ok((written, read_refresh(c, &run, attempt).await?.without(&sealed)))
}

/// Upserts products and coupons as seen.
#[dialect]
pub(super) async fn record_seen(
    c: &mut Conn,
    run: RunId,
    (seen_products, seen_coupons): (Vec<Product>, Vec<Coupon>),
    at: NaiveDateTime,
) -> Answer<()> {
    let run_id = run.to_string();
    // One statement cannot touch a row twice: of an id listed twice the last counts.
    let by_id: HashMap<_, _> = seen_products.iter().map(|p| (&p.id, p)).collect();
    let rows: Vec<_> = by_id.values().map(|p| ProductRow::of(p, &run_id, at)).collect();
    for rows in rows.chunks(ROWS_PER_INSERT) {
        diesel::insert_into(products::table)
            .values(rows)
            .on_conflict((products::run_id, products::product_id))
            .do_update()
            .set((
                products::name.eq(excluded(products::name)),
                products::category.eq(excluded(products::category)),
                products::brand.eq(excluded(products::brand)),
                products::price_cents.eq(excluded(products::price_cents)),
                products::in_stock.eq(excluded(products::in_stock)),
                products::last_seen_at.eq(excluded(products::last_seen_at)),
                products::variant_of.eq(excluded(products::variant_of)),
            ))
            .execute(c)
            .await?;
    }
    let by_id: HashMap<_, _> = seen_coupons.iter().map(|s| (&s.id, s)).collect();
    let rows: Vec<_> = by_id.values().map(|s| CouponRow::of(s, &run_id, at)).collect();
    for rows in rows.chunks(ROWS_PER_INSERT) {
        diesel::insert_into(coupons::table)
            .values(rows)
            .on_conflict((coupons::run_id, coupons::coupon_id))
            .do_update()
            .set((
                coupons::target.eq(excluded(coupons::target)),
                coupons::discount_type.eq(excluded(coupons::discount_type)),
                coupons::discount_value.eq(excluded(coupons::discount_value)),
                coupons::min_purchase_cents.eq(excluded(coupons::min_purchase_cents)),
                coupons::max_discount_cents.eq(excluded(coupons::max_discount_cents)),
                coupons::last_seen_at.eq(excluded(coupons::last_seen_at)),
            ))
            .execute(c)
            .await?;
    }
    Ok(())
}
