//! What a list shows.

use crate::domain::catalog::Product;
use crate::domain::ids::ProductId;
use crate::domain::money::Cents;

/// The products of a list, and whether their prices are written down.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'p> {
    /// In the shop's order.
    pub products: &'p [Product],
    /// Whether somebody chooses by their prices.
    pub priced: bool,
}

impl<'p> Shown<'p> {
    pub(super) fn ids(&self) -> Vec<&'p ProductId> {
        self.products.iter().map(|product| &product.id).collect()
    }

    pub(super) fn prices(&self) -> Option<Vec<Cents>> {
        self.priced.then(|| self.products.iter().map(|product| product.price).collect())
    }
}
