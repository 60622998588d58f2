//! A shopper.
//!
//! *Owns*: one persona, its chance, what it remembers of the run.
//! *Accepts*: [`RunCycle`] from the Coordinator, one in flight; [`Drill`]; [`StopAgent`];
//! [`CutFlow`].
//! *Sends*: `Lease` once, then for each call `TakePermit` and `Call`; `OpenFlow`, `CommitFlow` or
//! `FailFlow`; one `AgentFinished` a cycle.
//! *When it fails*: a panic of a flow is caught, a flow without progress is cut; the actor stops,
//! its [`Monitor`] tells the Coordinator, which builds a fresh agent for the next tick. No other
//! agent notices.
//! *Bounds*: one flow at a time, its steps in sequence (Q3.3).

pub mod arms;
pub mod calls;
pub mod decision;
mod desk;
pub mod doors;
pub mod draft;
pub mod drill;
pub mod flow;
pub mod granted;
pub mod messages;
pub mod monitor;
pub mod progress;
pub mod record;
pub mod settings;
mod shopper;
pub mod state;
pub mod temporal;
pub mod watch;

use std::sync::Arc;

use actix::prelude::*;

use crate::coordinator::messages::{AgentFinished, Ending, Exit};
use crate::domain::cycle::CycleVolume;
use crate::domain::flow::{AgentMemory, ShopCart};
use crate::domain::ids::{Incarnation, SessionId};
use crate::domain::persona::Persona;
use crate::domain::shop_notes::ShopNotes;
use crate::session_pool::messages::Leased;

use decision::Activity;
use desk::{Desk, FlowOutcome};
use doors::AgentDoors;
use drill::SharedDrill;
use messages::{CutFlow, Drill, RunCycle, StopAgent};
use monitor::Monitor;
use progress::ProgressMark;
use settings::AgentSettings;
use shopper::Shopper;
use state::AgentState;
use watch::{Watched, watched};

/// One shopper's actor.
pub struct Agent {
    doors: AgentDoors,
    settings: Arc<AgentSettings>,
    /// Who it is, and when it shops.
    shopper: Shopper,
    /// Which build of this agent's actor; 0 is the first.
    incarnation: Incarnation,
    /// Kept between flows; away while one is under way, so a second tick finds none.
    state: Option<AgentState>,
    /// Its HTTP session, leased before its first flow.
    leased: Option<Leased>,
    /// Reports the actor's end, whatever ends it.
    monitor: Monitor,
    /// A fault that a developer has asked for and that has not struck yet.
    drill: SharedDrill,
}

impl Agent {
    /// A shopper with an empty cart and these memories.
    pub fn new(
        doors: AgentDoors,
        settings: Arc<AgentSettings>,
        persona: Arc<Persona>,
        incarnation: Incarnation,
        memory: AgentMemory,
        monitor: Monitor,
    ) -> Self {
        let build = format!("{}/{}", persona.agent_id, incarnation.0);
        let rng = settings.entropy.stream("agent", &build);
        Self {
            doors,
            shopper: Shopper::new(&settings.behavior, persona),
            settings,
            incarnation,
            state: Some(AgentState::new(rng, memory)),
            leased: None,
            monitor,
            drill: SharedDrill::default(),
        }
    }
}

impl Actor for Agent {
    type Context = Context<Self>;
}

impl Handler<RunCycle> for Agent {
    type Result = ();

    fn handle(&mut self, tick: RunCycle, ctx: &mut Self::Context) {
        let Some(mut state) = self.state.take() else {
            tracing::error!(agent.id = %self.shopper.agent_id(), "a tick came during a flow");
            return;
        };
        let behavior = &self.settings.behavior;
        let AgentState { rng, memory, .. } = &mut state;
        let activity = self.shopper.draw_activity(rng, behavior, memory, &tick);
        if activity == Activity::Idle {
            self.state = Some(state);
            let report = self.report(&tick, Ending::Idle, SessionId(0));
            send_report(&tick, report);
            return;
        }
        let step = self.watched_step(&tick, state, activity).into_actor(self);
        ctx.spawn(step.map(move |end, agent, ctx| agent.flow_ended(&tick, end, ctx)));
    }
}

impl Handler<Drill> for Agent {
    type Result = ();

    fn handle(&mut self, drill: Drill, _: &mut Self::Context) {
        self.drill.set(drill);
    }
}

impl Handler<StopAgent> for Agent {
    type Result = ();

    fn handle(&mut self, _: StopAgent, ctx: &mut Self::Context) {
        self.monitor.dismiss();
        ctx.stop();
    }
}

impl Handler<CutFlow> for Agent {
    type Result = ();

    fn handle(&mut self, _: CutFlow, ctx: &mut Self::Context) {
        if self.state.is_none() {
            self.monitor.note_exit(Exit::Cut);
            ctx.stop();
        }
    }
}

/// How a flow left its actor: without an HTTP session where the pool is gone.
type StepEnd = Watched<Result<FlowOutcome, MailboxError>>;

impl Agent {
    /// The flow as a future that owns all it needs; the actor only gets the state back.
    fn flow_step(
        &self,
        tick: &RunCycle,
        state: AgentState,
        activity: Activity,
        progress: ProgressMark,
    ) -> impl Future<Output = Result<FlowOutcome, MailboxError>> + use<> {
        let doors = self.doors.clone();
        let settings = Arc::clone(&self.settings);
        let persona = self.shopper.persona();
        let held = self.leased.clone().filter(Leased::is_good);
        let incarnation = self.incarnation;
        let (draft, drill) = (self.monitor.draft(), self.drill.clone());
        let tick = tick.clone();
        async move {
            let leased = doors.seat(held, &persona.agent_id).await?;
            let is_down = leased.down.is_set();
            let desk = Desk {
                doors,
                settings,
                persona,
                incarnation,
                tick,
                leased,
                draft,
                drill,
                progress,
            };
            Ok(if is_down { desk.skip(state) } else { desk.serve(state, activity).await })
        }
    }

    /// The flow with everything that may end it.
    fn watched_step(
        &self,
        tick: &RunCycle,
        state: AgentState,
        activity: Activity,
    ) -> impl Future<Output = StepEnd> + use<> {
        let progress = ProgressMark::default();
        let step = self.flow_step(tick, state, activity, progress.clone());
        let (pacing, parked) = (Arc::clone(&self.settings.pacing), self.settings.parked.clone());
        watched(step, progress, pacing, parked)
    }

    fn flow_ended(&mut self, tick: &RunCycle, end: StepEnd, ctx: &mut Context<Self>) {
        let exit = match end {
            Watched::Ended(Ok(flow)) => {
                let session = flow.leased.session_id;
                self.state = Some(flow.state);
                self.leased = Some(flow.leased);
                let mut report = self.report(tick, flow.ending, session);
                report.volume = flow.volume;
                report.notes = flow.notes;
                report.timings = flow.timings;
                report.foreign = flow.foreign;
                send_report(tick, report);
                return;
            }
            Watched::Ended(Err(_)) => Exit::Panicked("the session pool is gone".to_owned()),
            Watched::Panicked(message) => Exit::Panicked(message),
            Watched::Hung => Exit::Hung { by_drill: self.drill.hangs() },
        };
        self.monitor.note_exit(exit);
        ctx.stop();
    }

    fn report(&self, tick: &RunCycle, ending: Ending, http_session: SessionId) -> AgentFinished {
        // Away only while a flow is under way, which reports at its end.
        let shop_cart = self.state.as_ref().map_or(ShopCart::Dirty, |s| s.memory.shop_cart);
        AgentFinished {
            agent_id: self.shopper.agent_id().clone(),
            incarnation: self.incarnation,
            cycle: tick.cycle,
            replay: tick.replay,
            http_session,
            ending,
            volume: CycleVolume::default(),
            notes: ShopNotes::default(),
            timings: Vec::new(),
            shop_cart,
            foreign: None,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "at most one per agent per cycle: 372")]
fn send_report(tick: &RunCycle, report: AgentFinished) {
    tick.report_to.do_send(report);
}
