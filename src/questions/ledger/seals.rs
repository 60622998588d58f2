//! Whether the rows of a run are those that were sealed.
//!
//! What is not sealed is told and is no fault: attempts of releases that had no seals, an attempt
//! under way, and visits whose write had an outcome that nobody knew.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use domain::ids::RunId;

use super::checks::{Finding, SHOWN_MAX};
use super::{AttemptRow, FlowCount};
use crate::any_row::AnyRow;
use crate::seals::{
    Entry, SealKind, SealRow, Sealed, SealedRow, Sums, TableSum, VERSION, entries, reading,
};
use crate::{Moment, Question, Statement};

/// A word for scripts.
pub const NAME: &str = "seal";
/// What is wrong with what is found.
pub const SAYS: &str = "rows that are not those that were sealed when they were committed";

/// Visits whose rows are read at once, as far as whole cycles allow.
const PAGE_VISITS: i64 = 500;
/// Agents whose coupons are read at once.
const PAGE_AGENTS: usize = 16;

/// An attempt at a cycle.
type Attempt = (i32, i32);

/// How far a run is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Closed attempts with a seal.
    pub attempts: u32,
    /// Closed attempts without one, of releases that had none.
    pub not_sealed: u32,
    /// Sealed from their rows, since whoever wrote them had died.
    pub read_back: u32,
    /// Visits in sealed attempts whose write had an outcome that nobody knew.
    pub outside: u64,
}

/// How many seals were written, as the run's row has it.
#[derive(Clone, Copy, Debug, Default, QueryableByName)]
struct Written {
    #[diesel(sql_type = BigInt)]
    seals: i64,
}

const WRITTEN: &str = "SELECT CAST(seals AS BIGINT) AS seals FROM runs WHERE run_id = {run}";

/// An agent that was handed a coupon.
#[derive(Clone, Debug, QueryableByName)]
struct Holder {
    #[diesel(sql_type = Text)]
    agent_id: String,
}

const HOLDERS: &str = "\
SELECT DISTINCT agent_id FROM coupon_assignments WHERE run_id = {run} ORDER BY agent_id";

/// What is sealed of an attempt, and what is there of it.
#[derive(Clone, Debug, Default)]
struct Compared {
    sealed: Sums,
    /// Of orders that were found later.
    recovered: Sums,
    /// Whose visits are sealed; `None`: all of them.
    agents: Option<BTreeSet<String>>,
    has_own: bool,
    is_read_back: bool,
    there: Sums,
    recovered_there: Sums,
}

impl Compared {
    fn take(&mut self, entry: &Entry) {
        if entry.kind == SealKind::Recovered {
            self.recovered.add_all(&entry.sums);
            return;
        }
        self.sealed.add_all(&entry.sums);
        self.is_read_back |= entry.kind == SealKind::ReadBack;
        let agents = entry.agents.clone().map(BTreeSet::from_iter);
        self.agents = match (self.has_own, self.agents.take(), agents) {
            (false, _, agents) => agents,
            (true, Some(before), Some(more)) => Some(&before | &more),
            (true, None, _) | (true, _, None) => None,
        };
        self.has_own = true;
    }

    fn seals(&self, agent: &str) -> bool {
        self.agents.as_ref().is_none_or(|agents| agents.contains(agent))
    }
}

/// The seals of a run, and what there is of it.
#[derive(Debug, Default)]
struct Comparison {
    attempts: BTreeMap<Attempt, Compared>,
    /// Settings and agents as they were last sealed; what was seen and told by the end.
    run: Sums,
    end: Option<Sums>,
    extent: Extent,
    /// Until then what came after the seal of its attempt waits for the next one.
    has_ended: bool,
    /// Rows of attempts of which there is no seal.
    strays: BTreeMap<(Attempt, Sealed), u64>,
    findings: Vec<Finding>,
}

impl Comparison {
    fn wrong(&mut self, (cycle, replay): Attempt, subject: impl Into<String>, found: String) {
        let subject = subject.into();
        self.findings.push(Finding { cycle, replay, subject, found, total: 0 });
    }

    /// Takes in the chain; what cannot be read or is not linked to what it follows is wrong.
    fn take_chain(&mut self, run: RunId, rows: &[SealRow], written: i64) {
        let (run, mut before) = (run.to_string(), "");
        for (row, place) in rows.iter().zip(1..) {
            let at = (row.cycle, row.replay);
            let subject = format!("seal {}", row.seq);
            if row.version > VERSION {
                let text = format!("has form {}, which a later release reads", row.version);
                self.wrong(at, subject, text);
                continue;
            }
            let entry = match row.entry() {
                Ok(entry) => entry,
                Err(error) => {
                    self.wrong(at, subject, error.to_string());
                    continue;
                }
            };
            if row.seq != place || entry.link(&run, row.seq, before) != row.chain {
                let text = "is not the one that was chained to the seal before it".to_owned();
                self.wrong(at, subject, text);
            }
            before = &row.chain;
            self.take(&entry);
        }
        let kept = rows.len();
        if usize::try_from(written).ok() != Some(kept) {
            self.wrong((0, 0), "seals", format!("{written} were written, {kept} are there"));
        }
    }

    fn take(&mut self, entry: &Entry) {
        match entry.kind {
            SealKind::Run | SealKind::Agents => {
                for table in [Sealed::Runs, Sealed::Agents] {
                    if entry.sums.names(table) {
                        self.run.replace(table, entry.sums.of(table));
                    }
                }
            }
            SealKind::End => self.end = Some(entry.sums.clone()),
            SealKind::Late if entry.sums.names(Sealed::Incidents) => {
                if let Some(end) = &mut self.end {
                    end.add_all(&entry.sums);
                }
            }
            SealKind::Cycle | SealKind::Late | SealKind::ReadBack | SealKind::Recovered => {
                self.attempts.entry((entry.cycle, entry.replay)).or_default().take(entry);
            }
        }
    }

    /// Takes in rows of a table of attempts.
    fn take_rows(&mut self, table: Sealed, rows: Vec<AnyRow>) {
        for row in rows {
            let row = SealedRow::of(table, row);
            let at = (row.cycle, row.replay);
            let Some(attempt) = self.attempts.get_mut(&at) else {
                *self.strays.entry((at, table)).or_default() += 1;
                continue;
            };
            let is_refresh = table != Sealed::Cycles && row.agent_id.is_empty();
            if is_refresh && !self.has_ended && !attempt.sealed.names(Sealed::OfferCycles) {
                continue;
            }
            if row.recovered {
                attempt.recovered_there.add(table, row.sum);
            } else if !attempt.has_own {
                *self.strays.entry((at, table)).or_default() += 1;
            } else if table == Sealed::Cycles || attempt.seals(&row.agent_id) {
                attempt.there.add(table, row.sum);
            } else if table == Sealed::ShoppingSessions {
                self.extent.outside += 1;
            }
        }
    }

    /// What of the attempts is not what was sealed.
    fn judge_attempts(&mut self, closed: &[AttemptRow], (from_begin, to_end): (bool, bool)) {
        let mut found = Vec::new();
        if from_begin && to_end {
            let strays = std::mem::take(&mut self.strays);
            found.extend(strays.into_iter().map(|((at, table), rows)| {
                (at, table.name().to_owned(), format!("{rows} rows of an attempt without a seal"))
            }));
        }
        for (at, attempt) in &self.attempts {
            for (sealed, there, what) in [
                (&attempt.sealed, &attempt.there, ""),
                (&attempt.recovered, &attempt.recovered_there, " of orders found later"),
            ] {
                for table in Sealed::ALL {
                    let text = difference(sealed.of(*table), there.of(*table), what);
                    found.extend(text.map(|text| (*at, table.name().to_owned(), text)));
                }
            }
        }
        for row in closed {
            let at = (row.cycle, row.replay);
            match self.attempts.get(&at).filter(|attempt| attempt.has_own) {
                Some(attempt) => {
                    self.extent.attempts += 1;
                    self.extent.read_back += u32::from(attempt.is_read_back);
                }
                None if from_begin => {
                    found.push((at, "seals".into(), "the attempt has no seal".into()));
                }
                None => self.extent.not_sealed += 1,
            }
        }
        found.into_iter().for_each(|(at, table, text)| self.wrong(at, table, text));
    }

    fn judge(&mut self, sealed: &Sums, there: &Sums, tables: &[Sealed]) {
        for table in tables {
            if let Some(text) = difference(sealed.of(*table), there.of(*table), "") {
                self.wrong((0, 0), table.name(), text);
            }
        }
    }
}

fn difference(sealed: TableSum, there: TableSum, what: &str) -> Option<String> {
    if sealed == there {
        return None;
    }
    Some(match (sealed.rows, there.rows) {
        (sealed, there) if sealed == there => {
            format!("{there} rows{what} there, as many as were sealed, but not the same")
        }
        (sealed, there) => format!("{sealed} rows{what} sealed, {there} there"),
    })
}

/// What is not as it was sealed, the first few, each with how many there are; and how far the run
/// is sealed.
pub(super) async fn findings<M: Moment>(
    moment: &mut M,
    run: RunId,
    (closed, flows, has_ended): (&[AttemptRow], &[FlowCount], bool),
) -> Result<(Vec<Finding>, Extent), M::Fault> {
    let rows = moment.ask(entries(run)).await?;
    let written: Written =
        moment.one(Question::new("how many seals", WRITTEN).with("run", run)).await?;
    let mut all = Comparison { has_ended, ..Comparison::default() };
    all.take_chain(run, &rows, written.seals);
    read_attempts(moment, run, flows, &mut all).await?;
    let from_begin = rows.first().is_some_and(|row| row.kind == SealKind::Run.as_str());
    all.judge_attempts(closed, (from_begin, has_ended));
    let name = run.to_string();
    let mut there = Sums::default();
    add(moment, &mut there, Sealed::Runs, reading::of_run(Sealed::Runs, &name)).await?;
    add(moment, &mut there, Sealed::Agents, reading::agents()).await?;
    let sealed = std::mem::take(&mut all.run);
    let named: Vec<Sealed> =
        [Sealed::Runs, Sealed::Agents].into_iter().filter(|table| sealed.names(*table)).collect();
    all.judge(&sealed, &there, &named);
    if let Some(end) = all.end.take().filter(|_| has_ended) {
        let tables = [Sealed::Products, Sealed::Coupons, Sealed::Incidents];
        for table in tables {
            add(moment, &mut there, table, reading::of_run(table, &name)).await?;
        }
        all.judge(&end, &there, &tables);
    }
    let total = i64::try_from(all.findings.len()).unwrap_or(i64::MAX);
    all.findings.truncate(usize::try_from(SHOWN_MAX).unwrap_or(usize::MAX));
    all.findings.iter_mut().for_each(|finding| finding.total = total);
    Ok((all.findings, all.extent))
}

async fn add<M: Moment>(
    moment: &mut M,
    sums: &mut Sums,
    table: Sealed,
    statement: Statement,
) -> Result<(), M::Fault> {
    let rows: Vec<AnyRow> = moment.rows(statement).await?;
    rows.into_iter().for_each(|row| sums.add(table, SealedRow::of(table, row).sum));
    Ok(())
}

/// Reads what there is of sealed attempts, so many rows at a time.
async fn read_attempts<M: Moment>(
    moment: &mut M,
    run: RunId,
    flows: &[FlowCount],
    all: &mut Comparison,
) -> Result<(), M::Fault> {
    let name = run.to_string();
    let sealed: BTreeSet<i32> = all.attempts.keys().map(|(cycle, _)| *cycle).collect();
    let sealed: Vec<&FlowCount> = flows.iter().filter(|f| sealed.contains(&f.cycle)).collect();
    let mut begin = 0;
    while let Some(first) = sealed.get(begin) {
        let mut visits = 0;
        let end = sealed[begin..].iter().position(|flow| {
            visits += flow.flows;
            visits > PAGE_VISITS && flow.cycle > first.cycle
        });
        let end = end.map_or(sealed.len(), |end| begin + end);
        let until = sealed.get(end).map_or(sealed[end - 1].cycle + 1, |flow| flow.cycle);
        // A cycle is read once: the page ends before the first row of its last cycle.
        for table in reading::OF_VISITS {
            let rows = moment.rows(reading::of_cycles(table, &name, first.cycle..until)).await?;
            all.take_rows(table, rows);
        }
        begin = sealed.iter().position(|flow| flow.cycle >= until).unwrap_or(sealed.len());
    }
    if all.attempts.is_empty() {
        return Ok(());
    }
    for table in [Sealed::OfferCycles, Sealed::Cycles] {
        let rows = moment.rows(reading::of_run(table, &name)).await?;
        all.take_rows(table, rows);
    }
    let holders: Vec<Holder> =
        moment.ask(Question::new("coupon holders", HOLDERS).with("run", run)).await?;
    for some in holders.chunks(PAGE_AGENTS) {
        let (Some(first), Some(last)) = (some.first(), some.last()) else { continue };
        let ends = (first.agent_id.as_str(), last.agent_id.as_str());
        let rows = moment.rows(reading::assignments_of(&name, ends)).await?;
        all.take_rows(Sealed::CouponAssignments, rows);
    }
    Ok(())
}
