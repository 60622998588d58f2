//! The shop says 429: how long the whole run waits, and whose tries count meanwhile.
//!
//! A 429 is a window at the shop, not slowness. Two agents that get one with no answer between hold
//! the whole run for a second, doubled up to 30 s while the first call after it gets another;
//! Retry-After takes the place of that. One agent alone waits alone, but where the run was held not
//! long ago: the last shopper of an hour meets the same window, and its second 429 with no answer
//! to anybody between holds the run. The calls go back to the head of the line, and their tries do
//! not count, or three of them would be over before any window is; for two minutes without any
//! answer, from then on they count and the breaker decides.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::domain::ids::AgentId;
use crate::ports::shop_api::{Answered, ApiError, ApiErrorKind};

/// The first hold, and the least: one of no time would be a storm.
const HOLD_MIN: Duration = Duration::from_secs(1);
/// Doubling ends here.
const HOLD_DOUBLED_MAX: Duration = Duration::from_secs(30);
/// Retry-After is followed up to here, whatever an adapter makes of it.
const HOLD_MAX: Duration = Duration::from_secs(60);
/// After so long without any answer tries count again.
const UNCOUNTED_MAX: Duration = Duration::from_secs(120);
/// For so long after a hold the shop is known for its windows.
const KNOWN: Duration = Duration::from_secs(600);
/// After so long without a hold it is over; the next one is news again.
const QUIET: Duration = Duration::from_secs(60);
/// A hold is news again when it is so many times as long as the last that was told.
const TOLD_FACTOR: u32 = 4;

/// What the shop's 429s have come to.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    /// Who got one, with no answer since.
    alone: Option<AgentId>,
    /// The last hold.
    hold: Option<Hold>,
    /// How long the last was; `None` once a call that was sent after it was answered.
    doubles: Option<Duration>,
    /// Since when there has been no answer to anything.
    unanswered_since: Option<Instant>,
    /// The holds since it was last quiet.
    spell: Option<Spell>,
    /// All of them.
    sum: ThrottleSum,
}

#[derive(Clone, Copy, Debug)]
struct Hold {
    from: Instant,
    until: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Spell {
    before: ThrottleSum,
    longest: Duration,
    told: Duration,
}

/// What a run has waited for a shop that says 429.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottleSum {
    /// Times that the whole run was held.
    pub holds: u64,
    /// For so long in all, milliseconds.
    pub held_ms: u64,
    /// Calls that got a 429, held or not.
    pub calls: u64,
}

/// What an operator should hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThrottleNews {
    /// The run is held for so long.
    Held(Duration),
    /// It has not been held for a minute; what it came to.
    Over(ThrottleSum),
}

impl Throttle {
    /// Takes in how a call of `agent` ended, probes apart.
    pub fn note(&mut self, agent: &AgentId, end: &Result<Answered, ApiError>) {
        match end {
            Ok(answered) => self.answered(answered.sent_at),
            Err(ApiError {
                kind: ApiErrorKind::RateLimited { retry_after },
                sent_at: Some(sent_at),
                failed_at,
                ..
            }) => self.refused(agent, *sent_at, *failed_at, *retry_after),
            Err(error) => {
                if let Some(sent_at) = error.sent_at.filter(|_| error.shows_life()) {
                    self.answered(sent_at);
                }
            }
        }
    }

    fn answered(&mut self, sent_at: Instant) {
        self.alone = None;
        self.unanswered_since = None;
        if self.hold.is_none_or(|hold| sent_at >= hold.from) {
            self.doubles = None;
        }
    }

    fn refused(&mut self, agent: &AgentId, sent: Instant, at: Instant, asked: Option<Duration>) {
        self.sum.calls += 1;
        self.unanswered_since.get_or_insert(at);
        let asked = asked.map(|asked| asked.clamp(HOLD_MIN, HOLD_MAX));
        if let Some(hold) = self.hold.as_mut().filter(|hold| sent < hold.from) {
            // Sent before the hold: it belongs to what that is for already.
            let until = asked.map_or(hold.until, |asked| hold.until.max(at + asked));
            if hold.until > at {
                self.sum.held_ms += millis(until - hold.until);
                hold.until = until;
            }
            return;
        }
        let is_known =
            self.hold.is_some_and(|hold| at.saturating_duration_since(hold.until) < KNOWN);
        let is_alone = self.alone.as_ref().is_none_or(|alone| alone == agent && !is_known);
        if self.doubles.is_none() && is_alone {
            self.alone = Some(agent.clone());
            return;
        }
        let doubled = |last: Duration| (last * 2).min(HOLD_DOUBLED_MAX);
        let wait = asked.unwrap_or_else(|| self.doubles.map_or(HOLD_MIN, doubled));
        self.begin(at, wait);
    }

    fn begin(&mut self, at: Instant, wait: Duration) {
        let before = ThrottleSum { calls: self.sum.calls - 1, ..self.sum };
        let spell = Spell { before, longest: wait, told: Duration::ZERO };
        let spell = self.spell.get_or_insert(spell);
        spell.longest = spell.longest.max(wait);
        self.hold = Some(Hold { from: at, until: at + wait });
        self.doubles = Some(wait);
        self.sum.holds += 1;
        self.sum.held_ms += millis(wait);
    }

    /// The run gives no permit before this; `None`: it is not held.
    pub fn until(&self, now: Instant) -> Option<Instant> {
        self.hold.map(|hold| hold.until).filter(|until| *until > now)
    }

    /// Whether a try that just got a 429 does not count: the whole run waits, and an answer came
    /// within two minutes.
    pub fn is_uncounted(&self, now: Instant) -> bool {
        let is_recent = |since: Instant| now.saturating_duration_since(since) < UNCOUNTED_MAX;
        self.until(now).is_some() && self.unanswered_since.is_none_or(is_recent)
    }

    /// What is to be told at `now`, once.
    pub fn news(&mut self, now: Instant) -> Option<ThrottleNews> {
        let last = self.hold?;
        let spell = self.spell.as_mut()?;
        if spell.longest >= spell.told * TOLD_FACTOR && spell.longest > spell.told {
            spell.told = spell.longest;
            return Some(ThrottleNews::Held(spell.longest));
        }
        if now.saturating_duration_since(last.until) < QUIET {
            return None;
        }
        let before = spell.before;
        self.spell = None;
        Some(ThrottleNews::Over(ThrottleSum {
            holds: self.sum.holds - before.holds,
            held_ms: self.sum.held_ms - before.held_ms,
            calls: self.sum.calls - before.calls,
        }))
    }

    /// All so far.
    pub fn sum(&self) -> ThrottleSum {
        self.sum
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// One for all HTTP sessions, which note what their calls came to; read by the limiter and by
/// whoever was refused. A std mutex: held for a microsecond, never over an await.
#[derive(Clone, Debug, Default)]
pub struct SharedThrottle(Arc<Mutex<Throttle>>);

impl SharedThrottle {
    /// Looks at it, or notes something.
    pub fn with<R>(&self, look: impl FnOnce(&mut Throttle) -> R) -> R {
        // Each step leaves it whole: one that panicked meanwhile left nothing half done.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
