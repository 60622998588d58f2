//! The cart as the agent believes it to be. The shop's own cart decides what is ordered.

use serde::{Deserialize, Serialize};

use super::catalog::Product;
use super::ids::ProductId;
use super::money::Cents;

/// One product in the cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// What.
    pub product: Product,
    /// Units, at least 1.
    pub quantity: u32,
    /// Price of one unit as the shop confirmed it at the add.
    pub unit_price: Cents,
}

/// What the agent has put in so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cart {
    lines: Vec<CartLine>,
}

impl Cart {
    /// Adds units of a product; adding again sums the quantity, as the shop does.
    pub fn add(&mut self, product: &Product, quantity: u32, unit_price: Cents) {
        if let Some(line) = self.lines.iter_mut().find(|l| l.product.id == product.id) {
            line.quantity = line.quantity.saturating_add(quantity);
            line.unit_price = unit_price;
        } else {
            self.lines.push(CartLine { product: product.clone(), quantity, unit_price });
        }
    }

    /// Takes all units of a product out; `None` where it is not in.
    pub fn remove(&mut self, product: &ProductId) -> Option<CartLine> {
        let place = self.lines.iter().position(|line| line.product.id == *product)?;
        Some(self.lines.remove(place))
    }

    /// The line of a product.
    pub fn line(&self, product: &ProductId) -> Option<&CartLine> {
        self.lines.iter().find(|line| line.product.id == *product)
    }

    /// The lines in the order of their first add.
    pub fn lines(&self) -> &[CartLine] {
        &self.lines
    }

    /// Before discounts.
    pub fn total(&self) -> Cents {
        self.lines.iter().map(|l| l.unit_price.times(l.quantity)).sum()
    }

    /// Units over all lines.
    pub fn units(&self) -> u32 {
        self.lines.iter().map(|l| l.quantity).fold(0, u32::saturating_add)
    }

    /// Whether nothing was put in.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether a product of this category is in.
    pub fn has_category(&self, category: &str) -> bool {
        self.lines.iter().any(|l| l.product.category == category)
    }

    /// Whether a product of this brand is in.
    pub fn has_brand(&self, brand: &str) -> bool {
        self.lines.iter().any(|l| l.product.brand.as_deref() == Some(brand))
    }
}
