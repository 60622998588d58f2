//! What hangs on a flow's row, written in its transaction.
//!
//! A redemption that finds its assignment taken does not fail the flow: the shop has sold already.

use diesel::prelude::*;
use domain::event::{CouponInteraction, CouponStep};
use domain::flow::{FlowRecord, Order};
use domain::ids::AssignmentId;
use ports::failpoint::{self, Failpoint};
use questions::seals::Sums;

use super::seals::read_seen_assignments;
use super::{Conn, ROWS_PER_INSERT, RunQueryDsl, dialect};
use crate::error::Answer;
use crate::rows::flow_parts::{
    Became, InteractionRow, OrderRow, event_rows, interaction_row, item_rows, order_row,
};
use crate::rows::offers::{AssignedBy, AssignmentRow, CouponRow};
use crate::rows::{SealedRow, Tags, summed};
use crate::schema::{
    coupon_assignments, coupon_interactions, coupons, order_items, orders, shopping_session_events,
};

/// Writes them; answers what they add up to.
#[dialect]
pub(super) async fn write_parts(c: &mut Conn, record: &FlowRecord, tags: &Tags) -> Answer<Sums> {
    failpoint::reach(Failpoint::FlowInsert)?;
    let events = event_rows(record, tags);
    for rows in events.chunks(ROWS_PER_INSERT) {
        diesel::insert_into(shopping_session_events::table).values(rows).execute(c).await?;
    }
    let mut sums = summed(&events);
    if let Some(order) = &record.order {
        sums.add_all(&write_order(c, record, order, tags).await?);
    }
    sums.add_all(&write_seen_offers(c, record, tags).await?);
    sums.add_all(&write_interactions(c, record, tags, 0).await?);
    failpoint::reach(Failpoint::FlowCommit)?;
    Ok(sums)
}

#[dialect]
pub(super) async fn write_order(
    c: &mut Conn,
    record: &FlowRecord,
    order: &Order,
    tags: &Tags,
) -> Answer<Sums> {
    let row = order_row(record, order, tags);
    diesel::insert_into(orders::table).values(&row).execute(c).await?;
    let items = item_rows(record, order, tags);
    for rows in items.chunks(ROWS_PER_INSERT) {
        diesel::insert_into(order_items::table).values(rows).execute(c).await?;
    }
    let mut sums = summed(&items);
    sums.add(OrderRow::TABLE, row.sum());
    Ok(sums)
}

#[dialect]
async fn write_seen_offers(c: &mut Conn, record: &FlowRecord, tags: &Tags) -> Answer<Sums> {
    let at = record.ended_at;
    let seen = record.seen_coupons.iter();
    let rows: Vec<_> = seen.map(|s| CouponRow::of(s, &tags.run_id, at)).collect();
    for rows in rows.chunks(ROWS_PER_INSERT) {
        diesel::insert_into(coupons::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(c)
            .await?;
    }
    let by = AssignedBy::flow(tags, at);
    let seen = record.seen_assignments.iter();
    let rows: Vec<_> = seen.map(|a| AssignmentRow::of(a, &by)).collect();
    let mut written = 0;
    for some in rows.chunks(ROWS_PER_INSERT) {
        written += diesel::insert_into(coupon_assignments::table)
            .values(some)
            .on_conflict_do_nothing()
            .execute(c)
            .await?;
    }
    match written {
        0 => Ok(Sums::default()),
        all if all == rows.len() => Ok(summed(&rows)),
        // Some were known: which ones only the rows tell.
        _ => read_seen_assignments(c, tags).await,
    }
}

/// What became of the flow's coupons, numbered from `first` on.
#[dialect]
pub(super) async fn write_interactions(
    c: &mut Conn,
    record: &FlowRecord,
    tags: &Tags,
    first: u32,
) -> Answer<Sums> {
    let mut rows: Vec<InteractionRow<'_>> = Vec::with_capacity(record.coupons.len());
    for (seq, seen) in (first..).zip(&record.coupons) {
        let became = match (seen.step, seen.assignment_id) {
            (CouponStep::Redeemed, Some(assignment)) => redeem(c, tags, assignment, seen).await?,
            (
                CouponStep::Seen
                | CouponStep::Applied
                | CouponStep::Rejected
                | CouponStep::Redeemed,
                _,
            ) => Became::AsSeen,
        };
        rows.push(interaction_row(record, tags, (seq, seen), became));
    }
    for some in rows.chunks(ROWS_PER_INSERT) {
        diesel::insert_into(coupon_interactions::table).values(some).execute(c).await?;
    }
    Ok(summed(&rows))
}

/// Takes the assignment for this flow, or says why it cannot be taken.
#[dialect]
async fn redeem(
    c: &mut Conn,
    tags: &Tags,
    assignment: AssignmentId,
    seen: &CouponInteraction,
) -> Answer<Became> {
    let id = assignment.to_string();
    let free = coupon_assignments::table
        .filter(coupon_assignments::assignment_id.eq(&id))
        .filter(coupon_assignments::redeemed_flow_id.is_null());
    let set = diesel::update(free).set((
        coupon_assignments::redeemed_flow_id.eq(Some(&tags.flow_id)),
        coupon_assignments::redeemed_at.eq(Some(seen.simulated_at)),
    ));
    if set.execute(c).await? == 1 {
        return Ok(Became::AsSeen);
    }
    let known: i64 = coupon_assignments::table
        .filter(coupon_assignments::assignment_id.eq(&id))
        .count()
        .get_result(c)
        .await?;
    Ok(match known {
        0 => Became::Refused("not_assigned"),
        _ if seen.reusable => Became::UsedAgain,
        _ => Became::Refused("already_redeemed"),
    })
}
