//! An order that may be at the shop without a row: which flow may have sent it, and what proves
//! that one of the shop's orders is that flow's.
//!
//! An order proves itself by naming the flow. Where a shop's reads name none, it must be in no row,
//! and placed while this flow alone, of those that are looked for, can have placed it; the flow
//! must have no other. By the shop's own clock: how far it is from ours says its `Date` header.

use std::collections::HashSet;

use chrono::{NaiveDateTime, TimeDelta};
use uuid::Uuid;

use crate::flow::{FlowKey, ShopRefs};
use crate::ids::{FlowId, OrderId, StoreId};
use crate::money::Amount;

/// How far a `Date` header may be behind its server's clock: it has whole seconds, and servers
/// renew it once a second or twice.
const DATE_BEHIND_MAX: TimeDelta = TimeDelta::seconds(2);

/// A flow that has ended and may have an order at the shop which no row names.
#[derive(Clone, Debug, PartialEq)]
pub struct LostFlow {
    /// Which flow.
    pub key: FlowKey,
    /// Its agent's user at the shop.
    pub user_id: Uuid,
    /// The branch, if one was selected.
    pub store_id: Option<StoreId>,
    /// Simulated end of the visit; its begin where no end is known.
    pub simulated_end: NaiveDateTime,
    /// What the shop can be asked for its order by.
    pub refs: ShopRefs,
    /// Its last sign of life: wall clock, UTC.
    pub seen_at: NaiveDateTime,
    /// When the agent's next visit in this database began; wall clock, UTC.
    pub until: Option<NaiveDateTime>,
}

/// An order as a list of orders shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedOrder {
    /// The shop's id.
    pub id: OrderId,
    /// To pay; `None` where the shop does not say.
    pub final_total: Option<Amount>,
    /// Of that on top of the goods; `None` where the shop does not say.
    pub charges: Option<Amount>,
    /// The flow it names, as the shop wrote it; `None` where it names none.
    pub flow: Option<String>,
    /// When it was placed, by the shop's clock; `None` where the shop does not say.
    pub placed_at: Option<NaiveDateTime>,
}

/// A list of an agent's newest orders, as it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderList {
    /// The newest first.
    pub orders: Vec<PlacedOrder>,
    /// What the shop's clock showed, as its `Date` header says; `None` without one.
    pub shop_clock: Option<NaiveDateTime>,
    /// What ours showed; wall clock, UTC.
    pub our_clock: NaiveDateTime,
    /// Whether there may be older ones that the list does not show.
    pub is_cut: bool,
    /// Whether orders at this shop name their flow; one that does not may be anybody's.
    pub names_flows: bool,
}

/// What a list proves of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// This order is its own.
    Placed(PlacedOrder),
    /// It has none.
    Absent,
    /// Nothing; why not.
    Nothing(&'static str),
}

/// From when to when an instant may be by our clock.
#[derive(Clone, Copy, Debug)]
struct Span {
    early: NaiveDateTime,
    late: NaiveDateTime,
}

impl OrderList {
    /// What it proves of `flow`. `lost`: all flows of its agent that are looked for; `known`:
    /// orders that are in a row.
    pub fn proof(&self, flow: &LostFlow, lost: &[LostFlow], known: &HashSet<OrderId>) -> Proof {
        if self.names_flows {
            self.proof_by_name(flow, known)
        } else {
            self.proof_by_time(flow, lost, known)
        }
    }

    /// Of a shop that says which flow an order belongs to.
    fn proof_by_name(&self, flow: &LostFlow, known: &HashSet<OrderId>) -> Proof {
        let mut own = self.orders.iter().filter(|order| order.names(&flow.key.flow_id));
        match (own.next(), own.next()) {
            (Some(order), None) if known.contains(&order.id) => {
                Proof::Nothing("its order is in the row of another flow")
            }
            (Some(order), None) => Proof::Placed(order.clone()),
            (Some(_), Some(_)) => Proof::Nothing("several orders name it"),
            (None, _) => {
                let mut nameless = self.orders.iter().filter(|order| order.flow.is_none());
                let may_own = |order: &PlacedOrder| {
                    !known.contains(&order.id)
                        && self.placed(order).is_none_or(|span| flow.may_own(span))
                };
                if nameless.any(may_own) {
                    Proof::Nothing("an order that may be its own names no flow")
                } else {
                    self.absent(flow)
                }
            }
        }
    }

    /// Of a shop that does not.
    fn proof_by_time(&self, flow: &LostFlow, lost: &[LostFlow], known: &HashSet<OrderId>) -> Proof {
        let mut own = Vec::new();
        for order in self.orders.iter().filter(|order| !known.contains(&order.id)) {
            let Some(span) = self.placed(order) else {
                return Proof::Nothing("the shop does not say when an order was placed");
            };
            if flow.may_own(span) {
                own.push((order, span));
            }
        }
        let mut others = lost.iter().filter(|other| other.key.flow_id != flow.key.flow_id);
        match own.as_slice() {
            [] => self.absent(flow),
            [(_, span)] if others.any(|other| other.may_own(*span)) => {
                Proof::Nothing("its order may be that of another flow")
            }
            [(order, _)] => Proof::Placed((*order).clone()),
            _ => Proof::Nothing("several orders may be its own"),
        }
    }

    /// No order in the list can be the flow's.
    fn absent(&self, flow: &LostFlow) -> Proof {
        let oldest = self.orders.last().and_then(|oldest| self.placed(oldest));
        if !self.is_cut || oldest.is_some_and(|span| span.late < flow.key.opened_at) {
            Proof::Absent
        } else {
            Proof::Nothing("the list of orders does not go back so far")
        }
    }

    /// The one order that an agent's flow, opened then and still under way, has placed. Where the
    /// shop neither names flows nor says when orders were placed, its newest is taken: the cart was
    /// seen to be gone.
    pub fn of_living_flow(&self, flow: &FlowId, opened_at: NaiveDateTime) -> Option<PlacedOrder> {
        if self.names_flows {
            return self.orders.iter().find(|order| order.names(flow)).cloned();
        }
        let newest = self.orders.first()?;
        let is_in_time = self.placed(newest).is_none_or(|span| span.late >= opened_at);
        is_in_time.then(|| newest.clone())
    }

    /// When an order was placed, by our clock.
    fn placed(&self, order: &PlacedOrder) -> Option<Span> {
        let age = self.shop_clock? - order.placed_at?;
        let late = self.our_clock - age;
        Some(Span { early: late - DATE_BEHIND_MAX, late })
    }
}

impl LostFlow {
    /// Whether it may have placed what was placed then.
    fn may_own(&self, placed: Span) -> bool {
        placed.late >= self.key.opened_at && self.until.is_none_or(|until| placed.early < until)
    }
}

impl PlacedOrder {
    /// Whether it says that it is this flow's.
    fn names(&self, flow: &FlowId) -> bool {
        self.flow.as_deref().and_then(|name| Uuid::parse_str(name).ok()) == Some(flow.0)
    }
}

#[cfg(test)]
mod tests;
