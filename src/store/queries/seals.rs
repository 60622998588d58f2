//! Seals: appended to the chain of a run in the transaction that they are of; and rows read back
//! where whoever wrote them took their sums along.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use domain::ids::RunId;
use domain::snapshot::SealMark;
use questions::Statement;
use questions::any_row::AnyRow;
use questions::seals::{Entry, SealKind, Sealed, SealedRow, Sums, reading};

use super::{Conn, Db, RunQueryDsl, dialect};
use crate::asking::bound;
use crate::error::{Answer, Fault};
use crate::rows::Tags;
use crate::rows::seals::SealRow;
use crate::schema::{cycles, runs, seals, shopping_sessions};

/// Appends these to the chain of the run. Taking the next place takes hold of the run's row, so
/// that of two who append at a time one waits.
#[dialect]
pub(super) async fn append(
    c: &mut Conn,
    run: RunId,
    entries: &[Entry],
    at: NaiveDateTime,
) -> Answer<()> {
    let run_id = run.to_string();
    for entry in entries {
        if entry.kind == SealKind::Late && !is_closed(c, &run_id, entry).await? {
            continue;
        }
        let place = diesel::update(runs::table.find(&run_id))
            .set(runs::seals.eq(runs::seals + 1))
            .returning(runs::seals);
        let place: Option<i32> = place.get_result(c).await.optional()?;
        let seq = place.ok_or_else(|| Fault::Race(format!("run {run} came and went")))?;
        let before: Option<String> =
            seals::table.find((&run_id, seq - 1)).select(seals::chain).first(c).await.optional()?;
        let row = SealRow::of(entry, &run_id, (seq, &before.unwrap_or_default()), at)?;
        diesel::insert_into(seals::table).values(&row).execute(c).await?;
    }
    Ok(())
}

/// The end of the chain of the run, where it has one.
#[dialect]
pub(super) async fn last(c: &mut Conn, run: RunId) -> Answer<Option<SealMark>> {
    let last: Option<(i32, String)> = seals::table
        .filter(seals::run_id.eq(run.to_string()))
        .order(seals::seq.desc())
        .select((seals::seq, seals::chain))
        .first(c)
        .await
        .optional()?;
    Ok(last.map(|(seq, chain)| SealMark { seq: seq.unsigned_abs(), chain }))
}

/// Whether there is a seal that this one can be late for: an attempt that was never closed is read
/// back whole by whoever closes it.
#[dialect]
async fn is_closed(c: &mut Conn, run: &str, late: &Entry) -> Answer<bool> {
    if late.sums.names(Sealed::Incidents) {
        return Ok(true);
    }
    let rows: i64 = cycles::table
        .filter(cycles::run_id.eq(run))
        .filter(cycles::cycle.eq(late.cycle))
        .filter(cycles::replay.eq(late.replay))
        .count()
        .get_result(c)
        .await?;
    Ok(rows > 0)
}

/// The sealed rows that a statement answers, added up.
#[dialect]
async fn add_rows(
    c: &mut Conn,
    sums: &mut Sums,
    table: Sealed,
    statement: Statement,
    wanted: impl Fn(&SealedRow) -> bool + Send,
) -> Answer<()> {
    let rows: Vec<AnyRow> = bound::<Db>(&statement).load(c).await?;
    let rows = rows.into_iter().map(|row| SealedRow::of(table, row));
    rows.filter(|row| wanted(row)).for_each(|row| sums.add(table, row.sum));
    Ok(())
}

/// The rows of a visit that has ended, as they are.
#[dialect]
pub(super) async fn read_visit(c: &mut Conn, tags: &Tags) -> Answer<Sums> {
    rows_of(c, &Visit::of(tags)).await
}

/// What the shop was first seen to have handed out in a visit, as it is.
#[dialect]
pub(super) async fn read_seen_assignments(c: &mut Conn, tags: &Tags) -> Answer<Sums> {
    handed_out_by_the_shop(c, &Visit::of(tags)).await
}

/// The visit of an agent in an attempt.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = shopping_sessions)]
struct Visit {
    run_id: String,
    cycle: i32,
    replay: i32,
    agent_id: String,
}

impl Visit {
    fn of(tags: &Tags) -> Self {
        Self {
            run_id: tags.run_id.clone(),
            cycle: tags.cycle,
            replay: tags.replay,
            agent_id: tags.agent_id.clone(),
        }
    }
}

#[dialect]
async fn rows_of(c: &mut Conn, visit: &Visit) -> Answer<Sums> {
    let Visit { run_id, cycle, replay, agent_id } = visit;
    let mut sums = handed_out_by_the_shop(c, visit).await?;
    for table in reading::OF_VISITS {
        let rows = reading::of_visit(table, run_id, (*cycle, *replay), agent_id);
        add_rows(c, &mut sums, table, rows, |row| !row.recovered).await?;
    }
    Ok(sums)
}

#[dialect]
async fn handed_out_by_the_shop(c: &mut Conn, visit: &Visit) -> Answer<Sums> {
    let mut sums = Sums::default();
    let Visit { run_id, cycle, replay, agent_id } = visit;
    let rows = reading::assignments_of(run_id, (agent_id, agent_id));
    let by_it =
        |row: &SealedRow| (row.cycle, row.replay) == (*cycle, *replay) && !row.agent_id.is_empty();
    add_rows(c, &mut sums, Sealed::CouponAssignments, rows, by_it).await?;
    Ok(sums)
}

/// What a refresh wrote in an attempt: its row, and what it handed out.
#[dialect]
pub(super) async fn read_refresh(c: &mut Conn, run: &str, attempt: (i32, i32)) -> Answer<Sums> {
    let mut sums = Sums::default();
    for table in [Sealed::OfferCycles, Sealed::CouponAssignments] {
        let of_it = |row: &SealedRow| (row.cycle, row.replay) == attempt && row.agent_id.is_empty();
        add_rows(c, &mut sums, table, reading::of_run(table, run), of_it).await?;
    }
    Ok(sums)
}

/// Refreshes that no seal holds: they were written after the seal of their attempt, by a process
/// that died before its next one. Of runs that are sealed from their begin on.
#[dialect]
pub(super) async fn read_back_refreshes(c: &mut Conn, run: RunId, at: NaiveDateTime) -> Answer<()> {
    let run_id = run.to_string();
    let refreshes: Vec<Refresh> =
        diesel::sql_query(UNSEALED_REFRESHES).bind::<Text, _>(&run_id).load(c).await?;
    for Refresh { cycle, replay } in refreshes {
        let sums = read_refresh(c, &run_id, (cycle, replay)).await?;
        let agents = Some(vec![String::new()]);
        let entry = Entry { kind: SealKind::ReadBack, cycle, replay, sums, agents };
        append(c, run, &[entry], at).await?;
    }
    Ok(())
}

/// Whether a seal holds the refresh of the attempt.
#[dialect]
pub(super) async fn has_sealed_refresh(
    c: &mut Conn,
    run: &str,
    (cycle, replay): (i32, i32),
) -> Answer<bool> {
    let sealed: Vec<Refresh> = diesel::sql_query(SEALED_REFRESH)
        .bind::<Text, _>(run)
        .bind::<Integer, _>(cycle)
        .bind::<Integer, _>(replay)
        .load(c)
        .await?;
    Ok(!sealed.is_empty())
}

const SEALED_REFRESH: &str = "
SELECT s.cycle, s.replay FROM seals s
WHERE s.run_id = $1 AND s.cycle = $2 AND s.replay = $3
  AND CAST(s.sums AS TEXT) LIKE '%\"offer_cycles\"%'";

#[derive(Debug, QueryableByName)]
struct Refresh {
    #[diesel(sql_type = Integer)]
    cycle: i32,
    #[diesel(sql_type = Integer)]
    replay: i32,
}

const UNSEALED_REFRESHES: &str = "
SELECT o.cycle, o.replay FROM offer_cycles o
WHERE o.run_id = $1
  AND EXISTS (SELECT 1 FROM seals s WHERE s.run_id = o.run_id AND s.seq = 1 AND s.kind = 'run')
EXCEPT SELECT s.cycle, s.replay FROM seals s
WHERE s.run_id = $1 AND CAST(s.sums AS TEXT) LIKE '%\"offer_cycles\"%'
ORDER BY cycle, replay";

/// Everything of an attempt but its row of `cycles`, and whose visits are among it.
#[dialect]
pub(super) async fn read_attempt(
    c: &mut Conn,
    run: &str,
    (cycle, replay): (i32, i32),
) -> Answer<Entry> {
    let mut sums = Sums::default();
    // The refresh, which is nobody's, is among it.
    let mut agents = BTreeSet::from([String::new()]);
    for table in reading::OF_VISITS {
        let visits = reading::of_cycles(table, run, cycle..cycle.saturating_add(1));
        let rows: Vec<AnyRow> = bound::<Db>(&visits).load(c).await?;
        for row in rows.into_iter().map(|row| SealedRow::of(table, row)) {
            if row.replay == replay && !row.recovered {
                sums.add(table, row.sum);
                agents.insert(row.agent_id);
            }
        }
    }
    for table in [Sealed::OfferCycles, Sealed::CouponAssignments] {
        let of_it = |row: &SealedRow| (row.cycle, row.replay) == (cycle, replay);
        add_rows(c, &mut sums, table, reading::of_run(table, run), of_it).await?;
    }
    let agents = Some(agents.into_iter().collect());
    Ok(Entry { kind: SealKind::ReadBack, cycle, replay, sums, agents })
}

/// The visits of the run that are active although their attempt is closed, and so has its seal.
#[dialect]
pub(super) async fn open_in_closed_attempts(c: &mut Conn, run: &str) -> Answer<Vec<Entry>> {
    let visits: Vec<Visit> = shopping_sessions::table
        .inner_join(
            cycles::table.on(cycles::run_id
                .eq(shopping_sessions::run_id)
                .and(cycles::cycle.eq(shopping_sessions::cycle))
                .and(cycles::replay.eq(shopping_sessions::replay))),
        )
        .filter(shopping_sessions::run_id.eq(run))
        .filter(shopping_sessions::status.eq(domain::flow::FlowStatus::Active.as_str()))
        .select(Visit::as_select())
        .load(c)
        .await?;
    let entry = |visit: Visit| Entry {
        kind: SealKind::ReadBack,
        cycle: visit.cycle,
        replay: visit.replay,
        sums: Sums::default(),
        agents: Some(vec![visit.agent_id]),
    };
    Ok(visits.into_iter().map(entry).collect())
}

/// Fills these with the rows of the visits that they name.
#[dialect]
pub(super) async fn read_back(c: &mut Conn, run: &str, entries: &mut [Entry]) -> Answer<()> {
    for entry in entries {
        for agent_id in entry.agents.iter().flatten() {
            let (run_id, agent_id) = (run.to_owned(), agent_id.clone());
            let visit = Visit { run_id, cycle: entry.cycle, replay: entry.replay, agent_id };
            entry.sums.add_all(&rows_of(c, &visit).await?);
        }
    }
    Ok(())
}

/// The agents as they are, for the seals of every run that has any.
#[dialect]
pub(super) async fn seal_agents(c: &mut Conn, at: NaiveDateTime) -> Answer<()> {
    let sealed: Vec<String> = runs::table
        .filter(runs::seals.gt(0))
        .order(runs::run_id)
        .select(runs::run_id)
        .load(c)
        .await?;
    let entry = whole(SealKind::Agents, read_agents(c).await?);
    for run in sealed {
        let run = RunId(crate::rows::read("runs.run_id", &run)?);
        append(c, run, std::slice::from_ref(&entry), at).await?;
    }
    Ok(())
}

/// The seal of a run as it begins.
#[dialect]
pub(super) async fn seal_begin(
    c: &mut Conn,
    run: RunId,
    own: questions::seals::Sum,
    at: NaiveDateTime,
) -> Answer<()> {
    let mut sums = read_agents(c).await?;
    sums.add(Sealed::Runs, own);
    append(c, run, &[whole(SealKind::Run, sums)], at).await
}

/// The seal of a run as it ends, after what came late.
#[dialect]
pub(super) async fn seal_end(
    c: &mut Conn,
    run: RunId,
    mut entries: Vec<Entry>,
    at: NaiveDateTime,
) -> Answer<()> {
    let mut sums = Sums::default();
    for table in [Sealed::Products, Sealed::Coupons, Sealed::Incidents] {
        sums.name(table);
        let rows = reading::of_run(table, &run.to_string());
        add_rows(c, &mut sums, table, rows, |_| true).await?;
    }
    entries.push(whole(SealKind::End, sums));
    append(c, run, &entries, at).await
}

#[dialect]
async fn read_agents(c: &mut Conn) -> Answer<Sums> {
    let mut sums = Sums::default();
    sums.name(Sealed::Agents);
    add_rows(c, &mut sums, Sealed::Agents, reading::agents(), |_| true).await?;
    Ok(sums)
}

/// A seal that is of no attempt.
fn whole(kind: SealKind, sums: Sums) -> Entry {
    Entry { kind, cycle: 0, replay: 0, sums, agents: None }
}
