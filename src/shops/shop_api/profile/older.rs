//! A profile as format 1 had it: one call a step, JSON bodies as text, refusals by status. It is
//! read as what it is in format 2.

use std::collections::BTreeMap;

use domain::offer::CouponUse;
use ports::shop_api::{
    CartMode, CatalogMode, IdempotencyMode, PageBy, Paging, Part, Refusal, WalletMode,
};
use serde::Deserialize;

use super::answers::{
    AddedAnswer, Answers, CartAnswer, ClearedAnswer, CouponFields, CouponsAnswer, ItemFields,
    LatestOrderAnswer, LineFields, Money, MoneyUnit, OrderAnswer, OrderCoupons, ProductAnswer,
    ProductsAnswer, StoreSelectedAnswer, StoresAnswer, SummaryAnswer,
};
use super::auth::Auth;
use super::body::{Body, JsonTemplate};
use super::call::{Call, Method, Request};
use super::field::Field;
use super::rules::{Meaning, Rule, Words};
use super::steps::{Step, StepName, WrittenSteps};
use super::template::Template;
use super::{Header, Profile, Setup, Timeouts};

/// A profile as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename = "Profile", deny_unknown_fields)]
pub(super) struct OlderProfile {
    name: String,
    #[serde(default, rename = "format")]
    _format: Option<u32>,
    #[serde(default)]
    base_url: Option<String>,
    #[serde(default)]
    allow_plain_http: bool,
    auth: String,
    auth_strategies: BTreeMap<String, Auth>,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    timeouts: Timeouts,
    keep_alive_s: f64,
    page_size: u32,
    #[serde(default)]
    rate_hint_per_s: Option<f64>,
    idempotency: IdempotencyMode,
    wallet: WalletMode,
    #[serde(default)]
    coupons: CouponUse,
    catalog: CatalogMode,
    selects_store: bool,
    #[serde(default)]
    carts: CartMode,
    #[serde(default = "super::probe_only")]
    probe_steps: Vec<StepName>,
    steps: WrittenSteps<OlderStep>,
    answers: OlderAnswers,
    #[serde(default)]
    refusals: Vec<OlderRule>,
    error_detail: Vec<Field>,
}

/// How one step is asked.
#[derive(Debug, Deserialize)]
#[serde(rename = "Step", deny_unknown_fields)]
struct OlderStep {
    method: Method,
    path: Template,
    #[serde(default)]
    query: BTreeMap<String, Template>,
    #[serde(default)]
    body: Option<JsonText>,
    #[serde(default = "yes")]
    auth: bool,
    #[serde(default = "ok_200")]
    ok: Vec<u16>,
    #[serde(default)]
    requires: Vec<Field>,
}

/// JSON in a text.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct JsonText(JsonTemplate);

impl TryFrom<String> for JsonText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        JsonTemplate::parse(&text).map(Self)
    }
}

/// A failure that is a refusal.
#[derive(Debug, Deserialize)]
#[serde(rename = "RefusalRule", deny_unknown_fields)]
struct OlderRule {
    on: Vec<StepName>,
    status: u16,
    #[serde(default)]
    contains: Option<String>,
    refusal: Refusal,
}

/// Where the answers are.
#[derive(Debug, Default, Deserialize)]
#[serde(rename = "Answers", deny_unknown_fields, default)]
struct OlderAnswers {
    money: OlderMoney,
    stores: Option<StoresAnswer>,
    store_selected: Option<StoreSelectedAnswer>,
    products: Option<OlderProducts>,
    product: Option<ProductAnswer>,
    product_fields: Option<OlderProduct>,
    item_added: Option<AddedAnswer>,
    cart: Option<CartAnswer>,
    summary: Option<SummaryAnswer>,
    coupons: Option<CouponsAnswer>,
    coupon_fields: Option<CouponFields>,
    order: Option<OlderOrder>,
    latest_order: Option<LatestOrderAnswer>,
    cart_cleared: Option<ClearedAnswer>,
}

/// In what money was written.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OlderMoney {
    #[default]
    Units,
    Cents,
}

/// A page of products.
#[derive(Debug, Deserialize)]
#[serde(rename = "ProductsAnswer", deny_unknown_fields)]
struct OlderProducts {
    list: Field,
    #[serde(default)]
    total: Option<Field>,
}

/// A product.
#[derive(Debug, Deserialize)]
#[serde(rename = "ProductFields", deny_unknown_fields)]
struct OlderProduct {
    id: Field,
    name: Field,
    category: Field,
    #[serde(default)]
    brand: Option<Field>,
    price: Field,
    #[serde(default)]
    in_stock: Option<Field>,
}

/// An order.
#[derive(Debug, Deserialize)]
#[serde(rename = "OrderAnswer", deny_unknown_fields)]
struct OlderOrder {
    id: Field,
    subtotal: Field,
    item_discounts: Field,
    frontstore_discount: Field,
    discount_total: Field,
    #[serde(default)]
    charges: Vec<Field>,
    final_total: Field,
    lines: Field,
    line: OlderLine,
    #[serde(default)]
    coupons: Option<OrderCoupons>,
}

/// A line of an order.
#[derive(Debug, Deserialize)]
#[serde(rename = "LineFields", deny_unknown_fields)]
struct OlderLine {
    product_id: Field,
    quantity: Field,
    unit_price: Field,
    discount: Field,
    line_total: Field,
}

fn yes() -> bool {
    true
}

fn ok_200() -> Vec<u16> {
    vec![200]
}

impl OlderProfile {
    pub(super) fn read(self) -> Profile {
        let steps = self.steps.read(|_, step| Ok::<_, std::convert::Infallible>(step.read()));
        let steps = match steps {
            Ok(steps) => steps,
            Err(never) => match never {},
        };
        Profile {
            format: 1,
            name: self.name,
            base_url: self.base_url,
            allow_plain_http: self.allow_plain_http,
            auth: self.auth,
            auth_strategies: self.auth_strategies,
            headers: self.headers,
            vars: BTreeMap::new(),
            watch: BTreeMap::new(),
            keeps_cookies: false,
            setup: Setup::default(),
            timeouts: self.timeouts,
            keep_alive_s: self.keep_alive_s,
            paging: Paging { by: PageBy::Offset, size: self.page_size, first: 1 },
            rate_hint_per_s: self.rate_hint_per_s,
            idempotency: self.idempotency,
            wallet: self.wallet,
            coupons: self.coupons,
            catalog: self.catalog,
            selects_store: self.selects_store,
            carts: self.carts,
            probe_steps: self.probe_steps,
            steps,
            answers: self.answers.read(),
            rules: self.refusals.into_iter().map(OlderRule::read).collect(),
            error_detail: self.error_detail,
        }
    }
}

impl OlderAnswers {
    fn read(self) -> Answers {
        let unit = match self.money {
            OlderMoney::Units => MoneyUnit::Units,
            OlderMoney::Cents => MoneyUnit::Minor,
        };
        let products = self.products.map(|OlderProducts { list, total }| ProductsAnswer {
            list,
            total,
            next: None,
        });
        Answers {
            money: Money { unit, ..Money::default() },
            stores: self.stores,
            store_selected: self.store_selected,
            products,
            product: self.product,
            item: self.product_fields.map(OlderProduct::read),
            item_added: self.item_added,
            cart: self.cart,
            summary: self.summary,
            coupons: self.coupons,
            coupon_fields: self.coupon_fields,
            order: self.order.map(OlderOrder::read),
            latest_order: self.latest_order,
            found: None,
            cart_cleared: self.cart_cleared,
        }
    }
}

impl OlderProduct {
    fn read(self) -> ItemFields {
        let Self { id, name, category, brand, price, in_stock } = self;
        ItemFields {
            id,
            name,
            category,
            brand,
            price: Some(price),
            in_stock,
            in_stock_words: Vec::new(),
            keep: BTreeMap::new(),
            variants: None,
        }
    }
}

impl OlderOrder {
    fn read(self) -> OrderAnswer {
        let OlderLine { product_id, quantity, unit_price, discount, line_total } = self.line;
        let lines = LineFields {
            list: self.lines,
            id: product_id,
            quantity,
            unit_price: Some(unit_price),
            discount: Some(discount),
            line_total: Some(line_total),
        };
        OrderAnswer {
            id: self.id,
            final_total: self.final_total,
            subtotal: Some(self.subtotal),
            item_discounts: Some(self.item_discounts),
            frontstore_discount: Some(self.frontstore_discount),
            discount_total: Some(self.discount_total),
            charges: self.charges,
            lines: Some(lines),
            coupons: self.coupons,
        }
    }
}

impl OlderStep {
    fn read(self) -> Step {
        let body = self.body.map_or(Body::Empty, |JsonText(json)| Body::Json(json));
        let request = Request {
            method: self.method,
            path: self.path,
            query: self.query,
            headers: BTreeMap::new(),
            body,
            auth: self.auth,
        };
        let call = Call {
            request: Some(request),
            ok: self.ok,
            requires: self.requires,
            needs: Vec::new(),
            capture: BTreeMap::new(),
            forget: Vec::new(),
            optional: false,
            part: Part::Whole,
            each: None,
        };
        Step { calls: vec![call] }
    }
}

impl OlderRule {
    fn read(self) -> Rule {
        Rule {
            on: self.on,
            status: vec![self.status],
            contains: self.contains.map(|part| part.to_lowercase()),
            is: Words::default(),
            not: Words::default(),
            has: None,
            lacks: None,
            meaning: Meaning::Refusal(self.refusal),
            forget: Vec::new(),
        }
    }
}
