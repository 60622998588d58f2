//! Carts at the shop, as a run sees them: cleared before it ends, spoken of where they stay full,
//! and orders that hold what nobody put in.
//!
//! Whose cart may hold goods is what its agent's last flow said; nobody reads a cart to find out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use serde_json::json;

use crate::db_writer::messages::CartsCleared;
use crate::domain::foreign_goods::ForeignGoods;
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::incident::IncidentKind;
use crate::ports::shop_api::{ApiErrorKind, Caller, Refusal, ShopCall};
use crate::session_pool::assignment::session_of;

use super::Coordinator;
use super::ledger::{NOBODY, Report};
use super::messages::{AgentFinished, StartError};
use super::plan::RunPlan;
use super::run::input::Input;
use super::services::Services;
use super::start::Look;

/// How long the end of a run waits for carts to be cleared.
pub const CLEARING_MAX: Duration = Duration::from_secs(10);

/// Products of an order that are named.
const PRODUCTS_NAMED: usize = 5;

/// What is under way at the end; shared by the answers that are waited for.
struct Clearing {
    cleared: RefCell<Vec<AgentId>>,
    left: Cell<usize>,
}

/// Clears the carts that may hold goods, all at once: permits pace them. Answers that there is
/// nothing to be done, where that is so.
pub(super) fn clear(act: &mut Coordinator, ctx: &mut Context<Coordinator>) -> Option<Input> {
    let users = dirty(act);
    if users.is_empty() {
        return Some(Input::CartsCleared);
    }
    let until = tokio::time::Instant::now() + CLEARING_MAX;
    let left = Cell::new(users.len());
    let clearing = Rc::new(Clearing { cleared: RefCell::default(), left });
    for user in users {
        let (agent_id, clearing) = (user.agent_id.clone(), Rc::clone(&clearing));
        let emptied = empty(act.services.clone(), Arc::clone(&act.ledger.plan), user);
        act.after(tokio::time::timeout_at(until, emptied), ctx, move |emptied, act, ctx| {
            if emptied.unwrap_or(false) {
                act.shard.cart_cleared(&agent_id);
                clearing.cleared.borrow_mut().push(agent_id);
            }
            clearing.left.set(clearing.left.get() - 1);
            if clearing.left.get() == 0 {
                write_down(act, clearing.cleared.take());
                act.feed(Input::CartsCleared, ctx);
            }
        });
    }
    None
}

/// Whose carts may hold goods that another run would meet.
fn dirty(act: &Coordinator) -> Vec<Caller> {
    if !act.ledger.plan.shop.keeps_carts() {
        return Vec::new();
    }
    act.shard.with_dirty_carts()
}

/// Whether the shop has emptied this user's cart.
async fn empty(services: Services, plan: Arc<RunPlan>, user: Caller) -> bool {
    let over = session_for(&services, &user.agent_id);
    let cleared = Look::new(over, &services, &plan, user).ask(ShopCall::ClearCart).await;
    match cleared {
        Ok(_) => true,
        Err(StartError::Shop(error)) => error.kind == ApiErrorKind::Refused(Refusal::CartEmpty),
        Err(_) => false,
    }
}

/// The agent's own HTTP session, or one that is up.
fn session_for(services: &Services, agent_id: &AgentId) -> SessionId {
    let sessions = u8::try_from(services.sessions.len()).unwrap_or(u8::MAX);
    let (own, down) = (session_of(agent_id, sessions), services.board.down());
    let up = (0..sessions).map(SessionId).find(|session| !down.contains(session));
    if down.contains(&own) { up.unwrap_or(own) } else { own }
}

/// Rows that say "dirty" would be believed by the next run. Not waited for: the drain does that.
fn write_down(act: &Coordinator, agents: Vec<AgentId>) {
    if agents.is_empty() {
        return;
    }
    tracing::info!(carts = agents.len(), "carts that flows left full were cleared at the shop");
    let (run_id, owner) = (act.ledger.plan.run_id, act.ledger.plan.owner);
    let services = act.services.clone();
    actix::spawn(async move {
        if let Err(error) = services.write(CartsCleared { run_id, owner, agents }).await {
            tracing::warn!(%error, "that carts were cleared could not be recorded");
        }
    });
}

/// Says how many carts stay full, and of how many orders only the first was told.
pub(super) fn say(act: &mut Coordinator) {
    let carts = dirty(act).len();
    if carts > 0 {
        act.note(left(carts), NOBODY);
    }
    let orders = act.ledger.foreign_orders;
    if orders > 1 {
        let message =
            format!("{orders} orders of this run hold goods that their flows did not put in");
        act.note((IncidentKind::ForeignGoods, message, json!({ "orders": orders })), NOBODY);
    }
}

fn left(carts: usize) -> Report {
    let were = if carts == 1 { "1 cart was" } else { &format!("{carts} carts were") };
    let message = format!("{were} left with goods at the shop; the next run clears them");
    (IncidentKind::CartsLeft, message, json!({ "carts": carts }))
}

/// An order with goods that its flow did not put in: the first of a run is told at once, the others
/// are counted.
pub(super) fn hear(act: &mut Coordinator, report: &AgentFinished) {
    let Some(foreign) = &report.foreign else { return };
    act.ledger.foreign_orders += 1;
    if act.ledger.foreign_orders == 1 {
        act.note(found(&report.agent_id, foreign), (Some(report.agent_id.clone()), None));
    }
}

fn found(agent_id: &AgentId, foreign: &ForeignGoods) -> Report {
    let ForeignGoods { order_id, flow_id, units } = foreign;
    let named = units.iter().take(PRODUCTS_NAMED);
    let mut goods: Vec<String> = named.map(|(product, n)| format!("{n} x {product}")).collect();
    if units.len() > PRODUCTS_NAMED {
        goods.push(format!("and {} products more", units.len() - PRODUCTS_NAMED));
    }
    let message = format!(
        "order {order_id} of {agent_id} holds goods that its flow did not put in: {}; a cart was \
         not empty, or the shop adds by itself; further ones are only counted",
        goods.join(", ")
    );
    let units: Vec<_> =
        units.iter().map(|(product, n)| json!({ "product_id": product, "units": n })).collect();
    let detail = json!({ "orders": 1, "order_id": order_id, "flow_id": flow_id, "goods": units });
    (IncidentKind::ForeignGoods, message, detail)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::{FlowId, OrderId, ProductId};

    #[test]
    fn what_is_left_is_counted_in_words() {
        assert!(left(1).1.starts_with("1 cart was left with goods"));
        assert!(left(37).1.starts_with("37 carts were left with goods"));
    }

    #[test]
    fn an_order_with_very_many_foreign_goods_names_a_few_and_lists_all() {
        let units = (0..8).map(|n| (ProductId::new(format!("p{n}")), n + 1)).collect();
        let flow_id = FlowId(Uuid::nil());
        let foreign = ForeignGoods { order_id: OrderId::new("o"), flow_id, units };
        let (_, message, detail) = found(&AgentId::new("agent_007"), &foreign);
        assert!(
            message.contains("1 x p0, ") && message.contains("and 3 products more"),
            "{message}"
        );
        assert_eq!(detail["goods"].as_array().map(Vec::len), Some(8));
    }
}
