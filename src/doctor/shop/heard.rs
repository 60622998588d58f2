//! What was heard of each request: how many there were, what heads said of limits, and bodies of
//! which somebody asks more than their profile reads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use shops::shop_api::http::watched::{Exchange, Observer};

use super::AREA;
use crate::doctor::finding::Finding;

/// Headers in which shops say their limits.
const LIMITS: [&str; 4] =
    ["ratelimit", "ratelimit-limit", "x-ratelimit-limit", "x-rate-limit-limit"];
/// Answers that are kept.
const KEPT_MAX: usize = 200;

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The step.
    pub(super) step: &'static str,
    /// The body.
    pub(super) body: Value,
}

#[derive(Debug, Default)]
struct All {
    requests: u64,
    throttled: u64,
    retry_after: Option<String>,
    limit: Option<String>,
    last_took: Duration,
    answers: Vec<Answer>,
}

/// All that was heard; clones hear the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Mutex<All>>);

impl Heard {
    /// Who hears.
    pub(super) fn observer(&self) -> Observer {
        let heard = self.clone();
        Arc::new(move |exchange| heard.hear(exchange))
    }

    /// One request that went past the adapter.
    pub(super) fn count(&self) {
        self.lock().requests += 1;
    }

    /// Requests so far.
    pub(super) fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// What the last request took.
    pub(super) fn last_took(&self) -> Duration {
        self.lock().last_took
    }

    /// Bodies of a step's answers.
    pub(super) fn bodies(&self, steps: &[&str]) -> Vec<Answer> {
        let all = self.lock();
        let is_asked = |answer: &&Answer| steps.contains(&answer.step) && !answer.body.is_null();
        all.answers.iter().filter(is_asked).cloned().collect()
    }

    /// What the shop said of how often it may be asked.
    pub(super) fn limits(&self) -> Finding {
        let all = self.lock();
        let retry = all.retry_after.as_ref().map_or_else(
            || "; it does not say when to come again".to_owned(),
            |after| format!("; Retry-After: {after}"),
        );
        match (all.throttled, &all.limit) {
            (0, None) => {
                let says = format!("no 429 in {} requests; `--ramp` looks further", all.requests);
                Finding::ok(AREA, "limits", says)
            }
            (0, Some(limit)) => {
                let says = format!("the shop speaks of a limit: {limit}");
                let fix = "measure what it means for a run: `--ramp`";
                Finding::warn(AREA, "limits", says, fix)
            }
            (refused, _) => {
                let says = format!("429 for {refused} of {} requests{retry}", all.requests);
                let fix = "lift the limit for this client at the shop, or measure it (`--ramp`) \
                           and stay below: `--rate N`";
                Finding::warn(AREA, "limits", says, fix)
            }
        }
    }

    fn hear(&self, exchange: &Exchange<'_>) {
        let mut all = self.lock();
        all.requests += 1;
        all.last_took = exchange.took;
        let Some(answer) = exchange.answer else { return };
        if exchange.status == Some(429) {
            all.throttled += 1;
            all.retry_after = answer.header("retry-after").map(str::to_owned);
        }
        let limit = LIMITS.iter().find_map(|name| answer.header(name));
        if let Some(limit) = limit {
            all.limit = Some(limit.chars().take(60).collect());
        }
        let is_good = exchange.status.is_some_and(|status| (200..300).contains(&status));
        if is_good && !exchange.is_setup && all.answers.len() < KEPT_MAX {
            all.answers.push(Answer { step: exchange.step, body: answer.body.clone() });
        }
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
