//! What an agent keeps between its flows; away while one is under way.

use chrono::NaiveDateTime;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::domain::flow::{AgentMemory, FlowRecord, FlowStatus};
use crate::domain::ids::StoreId;
use crate::domain::memory::left_by;
use crate::domain::offer::Wallet;

use super::granted::Granted;
use super::messages::ShopFacts;

/// What an agent keeps between its flows.
#[derive(Clone, Debug)]
pub struct AgentState {
    /// Its chance; each run differs (Q9.7).
    pub rng: Xoshiro256PlusPlus,
    /// What it remembers; rebuilt from rows when the actor is.
    pub memory: AgentMemory,
    /// Whether the shop has had its first visit in this process.
    pub is_known: bool,
    /// The branch it has selected in this process.
    pub store: Option<StoreId>,
    /// The wallet the shop was handed.
    pub granted: Option<Granted>,
}

impl AgentState {
    /// An agent that has been nowhere yet in this process, with these memories.
    pub fn new(rng: Xoshiro256PlusPlus, memory: AgentMemory) -> Self {
        Self { rng, memory, is_known: false, store: None, granted: None }
    }

    /// Whether the shop may still hold this wallet at simulated time `now`.
    pub fn has_handed_over(&self, wallet: &Wallet, now: NaiveDateTime) -> bool {
        self.granted.is_some_and(|granted| granted.is_good(wallet, now))
    }

    /// Takes in how a flow ended.
    pub fn remember(&mut self, record: &FlowRecord, shop: &ShopFacts) {
        let memory = &mut self.memory;
        memory.shop_cart = record.shop_cart;
        memory.remember_visit(record.key.simulated_at);
        if let Some(left) = left_by(record) {
            memory.left_cart = Some(left);
        }
        if record.status != FlowStatus::Completed {
            return;
        }
        if let Some(order) = &record.order {
            let brands = order.lines.iter().filter_map(|line| {
                let product = shop.catalog.products.iter().find(|p| p.id == line.product_id)?;
                product.brand.clone()
            });
            memory.remember_products(order.lines.iter().map(|line| &line.product_id));
            memory.remember_order(record.simulated_end, order.final_total.cents, brands);
        }
    }
}
