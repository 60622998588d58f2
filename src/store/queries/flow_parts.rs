//! What hangs on a flow's row, written in its transaction.
//!
//! A redemption that finds its assignment taken does not fail the flow: the shop has sold already.

use diesel::prelude::*;
use domain::event::{CouponInteraction, CouponStep};
use domain::flow::{FlowRecord, Order};
use domain::ids::AssignmentId;
use ports::failpoint::{self, Failpoint};

use super::{Conn, ROWS_PER_INSERT, RunQueryDsl, dialect};
use crate::error::Answer;
use crate::rows::Tags;
use crate::rows::flow_parts::{
    Became, InteractionRow, event_rows, interaction_row, item_rows, order_row,
};
use crate::rows::offers::{AssignedBy, AssignmentRow, CouponRow};
use crate::schema::{
    coupon_assignments, coupon_interactions, coupons, order_items, orders, shopping_session_events,
};

#[dialect]
pub(super) async fn write_parts(c: &mut Conn, record: &FlowRecord, tags: &Tags) -> Answer<()> {
    failpoint::reach(Failpoint::FlowInsert)?;
    for rows in event_rows(record, tags).chunks(ROWS_PER_INSERT) {
        diesel::insert_into(shopping_session_events::table).values(rows).execute(c).await?;
    }
    if let Some(order) = &record.order {
        write_order(c, record, order, tags).await?;
    }
    write_seen_offers(c, record, tags).await?;
    write_interactions(c, record, tags, 0).await?;
    Ok(failpoint::reach(Failpoint::FlowCommit)?)
}

#[dialect]
pub(super) async fn write_order(
    c: &mut Conn,
    record: &FlowRecord,
    order: &Order,
    tags: &Tags,
) -> Answer<()> {
    let row = order_row(record, order, tags);
    diesel::insert_into(orders::table).values(&row).execute(c).await?;
    for rows in item_rows(record, order, tags).chunks(ROWS_PER_INSERT) {
        diesel::insert_into(order_items::table).values(rows).execute(c).await?;
    }
    Ok(())
}

#[dialect]
async fn write_seen_offers(c: &mut Conn, record: &FlowRecord, tags: &Tags) -> Answer<()> {
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
    for rows in rows.chunks(ROWS_PER_INSERT) {
        diesel::insert_into(coupon_assignments::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(c)
            .await?;
    }
    Ok(())
}

/// What became of the flow's coupons, numbered from `first` on.
#[dialect]
pub(super) async fn write_interactions(
    c: &mut Conn,
    record: &FlowRecord,
    tags: &Tags,
    first: u32,
) -> Answer<()> {
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
    for rows in rows.chunks(ROWS_PER_INSERT) {
        diesel::insert_into(coupon_interactions::table).values(rows).execute(c).await?;
    }
    Ok(())
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
