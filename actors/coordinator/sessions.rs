//! Probes of an HTTP session, until it is known to be up or down. The session notes on the board
//! what its calls found.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::circuit_breaker::messages::OutageSignal;
use crate::domain::ids::SessionId;
use crate::domain::incident::IncidentKind;
use crate::ports::shop_api::Doubt;
use crate::rate_limiter::messages::Place;
use crate::rate_limiter::throttle::{ThrottleNews, ThrottleSum};
use crate::session_pool::board::{HealthBoard, Standing};
use crate::session_pool::health::FAULTS_IN_A_ROW;
use crate::shop_door::Probed;

use super::ledger::Report;
use super::messages::{News, SessionNews};
use super::services::Services;

/// HTTP sessions down at once that are a signal of an outage: one may be at fault itself.
pub const DOWN_IS_OUTAGE: usize = 2;

/// What is said of an HTTP session that tells of itself.
pub fn report(SessionNews { http_session, news }: &SessionNews) -> Report {
    match news {
        News::Down { cause } => {
            let message = format!(
                "HTTP session {http_session} is down while others get through: {cause}; its \
                 agents are skipped until a probe is answered"
            );
            let detail = json!({ "standing": "down", "cause": cause });
            (IncidentKind::SessionHealth, message, detail)
        }
        News::Back => {
            let message = format!("HTTP session {http_session} is back: its probe was answered");
            (IncidentKind::SessionHealth, message, json!({ "standing": "up" }))
        }
        News::AdapterRebuilt => {
            let message = format!("the adapter of HTTP session {http_session} panicked");
            (IncidentKind::Restart, message, json!({}))
        }
    }
}

/// What the breaker is told when so many are down at once.
pub fn outage(http_session: SessionId, cause: String, failed_at: Instant) -> OutageSignal {
    let (doubt, is_probe) = (Doubt::Connection, false);
    OutageSignal { http_session, cause, doubt, is_probe, failed_at }
}

/// What is said of a shop that says 429.
pub fn throttled(news: ThrottleNews) -> Report {
    let (message, detail) = match news {
        ThrottleNews::Held(wait) => {
            let seconds = wait.as_secs_f64();
            let message = format!(
                "held {seconds} s: the shop says 429; the calls go back to the head of the line"
            );
            (message, json!({ "held_s": seconds }))
        }
        ThrottleNews::Over(sum) => {
            let ThrottleSum { holds, held_ms, calls } = sum;
            let seconds = Duration::from_millis(held_ms).as_secs();
            let message = format!(
                "the shop has not said 429 to the whole run for a minute: {calls} calls were \
                 turned back, it was held {holds} times, {seconds} s in all"
            );
            (message, json!({ "holds": holds, "held_ms": held_ms, "calls": calls }))
        }
    };
    (IncidentKind::Throttled, message, detail)
}

/// Probes a session until it is known to be up or down.
pub async fn probe_until_known(services: Services, http_session: SessionId) {
    let Some(door) = services.door(http_session) else { return };
    for _ in 0..FAULTS_IN_A_ROW {
        match door.probe(Place::Tail, |_| {}).await {
            Probed::Answered | Probed::Failed if is_known(&services.board, http_session) => return,
            Probed::Answered | Probed::Failed => {}
            Probed::Unsent | Probed::NoPermit => return,
        }
    }
}

fn is_known(board: &HealthBoard, http_session: SessionId) -> bool {
    match board.standing(http_session) {
        Standing::Up | Standing::Down => true,
        Standing::InDoubt => false,
    }
}
