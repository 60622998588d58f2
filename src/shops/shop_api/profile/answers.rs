//! Where each answer keeps what cartload needs of it, one entry per kind of body.

mod places;

use std::collections::BTreeMap;

use domain::offer::CouponKind;
use serde::Deserialize;

use super::field::Field;
use super::rules::Words;

/// The bodies of a shop; an entry is needed where a step that answers it is there.
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// How amounts of money are written.
    pub money: Money,
    /// Of `list_stores`.
    pub stores: Option<StoresAnswer>,
    /// Of `select_store`.
    pub store_selected: Option<StoreSelectedAnswer>,
    /// Of `list_products`.
    pub products: Option<ProductsAnswer>,
    /// Of `view_product`.
    pub product: Option<ProductAnswer>,
    /// A product in either.
    pub item: Option<ItemFields>,
    /// Of `add_item`.
    pub item_added: Option<AddedAnswer>,
    /// Of `read_cart`.
    pub cart: Option<CartAnswer>,
    /// Of `read_summary`.
    pub summary: Option<SummaryAnswer>,
    /// Of `eligible_coupons`.
    pub coupons: Option<CouponsAnswer>,
    /// A coupon in it.
    pub coupon_fields: Option<CouponFields>,
    /// Of `checkout` and of `read_order`.
    pub order: Option<OrderAnswer>,
    /// Of `latest_order`.
    pub latest_order: Option<LatestOrderAnswer>,
    /// Of `find_order`.
    pub found: Option<FoundAnswer>,
    /// Of `clear_cart`.
    pub cart_cleared: Option<ClearedAnswer>,
}

/// How money is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// In what.
    pub unit: MoneyUnit,
    /// How many of the digits of a `minor` amount stand behind the point; default 2.
    #[serde(default = "hundredths")]
    pub digits: u8,
}

/// In what money is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneyUnit {
    /// As 8.99, in a number or a text.
    Units,
    /// As 899.
    Minor,
}

impl Default for Money {
    fn default() -> Self {
        Self { unit: MoneyUnit::Units, digits: hundredths() }
    }
}

fn hundredths() -> u8 {
    2
}

/// The branches.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoresAnswer {
    /// The list.
    pub list: Field,
    /// In an item.
    pub id: Field,
}

/// A branch was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSelectedAnswer {
    /// Whether that emptied the cart; absent: it did not.
    #[serde(default)]
    pub cart_cleared: Option<Field>,
}

/// A page of products.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductsAnswer {
    /// The list.
    pub list: Field,
    /// How many there are in all.
    #[serde(default)]
    pub total: Option<Field>,
    /// What the next page is asked for by; absent in the last.
    #[serde(default)]
    pub next: Option<Field>,
}

/// One product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductAnswer {
    /// Where it is; `.` where the answer is the product.
    pub root: Field,
}

/// A product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemFields {
    /// Its id.
    pub id: Field,
    /// Shown name.
    pub name: Field,
    /// Category.
    pub category: Field,
    /// Brand; may be absent in an answer.
    #[serde(default)]
    pub brand: Option<Field>,
    /// Price of one unit; its variants' where it has some.
    #[serde(default)]
    pub price: Option<Field>,
    /// Whether it can be bought (a yes or no, units in stock, or a word); absent: it can.
    #[serde(default)]
    pub in_stock: Option<Field>,
    /// The words for yes; any other is no.
    #[serde(default)]
    pub in_stock_words: Vec<String>,
    /// Further values of it that its calls need, by name.
    #[serde(default)]
    pub keep: BTreeMap<String, Field>,
    /// What of it is bought; absent: the product itself.
    #[serde(default)]
    pub variants: Option<VariantFields>,
}

/// The variants of a product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantFields {
    /// The list.
    pub list: Field,
    /// In an item.
    pub id: Field,
    /// In an item; absent: as the product.
    #[serde(default)]
    pub name: Option<Field>,
    /// In an item; absent: the product's.
    #[serde(default)]
    pub price: Option<Field>,
    /// In an item, whether it can be bought; absent: as the product.
    #[serde(default)]
    pub in_stock: Option<Field>,
    /// The words for yes; any other is no.
    #[serde(default)]
    pub in_stock_words: Vec<String>,
    /// Further values of it that its calls need, by name.
    #[serde(default)]
    pub keep: BTreeMap<String, Field>,
}

/// What was put into the cart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedAnswer {
    /// Price of one unit.
    pub unit_price: Field,
}

/// The cart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CartAnswer {
    /// Its lines.
    pub list: Field,
}

/// What the cart costs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SummaryAnswer {
    /// To pay.
    pub final_total: Field,
}

/// A wallet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CouponsAnswer {
    /// The list of those that may be used.
    pub eligible: Field,
    /// The list of those that may not; may be absent in an answer.
    #[serde(default)]
    pub ineligible: Option<Field>,
    /// Why not, in an item.
    #[serde(default)]
    pub reason: Option<Field>,
}

/// A coupon.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CouponFields {
    /// Its id.
    pub id: Field,
    /// What it is good for.
    pub kind: Field,
    /// The shop's words for that.
    pub kinds: BTreeMap<String, CouponKind>,
    /// The category or brand.
    pub target: Field,
    /// How it is counted.
    pub discount_type: Field,
    /// The shop's words for that.
    pub discount_types: BTreeMap<String, DiscountKind>,
    /// How much.
    pub value: Field,
    /// The cart must be worth this much; absent: nothing.
    #[serde(default)]
    pub min_purchase: Option<Field>,
    /// The discount is at most this; absent: no bound.
    #[serde(default)]
    pub max_discount: Option<Field>,
    /// When it expires; absent: unknown.
    #[serde(default)]
    pub expires: Option<Field>,
}

/// How a coupon's value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscountKind {
    /// A percentage of the amount.
    Percent,
    /// An amount of money.
    Fixed,
    /// A percentage of half of the amount.
    Bogo,
    /// Off the shipping.
    FreeShipping,
    /// cartload cannot reckon with it: such coupons are left out.
    Ignore,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderAnswer {
    /// Its id.
    pub id: Field,
    /// To pay: `subtotal` - `discount_total` + `charges`.
    pub final_total: Field,
    /// Before discounts; absent: the sum of the lines.
    #[serde(default)]
    pub subtotal: Option<Field>,
    /// Off the lines; absent: `discount_total` - `frontstore_discount`, or nothing.
    #[serde(default)]
    pub item_discounts: Option<Field>,
    /// Off the rest; absent: `discount_total` - `item_discounts`.
    #[serde(default)]
    pub frontstore_discount: Option<Field>,
    /// Both; absent: their sum where both are there, else `subtotal` + `charges` - `final_total`.
    #[serde(default)]
    pub discount_total: Option<Field>,
    /// On top, as shipping and tax; one that an order does not have is nothing.
    #[serde(default)]
    pub charges: Vec<Field>,
    /// Its lines; absent: what the agent put in the cart, at the prices that it was told.
    #[serde(default)]
    pub lines: Option<LineFields>,
    /// The coupons that counted; absent: all that were applied.
    #[serde(default)]
    pub coupons: Option<OrderCoupons>,
}

/// The coupons that counted in an order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderCoupons {
    /// The list; one of `list` and `lists`.
    #[serde(default)]
    pub list: Option<Field>,
    /// Several, read as one; an answer may leave some of them out.
    #[serde(default)]
    pub lists: Vec<Field>,
    /// In an item.
    pub id: Field,
}

impl OrderCoupons {
    /// The lists that are read as one.
    pub fn every_list(&self) -> impl Iterator<Item = &Field> {
        self.list.iter().chain(&self.lists)
    }
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineFields {
    /// The list of them.
    pub list: Field,
    /// What: the variant where it is one of a product's, else the product.
    pub id: Field,
    /// Units.
    pub quantity: Field,
    /// Price of one; absent: `line_total` + `discount` over `quantity`, for shops that round it.
    #[serde(default)]
    pub unit_price: Option<Field>,
    /// Off the line; absent: nothing.
    #[serde(default)]
    pub discount: Option<Field>,
    /// To pay for it; absent: `quantity` times `unit_price` - `discount`.
    #[serde(default)]
    pub line_total: Option<Field>,
}

/// A list of orders.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatestOrderAnswer {
    /// The list, newest first.
    pub list: Field,
    /// In an item.
    pub id: Field,
    /// In an item; absent: the shop does not say.
    #[serde(default)]
    pub final_total: Option<Field>,
    /// In an item, the flow id that came with the checkout: the order proves by it whose it is.
    #[serde(default)]
    pub flow: Option<Field>,
    /// In an item, when it was placed: where orders do not name their flow, the time and that no
    /// other order fits must prove it.
    #[serde(default)]
    pub placed_at: Option<Field>,
}

/// The order of the cart that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundAnswer {
    /// With these words in these places it is the cart's order; else the cart has become none.
    pub is: Words,
    /// Its id.
    pub id: Field,
    /// To pay; absent: the shop does not say.
    #[serde(default)]
    pub final_total: Option<Field>,
    /// Of that on top of the goods, as in `order`; none: the shop does not say.
    #[serde(default)]
    pub charges: Vec<Field>,
    /// How long after it was placed the shop shows an order to whoever asks, seconds: within that
    /// a search that is refused proves that there is none; absent: it proves nothing.
    #[serde(default)]
    pub shown_for_s: Option<u64>,
}

/// The cart was emptied.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClearedAnswer {
    /// Lines that were in it; absent: unknown, counted as none.
    #[serde(default)]
    pub items_removed: Option<Field>,
}
