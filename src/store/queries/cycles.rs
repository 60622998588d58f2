//! Attempts at cycles, and incidents.
//!
//! An attempt without a `cycles` row was cut by a crash; it gets a broken one from its rows.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::Text;
use domain::catalog::Product;
use domain::cycle::CycleRecord;
use domain::ids::{OwnerToken, RunId};
use domain::incident::Incident;
use domain::offer::Coupon;
use domain::snapshot::SealMark;
use futures::FutureExt;
use ports::failpoint::Failpoint;
use ports::store::{Borne, JournalStore, RunState, StoreFuture};
use questions::seals::{Entry, SealKind, Sums};

use super::offers::record_seen;
use super::runs::set_run_state;
use super::seals;
use super::{Adapter, Conn, RunQueryDsl, acknowledged, answering, dialect};
use crate::error::{Answer, Fault};
use crate::rows::cycles::{CycleRow, IncidentRow};
use crate::rows::flow::CutAttempt;
use crate::rows::{SealedRow, integer};
use crate::schema::{cycles, incidents, runs, shopping_sessions};

impl JournalStore for Adapter {
    fn set_run_state(
        &self,
        run: RunId,
        owner: OwnerToken,
        state: RunState,
        at: NaiveDateTime,
    ) -> StoreFuture<()> {
        let late = if state.is_end() { self.tally().take_late(run) } else { Vec::new() };
        self.call_long(move |c| answering(set_run_state(c, run, owner, (state, late), at)))
    }

    fn record_cycle(&self, record: CycleRecord) -> StoreFuture<Option<SealMark>> {
        let tally = self.tally();
        let attempt = (record.run_id, record.cycle, record.replay);
        let is_partial = record.broken || record.counts.failed_unrecorded > 0;
        let seals = tally.close(attempt, is_partial);
        let call = self.call(move |c| answering(record_cycle(c, record, seals)));
        let call = acknowledged(Failpoint::CycleAcknowledge, call);
        call.map(move |outcome| outcome.inspect(|_| tally.closed(attempt))).boxed()
    }

    fn bear_out(&self, borne: Borne) -> StoreFuture<()> {
        self.call(move |c| answering(bear_out(c, borne)))
    }

    fn record_incident(&self, incident: Incident) -> StoreFuture<()> {
        self.call(move |c| answering(record_incident(c, incident)))
    }

    fn record_seen(
        &self,
        run: RunId,
        products: Vec<Product>,
        coupons: Vec<Coupon>,
        at: NaiveDateTime,
    ) -> StoreFuture<()> {
        self.call(move |c| answering(record_seen(c, run, (products, coupons), at)))
    }
}

/// Writes one attempt; one that is there stays as it is. Answers the run's last seal.
#[dialect]
async fn record_cycle(
    c: &mut Conn,
    record: CycleRecord,
    mut seals: Vec<Entry>,
) -> Answer<Option<SealMark>> {
    let row = CycleRow::of(&record);
    let insert = diesel::insert_into(cycles::table).values(&row).on_conflict_do_nothing();
    if insert.execute(c).await? == 1 {
        if let Some(own) = seals.first_mut() {
            own.sums.add(CycleRow::TABLE, row.sum());
        }
        seals::append(c, record.run_id, &seals, record.ended_at).await?;
    }
    seals::last(c, record.run_id).await
}

/// Looks for what was acknowledged: the attempt's flows, and the row of the cycle before.
#[dialect]
async fn bear_out(c: &mut Conn, borne: Borne) -> Answer<()> {
    let (run, cycle) = (borne.run_id.to_string(), integer(borne.cycle.0));
    let flows: i64 = shopping_sessions::table
        .filter(shopping_sessions::run_id.eq(&run))
        .filter(shopping_sessions::cycle.eq(cycle))
        .filter(shopping_sessions::replay.eq(integer(borne.replay.0)))
        .count()
        .get_result(c)
        .await?;
    if flows < i64::from(borne.flows) {
        let says = format!("cycle {cycle} has {flows} flows of {} acknowledged", borne.flows);
        return Err(Fault::RowsLost(says));
    }
    if !borne.follows {
        return Ok(());
    }
    let before: i64 = cycles::table
        .filter(cycles::run_id.eq(&run))
        .filter(cycles::cycle.eq(cycle - 1))
        .filter(cycles::broken.eq(false))
        .count()
        .get_result(c)
        .await?;
    if before == 0 {
        return Err(Fault::RowsLost(format!("the row of cycle {} is gone", cycle - 1)));
    }
    Ok(())
}

/// Appends an incident; the same one again is nothing more.
#[dialect]
pub(super) async fn record_incident(c: &mut Conn, incident: Incident) -> Answer<()> {
    let row = IncidentRow::of(&incident);
    let insert = diesel::insert_into(incidents::table).values(&row).on_conflict_do_nothing();
    if insert.execute(c).await? == 0 {
        return Ok(());
    }
    let (run, at) = (incident.run_id, incident.recorded_at);
    let ends = [RunState::Stopped.as_str(), RunState::Completed.as_str()];
    let ended: i64 = runs::table
        .filter(runs::run_id.eq(run.to_string()))
        .filter(runs::state.eq_any(ends))
        .count()
        .get_result(c)
        .await?;
    if ended > 0 {
        seals::append(c, run, &[late_incident(&row)], at).await?;
    }
    Ok(())
}

/// The seal of what is told of a run that has ended: the one of its end does not have it.
fn late_incident(row: &IncidentRow) -> Entry {
    let mut sums = Sums::default();
    sums.add(IncidentRow::TABLE, row.sum());
    Entry { kind: SealKind::Late, cycle: 0, replay: 0, sums, agents: None }
}

#[dialect]
pub(super) async fn close_cut_attempts(
    c: &mut Conn,
    run: RunId,
    simulated_start: NaiveDateTime,
    at: NaiveDateTime,
) -> Answer<()> {
    let cut: Vec<CutAttempt> =
        diesel::sql_query(CUT_ATTEMPTS).bind::<Text, _>(run.to_string()).load(c).await?;
    let run_id = run.to_string();
    for attempt in &cut {
        let row = CycleRow::cut(&run_id, simulated_start, attempt, at);
        let insert = diesel::insert_into(cycles::table).values(&row).on_conflict_do_nothing();
        if insert.execute(c).await? == 1 {
            let key = (attempt.cycle, attempt.replay);
            let mut seal = seals::read_attempt(c, &run_id, key).await?;
            seal.sums.add(CycleRow::TABLE, row.sum());
            seals::append(c, run, &[seal], at).await?;
        }
    }
    Ok(())
}

/// Attempts with rows but without a `cycles` row, summed up.
const CUT_ATTEMPTS: &str = "
SELECT s.cycle, s.replay, MIN(s.opened_at) AS started_at, COUNT(*) AS flows,
  COUNT(CASE WHEN s.status = 'completed' THEN 1 END) AS completed,
  COUNT(CASE WHEN s.status = 'abandoned' THEN 1 END) AS abandoned,
  COUNT(CASE WHEN s.status = 'browsed' THEN 1 END) AS browsed,
  COUNT(CASE WHEN s.status = 'failed' THEN 1 END) AS failed,
  CAST(COALESCE(SUM(s.calls), 0) AS BIGINT) AS calls,
  CAST(COALESCE(SUM((SELECT COUNT(*) FROM shopping_session_events e
    WHERE e.flow_id = s.flow_id)), 0) AS BIGINT) AS events,
  COUNT(o.flow_id) AS orders,
  CAST(COALESCE(SUM(o.final_total_cents), 0) AS BIGINT) AS revenue_cents
FROM shopping_sessions s
LEFT JOIN orders o ON o.flow_id = s.flow_id AND NOT o.recovered
WHERE s.run_id = $1 AND NOT EXISTS (
  SELECT 1 FROM cycles c
  WHERE c.run_id = s.run_id AND c.cycle = s.cycle AND c.replay = s.replay)
GROUP BY s.cycle, s.replay";
