//! From a success's body to a reply, as the profile says where things are. Ids are kept exactly;
//! numbers are read from their text. Whatever is missing or unfit is named.

mod counted;
mod coupon;
mod foreign;
mod value;

use domain::catalog::Product;
use domain::flow::{Order, OrderLine};
use domain::ids::{OrderId, ProductId, StoreId};
use domain::lost_order::PlacedOrder;
use domain::money::Amount;
use ports::shop_api::{ShopCall, ShopReply};
use serde_json::Value;

use self::coupon::read_time;
use self::value::At;
use crate::shop_api::profile::{
    Field, LatestOrderAnswer, LineFields, OrderAnswer, ProductFields, Profile, StepName,
};

/// What some servers write before UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why a body is not what the profile says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unparsable {
    /// The field, as `order.totals.final_total` or `products.3.price`; `body` for no JSON at all.
    pub field: String,
    /// What is wrong with it; not redacted.
    pub problem: Option<String>,
    /// Whether the JSON stopped early.
    pub ended_early: bool,
    /// Whether the body is no JSON at all.
    pub is_no_json: bool,
}

impl Unparsable {
    fn field(field: String, problem: &str) -> Self {
        let problem = Some(problem.to_owned());
        Self { field, problem, ended_early: false, is_no_json: false }
    }

    /// The profile does not say where: a profile that was checked does.
    fn unmapped(entry: &str) -> Self {
        Self::field(entry.to_owned(), "the profile does not say where it is")
    }
}

/// The reply in the body of a success of `call`.
pub fn read(profile: &Profile, call: &ShopCall, body: &[u8]) -> Result<ShopReply, Unparsable> {
    let step = profile.steps.get(StepName::of(call));
    let requires = step.map(|step| step.requires.as_slice()).unwrap_or_default();
    if is_done(call) && requires.is_empty() {
        return Ok(ShopReply::Done);
    }
    let body = body.strip_prefix(BOM).unwrap_or(body);
    let root: Value =
        match may_be_empty(call) && requires.is_empty() && body.trim_ascii().is_empty() {
            true => Value::Object(serde_json::Map::new()),
            false => serde_json::from_slice(body).map_err(|error| Unparsable {
                field: "body".to_owned(),
                problem: Some(foreign::no_json(body, &error)),
                ended_early: error.is_eof(),
                is_no_json: true,
            })?,
        };
    let at = At::root(&root, profile.answers.money);
    for field in requires {
        at.require(field)?;
    }
    reply(profile, call, at)
}

/// Whether a body is of no interest beyond what its step requires.
fn is_done(call: &ShopCall) -> bool {
    matches!(
        call,
        ShopCall::Probe
            | ShopCall::FirstVisit
            | ShopCall::ApplyCoupon { .. }
            | ShopCall::GrantWallet { .. }
    )
}

/// Whether all that the profile may map in the answer is optional.
fn may_be_empty(call: &ShopCall) -> bool {
    matches!(call, ShopCall::SelectStore { .. } | ShopCall::ClearCart)
}

fn reply(profile: &Profile, call: &ShopCall, at: At<'_>) -> Result<ShopReply, Unparsable> {
    let answers = &profile.answers;
    match call {
        ShopCall::Probe
        | ShopCall::FirstVisit
        | ShopCall::ApplyCoupon { .. }
        | ShopCall::GrantWallet { .. } => Ok(ShopReply::Done),
        ShopCall::ListStores => {
            let fields = mapped(&answers.stores, "stores")?;
            let ids = at.each(&fields.list, |store| store.id(&fields.id).map(StoreId::new))?;
            Ok(ShopReply::Stores(ids))
        }
        ShopCall::SelectStore { .. } => {
            let fields = mapped(&answers.store_selected, "store_selected")?;
            let cart_cleared = at.flag_or(fields.cart_cleared.as_ref(), false)?;
            Ok(ShopReply::StoreSelected { cart_cleared })
        }
        ShopCall::ListProducts { .. } => {
            let fields = mapped(&answers.products, "products")?;
            let product = mapped(&answers.product_fields, "product_fields")?;
            let products = at.each(&fields.list, |item| read_product(product, item))?;
            let total = fields.total.as_ref().map(|field| at.optional_whole(field)).transpose()?;
            Ok(ShopReply::Products { products, total: total.flatten() })
        }
        ShopCall::ViewProduct { .. } => {
            let fields = mapped(&answers.product, "product")?;
            let product = mapped(&answers.product_fields, "product_fields")?;
            Ok(ShopReply::Product(read_product(product, at.inside(&fields.root)?)?))
        }
        ShopCall::AddItem { .. } => {
            let fields = mapped(&answers.item_added, "item_added")?;
            Ok(ShopReply::ItemAdded { unit_price: at.price(&fields.unit_price)? })
        }
        ShopCall::ReadCart => {
            let fields = mapped(&answers.cart, "cart")?;
            Ok(ShopReply::Cart { items: at.list(&fields.list)?.len() })
        }
        ShopCall::ReadSummary => {
            let fields = mapped(&answers.summary, "summary")?;
            Ok(ShopReply::Summary { final_total: at.price(&fields.final_total)? })
        }
        ShopCall::EligibleCoupons => {
            let fields = mapped(&answers.coupons, "coupons")?;
            let coupon = mapped(&answers.coupon_fields, "coupon_fields")?;
            coupon::read_wallet(fields, coupon, at)
        }
        ShopCall::Checkout => {
            read_order(mapped(&answers.order, "order")?, at).map(ShopReply::OrderPlaced)
        }
        ShopCall::ReadOrder { .. } => {
            read_order(mapped(&answers.order, "order")?, at).map(ShopReply::OrderShown)
        }
        ShopCall::LatestOrders { .. } => {
            let fields = mapped(&answers.latest_order, "latest_order")?;
            let orders = at.each(&fields.list, |item| read_placed(fields, item))?;
            // When that was only the head of the answer knows.
            Ok(ShopReply::LatestOrders { orders, shop_clock: None })
        }
        ShopCall::ClearCart => {
            let fields = mapped(&answers.cart_cleared, "cart_cleared")?;
            let removed = fields.items_removed.as_ref();
            let removed = removed.map(|field| at.optional_whole(field)).transpose()?.flatten();
            Ok(ShopReply::CartCleared { items_removed: removed.unwrap_or(0) })
        }
    }
}

fn mapped<'p, T>(entry: &'p Option<T>, name: &str) -> Result<&'p T, Unparsable> {
    entry.as_ref().ok_or_else(|| Unparsable::unmapped(name))
}

fn read_product(fields: &ProductFields, at: At<'_>) -> Result<Product, Unparsable> {
    let brand = fields.brand.as_ref().map(|field| at.optional_text(field)).transpose()?;
    Ok(Product {
        id: ProductId::new(at.id(&fields.id)?),
        name: at.text(&fields.name)?,
        category: at.text(&fields.category)?,
        brand: brand.flatten().filter(|brand| !brand.is_empty()),
        price: at.price(&fields.price)?,
        in_stock: at.flag_or(fields.in_stock.as_ref(), true)?,
    })
}

fn read_order(fields: &OrderAnswer, at: At<'_>) -> Result<Box<Order>, Unparsable> {
    let id = OrderId::new(at.id(&fields.id)?);
    let subtotal = at.amount(&fields.subtotal)?;
    let item_discounts = at.discount(&fields.item_discounts)?;
    let frontstore_discount = at.discount(&fields.frontstore_discount)?;
    let discount_total = at.discount(&fields.discount_total)?;
    let counted = fields
        .coupons
        .as_ref()
        .map_or(Ok(None), |coupons| counted::read_counted(coupons, at, discount_total.cents));
    let (coupons, misread) = match counted {
        Ok(coupons) => (coupons, None),
        Err(misread) => (None, Some(misread)),
    };
    Ok(Box::new(Order {
        id,
        subtotal,
        item_discounts,
        frontstore_discount,
        discount_total,
        charges: read_charges(&fields.charges, at)?,
        final_total: at.amount(&fields.final_total)?,
        lines: at.each(&fields.lines, |item| read_line(&fields.line, item))?,
        coupons,
        misread,
    }))
}

fn read_placed(fields: &LatestOrderAnswer, at: At<'_>) -> Result<PlacedOrder, Unparsable> {
    let total = fields.final_total.as_ref().map(|field| at.amount(field));
    let flow = fields.flow.as_ref().map(|field| at.optional_text(field));
    let placed_at = fields.placed_at.as_ref().map(|field| read_time(field, at));
    Ok(PlacedOrder {
        id: OrderId::new(at.id(&fields.id)?),
        final_total: total.transpose()?,
        flow: flow.transpose()?.flatten(),
        placed_at: placed_at.transpose()?.flatten(),
    })
}

/// All of them together; one that the order does not have is nothing.
fn read_charges(fields: &[Field], at: At<'_>) -> Result<Amount, Unparsable> {
    let mut charges = Vec::with_capacity(fields.len());
    for field in fields {
        charges.extend(at.optional_amount(field)?);
    }
    let last = fields.last();
    Amount::sum(&charges).ok_or_else(|| match last {
        Some(field) => at.unfit(field, "more money than can be counted"),
        None => Unparsable::unmapped("charges"),
    })
}

fn read_line(fields: &LineFields, at: At<'_>) -> Result<OrderLine, Unparsable> {
    let quantity = at.whole(&fields.quantity)?;
    Ok(OrderLine {
        product_id: ProductId::new(at.id(&fields.product_id)?),
        quantity: u32::try_from(quantity)
            .map_err(|_| at.unfit(&fields.quantity, "more units than can be"))?,
        unit_price: at.amount(&fields.unit_price)?,
        discount: at.discount(&fields.discount)?,
        line_total: at.amount(&fields.line_total)?,
    })
}
