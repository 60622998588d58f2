//! What is known of a run before its rows are read: where it stands, which attempts count, why
//! something was run again.

use std::ops::Range;

use chrono::{NaiveDateTime, Timelike};
use domain::ids::AgentId;
use domain::offer::OfferPolicy;
use domain::offer::is_held_out;
use ports::store::StoreError;
use questions::runs::KnownRun;
use questions::{Ask, hours};

use super::agent_days::day_of;
use super::period::{Periods, TimeSplit};
use super::query::begin_of;
use super::replays::{self, Replay};
use super::value::micros;

/// A run at the moment its export began.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The run.
    pub run_id: String,
    /// Its row.
    pub run: KnownRun,
    /// What closed later is not looked at; wall clock, UTC.
    pub closed_at: NaiveDateTime,
    /// The cycles with an attempt that counts, in order, each with the instant (wall clock,
    /// microseconds) it closed at.
    pub canonical: Vec<(i32, i64)>,
    /// What was run again, by replay number.
    pub replays: Vec<Replay>,
    /// Which of its days train, and which test.
    pub time_split: TimeSplit,
    /// How offers are handed out.
    policy: OfferPolicy,
}

impl Scope {
    /// Reads it; its days are split by what was asked for.
    pub async fn load(
        store: &impl Ask,
        run: KnownRun,
        periods: &Periods,
    ) -> Result<Self, StoreError> {
        let id = run.run_id;
        let closed = store.ask(hours::last_closed(id)).await?.into_iter().next();
        let closed_at = closed.unwrap_or_default().recorded_at.unwrap_or_default();
        let hours = store.ask(hours::closed(id)).await?;
        let canonical = hours.iter().map(|row| (row.cycle, micros(row.recorded_at))).collect();
        let replays = replays::load(store, &run).await?;
        let policy = policy_of(&run);
        let run_id = id.to_string();
        let time_split = periods.of_run(0..0);
        let mut scope = Self { run_id, run, closed_at, canonical, replays, time_split, policy };
        scope.time_split = periods.of_run(scope.days());
        Ok(scope)
    }

    /// The cycle whose hour holds this simulated instant; below zero before the start.
    pub fn cycle_at(&self, at: NaiveDateTime) -> i32 {
        let seconds = (at - self.run.simulated_start).num_seconds();
        i32::try_from(seconds.div_euclid(3_600)).unwrap_or(i32::MAX)
    }

    /// The number of a cycle's simulated day, from 0.
    pub fn day_of(&self, cycle: i32) -> i32 {
        let hour = i32::try_from(self.run.simulated_start.hour()).unwrap_or(0);
        cycle.saturating_add(hour).div_euclid(24)
    }

    /// The days since 1970 from the run's first to the last with an hour that counts.
    fn days(&self) -> Range<i32> {
        let first = day_of(micros(self.run.simulated_start));
        let lived = self.canonical.last().map_or(0, |(cycle, _)| self.day_of(*cycle) + 1);
        first..first.saturating_add(lived)
    }

    /// The simulated end of the last cycle that counts.
    pub fn lived_until(&self) -> NaiveDateTime {
        let cycles = self.canonical.last().map_or(0, |(cycle, _)| cycle.saturating_add(1));
        begin_of(self.run.simulated_start, cycles)
    }

    /// When, by the wall clock, the hour closed that holds this simulated instant.
    pub fn closing_of(&self, at: NaiveDateTime) -> Option<i64> {
        let cycle = self.cycle_at(at);
        let found = self.canonical.binary_search_by_key(&cycle, |(cycle, _)| *cycle).ok()?;
        self.canonical.get(found).map(|(_, at)| *at)
    }

    /// Whether the policy gives the agent no offers.
    pub fn holds_out(&self, agent: &str) -> bool {
        is_held_out(&AgentId::new(agent), &self.policy)
    }
}

fn policy_of(run: &KnownRun) -> OfferPolicy {
    let percent = run.settings.get("offers").and_then(|offers| offers.get("holdout_percent"));
    let default = OfferPolicy::default();
    let holdout_percent = percent.and_then(|p| p.as_f64()).unwrap_or(default.holdout_percent);
    OfferPolicy { holdout_percent, ..default }
}
