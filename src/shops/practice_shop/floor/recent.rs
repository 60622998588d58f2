//! A map that remembers the latest entries only.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// At most `capacity` entries; the oldest leaves when one more comes.
#[derive(Debug)]
pub(in crate::practice_shop) struct Recent<K, V> {
    entries: HashMap<K, V>,
    /// Keys in the order of their first insertion.
    order: VecDeque<K>,
    capacity: usize,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    pub fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), capacity: capacity.max(1) }
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    pub fn insert(&mut self, key: K, value: V) {
        if self.entries.insert(key, value).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_leaves_when_one_more_than_the_capacity_comes() {
        let mut recent = Recent::new(3);
        for key in 0..3 {
            recent.insert(key, ());
        }
        recent.insert(0, ());
        assert!(recent.get(&0).is_some(), "three fit");
        recent.insert(3, ());
        assert!(recent.get(&0).is_none());
        assert!([1, 2, 3].iter().all(|key| recent.get(key).is_some()));
        assert_eq!((recent.entries.len(), recent.order.len()), (3, 3));
    }
}
