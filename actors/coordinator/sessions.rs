//! Probes of an HTTP session, until it is known to be up or down. The session notes on the board
//! what its calls found.

use serde_json::json;

use crate::domain::ids::SessionId;
use crate::domain::incident::IncidentKind;
use crate::rate_limiter::messages::Place;
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

/// Probes a session until it is known to be up or down.
pub async fn probe_until_known(services: Services, http_session: SessionId) {
    let Some(door) = services.door(http_session) else { return };
    for _ in 0..FAULTS_IN_A_ROW {
        match door.probe(Place::Tail, None).await {
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
