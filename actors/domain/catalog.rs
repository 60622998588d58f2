//! What the shop sells, as seen by a shopper.

use serde::{Deserialize, Serialize};

use super::ids::ProductId;
use super::money::Cents;

/// One product of the shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The shop's id.
    pub id: ProductId,
    /// Shown name.
    pub name: String,
    /// Category; coupons and preferences match it exactly.
    pub category: String,
    /// Brand; `None` where the shop names none.
    pub brand: Option<String>,
    /// Price of one unit.
    pub price: Cents,
    /// Whether the shop says it can be bought.
    pub in_stock: bool,
}

/// Every product the shop listed at the start of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// In the shop's order.
    pub products: Vec<Product>,
}

impl Catalog {
    /// The products of `category`, or all of them for `None`, in the shop's order.
    pub fn list(&self, category: Option<&str>) -> impl Iterator<Item = &Product> {
        self.products.iter().filter(move |p| category.is_none_or(|c| p.category == c))
    }

    /// Whether any product belongs to `category`.
    pub fn has_category(&self, category: &str) -> bool {
        self.products.iter().any(|p| p.category == category)
    }
}
