//! Refusals, provoked on purpose: each should be one by the profile's rules, in a cart of its own.

use std::collections::BTreeMap;

use actors::domain::catalog::{Goods, Handle, Product};
use actors::domain::flow::Order;
use actors::domain::ids::{CouponId, ProductId};
use actors::ports::shop_api::{ApiErrorKind, Refusal, ShopCall, ShopReply, WalletMode};
use shops::shop_api::profile::StepName;
use uuid::Uuid;

use super::advice;
use super::report::Provoked;
use super::told::{Came, failed};
use super::visit::{Away, Visit};

/// Units that no shop has of one thing.
const FAR_TOO_MANY: u32 = 1_000_000;
/// Units below what shops find too many to be meant.
const MANY: u32 = 999;
/// What no shop has.
const NOTHING: &str = "cartload0none";
/// The same in digits.
const NOTHING_IN_DIGITS: &str = "999999999";

impl Visit<'_> {
    /// Each in turn; `bought` is what is known to be had.
    pub(super) async fn provoke(
        &mut self,
        listed: Option<&Product>,
        bought: Option<&Product>,
    ) -> Result<(), Away> {
        self.tell("");
        self.tell("Refusals, provoked on purpose:");
        if let Some(product) = listed {
            self.what_there_is_not(product).await?;
        }
        if let Some(product) = bought {
            self.too_many(product).await?;
            self.no_coupon(product).await?;
            // Of a checkout that never works nothing can be learnt.
            if self.report.order.is_some() {
                self.nothing_to_order(product).await?;
            }
        }
        Ok(())
    }

    async fn what_there_is_not(&mut self, product: &Product) -> Result<(), Away> {
        let none = unlike(product);
        let ids = [none.id.to_string(), none.product_id().to_string()];
        let tried: Vec<&str> = ids.iter().map(String::as_str).collect();
        if self.profile.has(StepName::ViewProduct) {
            let call = ShopCall::ViewProduct { product: none.clone() };
            let what = "a product that there is not, viewed";
            self.try_to(what, call, (Refusal::ProductGone, &tried)).await?;
        }
        let call = ShopCall::AddItem { product: none, quantity: 1 };
        let what = "a product that there is not, put into the cart";
        self.try_to(what, call, (Refusal::ProductGone, &tried)).await?;
        self.fresh_cart().await
    }

    async fn too_many(&mut self, product: &Product) -> Result<(), Away> {
        let add = |quantity| ShopCall::AddItem { product: product.goods(), quantity };
        let tried = [product.id.as_str(), product.product_id().as_str(), product.name.as_str()];
        let expected = (Refusal::Stock, &tried[..]);
        let (first, _) =
            self.attempt("a million of one thing", add(FAR_TOO_MANY), expected).await?;
        if first.came == Came::Failure {
            // A number that is none for the shop's forms is not what agents ask for.
            self.fresh_cart().await?;
            let (fewer, _) = self.attempt("999 of one thing", add(MANY), expected).await?;
            match fewer.came {
                Came::Refusal => {
                    let says = "a million of one thing is a failure, 999 are refused: that is fine";
                    self.note(format!("add_item: {says}"));
                }
                Came::Failure => self.judge(&fewer),
                Came::Success | Came::Skipped | Came::Renewed if is_of_stock(&first) => {
                    self.judge(&first);
                }
                Came::Success | Came::Skipped | Came::Renewed => {
                    let rule = first.rule.unwrap_or_default();
                    self.note(format!(
                        "add_item: a million of one thing is a failure, 999 are taken: where the \
                         shop means its stock, write {rule}"
                    ));
                }
            }
        } else {
            self.judge(&first);
        }
        self.fresh_cart().await
    }

    async fn no_coupon(&mut self, product: &Product) -> Result<(), Away> {
        let coupon = match self.traits.wallet {
            WalletMode::None => return Ok(()),
            WalletMode::Codes => "CARTLOAD-NONE".to_owned(),
            WalletMode::Engine | WalletMode::Shop => {
                let like = self.report.coupon.as_deref();
                like.map_or_else(|| Uuid::new_v4().to_string(), unlike_id)
            }
        };
        if self.put_one_in(std::slice::from_ref(product)).await?.is_some() {
            let call = ShopCall::ApplyCoupon { coupon: CouponId::new(&coupon) };
            let what = "a coupon that there is not";
            self.try_to(what, call, (Refusal::Coupon, &[&coupon])).await?;
        }
        self.fresh_cart().await
    }

    async fn nothing_to_order(&mut self, product: &Product) -> Result<(), Away> {
        // A shop may know a visit only from what is put into its cart.
        let is_in = self.put_one_in(std::slice::from_ref(product)).await?.is_some();
        if !is_in || !self.clear().await? {
            return Ok(());
        }
        let what = "the checkout of an empty cart";
        let reply = self.try_to(what, ShopCall::Checkout, (Refusal::CartEmpty, &[])).await?;
        if let Some(ShopReply::OrderPlaced(order)) = reply {
            self.ordered(&order);
        }
        self.fresh_cart().await
    }

    /// Right after the order, in the same visit.
    pub(super) async fn second_checkout(&mut self, first: &Order) -> Result<(), Away> {
        let what = "a second checkout after the order";
        let reply = self.try_to(what, ShopCall::Checkout, (Refusal::CartEmpty, &[])).await?;
        let Some(ShopReply::OrderPlaced(order)) = reply else { return Ok(()) };
        if order.id == first.id {
            self.note(format!("checkout: a second one answers the first order, {}", first.id));
        } else {
            self.ordered(&order);
            let (id, first) = (&order.id, &first.id);
            self.trouble(format!("checkout: a second one after {first} placed another, {id}"));
        }
        Ok(())
    }

    /// Does what should be refused, and judges what came of it.
    async fn try_to(
        &mut self,
        what: &'static str,
        call: ShopCall,
        expected: (Refusal, &[&str]),
    ) -> Result<Option<ShopReply>, Away> {
        let (provoked, reply) = self.attempt(what, call, expected).await?;
        self.judge(&provoked);
        Ok(reply)
    }

    /// Does what should be refused, and tells what came of it.
    async fn attempt(
        &mut self,
        what: &'static str,
        call: ShopCall,
        (expected, tried): (Refusal, &[&str]),
    ) -> Result<(Provoked, Option<ShopReply>), Away> {
        let step = call.name();
        let answered = self.ask(call).await?;
        let last = self.last();
        let of = |came, refusal, says, rule| Provoked {
            what,
            step,
            expected,
            came,
            refusal,
            says,
            rule,
        };
        let provoked = match &answered {
            Ok(_) => {
                let says = last.as_ref().map(|told| told.meaning.clone());
                of(Came::Success, None, says, None)
            }
            Err(error) => {
                if let ApiErrorKind::Refused(refusal) = error.kind {
                    of(Came::Refusal, Some(refusal), error.detail.clone(), None)
                } else {
                    let rule = advice::rule(last.as_ref(), error, expected, tried);
                    of(Came::Failure, None, Some(failed(error)), rule)
                }
            }
        };
        self.tell(&format!("  {}", provoked.line()));
        self.report.refusals.push(provoked.clone());
        Ok((provoked, answered.ok()))
    }

    fn judge(&mut self, provoked: &Provoked) {
        let Provoked { step, what, expected, .. } = provoked;
        match provoked.came {
            Came::Failure => {
                let says = provoked.says.as_deref().unwrap_or_default();
                let rule = provoked.rule.as_ref();
                let rule = rule.map_or(String::new(), |rule| format!("; write {rule}"));
                self.trouble(format!("{step}: {what} is no refusal: {says}{rule}"));
            }
            Came::Success if *expected == Refusal::Coupon => self.note(format!(
                "{step}: {what} was taken: where the shop is silent about it, a rule with `lacks` \
                 says so"
            )),
            Came::Success if *expected == Refusal::Stock => self.note(format!(
                "{step}: {what} was taken: does the shop look at its stock when it is ordered?"
            )),
            Came::Success | Came::Refusal | Came::Skipped | Came::Renewed => {}
        }
    }
}

/// Whether the shop speaks of its stock.
fn is_of_stock(provoked: &Provoked) -> bool {
    let says = provoked.says.as_deref().unwrap_or_default().to_lowercase();
    ["stock", "inventor", "availab", "enough", "insufficient"].iter().any(|w| says.contains(w))
}

/// Goods that there are not, named as these are.
fn unlike(product: &Product) -> Goods {
    let Handle { variant_of, kept } = &product.handle;
    let of = |id: &ProductId| ProductId::new(unlike_id(id.as_str()));
    let kept: BTreeMap<String, String> =
        kept.iter().map(|(name, value)| (name.clone(), unlike_id(value))).collect();
    let handle = Handle { variant_of: variant_of.as_ref().map(of), kept };
    Goods { id: of(&product.id), handle }
}

/// An id of the same looks, of nothing.
fn unlike_id(id: &str) -> String {
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return NOTHING_IN_DIGITS.to_owned();
    }
    if id.parse::<Uuid>().is_ok() {
        return Uuid::new_v4().to_string();
    }
    let head = id.rfind(['_', '-', '/', ':']).map_or("", |at| &id[..=at]);
    format!("{head}{NOTHING}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_not_looks_like_what_there_is() {
        assert_eq!(unlike_id("prod_01JXYZ"), "prod_cartload0none");
        assert_eq!(unlike_id("sku-1"), "sku-cartload0none");
        assert_eq!(unlike_id("17"), "999999999");
        assert_eq!(unlike_id("A1"), "cartload0none");
        let uuid = "0198c5f2-0000-7000-8000-000000000000";
        assert!(unlike_id(uuid).parse::<Uuid>().is_ok_and(|other| other.to_string() != uuid));
    }
}
