//! Units on the shelves. Ample unless a fault sets a number; then sold units do not come back.

/// Units said to be there when the stock is ample.
const AMPLE: u32 = 10_000;

/// What was sold under the limit in force.
#[derive(Debug, Default)]
pub(super) struct Stock {
    limit: Option<u32>,
    /// One per store and product, store by store; empty while ample.
    sold: Vec<u32>,
    products: usize,
}

impl Stock {
    pub fn new(products: usize) -> Self {
        Self { limit: None, sold: Vec::new(), products }
    }

    /// Takes over the limit in force; another number than before fills the shelves.
    pub fn limit_to(&mut self, limit: Option<u32>, stores: usize) {
        if self.limit != limit {
            self.limit = limit;
            self.sold.clear();
            if limit.is_some() {
                self.sold.resize(stores * self.products, 0);
            }
        }
    }

    /// Units left of a product in a store.
    pub fn available(&self, store: usize, product: usize) -> u32 {
        let sold = self.sold.get(store * self.products + product).copied().unwrap_or(0);
        self.limit.map_or(AMPLE, |limit| limit.saturating_sub(sold))
    }

    /// Takes units off the shelf.
    pub fn sell(&mut self, store: usize, product: usize, units: u32) {
        if let Some(sold) = self.sold.get_mut(store * self.products + product) {
            *sold = sold.saturating_add(units);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sold_units_are_gone_in_their_store_only_until_the_limit_changes() {
        let mut stock = Stock::new(2);
        stock.limit_to(Some(20), 3);
        stock.sell(1, 0, 20);
        assert_eq!(
            (stock.available(1, 0), stock.available(1, 1), stock.available(2, 0)),
            (0, 20, 20)
        );
        stock.limit_to(Some(20), 3);
        assert_eq!(stock.available(1, 0), 0, "the same number again fills nothing");
        stock.limit_to(None, 3);
        stock.sell(1, 0, 5);
        assert_eq!(stock.available(1, 0), AMPLE);
        stock.limit_to(Some(20), 3);
        assert_eq!(stock.available(1, 0), 20);
    }
}
