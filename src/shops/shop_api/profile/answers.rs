//! Where each answer keeps what cartload needs of it, one entry per kind of body.

use std::collections::BTreeMap;

use domain::offer::CouponKind;
use serde::Deserialize;

use super::field::Field;

/// The bodies of a shop; an entry is needed where a step that answers it is there.
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// In what amounts of money are written.
    pub money: MoneyUnit,
    /// Of `list_stores`.
    pub stores: Option<StoresAnswer>,
    /// Of `select_store`.
    pub store_selected: Option<StoreSelectedAnswer>,
    /// Of `list_products`.
    pub products: Option<ProductsAnswer>,
    /// Of `view_product`.
    pub product: Option<ProductAnswer>,
    /// A product in either.
    pub product_fields: Option<ProductFields>,
    /// Of `add_item`.
    pub item_added: Option<ItemAnswer>,
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
    /// Of `clear_cart`.
    pub cart_cleared: Option<ClearedAnswer>,
}

/// In what money is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneyUnit {
    /// As 8.99, in a number or a text.
    #[default]
    Units,
    /// As 899.
    Cents,
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
pub struct ProductFields {
    /// Its id.
    pub id: Field,
    /// Shown name.
    pub name: Field,
    /// Category.
    pub category: Field,
    /// Brand; may be absent in an answer.
    #[serde(default)]
    pub brand: Option<Field>,
    /// Price of one unit.
    pub price: Field,
    /// Whether it can be bought (a yes or no, or units in stock); absent: it can.
    #[serde(default)]
    pub in_stock: Option<Field>,
}

/// What was put into the cart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemAnswer {
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
    /// Before discounts.
    pub subtotal: Field,
    /// Off the lines.
    pub item_discounts: Field,
    /// Off the rest.
    pub frontstore_discount: Field,
    /// Both.
    pub discount_total: Field,
    /// On top, as shipping and tax; one that an order does not have is nothing.
    #[serde(default)]
    pub charges: Vec<Field>,
    /// To pay: `subtotal` - `discount_total` + `charges`.
    pub final_total: Field,
    /// The list of lines.
    pub lines: Field,
    /// In a line.
    pub line: LineFields,
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
    /// What.
    pub product_id: Field,
    /// Units.
    pub quantity: Field,
    /// Price of one.
    pub unit_price: Field,
    /// Off the line.
    pub discount: Field,
    /// To pay for it.
    pub line_total: Field,
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

/// The cart was emptied.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClearedAnswer {
    /// Lines that were in it; absent: unknown, counted as none.
    #[serde(default)]
    pub items_removed: Option<Field>,
}
