//! Every order that was placed, the last 100,000, by id and by customer.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use uuid::Uuid;

use super::checkout::PlacedOrder;

/// Orders kept.
const ORDERS_MAX: usize = 100_000;

/// The orders; the oldest leaves when one more than fit comes.
#[derive(Debug)]
pub(in crate::practice_shop) struct OrderBook {
    /// Oldest first.
    orders: VecDeque<Arc<PlacedOrder>>,
    by_id: HashMap<Uuid, Arc<PlacedOrder>>,
    /// Each customer's, oldest first.
    by_user: HashMap<Uuid, VecDeque<Arc<PlacedOrder>>>,
    capacity: usize,
}

impl Default for OrderBook {
    fn default() -> Self {
        Self {
            orders: VecDeque::new(),
            by_id: HashMap::new(),
            by_user: HashMap::new(),
            capacity: ORDERS_MAX,
        }
    }
}

impl OrderBook {
    /// Takes in the newest.
    pub fn insert(&mut self, order: Arc<PlacedOrder>) {
        self.by_id.insert(order.id, Arc::clone(&order));
        self.by_user.entry(order.user).or_default().push_back(Arc::clone(&order));
        self.orders.push_back(order);
        if self.orders.len() > self.capacity
            && let Some(oldest) = self.orders.pop_front()
        {
            self.by_id.remove(&oldest.id);
            // The oldest of all is the oldest of its customer.
            if let Some(of_user) = self.by_user.get_mut(&oldest.user) {
                of_user.pop_front();
                if of_user.is_empty() {
                    self.by_user.remove(&oldest.user);
                }
            }
        }
    }

    /// The order with this id.
    pub fn get(&self, id: &Uuid) -> Option<&Arc<PlacedOrder>> {
        self.by_id.get(id)
    }

    /// A customer's orders, newest first.
    pub fn of(&self, user: Uuid) -> impl Iterator<Item = &Arc<PlacedOrder>> {
        self.by_user.get(&user).into_iter().flat_map(|orders| orders.iter().rev())
    }

    /// All of them, oldest first.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &Arc<PlacedOrder>> {
        self.orders.iter()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::money::Cents;

    use super::*;

    fn order(user: u128, number: u128) -> Arc<PlacedOrder> {
        Arc::new(PlacedOrder {
            id: Uuid::from_u128(number),
            user: Uuid::from_u128(user),
            session: None,
            key: None,
            store: 0,
            placed_at: DateTime::UNIX_EPOCH,
            lines: Box::default(),
            coupons: Box::default(),
            final_total: Cents::ZERO,
        })
    }

    #[test]
    fn the_oldest_order_leaves_every_list_when_one_more_comes() {
        let mut book = OrderBook { capacity: 3, ..OrderBook::default() };
        for (user, number) in [(1, 1), (2, 2), (1, 3), (1, 4)] {
            book.insert(order(user, number));
        }
        let numbers = |user| book.of(Uuid::from_u128(user)).map(|o| o.id.as_u128());
        assert_eq!(numbers(1).collect::<Vec<_>>(), [4, 3], "newest first");
        assert_eq!(numbers(2).collect::<Vec<_>>(), [2]);
        assert!(book.get(&Uuid::from_u128(1)).is_none() && book.get(&Uuid::from_u128(2)).is_some());
        let all: Vec<u128> = book.all().map(|o| o.id.as_u128()).collect();
        assert_eq!(all, [2, 3, 4]);
    }
}
