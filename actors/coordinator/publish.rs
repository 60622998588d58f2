//! The picture that every reader shares, and the incidents that are written beside the run.

use serde_json::Value;

use crate::db_writer::messages::RecordIncident;
use crate::domain::cycle::{CycleCounts, CycleVolume};
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::incident::{Incident, IncidentKind};
use crate::ports::store::RunState;

use super::Coordinator;
use super::journal::JournalLine;
use super::progress::Phase;
use super::services::Services;
use super::status::RunStatus;

impl Coordinator {
    /// Shows the run as it is.
    pub(super) fn publish(&self) {
        let (progress, now) = (&self.progress, self.pacing.now());
        let state = self.shown_state();
        let (outstanding, current, current_volume) = match &self.phase {
            Phase::InCycle(cycle) => (cycle.outstanding(), cycle.counts, cycle.volume),
            Phase::Starting
            | Phase::Closing
            | Phase::Waiting { .. }
            | Phase::Halted { .. }
            | Phase::Ended => (0, CycleCounts::default(), CycleVolume::default()),
        };
        let time_left = progress.time_left(&self.plan, now);
        let (path, written_at) = progress.last_checkpoint.clone().unzip();
        self.outlets.status.send_replace(RunStatus {
            at: self.pacing.wall(),
            began_at: progress.began_at,
            run_id: self.plan.run_id,
            state,
            frozen: self.orders.frozen.clone(),
            ending: self.orders.quit,
            agents: u32::try_from(self.roster.len()).unwrap_or(u32::MAX),
            cycle: progress.cycle,
            replay: progress.attempts.of(progress.cycle),
            cycles_planned: self.plan.ends.cycles,
            simulated_start: self.plan.simulated_start,
            simulated_at: progress.simulated_at(&self.plan),
            outstanding,
            current,
            current_volume,
            last: progress.last.clone(),
            totals: progress.totals,
            lateness_ms: progress.lateness_ms,
            lateness_history_ms: progress.lateness_history.iter().copied().collect(),
            interval_ms: millis(progress.pacer.interval()),
            eta_s: time_left.filter(|_| state == RunState::Running).map(|left| left.as_secs_f64()),
            rolling: progress.latency.rolling(),
            whole_run: progress.latency.whole_run(),
            call_histograms: progress.latency.histograms(),
            rate_limit: progress.tuning.rate.limit(),
            requests_sent: self.outlets.meter.total(),
            requests_max_in_1s: self.outlets.meter.max_in_1s(),
            requests_per_second: self.outlets.meter.in_last_second(now),
            requests_history: self.outlets.meter.history(now),
            waiting_for_permit: self.services.queue.get(),
            sessions: self.services.board.all(),
            failures: progress.failures.0,
            failures_allowed: progress.failures.1,
            quarantined: self.roster.quarantined(),
            pool: (self.outlets.pool)(),
            last_checkpoint: path.map(|path| path.display().to_string()),
            last_checkpoint_at: written_at,
            memory_bytes: self.outlets.memory_bytes,
            incidents: progress.journal.lines(),
            incident_counts: progress.journal.counts(),
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

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
