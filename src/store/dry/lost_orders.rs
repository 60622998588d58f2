//! Flows whose order may be at the shop without a row, and orders that are in one, as the dry store
//! remembers them.
//!
//! The orders known are the latest ones only; no shop's list goes back so far.

use std::collections::{HashMap, HashSet, VecDeque};

use chrono::NaiveDateTime;
use domain::flow::{FlowKey, FlowRecord, OrderOutcome, ShopRefs};
use domain::ids::{FlowId, OrderId, RunId};
use domain::lost_order::LostFlow;
use domain::persona::Persona;
use ports::store::{Committed, SettledOrder, StoreError};

/// Orders remembered.
const ORDERS_KEPT: usize = 40_000;
/// Flows remembered that are looked for, or have been.
const FLOWS_KEPT: usize = 40_000;

/// All of it.
#[derive(Default)]
pub(super) struct LostOrders {
    flows: HashMap<FlowId, Lost>,
    /// What the orders of flows under way can be asked for by.
    refs: HashMap<FlowId, ShopRefs>,
    /// In the order in which they were lost, for forgetting.
    lost: VecDeque<FlowId>,
    orders: HashSet<OrderId>,
    /// In the order in which they were written, for forgetting.
    written: VecDeque<OrderId>,
}

struct Lost {
    flow: LostFlow,
    outcome: OrderOutcome,
    order: Option<OrderId>,
}

impl LostOrders {
    /// What a flow's order can be asked for by.
    pub(super) fn keep_refs(&mut self, flow: FlowId, refs: ShopRefs) {
        self.refs.insert(flow, refs);
    }

    /// A flow has ended.
    pub(super) fn ended(&mut self, record: &FlowRecord) {
        if let Some(order) = &record.order {
            self.write(order.id.clone());
        }
        if record.order_outcome == Some(OrderOutcome::Unknown) {
            let ends = (record.simulated_end, record.ended_at);
            self.lose(&record.key, ends);
        }
        self.refs.remove(&record.key.flow_id);
    }

    /// The process of a flow died while it was under way.
    pub(super) fn cut(&mut self, key: &FlowKey, at: NaiveDateTime) {
        self.lose(key, (key.simulated_at, at));
    }

    fn lose(&mut self, key: &FlowKey, (simulated_end, seen_at): (NaiveDateTime, NaiveDateTime)) {
        let flow = LostFlow {
            key: key.clone(),
            user_id: uuid::Uuid::nil(),
            store_id: None,
            simulated_end,
            refs: self.refs.remove(&key.flow_id).unwrap_or_default(),
            seen_at,
            until: None,
        };
        let lost = Lost { flow, outcome: OrderOutcome::Unknown, order: None };
        self.flows.insert(key.flow_id, lost);
        self.lost.push_back(key.flow_id);
        if self.lost.len() > FLOWS_KEPT
            && let Some(oldest) = self.lost.pop_front()
        {
            self.flows.remove(&oldest);
        }
    }

    fn write(&mut self, order: OrderId) {
        self.orders.insert(order.clone());
        self.written.push_back(order);
        if self.written.len() > ORDERS_KEPT
            && let Some(oldest) = self.written.pop_front()
        {
            self.orders.remove(&oldest);
        }
    }

    /// Those of a run that are unknown, by agent, the oldest first.
    pub(super) fn of_run(&self, run: RunId, personas: &[Persona]) -> Vec<LostFlow> {
        let unknown = self.flows.values().filter(|lost| lost.outcome == OrderOutcome::Unknown);
        let mut flows: Vec<LostFlow> = unknown
            .filter(|lost| lost.flow.key.run_id == run)
            .filter_map(|lost| {
                let agent = &lost.flow.key.agent_id;
                let persona = personas.iter().find(|persona| persona.agent_id == *agent)?;
                Some(LostFlow { user_id: persona.user_id, ..lost.flow.clone() })
            })
            .collect();
        flows.sort_by(|a, b| {
            let place = |flow: &LostFlow| (flow.key.opened_at, flow.key.cycle, flow.key.replay);
            a.key.agent_id.cmp(&b.key.agent_id).then(place(a).cmp(&place(b)))
        });
        flows
    }

    /// Those of these that are in a row.
    pub(super) fn known(&self, orders: Vec<OrderId>) -> HashSet<OrderId> {
        orders.into_iter().filter(|order| self.orders.contains(order)).collect()
    }

    /// What the shop's reads say of a flow.
    pub(super) fn settle(&mut self, settled: &SettledOrder) -> Result<Committed, StoreError> {
        let refused = |what: String| Err(StoreError::Refused(what));
        let id = settled.flow.key.flow_id;
        let order = settled.order.as_ref().map(|found| found.order.id.clone());
        let outcome = if order.is_some() { OrderOutcome::Found } else { OrderOutcome::Absent };
        let Some(lost) = self.flows.get_mut(&id) else {
            return refused(format!("flow {id} is not one whose order is unknown"));
        };
        if lost.outcome != OrderOutcome::Unknown {
            let is_same = (lost.outcome, &lost.order) == (outcome, &order);
            return match is_same {
                true => Ok(Committed::AlreadyThere),
                false => refused(format!("flow {id} is not one whose order is unknown")),
            };
        }
        if let Some(order) = order.as_ref().filter(|order| self.orders.contains(order)) {
            return refused(format!("order {order} is in a row already"));
        }
        (lost.outcome, lost.order) = (outcome, order.clone());
        order.into_iter().for_each(|order| self.write(order));
        Ok(Committed::Written)
    }
}
