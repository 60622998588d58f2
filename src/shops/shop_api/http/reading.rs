//! From a success's body to a reply, as the profile says where things are. Ids are kept exactly;
//! numbers are read from their text. Whatever is missing or unfit is named.

mod counted;
mod coupon;
mod fault;
mod foreign;
mod goods;
pub(super) mod lenient;
mod moment;
mod order;
mod sifter;
mod value;

use domain::ids::{OrderId, StoreId};
use domain::lost_order::PlacedOrder;
use domain::shop_notes::{Misread, Outcome};
use ports::shop_api::{ShopCall, ShopReply};
use serde_json::Value;

use self::fault::Fault;
use self::moment::read_time;
use self::order::read_order;
use self::sifter::Sifter;
use self::value::{At, shown};
use crate::shop_api::profile::{
    Around, Field, FoundAnswer, LatestOrderAnswer, Nothing, Profile, StepName, StoresAnswer,
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
    /// What should have been there, and the beginning of what was; not redacted.
    instead: Option<(&'static str, String)>,
}

impl Unparsable {
    fn field(field: String, fault: Fault, came: String) -> Self {
        let problem = Some(fault.problem().to_owned());
        let instead = Some((fault.expected(), came));
        Self { field, problem, ended_early: false, is_no_json: false, instead }
    }

    /// The profile does not say where: a profile that was checked does.
    fn unmapped(entry: &str) -> Self {
        let problem = Some("the profile does not say where it is".to_owned());
        let field = entry.to_owned();
        Self { field, problem, ended_early: false, is_no_json: false, instead: None }
    }

    /// What is told of it where the rest of the answer is of use.
    fn misread(&self, outcome: Outcome) -> Misread {
        let (expected, came) = match &self.instead {
            Some((expected, came)) => (*expected, shown(came)),
            None => ("as the profile says", self.problem.clone().unwrap_or_default()),
        };
        let (path, expected) = (self.field.clone(), expected.to_owned());
        Misread { path, expected, came, id: None, outcome }
    }
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The reply.
    pub reply: ShopReply,
    /// What in the answer did not fit; the reply is of use without.
    pub misreads: Vec<Misread>,
}

impl From<ShopReply> for Reading {
    fn from(reply: ShopReply) -> Self {
        Self { reply, misreads: Vec::new() }
    }
}

impl From<(ShopReply, Vec<Misread>)> for Reading {
    fn from((reply, misreads): (ShopReply, Vec<Misread>)) -> Self {
        Self { reply, misreads }
    }
}

/// The reply in the body of a success of `call`.
pub fn read(profile: &Profile, call: &ShopCall, body: &[u8]) -> Result<Reading, Unparsable> {
    let step = profile.steps.get(StepName::of(call));
    let last = step.and_then(|step| step.calls.last());
    let requires = last.map(|call| call.requires.as_slice()).unwrap_or_default();
    let json = std::cell::OnceCell::new();
    let json = || json.get_or_init(|| parse(body)).as_ref();
    read_within(profile, (call, requires), (body, &json), &Nothing)
}

/// A body, and what it is as JSON.
pub(super) type Body<'b> = (&'b [u8], &'b dyn Fn() -> Result<&'b Value, &'b Unparsable>);

/// The same of a call that requires these, with what else is known of the answer.
pub(super) fn read_within(
    profile: &Profile,
    (call, requires): (&ShopCall, &[Field]),
    (body, json): Body<'_>,
    around: &dyn Around,
) -> Result<Reading, Unparsable> {
    if is_done(profile, call) && requires.is_empty() {
        return Ok(done(call).into());
    }
    let nothing = Value::Object(serde_json::Map::new());
    let is_empty = || body.strip_prefix(BOM).unwrap_or(body).trim_ascii().is_empty();
    let root: &Value = match may_be_empty(call) && requires.is_empty() && is_empty() {
        true => &nothing,
        false => json().map_err(Clone::clone)?,
    };
    let at = At::root(root, profile.answers.money, around);
    for field in requires {
        at.require(field)?;
    }
    reply(profile, call, at)
}

/// A body as JSON.
pub(super) fn parse(body: &[u8]) -> Result<Value, Unparsable> {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    lenient::parse(body).map_err(|error| Unparsable {
        field: "body".to_owned(),
        problem: Some(foreign::no_json(body, &error)),
        ended_early: error.is_eof(),
        is_no_json: true,
        instead: None,
    })
}

/// What a call requires of the body of its success.
pub(super) fn require(
    profile: &Profile,
    requires: &[Field],
    root: &Value,
    around: &dyn Around,
) -> Result<(), Unparsable> {
    let at = At::root(root, profile.answers.money, around);
    requires.iter().try_for_each(|field| at.require(field))
}

/// Whether a body is of no interest beyond what its step requires.
fn is_done(profile: &Profile, call: &ShopCall) -> bool {
    match call {
        ShopCall::Probe
        | ShopCall::FirstVisit
        | ShopCall::RemoveItem { .. }
        | ShopCall::ApplyCoupon { .. }
        | ShopCall::GrantWallet { .. } => true,
        ShopCall::AddItem { .. } => profile.answers.item_added.is_none(),
        ShopCall::ClearCart => profile.answers.cart_cleared.is_none(),
        ShopCall::ListStores
        | ShopCall::SelectStore { .. }
        | ShopCall::ListProducts { .. }
        | ShopCall::SearchProducts { .. }
        | ShopCall::ViewProduct { .. }
        | ShopCall::ReadCart
        | ShopCall::ReadSummary
        | ShopCall::EligibleCoupons
        | ShopCall::Checkout
        | ShopCall::FindOrder { .. }
        | ShopCall::LatestOrders { .. }
        | ShopCall::ReadOrder { .. } => false,
    }
}

/// What is answered where the body says no more.
pub(super) fn done(call: &ShopCall) -> ShopReply {
    let clears = *call == ShopCall::ClearCart;
    if clears { ShopReply::CartCleared { items_removed: 0 } } else { ShopReply::Done }
}

/// Whether all that the profile may map in the answer is optional, or known from elsewhere.
fn may_be_empty(call: &ShopCall) -> bool {
    matches!(call, ShopCall::SelectStore { .. } | ShopCall::ClearCart | ShopCall::AddItem { .. })
}

fn reply(profile: &Profile, call: &ShopCall, at: At<'_>) -> Result<Reading, Unparsable> {
    let answers = &profile.answers;
    if is_done(profile, call) {
        return Ok(done(call).into());
    }
    Ok(match call {
        ShopCall::Probe
        | ShopCall::FirstVisit
        | ShopCall::RemoveItem { .. }
        | ShopCall::ApplyCoupon { .. }
        | ShopCall::GrantWallet { .. } => ShopReply::Done.into(),
        ShopCall::ListStores => read_stores(mapped(&answers.stores, "stores")?, at)?,
        ShopCall::SelectStore { .. } => {
            let fields = mapped(&answers.store_selected, "store_selected")?;
            let cart_cleared = at.flag_or(fields.cart_cleared.as_ref(), false)?;
            ShopReply::StoreSelected { cart_cleared }.into()
        }
        ShopCall::ListProducts { .. } | ShopCall::SearchProducts { .. } => {
            let fields = mapped(&answers.products, "products")?;
            let item = mapped(&answers.item, "item")?;
            goods::read_page(fields, (item, profile.catalog), at)?
        }
        ShopCall::ViewProduct { .. } => {
            let fields = mapped(&answers.product, "product")?;
            let item = mapped(&answers.item, "item")?;
            // It was listed: what cannot be read here is known.
            let read = at.inside(&fields.root).and_then(|at| goods::read_goods(item, at));
            let shown = |(goods, misreads)| (ShopReply::Product(goods), misreads).into();
            read.map_or_else(as_listed, shown)
        }
        ShopCall::AddItem { .. } => {
            let fields = mapped(&answers.item_added, "item_added")?;
            let price = at.price(&fields.unit_price);
            price.map_or_else(as_listed, |unit_price| ShopReply::ItemAdded { unit_price }.into())
        }
        ShopCall::ReadCart => {
            ShopReply::Cart { items: at.list(&mapped(&answers.cart, "cart")?.list)?.len() }.into()
        }
        ShopCall::ReadSummary => {
            let final_total = &mapped(&answers.summary, "summary")?.final_total;
            ShopReply::Summary { final_total: at.price(final_total)? }.into()
        }
        ShopCall::EligibleCoupons => {
            let fields = mapped(&answers.coupons, "coupons")?;
            let coupon = mapped(&answers.coupon_fields, "coupon_fields")?;
            coupon::read_wallet(fields, coupon, at)?.into()
        }
        ShopCall::Checkout => {
            let (order, misreads) = read_order(mapped(&answers.order, "order")?, at)?;
            (ShopReply::OrderPlaced(order), misreads).into()
        }
        ShopCall::ReadOrder { .. } => {
            let (order, misreads) = read_order(mapped(&answers.order, "order")?, at)?;
            (ShopReply::OrderShown(order), misreads).into()
        }
        ShopCall::FindOrder { .. } => {
            ShopReply::OrderFound(read_found(mapped(&answers.found, "found")?, at)?).into()
        }
        ShopCall::LatestOrders { .. } => {
            let fields = mapped(&answers.latest_order, "latest_order")?;
            let orders = at.each(&fields.list, |item| read_placed(fields, item))?;
            // When that was only the head of the answer knows.
            ShopReply::LatestOrders { orders, shop_clock: None }.into()
        }
        ShopCall::ClearCart => {
            let fields = mapped(&answers.cart_cleared, "cart_cleared")?;
            let removed = fields.items_removed.as_ref();
            let removed = removed.map(|field| at.optional_whole(field)).transpose()?.flatten();
            ShopReply::CartCleared { items_removed: removed.unwrap_or(0) }.into()
        }
    })
}

fn mapped<'p, T>(entry: &'p Option<T>, name: &str) -> Result<&'p T, Unparsable> {
    entry.as_ref().ok_or_else(|| Unparsable::unmapped(name))
}

/// The shop did what it was asked, and what it says of the product does not fit.
fn as_listed(wrong: Unparsable) -> Reading {
    (ShopReply::Done, vec![wrong.misread(Outcome::AsListed)]).into()
}

fn read_stores<'v>(fields: &'v StoresAnswer, at: At<'v>) -> Result<Reading, Unparsable> {
    let (mut sifter, id) = (Sifter::default(), &fields.id);
    let ids = sifter.take(at, &fields.list, id, |store| store.id(id).map(StoreId::new))?;
    Ok((ShopReply::Stores(ids), sifter.end()?.1).into())
}

/// The order of the cart that was asked for, where the answer says that it has become one.
fn read_found(fields: &FoundAnswer, at: At<'_>) -> Result<Option<PlacedOrder>, Unparsable> {
    let is_so = fields.is.0.iter().all(|(field, word)| at.says(field, word));
    if !is_so || !at.is_there(&fields.id) {
        return Ok(None);
    }
    let total = fields.final_total.as_ref().map(|field| at.amount(field));
    let id = OrderId::new(at.id(&fields.id)?);
    let final_total = total.transpose()?;
    let charges = match fields.charges.as_slice() {
        [] => None,
        charges => Some(order::read_charges(charges, at)?),
    };
    Ok(Some(PlacedOrder { id, final_total, charges, flow: None, placed_at: None }))
}

fn read_placed(fields: &LatestOrderAnswer, at: At<'_>) -> Result<PlacedOrder, Unparsable> {
    let total = fields.final_total.as_ref().map(|field| at.amount(field));
    let flow = fields.flow.as_ref().map(|field| at.optional_text(field));
    let placed_at = fields.placed_at.as_ref().map(|field| read_time(field, at));
    Ok(PlacedOrder {
        id: OrderId::new(at.id(&fields.id)?),
        final_total: total.transpose()?,
        charges: None,
        flow: flow.transpose()?.flatten(),
        placed_at: placed_at.transpose()?.flatten(),
    })
}
