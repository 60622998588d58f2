//! What this process has committed of each attempt, added up for its seal: the sums of what was
//! acknowledged, and whose writes ended without anybody knowing how.
//!
//! A flow counts once, however often it had to be asked for. What is acknowledged after the seal of
//! its attempt is sealed with the next one. Memory alone: what a process takes along into its death
//! is read back by whoever takes the run over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::cycle::{Cycle, ReplayNumber};
use domain::ids::RunId;
use futures::FutureExt;
use ports::store::{StoreError, StoreFuture};
use questions::seals::{Entry, SealKind, Sums};

use crate::rows::integer;

/// An attempt at a cycle of a run.
type Attempt = (RunId, i32, i32);

/// What is committed by this process; shared by all clones.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<Attempts>>);

#[derive(Debug, Default)]
struct Attempts {
    open: BTreeMap<Attempt, Open>,
    /// Seals on their way, by what they were asked for, until they are acknowledged.
    closing: BTreeMap<Attempt, Vec<Entry>>,
}

/// Of one attempt, since its last seal.
#[derive(Debug, Default)]
struct Open {
    sums: Sums,
    /// Whose rows are in the sums; the refresh is nobody's.
    acknowledged: BTreeSet<String>,
    /// Whose write began, and has not ended for certain.
    unknown: BTreeSet<String>,
}

impl Open {
    fn entry(&self, kind: SealKind, (_, cycle, replay): Attempt, names_agents: bool) -> Entry {
        let is_partial = names_agents || !self.unknown.is_empty();
        Entry {
            kind,
            cycle,
            replay,
            sums: self.sums.clone(),
            agents: is_partial.then(|| self.acknowledged.iter().cloned().collect()),
        }
    }
}

fn attempt((run, cycle, replay): (RunId, Cycle, ReplayNumber)) -> Attempt {
    (run, integer(cycle.0), integer(replay.0))
}

impl Tally {
    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a write, of the end of an agent's flow or, without an agent, of a refresh, and notes
    /// how it came back and what its rows add up to.
    pub fn noting<T: Send + 'static>(
        self,
        of: (RunId, Cycle, ReplayNumber),
        agent: String,
        call: StoreFuture<(T, Sums)>,
    ) -> StoreFuture<T> {
        let noted = async move {
            self.begins(of, &agent);
            let outcome = call.await;
            self.ends(of, &agent, outcome.as_ref().map(|(_, sums)| sums));
            Ok(outcome?.0)
        };
        noted.boxed()
    }

    /// A write sets out.
    fn begins(&self, of: (RunId, Cycle, ReplayNumber), agent: &str) {
        let mut attempts = self.attempts();
        attempts.open.entry(attempt(of)).or_default().unknown.insert(agent.to_owned());
    }

    /// It came back. What may pass leaves open whether it was made.
    fn ends(
        &self,
        of: (RunId, Cycle, ReplayNumber),
        agent: &str,
        outcome: Result<&Sums, &StoreError>,
    ) {
        let mut attempts = self.attempts();
        let open = attempts.open.entry(attempt(of)).or_default();
        match outcome {
            Ok(sums) => {
                open.unknown.remove(agent);
                if open.acknowledged.insert(agent.to_owned()) {
                    open.sums.add_all(sums);
                }
            }
            Err(error) if !error.is_retryable() => {
                open.unknown.remove(agent);
            }
            Err(_) => {}
        }
    }

    /// The seals that are due when an attempt is closed: its own, which comes first, and what came
    /// late to others of the run. `is_partial`: rows may be there that nobody acknowledged. Asked
    /// again before [`Tally::closed`], it answers the same.
    pub fn close(&self, of: (RunId, Cycle, ReplayNumber), is_partial: bool) -> Vec<Entry> {
        let key = attempt(of);
        self.attempts().closing(key, |attempts| {
            let own = attempts.open.get(&key);
            let own = own.map(|own| own.entry(SealKind::Cycle, key, is_partial));
            let (_, cycle, replay) = key;
            own.unwrap_or(Entry {
                kind: SealKind::Cycle,
                cycle,
                replay,
                sums: Sums::default(),
                agents: is_partial.then(Vec::new),
            })
        })
    }

    /// The seals that an attempt was closed with are in the database.
    pub fn closed(&self, of: (RunId, Cycle, ReplayNumber)) {
        self.attempts().closing.remove(&attempt(of));
    }

    /// What came late to closed attempts of the run; taken, whatever becomes of it.
    pub fn take_late(&self, run: RunId) -> Vec<Entry> {
        self.attempts().late(run, None)
    }

    /// The run's rows are as the database has them: others read them back from here on.
    pub fn forget(&self, run: RunId) {
        let mut attempts = self.attempts();
        attempts.open.retain(|(of, ..), _| *of != run);
        attempts.closing.retain(|(of, ..), _| *of != run);
    }
}

impl Attempts {
    fn closing(&mut self, key: Attempt, own: impl FnOnce(&Self) -> Entry) -> Vec<Entry> {
        if let Some(entries) = self.closing.get(&key) {
            return entries.clone();
        }
        let mut entries = vec![own(self)];
        entries.extend(self.late(key.0, Some(key)));
        self.open.remove(&key);
        self.closing.insert(key, entries.clone());
        entries
    }

    fn late(&mut self, run: RunId, but: Option<Attempt>) -> Vec<Entry> {
        let of_run = |key: &Attempt| key.0 == run && Some(*key) != but;
        let late = self.open.iter().filter(|(key, open)| of_run(key) && !open.sums.is_empty());
        let entries = late.map(|(key, open)| open.entry(SealKind::Late, *key, true)).collect();
        self.open.retain(|key, _| !of_run(key));
        entries
    }
}

#[cfg(test)]
mod tests;
