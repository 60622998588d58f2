//! Broadcasts the ticks, waits at the barrier, and does what operators say.
//!
//! *Owns*: the run, a pure machine ([`run`]) that decides; the agents and the barrier of a cycle
//! ([`shard`]); what has been counted ([`ledger`]); who waits ([`desk`]). `perform.rs` acts.
//! *Accepts*: `StartRun` and `Operate` from operators' doors, `Inject` and `Appoint` from a
//! developer's; `AgentFinished`, `AgentDown`, `OffersRefreshed`, `Frozen`, `SessionNews`,
//! `ServiceDown` as tells.
//! *Sends*: `RunCycle` and `Drill` to agents; a developer's messages to all; gate messages to the
//! RateLimiter; `RecordOutcome` and `Forgive` to the CircuitBreaker; rows to the DbWriter; probes
//! to HTTP sessions in doubt or down; `SaveCheckpoint`; `RefreshOffers`.
//! *When it fails*: the run ends; `resume` continues from the newest checkpoint.
//! *Bounds*: one cycle under way; one report per agent and cycle (372).

pub mod agenda;
mod attempt;
mod carts;
mod clock;
pub mod command;
mod crash_log;
pub mod desk;
mod down;
mod gaps;
pub mod injections;
pub mod journal;
pub mod latency;
pub mod ledger;
pub mod lost_orders;
pub mod messages;
pub mod outlets;
pub mod pacer;
mod perform;
pub mod plan;
pub mod ramp;
pub mod run;
pub mod service_watch;
pub mod services;
mod session_check;
mod sessions;
pub mod shard;
mod slow_shop;
mod start;
pub mod status;
mod store_watch;
pub mod tuning;
pub mod wards;

pub use self::start::first_contact::asked_first;
pub use self::start::outlook::{Outlook, VisitMix};

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use serde_json::json;

use crate::agent::Agent;
use crate::circuit_breaker::messages::{Forgive, FreezeReason, Verdict};
use crate::domain::flow::AgentMemory;
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::incident::IncidentKind;
use crate::ports::pacing::Pacing;

use clock::Clock;
use command::{CommandRefused, Done};
use desk::Desk;
use ledger::{Ledger, NOBODY};
use messages::{
    AgentDown, AgentFinished, Appoint, Appointment, Ending, Exit, Frozen, Inject, News,
    OffersRefreshed, Operate, Service, ServiceDown, SessionNews, StartError, StartRun,
};
use outlets::Outlets;
use plan::RunPlan;
use run::Run;
use run::input::Input;
use services::Services;
use shard::{Build, Heard, Shard};
use wards::Wards;

/// How often the run says that its owner lives, of which 120 s of silence make it dead, and finds
/// out whether the database takes writes.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(2);

/// How often the picture is shown beside what happens: readers draw rates and queues from it.
pub const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// The centre of a run.
pub struct Coordinator {
    /// Whom it may ask.
    services: Services,
    /// What the run is doing; it decides.
    run: Run,
    /// The agents, and who of them is outstanding.
    shard: Shard<Addr<Agent>>,
    /// What has been done so far.
    ledger: Ledger,
    /// Who waits for an answer.
    desk: Desk,
    /// The services as things that die.
    wards: Wards,
    /// Who watches.
    outlets: Outlets,
    /// The clocks and the one alarm.
    clock: Clock,
}

impl Coordinator {
    /// A run that waits for `StartRun`.
    pub fn new(
        services: Services,
        plan: Arc<RunPlan>,
        pacing: Arc<dyn Pacing>,
        build: Build<Addr<Agent>>,
        wards: Wards,
        outlets: Outlets,
    ) -> Self {
        Self {
            services,
            run: Run::new(&plan, pacing.now()),
            shard: Shard::new(build),
            ledger: Ledger::new(plan, pacing.wall()),
            desk: Desk::default(),
            wards,
            outlets,
            clock: Clock::new(pacing),
        }
    }
}

impl Actor for Coordinator {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(HEARTBEAT_INTERVAL, store_watch::beat);
        ctx.run_interval(STATUS_INTERVAL, |act, ctx| {
            act.note_time();
            store_watch::look(act, ctx);
            act.outlets.weigh();
            act.publish();
        });
    }
}

impl Handler<StartRun> for Coordinator {
    type Result = ResponseFuture<Result<(), StartError>>;

    fn handle(&mut self, _: StartRun, ctx: &mut Self::Context) -> Self::Result {
        let started = self.desk.starts();
        self.start(ctx);
        Box::pin(async move {
            started.await.unwrap_or_else(|_| Err(StartError::Ended("it is gone".to_owned())))
        })
    }
}

impl Handler<Operate> for Coordinator {
    type Result = ResponseFuture<Result<Done, CommandRefused>>;

    fn handle(
        &mut self,
        Operate { command, door }: Operate,
        ctx: &mut Context<Self>,
    ) -> Self::Result {
        self.operate(command, door, ctx)
    }
}

impl Handler<Inject> for Coordinator {
    type Result = ResponseFuture<Result<Done, CommandRefused>>;

    fn handle(&mut self, inject: Inject, ctx: &mut Self::Context) -> Self::Result {
        injections::inject(self, inject, ctx)
    }
}

impl Handler<Appoint> for Coordinator {
    type Result = Result<Appointment, CommandRefused>;

    fn handle(&mut self, step: Appoint, _: &mut Self::Context) -> Self::Result {
        injections::next_moment(self, step.at).and_then(|next| self.desk.appoint(step, next))
    }
}

impl Handler<AgentFinished> for Coordinator {
    type Result = ();

    fn handle(&mut self, report: AgentFinished, ctx: &mut Self::Context) {
        if !self.shard.awaits(&report) {
            tracing::debug!(agent.id = %report.agent_id, "a report nobody waits for");
            return;
        }
        self.ledger.calls(&report.timings);
        carts::hear(self, &report);
        self.note_unrecorded(&report.agent_id, &report.ending);
        let standing = self.services.board.standing(report.http_session);
        let heard = self.shard.hear(report, standing);
        self.heed(heard, ctx);
    }
}

impl Handler<AgentDown> for Coordinator {
    type Result = ();

    fn handle(&mut self, down: AgentDown, ctx: &mut Self::Context) {
        match &down.exit {
            _ if !self.shard.is_current(&down.agent_id, down.incarnation) => {}
            Exit::Cut => self.flow_cut(down, ctx),
            Exit::Stopped | Exit::Panicked(_) | Exit::Hung { .. } => self.agent_crashed(down, ctx),
        }
    }
}

impl Handler<OffersRefreshed> for Coordinator {
    type Result = ();

    fn handle(&mut self, refreshed: OffersRefreshed, _: &mut Self::Context) {
        if let Err(message) = self.ledger.refreshed(&refreshed) {
            self.note((IncidentKind::OffersFailed, message, json!({})), NOBODY);
        }
        self.publish();
    }
}

impl Handler<Frozen> for Coordinator {
    type Result = ();

    fn handle(&mut self, Frozen(reason): Frozen, ctx: &mut Self::Context) {
        self.feed(Input::Froze(reason), ctx);
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
    /// What an agent's report comes to.
    fn heed(&mut self, heard: Option<Heard>, ctx: &mut Context<Self>) {
        match heard {
            None => {}
            Some(Heard::InDoubt(http_session)) => self.probe(http_session, ctx),
            Some(Heard::Through(agent_id)) => self.leave(&agent_id, ctx),
            Some(Heard::Judge(ask)) => {
                let agent_id = ask.agent_id.clone();
                let verdict = self.services.breaker.send(ask);
                self.after(verdict, ctx, move |verdict, act, ctx| {
                    act.judged(verdict, ctx);
                    act.leave(&agent_id, ctx);
                });
            }
        }
    }

    /// Takes the breaker's verdict; its death is itself a reason to freeze.
    fn judged(&mut self, verdict: Result<Verdict, MailboxError>, ctx: &mut Context<Self>) {
        match verdict {
            Ok(Verdict::Running { failures, allowed }) => {
                self.ledger.failures = (failures, allowed);
            }
            Ok(Verdict::Frozen { reason }) => self.feed(Input::Froze(reason), ctx),
            Err(_) => {
                let service = Service::CircuitBreaker.to_string();
                self.feed(Input::Froze(FreezeReason::ServiceDied { service }), ctx);
            }
        }
    }

    /// The agent is through with its cycle.
    fn leave(&mut self, agent_id: &AgentId, ctx: &mut Context<Self>) {
        if self.shard.leave(agent_id) {
            self.feed(Input::Barrier, ctx);
        }
    }

    /// Writes down that a flow could not be written.
    fn note_unrecorded(&mut self, agent_id: &AgentId, ending: &Ending) {
        let report = ledger::unrecorded(agent_id, ending);
        report.into_iter().for_each(|r| self.note(r, (Some(agent_id.clone()), None)));
    }

    /// Closes the row, then builds the agent anew, then lets the barrier go on without it.
    fn agent_crashed(&mut self, down: AgentDown, ctx: &mut Context<Self>) {
        let (run_id, next) = (self.ledger.plan.run_id, self.run.at().cycle.next());
        let closed = down::close_crashed(self.services.clone(), down, run_id, next);
        self.after(closed, ctx, |(down, ending, memory), act, ctx| {
            if act.shard.is_current(&down.agent_id, down.incarnation) {
                act.replace(&down, &ending, memory, ctx);
            }
        });
    }

    fn replace(
        &mut self,
        down: &AgentDown,
        ending: &Ending,
        memory: AgentMemory,
        ctx: &mut Context<Self>,
    ) {
        let agent_id = &down.agent_id;
        let (_, cause) = down::cause(&down.exit);
        self.rebuild(agent_id, memory);
        self.ledger.totals.restarts += 1;
        let (after, too_many) = self.shard.crashed(agent_id, self.run.at().cycle);
        for report in down::reports(agent_id, &cause, after) {
            self.note(report, (Some(agent_id.clone()), None));
        }
        if let Some(reason) = too_many {
            self.feed(Input::Tripped(reason), ctx);
        }
        if let Some(heard) = self.shard.hear_down(down, ending, cause) {
            self.note_unrecorded(agent_id, ending);
            self.heed(Some(heard), ctx);
        }
    }

    /// A flow that was cut ends as stopped.
    fn flow_cut(&mut self, down: AgentDown, ctx: &mut Context<Self>) {
        let closed = down::close_cut(self.services.clone(), down);
        self.after(closed, ctx, |(down, ending, volume), act, ctx| {
            act.shard.hear_cut(&down, &ending, &volume);
            act.leave(&down.agent_id, ctx);
        });
    }

    /// An HTTP session tells of itself. One that the board has just taken down is forgiven what it
    /// broke; two down at once are a signal of an outage.
    #[expect(clippy::disallowed_methods, reason = "one a session that goes down")]
    fn session_news(&mut self, told: SessionNews, ctx: &mut Context<Self>) {
        let http_session = told.http_session;
        let is_again = told.news == News::AdapterRebuilt
            && !self.wards.is_news(http_session, self.run.at().cycle);
        if !is_again {
            self.note(sessions::report(&told), (None, Some(http_session)));
        }
        let News::Down { cause } = told.news else { return };
        let forgiven = self.services.breaker.send(Forgive(http_session));
        self.after(forgiven, ctx, |verdict, act, ctx| act.judged(verdict, ctx));
        if self.services.board.down().len() >= sessions::DOWN_IS_OUTAGE {
            let signal = sessions::outage(http_session, cause, self.clock.now());
            self.services.breaker.do_send(signal);
        }
    }

    /// Probes a session until it is known to be up or down; one probe a session.
    fn probe(&mut self, http_session: SessionId, ctx: &mut Context<Self>) {
        if !self.shard.begin_probe(http_session) {
            return;
        }
        let probed = sessions::probe_until_known(self.services.clone(), http_session);
        self.after(probed, ctx, move |(), act, ctx| {
            let standing = act.services.board.standing(http_session);
            for heard in act.shard.end_probe(http_session, standing) {
                act.heed(Some(heard), ctx);
            }
        });
    }

    /// A service's actor is gone: it is rebuilt, or the run is frozen for good.
    fn service_down(&mut self, service: Service, ctx: &mut Context<Self>) {
        if self.run.is_over() {
            return;
        }
        let cycle = self.run.at().cycle;
        if !self.wards.rebuild(service, cycle, &mut self.services) {
            return self.feed(Input::ServiceLost(service), ctx);
        }
        self.ledger.totals.restarts += 1;
        let message = format!("{service} died and was rebuilt");
        self.note((IncidentKind::Restart, message, json!({})), (None, service.http_session()));
        if service == Service::OfferRefresher && self.shard.attempt().is_some() {
            // What it was doing is lost with it; offers that are there already are left alone.
            self.refresh_offers(ctx);
        }
    }

    /// Writes down that nothing ran for a while, and what the shop's 429 and slowness come to.
    fn note_time(&mut self) {
        let now = self.clock.now();
        let throttled = self.services.throttle.with(|throttle| throttle.news(now));
        let slow = self.ledger.look_at(&self.services.pressure.taken(now));
        let news = [self.clock.gaps.stood(now), throttled.map(sessions::throttled), slow];
        if self.run.is_live() {
            news.into_iter().flatten().for_each(|report| self.note(report, NOBODY));
        }
    }
}
