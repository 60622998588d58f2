//! HTTP sessions that go down and come back, and the reports that wait until it is known.
//!
//! A flow that failed by a call over a session in doubt is not judged at once: nineteen timeouts of
//! one broken session arrive together and would freeze a run whose shop is well. The session is
//! probed until it is known to be up or down; only then is the failure the shop's or nobody's.

use actix::prelude::*;
use serde_json::json;

use crate::circuit_breaker::messages::{Forgive, OutageSignal, Outcome};
use crate::domain::flow::{EndReason, FlowStatus};
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::incident::IncidentKind;
use crate::rate_limiter::messages::Place;
use crate::session_pool::board::{HealthBoard, Standing};
use crate::session_pool::health::FAULTS_IN_A_ROW;
use crate::shop_door::Probed;

use super::Coordinator;
use super::messages::{Ending, News, SessionNews};
use super::services::Services;

/// HTTP sessions down at once that are a signal of an outage: one may be at fault itself.
const DOWN_IS_OUTAGE: usize = 2;

/// A report of a call failure that waits for its judgement.
pub struct HeldReport {
    agent_id: AgentId,
    outcome: Outcome,
}

impl Coordinator {
    /// An HTTP session tells of itself.
    pub(super) fn session_news(&mut self, told: SessionNews, ctx: &mut Context<Self>) {
        let SessionNews { http_session, news } = told;
        match news {
            News::Down { cause } => self.session_went_down(http_session, &cause, ctx),
            News::Back => {
                let message =
                    format!("HTTP session {http_session} is back: its probe was answered");
                let detail = json!({ "standing": "up" });
                self.note(IncidentKind::SessionHealth, message, detail, None, Some(http_session));
            }
            News::AdapterRebuilt => {
                let cycle = self.progress.cycle;
                if self.supervision.adapters.insert(http_session, cycle) != Some(cycle) {
                    let message = format!("the adapter of HTTP session {http_session} panicked");
                    let kind = IncidentKind::Restart;
                    self.note(kind, message, json!({}), None, Some(http_session));
                }
            }
        }
    }

    /// A session that the board has just taken down is named, and what it broke is forgiven.
    pub(super) fn session_went_down(
        &mut self,
        http_session: SessionId,
        cause: &str,
        ctx: &mut Context<Self>,
    ) {
        let message = format!(
            "HTTP session {http_session} is down while others get through: {cause}; its agents \
             are skipped until a probe is answered"
        );
        let detail = json!({ "standing": "down", "cause": cause });
        self.note(IncidentKind::SessionHealth, message, detail, None, Some(http_session));
        let forgiven = self.services.breaker.send(Forgive(http_session)).into_actor(self);
        ctx.spawn(forgiven.map(|verdict, act, ctx| act.heed(verdict, ctx)));
        if self.services.board.down().len() >= DOWN_IS_OUTAGE {
            self.signal_outage(http_session, cause);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "one a session that goes down")]
    fn signal_outage(&self, http_session: SessionId, cause: &str) {
        let failed_at = self.pacing.now();
        let cause = cause.to_owned();
        self.services.breaker.do_send(OutageSignal { http_session, cause, failed_at });
    }

    /// One probe a cycle for each session that is down.
    pub(super) fn try_down_sessions(&mut self, ctx: &mut Context<Self>) {
        for http_session in self.services.board.down() {
            self.try_session(http_session, ctx);
        }
    }

    /// Whether a report must wait because the session that carried it is in doubt; it is then held.
    pub(super) fn holds(
        &mut self,
        agent_id: &AgentId,
        http_session: SessionId,
        ending: &Ending,
        outcome: &Outcome,
        ctx: &mut Context<Self>,
    ) -> bool {
        let in_doubt = self.services.board.standing(http_session) == Standing::InDoubt;
        if !in_doubt || !is_call_failure(ending) {
            return false;
        }
        let report = HeldReport { agent_id: agent_id.clone(), outcome: outcome.clone() };
        self.supervision.held.entry(http_session).or_default().push(report);
        self.try_session(http_session, ctx);
        true
    }

    /// Whether a failure counts: what a session that is down has broken is not the shop's.
    pub(super) fn is_excused(&self, http_session: SessionId, ending: &Ending) -> bool {
        self.services.board.standing(http_session) == Standing::Down && is_call_failure(ending)
    }

    /// Probes a session until it is known to be up or down; it notes the tries on the board itself.
    fn try_session(&mut self, http_session: SessionId, ctx: &mut Context<Self>) {
        if !self.supervision.trying.insert(http_session) {
            return;
        }
        let tried = probe_until_known(self.services.clone(), http_session).into_actor(self);
        ctx.spawn(tried.map(move |(), act, ctx| {
            act.supervision.trying.remove(&http_session);
            act.release_held(http_session, ctx);
        }));
    }

    fn release_held(&mut self, http_session: SessionId, ctx: &mut Context<Self>) {
        let is_down = self.services.board.standing(http_session) == Standing::Down;
        for report in self.supervision.held.remove(&http_session).unwrap_or_default() {
            let outcome = if is_down { Outcome::Neutral } else { report.outcome };
            self.judge(report.agent_id, http_session, outcome, ctx);
        }
    }
}

/// Whether a flow failed by what a broken session would also do to it.
fn is_call_failure(ending: &Ending) -> bool {
    match ending {
        Ending::Recorded { status: FlowStatus::Failed, reason, .. } => matches!(
            reason,
            EndReason::CallFailed | EndReason::CheckoutFailed | EndReason::CheckoutUnknown
        ),
        Ending::Recorded { .. }
        | Ending::Idle
        | Ending::Unrecorded { .. }
        | Ending::SkippedSessionDown
        | Ending::Unfinished => false,
    }
}

async fn probe_until_known(services: Services, http_session: SessionId) {
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
