//! Doing what the run wants done, and telling it what came of it. The one place that knows actors,
//! clocks and futures, and the one that decides nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use serde_json::json;

use crate::agent::messages::{CutFlow, RunCycle, StopAgent};
use crate::circuit_breaker::messages::{ResetByOperator, Trip};
use crate::db_writer::messages::{BearOut, Drain, RecordCycle, SetRunState};
use crate::domain::calendar;
use crate::domain::cycle::Cycle;
use crate::domain::flow::AgentMemory;
use crate::domain::ids::AgentId;
use crate::domain::incident::{Incident, IncidentKind};
use crate::domain::shop_notes::ShopNotes;
use crate::domain::snapshot::SavedState;
use crate::failpoint::{self, Failpoint};
use crate::offer_refresher::due::due_agents;
use crate::offer_refresher::messages::RefreshOffers;
use crate::ports::checkpoint_file::CheckpointError;
use crate::ports::store::{Lived, RunState};
use crate::rate_limiter::messages::{Rebound, Retune};

use super::agenda::Moment;
use super::command::{Command, CommandRefused, Done, Door};
use super::ledger::{self, About, NOBODY, Report};
use super::messages::GiveUp;
use super::run::action::{Action, Ticket, Tune};
use super::run::input::{Closed, Input, Reopened};
use super::run::state::checkpoint_answer;
use super::shard::barrier::TickTime;
use super::start::{self, Prepared};
use super::{Coordinator, carts, injections, ramp};

/// What becomes of a command or a message; some are done only when something else has been.
pub(super) type Outcome = ResponseFuture<Result<Done, CommandRefused>>;

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
                injections::follow(self, moment, ctx);
                return Some(Input::Followed);
            }
            Action::ClearCarts => return carts::clear(self, ctx),
            Action::SayCarts => carts::say(self),
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
            Action::Tune(ticket, tune) => self.tune(ticket, tune),
            Action::KeepTimeScale(scale) => self.ledger.tuning.set_time_scale(scale),
        }
        None
    }

    /// Lets this be done, and does `then` with what came of it.
    pub(super) fn after<T: 'static>(
        &mut self,
        work: impl Future<Output = T> + 'static,
        ctx: &mut Context<Self>,
        then: impl FnOnce(T, &mut Self, &mut Context<Self>) + 'static,
    ) {
        ctx.spawn(work.into_actor(self).map(then));
    }

    /// Shop and store are asked, or, where the run comes back frozen, the store alone.
    pub(super) fn start(&mut self, ctx: &mut Context<Self>) {
        let (services, plan) = (self.services.clone(), Arc::clone(&self.ledger.plan));
        let pacing = Arc::clone(&self.clock.pacing);
        let prepared = start::prepare(services, Arc::clone(&plan), pacing);
        self.after(prepared, ctx, move |prepared, act, ctx| {
            let Prepared { personas, shop, memories, input, notes, reports } = match prepared {
                Ok(prepared) => prepared,
                Err(error) => return act.feed(Input::Prepared(Err(error)), ctx),
            };
            let saved = plan.resume_from.as_ref().map(|point| &point.snapshot);
            act.shard.fill(personas, memories, saved);
            act.services.pressure.set_callers(act.shard.roster().len());
            act.shard.shop = shop;
            reports.0.into_iter().for_each(|report| act.note(report, NOBODY));
            act.feed(input, ctx);
            reports.1.into_iter().for_each(|report| act.note(report, NOBODY));
            act.hear(&notes, None);
        });
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
        injections::follow(self, Moment::Tick(cycle), ctx);
        self.refresh_offers(ctx);
        for http_session in self.services.board.down() {
            self.probe(http_session, ctx);
        }
        let simulated_at = self.run.at().simulated_at();
        let tick = RunCycle {
            cycle,
            replay,
            resumes: self.run.at().resumes(),
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
        let notes = attempt.notes.clone();
        let record = attempt.close(
            self.ledger.plan.run_id,
            self.run.at().simulated_at(),
            self.clock.now(),
            self.clock.wall(),
            self.ledger.latency.close_cycle(),
            self.ledger.tuning.rate,
        );
        let (services, row) = (self.services.clone(), record.clone());
        let borne = self.ledger.borne(&record);
        let written = async move {
            if let Some(borne) = borne {
                services.write(BearOut(borne)).await?;
            }
            services.write(RecordCycle(row)).await
        };
        self.after(written, ctx, move |written, act, ctx| {
            match written {
                Ok(seal) => act.ledger.seal = seal,
                Err(error) => return act.feed(Input::Recorded(Err(error.to_string())), ctx),
            }
            let (report, nothing_accepted) = ledger::refusals(&record, &notes).unzip();
            let nothing_accepted = nothing_accepted.flatten();
            act.outlets.closed(&record);
            let released = record.counts.released;
            act.ledger.close(record, act.run.frozen().is_some());
            report.into_iter().for_each(|report| act.note(report, NOBODY));
            act.hear(&notes, Some(released));
            act.feed(Input::Recorded(Ok(Closed { broken, nothing_accepted })), ctx);
        });
    }

    /// Writes a checkpoint of the last clean boundary, and does `then` with what came of it.
    pub(super) fn save(
        &mut self,
        state: SavedState,
        ctx: &mut Context<Self>,
        then: impl FnOnce(&mut Self, Saved) -> Option<Input> + 'static,
    ) {
        let (at, wall) = (self.run.at(), self.clock.wall());
        let snapshot = self.ledger.snapshot(at, self.shard.roster(), state, wall);
        let services = self.services.clone();
        let saved = async move { services.save(snapshot).await };
        self.after(saved, ctx, |saved, act, ctx| {
            match &saved {
                Ok(path) => act.ledger.saved(path.clone(), act.clock.wall()),
                Err(error) => {
                    let (kind, says) = (IncidentKind::CheckpointFailed, error.to_string());
                    act.ledger.checkpoint_failed = Some(says.clone());
                    act.note((kind, says, json!({})), NOBODY);
                }
            }
            act.publish();
            if let Some(input) = then(act, saved) {
                act.feed(input, ctx);
            }
        });
    }

    fn write_state(&mut self, state: RunState, ctx: &mut Context<Self>) {
        let (plan, at) = (&self.ledger.plan, self.clock.wall());
        let note = SetRunState { run_id: plan.run_id, owner: plan.owner, state, at };
        let services = self.services.clone();
        self.after(async move { services.write(note).await }, ctx, |written, act, ctx| {
            if let Err(error) = written {
                tracing::error!(%error, "the run's state could not be recorded");
            }
            act.feed(Input::StateWritten, ctx);
        });
    }

    fn drain(&mut self, ctx: &mut Context<Self>) {
        let services = self.services.clone();
        self.after(async move { services.write(Drain).await }, ctx, |drained, act, ctx| {
            if let Err(error) = drained {
                tracing::error!(%error, "the store did not drain");
            }
            act.feed(Input::Drained, ctx);
        });
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
        let lived = Lived { before: from, until: from, number: self.run.at().resumes() };
        let (services, plan) = (self.services.clone(), Arc::clone(&self.ledger.plan));
        let (callers, pacing) = (self.shard.callers(), Arc::clone(&self.clock.pacing));
        let looked = start::reopen(services, plan, pacing, callers, lived);
        self.after(looked, ctx, |looked, act, ctx| {
            act.feed(Input::Looked(looked.map_err(|error| error.to_string())), ctx);
        });
    }

    fn rebuild_all(&mut self, reopened: Reopened) {
        let Reopened { shop, mut memories, notes, .. } = reopened;
        self.shard.shop = shop;
        self.hear(&notes, None);
        for agent in self.shard.roster().everybody().to_vec() {
            let memory = memories.remove(&agent).unwrap_or_default();
            self.rebuild(&agent, memory);
        }
    }

    /// What so many agents, or all, met at the shop is said where it is new.
    fn hear(&mut self, notes: &ShopNotes, agents: Option<u32>) {
        let all = || u32::try_from(self.shard.roster().len()).unwrap_or(u32::MAX);
        let news = self.ledger.shop_news.hear(notes, agents.unwrap_or_else(all));
        news.into_iter().for_each(|report| self.note(report, NOBODY));
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
    pub(super) fn refresh_offers_of(&mut self, due: Vec<AgentId>, ctx: &mut Context<Self>) {
        let (at, plan) = (self.run.at(), &self.ledger.plan);
        self.services.refresher.do_send(RefreshOffers {
            run_id: plan.run_id,
            owner: plan.owner,
            cycle: at.cycle,
            replay: at.replay(),
            at: at.simulated_at(),
            due: self.shard.holders(due, plan.experiment.as_deref()),
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
    fn tune(&mut self, ticket: Ticket, Tune { rate, in_flight }: Tune) {
        let message = self.ledger.tuning.tell(rate, in_flight);
        if let Some(rate) = rate {
            self.services.limiter.do_send(Retune(rate));
        }
        if let Some(bound) = in_flight {
            self.services.limiter.do_send(Rebound(bound));
        }
        self.publish();
        self.answer(ticket, Ok(Done::that(message)));
    }

    /// An incident, told to watchers; whoever calls writes it down.
    pub(super) fn record(&mut self, report: Report, about: About) -> Incident {
        self.ledger.incident(self.run.at(), self.clock.wall(), report, about)
    }

    /// An incident: told to watchers, and written beside the run.
    pub(super) fn note(&mut self, report: Report, about: About) {
        let incident = self.record(report, about);
        let services = self.services.clone();
        actix::spawn(async move { services.write_down(incident).await });
    }

    /// After the end the store is closed: there is no run left that a row could belong to.
    pub(super) fn note_unless_over(&mut self, report: Report, about: About) {
        if self.run.is_over() { tracing::warn!("{}", report.1) } else { self.note(report, about) }
    }

    /// Shows the run as it is.
    pub(super) fn publish(&self) {
        let Self { outlets, run, shard, ledger, services, clock, .. } = self;
        outlets.publish(run, shard, ledger, services, &*clock.pacing);
    }
}

impl Handler<GiveUp> for Coordinator {
    type Result = ();

    fn handle(&mut self, _: GiveUp, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
