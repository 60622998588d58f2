//! A flow's row: opened once, ended once.
//!
//! The conditional UPDATE comes first and its row count decides; a read only explains zero rows.

use std::sync::Arc;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use domain::flow::{EndReason, FlowKey, FlowRecord, FlowStatus, ShopRefs};
use domain::offer::Wallet;
use ports::failpoint::{self, Failpoint};
use ports::store::{Committed, FlowStore, StoreFuture};
use questions::seals::Sums;

use super::flow_parts::write_parts;
use super::runs::owns;
use super::seals::read_visit;
use super::{Adapter, Conn, RunQueryDsl, acknowledged, answering, dialect};
use crate::error::{Answer, Fault};
use crate::rows::flow::{Ending, SessionRow, Standing};
use crate::rows::offers::HeldRow;
use crate::rows::{Tags, summed};
use crate::schema::{coupon_assignments, runs, shopping_sessions};
use crate::tally::Tally;

impl FlowStore for Adapter {
    fn open_flow(&self, flow: FlowKey) -> StoreFuture<Wallet> {
        let call = self.call(move |c| answering(open_flow(c, flow)));
        acknowledged(Failpoint::FlowOpenAcknowledge, call)
    }

    fn keep_refs(&self, flow: FlowKey, refs: ShopRefs) -> StoreFuture<()> {
        self.call(move |c| answering(keep_refs(c, flow, refs)))
    }

    fn commit_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
        let key = record.key.clone();
        let call = self.call(move |c| answering(commit_flow(c, record)));
        tallied(self.tally(), key, acknowledged(Failpoint::FlowAcknowledge, call))
    }

    fn fail_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
        let key = record.key.clone();
        tallied(self.tally(), key, self.call(move |c| answering(fail_flow(c, record))))
    }
}

/// Notes for the seal of its attempt how a flow's end came back.
fn tallied(tally: Tally, flow: FlowKey, call: StoreFuture<Ended>) -> StoreFuture<Committed> {
    let attempt = (flow.run_id, flow.cycle, flow.replay);
    tally.noting(attempt, flow.agent_id.as_str().to_owned(), call)
}

/// What came of a flow's end, and what its rows add up to.
type Ended = (Committed, Sums);

/// Inserts the active row and answers the wallet.
#[dialect]
async fn open_flow(c: &mut Conn, key: FlowKey) -> Answer<Wallet> {
    if !owns(c, key.run_id, key.owner).await? {
        return Err(Fault::NotOwner(key.run_id));
    }
    failpoint::reach(Failpoint::FlowOpen)?;
    let tags = Tags::of(&key);
    let row = SessionRow::active(&key, &tags);
    let insert =
        diesel::insert_into(shopping_sessions::table).values(&row).on_conflict_do_nothing();
    if insert.execute(c).await? == 0 {
        match standing(c, &tags).await? {
            Some((FlowStatus::Active, _)) => {}
            Some((status, reason)) => {
                let reason = reason.unwrap_or(EndReason::Crash);
                return Err(Fault::Superseded(key.flow_id, status, reason));
            }
            None => return Err(Fault::Race(format!("flow {} came and went", key.flow_id))),
        }
    }
    wallet(c, &tags, key.simulated_at).await
}

/// Writes into the active row what its order can be asked for by: one statement.
#[dialect]
async fn keep_refs(c: &mut Conn, key: FlowKey, refs: ShopRefs) -> Answer<()> {
    let tags = Tags::of(&key);
    let owned = runs::table
        .filter(runs::run_id.eq(&tags.run_id))
        .filter(runs::owner_token.eq(key.owner.to_string()))
        .select(runs::run_id);
    let active = shopping_sessions::table
        .filter(shopping_sessions::flow_id.eq(&tags.flow_id))
        .filter(shopping_sessions::status.eq(FlowStatus::Active.as_str()))
        .filter(shopping_sessions::run_id.eq_any(owned));
    let refs = serde_json::to_string(&refs).unwrap_or_default();
    let set = diesel::update(active).set(shopping_sessions::shop_refs.eq(Some(refs)));
    if set.execute(c).await? == 1 {
        return Ok(());
    }
    match standing(c, &tags).await? {
        Some((status, reason)) if status != FlowStatus::Active => {
            let reason = reason.unwrap_or(EndReason::Crash);
            Err(Fault::Superseded(key.flow_id, status, reason))
        }
        Some(_) => Err(Fault::NotOwner(key.run_id)),
        None => Err(Fault::Race(format!("flow {} has no row", key.flow_id))),
    }
}

/// Writes the whole flow; the row is there if OpenFlow wrote it.
#[dialect]
async fn commit_flow(c: &mut Conn, record: Arc<FlowRecord>) -> Answer<Ended> {
    let opened = record.opened;
    end_flow(c, &record, opened).await
}

/// Ends the active row as failed, or inserts it where there is none.
#[dialect]
async fn fail_flow(c: &mut Conn, record: Arc<FlowRecord>) -> Answer<Ended> {
    end_flow(c, &record, true).await
}

#[dialect]
async fn end_flow(c: &mut Conn, record: &FlowRecord, may_be_open: bool) -> Answer<Ended> {
    let tags = Tags::of(&record.key);
    if may_be_open && end_active_row(c, record, &tags).await? {
        return written(c, record, &tags).await;
    }
    let owner = owns(c, record.key.run_id, record.key.owner).await?;
    if owner && insert_ended_row(c, record, &tags).await? {
        return written(c, record, &tags).await;
    }
    let ending = (record.status, Some(record.end_reason));
    match standing(c, &tags).await? {
        Some(found) if found == ending => {
            Ok((Committed::AlreadyThere, read_visit(c, &tags).await?))
        }
        Some(_) | None if !owner => Err(Fault::NotOwner(record.key.run_id)),
        Some((FlowStatus::Active, _)) => {
            // Opened by an earlier try whose answer was lost: it is this flow's own row.
            if !end_active_row(c, record, &tags).await? {
                return Err(Fault::Race(format!("flow {} is being ended", tags.flow_id)));
            }
            written(c, record, &tags).await
        }
        Some((status, reason)) => {
            let reason = reason.unwrap_or(EndReason::Crash);
            Err(Fault::Superseded(record.key.flow_id, status, reason))
        }
        None => Err(Fault::Race(format!("flow {} came and went", tags.flow_id))),
    }
}

/// The row has ended as the record says: what hangs on it follows.
#[dialect]
async fn written(c: &mut Conn, record: &FlowRecord, tags: &Tags) -> Answer<Ended> {
    let mut sums = summed(&[SessionRow::ended(record, tags)]);
    sums.add_all(&write_parts(c, record, tags).await?);
    Ok((Committed::Written, sums))
}

#[dialect]
async fn end_active_row(c: &mut Conn, record: &FlowRecord, tags: &Tags) -> Answer<bool> {
    let owned = runs::table
        .filter(runs::run_id.eq(&tags.run_id))
        .filter(runs::owner_token.eq(record.key.owner.to_string()))
        .select(runs::run_id);
    let active = shopping_sessions::table
        .filter(shopping_sessions::flow_id.eq(&tags.flow_id))
        .filter(shopping_sessions::status.eq(FlowStatus::Active.as_str()))
        .filter(shopping_sessions::run_id.eq_any(owned));
    let set = diesel::update(active).set(Ending::of(record));
    Ok(set.execute(c).await? == 1)
}

#[dialect]
async fn insert_ended_row(c: &mut Conn, record: &FlowRecord, tags: &Tags) -> Answer<bool> {
    let row = SessionRow::ended(record, tags);
    let insert =
        diesel::insert_into(shopping_sessions::table).values(&row).on_conflict_do_nothing();
    Ok(insert.execute(c).await? == 1)
}

/// How the row of this run, cycle, agent and attempt stands.
#[dialect]
async fn standing(c: &mut Conn, tags: &Tags) -> Answer<Option<(FlowStatus, Option<EndReason>)>> {
    let row: Option<Standing> = shopping_sessions::table
        .filter(shopping_sessions::run_id.eq(&tags.run_id))
        .filter(shopping_sessions::cycle.eq(tags.cycle))
        .filter(shopping_sessions::agent_id.eq(&tags.agent_id))
        .filter(shopping_sessions::replay.eq(tags.replay))
        .select(Standing::as_select())
        .first(c)
        .await
        .optional()?;
    row.map(|r| r.parse()).transpose()
}

/// The agent's wallet at `at`; what later assignments hold is not in it.
#[dialect]
pub(super) async fn wallet(c: &mut Conn, tags: &Tags, at: NaiveDateTime) -> Answer<Wallet> {
    let mine = coupon_assignments::table
        .filter(coupon_assignments::run_id.eq(&tags.run_id))
        .filter(coupon_assignments::agent_id.eq(&tags.agent_id))
        .filter(coupon_assignments::assigned_at.le(at));
    // What is open comes first: of the rest only as much as the cap leaves room for.
    let held: Vec<HeldRow> = mine
        .filter(coupon_assignments::expires_at.gt(at))
        .order((
            coupon_assignments::redeemed_flow_id.is_not_null(),
            coupon_assignments::assigned_at.desc(),
            coupon_assignments::assignment_id,
        ))
        .limit(crate::WALLET_CAP)
        .select(HeldRow::as_select())
        .load(c)
        .await?;
    let newest: Option<NaiveDateTime> =
        mine.select(diesel::dsl::max(coupon_assignments::assigned_at)).first(c).await?;
    let (used, open): (Vec<_>, Vec<_>) = held.into_iter().partition(HeldRow::is_used);
    Ok(Wallet {
        assignments: open.into_iter().map(HeldRow::parse).collect::<Answer<_>>()?,
        used: used.into_iter().map(HeldRow::parse).collect::<Answer<_>>()?,
        newest_assigned_at: newest,
    })
}
