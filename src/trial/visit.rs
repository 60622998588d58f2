//! The visit itself: in, looking around, buying one thing, out.

use actors::domain::cart::Cart;
use actors::domain::catalog::Product;
use actors::domain::flow::Order;
use actors::domain::money::Cents;
use actors::ports::shop_api::{
    ApiError, ApiErrorKind, Refusal, ShopCall, ShopReply, ShopTraits, stranger,
};
use shops::shop_api::profile::{Profile, StepName};

use super::door::Door;
use super::report::{Ordered, Report};
use super::told::{Ears, Told, heading};
use super::{Asked, Say, advice, looking, ordering};
use crate::running::signals::Signal;

/// Things that are tried to be had, at most.
pub(super) const TRIED_MAX: usize = 5;
/// What does not fit in answers, of which so much is told.
const MISREADS_MAX: usize = 5;

/// The shop is not there, or goes away: nothing more can be tried.
pub(super) struct Away;

/// Nothing of the shop's reply, if it is away; else the reply or a failure.
pub(super) type Asking = Result<Result<ShopReply, ApiError>, Away>;

/// A visit under way.
pub(super) struct Visit<'a> {
    pub(super) profile: &'a Profile,
    pub(super) asked: &'a Asked,
    pub(super) traits: ShopTraits,
    pub(super) door: Door,
    pub(super) report: Report,
    ears: Ears,
    say: Say,
    pub(super) cart: Cart,
    /// What the coupon that was applied gives, as it is defined here.
    pub(super) gives: Option<Cents>,
    /// Whether something may be in the cart.
    is_dirty: bool,
    /// Whether a checkout is under way.
    pub(super) is_ordering: bool,
}

impl<'a> Visit<'a> {
    pub(super) fn new(
        profile: &'a Profile,
        asked: &'a Asked,
        (door, ears): (Door, Ears),
        say: Say,
    ) -> Self {
        let (name, agent) = (profile.name.clone(), asked.agent.to_string());
        let report = Report { profile: name, agent, ..Report::default() };
        let (traits, cart) = (profile.traits(), Cart::default());
        let (is_dirty, is_ordering) = (false, false);
        Self {
            profile,
            asked,
            traits,
            door,
            report,
            ears,
            say,
            cart,
            gives: None,
            is_dirty,
            is_ordering,
        }
    }

    /// All of it, as far as the shop goes along.
    pub(super) async fn go(&mut self) {
        self.tell(&heading());
        // What ends it is among the problems.
        if let Err(Away) = self.whole().await {
            self.note("the shop went away: the rest was not tried".to_owned());
        }
    }

    async fn whole(&mut self) -> Result<(), Away> {
        self.arrive().await?;
        let goods = looking::look_around(self).await?;
        self.door.begin_visit();
        self.empty_what_was_left().await?;
        if goods.is_empty() {
            self.trouble("list_products: nothing of what came can be bought".to_owned());
        }
        let bought = self.put_one_in(&goods).await?;
        if bought.is_some() {
            self.look_at_the_cart().await?;
            ordering::use_a_coupon(self).await?;
            if self.asked.orders {
                ordering::order(self).await?;
            }
        }
        self.fresh_cart().await?;
        self.provoke(goods.first(), bought.as_ref()).await
    }

    async fn arrive(&mut self) -> Result<(), Away> {
        self.expect(ShopCall::Probe).await?;
        let mut stores = Vec::new();
        if self.profile.has(StepName::ListStores)
            && let Some(ShopReply::Stores(listed)) = self.expect(ShopCall::ListStores).await?
        {
            stores = listed;
        }
        if self.traits.first_visit
            && let Err(error) = self.ask(ShopCall::FirstVisit).await?
            && !matches!(error.kind, ApiErrorKind::Refused(_))
        {
            self.problem(&error);
        }
        if self.traits.selects_store {
            match self.asked.store.clone().or_else(|| stores.first().cloned()) {
                Some(store) => drop(self.expect(ShopCall::SelectStore { store }).await?),
                None => self.trouble("select_store: the shop lists no store".to_owned()),
            }
        }
        Ok(())
    }

    /// What an earlier visit has left is not this one's to buy.
    async fn empty_what_was_left(&mut self) -> Result<(), Away> {
        if !self.profile.has(StepName::ReadCart) || !self.traits.keeps_carts() {
            return Ok(());
        }
        // Where there is no cart yet, a shop may have nothing to show.
        if let Ok(ShopReply::Cart { items: 1.. }) = self.ask(ShopCall::ReadCart).await? {
            self.note(format!("the cart of {} was not empty; it is cleared", self.asked.agent));
            self.is_dirty = true;
            self.fresh_cart().await?;
        }
        Ok(())
    }

    /// One unit of the first thing that can be had.
    pub(super) async fn put_one_in(&mut self, goods: &[Product]) -> Result<Option<Product>, Away> {
        for product in goods.iter().take(TRIED_MAX) {
            let call = ShopCall::AddItem { product: product.goods(), quantity: 1 };
            match self.ask(call).await? {
                Ok(ShopReply::ItemAdded { unit_price }) => {
                    if unit_price != product.price {
                        let (id, listed) = (&product.id, product.price);
                        self.note(format!("{id}: {listed} in the list, {unit_price} in the cart"));
                    }
                    self.cart.add(product, 1, unit_price);
                    return Ok(Some(product.clone()));
                }
                // At the price of the list, where the answer says none.
                Ok(_) => {
                    self.cart.add(product, 1, product.price);
                    return Ok(Some(product.clone()));
                }
                Err(error) if is_of_goods(&error) => {}
                Err(error) => {
                    self.problem(&error);
                    return Ok(None);
                }
            }
        }
        if !goods.is_empty() {
            let tried = goods.len().min(TRIED_MAX);
            self.trouble(format!("add_item: none of {tried} products can be had"));
        }
        Ok(None)
    }

    async fn look_at_the_cart(&mut self) -> Result<(), Away> {
        if self.profile.has(StepName::ReadCart)
            && let Some(ShopReply::Cart { items }) = self.expect(ShopCall::ReadCart).await?
            && items != 1
        {
            self.trouble(format!("read_cart: one line was put in, {items} are there"));
        }
        if self.profile.has(StepName::ReadSummary) {
            self.expect(ShopCall::ReadSummary).await?;
        }
        Ok(())
    }

    /// Notes an order that was placed: the cart has become it.
    pub(super) fn ordered(&mut self, order: &Order) {
        self.is_dirty = false;
        let (id, final_total) = (order.id.to_string(), order.final_total.cents.to_string());
        if !self.report.ordered.iter().any(|known| known.id == id) {
            self.report.ordered.push(Ordered { id, final_total });
        }
    }

    /// From here on the cart is another one, with nothing in it.
    pub(super) async fn fresh_cart(&mut self) -> Result<(), Away> {
        self.clear().await?;
        self.door.begin_visit();
        Ok(())
    }

    /// Empties the cart; answers whether it is empty.
    pub(super) async fn clear(&mut self) -> Result<bool, Away> {
        if self.is_dirty && self.expect(ShopCall::ClearCart).await?.is_some() {
            self.is_dirty = false;
        }
        self.cart = Cart::default();
        Ok(!self.is_dirty)
    }

    /// Leaves nothing behind, and says what stays.
    pub(super) async fn leave(&mut self, signal: Option<Signal>) {
        if let Some(signal) = signal {
            self.trouble(format!("{signal} ended the visit early"));
            if self.is_ordering {
                self.note("a checkout was under way: look for an order at the shop".to_owned());
            }
        }
        if self.is_dirty && self.fresh_cart().await.is_err() {
            self.note("the shop is away".to_owned());
        }
        if self.is_dirty {
            let agent = &self.asked.agent;
            self.trouble(format!("something is left in the cart of {agent}"));
        } else if !self.traits.clears {
            let says = "the profile's clear_cart sends nothing, carts stay as they are";
            self.note(format!("carts that were not ordered are left to the shop: {says}"));
        }
        let unfit = std::mem::take(&mut self.door.misreads);
        for (step, misread) in unfit.iter().take(MISREADS_MAX) {
            let says = format!("{step}: {}", misread.says());
            self.report.misfits.push(says.clone());
            self.note(says);
        }
        if unfit.len() > MISREADS_MAX {
            let more = unfit.len() - MISREADS_MAX;
            self.note(format!("{more} more of what came does not fit the profile"));
        }
    }

    pub(super) fn into_report(self) -> Report {
        let works = self.report.problems.is_empty();
        Report { calls: self.ears.all(), works, ..self.report }
    }

    /// Asks; what is wrong with the answer is the caller's to say.
    pub(super) async fn ask(&mut self, call: ShopCall) -> Asking {
        self.is_dirty |= matches!(call, ShopCall::AddItem { .. } | ShopCall::ApplyCoupon { .. });
        match self.door.ask(call).await {
            Err(error) if error.doubt().is_some() => {
                self.problem(&error);
                Err(Away)
            }
            answered => Ok(answered),
        }
    }

    /// Asks for what a run needs: any failure is a problem.
    pub(super) async fn expect(&mut self, call: ShopCall) -> Result<Option<ShopReply>, Away> {
        let answered = self.ask(call).await?;
        Ok(answered.map_err(|error| self.problem(&error)).ok())
    }

    /// The last request.
    pub(super) fn last(&self) -> Option<Told> {
        self.ears.last()
    }

    pub(super) fn tell(&self, line: &str) {
        (self.say)(line);
    }

    pub(super) fn note(&mut self, note: String) {
        if !self.report.notes.contains(&note) {
            self.report.notes.push(note);
        }
    }

    pub(super) fn trouble(&mut self, problem: String) {
        if !self.report.problems.contains(&problem) {
            self.report.problems.push(problem);
        }
    }

    /// A step that does not work, with what can be done about it.
    pub(super) fn problem(&mut self, error: &ApiError) {
        let said = error.to_string();
        let advice = if matches!(error.kind, ApiErrorKind::Unauthorized(_)) {
            let sign_in = self.profile.sign_in(self.asked.auth.as_deref());
            Some(format!("{sign_in}; --agent names an agent that the shop knows"))
        } else {
            stranger::advice(&said)
        };
        let refusal = refusal_of(error.call);
        let is_ruled = matches!(error.kind, ApiErrorKind::Refused(_)) || advice.is_some();
        let rule = refusal.filter(|_| !is_ruled && error.is_answer());
        let rule = rule.and_then(|refusal| advice::rule(self.last().as_ref(), error, refusal, &[]));
        let rule = rule.map(|rule| format!("where that is a refusal, write {rule}"));
        let advice = advice.or(rule).map_or(String::new(), |advice| format!("; {advice}"));
        self.trouble(format!("{said}{advice}"));
    }
}

/// Whether another product may be had where this one is not.
fn is_of_goods(error: &ApiError) -> bool {
    matches!(error.kind, ApiErrorKind::Refused(Refusal::Stock | Refusal::ProductGone))
}

/// What a step is refused for as a rule.
fn refusal_of(step: &str) -> Option<Refusal> {
    match step {
        "view_product" => Some(Refusal::ProductGone),
        "add_item" => Some(Refusal::Stock),
        "apply_coupon" => Some(Refusal::Coupon),
        "checkout" => Some(Refusal::Payment),
        _ => None,
    }
}
