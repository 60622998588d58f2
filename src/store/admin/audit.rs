//! What needs to know whether a run's process lives: cleaning up after dead ones, the purge.

use chrono::{NaiveDateTime, TimeDelta};
use domain::cycle::Cycle;
use domain::ids::{OwnerToken, RunId};
use ports::store::StoreError;
use serde_json::Value;

pub use crate::rows::dead_runs::{LastVisit, Purge};

use super::{Admin, OWNER_SILENCE_S, on_backend};

impl Admin {
    /// The last cycle of a run with any row of any attempt.
    pub async fn last_cycle(&self, run: RunId) -> Result<Option<Cycle>, StoreError> {
        on_backend!(self, call_long, |c, q| q::last_cycle(c, run))
    }

    /// The first cycle before `before` without a closed, unbroken attempt.
    pub async fn first_lost(&self, run: RunId, before: Cycle) -> Result<Option<Cycle>, StoreError> {
        on_backend!(self, call_long, |c, q| q::first_lost(c, run, before))
    }

    /// Why a run froze last: the incident's details.
    pub async fn last_freeze(&self, run: RunId) -> Result<Option<Value>, StoreError> {
        on_backend!(self, call_long, |c, q| q::last_freeze(c, run))
    }

    /// Ends the active rows of a run whose owner has been silent for 120 s, is among the `dead` or
    /// has ended the run, and writes an incident if there were any. `None`: the owner lives, or
    /// there is no such run.
    pub async fn abandon_dead(
        &self,
        run: RunId,
        dead: Vec<OwnerToken>,
        at: NaiveDateTime,
    ) -> Result<Option<u64>, StoreError> {
        let who = (dead, at - TimeDelta::seconds(OWNER_SILENCE_S));
        on_backend!(self, call_long, |c, q| q::abandon_dead(c, run, who, at))
    }

    /// The last visit of each agent in each run, by agent, the latest last.
    pub async fn last_visits(&self) -> Result<Vec<LastVisit>, StoreError> {
        on_backend!(self, call_long, |c, q| q::last_visits(c))
    }

    /// Runs with visits that may have an order at the shop which no row names.
    pub async fn runs_with_lost_orders(&self) -> Result<Vec<RunId>, StoreError> {
        on_backend!(self, call_long, |c, q| q::runs_with_lost_orders(c))
    }

    /// Deletes every row of a run without a living owner, in one transaction; agents stay.
    pub async fn purge(
        &self,
        run: RunId,
        dead: Vec<OwnerToken>,
        at: NaiveDateTime,
    ) -> Result<Purge, StoreError> {
        let who = (dead, at - TimeDelta::seconds(OWNER_SILENCE_S));
        on_backend!(self, call_audit, |c, q| q::purge(c, run, who))
    }
}
