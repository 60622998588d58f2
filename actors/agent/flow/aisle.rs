//! What an agent does among the shelves, step by step: lists, searches, pages, and what goes into
//! the cart and out of it.

use crate::agent::calls::CallStop;
use crate::agent::decision;
use crate::agent::draft::Shown;
use crate::agent::temporal::VisitClock;
use crate::domain::catalog::Product;
use crate::domain::flow::ShopCart;
use crate::domain::ids::ProductId;
use crate::ports::shop_api::{CatalogMode, Refusal, ShopCall, ShopReply};

use super::Visit;

/// Products of one list that are chosen among: a page of the largest size.
const LISTED_MAX: usize = 1_000;

/// A visit among the shelves.
pub(super) struct Aisle<'v>(pub(super) &'v mut Visit);

impl Aisle<'_> {
    pub(super) async fn list(&mut self, category: Option<&str>) -> Result<Vec<Product>, CallStop> {
        let products = match self.0.settings.shop.catalog {
            CatalogMode::Cached | CatalogMode::Viewed => {
                self.0.shop.catalog.list(category).cloned().collect()
            }
            CatalogMode::Live => {
                let call = ShopCall::ListProducts {
                    category: category.map(str::to_owned),
                    page: self.0.settings.shop.paging.first_page(),
                };
                self.page(call).await?
            }
        };
        let products = decision::one_of_each(&mut self.0.state.rng, products);
        let at = self.0.moment(VisitClock::instant);
        let shown = self.shown(&products);
        self.0.with(|d| d.listed(category, shown, at));
        Ok(products)
    }

    /// What answers to a text.
    pub(super) async fn search(&mut self, text: &str) -> Result<Vec<Product>, CallStop> {
        let page = self.0.settings.shop.paging.first_page();
        let found = self.page(ShopCall::SearchProducts { text: text.to_owned(), page }).await?;
        let found = decision::one_of_each(&mut self.0.state.rng, found);
        let at = self.0.moment(VisitClock::instant);
        let shown = self.shown(&found);
        self.0.with(|d| d.searched(text, shown, at));
        Ok(found)
    }

    fn shown<'p>(&self, products: &'p [Product]) -> Shown<'p> {
        Shown { products, priced: self.0.settings.behavior.choice.is_some() }
    }

    /// The products of one page; a shop that refuses it shows none.
    async fn page(&mut self, call: ShopCall) -> Result<Vec<Product>, CallStop> {
        match self.0.ask(call).await {
            Ok(ShopReply::Products { mut products, .. }) => {
                products.truncate(LISTED_MAX);
                Ok(products)
            }
            Ok(_) => Ok(Vec::new()),
            Err(stop) if stop.refusal().is_some() => Ok(Vec::new()),
            Err(stop) => Err(stop),
        }
    }

    /// One product; `None` when the shop no longer has it.
    pub(super) async fn view(&mut self, product: Product) -> Result<Option<Product>, CallStop> {
        let called = self.0.settings.behavior.view_calls;
        let mut seen = product;
        if called {
            match self.0.ask(ShopCall::ViewProduct { product: seen.goods() }).await {
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
        let at = self.0.moment(VisitClock::view);
        self.0.with(|d| d.viewed(&seen, called, at));
        Ok(Some(seen))
    }

    /// Puts a product in the cart where it is wanted and can be paid; answers whether it is in.
    pub(super) async fn take(&mut self, product: &Product, will: f64) -> Result<bool, CallStop> {
        let visit = &mut *self.0;
        let (cart_total, now) = visit.with(|d| (d.cart.total(), d.simulated_now()));
        // Fewer than wanted, or none, where the week's money is spent.
        let units = decision::draw_adding(
            &mut visit.state.rng,
            &visit.settings.behavior,
            (&*visit.persona, &visit.state.memory),
            (cart_total, product, will),
            now,
        );
        if units == 0 {
            return Ok(false);
        }
        visit.begin_cart().await?;
        self.add(product, units).await?;
        Ok(self.0.with(|d| d.cart.line(&product.id).is_some()))
    }

    /// Takes all units of a product out of the cart. One that is not in it is out of it.
    pub(super) async fn remove(&mut self, product: &ProductId) -> Result<(), CallStop> {
        let line = self.0.with(|d| d.cart.line(product).map(|line| line.product.goods()));
        let Some(goods) = line else { return Ok(()) };
        match self.0.ask(ShopCall::RemoveItem { product: goods }).await {
            Err(stop) if stop.refusal().is_none() => return Err(stop),
            Err(stop) if stop.refusal() != Some(Refusal::ProductGone) => return Ok(()),
            Ok(_) | Err(_) => {}
        }
        let at = self.0.moment(VisitClock::add);
        self.0.with(|d| d.removed(product, at));
        Ok(())
    }

    pub(super) async fn add(&mut self, product: &Product, quantity: u32) -> Result<(), CallStop> {
        let call = ShopCall::AddItem { product: product.goods(), quantity };
        // Dirty while it is under way, whatever ends it, and after it unless it never left: a shop
        // may have taken what it did not confirm, or even what it refused.
        let found = self.0.with(|d| std::mem::replace(&mut d.shop_cart, ShopCart::Dirty));
        let requests = self.0.calls.requests;
        let mut answer = self.0.ask(call.clone()).await;
        if answer.as_ref().is_err_and(|stop| !stop.may_have_arrived())
            && self.0.calls.requests == requests
        {
            self.0.with(|d| d.shop_cart = found);
        }
        if answer.as_ref().is_err_and(|stop| stop.refusal() == Some(Refusal::NoStore)) {
            self.0.state.store = None;
            self.0.select_store().await?;
            answer = self.0.ask(call).await;
        }
        match answer {
            Ok(reply) => {
                let unit_price = if let ShopReply::ItemAdded { unit_price } = reply {
                    unit_price
                } else {
                    product.price
                };
                let at = self.0.moment(VisitClock::add);
                self.0.with(|d| d.added(product, quantity, unit_price, at));
                Ok(())
            }
            Err(stop) => match stop.refusal() {
                Some(Refusal::NoStore) | None => Err(stop),
                Some(refusal) => {
                    let at = self.0.moment(VisitClock::add);
                    self.0.with(|d| d.add_refused(product, quantity, refusal.as_str(), at));
                    Ok(())
                }
            },
        }
    }
}
