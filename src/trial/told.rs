//! What the adapter tells of each request, as a line and as JSON.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use actors::ports::shop_api::{ApiError, ApiErrorKind, ShopReply};
use serde::Serialize;
use shops::shop_api::http::watched::{Exchange, Kept, Observer, PassedOver};

use super::Say;

/// Characters of a path that a line shows.
const TARGET_CHARS_MAX: usize = 100;
/// Characters of a captured value that a line shows.
const VALUE_CHARS_MAX: usize = 40;

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// The step that it was made for.
    pub step: &'static str,
    /// Whether it fetched values for the step, as the profile's `setup` says.
    pub setup: bool,
    /// The method.
    pub method: &'static str,
    /// Path and query, without secrets.
    pub path: String,
    /// What a GraphQL query asks for first.
    pub operation: Option<String>,
    /// The status; `None` without an answer.
    pub status: Option<u16>,
    /// Bytes of the body, unpacked.
    pub bytes: Option<usize>,
    /// From sending to the end of the body.
    pub ms: f64,
    /// What was captured; `None`: it is set, and may be a secret.
    pub captured: BTreeMap<String, Option<String>>,
    /// What it was.
    pub came: Came,
    /// In words.
    pub meaning: String,
}

/// What a request was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// A part of the step, or the step.
    Success,
    /// The shop said no for reasons of business.
    Refusal,
    /// It failed.
    Failure,
    /// It failed and may.
    Skipped,
    /// It failed, and is made again with values fetched anew.
    Renewed,
}

/// Hears each request.
#[derive(Clone)]
pub(super) struct Ears {
    heard: Arc<Mutex<Vec<Told>>>,
    say: Say,
}

impl Ears {
    pub(super) fn new(say: Say) -> Self {
        Self { heard: Arc::default(), say }
    }

    pub(super) fn observer(&self) -> Observer {
        let ears = self.clone();
        Arc::new(move |exchange| {
            let told = Told::of(exchange);
            (ears.say)(&told.line());
            ears.heard.lock().unwrap_or_else(PoisonError::into_inner).push(told);
        })
    }

    /// The last request.
    pub(super) fn last(&self) -> Option<Told> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }

    /// All of them so far.
    pub(super) fn all(&self) -> Vec<Told> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What stands above the lines.
pub(super) fn heading() -> String {
    format!(
        "{:<17}  status     bytes       ms  call, what it meant, [what was captured]",
        "step, (setup)"
    )
}

impl Told {
    fn of(exchange: &Exchange<'_>) -> Self {
        let kept = |(name, kept): &(Arc<str>, Kept)| {
            let value = match kept {
                Kept::Shown(value) => Some(value.clone()),
                Kept::Hidden => None,
            };
            (name.to_string(), value)
        };
        let (came, meaning) = came(exchange);
        Self {
            step: exchange.step,
            setup: exchange.is_setup,
            method: exchange.method,
            path: exchange.target.to_owned(),
            operation: exchange.operation.map(str::to_owned),
            status: exchange.status,
            bytes: exchange.bytes,
            ms: (exchange.took.as_secs_f64() * 10_000.0).round() / 10.0,
            captured: exchange.kept.iter().map(kept).collect(),
            came,
            meaning,
        }
    }

    fn line(&self) -> String {
        let step = match self.setup {
            true => format!("({})", self.step),
            false => self.step.to_owned(),
        };
        let status = self.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let bytes = self.bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
        let value = |value: &Option<String>| {
            value.as_deref().map_or("(hidden)".to_owned(), |value| cut(value, VALUE_CHARS_MAX))
        };
        let captured = self.captured.iter().map(|(name, it)| format!("{name} = {}", value(it)));
        let captured = captured.collect::<Vec<_>>().join(", ");
        let captured = match captured.is_empty() {
            true => String::new(),
            false => format!("  [{captured}]"),
        };
        let operation = self.operation.as_ref().map_or(String::new(), |name| format!(" {name}"));
        let (method, target) = (self.method, cut(&self.path, TARGET_CHARS_MAX));
        let (ms, meaning) = (self.ms, &self.meaning);
        format!(
            "{step:<18} {status:>6} {bytes:>9} {ms:>8.1}  {method} {target}{operation}  -> \
             {meaning}{captured}"
        )
    }
}

fn cut(text: &str, max: usize) -> String {
    match text.chars().count() {
        count if count > max => text.chars().take(max - 1).chain(['…']).collect(),
        _ => text.to_owned(),
    }
}

fn came(exchange: &Exchange<'_>) -> (Came, String) {
    let (came, mut meaning) = match exchange.came {
        Ok(reply) => (Came::Success, said(reply)),
        Err(error) => (of_error(error), failed(error)),
    };
    let Some(PassedOver { kind, detail, is_renewed }) = exchange.passed_over else {
        return (came, meaning);
    };
    let detail = detail.as_ref().map_or(String::new(), |detail| format!(": {detail}"));
    let (passed, then) = match is_renewed {
        true => (Came::Renewed, "again with values fetched anew"),
        false => (Came::Skipped, "skipped, it is optional"),
    };
    meaning = match exchange.came {
        Ok(ShopReply::Next | ShopReply::NextOrders(_)) => format!("{kind}{detail}; {then}"),
        Ok(_) | Err(_) => format!("{kind}{detail}; {then}; {meaning}"),
    };
    (if came == Came::Success { passed } else { came }, meaning)
}

fn of_error(error: &ApiError) -> Came {
    let is_refusal = matches!(error.kind, ApiErrorKind::Refused(_));
    if is_refusal { Came::Refusal } else { Came::Failure }
}

/// What a failure was, without the step's name.
pub(super) fn failed(error: &ApiError) -> String {
    let detail = error.detail.as_ref().map_or(String::new(), |detail| format!(": {detail}"));
    format!("{}{detail}", error.kind)
}

/// A reply in some words.
fn said(reply: &ShopReply) -> String {
    let of = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    match reply {
        ShopReply::Next | ShopReply::NextOrders(_) => "goes on".to_owned(),
        ShopReply::Done => "done".to_owned(),
        ShopReply::Stores(stores) => of(stores.len(), "store"),
        ShopReply::StoreSelected { .. } => "selected".to_owned(),
        ShopReply::Products { came, total, products, .. } => {
            let total = total.map_or(String::new(), |total| format!(" of {total}"));
            let things = match products.len() == *came as usize {
                true => String::new(),
                false => format!(", {} to buy", of(products.len(), "thing")),
            };
            format!("{}{total}{things}", of(*came as usize, "product"))
        }
        ShopReply::Product(goods) => match goods.as_slice() {
            [one] => {
                let stock = if one.in_stock { "in stock" } else { "out of stock" };
                format!("{} at {}, {stock}", one.name, one.price)
            }
            several => of(several.len(), "variant"),
        },
        ShopReply::ItemAdded { unit_price } => format!("added at {unit_price}"),
        ShopReply::Cart { items } => of(*items, "line"),
        ShopReply::Summary { final_total } => format!("{final_total} to pay"),
        ShopReply::Coupons { eligible, ineligible } => {
            format!("{} to use, {} not now", of(eligible.len(), "coupon"), ineligible.len())
        }
        ShopReply::OrderPlaced(order) => {
            format!("order {}, {} to pay", order.id, order.final_total.cents)
        }
        ShopReply::OrderShown(order) => {
            format!("order {}, {} to pay", order.id, order.final_total.cents)
        }
        ShopReply::OrderFound(Some(order)) => format!("order {}", order.id),
        ShopReply::OrderFound(None) => "no order".to_owned(),
        ShopReply::LatestOrders { orders, .. } => match orders.first() {
            Some(newest) => format!("{}, the newest {}", of(orders.len(), "order"), newest.id),
            None => "no order".to_owned(),
        },
        ShopReply::CartCleared { .. } => "cleared".to_owned(),
    }
}
