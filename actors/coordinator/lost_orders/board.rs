//! How far the search for lost orders has come: noted by whoever asks, shown by everybody.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A search for orders that no row names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSearch {
    /// Flows that may have one.
    pub flows: u32,
    /// Of them the shop was asked about.
    pub asked: u32,
    /// Orders found and written.
    pub found: u32,
    /// Flows that have none, as the shop's reads prove.
    pub absent: u32,
}

impl OrderSearch {
    /// Flows of which nothing is known yet.
    pub fn unknown(&self) -> u32 {
        self.flows.saturating_sub(self.found).saturating_sub(self.absent)
    }

    /// While it goes on.
    pub fn progress(&self) -> String {
        let Self { flows, asked, found, .. } = self;
        let orders = if *flows == 1 { "order" } else { "orders" };
        format!("asking the shop for {flows} {orders}: {asked} asked, {found} found")
    }

    /// What came of it; `None` where there was nothing to look for.
    pub fn says(&self) -> Option<String> {
        let Self { flows, found, absent, .. } = self;
        let visits = if *flows == 1 { "visit" } else { "visits" };
        (*flows > 0).then(|| {
            format!(
                "{flows} {visits} may have had an order that no row names: {found} found and \
                 added, {absent} had none, {} unknown",
                self.unknown()
            )
        })
    }

    /// The same in numbers.
    pub fn detail(&self) -> Value {
        let Self { flows, asked, found, absent } = self;
        let unknown = self.unknown();
        json!({
            "flows": flows, "asked": asked, "found": found, "absent": absent, "unknown": unknown,
        })
    }
}

/// The search under way, if there is one.
#[derive(Clone, Debug, Default)]
pub struct SearchBoard(Arc<Mutex<Option<OrderSearch>>>);

impl SearchBoard {
    /// As it stands.
    pub fn get(&self) -> Option<OrderSearch> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It stands so; `None`: it is over.
    pub fn set(&self, search: Option<OrderSearch>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = search;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_says_what_was_found_and_what_stays_unknown() {
        let search = OrderSearch { flows: 34, asked: 20, found: 12, absent: 7 };
        assert_eq!(search.progress(), "asking the shop for 34 orders: 20 asked, 12 found");
        let says = search.says().unwrap();
        assert!(says.contains("12 found and added, 7 had none, 15 unknown"), "{says}");
        assert_eq!(search.detail()["unknown"], 15);
        assert_eq!(OrderSearch::default().says(), None);
    }
}
