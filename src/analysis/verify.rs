//! The ledger of a run, judged: whether every hour it claims was lived, every agent accounted for,
//! and every row what it must be (P1, P8).
//!
//! Nothing is read here: the database answers sums and wrong rows, this says what they mean. A run
//! whose process lives may have one attempt under way; a run whose process is dead may not.

mod attempts;
mod cohort;
pub mod holdout;
mod offers;
pub mod report;
mod run_row;

use std::collections::{BTreeMap, BTreeSet};

use questions::ledger::Ledger;
use questions::orders::OrderCounts;
use serde::Serialize;

use self::holdout::held_out;

/// What was found out about a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// [`report::SCHEMA`].
    pub schema: &'static str,
    /// The run.
    pub run_id: String,
    /// Its state.
    pub state: &'static str,
    /// Whether a process may be writing to it.
    pub is_owned: bool,
    /// Whether nothing is wrong.
    pub clean: bool,
    /// Cycles with a closed, unbroken attempt.
    pub hours_claimed: u32,
    /// Cycles from 0 to the last of them.
    pub hours_lived: u32,
    /// Closed attempts.
    pub attempts: u32,
    /// Of them broken.
    pub attempts_broken: u32,
    /// Cycles that were run more than once.
    pub replayed: Vec<Replayed>,
    /// Rows of shopping_sessions.
    pub shopping_sessions: u64,
    /// Rows of shopping_session_events.
    pub events: u64,
    /// Rows of orders in all attempts, those found later left out.
    pub orders: u64,
    /// Sum of their final totals.
    pub revenue_cents: i64,
    /// Which orders are in which count.
    #[serde(flatten)]
    pub counts: OrderCounts,
    /// How far its rows are sealed.
    pub sealed: Sealed,
    /// What is wrong; of each check the first few.
    pub problems: Vec<Problem>,
    /// How many there are in all.
    pub problems_total: u64,
}

/// How far the rows of a run are sealed: what is not is checked by its meaning alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sealed {
    /// Closed attempts with a seal.
    pub attempts: u32,
    /// Closed attempts of releases that had none.
    pub attempts_not_sealed: u32,
    /// Attempts sealed from their rows, since whoever wrote them had died.
    pub attempts_read_back: u32,
    /// Visits of sealed attempts whose write had an outcome that nobody knew.
    pub visits_not_sealed: u64,
}

/// A cycle with several attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// The cycle.
    pub cycle: u32,
    /// Replay numbers of its attempts, the original's 0 among them.
    pub attempts: Vec<u32>,
    /// The attempt that counts; `None` where none closed unbroken.
    pub canonical: Option<u32>,
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which check found it.
    pub check: &'static str,
    /// Where, if at one cycle.
    pub cycle: Option<u32>,
    /// In which attempt, if in one.
    pub replay: Option<u32>,
    /// The agent, flow or assignment; empty for a whole attempt.
    pub subject: String,
    /// What is wrong, in plain words.
    pub message: String,
}

impl Audit {
    /// With one thing more that is wrong.
    pub fn also(&mut self, problem: Problem) {
        self.clean = false;
        self.problems_total += 1;
        self.problems.push(problem);
    }

    /// Judges the ledger. `is_owned`: a process may be writing to the run.
    pub fn of(ledger: &Ledger, is_owned: bool) -> Self {
        let mut problems = attempts::problems(ledger, is_owned);
        problems.extend(hour_problems(&claimed(ledger)));
        problems.extend(run_row::problems(ledger));
        problems.extend(cohort::problems(ledger));
        problems.extend(offers::problems(ledger));
        let mut total = problems.len() as u64;
        let holdout = [held_out(&ledger.run.settings, &ledger.holders)];
        for (check, says, rows) in ledger.findings.iter().chain(&holdout) {
            total += rows.first().map_or(0, |row| row.total.unsigned_abs());
            problems.extend(rows.iter().map(|row| Problem {
                check,
                cycle: Some(row.cycle.unsigned_abs()),
                replay: Some(row.replay.unsigned_abs()),
                subject: row.subject.clone(),
                message: format!("{says}: {}", row.found),
            }));
        }
        let hours = claimed(ledger);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            schema: report::SCHEMA,
            run_id: ledger.run.run_id.to_string(),
            state: ledger.run.state.as_str(),
            is_owned,
            clean: total == 0,
            hours_claimed: count(hours.len()),
            hours_lived: hours.last().map_or(0, |last| last + 1),
            attempts: count(ledger.attempts.len()),
            attempts_broken: count(ledger.attempts.iter().filter(|a| a.broken).count()),
            replayed: replayed(ledger),
            shopping_sessions: ledger.flows.iter().map(|f| f.flows.unsigned_abs()).sum(),
            events: ledger.events.iter().map(|e| e.events.unsigned_abs()).sum(),
            orders: ledger.orders.iter().map(|o| o.orders.unsigned_abs()).sum(),
            revenue_cents: ledger.orders.iter().map(|o| o.revenue_cents).sum(),
            counts: ledger.counts,
            sealed: Sealed {
                attempts: ledger.sealed.attempts,
                attempts_not_sealed: ledger.sealed.not_sealed,
                attempts_read_back: ledger.sealed.read_back,
                visits_not_sealed: ledger.sealed.outside,
            },
            problems,
            problems_total: total,
        }
    }
}

/// Cycles with a closed, unbroken attempt.
fn claimed(ledger: &Ledger) -> BTreeSet<u32> {
    ledger.attempts.iter().filter(|a| !a.broken).map(|a| a.cycle.unsigned_abs()).collect()
}

/// Hours that were skipped: later ones are claimed and they are not.
fn hour_problems(claimed: &BTreeSet<u32>) -> Option<Problem> {
    let lived = claimed.last().map_or(0, |last| last + 1);
    let missing: Vec<u32> = (0..lived).filter(|cycle| !claimed.contains(cycle)).collect();
    let first = *missing.first()?;
    Some(Problem {
        check: "missing_hour",
        cycle: Some(first),
        replay: None,
        subject: String::new(),
        message: format!(
            "no closed, unbroken attempt at {}, but later cycles have one",
            report::ranges(&missing)
        ),
    })
}

fn replayed(ledger: &Ledger) -> Vec<Replayed> {
    let mut attempts: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    let closed = ledger.attempts.iter().map(|a| (a.cycle, a.replay));
    for (cycle, replay) in closed.chain(ledger.flows.iter().map(|f| (f.cycle, f.replay))) {
        attempts.entry(cycle.unsigned_abs()).or_default().insert(replay.unsigned_abs());
    }
    let canonical = |cycle: u32| {
        let unbroken = ledger.attempts.iter().filter(|a| !a.broken);
        unbroken.filter(|a| a.cycle.unsigned_abs() == cycle).map(|a| a.replay.unsigned_abs()).min()
    };
    attempts
        .into_iter()
        .filter(|(_, replays)| replays.iter().any(|replay| *replay > 0))
        .map(|(cycle, replays)| Replayed {
            cycle,
            attempts: replays.into_iter().collect(),
            canonical: canonical(cycle),
        })
        .collect()
}

#[cfg(test)]
mod tests;
