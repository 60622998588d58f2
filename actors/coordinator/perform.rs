//! Doing what the run wants done, and telling it what came of it. The one place that knows actors,
//! clocks and futures, and the one that decides nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use serde_json::json;

use crate::agent::messages::{CutFlow, RunCycle, StopAgent};
use crate::checkpointer::messages::CheckpointerInjection;
use crate::checkpointer::snapshot::SavedState;
use crate::circuit_breaker::messages::{ResetByOperator, Trip};
use crate::db_writer::messages::{DbWriterInjection, Drain, RecordCycle, SetRunState};
use crate::domain::calendar;
use crate::domain::cycle::Cycle;
use crate::domain::flow::AgentMemory;
use crate::domain::ids::AgentId;
use crate::domain::incident::IncidentKind;
use crate::domain::rate::Rate;
use crate::failpoint::{self, Failpoint};
use crate::injection::Injection;
use crate::offer_refresher::due::due_agents;
use crate::offer_refresher::messages::{OfferRefresherInjection, RefreshOffers};
use crate::ports::checkpoint_file::CheckpointError;
use crate::ports::shop_api::Caller;
use crate::ports::store::RunState;
use crate::rate_limiter::messages::{RateLimiterInjection, Retune};

use super::agenda::Moment;
use super::command::{Command, CommandRefused, Done, Door};
use super::desk::{Desk, Entry};
use super::ledger::{self, About, NOBODY, Report};
use super::messages::Inject;
use super::run::action::{Action, Ticket};
use super::run::input::{Closed, Input, Reopened};
use super::run::state::checkpoint_answer;
use super::shard::barrier::TickTime;
use super::start::{self, Prepared};
use super::{Coordinator, injections, ramp};

/// What becomes of a command or a message; some are done only when something else has been.
type Outcome = ResponseFuture<Result<Done, CommandRefused>>;

/// What became of a checkpoint.
type Saved = Result<PathBuf, CheckpointError>;

impl Coordinator {
    /// Tells the run what happened and does what it wants, until nothing more comes of it.
    pub(super) fn feed(&mut self, input: Input, ctx: &mut Context<Self>) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            for action in self.run.on(input, self.clock.now()) {
                next = self.perform(action, ctx);
            }
        }
    }

    /// Does one thing; answers what has happened by it already. Only the last of several does.
    #[expect(clippy::disallowed_methods, reason = "one each a change of state: human rate")]
    fn perform(&mut self, action: Action, ctx: &mut Context<Self>) -> Option<Input> {
        match action {
            Action::Started(started) => self.desk.started(started),
            Action::Tick { lateness } => return self.tick(lateness, ctx),
            Action::CutFlows => {
                self.shard.outstanding().iter().for_each(|agent| agent.do_send(CutFlow));
            }
            Action::CloseCycle { broken } => self.close_cycle(broken, ctx),
            Action::Save(state) => self.save(state, ctx, |_, saved| Some(Input::Saved(saved))),
            Action::Checkpoint(state, tickets) => self.save(state, ctx, move |act, saved| {
                tickets.iter().for_each(|ticket| act.answer(*ticket, checkpoint_answer(&saved)));
                None
            }),
            Action::Follow(moment) => {
                self.follow(moment, ctx);
                return Some(Input::Followed);
            }
            Action::WriteState(state) => self.write_state(state, ctx),
            Action::Drain => self.drain(ctx),
            Action::End(state) => self.end(state),
            Action::Gate(gate) => self.services.set_gate(gate),
            Action::Alarm(at) => self.clock.set(at, ctx),
            Action::Publish => self.publish(),
            Action::Incident(kind, message, detail) => {
                self.note((kind, message, detail), NOBODY);
            }
            Action::ShowFailures(reason) => self.ledger.show_failures(&reason),
            Action::ForgetFailures => self.ledger.failures.0 = 0,
            Action::Trip(reason) => self.services.breaker.do_send(Trip(reason)),
            Action::Reset => self.services.breaker.do_send(ResetByOperator),
            Action::Look(from) => self.look(from, ctx),
            Action::Rebuild(reopened) => self.rebuild_all(*reopened),
            Action::Answer(ticket, answer) => self.answer(ticket, answer),
            Action::Revive(ticket, agent_id) => self.revive(ticket, &agent_id),
            Action::SetRate(ticket, rate) => self.set_rate(ticket, rate),
            Action::KeepTimeScale(scale) => self.ledger.tuning.set_time_scale(scale),
        }
        None
    }

    /// Shop and store are asked, or, where the run comes back frozen, the store alone.
    pub(super) fn start(&mut self, ctx: &mut Context<Self>) {
        let (services, plan) = (self.services.clone(), Arc::clone(&self.ledger.plan));
        let pacing = Arc::clone(&self.clock.pacing);
        let prepared = start::prepare(services, Arc::clone(&plan), pacing).into_actor(self);
        ctx.spawn(prepared.map(move |prepared, act, ctx| {
            let Prepared { personas, shop, memories, input, reports } = match prepared {
                Ok(prepared) => prepared,
                Err(error) => return act.feed(Input::Prepared(Err(error)), ctx),
            };
            let saved = plan.resume_from.as_ref().map(|point| &point.snapshot);
            act.shard.fill(personas, memories, saved);
            act.shard.shop = shop;
            reports.0.into_iter().for_each(|report| act.note(report, NOBODY));
            act.feed(input, ctx);
            reports.1.into_iter().for_each(|report| act.note(report, NOBODY));
        }));
    }

    /// The cycle begins for everybody released.
    #[expect(clippy::disallowed_methods, reason = "one tick in flight per agent: 372")]
    fn tick(&mut self, lateness: Duration, ctx: &mut Context<Self>) -> Option<Input> {
        failpoint::pass(Failpoint::Tick);
        let (now, wall) = (self.clock.now(), self.clock.wall());
        if let Some(report) = self.clock.gaps.jumped(now, wall) {
            self.note(report, NOBODY);
        }
        let time = TickTime { now, wall, lateness_ms: self.ledger.tick(lateness) };
        let (cycle, replay) = (self.run.at().cycle, self.run.at().replay());
        let plan = Arc::clone(&self.ledger.plan);
        let released = ramp::released(cycle, self.shard.roster().len(), &plan.warm_up);
        let ticked = self.shard.open(cycle, replay, released, time);
        if let Some(experiment) = &plan.experiment {
            for exposed in self.shard.exposures(experiment, cycle, released, &plan.warm_up) {
                self.note(exposed.report(experiment), NOBODY);
            }
        }
        self.follow(Moment::Tick(cycle), ctx);
        self.refresh_offers(ctx);
        for http_session in self.services.board.down() {
            self.probe(http_session, ctx);
        }
        let simulated_at = self.run.at().simulated_at();
        let tick = RunCycle {
            cycle,
            replay,
            simulated_at,
            event_weight: calendar::event_weight(simulated_at),
            shop: Arc::clone(&self.shard.shop),
            report_to: ctx.address().recipient(),
        };
        ticked.iter().for_each(|agent| agent.do_send(tick.clone()));
        self.publish();
        ticked.is_empty().then_some(Input::Barrier)
    }

    /// The attempt becomes a row.
    fn close_cycle(&mut self, broken: bool, ctx: &mut Context<Self>) {
        let Some(attempt) = self.shard.close(broken) else { return };
        let record = attempt.close(
            self.ledger.plan.run_id,
            self.run.at().simulated_at(),
            self.clock.now(),
            self.clock.wall(),
            self.ledger.latency.close_cycle(),
            self.ledger.tuning.rate,
        );
        let (services, row) = (self.services.clone(), record.clone());
        let written = async move { services.write(RecordCycle(row)).await }.into_actor(self);
        ctx.spawn(written.map(move |written, act, ctx| {
            if let Err(error) = written {
                return act.feed(Input::Recorded(Err(error.to_string())), ctx);
            }
            let (report, nothing_accepted) = ledger::refusals(&record).unzip();
            let nothing_accepted = nothing_accepted.flatten();
            act.outlets.closed(&record);
            act.ledger.close(record, act.run.frozen().is_some());
            report.into_iter().for_each(|report| act.note(report, NOBODY));
            act.feed(Input::Recorded(Ok(Closed { broken, nothing_accepted })), ctx);
        }));
    }

    /// Writes a checkpoint of the last clean boundary, and does `then` with what came of it.
    fn save(
        &mut self,
        state: SavedState,
        ctx: &mut Context<Self>,
        then: impl FnOnce(&mut Self, Saved) -> Option<Input> + 'static,
    ) {
        let (at, wall) = (self.run.at(), self.clock.wall());
        let snapshot = self.ledger.snapshot(at, self.shard.roster(), state, wall);
        let services = self.services.clone();
        let saved = async move { services.save(snapshot).await }.into_actor(self);
        ctx.spawn(saved.map(|saved, act, ctx| {
            match &saved {
                Ok(path) => act.ledger.saved(path.clone(), act.clock.wall()),
                Err(error) => {
                    let kind = IncidentKind::CheckpointFailed;
                    act.note((kind, error.to_string(), json!({})), NOBODY);
                }
            }
            act.publish();
            if let Some(input) = then(act, saved) {
                act.feed(input, ctx);
            }
        }));
    }

    fn write_state(&mut self, state: RunState, ctx: &mut Context<Self>) {
        let (plan, at) = (&self.ledger.plan, self.clock.wall());
        let note = SetRunState { run_id: plan.run_id, owner: plan.owner, state, at };
        let services = self.services.clone();
        let written = async move { services.write(note).await }.into_actor(self);
        ctx.spawn(written.map(|written, act, ctx| {
            if let Err(error) = written {
                tracing::error!(%error, "the run's state could not be recorded");
            }
            act.feed(Input::StateWritten, ctx);
        }));
    }

    fn drain(&mut self, ctx: &mut Context<Self>) {
        let services = self.services.clone();
        let drained = async move { services.write(Drain).await }.into_actor(self);
        ctx.spawn(drained.map(|drained, act, ctx| {
            if let Err(error) = drained {
                tracing::error!(%error, "the store did not drain");
            }
            act.feed(Input::Drained, ctx);
        }));
    }

    fn end(&mut self, state: RunState) {
        let waiting = self.desk.clear();
        if waiting > 0 {
            tracing::warn!(waiting, "messages were to be injected in cycles that never came");
        }
        self.publish();
        self.outlets.end(state);
    }

    /// Every HTTP session and the shop are looked at, and an attempt is begun.
    fn look(&mut self, from: Cycle, ctx: &mut Context<Self>) {
        let roster = self.shard.roster();
        let first = roster.everybody().first().and_then(|agent| roster.persona(agent));
        let first = first.expect("a run without agents never starts");
        let (agent_id, user_id) = (first.agent_id.clone(), first.user_id);
        let caller = Caller { agent_id, user_id, flow_id: None };
        let plan = Arc::clone(&self.ledger.plan);
        let pacing = Arc::clone(&self.clock.pacing);
        let looked = start::reopen(self.services.clone(), plan, pacing, caller, from);
        ctx.spawn(looked.into_actor(self).map(|looked, act, ctx| {
            act.feed(Input::Looked(looked.map_err(|error| error.to_string())), ctx);
        }));
    }

    fn rebuild_all(&mut self, reopened: Reopened) {
        let Reopened { shop, mut memories, .. } = reopened;
        self.shard.shop = shop;
        for agent in self.shard.roster().everybody().to_vec() {
            let mut memory = memories.remove(&agent).unwrap_or_default();
            let dirty = &self.ledger.plan.dirty_carts;
            memory.shop_cart_dirty |= dirty.iter().any(|cart| cart.agent_id == agent);
            self.rebuild(&agent, memory);
        }
    }

    /// A fresh build of an agent; the one before ends quietly, if it still lives.
    #[expect(clippy::disallowed_methods, reason = "one per build of an agent")]
    pub(super) fn rebuild(&mut self, agent: &AgentId, memory: AgentMemory) {
        if let Some(old) = self.shard.rebuild(agent, memory) {
            old.do_send(StopAgent);
        }
    }

    pub(super) fn refresh_offers(&mut self, ctx: &mut Context<Self>) {
        let (roster, plan) = (self.shard.roster(), &self.ledger.plan);
        let due = due_agents(roster.everybody(), self.run.at().cycle, &plan.offers);
        if !due.is_empty() {
            self.refresh_offers_of(due, ctx);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "one per cycle; the refresher merges them")]
    fn refresh_offers_of(&mut self, due: Vec<AgentId>, ctx: &mut Context<Self>) {
        let (at, plan) = (self.run.at(), &self.ledger.plan);
        self.services.refresher.do_send(RefreshOffers {
            run_id: plan.run_id,
            owner: plan.owner,
            cycle: at.cycle,
            replay: at.replay(),
            at: at.simulated_at(),
            cohorts: self.shard.cohorts_of(&due, plan.experiment.as_deref()),
            due,
            report_to: ctx.address().recipient(),
        });
    }

    /// Asks the run, for somebody who waits.
    pub(super) fn operate(
        &mut self,
        command: Command,
        door: Door,
        ctx: &mut Context<Self>,
    ) -> Outcome {
        let (ticket, answer) = self.desk.ask(command.clone(), door);
        self.feed(Input::Command(ticket, command), ctx);
        let ended = CommandRefused::WrongState { state: "ended", hint: "start or resume a run" };
        Box::pin(async move { answer.await.unwrap_or(Err(ended)) })
    }

    /// Answers, and writes down who asked for what and what became of it: one incident a command.
    fn answer(&mut self, ticket: Ticket, answer: Result<Done, CommandRefused>) {
        let Some(asked) = self.desk.answered(ticket) else { return };
        let (report, about) = asked.report(&answer);
        self.note_unless_over(report, about);
        // Whoever asked may have gone away.
        let _ = asked.reply.send(answer);
    }

    fn revive(&mut self, ticket: Ticket, agent_id: &AgentId) {
        let revived = self.shard.revive(agent_id);
        self.publish();
        let message = format!("{agent_id} is out of quarantine and shops from the next cycle on");
        self.answer(ticket, revived.map(|()| Done::that(message)));
    }

    #[expect(clippy::disallowed_methods, reason = "one per operator's command")]
    fn set_rate(&mut self, ticket: Ticket, rate: Rate) {
        let was = self.ledger.tuning.rate;
        self.ledger.tuning.set_rate(rate);
        self.services.limiter.do_send(Retune(rate));
        self.publish();
        let message = format!("the rate limit is {rate} requests a second, it was {was}");
        self.answer(ticket, Ok(Done::that(message)));
    }

    /// Delivers a message at once, or notes it for its moment.
    pub(super) fn inject(&mut self, inject: Inject, ctx: &mut Context<Self>) -> Outcome {
        let Inject { injection, at, door } = inject;
        let Some(moment) = at else { return self.deliver(injection, door, ctx) };
        let message = format!("{injection} waits for {moment}");
        let entry = Entry::Inject(injection, door, None);
        let noted = self.next_moment(moment).and_then(|next| self.desk.note(moment, next, entry));
        Box::pin(std::future::ready(noted.map(|()| Done::that(message))))
    }

    /// The next moment of this kind.
    pub(super) fn next_moment(&self, moment: Moment) -> Result<Moment, CommandRefused> {
        let is_ticked = self.shard.attempt().is_some();
        let next = Desk::next(moment, self.run.at().cycle, is_ticked);
        if self.run.is_over() { Err(injections::ended()) } else { Ok(next) }
    }

    /// Does what waits for `moment`.
    fn follow(&mut self, moment: Moment, ctx: &mut Context<Self>) {
        for entry in self.desk.due(moment) {
            match entry {
                Entry::Inject(injection, door, reply) => {
                    let delivered = self.deliver(injection, door, ctx);
                    actix::spawn(async move {
                        let outcome = delivered.await;
                        // Whoever asked may have gone away.
                        let _ = reply.map(|reply| reply.send(outcome));
                    });
                }
                Entry::Look(look) => {
                    self.publish();
                    // Whoever asked may have gone away.
                    let _ = look.send(self.outlets.picture());
                }
            }
        }
    }

    fn deliver(&mut self, injection: Injection, door: Door, ctx: &mut Context<Self>) -> Outcome {
        if let Injection::Coordinator(command) = injection {
            let door = if door == Door::Scenario { door } else { Door::Injection };
            return self.operate(command, door, ctx);
        }
        let ends_writer = matches!(injection, Injection::DbWriter(DbWriterInjection::Die));
        if ends_writer && !self.run.is_over() {
            return self.end_writer(&injection, door);
        }
        let (written, about) = (injection.to_string(), injections::about(&injection));
        let sent = self.send_on(injection, ctx);
        let outcome = sent.map(|()| Done::that(format!("injected {written}")));
        self.note_unless_over(injections::report(&written, door, &outcome), about);
        Box::pin(std::future::ready(outcome))
    }

    /// The DbWriter writes down that it is to die before it hears of it.
    #[expect(clippy::disallowed_methods, reason = "one per developer's message")]
    fn end_writer(&mut self, injection: &Injection, door: Door) -> Outcome {
        let written = injection.to_string();
        let outcome = Ok(Done::that(format!("injected {written}")));
        let report = injections::report(&written, door, &outcome);
        let incident = self.ledger.incident(self.run.at(), self.clock.wall(), report, NOBODY);
        let services = self.services.clone();
        Box::pin(async move {
            services.write_down(incident).await;
            services.writer.do_send(DbWriterInjection::Die);
            outcome
        })
    }

    fn send_on(
        &mut self,
        injection: Injection,
        ctx: &mut Context<Self>,
    ) -> Result<(), CommandRefused> {
        if self.run.is_over() {
            return Err(injections::ended());
        }
        match injection {
            Injection::OfferRefresher(OfferRefresherInjection::Refresh) => {
                self.refresh_offers_of(self.shard.roster().everybody().to_vec(), ctx);
            }
            Injection::Checkpointer(CheckpointerInjection::Save) => {
                self.save(self.run.saved(), ctx, |_, _| None);
            }
            Injection::RateLimiter(RateLimiterInjection::OpenGate) if !self.run.may_send() => {
                let hint = "only resume opens its gate";
                let state = "paused, frozen or ending";
                return Err(CommandRefused::WrongState { state, hint });
            }
            injection => injections::send_on(&self.shard, &self.services, injection)?,
        }
        Ok(())
    }

    /// An incident: told to watchers, and written beside the run.
    pub(super) fn note(&mut self, report: Report, about: About) {
        let incident = self.ledger.incident(self.run.at(), self.clock.wall(), report, about);
        let services = self.services.clone();
        actix::spawn(async move { services.write_down(incident).await });
    }

    /// After the end the store is closed: there is no run left that a row could belong to.
    fn note_unless_over(&mut self, report: Report, about: About) {
        if self.run.is_over() { tracing::warn!("{}", report.1) } else { self.note(report, about) }
    }

    /// Shows the run as it is.
    pub(super) fn publish(&self) {
        let Self { outlets, run, shard, ledger, services, clock, .. } = self;
        outlets.publish(run, shard, ledger, services, &*clock.pacing);
    }
}
