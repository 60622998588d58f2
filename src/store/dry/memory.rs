//! What agents remember, as the dry store rebuilds it: their latest visits, filtered to the
//! attempts that count.
//!
//! A simulated week has 168 hours, so the visits kept always cover the week's budget.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use chrono::NaiveDateTime;
use domain::catalog::Product;
use domain::cycle::{Cycle, CycleRecord, ReplayNumber};
use domain::flow::{AgentMemory, FlowRecord, LeftCart, ShopCart};
use domain::ids::{AgentId, ProductId, RunId, StoreId};
use domain::memory::left_by;
use domain::money::Cents;

/// Visits remembered of an agent.
const VISITS_KEPT: usize = 256;
/// Closed attempts remembered: eleven simulated years.
const ATTEMPTS_KEPT: usize = 100_000;

/// Visits, brands and closed attempts.
#[derive(Default)]
pub(super) struct Memory {
    visits: HashMap<AgentId, VecDeque<Visit>>,
    brands: HashMap<ProductId, String>,
    /// Whether each closed attempt is unbroken.
    attempts: BTreeMap<(RunId, Cycle, ReplayNumber), bool>,
    /// How each agent left its cart last, and where.
    pub(super) carts: HashMap<AgentId, (ShopCart, Option<StoreId>)>,
}

/// One visit.
pub(super) struct Visit {
    run_id: RunId,
    cycle: Cycle,
    replay: ReplayNumber,
    simulated_at: NaiveDateTime,
    order: Option<Bought>,
    /// What was in the cart that it left of its own will.
    left: Option<LeftCart>,
}

struct Bought {
    at: NaiveDateTime,
    total: Cents,
    products: Vec<ProductId>,
}

impl Visit {
    /// What a record says of it.
    pub(super) fn of(record: &FlowRecord) -> Self {
        let order = record.order.as_ref().map(|order| Bought {
            at: crate::rows::flow_parts::ordered_at(record),
            total: order.final_total.cents,
            products: order.lines.iter().map(|l| l.product_id.clone()).collect(),
        });
        Self {
            run_id: record.key.run_id,
            cycle: record.key.cycle,
            replay: record.key.replay,
            simulated_at: record.key.simulated_at,
            order,
            left: left_by(record),
        }
    }
}

impl Memory {
    pub(super) fn see(&mut self, products: &[Product]) {
        let branded = products.iter().filter_map(|p| Some((p.id.clone(), p.brand.clone()?)));
        self.brands.extend(branded);
    }

    pub(super) fn visited(&mut self, agent: &AgentId, visit: Visit) {
        let visits = self.visits.entry(agent.clone()).or_default();
        visits.push_back(visit);
        if visits.len() > VISITS_KEPT {
            visits.pop_front();
        }
    }

    /// Takes in a closed attempt; answers whether it was not yet there.
    pub(super) fn close(&mut self, record: &CycleRecord) -> bool {
        let attempt = (record.run_id, record.cycle, record.replay);
        if self.attempts.contains_key(&attempt) {
            return false;
        }
        self.attempts.insert(attempt, !record.broken);
        if self.attempts.len() > ATTEMPTS_KEPT {
            self.attempts.pop_first();
        }
        true
    }

    fn is_canonical(&self, visit: &Visit) -> bool {
        let of_cycle = (visit.run_id, visit.cycle, ReplayNumber(0))
            ..=(visit.run_id, visit.cycle, ReplayNumber(u32::MAX));
        let unbroken = self.attempts.range(of_cycle).find(|(_, unbroken)| **unbroken);
        unbroken.is_some_and(|((_, _, replay), _)| *replay == visit.replay)
    }

    /// The memories of these agents (all for none) before cycle `before`.
    pub(super) fn of(
        &self,
        run: RunId,
        before: Cycle,
        agents: &[AgentId],
        monday: NaiveDateTime,
    ) -> HashMap<AgentId, AgentMemory> {
        let asked = |agent: &AgentId| agents.is_empty() || agents.contains(agent);
        let mut memories: HashMap<AgentId, AgentMemory> = HashMap::new();
        for (agent, visits) in self.visits.iter().filter(|(agent, _)| asked(agent)) {
            let counts = |v: &&Visit| v.run_id == run && v.cycle < before && self.is_canonical(v);
            let visits: Vec<&Visit> = visits.iter().filter(counts).collect();
            if !visits.is_empty() {
                memories.insert(agent.clone(), self.rebuilt(&visits, monday));
            }
        }
        for (agent, (cart, _)) in self.carts.iter().filter(|(agent, _)| asked(agent)) {
            memories.entry(agent.clone()).or_default().shop_cart = *cart;
        }
        memories
    }

    fn rebuilt(&self, visits: &[&Visit], monday: NaiveDateTime) -> AgentMemory {
        let orders: Vec<&Bought> = visits.iter().filter_map(|v| v.order.as_ref()).collect();
        let this_week = orders.iter().filter(|o| o.at >= monday);
        let last_order = orders.iter().map(|o| o.at).max();
        // From the newest back, each brand once, then turned round: the oldest comes first.
        let mut known = HashSet::new();
        let newest_first = orders.iter().rev().flat_map(|o| &o.products);
        let mut brands: Vec<String> = newest_first
            .filter_map(|product| self.brands.get(product))
            .filter(|brand| known.insert(brand.as_str()))
            .take(domain::memory::BRANDS_REMEMBERED_MAX)
            .cloned()
            .collect();
        brands.reverse();
        let mut products = AgentMemory::default();
        for order in &orders {
            products.remember_products(&order.products);
        }
        let last_cart = visits.iter().rev().find(|v| v.order.is_some() || v.left.is_some());
        AgentMemory {
            left_cart: last_cart.and_then(|v| v.left.clone()),
            products_bought: products.products_bought,
            spent_this_week: this_week.map(|o| o.total).sum(),
            week_of: last_order.map(|_| monday),
            brands_bought: brands,
            last_visit: visits.iter().map(|v| v.simulated_at).max(),
            last_order,
            shop_cart: ShopCart::Unknown,
        }
    }
}
