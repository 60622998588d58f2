//! Delivering what a developer injects, and the one incident that says so.

use actix::prelude::*;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::agent::drill::Shares;
use crate::agent::messages::{AgentInjection, Drill};
use crate::checkpointer::messages::CheckpointerInjection;
use crate::circuit_breaker::messages::CircuitBreakerInjection;
use crate::db_writer::messages::DbWriterInjection;
use crate::domain::cycle::Cycle;
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::incident::IncidentKind;
use crate::injection::Injection;
use crate::offer_refresher::messages::OfferRefresherInjection;
use crate::rate_limiter::messages::RateLimiterInjection;
use crate::session_pool::messages::{SessionInjection, SessionPoolInjection};

use super::Coordinator;
use super::agenda::Moment;
use super::command::{CommandRefused, Done, Door};
use super::commands::Outcome;
use super::messages::{Appoint, Appointment, Inject};
use super::progress::Phase;
use super::publish::write_down;
use super::status::RunStatus;

/// Where developers' messages go that no other edge leads to.
#[derive(Clone)]
pub struct DrillDoors {
    /// Each HTTP session, session 0 first.
    pub sessions: Vec<Recipient<SessionInjection>>,
    /// The SessionPool.
    pub pool: Recipient<SessionPoolInjection>,
    /// The OfferRefresher.
    pub refresher: Recipient<OfferRefresherInjection>,
}

/// What waits for its moment.
#[derive(Debug)]
pub enum Entry {
    /// A message, how it came in, and who waits to hear what became of it.
    Inject(Injection, Door, Option<Reply>),
    /// A scenario wants to see the run as it is then.
    Look(oneshot::Sender<RunStatus>),
}

/// Where it is said what became of a message.
type Reply = oneshot::Sender<Result<Done, CommandRefused>>;

/// What a message went to, for its incident.
type About = (Option<AgentId>, Option<SessionId>);

impl Coordinator {
    /// Delivers a message at once, or notes it for its moment.
    pub(super) fn inject(&mut self, inject: Inject, ctx: &mut Context<Self>) -> Outcome {
        let Inject { injection, at, door } = inject;
        let Some(moment) = at else { return self.deliver(injection, door, ctx) };
        let message = format!("{injection} waits for {moment}");
        let noted = self.note_for(moment, Entry::Inject(injection, door, None));
        Box::pin(fut::ready(noted.map(|()| Done::that(message))))
    }

    /// Notes a scenario's step for its moment.
    pub(super) fn appoint(&mut self, step: Appoint) -> Result<Appointment, CommandRefused> {
        let Appoint { at, injections } = step;
        let mut outcomes = Vec::new();
        for injection in injections {
            let (reply, outcome) = oneshot::channel();
            self.note_for(at, Entry::Inject(injection, Door::Scenario, Some(reply)))?;
            outcomes.push(outcome);
        }
        let (look, picture) = oneshot::channel();
        self.note_for(at, Entry::Look(look))?;
        Ok(Appointment { outcomes, picture })
    }

    /// Does what waits for `moment`.
    pub(super) fn follow_agenda(&mut self, moment: Moment, ctx: &mut Context<Self>) {
        for entry in self.orders.agenda.due(moment) {
            match entry {
                Entry::Inject(injection, door, reply) => {
                    let delivered = self.deliver(injection, door, ctx);
                    ctx.spawn(delivered.map(|outcome, _, _| {
                        // Whoever asked may have gone away.
                        let _ = reply.map(|reply| reply.send(outcome));
                    }));
                }
                Entry::Look(look) => {
                    self.publish();
                    // Whoever asked may have gone away.
                    let _ = look.send(self.outlets.status.borrow().clone());
                }
            }
        }
    }

    /// The last cycle has closed and the run is at rest: between two cycles, frozen or at its end.
    pub(super) fn follow_agenda_at_boundary(&mut self, ctx: &mut Context<Self>) {
        let closed = match (self.progress.broken, self.progress.cycle) {
            (Some(broken), _) => broken,
            (None, Cycle(0)) => return,
            (None, Cycle(next)) => Cycle(next - 1),
        };
        self.follow_agenda(Moment::End(closed), ctx);
    }

    fn note_for(&mut self, moment: Moment, entry: Entry) -> Result<(), CommandRefused> {
        let (tick, end) = match &self.phase {
            Phase::Ended => return Err(ended()),
            Phase::InCycle(under_way) => (under_way.cycle.next(), under_way.cycle),
            Phase::Starting | Phase::Closing | Phase::Waiting { .. } | Phase::Halted { .. } => {
                (self.progress.cycle, self.progress.cycle)
            }
        };
        let next = match moment {
            Moment::Tick(_) => Moment::Tick(tick),
            Moment::End(_) => Moment::End(end),
        };
        if moment < next {
            return Err(CommandRefused::Past { moment, next });
        }
        let has_room = self.orders.agenda.add(moment, entry);
        if has_room { Ok(()) } else { Err(CommandRefused::AgendaFull) }
    }

    fn deliver(&mut self, injection: Injection, door: Door, ctx: &mut Context<Self>) -> Outcome {
        if let Injection::Coordinator(command) = injection {
            let door = if door == Door::Scenario { door } else { Door::Injection };
            let carried_out = self.carry_out(&command, ctx);
            return Box::pin(carried_out.map(move |outcome, act, _| {
                act.note_command(&command, door, &outcome);
                outcome
            }));
        }
        if matches!(injection, Injection::DbWriter(DbWriterInjection::Die)) {
            return self.end_writer(&injection, door);
        }
        let written = injection.to_string();
        let about = about(&injection);
        let done = self.send_on(injection, ctx).map(|()| Done::that(format!("injected {written}")));
        self.note_injection(&written, door, about, &done);
        Box::pin(fut::ready(done))
    }

    /// The DbWriter writes down that it is to die before it hears of it.
    #[expect(clippy::disallowed_methods, reason = "one per developer's message")]
    fn end_writer(&mut self, injection: &Injection, door: Door) -> Outcome {
        if matches!(self.phase, Phase::Ended) {
            return Box::pin(fut::ready(Err(ended())));
        }
        let done = Done::that(format!("injected {injection}"));
        let message = format!("{} (door: {door})", done.message);
        let detail = detail(door, &injection.to_string(), "done");
        let incident = self.tell(IncidentKind::Injection, message, detail, None, None);
        let written = write_down(self.services.clone(), incident).into_actor(self);
        Box::pin(written.map(|(), act, _| {
            act.services.writer.do_send(DbWriterInjection::Die);
            Ok(done)
        }))
    }

    #[expect(clippy::disallowed_methods, reason = "one per developer's message, or per agent")]
    fn send_on(
        &mut self,
        injection: Injection,
        ctx: &mut Context<Self>,
    ) -> Result<(), CommandRefused> {
        if matches!(self.phase, Phase::Ended) {
            return Err(ended());
        }
        let drills = &self.services.drills;
        match injection {
            Injection::Agent(agent_id, what) => return self.drill_agent(agent_id, what),
            Injection::Agents(count, what) => self.drill_agents(count, what),
            Injection::Session(session, what) => {
                match drills.sessions.get(usize::from(session.0)) {
                    Some(actor) => actor.do_send(what),
                    None => return Err(self.no_session(session)),
                }
            }
            Injection::SessionPool(SessionPoolInjection::MarkDown(session))
            | Injection::CircuitBreaker(CircuitBreakerInjection::SignalOutage(session))
                if usize::from(session.0) >= drills.sessions.len() =>
            {
                return Err(self.no_session(session));
            }
            Injection::SessionPool(what) => drills.pool.do_send(what),
            Injection::RateLimiter(RateLimiterInjection::OpenGate) if !self.may_send() => {
                let hint = "only resume opens its gate";
                return Err(CommandRefused::WrongState { state: "paused, frozen or ending", hint });
            }
            Injection::RateLimiter(what) => self.services.limiter.do_send(what),
            Injection::CircuitBreaker(what) => self.services.breaker.do_send(what),
            Injection::DbWriter(what) => self.services.writer.do_send(what),
            Injection::OfferRefresher(OfferRefresherInjection::Refresh) => {
                let everybody = self.roster.everybody().to_vec();
                self.refresh_offers_of(everybody, self.progress.cycle, ctx);
            }
            Injection::OfferRefresher(what) => drills.refresher.do_send(what),
            Injection::Checkpointer(CheckpointerInjection::Save) => {
                let saved = self.save(self.saved_state(), ctx);
                ctx.spawn(saved.map(|_, _, _| ()));
            }
            Injection::Checkpointer(what) => self.services.checkpointer.do_send(what),
            Injection::Coordinator(_) => {}
            Injection::Shop(drill) => return drill.make().map_err(CommandRefused::ShopDrill),
        }
        Ok(())
    }

    /// Whether the gate may stand open: nothing but an operator's resume opens another one.
    fn may_send(&self) -> bool {
        self.orders.frozen.is_none() && !self.orders.paused && self.orders.quit.is_none()
    }

    fn no_session(&self, http_session: SessionId) -> CommandRefused {
        CommandRefused::NoSession { http_session, sessions: self.services.drills.sessions.len() }
    }

    #[expect(clippy::disallowed_methods, reason = "one per developer's message")]
    fn drill_agent(&self, agent_id: AgentId, what: AgentInjection) -> Result<(), CommandRefused> {
        let Some(agent) = self.roster.handle(&agent_id) else {
            let is_known = self.roster.persona(&agent_id).is_some();
            let why = if is_known { "is in quarantine" } else { "is no agent of this run" };
            return Err(CommandRefused::Agent { agent_id, why });
        };
        agent.do_send(Drill { what, shares: Shares::of(1) });
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "one per agent and developer's message")]
    fn drill_agents(&self, count: u32, what: AgentInjection) {
        let shares = Shares::of(count);
        for agent in self.roster.everybody().iter().filter_map(|agent| self.roster.handle(agent)) {
            agent.do_send(Drill { what, shares: shares.clone() });
        }
    }

    fn note_injection(
        &mut self,
        written: &str,
        door: Door,
        (agent_id, http_session): About,
        outcome: &Result<Done, CommandRefused>,
    ) {
        let (message, result) = match outcome {
            Ok(done) => (format!("{} (door: {door})", done.message), "done"),
            Err(why) => (format!("{written} was refused: {why} (door: {door})"), "refused"),
        };
        if matches!(self.phase, Phase::Ended) {
            return tracing::warn!("{message}");
        }
        let detail = detail(door, written, result);
        self.note(IncidentKind::Injection, message, detail, agent_id, http_session);
    }
}

fn detail(door: Door, written: &str, outcome: &str) -> Value {
    json!({ "door": door, "message": written, "outcome": outcome, "drill": true })
}

fn ended() -> CommandRefused {
    CommandRefused::WrongState { state: "ended", hint: "start or resume a run" }
}

fn about(injection: &Injection) -> About {
    match injection {
        Injection::Agent(agent_id, _) => (Some(agent_id.clone()), None),
        Injection::Session(session, _) => (None, Some(*session)),
        Injection::Agents(..)
        | Injection::SessionPool(_)
        | Injection::RateLimiter(_)
        | Injection::CircuitBreaker(_)
        | Injection::DbWriter(_)
        | Injection::OfferRefresher(_)
        | Injection::Checkpointer(_)
        | Injection::Coordinator(_)
        | Injection::Shop(_) => (None, None),
    }
}
