//! Broadcasts the ticks, waits at the barrier, and does what operators say.
//!
//! *Owns*: the simulated clock, the pacing, the roster of agents, the totals, the run's phase. No
//! state of any agent, only who is outstanding and who is alive.
//! *Accepts*: `StartRun` and `Operate` from operators' doors, `Inject` and `Appoint` from a
//! developer's; `AgentFinished`, `AgentDown`, `OffersRefreshed`, `Frozen`, `SessionNews`,
//! `ServiceDown` as tells.
//! *Sends*: `RunCycle` and `Drill` to agents; a developer's messages to all; gate messages to the
//! RateLimiter; `RecordOutcome` and `Forgive` to the CircuitBreaker; rows to the DbWriter; probes
//! to HTTP sessions in doubt or down; `SaveCheckpoint`; `RefreshOffers`.
//! *When it fails*: the run ends; the next `resume` continues from the newest checkpoint.
//! *Bounds*: one cycle under way; one report per agent and cycle (372).

pub mod agenda;
mod attempt;
mod boundary;
pub mod command;
mod commands;
mod crash_log;
pub mod cycle;
mod down;
mod exposure;
mod freeze;
pub mod injections;
pub mod journal;
pub mod latency;
pub mod messages;
pub mod pacer;
pub mod plan;
pub mod progress;
mod publish;
pub mod ramp;
pub mod roster;
pub mod service_watch;
pub mod services;
mod session_check;
mod sessions;
mod start;
pub mod status;
pub mod supervision;
mod ticking;
pub mod tuning;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use tokio::sync::{mpsc, oneshot, watch};

use crate::agent::Agent;
use crate::agent::messages::ShopFacts;
use crate::circuit_breaker::messages::{Outcome, RecordOutcome};
use crate::db_writer::messages::Heartbeat;
use crate::domain::cycle::CycleRecord;
use crate::domain::flow::{AgentMemory, EndReason, FlowStatus};
use crate::domain::ids::Incarnation;
use crate::domain::persona::Persona;
use crate::ports::pacing::Pacing;
use crate::ports::store::{PoolStatus, RunState};
use crate::session_pool::request_meter::SharedMeter;

use command::{CommandRefused, Done};
use messages::{
    AgentDown, AgentFinished, Appoint, Appointment, Ending, Frozen, Inject, OffersRefreshed,
    Operate, ServiceDown, SessionNews, StartError, StartRun,
};
use plan::RunPlan;
use progress::{Orders, Phase, Progress};
use roster::Roster;
use services::Services;
use status::{RunStatus, Traffic};
use supervision::Supervision;

/// How often the run says that its owner lives; 120 s of silence make it dead.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(30);

/// How often the picture is shown beside what happens: readers draw rates and queues from it.
pub const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// Flows in flight get this long after a quit that does not wait.
pub const STOP_GRACE: Duration = Duration::from_secs(10);

/// Starts the actor of an agent; given by the topology, which alone starts actors.
pub type AgentBuilder =
    Box<dyn Fn(&Arc<Persona>, Incarnation, AgentMemory, &Addr<Coordinator>) -> Addr<Agent>>;

/// The centre of a run.
pub struct Coordinator {
    services: Services,
    plan: Arc<RunPlan>,
    /// The clocks.
    pacing: Arc<dyn Pacing>,
    /// Builds agents at start, restart and unfreeze.
    builder: AgentBuilder,
    /// Who is alive.
    roster: Roster<Addr<Agent>>,
    /// Where the run is: cycle, attempts, pacing, totals, latency.
    progress: Progress,
    /// What it is doing right now.
    phase: Phase,
    /// What operators and the breaker have asked for and is not yet carried out.
    orders: Orders,
    /// What the shop showed at the start.
    shop: Arc<ShopFacts>,
    /// What is known of services and HTTP sessions.
    supervision: Supervision,
    /// Who watches.
    outlets: Outlets,
}

/// Where the Coordinator publishes.
pub struct Outlets {
    /// The latest picture; readers never queue.
    pub status: watch::Sender<RunStatus>,
    /// Each closed attempt; a reader 1,024 behind misses some.
    pub cycles: mpsc::Sender<CycleRecord>,
    /// The end state, once.
    pub ended: Option<oneshot::Sender<RunState>>,
    /// Requests as sent.
    pub meter: SharedMeter,
    /// Asks the store for its connections.
    pub pool: Box<dyn Fn() -> PoolStatus>,
    /// Resident memory of this process, bytes.
    pub memory: fn() -> Option<u64>,
    /// As last weighed.
    pub memory_bytes: Option<u64>,
}

impl Outlets {
    /// Asks the system, which is too dear for each picture.
    fn weigh(&mut self) {
        self.memory_bytes = (self.memory)();
    }

    /// Requests as sent, for the picture, beside their limit and those who wait for it.
    fn traffic(&self, rate_limit: Option<f64>, waiting_for_permit: u32, now: Instant) -> Traffic {
        Traffic {
            rate_limit,
            requests_sent: self.meter.total(),
            requests_max_in_1s: self.meter.max_in_1s(),
            requests_per_second: self.meter.in_last_second(now),
            requests_history: self.meter.history(now),
            waiting_for_permit,
        }
    }
}

impl Coordinator {
    /// A run that waits for `StartRun`.
    pub fn new(
        services: Services,
        plan: Arc<RunPlan>,
        pacing: Arc<dyn Pacing>,
        builder: AgentBuilder,
        supervision: Supervision,
        outlets: Outlets,
    ) -> Self {
        let progress = Progress::new(&plan, pacing.now(), pacing.wall());
        Self {
            services,
            plan,
            pacing,
            builder,
            roster: Roster::new(),
            progress,
            phase: Phase::Starting,
            orders: Orders::default(),
            shop: Arc::default(),
            supervision,
            outlets,
        }
    }
}

impl Actor for Coordinator {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(HEARTBEAT_INTERVAL, |act, ctx| act.beat(ctx));
        ctx.run_interval(STATUS_INTERVAL, |act, _| {
            act.note_standstill();
            act.outlets.weigh();
            act.publish();
        });
    }
}

impl Handler<StartRun> for Coordinator {
    type Result = ResponseActFuture<Self, Result<(), StartError>>;

    fn handle(&mut self, _: StartRun, _: &mut Self::Context) -> Self::Result {
        let frozen = self.plan.resume_from.as_ref().and_then(|point| point.stays_frozen().cloned());
        if let Some(reason) = frozen {
            let (services, plan) = (self.services.clone(), Arc::clone(&self.plan));
            let loaded = async move { start::load_agents(&services, &plan).await };
            let begun = loaded.into_actor(self);
            return Box::pin(begun.map(|agents, act, ctx| act.begin_frozen(agents, reason, ctx)));
        }
        let prepared =
            start::prepare(self.services.clone(), Arc::clone(&self.plan), Arc::clone(&self.pacing));
        let begun = prepared.into_actor(self).then(|prepared, act, ctx| act.begin(prepared, ctx));
        Box::pin(begun)
    }
}

impl Handler<Operate> for Coordinator {
    type Result = ResponseActFuture<Self, Result<Done, CommandRefused>>;

    fn handle(
        &mut self,
        Operate { command, door }: Operate,
        ctx: &mut Context<Self>,
    ) -> Self::Result {
        let carried_out = self.carry_out(&command, ctx);
        Box::pin(carried_out.map(move |outcome, act, _| {
            act.note_command(&command, door, &outcome);
            outcome
        }))
    }
}

impl Handler<Inject> for Coordinator {
    type Result = ResponseActFuture<Self, Result<Done, CommandRefused>>;

    fn handle(&mut self, inject: Inject, ctx: &mut Self::Context) -> Self::Result {
        self.inject(inject, ctx)
    }
}

impl Handler<Appoint> for Coordinator {
    type Result = Result<Appointment, CommandRefused>;

    fn handle(&mut self, step: Appoint, _: &mut Self::Context) -> Self::Result {
        self.appoint(step)
    }
}

impl Handler<AgentFinished> for Coordinator {
    type Result = ();

    fn handle(&mut self, report: AgentFinished, ctx: &mut Self::Context) {
        let Phase::InCycle(cycle) = &mut self.phase else { return };
        let is_awaited = cycle.cycle == report.cycle
            && cycle.replay == report.replay
            && cycle.awaits(&report.agent_id);
        if !is_awaited || !self.roster.is_current(&report.agent_id, report.incarnation) {
            tracing::debug!(agent.id = %report.agent_id, "a report nobody waits for");
            return;
        }
        cycle.account(&report.ending, &report.volume);
        for timing in &report.timings {
            self.progress.latency.record(*timing);
        }
        self.note_unrecorded(&report.agent_id, &report.ending);
        let (agent_id, http_session) = (report.agent_id, report.http_session);
        let excused = self.is_excused(http_session, &report.ending);
        let outcome = if excused { Outcome::Neutral } else { outcome_of(&report.ending) };
        if !self.holds(&agent_id, http_session, &report.ending, &outcome, ctx) {
            self.judge(agent_id, http_session, outcome, ctx);
        }
    }
}

impl Handler<AgentDown> for Coordinator {
    type Result = ();

    fn handle(&mut self, down: AgentDown, ctx: &mut Self::Context) {
        if self.roster.is_current(&down.agent_id, down.incarnation) {
            self.agent_down(down, ctx);
        }
    }
}

impl Handler<OffersRefreshed> for Coordinator {
    type Result = ();

    fn handle(&mut self, refreshed: OffersRefreshed, _: &mut Self::Context) {
        self.offers_refreshed(&refreshed);
    }
}

impl Handler<Frozen> for Coordinator {
    type Result = ();

    fn handle(&mut self, frozen: Frozen, ctx: &mut Self::Context) {
        self.freeze(frozen.0, ctx);
    }
}

impl Handler<SessionNews> for Coordinator {
    type Result = ();

    fn handle(&mut self, news: SessionNews, ctx: &mut Self::Context) {
        self.session_news(news, ctx);
    }
}

impl Handler<ServiceDown> for Coordinator {
    type Result = ();

    fn handle(&mut self, ServiceDown(service): ServiceDown, ctx: &mut Self::Context) {
        self.service_down(service, ctx);
    }
}

impl Coordinator {
    /// Asks the breaker what it makes of an outcome; the agent leaves the barrier with the verdict,
    /// so that a freeze caused by the last agent of a cycle still breaks that cycle.
    fn judge(
        &mut self,
        agent_id: crate::domain::ids::AgentId,
        http_session: crate::domain::ids::SessionId,
        outcome: Outcome,
        ctx: &mut Context<Self>,
    ) {
        let Phase::InCycle(cycle) = &self.phase else { return };
        if outcome == Outcome::Neutral {
            self.leave_barrier(&agent_id, ctx);
            return;
        }
        let ask = RecordOutcome {
            cycle: cycle.cycle,
            replay: cycle.replay,
            released: cycle.counts.released,
            agent_id: agent_id.clone(),
            http_session,
            outcome,
        };
        let verdict = self.services.breaker.send(ask).into_actor(self);
        ctx.spawn(verdict.map(move |verdict, act, ctx| {
            act.heed(verdict, ctx);
            act.leave_barrier(&agent_id, ctx);
        }));
    }

    fn beat(&mut self, ctx: &mut Context<Self>) {
        if matches!(self.phase, Phase::Starting | Phase::Ended) {
            return;
        }
        let beat =
            Heartbeat { run_id: self.plan.run_id, owner: self.plan.owner, at: self.pacing.wall() };
        let services = self.services.clone();
        let sent = async move { services.write(beat).await }.into_actor(self);
        ctx.spawn(sent.map(|beaten, _, _| {
            if let Err(error) = beaten {
                tracing::warn!(%error, "the heartbeat was not written");
            }
        }));
    }
}

/// What the breaker makes of an ending.
fn outcome_of(ending: &Ending) -> Outcome {
    match ending {
        Ending::Idle | Ending::SkippedSessionDown | Ending::Unfinished => Outcome::Neutral,
        Ending::Unrecorded { cause } => Outcome::Failed { cause: cause.clone() },
        Ending::Recorded { status, reason, cause } => match (status, reason) {
            (FlowStatus::Failed, _) => Outcome::Failed {
                cause: cause.clone().unwrap_or_else(|| reason.as_str().to_owned()),
            },
            (_, EndReason::Frozen | EndReason::Stopped | EndReason::SessionDown) => {
                Outcome::Neutral
            }
            _ => Outcome::Ended,
        },
    }
}
