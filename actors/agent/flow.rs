//! One flow, step by step: Browsing -> Cart -> Coupons -> Checkout | Cleared.
//!
//! Every decision is a pure function of [`decision`]; this file only carries out
//! what was decided and writes down what happened. A business refusal is an event, never a failure.

mod closing;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix::Recipient;
use chrono::NaiveDateTime;

use crate::db_writer::messages::KeepRefs;
use crate::domain::behavior::ChoiceRule;
use crate::domain::catalog::Product;
use crate::domain::flow::{EndReason, FlowStatus, ShopCart};
use crate::domain::persona::Persona;
use crate::ports::shop_api::{CatalogMode, Refusal, ShopCall, ShopReply, WalletMode};

use super::calls::{CallStop, Calls};
use super::decision;
use super::draft::{Draft, FlowEnding, Moment};
use super::drill::SharedDrill;
use super::granted::Granted;
use super::messages::ShopFacts;
use super::settings::AgentSettings;
use super::state::AgentState;
use super::temporal::VisitClock;

pub use closing::ORDERS_ASKED;

/// Products of one list that are chosen among: a page of the largest size.
const LISTED_MAX: usize = 1_000;

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
    /// Shops: looks at up to `views` products, fills a cart and orders or leaves it.
    pub async fn shop(&mut self, views: u32) -> FlowEnding {
        match self.walk_through_the_shop(views).await {
            Ok(ending) => ending,
            Err(stop) => stop.ending(EndReason::CallFailed),
        }
    }

    /// Looks only: one list, a few products, no cart.
    pub async fn browse_only(&mut self, views: u32) -> FlowEnding {
        let looked = async {
            self.greet().await?;
            self.look(views).await
        };
        match looked.await {
            Ok(_) => FlowEnding::done(FlowStatus::Browsed),
            Err(stop) => stop.ending(EndReason::CallFailed),
        }
    }

    async fn walk_through_the_shop(&mut self, views: u32) -> Result<FlowEnding, CallStop> {
        self.arrive().await?;
        let shelf = self.look(views).await?;
        self.fill_cart(&shelf).await?;
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
            applied,
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

    /// Looks at up to `wanted` products and answers them in the order seen.
    async fn look(&mut self, wanted: u32) -> Result<Vec<Product>, CallStop> {
        let chosen = match self.settings.behavior.choice {
            Some(rule) => self.wish(&rule, wanted).await?,
            None => self.choose(wanted).await?,
        };
        let mut shelf = Vec::with_capacity(chosen.len());
        for product in chosen {
            if let Some(product) = self.view(product).await? {
                shelf.push(product);
            }
        }
        Ok(shelf)
    }

    /// By the product-choice rule, of all that the shop lists; where that is a part of what it
    /// sells, of a preferred category too.
    async fn wish(&mut self, rule: &ChoiceRule, wanted: u32) -> Result<Vec<Product>, CallStop> {
        let mut listed = self.list(None).await?;
        if self.shop.catalog.is_more_than(listed.len()) {
            let persona = Arc::clone(&self.persona);
            if let Some(category) = decision::choose_category(&mut self.state.rng, &persona) {
                listed.extend(self.list(Some(category)).await?);
            }
        }
        let who = decision::Wisher { persona: &self.persona, memory: &self.state.memory };
        let day = self.with(|d| d.key.simulated_at.date());
        let prices = &self.settings.prices;
        Ok(decision::wish(&mut self.state.rng, rule, (&listed, prices, day), wanted, who))
    }

    /// Evenly, but for the brands of a loyal agent: of one preferred category, then of everything.
    async fn choose(&mut self, wanted: u32) -> Result<Vec<Product>, CallStop> {
        let persona = Arc::clone(&self.persona);
        let category = decision::choose_category(&mut self.state.rng, &persona).map(str::to_owned);
        let listed = self.list(category.as_deref()).await?;
        let mut chosen = decision::choose_products(
            &mut self.state.rng,
            &self.settings.behavior.look,
            &listed,
            wanted,
            &self.persona,
            &self.state.memory,
        );
        if category.is_some() && chosen.len() < wanted as usize {
            let all = self.list(None).await?;
            decision::top_up(
                &mut self.state.rng,
                &self.settings.behavior.look,
                &mut chosen,
                &all,
                wanted,
                (&self.persona, &self.state.memory),
            );
        }
        Ok(chosen)
    }

    async fn list(&mut self, category: Option<&str>) -> Result<Vec<Product>, CallStop> {
        let products = match self.settings.shop.catalog {
            CatalogMode::Cached | CatalogMode::Viewed => {
                self.shop.catalog.list(category).cloned().collect()
            }
            CatalogMode::Live => {
                let call = ShopCall::ListProducts {
                    category: category.map(str::to_owned),
                    page: self.settings.shop.paging.first_page(),
                };
                match self.ask(call).await {
                    Ok(ShopReply::Products { mut products, .. }) => {
                        products.truncate(LISTED_MAX);
                        products
                    }
                    Ok(_) => Vec::new(),
                    Err(stop) if stop.refusal().is_some() => Vec::new(),
                    Err(stop) => return Err(stop),
                }
            }
        };
        let products = decision::one_of_each(&mut self.state.rng, products);
        let at = self.moment(VisitClock::instant);
        self.with(|d| d.listed(category, &products, at));
        Ok(products)
    }

    /// One product; `None` when the shop no longer has it.
    async fn view(&mut self, product: Product) -> Result<Option<Product>, CallStop> {
        let called = self.settings.behavior.view_calls;
        let mut seen = product;
        if called {
            match self.ask(ShopCall::ViewProduct { product: seen.goods() }).await {
                Ok(ShopReply::Product(goods)) => {
                    match goods.into_iter().find(|shown| shown.id == seen.id) {
                        Some(product) => seen = product,
                        None => return Ok(None),
                    }
                }
                Ok(_) => {}
                Err(stop) if stop.refusal().is_some() => return Ok(None),
                Err(stop) => return Err(stop),
            }
        }
        let at = self.moment(VisitClock::view);
        self.with(|d| d.viewed(&seen, called, at));
        Ok(Some(seen))
    }

    async fn fill_cart(&mut self, shelf: &[Product]) -> Result<(), CallStop> {
        let mut is_begun = false;
        for product in shelf {
            let cart_total = self.with(|d| d.cart.total());
            let now = self.with(|d| d.simulated_now());
            let wants = decision::draw_add(
                &mut self.state.rng,
                &self.settings.behavior,
                &self.persona,
                &self.state.memory,
                cart_total,
                product,
                now,
            );
            if !wants {
                continue;
            }
            let (who, worth) = ((&*self.persona, &self.state.memory), (cart_total, product.price));
            let behavior = &self.settings.behavior;
            // Fewer than wanted, or none, where the week's money is spent.
            let units = decision::draw_units(&mut self.state.rng, behavior, who, worth, now);
            if units == 0 {
                continue;
            }
            if !std::mem::replace(&mut is_begun, true) {
                self.begin_cart().await?;
            }
            self.add(product, units).await?;
        }
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

    async fn add(&mut self, product: &Product, quantity: u32) -> Result<(), CallStop> {
        let call = ShopCall::AddItem { product: product.goods(), quantity };
        // Dirty while it is under way, whatever ends it, and after it unless it never left: a shop
        // may have taken what it did not confirm, or even what it refused.
        let found = self.with(|d| std::mem::replace(&mut d.shop_cart, ShopCart::Dirty));
        let requests = self.calls.requests;
        let mut answer = self.ask(call.clone()).await;
        if answer.as_ref().is_err_and(|stop| !stop.may_have_arrived())
            && self.calls.requests == requests
        {
            self.with(|d| d.shop_cart = found);
        }
        if answer.as_ref().is_err_and(|stop| stop.refusal() == Some(Refusal::NoStore)) {
            self.state.store = None;
            self.select_store().await?;
            answer = self.ask(call).await;
        }
        match answer {
            Ok(reply) => {
                let unit_price = if let ShopReply::ItemAdded { unit_price } = reply {
                    unit_price
                } else {
                    product.price
                };
                let at = self.moment(VisitClock::add);
                self.with(|d| d.added(product, quantity, unit_price, at));
                Ok(())
            }
            Err(stop) => match stop.refusal() {
                Some(Refusal::NoStore) | None => Err(stop),
                Some(refusal) => {
                    let at = self.moment(VisitClock::add);
                    self.with(|d| d.add_refused(product, quantity, refusal.as_str(), at));
                    Ok(())
                }
            },
        }
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
