//! Which agents the shop knows, where they shop, and what lies in their carts and wallets.

use actors::coordinator::asked_first;
use actors::domain::ids::StoreId;
use actors::ports::shop_api::{ApiError, ApiErrorKind, ShopCall, ShopReply, WalletMode};
use shops::shop_api::profile::StepName;

use super::visitor::{Visitor, fix};
use super::{AREA, Shop};
use crate::config::Settings;
use crate::doctor::finding::{Finding, Findings};
use crate::doctor::population::People;

/// Orders that are asked for.
const ORDERS_ASKED: u32 = 5;
/// Stores that are named where one is not there.
const NAMED_MAX: usize = 3;

/// The shop's branches.
pub(super) async fn stores(
    settings: &Settings,
    visitor: &mut Visitor,
    findings: &mut Findings,
) -> Vec<StoreId> {
    if !visitor.has(StepName::ListStores) {
        return Vec::new();
    }
    let stores = match visitor.ask(ShopCall::ListStores).await {
        Ok(ShopReply::Stores(stores)) => stores,
        Ok(_) => Vec::new(),
        Err(error) => {
            let fix = fix(&error, visitor.profile(), settings.shop.auth.as_deref());
            findings.push(Finding::fail(AREA, "stores", error.to_string(), fix));
            return Vec::new();
        }
    };
    findings.push(told_of_stores(&stores, settings.shop.store_id.as_deref()));
    stores
}

fn told_of_stores(stores: &[StoreId], asked: Option<&str>) -> Finding {
    let count = stores.len();
    match asked.filter(|asked| !stores.iter().any(|store| store.as_str() == *asked)) {
        Some(asked) => {
            let named = stores.iter().take(NAMED_MAX).map(StoreId::as_str);
            let named = named.collect::<Vec<_>>().join(", ");
            let says = format!("the shop lists no store {asked}; there are {count}: {named}");
            let fix = "`--store-id` with one that is listed, or none: agents are spread over all";
            Finding::fail(AREA, "stores", says, fix)
        }
        None if count == 0 => {
            let fix = "open a store at the shop, or correct `answers.stores` of the profile";
            Finding::fail(AREA, "stores", "the shop lists no store", fix)
        }
        None => Finding::ok(AREA, "stores", format!("{count} stores")),
    }
}

/// What one agent met.
enum Met {
    Known {
        /// Lines in its cart.
        items: usize,
    },
    Refused(ApiError),
}

/// Signs agents in and looks into their carts; answers the places of those that the shop takes, and
/// what the first that it does not take was told.
pub(super) async fn meet(
    shop: &Shop,
    settings: &Settings,
    people: &People,
    visitor: &mut Visitor,
    findings: &mut Findings,
) -> (Vec<usize>, Option<ApiError>) {
    let (mut known, mut full, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for place in asked_first(people.personas.len()) {
        visitor.become_one(people, place);
        match sign_in(shop, settings, visitor).await {
            Met::Known { items } => {
                known.push(place);
                if items > 0 {
                    full.push(people.personas[place].agent_id.to_string());
                }
            }
            Met::Refused(error) => {
                refused.push((people.personas[place].agent_id.to_string(), error));
            }
        }
    }
    let asked = known.len() + refused.len();
    findings.push(match refused.first() {
        None if asked == 0 => Finding::skip(AREA, "users", "there is no agent to ask for"),
        None => Finding::ok(AREA, "users", format!("{asked} of {asked} agents asked are taken")),
        Some((agent, error)) => {
            let fix = fix(error, shop.profile(), settings.shop.auth.as_deref());
            let known = known.len();
            match known {
                0 => {
                    let says = format!("none of {asked} agents asked are taken: {error}");
                    Finding::fail(AREA, "users", says, fix)
                }
                known => {
                    let says = format!("{known} of {asked} agents are taken; {agent}: {error}");
                    Finding::warn(AREA, "users", says, fix)
                }
            }
        }
    });
    if shop.traits().keeps_carts() && visitor.has(StepName::ReadCart) && !known.is_empty() {
        findings.push(carts(&full, known.len()));
    }
    let refused = refused.into_iter().next().map(|(_, error)| error);
    (known, refused)
}

async fn sign_in(shop: &Shop, settings: &Settings, visitor: &mut Visitor) -> Met {
    let traits = shop.traits();
    if traits.first_visit
        && let Err(error) = visitor.ask(ShopCall::FirstVisit).await
        && !matches!(error.kind, ApiErrorKind::Refused(_))
    {
        return Met::Refused(error);
    }
    let store = settings.shop.store_id.as_deref().map(StoreId::new);
    let store = store.filter(|store| shop.stores.is_empty() || shop.stores.contains(store));
    if let Some(store) =
        store.or_else(|| shop.stores.first().cloned()).filter(|_| traits.selects_store)
        && let Err(error) = visitor.ask(ShopCall::SelectStore { store }).await
    {
        return Met::Refused(error);
    }
    if !visitor.has(StepName::ReadCart) {
        return Met::Known { items: 0 };
    }
    match visitor.ask(ShopCall::ReadCart).await {
        Ok(ShopReply::Cart { items }) => Met::Known { items },
        // Where there is no cart yet, a shop may have nothing to show.
        Err(error) if !is_of_caller(&error) => Met::Known { items: 0 },
        Ok(_) => Met::Known { items: 0 },
        Err(error) => Met::Refused(error),
    }
}

/// Whether it is about who asks, and not about what there is.
pub(super) fn is_of_caller(error: &ApiError) -> bool {
    matches!(error.kind, ApiErrorKind::Unauthorized(_) | ApiErrorKind::ServerError(_))
        || !error.is_answer()
}

fn carts(full: &[String], asked: usize) -> Finding {
    match full {
        [] => Finding::ok(AREA, "carts", format!("the carts of {asked} agents asked are empty")),
        some => {
            let says = format!(
                "goods lie in the carts of {} of {asked} agents asked ({})",
                some.len(),
                some.join(", ")
            );
            let fix = "nothing where that is no one's: a run clears each cart before it puts \
                       anything in, one request an agent more";
            Finding::warn(AREA, "carts", says, fix)
        }
    }
}

/// What agents may use of their wallets.
pub(super) async fn wallets(
    shop: &Shop,
    people: &People,
    visitor: &mut Visitor,
    findings: &mut Findings,
) {
    match shop.traits().wallet {
        WalletMode::None => {
            return findings.push(Finding::ok(AREA, "coupons", "this shop has none"));
        }
        WalletMode::Engine => {
            let says = "the run hands them out; `--order` tries one";
            return findings.push(Finding::skip(AREA, "coupons", says));
        }
        WalletMode::Codes => {
            let says = "shoppers know codes, which the shop judges; `--order` tries one";
            return findings.push(Finding::skip(AREA, "coupons", says));
        }
        WalletMode::Shop => {}
    }
    let (mut usable, mut others, mut asked) = (0, 0, 0);
    for place in &shop.known {
        visitor.become_one(people, *place);
        match visitor.ask(ShopCall::EligibleCoupons).await {
            Ok(ShopReply::Coupons { eligible, ineligible }) => {
                usable += eligible.len();
                others += ineligible.len();
                asked += 1;
            }
            Ok(_) => {}
            Err(error) => {
                let fix = fix(&error, shop.profile(), None);
                return findings.push(Finding::fail(AREA, "coupons", error.to_string(), fix));
            }
        }
    }
    findings.push(told_of_coupons(usable, others, asked));
}

fn told_of_coupons(usable: usize, others: usize, asked: usize) -> Finding {
    match usable + others {
        0 => {
            let says =
                format!("none in the wallets of {asked} agents asked, neither now nor later");
            let fix = "have they expired, or were none assigned? renew them at the shop; a run \
                       goes on without";
            Finding::warn(AREA, "coupons", says, fix)
        }
        _ => {
            let says = format!(
                "{usable} to use now and {others} for other carts in the wallets of {asked} agents"
            );
            Finding::ok(AREA, "coupons", says)
        }
    }
}

/// Whether orders whose answer was lost can be found again.
pub(super) async fn orders(shop: &Shop, visitor: &mut Visitor, findings: &mut Findings) {
    let reads = shop.traits().orders;
    if !reads.lists {
        findings.push(match reads.finds {
            true => Finding::ok(AREA, "orders", "an order is found by its cart"),
            false => {
                let says = "the profile reads no orders: a checkout whose answer is lost stays \
                            unknown";
                let fix = "add the step `latest_order` or `find_order` to the profile";
                Finding::warn(AREA, "orders", says, fix)
            }
        });
        return;
    }
    let finding = match visitor.ask(ShopCall::LatestOrders { most: ORDERS_ASKED }).await {
        Ok(_) => Finding::ok(AREA, "orders", "they can be read: lost answers are looked up"),
        Err(error) => {
            let says = format!("{error}: a checkout whose answer is lost stays unknown");
            Finding::warn(AREA, "orders", says, fix(&error, shop.profile(), None))
        }
    };
    findings.push(finding);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;

    #[test]
    fn a_store_that_is_not_listed_is_told_with_those_that_are() {
        let stores = ["a", "b"].map(StoreId::new);
        assert_eq!(told_of_stores(&stores, Some("b")).state, State::Ok);
        let finding = told_of_stores(&stores, Some("c"));
        assert!(finding.state == State::Fail && finding.says.ends_with("a, b"), "{finding}");
        assert_eq!(told_of_stores(&[], None).state, State::Fail);
    }

    #[test]
    fn wallets_without_any_coupon_are_told_and_one_for_another_cart_is_enough() {
        assert_eq!(told_of_coupons(0, 0, 3).state, State::Warn);
        assert_eq!(told_of_coupons(0, 1, 3).state, State::Ok);
        assert_eq!(told_of_coupons(1, 0, 3).state, State::Ok);
    }
}
