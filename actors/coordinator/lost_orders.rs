//! Orders that may be at the shop without a row: before the first tick of a run that goes on, the
//! shop is asked for them.
//!
//! Only reads decide, and nothing is sent again. A shop finishes an order whose client has hung up:
//! it is not asked before its call timeout has passed since the flow's last sign of life. What the
//! reads do not prove stays unknown and is asked for again next time. A shop that is away ends the
//! search and with it the resume; one whose orders cannot be read is not asked for all of them.

pub mod board;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDateTime;
use futures::future::join_all;
use serde_json::json;

use crate::agent::flow::ORDERS_ASKED;
use crate::db_writer::messages::{KnownOrders, LostFlows, SettleOrder};
use crate::domain::flow::Order;
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::incident::{Incident, IncidentKind};
use crate::domain::lost_order::{LostFlow, OrderList, PlacedOrder, Proof};
use crate::domain::money::Amount;
use crate::failpoint::{self, Failpoint};
use crate::ports::pacing::Pacing;
use crate::ports::shop_api::{ApiError, Caller, Doubt, ShopCall, ShopReply};
use crate::ports::store::{FoundOrder, SettledOrder, StoreError};
use crate::session_pool::assignment::session_of;

use super::messages::StartError;
use super::plan::RunPlan;
use super::services::Services;
use super::start::Look;
use board::OrderSearch;

/// Flows in a row about which the shop gave no answer that can be read: the others are not asked.
const UNREADABLE_MAX: u32 = 5;

/// How often it is said how far it has come.
const SAID_EVERY: Duration = Duration::from_secs(2);

/// One search.
struct Search<'a> {
    services: &'a Services,
    plan: &'a RunPlan,
    pacing: &'a dyn Pacing,
    found: Cell<OrderSearch>,
    /// Flows in a row without an answer.
    unreadable: Cell<u32>,
}

/// What the shop says of one flow.
enum Told {
    /// Its order.
    Order(Box<Order>),
    /// That it has none.
    Absent,
    /// Nothing that proves anything.
    Nothing(&'static str),
}

/// Asks for the orders of this run's flows, and of those of dead runs at this shop. `is_restart`:
/// the flows are another process's.
pub async fn find(
    services: &Services,
    plan: &RunPlan,
    pacing: &dyn Pacing,
    is_restart: bool,
) -> Result<OrderSearch, StartError> {
    if !plan.shop.is_real {
        return Ok(OrderSearch::default());
    }
    let lost = lost_flows(services, plan).await?;
    let flows = u32::try_from(lost.len()).unwrap_or(u32::MAX);
    let search = OrderSearch { flows, ..OrderSearch::default() };
    if flows == 0 {
        return Ok(search);
    }
    if !plan.shop.orders.lists && !plan.shop.orders.finds {
        tracing::warn!(
            flows,
            "visits may have an order that no row names, and the shop's profile has no \
             `find_order` or `latest_order` to ask for them: they stay unknown"
        );
        return Ok(search);
    }
    services.orders.set(Some(search));
    let (found, unreadable) = (Cell::new(search), Cell::new(0));
    let search = Search { services, plan, pacing, found, unreadable };
    let done = search.to_its_end(lost, is_restart).await;
    services.orders.set(None);
    done.map(|()| search.found.get())
}

/// Those of the run itself and of dead runs.
async fn lost_flows(services: &Services, plan: &RunPlan) -> Result<Vec<LostFlow>, StartError> {
    let mut lost = Vec::new();
    for run_id in [plan.run_id].iter().chain(&plan.dead_runs) {
        lost.extend(services.write(LostFlows { run_id: *run_id }).await?);
    }
    for flow in &mut lost {
        // Its order may come after the agent's next visit has begun.
        let settled_at = flow.seen_at + plan.shop.orders.settles_in;
        flow.until = flow.until.map(|until| until.max(settled_at));
    }
    Ok(lost)
}

impl Search<'_> {
    async fn to_its_end(&self, lost: Vec<LostFlow>, is_restart: bool) -> Result<(), StartError> {
        self.wait_for(&lost, is_restart).await;
        let mut by_agent: BTreeMap<AgentId, Vec<LostFlow>> = BTreeMap::new();
        for flow in lost {
            by_agent.entry(flow.key.agent_id.clone()).or_default().push(flow);
        }
        let mut by_session: BTreeMap<SessionId, Vec<Vec<LostFlow>>> = BTreeMap::new();
        for (agent_id, mut flows) in by_agent {
            flows.sort_by_key(|flow| flow.key.opened_at);
            by_session.entry(self.session_of(&agent_id)).or_default().push(flows);
        }
        let each = by_session.into_iter().map(|(session, agents)| self.over(session, agents));
        let mut asking = std::pin::pin!(join_all(each));
        let mut says = tokio::time::interval(SAID_EVERY);
        let ended = loop {
            tokio::select! {
                ended = &mut asking => break ended,
                _ = says.tick() => tracing::info!("{}", self.found.get().progress()),
            }
        };
        ended.into_iter().collect()
    }

    /// A shop may still be at work on what a client that hung up had ordered.
    async fn wait_for(&self, lost: &[LostFlow], is_restart: bool) {
        let orders = self.plan.shop.orders;
        let Some(last) = lost.iter().map(|flow| flow.seen_at).max() else { return };
        // What a shop in a process that died had ordered went with it.
        if orders.is_own && is_restart {
            return;
        }
        let since = (self.pacing.wall() - last).to_std().unwrap_or(Duration::ZERO);
        let wait = orders.settles_in.saturating_sub(since);
        if !wait.is_zero() {
            let flows = lost.len();
            tracing::info!(
                flows,
                "asking the shop for {flows} orders in {:.1} s: it may still be at work on some",
                wait.as_secs_f64()
            );
            tokio::time::sleep(wait).await;
        }
    }

    /// The agent's own HTTP session, or another where that is down.
    fn session_of(&self, agent_id: &AgentId) -> SessionId {
        let sessions = u8::try_from(self.services.sessions.len()).unwrap_or(u8::MAX);
        let own = session_of(agent_id, sessions);
        let down = self.services.board.down();
        if !down.contains(&own) {
            return own;
        }
        (0..sessions).map(SessionId).find(|other| !down.contains(other)).unwrap_or(own)
    }

    /// One after the other over this HTTP session, an agent's flows in their order.
    async fn over(&self, session: SessionId, agents: Vec<Vec<LostFlow>>) -> Result<(), StartError> {
        for mut lost in agents {
            let mut at = 0;
            while at < lost.len() {
                if self.unreadable.get() >= UNREADABLE_MAX {
                    return Ok(());
                }
                failpoint::pass(Failpoint::OrderAsk);
                let flow = lost[at].clone();
                let told = self.ask(session, &flow, &lost).await?;
                self.note(|found| found.asked += 1);
                if self.settle(flow, told).await? {
                    lost.remove(at);
                } else {
                    at += 1;
                }
            }
        }
        Ok(())
    }

    fn note(&self, note: impl FnOnce(&mut OrderSearch)) {
        let mut found = self.found.get();
        note(&mut found);
        self.found.set(found);
        self.services.orders.set(Some(found));
    }

    /// Asks the shop for the order of one flow.
    async fn ask(
        &self,
        session: SessionId,
        flow: &LostFlow,
        lost: &[LostFlow],
    ) -> Result<Told, StartError> {
        let caller = Caller {
            agent_id: flow.key.agent_id.clone(),
            user_id: flow.user_id,
            flow_id: Some(flow.key.flow_id),
        };
        let mut look = Look::new(session, self.services, self.plan, caller);
        if self.plan.shop.orders.finds {
            return self.ask_by_refs(look, flow).await;
        }
        let asked = look.ask(ShopCall::LatestOrders { most: ORDERS_ASKED }).await;
        let Some(reply) = self.readable(asked)? else { return Ok(Told::Nothing("no answer")) };
        let ShopReply::LatestOrders { orders, shop_clock } = reply else {
            return Ok(Told::Nothing("another answer"));
        };
        let known = orders.iter().map(|order| order.id.clone()).collect();
        let known = self.services.write(KnownOrders(known)).await?;
        let list = OrderList {
            is_cut: orders.len() >= ORDERS_ASKED as usize,
            orders,
            shop_clock,
            our_clock: self.pacing.wall(),
            names_flows: self.plan.shop.orders.names_flows,
        };
        match list.proof(flow, lost, &known) {
            Proof::Placed(placed) => self.with_lines(look, placed).await,
            Proof::Absent => Ok(Told::Absent),
            Proof::Nothing(why) => Ok(Told::Nothing(why)),
        }
    }

    /// Asks for the order of the flow's own cart.
    async fn ask_by_refs(&self, mut look: Look, flow: &LostFlow) -> Result<Told, StartError> {
        let needs_refs = self.plan.shop.orders.finds_by_refs;
        if needs_refs && flow.refs.0.is_empty() {
            // They are kept before an order is placed: none was.
            return Ok(Told::Absent);
        }
        let asked = look.ask(ShopCall::FindOrder { refs: flow.refs.clone() }).await;
        if matches!(&asked, Err(StartError::Shop(error)) if error.is_refused()) {
            self.unreadable.set(0);
            let age = (self.pacing.wall() - flow.seen_at).to_std().unwrap_or(Duration::ZERO);
            let is_shown = self.plan.shop.orders.shown_for.is_some_and(|shown| age < shown);
            return Ok(match is_shown {
                true => Told::Absent,
                false => Told::Nothing("the shop may no longer show it"),
            });
        }
        match self.readable(asked)? {
            Some(ShopReply::OrderFound(Some(placed))) => {
                let known = self.services.write(KnownOrders(vec![placed.id.clone()])).await?;
                match known.is_empty() {
                    true => self.with_lines(look, placed).await,
                    false => Ok(Told::Nothing("its order is in the row of another flow")),
                }
            }
            Some(ShopReply::OrderFound(None)) => Ok(Told::Absent),
            Some(_) => Ok(Told::Nothing("another answer")),
            None => Ok(Told::Nothing("no answer")),
        }
    }

    /// The order as the shop shows it; without lines where it shows none.
    async fn with_lines(&self, mut look: Look, placed: PlacedOrder) -> Result<Told, StartError> {
        if !self.plan.shop.orders.shows_one {
            let told =
                placed.final_total.clone().map(|total| Told::Order(Box::new(bare(&placed, total))));
            return Ok(told.unwrap_or(Told::Nothing("the shop does not say what it cost")));
        }
        let read = look.ask(ShopCall::ReadOrder { order: placed.id.clone() }).await;
        match self.readable(read)? {
            Some(ShopReply::OrderShown(order)) if order.id == placed.id => Ok(Told::Order(order)),
            Some(_) => Ok(Told::Nothing("the shop shows another order under its id")),
            None => Ok(Told::Nothing("the order itself could not be read")),
        }
    }

    /// The answer, if there is one. A shop that is away ends the search: it could not go on either.
    fn readable(
        &self,
        asked: Result<ShopReply, StartError>,
    ) -> Result<Option<ShopReply>, StartError> {
        match asked {
            Ok(reply) => {
                self.unreadable.set(0);
                Ok(Some(reply))
            }
            Err(StartError::Shop(error)) if !is_away(&error) => {
                self.unreadable.set(self.unreadable.get() + 1);
                tracing::warn!(%error, "the shop's orders could not be read");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes what was told; answers whether the flow is settled by it.
    async fn settle(&self, flow: LostFlow, told: Told) -> Result<bool, StartError> {
        let at = self.pacing.wall();
        let order = match told {
            Told::Order(order) => Some(*order),
            Told::Absent => None,
            Told::Nothing(why) => {
                tracing::info!(flow.id = %flow.key.flow_id, why, "its order stays unknown");
                return Ok(false);
            }
        };
        let is_found = order.is_some();
        let order = order.map(|order| FoundOrder { incident: incident(&flow, &order, at), order });
        match self.services.write(SettleOrder(SettledOrder { flow, order, at })).await {
            Ok(_) => {
                self.note(|found| match is_found {
                    true => found.found += 1,
                    false => found.absent += 1,
                });
                Ok(true)
            }
            Err(StoreError::Refused(why)) => {
                tracing::warn!(why, "an order that was found could not be added");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Nobody is there: whatever is asked next is not answered either.
fn is_away(error: &ApiError) -> bool {
    error.doubt() == Some(Doubt::Connection)
}

/// An order of which no more is known than what was paid.
fn bare(placed: &PlacedOrder, total: Amount) -> Order {
    let charges = placed.charges.clone().unwrap_or_default();
    Order {
        id: placed.id.clone(),
        subtotal: Amount::reckoned(total.exact().minus(charges.exact())),
        item_discounts: Amount::default(),
        frontstore_discount: Amount::default(),
        discount_total: Amount::default(),
        charges,
        final_total: total,
        lines: Vec::new(),
        coupons: None,
        lacks_lines: false,
        misread: None,
    }
}

fn incident(flow: &LostFlow, order: &Order, at: NaiveDateTime) -> Incident {
    let key = &flow.key;
    Incident {
        run_id: key.run_id,
        cycle: key.cycle,
        replay: key.replay,
        kind: IncidentKind::OrderFound,
        agent_id: Some(key.agent_id.clone()),
        http_session: None,
        message: format!(
            "an order of {} worth {} that no row named was found at the shop: {}",
            key.agent_id, order.final_total.cents, order.id
        ),
        detail: json!({
            "order_id": order.id,
            "flow_id": key.flow_id,
            "final_total_cents": order.final_total.cents,
            "lines": order.lines.len(),
        }),
        simulated_at: flow.simulated_end,
        recorded_at: at,
    }
}
