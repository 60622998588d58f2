//! One flow of an agent, from its tick to its record: the row is opened, the visit is made, what
//! came of it is written.
//!
//! The draft is shared with the agent's Monitor until the record is written: whatever cuts the
//! flow, what was known of it is not lost.

use std::rc::Rc;
use std::sync::Arc;

use crate::coordinator::messages::Ending;
use crate::domain::cycle::CycleVolume;
use crate::domain::flow::{EndReason, FlowKey, ShopCart};
use crate::domain::foreign_goods::ForeignGoods;
use crate::domain::ids::{FlowId, Incarnation};
use crate::domain::offer::Wallet;
use crate::domain::persona::Persona;
use crate::domain::shop_notes::ShopNotes;
use crate::domain::timing::CallTiming;
use crate::ports::shop_api::Caller;
use crate::ports::store::StoreError;
use crate::session_pool::messages::Leased;

use super::calls::Calls;
use super::decision::{self, Activity, Course};
use super::doors::AgentDoors;
use super::draft::{Draft, FlowEnding};
use super::drill::SharedDrill;
use super::flow::{SharedDraft, Visit};
use super::messages::RunCycle;
use super::progress::ProgressMark;
use super::settings::AgentSettings;
use super::state::AgentState;
use super::temporal::VisitClock;

/// What a flow leaves its actor with.
pub(super) struct FlowOutcome {
    /// Goes back to the actor.
    pub(super) state: AgentState,
    /// Its HTTP session.
    pub(super) leased: Leased,
    /// For the report.
    pub(super) ending: Ending,
    /// For the report.
    pub(super) volume: CycleVolume,
    /// For the report.
    pub(super) notes: ShopNotes,
    /// For the report.
    pub(super) timings: Vec<CallTiming>,
    /// For the report.
    pub(super) foreign: Option<ForeignGoods>,
}

impl FlowOutcome {
    /// Of a flow that asked nothing of the shop.
    fn without_calls(state: AgentState, leased: Leased, ending: Ending) -> Self {
        let (volume, notes, timings) = (CycleVolume::default(), ShopNotes::default(), Vec::new());
        Self { state, leased, ending, volume, notes, timings, foreign: None }
    }
}

/// Everything one flow needs, put together at its tick.
pub(super) struct Desk {
    pub(super) doors: AgentDoors,
    pub(super) settings: Arc<AgentSettings>,
    pub(super) persona: Arc<Persona>,
    pub(super) incarnation: Incarnation,
    pub(super) tick: RunCycle,
    pub(super) leased: Leased,
    pub(super) draft: SharedDraft,
    pub(super) drill: SharedDrill,
    pub(super) progress: ProgressMark,
}

impl Desk {
    /// One flow, from its row to its record.
    pub(super) async fn serve(self, mut state: AgentState, activity: Activity) -> FlowOutcome {
        self.step();
        let behavior = Arc::clone(&self.settings.behavior);
        let views = match activity {
            Activity::Shop => {
                let by_price = behavior.money.and_then(|money| money.prices_per_product);
                let mean = by_price.and_then(|_| self.settings.prices.mean());
                decision::draw_products_to_look(&mut state.rng, &behavior, &self.persona, mean)
            }
            Activity::Browse | Activity::Idle => {
                decision::draw_browse_views(&mut state.rng, &behavior)
            }
        };
        let rule = behavior.course.filter(|_| activity == Activity::Shop);
        let course = rule.map(|rule| Course::draw(&mut state.rng, &rule, &self.persona, views));
        let steps = course.as_ref().map_or((views, views), |c| (c.pages(), c.moves()));
        let think = match &course {
            Some(course) => behavior.think.times(course.rule.dwell),
            None => behavior.think,
        };
        let clock = VisitClock::plan(&mut state.rng, &think, steps, self.tick.simulated_at);
        let cart = self.settings.shop.cart_found(state.memory.shop_cart);
        let mut draft = Draft::new(self.key(&clock), cart);
        draft.opened = activity == Activity::Shop && self.settings.shop.opens_flows();
        draft.coupon_use = self.settings.shop.coupons;
        *self.draft.borrow_mut() = Some(draft.clone());
        if draft.opened {
            match self.open(&draft.key).await {
                Ok(wallet) => draft.wallet = wallet.at_a_shop_with(draft.coupon_use),
                Err(error) => return self.never_opened(draft, state, &error).await,
            }
        }
        *self.draft.borrow_mut() = Some(draft);
        let mut visit = self.visit(state, clock);
        let ending = match activity {
            Activity::Shop => visit.shop(views, course).await,
            Activity::Browse | Activity::Idle => visit.browse_only(views).await,
        };
        self.close(visit, ending).await
    }

    /// The HTTP session is down: the flow does not begin.
    pub(super) fn skip(self, state: AgentState) -> FlowOutcome {
        FlowOutcome::without_calls(state, self.leased, Ending::SkippedSessionDown)
    }

    fn step(&self) {
        let now = self.settings.pacing.now();
        self.progress.step(now, self.settings.parked.total(now));
    }

    fn flow_id(&self) -> FlowId {
        let whose = (self.settings.run_id, self.settings.owner);
        FlowId::of(whose, self.tick.cycle, &self.persona.agent_id, self.tick.replay)
    }

    fn key(&self, clock: &VisitClock) -> FlowKey {
        let (run_id, agent_id) = (self.settings.run_id, self.persona.agent_id.clone());
        FlowKey {
            flow_id: self.flow_id(),
            run_id,
            owner: self.settings.owner,
            cycle: self.tick.cycle,
            replay: self.tick.replay,
            agent_id,
            cohort: self.persona.cohort.clone().or_else(|| self.settings.cohort.clone()),
            http_session: self.leased.session_id,
            incarnation: self.incarnation,
            resumes: self.tick.resumes,
            simulated_at: clock.start(),
            opened_at: self.settings.pacing.wall(),
        }
    }

    async fn open(&self, key: &FlowKey) -> Result<Wallet, StoreError> {
        self.progress.wait();
        let open = self.doors.open(key.clone()).await;
        self.step();
        open
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
        self.progress.wait();
        let ending = self.doors.writers.record(record).await;
        self.draft.borrow_mut().take();
        FlowOutcome::without_calls(state, self.leased, ending)
    }

    fn visit(&self, state: AgentState, clock: VisitClock) -> Visit {
        let calls = Calls {
            door: self.doors.to_shop(&self.leased),
            down: self.leased.down.clone(),
            progress: self.progress.clone(),
            pacing: Arc::clone(&self.settings.pacing),
            parked: self.settings.parked.clone(),
            throttle: self.settings.throttle.clone(),
            caller: Caller {
                agent_id: self.persona.agent_id.clone(),
                user_id: self.persona.user_id,
                flow_id: Some(self.flow_id()),
            },
            simulated_at: self.tick.simulated_at,
            idempotency: self.settings.shop.idempotency,
            timings: Vec::new(),
            requests: 0,
            retries: 0,
            misreads: Vec::new(),
        };
        Visit {
            persona: Arc::clone(&self.persona),
            settings: Arc::clone(&self.settings),
            shop: Arc::clone(&self.tick.shop),
            calls,
            clock,
            state,
            draft: Rc::clone(&self.draft),
            drill: self.drill.clone(),
            keep: self.doors.writers.keep.clone(),
        }
    }

    async fn close(self, visit: Visit, ending: FlowEnding) -> FlowOutcome {
        let Visit { calls, mut state, draft, .. } = visit;
        // The Monitor keeps a copy until the record is written: a panic while writing still has it.
        let draft_now = draft.borrow().clone().expect("the flow has just used its draft");
        let (mut volume, notes) = (draft_now.counted_volume(), draft_now.notes.clone());
        let foreign = draft_now.foreign().cloned();
        let record = draft_now.finish(ending, self.settings.pacing.wall());
        state.remember(&record, &self.tick.shop);
        self.progress.wait();
        let recorded = self.doors.writers.record(record).await;
        draft.borrow_mut().take();
        if matches!(recorded, Ending::Unrecorded { .. }) {
            // No row says how it was left, or one says that another process has shopped since.
            state.memory.shop_cart = ShopCart::Dirty;
        }
        if matches!(recorded, Ending::Unfinished | Ending::Unrecorded { .. }) {
            // Nothing of it is in the database.
            volume = CycleVolume {
                requests: volume.requests,
                retries: volume.retries,
                ..CycleVolume::default()
            };
        }
        let (leased, ending, timings) = (self.leased, recorded, calls.timings);
        FlowOutcome { state, leased, ending, volume, notes, timings, foreign }
    }
}
