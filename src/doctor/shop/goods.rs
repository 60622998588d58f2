//! What the shop sells: the list and its pages, some products by themselves, what is on the
//! shelves.

use std::collections::BTreeSet;

use actors::coordinator::Outlook;
use actors::domain::catalog::{Catalog, Product};
use actors::domain::ids::ProductId;
use actors::ports::shop_api::{ApiError, CatalogMode, Page, PageBy, ShopCall, ShopReply};
use serde_json::Value;
use shops::shop_api::profile::StepName;

use super::visitor::{Visitor, fix};
use super::{AREA, Shop};
use crate::config::Settings;
use crate::doctor::finding::{Finding, Findings};

/// Products of a page by which it is found out whether the shop takes its size.
const FEW: u32 = 5;
const PAGING_FIX: &str = "correct `paging` of the profile, and what its list call takes of it";
/// Products that are viewed.
const VIEWED_MAX: usize = 3;
/// Keys under which shops say how many units there are, where they stand in a product's answer.
const UNITS: [&str; 8] = [
    "available",
    "available_quantity",
    "inventory_quantity",
    "quantity_available",
    "stock",
    "stock_quantity",
    "stockLevel",
    "units",
];
/// How deep they may stand.
const DEPTH_MAX: usize = 4;
/// A run without an end is held against a week.
const DAYS: f64 = 7.0;

/// The list, two pages of it, and some products.
pub(super) async fn look(shop: &mut Shop, visitor: &mut Visitor, findings: &mut Findings) {
    let paging = visitor.profile().traits().paging;
    let page = paging.first_page();
    let listed = visitor.ask(ShopCall::ListProducts { category: None, page }).await;
    let (products, came, total) = match listed {
        Ok(ShopReply::Products { products, came, total, .. }) => (products, came, total),
        Ok(_) => return,
        Err(error) => {
            let fix = fix(&error, shop.profile(), None);
            findings.push(Finding::fail(AREA, "goods", error.to_string(), fix));
            return;
        }
    };
    if products.is_empty() {
        let says = match came {
            0 => "the list of products is empty",
            _ => "nothing in the list of products fits the profile",
        };
        let fix = "are `answers.products.list` and `answers.item` right? `cartload profile try`";
        findings.push(Finding::fail(AREA, "goods", says, fix));
        return;
    }
    let of = total.map_or(String::new(), |total| format!(" of {total}"));
    findings.push(Finding::ok(AREA, "goods", format!("{came}{of} products in the first page")));
    shop.catalog = Catalog { products };
    turn_the_page(visitor, (came, total), findings).await;
    view(shop, visitor, findings).await;
}

/// Asks for a few products, and for a few others: whether the shop takes a page's size and place.
async fn turn_the_page(
    visitor: &mut Visitor,
    (came, total): (u32, Option<u64>),
    findings: &mut Findings,
) {
    let paging = visitor.profile().traits().paging;
    if paging.by == PageBy::None {
        findings.push(match total.filter(|total| u64::from(came) < *total) {
            Some(total) => {
                let says =
                    format!("{came} of {total} products came, and no other page is asked for");
                Finding::warn(AREA, "paging", says, PAGING_FIX)
            }
            None => Finding::ok(AREA, "paging", "the list has one page"),
        });
        return;
    }
    if came <= FEW {
        return findings.push(Finding::ok(AREA, "paging", format!("{came} products are one page")));
    }
    let few = Page { limit: FEW, ..paging.first_page() };
    let first = match page(visitor, few).await {
        Ok(first) => first,
        Err(error) => {
            let says = format!("a page of {FEW}: {error}");
            return findings.push(Finding::warn(AREA, "paging", says, PAGING_FIX));
        }
    };
    let number = paging.first.saturating_add(1);
    let offset = u32::try_from(first.ids.len()).unwrap_or(FEW);
    let next = Page { limit: FEW, offset, number, cursor: first.next.clone() };
    let second = match paging.by == PageBy::Cursor && first.next.is_none() {
        true => None,
        false => page(visitor, next).await.ok(),
    };
    findings.push(told_of_pages(came, &first, second.as_ref()));
}

/// A page that came.
struct Came {
    ids: BTreeSet<ProductId>,
    next: Option<String>,
}

async fn page(visitor: &mut Visitor, page: Page) -> Result<Came, ApiError> {
    let reply = visitor.ask(ShopCall::ListProducts { category: None, page }).await?;
    let ShopReply::Products { products, next, .. } = reply else {
        return Ok(Came { ids: BTreeSet::new(), next: None });
    };
    let ids = products.iter().map(|product| product.product_id().clone()).collect();
    Ok(Came { ids, next })
}

fn told_of_pages(whole: u32, first: &Came, second: Option<&Came>) -> Finding {
    let came = first.ids.len();
    if came > FEW as usize && came >= whole as usize {
        let says = format!("{came} products came where {FEW} were asked for: the size is ignored");
        return Finding::warn(AREA, "paging", says, PAGING_FIX);
    }
    match second {
        Some(second) if second.ids.iter().any(|id| !first.ids.contains(id)) => {
            Finding::ok(AREA, "paging", "the shop takes a page's size and its place")
        }
        Some(_) => {
            let says = "the second page brings nothing new";
            Finding::warn(AREA, "paging", says, PAGING_FIX)
        }
        None => {
            let says = "the first page names no next one, or that did not come";
            Finding::warn(AREA, "paging", says, PAGING_FIX)
        }
    }
}

async fn view(shop: &mut Shop, visitor: &mut Visitor, findings: &mut Findings) {
    if visitor.has(StepName::ViewProduct) {
        let is_viewed = visitor.profile().traits().catalog == CatalogMode::Viewed;
        let listed: Vec<Product> = shop.products().iter().take(VIEWED_MAX).cloned().collect();
        let (mut seen, mut failed) = (Vec::new(), None);
        for product in &listed {
            match visitor.ask(ShopCall::ViewProduct { product: product.goods() }).await {
                Ok(ShopReply::Product(goods)) => seen.extend(goods),
                Ok(_) => {}
                Err(error) => failed = Some(error),
            }
        }
        findings.push(match failed {
            Some(error) => {
                let fix = fix(&error, shop.profile(), None);
                Finding::warn(AREA, "view", error.to_string(), fix)
            }
            None => Finding::ok(AREA, "view", format!("{} products can be viewed", listed.len())),
        });
        if is_viewed {
            shop.catalog = Catalog { products: seen };
        }
    }
    let bodies = shop.heard.bodies(&["view_product", "list_products"]);
    shop.units = bodies.iter().filter_map(|answer| units(&answer.body)).min();
}

/// The least number of units that an answer tells of.
fn units(body: &Value) -> Option<u64> {
    least(body, DEPTH_MAX)
}

fn least(value: &Value, depth: usize) -> Option<u64> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Object(fields) => {
            let here = UNITS.iter().filter_map(|key| fields.get(*key)?.as_u64());
            let below = fields.values().filter_map(|value| least(value, depth));
            here.chain(below).min()
        }
        Value::Array(items) => items.iter().filter_map(|value| least(value, depth)).min(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Whether what is on the shelves is enough for the run that is meant.
pub(super) fn stock(shop: &Shop, settings: &Settings, outlook: &Outlook, findings: &mut Findings) {
    let products = shop.products();
    if products.is_empty() {
        return;
    }
    let sold_out = products.iter().filter(|product| !product.in_stock).count();
    let stores = match settings.shop.store_id {
        Some(_) => 1,
        None => shop.stores.len().max(1),
    };
    findings.push(told_of_stock(
        (shop.units, sold_out, products.len(), stores),
        outlook.adds_a_day,
        days(settings),
    ));
}

/// The simulated days of the run that is meant.
fn days(settings: &Settings) -> f64 {
    let cycles = settings.time.cycles.map(|cycles| f64::from(cycles) / 24.0);
    let days = settings.time.days.map(f64::from);
    cycles.into_iter().chain(days).fold(f64::INFINITY, f64::min).min(DAYS)
}

fn told_of_stock(
    (units, sold_out, products, stores): (Option<u64>, usize, usize, usize),
    adds_a_day: f64,
    days: f64,
) -> Finding {
    let fix = "fill the shelves before the run and in it; spread agents over all stores (no \
               --store-id), or take fewer";
    if sold_out * 2 > products {
        let says = format!("{sold_out} of {products} listed products are sold out");
        return Finding::warn(AREA, "stock", says, fix);
    }
    let Some(units) = units else {
        let says = format!("{} of {products} listed products can be had", products - sold_out);
        return Finding::ok(AREA, "stock", format!("{says}; the shop does not say how many"));
    };
    let supply = units as f64 * products as f64 * stores as f64;
    let lasts = supply / adds_a_day.max(f64::MIN_POSITIVE);
    let says = format!(
        "{units} units of a product; {products} products at {stores} stores and {adds_a_day:.0} \
         units a day"
    );
    match lasts < days {
        true => {
            let says = format!("{says}: sold out after some {lasts:.1} days of {days:.1}");
            Finding::warn(AREA, "stock", says, fix)
        }
        false => Finding::ok(AREA, "stock", says),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doctor::finding::State;

    #[test]
    fn units_are_found_where_a_product_says_them() {
        let viewed = json!({"product": {"id": 7}, "inventory": {"available": 20}});
        assert_eq!(units(&viewed), Some(20));
        let listed = json!({"products": [{"stock": 12}, {"stock": 3, "rating": 1}]});
        assert_eq!(units(&listed), Some(3));
        assert_eq!(units(&json!({"available": true, "quantity": 1})), None);
        let deep = json!({"a": {"b": {"c": {"d": {"stock": 1}}}}});
        assert_eq!(units(&deep), None);
    }

    #[test]
    fn a_size_that_is_ignored_and_a_second_page_that_is_the_first_are_told() {
        let came = |ids: std::ops::Range<u32>| Came {
            ids: ids.map(|id| ProductId::new(id.to_string())).collect(),
            next: None,
        };
        let state = |first, second: Option<Came>| told_of_pages(72, &first, second.as_ref()).state;
        assert_eq!(state(came(0..5), Some(came(5..10))), State::Ok);
        assert_eq!(state(came(0..72), Some(came(0..72))), State::Warn);
        assert_eq!(state(came(0..5), Some(came(0..5))), State::Warn);
        assert_eq!(state(came(0..5), None), State::Warn);
        // A shop with a least size sends more, and still turns its pages.
        assert_eq!(state(came(0..20), Some(came(20..40))), State::Ok);
    }

    #[test]
    fn shelves_that_are_empty_before_the_run_ends_are_told() {
        let state = |units, days| told_of_stock((units, 0, 10, 2), 100.0, days).state;
        // 10 products at 2 stores: 20 units last 4 days.
        assert_eq!(state(Some(20), 4.0), State::Ok);
        assert_eq!(state(Some(20), 4.1), State::Warn);
        assert_eq!(state(None, 7.0), State::Ok);
        assert_eq!(told_of_stock((None, 5, 10, 1), 1.0, 1.0).state, State::Ok);
        assert_eq!(told_of_stock((None, 6, 10, 1), 1.0, 1.0).state, State::Warn);
    }
}
