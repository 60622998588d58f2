//! The picture that every reader shares, and the incidents that are written beside the run.

use serde_json::Value;

use crate::db_writer::messages::RecordIncident;
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::incident::{Incident, IncidentKind};
use crate::ports::store::RunState;

use super::Coordinator;
use super::journal::JournalLine;
use super::progress::Phase;
use super::services::Services;
use super::status::{Health, RunStatus};

impl Coordinator {
    /// Shows the run as it is.
    pub(super) fn publish(&self) {
        let (progress, plan, now) = (&self.progress, &self.plan, self.pacing.now());
        let state = self.shown_state();
        let left = progress.time_left(plan, now).filter(|_| state == RunState::Running);
        self.outlets.status.send_replace(RunStatus {
            at: self.pacing.wall(),
            began_at: progress.began_at,
            run_id: plan.run_id,
            state,
            frozen: self.orders.frozen.clone(),
            ending: self.orders.quit,
            agents: u32::try_from(self.roster.len()).unwrap_or(u32::MAX),
            attempt: progress.attempt(plan, self.phase.under_way()),
            totals: progress.totals,
            clock: progress.clock(left),
            calls: progress.latency.calls(),
            traffic: self.outlets.traffic(
                progress.tuning.rate.limit(),
                self.services.queue.get(),
                now,
            ),
            health: Health {
                sessions: self.services.board.all(),
                failures: progress.failures.0,
                failures_allowed: progress.failures.1,
                quarantined: self.roster.quarantined(),
                pool: (self.outlets.pool)(),
            },
            saved: progress.saved(),
            memory_bytes: self.outlets.memory_bytes,
            news: progress.journal.news(),
        });
    }

    fn shown_state(&self) -> RunState {
        match (&self.phase, &self.orders.frozen, self.orders.paused) {
            (Phase::Ended, ..) => self.outlets.status.borrow().state,
            (_, Some(_), _) => RunState::Frozen,
            (_, None, true) => RunState::Paused,
            (_, None, false) => RunState::Running,
        }
    }

    /// Writes an incident beside the run; what cannot be written is at least logged.
    pub(super) fn incident(
        &mut self,
        kind: IncidentKind,
        message: String,
        detail: Value,
        agent_id: Option<AgentId>,
    ) {
        self.note(kind, message, detail, agent_id, None);
    }

    /// An incident, with the HTTP session concerned.
    pub(super) fn note(
        &mut self,
        kind: IncidentKind,
        message: String,
        detail: Value,
        agent_id: Option<AgentId>,
        http_session: Option<SessionId>,
    ) {
        let incident = self.tell(kind, message, detail, agent_id, http_session);
        actix::spawn(write_down(self.services.clone(), incident));
    }

    /// Tells watchers of an incident; whoever calls writes it down.
    pub(super) fn tell(
        &mut self,
        kind: IncidentKind,
        message: String,
        detail: Value,
        agent_id: Option<AgentId>,
        http_session: Option<SessionId>,
    ) -> Incident {
        if kind == IncidentKind::Exposure {
            tracing::info!(kind = kind.as_str(), "{message}");
        } else {
            tracing::warn!(kind = kind.as_str(), "{message}");
        }
        let incident = Incident {
            run_id: self.plan.run_id,
            cycle: self.progress.cycle,
            replay: self.progress.attempts.of(self.progress.cycle),
            kind,
            agent_id,
            http_session,
            message,
            detail,
            simulated_at: self.progress.simulated_at(&self.plan),
            recorded_at: self.pacing.wall(),
        };
        self.progress.journal.add(JournalLine::of(&incident));
        incident
    }
}

/// The store has its own patience; an incident outlasts it, as it often says that the store was
/// away. One waits for each incident, all at human rate.
pub(super) async fn write_down(services: Services, incident: Incident) {
    while let Err(error) = services.write(RecordIncident(incident.clone())).await {
        tracing::error!(%error, "an incident could not be recorded");
        if !error.is_retryable() {
            break;
        }
    }
}
