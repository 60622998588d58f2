//! Whether a run is healthy: everything an operator should look at, in plain words, worst first.

use std::time::Duration;

use actors::coordinator::status::{Clock, Health, RunStatus, StoreTrouble, Traffic};
use actors::domain::cycle::{Cycle, CycleRecord};
use actors::domain::incident::IncidentKind;
use actors::ports::store::PoolStatus;
use actors::session_pool::board::Standing;

use super::State;

/// A run shows itself each second; silence this long is a concern.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Retries above this share of a cycle's requests are a concern, percent.
const RETRIES_MAX_PERCENT: u64 = 10;
/// Ticks that the trend of lateness is taken over.
const TREND_TICKS: usize = 5;
/// Lateness that changes by less than this share of the interval is steady, percent.
const STEADY_PERCENT: u64 = 5;
/// The same for runs without an interval, or a short one, milliseconds.
const STEADY_MS: u64 = 100;

/// Where lateness goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// More.
    Rising,
    /// The same.
    Steady,
    /// Less.
    Falling,
}

impl Trend {
    /// Over the last ticks.
    pub fn of(clock: &Clock) -> Self {
        let history = &clock.lateness_history_ms;
        let first = history.len().saturating_sub(TREND_TICKS + 1);
        let (Some(then), Some(now)) = (history.get(first), history.last()) else {
            return Self::Steady;
        };
        let border = (clock.interval_ms * STEADY_PERCENT / 100).max(STEADY_MS);
        match now.saturating_sub(*then) {
            change if change.unsigned_abs() <= border => Self::Steady,
            change if change > 0 => Self::Rising,
            _ => Self::Falling,
        }
    }

    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Steady => "steady",
            Self::Falling => "falling",
        }
    }
}

impl State {
    /// What an operator should look at; nothing if the run is healthy.
    pub fn concerns(&self) -> Vec<String> {
        let status = &self.status;
        let silence = self.silence();
        let mut concerns = Vec::new();
        if silence > SILENCE_MAX && !self.mood().is_over() {
            concerns.push(format!("no news from the run for {} s", silence.as_secs()));
        }
        concerns.extend(status.health.store_trouble.as_ref().map(StoreTrouble::sentence));
        concerns.extend(breaker(status));
        concerns.extend(sessions(&status.health));
        concerns.extend(quarantine(&status.health));
        concerns.extend(incidents(status));
        concerns.extend(slow_shop(&status.traffic));
        concerns.extend(lateness(&status.clock));
        concerns.extend(database(&status.health.pool));
        concerns.extend(retries(status.attempt.last.as_ref()));
        concerns
    }
}

/// From half of the failures a cycle may have.
fn breaker(status: &RunStatus) -> Option<String> {
    let (failures, allowed) = (status.health.failures, status.health.failures_allowed);
    let is_near = failures > 0 && failures * 2 >= allowed && status.frozen.is_none();
    is_near.then(|| format!("{failures} of {allowed} failures used: one more than that freezes"))
}

fn sessions(health: &Health) -> Vec<String> {
    let named = |standing: Standing, what: &str| {
        let these: Vec<String> = health
            .sessions
            .iter()
            .filter(|session| session.standing == standing)
            .map(|session| session.id.0.to_string())
            .collect();
        match these.len() {
            0 => None,
            1 => Some(format!("HTTP session {} is {what}", these[0])),
            _ => Some(format!("HTTP sessions {} are {what}", these.join(", "))),
        }
    };
    let down = named(Standing::Down, "down: its agents are skipped, one probe a cycle tries it");
    down.into_iter().chain(named(Standing::InDoubt, "in doubt")).collect()
}

fn quarantine(health: &Health) -> Option<String> {
    match health.quarantined.as_slice() {
        [] => None,
        [agent] => Some(format!("agent {agent} is in quarantine: it crashed again and again")),
        agents => Some(format!("{} agents are in quarantine", agents.len())),
    }
}

/// Incidents of this cycle or the one before that lose or risk something.
fn incidents(status: &RunStatus) -> Vec<String> {
    let oldest = Cycle(status.attempt.cycle.0.saturating_sub(1));
    let latest = |kind: IncidentKind| {
        let mut lines = status.news.incidents.iter().rev();
        lines.find(|line| line.kind == kind && line.cycle >= oldest)
    };
    let mut concerns = Vec::new();
    if let Some(failed) = latest(IncidentKind::CheckpointFailed)
        && status.saved.last_checkpoint_at.is_none_or(|written| written < failed.at)
    {
        concerns.push("the last checkpoint could not be written".to_owned());
    }
    for (kind, words) in [
        (IncidentKind::Unrecorded, "a flow could not be recorded"),
        (IncidentKind::Refusals, "the shop refuses most adds and checkouts"),
        (IncidentKind::OffersFailed, "the offers could not be refreshed"),
    ] {
        if latest(kind).is_some() {
            concerns.push(words.to_owned());
        }
    }
    concerns
}

/// Calls wait because the shop is slower than the limit.
fn slow_shop(traffic: &Traffic) -> Option<String> {
    traffic.held_back.then(|| {
        format!(
            "the shop is slower than the limit: {:.1} answers a second",
            traffic.answers_per_second
        )
    })
}

/// A whole interval late, and not getting better.
fn lateness(clock: &Clock) -> Option<String> {
    let late = u64::try_from(clock.lateness_ms).unwrap_or(0);
    let is_behind = clock.interval_ms > 0 && late > clock.interval_ms;
    let trend = Trend::of(clock);
    (is_behind && trend == Trend::Rising).then(|| {
        "later with each cycle: the limit or the shop is too slow for the time scale".to_owned()
    })
}

fn database(pool: &PoolStatus) -> Option<String> {
    let is_short = pool.max > 0 && pool.waiting > pool.max;
    is_short.then(|| format!("{} wait for one of {} database connections", pool.waiting, pool.max))
}

fn retries(last: Option<&CycleRecord>) -> Option<String> {
    let volume = last?.volume;
    let percent = (volume.retries * 100).checked_div(volume.requests)?;
    (percent > RETRIES_MAX_PERCENT)
        .then(|| format!("{percent} % of the last cycle's requests were retries"))
}
