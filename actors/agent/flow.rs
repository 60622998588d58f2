//! One flow, step by step: Browsing -> Cart -> Coupons -> Checkout | Cleared.
//!
//! Every decision is a pure function of [`decision`]; this file only carries out
//! what was decided and writes down what happened. A business refusal is an event, never a failure.

mod aisle;
mod closing;
mod course;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix::Recipient;
use chrono::NaiveDateTime;

use crate::db_writer::messages::KeepRefs;
use crate::domain::flow::{EndReason, FlowStatus, ShopCart};
use crate::domain::persona::Persona;
use crate::ports::shop_api::{Refusal, ShopCall, ShopReply, WalletMode};

use super::calls::{CallStop, Calls};
use super::decision::{self, Course};
use super::draft::{Draft, FlowEnding, Moment};
use super::drill::SharedDrill;
use super::granted::Granted;
use super::messages::ShopFacts;
use super::settings::AgentSettings;
use super::state::AgentState;
use super::temporal::VisitClock;

use aisle::Aisle;
pub use closing::ORDERS_ASKED;

/// The draft, shared with the agent's Monitor so that a panic leaves what was known.
pub type SharedDraft = Rc<RefCell<Option<Draft>>>;

/// One visit of one agent.
pub struct Visit {
    /// Who.
    pub persona: Arc<Persona>,
    /// What the run is like.
    pub settings: Arc<AgentSettings>,
    /// What the shop showed at the start.
    pub shop: Arc<ShopFacts>,
    /// The way to the shop.
    pub calls: Calls,
    /// The simulated instants of this visit.
    pub clock: VisitClock,
    /// What is kept between flows.
    pub state: AgentState,
    /// What has happened so far.
    pub draft: SharedDraft,
    /// A fault that a developer has asked for.
    pub drill: SharedDrill,
    /// For what its order can be asked for by.
    pub keep: Recipient<KeepRefs>,
}

impl Visit {
    /// Shops: looks at products, on a course or at up to `views` of them, fills a cart and orders
    /// or leaves it.
    pub async fn shop(&mut self, views: u32, course: Option<Course>) -> FlowEnding {
        match self.walk_through_the_shop(views, course).await {
            Ok(ending) => ending,
            Err(stop) => stop.ending(EndReason::CallFailed),
        }
    }

    /// Looks only: one list, a few products, no cart.
    pub async fn browse_only(&mut self, views: u32) -> FlowEnding {
        let looked = async {
            self.greet().await?;
            Aisle(self).look(views).await
        };
        match looked.await {
            Ok(_) => FlowEnding::done(FlowStatus::Browsed),
            Err(stop) => stop.ending(EndReason::CallFailed),
        }
    }

    async fn walk_through_the_shop(
        &mut self,
        views: u32,
        course: Option<Course>,
    ) -> Result<FlowEnding, CallStop> {
        self.arrive().await?;
        match &course {
            Some(course) => Aisle(self).follow(course).await?,
            None => Aisle(self).look_and_fill(views).await?,
        }
        if self.with(|d| d.cart.is_empty()) {
            let at = self.moment(VisitClock::instant);
            self.with(|d| d.left_cart(EndReason::CartEmpty, at));
            return Ok(FlowEnding::abandoned(EndReason::CartEmpty));
        }
        let rule = &self.settings.behavior.coupon;
        if decision::draw_coupon_look(&mut self.state.rng, rule, &self.persona) {
            self.use_coupons().await?;
        }
        let applied = self.with(|d| !d.applied().is_empty());
        let buys = decision::draw_checkout(
            &mut self.state.rng,
            &self.settings.behavior.checkout,
            &self.persona,
            (applied, course.map_or(1.0, |course| course.rule.checkout)),
        );
        if buys { self.check_out().await } else { self.leave(EndReason::CheckoutDeclined).await }
    }

    /// The first contact: a shop may know a user only from here on. Who has ordered in this run is
    /// known.
    async fn greet(&mut self) -> Result<(), CallStop> {
        let is_known = self.state.is_known || self.state.memory.last_order.is_some();
        if is_known || !self.settings.shop.first_visit {
            return Ok(());
        }
        let before = self.calls.requests;
        let greeted = self.ask(ShopCall::FirstVisit).await;
        let requests = self.calls.requests - before;
        self.with(|d| d.once += requests);
        match greeted {
            // A shop that says no for reasons of business has said who it knows.
            Err(stop) if stop.refusal().is_none() => return Err(stop),
            Ok(_) | Err(_) => self.state.is_known = true,
        }
        Ok(())
    }

    /// What must be true before the first product: a branch, nothing left of a flow that broke off,
    /// the wallet at the shop.
    async fn arrive(&mut self) -> Result<(), CallStop> {
        self.greet().await?;
        if self.settings.shop.selects_store && self.state.store.is_none() {
            self.select_store().await?;
        }
        let store = self.state.store.clone();
        self.with(|d| d.store_id = store);
        if self.with(|d| d.shop_cart) == ShopCart::Dirty {
            self.clear_cart().await?;
        }
        if self.settings.shop.wallet == WalletMode::Engine {
            self.hand_over_the_wallet().await?;
        }
        Ok(())
    }

    async fn hand_over_the_wallet(&mut self) -> Result<(), CallStop> {
        let (wallet, now) = self.with(|d| (d.wallet.clone(), d.key.simulated_at));
        let Some(granted) = Granted::of(&wallet) else { return Ok(()) };
        if !self.state.has_handed_over(&wallet, now) {
            let coupons = wallet.assignments.into_iter().map(|a| a.coupon_id).collect();
            self.ask(ShopCall::GrantWallet { coupons }).await?;
            self.state.granted = Some(granted);
        }
        Ok(())
    }

    async fn select_store(&mut self) -> Result<(), CallStop> {
        let of_all = self.settings.store_id.clone();
        let store = of_all.or_else(|| self.shop.store_of(&self.persona.agent_id));
        let Some(store) = store else { return Ok(()) };
        self.ask(ShopCall::SelectStore { store: store.clone() }).await?;
        self.state.store = Some(store);
        Ok(())
    }

    /// Before the first add: a cart that this run has not touched may hold anything. Once an agent
    /// and run.
    async fn begin_cart(&mut self) -> Result<(), CallStop> {
        if self.with(|d| d.shop_cart) != ShopCart::Unknown {
            return Ok(());
        }
        let before = self.calls.requests;
        let cleared = self.clear_cart().await;
        let requests = self.calls.requests - before;
        self.with(|d| d.once += requests);
        cleared
    }

    /// Empties the cart. A shop may refuse that of a cart that holds nothing, or is none yet.
    async fn clear_cart(&mut self) -> Result<(), CallStop> {
        match self.ask(ShopCall::ClearCart).await {
            Err(stop) if stop.refusal() != Some(Refusal::CartEmpty) => return Err(stop),
            Ok(_) | Err(_) => {}
        }
        self.with(|d| d.shop_cart = ShopCart::Clean);
        Ok(())
    }

    /// The part of `call` that places the order.
    async fn go_on(&mut self, call: ShopCall) -> Result<ShopReply, CallStop> {
        let answer = self.calls.go_on(call, &mut self.state.rng).await;
        self.count_calls();
        answer
    }

    async fn ask(&mut self, call: ShopCall) -> Result<ShopReply, CallStop> {
        if let Some(what) = self.drill.at(&call, self.with(|d| !d.cart.is_empty())) {
            let now = self.settings.pacing.now();
            return Err(CallStop::Api(self.drill.strike(what, call.name(), now).await));
        }
        let answer = self.calls.ask(call, &mut self.state.rng).await;
        self.count_calls();
        answer
    }

    fn count_calls(&mut self) {
        let (requests, retries) = (self.calls.requests, self.calls.retries);
        let misreads = std::mem::take(&mut self.calls.misreads);
        self.with(|d| {
            d.volume.requests = requests;
            d.volume.retries = retries;
            misreads.into_iter().for_each(|misread| d.notes.misread(misread));
        });
    }

    fn moment(&mut self, next: fn(&mut VisitClock) -> NaiveDateTime) -> Moment {
        Moment { simulated: next(&mut self.clock), recorded: self.settings.pacing.wall() }
    }

    /// The draft, for the length of one synchronous look.
    fn with<R>(&self, look: impl FnOnce(&mut Draft) -> R) -> R {
        let mut draft = self.draft.borrow_mut();
        look(draft.as_mut().expect("a visit's draft is set before its first step"))
    }
}
