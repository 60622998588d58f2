//! A shopper.
//!
//! *Owns*: one persona, its chance, what it remembers of the run.
//! *Accepts*: [`RunCycle`] from the Coordinator, one in flight; [`StopAgent`].
//! *Sends*: `Lease` once, then for each call `TakePermit` and `Call`; `OpenFlow`, `CommitFlow` or
//! `FailFlow`; one `AgentFinished` a cycle.
//! *When it fails*: a panic of a flow is caught, the actor stops, its [`Monitor`]
//! tells the Coordinator, which builds a fresh agent for the next tick. No other agent notices.
//! *Bounds*: one flow at a time, its steps in sequence (Q3.3).

pub mod calls;
pub mod decision;
pub mod draft;
pub mod flow;
pub mod granted;
pub mod memory;
pub mod messages;
pub mod monitor;
pub mod record;
pub mod retry;
pub mod temporal;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix::prelude::*;
use futures::FutureExt;
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::coordinator::messages::{AgentFinished, Ending};
use crate::db_writer::messages::OpenFlow;
use crate::domain::cycle::CycleVolume;
use crate::domain::flow::{AgentMemory, EndReason, FlowKey, FlowRecord, FlowStatus, ShopCart};
use crate::domain::ids::{FlowId, Incarnation, SessionId};
use crate::domain::persona::Persona;
use crate::ports::shop_api::Caller;
use crate::ports::store::StoreError;
use crate::rate_limiter::messages::TakePermit;
use crate::session_pool::messages::{Lease, Leased};

use calls::Calls;
use decision::Activity;
use draft::{Draft, FlowEnding};
use flow::{AgentSettings, AgentState, Visit};
use messages::{RunCycle, StopAgent};
use monitor::Monitor;
use record::Writers;
use temporal::{HourWeights, VisitClock};

/// Whom an agent may ask.
#[derive(Clone)]
pub struct AgentDoors {
    /// Before every request.
    pub permits: Recipient<TakePermit>,
    /// Once, for its HTTP session.
    pub leases: Recipient<Lease>,
    /// For the rows of its flows.
    pub writers: Writers,
}

/// One shopper's actor.
pub struct Agent {
    doors: AgentDoors,
    settings: Arc<AgentSettings>,
    persona: Arc<Persona>,
    /// Which build of this agent's actor; 0 is the first.
    incarnation: Incarnation,
    /// When in the day it shops, worked out once.
    hours: HourWeights,
    /// Kept between flows; away while one is under way, so a second tick finds none.
    state: Option<AgentState>,
    /// Its HTTP session, leased before its first flow.
    leased: Option<Leased>,
    /// Reports the actor's end, whatever ends it.
    monitor: Monitor,
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
        let hours = HourWeights::of(persona.time_of_day);
        let rng = Xoshiro256PlusPlus::seed_from_u64(rand::rng().random());
        let state = AgentState { rng, memory, store: None, granted: None };
        Self {
            doors,
            settings,
            persona,
            incarnation,
            hours,
            state: Some(state),
            leased: None,
            monitor,
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
            tracing::error!(agent.id = %self.persona.agent_id, "a tick came during a flow");
            return;
        };
        let activity = decision::draw_activity(
            &mut state.rng,
            &self.settings.behavior,
            &self.persona,
            &self.hours,
            tick.simulated_at,
            tick.event_weight,
        );
        if activity == Activity::Idle {
            self.state = Some(state);
            let report = self.report(&tick, Ending::Idle, SessionId(0));
            send_report(&tick, report);
            return;
        }
        let step = self.flow_step(&tick, state, activity);
        let caught = AssertUnwindSafe(step).catch_unwind().into_actor(self);
        ctx.spawn(caught.map(move |outcome, agent, ctx| agent.flow_ended(&tick, outcome, ctx)));
    }
}

impl Handler<StopAgent> for Agent {
    type Result = ();

    fn handle(&mut self, _: StopAgent, ctx: &mut Self::Context) {
        self.monitor.dismiss();
        ctx.stop();
    }
}

/// What a flow leaves its actor with.
struct FlowOutcome {
    state: AgentState,
    leased: Leased,
    ending: Ending,
    volume: CycleVolume,
    timings: Vec<crate::domain::timing::CallTiming>,
}

impl Agent {
    /// The flow as a future that owns all it needs; the actor only gets the state back.
    fn flow_step(
        &self,
        tick: &RunCycle,
        state: AgentState,
        activity: Activity,
    ) -> impl Future<Output = Result<FlowOutcome, MailboxError>> + use<> {
        let doors = self.doors.clone();
        let settings = Arc::clone(&self.settings);
        let persona = Arc::clone(&self.persona);
        let leased = self.leased.clone();
        let incarnation = self.incarnation;
        let draft = self.monitor.draft();
        let tick = tick.clone();
        async move {
            let leased = match leased {
                Some(leased) => leased,
                None => doors.leases.send(Lease { agent_id: persona.agent_id.clone() }).await?,
            };
            let desk = Desk { doors, settings, persona, incarnation, tick, leased, draft };
            Ok(desk.serve(state, activity).await)
        }
    }

    fn flow_ended(
        &mut self,
        tick: &RunCycle,
        outcome: Result<Result<FlowOutcome, MailboxError>, Box<dyn std::any::Any + Send>>,
        ctx: &mut Context<Self>,
    ) {
        match outcome {
            Ok(Ok(flow)) => {
                let session = flow.leased.session_id;
                self.state = Some(flow.state);
                self.leased = Some(flow.leased);
                let mut report = self.report(tick, flow.ending, session);
                report.volume = flow.volume;
                report.timings = flow.timings;
                send_report(tick, report);
            }
            Ok(Err(_)) => {
                self.monitor.note_panic("the session pool is gone".to_owned());
                ctx.stop();
            }
            Err(panic) => {
                self.monitor.note_panic(panic_message(panic.as_ref()));
                ctx.stop();
            }
        }
    }

    fn report(&self, tick: &RunCycle, ending: Ending, http_session: SessionId) -> AgentFinished {
        AgentFinished {
            agent_id: self.persona.agent_id.clone(),
            incarnation: self.incarnation,
            cycle: tick.cycle,
            replay: tick.replay,
            http_session,
            ending,
            volume: CycleVolume::default(),
            timings: Vec::new(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "at most one per agent per cycle: 372")]
fn send_report(tick: &RunCycle, report: AgentFinished) {
    tick.report_to.do_send(report);
}

/// Everything one flow needs, put together at its tick.
struct Desk {
    doors: AgentDoors,
    settings: Arc<AgentSettings>,
    persona: Arc<Persona>,
    incarnation: Incarnation,
    tick: RunCycle,
    leased: Leased,
    draft: flow::SharedDraft,
}

impl Desk {
    async fn serve(self, mut state: AgentState, activity: Activity) -> FlowOutcome {
        let behavior = Arc::clone(&self.settings.behavior);
        let views = match activity {
            Activity::Shop => decision::products_to_look(&behavior, &self.persona),
            Activity::Browse | Activity::Idle => {
                decision::draw_browse_views(&mut state.rng, &behavior)
            }
        };
        let clock =
            VisitClock::plan(&mut state.rng, &behavior.think, views, self.tick.simulated_at);
        let mut draft = Draft::new(self.key(&clock));
        let opens = activity == Activity::Shop && self.settings.shop.is_real;
        if opens {
            match self.open(&draft.key).await {
                Ok(wallet) => {
                    draft.opened = true;
                    draft.wallet = wallet;
                }
                Err(error) => return self.never_opened(draft, state, &error).await,
            }
        }
        *self.draft.borrow_mut() = Some(draft);
        let mut visit = self.visit(state, clock);
        let ending = match activity {
            Activity::Shop => visit.shop().await,
            Activity::Browse | Activity::Idle => visit.browse_only(views).await,
        };
        self.close(visit, ending).await
    }

    fn key(&self, clock: &VisitClock) -> FlowKey {
        let (run_id, agent_id) = (self.settings.run_id, self.persona.agent_id.clone());
        FlowKey {
            flow_id: FlowId::of(run_id, self.tick.cycle, &agent_id, self.tick.replay),
            run_id,
            owner: self.settings.owner,
            cycle: self.tick.cycle,
            replay: self.tick.replay,
            agent_id,
            cohort: self.persona.cohort.clone().or_else(|| self.settings.default_cohort.clone()),
            http_session: self.leased.session_id,
            incarnation: self.incarnation,
            simulated_at: clock.start(),
            opened_at: self.settings.pacing.wall(),
        }
    }

    async fn open(&self, key: &FlowKey) -> Result<crate::domain::offer::Wallet, StoreError> {
        let open = self.doors.writers.open.send(OpenFlow(key.clone())).await;
        open.unwrap_or(Err(StoreError::Closed))
    }

    /// The row could not be opened: nothing was sent to the shop.
    async fn never_opened(
        self,
        draft: Draft,
        state: AgentState,
        error: &StoreError,
    ) -> FlowOutcome {
        let ending = FlowEnding::failed(EndReason::Store, format!("store: {error}"));
        let record = draft.finish(ending, self.settings.pacing.wall());
        let ending = self.doors.writers.record(record).await;
        let volume = CycleVolume::default();
        FlowOutcome { state, leased: self.leased, ending, volume, timings: Vec::new() }
    }

    fn visit(&self, state: AgentState, clock: VisitClock) -> Visit {
        let calls = Calls {
            permits: self.doors.permits.clone(),
            session: self.leased.calls.clone(),
            pacing: Arc::clone(&self.settings.pacing),
            parked: self.settings.parked.clone(),
            caller: Caller {
                agent_id: self.persona.agent_id.clone(),
                user_id: self.persona.user_id,
                flow_id: Some(FlowId::of(
                    self.settings.run_id,
                    self.tick.cycle,
                    &self.persona.agent_id,
                    self.tick.replay,
                )),
            },
            idempotency: self.settings.shop.idempotency,
            timings: Vec::new(),
            requests: 0,
            retries: 0,
        };
        Visit {
            persona: Arc::clone(&self.persona),
            settings: Arc::clone(&self.settings),
            shop: Arc::clone(&self.tick.shop),
            calls,
            clock,
            state,
            draft: std::rc::Rc::clone(&self.draft),
        }
    }

    async fn close(self, visit: Visit, ending: FlowEnding) -> FlowOutcome {
        let Visit { calls, mut state, draft, .. } = visit;
        // The Monitor keeps a copy until the record is written: a panic while writing still has it.
        let draft_now = draft.borrow().clone().expect("the flow has just used its draft");
        let mut volume = draft_now.counted_volume();
        let record = draft_now.finish(ending, self.settings.pacing.wall());
        remember(&mut state.memory, &record, &self.tick.shop);
        let recorded = self.doors.writers.record(record).await;
        draft.borrow_mut().take();
        if matches!(recorded, Ending::Unfinished | Ending::Unrecorded { .. }) {
            // Nothing of it is in the database.
            volume = CycleVolume {
                requests: volume.requests,
                retries: volume.retries,
                ..CycleVolume::default()
            };
        }
        FlowOutcome { state, leased: self.leased, ending: recorded, volume, timings: calls.timings }
    }
}

/// What the flow adds to the agent's memory.
fn remember(memory: &mut AgentMemory, record: &FlowRecord, shop: &messages::ShopFacts) {
    memory.shop_cart_dirty = record.shop_cart == ShopCart::Dirty;
    memory.remember_visit(record.key.simulated_at);
    if record.status != FlowStatus::Completed {
        return;
    }
    if let Some(order) = &record.order {
        let brands = order.lines.iter().filter_map(|line| {
            let product = shop.catalog.products.iter().find(|p| p.id == line.product_id)?;
            product.brand.clone()
        });
        memory.remember_order(record.simulated_end, order.final_total, brands);
    }
}

/// What a panic said, cut; a panic's payload is a string in all but exotic cases.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    text.chars().take(200).collect()
}
