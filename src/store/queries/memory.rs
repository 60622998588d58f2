//! What agents remember, rebuilt from canonical rows; and whose cart may hold items.
//!
//! Only the cart looks at rows of every attempt: the shop does not know of attempts.

use std::collections::HashMap;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text, Timestamp};
use domain::cycle::Cycle;
use domain::flow::{AgentMemory, LeftCart, ShopCart};
use domain::ids::{AgentId, OwnerToken, ProductId, RunId};
use domain::memory::{CART_REMEMBERED_DAYS, left_in_cart};
use domain::money::Cents;

use super::runs::owns;
use super::{Conn, Db, RunQueryDsl, VALUES_PER_LIST, dialect};
use crate::error::{Answer, Fault};
use crate::rows::runs::{BoughtRow, CartRow, LeftRow, VisitRow};
use crate::rows::{integer, read};
use crate::schema::runs;

/// For how long a cart that was left is remembered.
const CART_REMEMBERED: TimeDelta = TimeDelta::days(CART_REMEMBERED_DAYS);

/// The memories of these agents (all for none) before cycle `before`.
#[dialect]
pub(super) async fn load_memories(
    c: &mut Conn,
    run: RunId,
    before: Cycle,
    who: Vec<AgentId>,
) -> Answer<HashMap<AgentId, AgentMemory>> {
    let mut memories: HashMap<AgentId, AgentMemory> = HashMap::new();
    let start: Option<NaiveDateTime> = runs::table
        .find(run.to_string())
        .select(runs::simulated_start)
        .first(c)
        .await
        .optional()?;
    let Some(start) = start else { return Ok(memories) };
    let monday = domain::memory::monday_of(before.begins_at(start));
    let lists: Vec<&[AgentId]> =
        if who.is_empty() { vec![&[]] } else { who.chunks(VALUES_PER_LIST).collect() };
    for list in lists {
        let mut query = diesel::sql_query(visits(list.len()))
            .into_boxed::<Db>()
            .bind::<Timestamp, _>(monday)
            .bind::<Text, _>(run.to_string())
            .bind::<Integer, _>(integer(before.0));
        for agent in list {
            query = query.bind::<Text, _>(agent.as_str().to_owned());
        }
        let visits: Vec<VisitRow> = query.load(c).await?;
        for row in visits {
            let memory = memories.entry(AgentId::new(&row.agent_id)).or_default();
            memory.last_visit = Some(row.last_visit);
            memory.last_order = row.last_order;
            memory.week_of = row.last_order.map(|_| monday);
            memory.spent_this_week = Cents(row.spent);
        }
        let mut query = diesel::sql_query(products(list.len()))
            .into_boxed::<Db>()
            .bind::<Text, _>(run.to_string())
            .bind::<Integer, _>(integer(before.0));
        for agent in list {
            query = query.bind::<Text, _>(agent.as_str().to_owned());
        }
        remember(&mut memories, query.load(c).await?);
        let mut query = diesel::sql_query(left(list.len()))
            .into_boxed::<Db>()
            .bind::<Text, _>(run.to_string())
            .bind::<Integer, _>(integer(before.0))
            .bind::<Timestamp, _>(before.begins_at(start) - CART_REMEMBERED);
        for agent in list {
            query = query.bind::<Text, _>(agent.as_str().to_owned());
        }
        remember_left(&mut memories, &query.load::<LeftRow>(c).await?)?;
    }
    for row in carts(c, run).await? {
        let agent = AgentId::new(&row.agent_id);
        if who.is_empty() || who.contains(&agent) {
            memories.entry(agent).or_default().shop_cart = row.holds()?;
        }
    }
    memories.values_mut().for_each(AgentMemory::forget_surplus);
    Ok(memories)
}

/// Takes up products and brands in the order in which they were bought last. Sorted here and not by
/// the database: its order of texts is its own.
fn remember(memories: &mut HashMap<AgentId, AgentMemory>, mut bought: Vec<BoughtRow>) {
    bought.sort_by(|a, b| (a.last_at, &a.product_id).cmp(&(b.last_at, &b.product_id)));
    for row in &bought {
        let memory = memories.entry(AgentId::new(&row.agent_id)).or_default();
        let times = u32::try_from(row.times).unwrap_or(u32::MAX);
        memory.products_bought.push((ProductId::new(row.product_id.clone()), times));
    }
    bought.sort_by(|a, b| (a.last_at, &a.brand).cmp(&(b.last_at, &b.brand)));
    for row in &bought {
        if let Some(brand) = &row.brand {
            memories.entry(AgentId::new(&row.agent_id)).or_default().remember_brand(brand);
        }
    }
}

/// Takes up the carts that were left last; rows of one agent stand together.
fn remember_left(memories: &mut HashMap<AgentId, AgentMemory>, rows: &[LeftRow]) -> Answer<()> {
    for of_agent in rows.chunk_by(|a, b| a.agent_id == b.agent_id) {
        let mut events = Vec::with_capacity(of_agent.len());
        for row in of_agent {
            let product = row.product_id.clone().map(ProductId::new);
            events.push((read("event_type", &row.event_type)?, product, row.accepted));
        }
        let events =
            events.iter().map(|(kind, product, accepted)| (*kind, product.as_ref(), *accepted));
        let products = left_in_cart(events);
        let memory = memories.entry(AgentId::new(&of_agent[0].agent_id)).or_default();
        memory.left_cart = Some(LeftCart { at: of_agent[0].left_at, products });
    }
    Ok(())
}

/// The cart of each agent that has visited, as its last row of any attempt has it.
#[dialect]
pub(super) async fn carts(c: &mut Conn, run: RunId) -> Answer<Vec<CartRow>> {
    let rows = diesel::sql_query(CARTS).bind::<Text, _>(run.to_string()).load(c).await?;
    Ok(rows)
}

/// The shop has emptied these agents' carts since their last rows.
#[dialect]
pub(super) async fn carts_cleared(
    c: &mut Conn,
    run: RunId,
    owner: OwnerToken,
    agents: Vec<AgentId>,
) -> Answer<()> {
    if !owns(c, run, owner).await? {
        return Err(Fault::NotOwner(run));
    }
    for agent in agents {
        diesel::sql_query(CART_CLEARED)
            .bind::<Text, _>(ShopCart::Clean.as_str())
            .bind::<Text, _>(run.to_string())
            .bind::<Text, _>(agent.as_str().to_owned())
            .execute(c)
            .await?;
    }
    Ok(())
}

/// `AND alias.agent_id IN ($first, ...)`, or nothing for no agents.
fn among(alias: &str, first: usize, agents: usize) -> String {
    if agents == 0 {
        return String::new();
    }
    let places: Vec<String> = (first..first + agents).map(|n| format!("${n}")).collect();
    format!("AND {alias}.agent_id IN ({})", places.join(", "))
}

/// Last visit, last order and what was paid since $1, of run $2 before cycle $3. SQLite numbers
/// `$n` by first appearance, so places must first appear in their order.
fn visits(agents: usize) -> String {
    format!(
        "SELECT s.agent_id, MAX(s.simulated_at) AS last_visit, MAX(o.simulated_at) AS last_order, \
         CAST(COALESCE(SUM(CASE WHEN o.simulated_at >= $1 THEN o.final_total_cents END), 0) \
         AS BIGINT) AS spent \
         FROM canonical_shopping_sessions s \
         LEFT JOIN orders o ON o.flow_id = s.flow_id AND NOT o.recovered \
         WHERE s.run_id = $2 AND s.cycle < $3 {} GROUP BY s.agent_id",
        among("s", 4, agents)
    )
}

/// Products bought in run $1 before cycle $2, each with its brand.
fn products(agents: usize) -> String {
    format!(
        "SELECT o.agent_id, i.product_id, p.brand, COUNT(DISTINCT o.flow_id) AS times, \
         MAX(o.simulated_at) AS last_at FROM canonical_orders o \
         JOIN order_items i ON i.flow_id = o.flow_id \
         LEFT JOIN products p ON p.run_id = o.run_id AND p.product_id = i.product_id \
         WHERE o.run_id = $1 AND o.cycle < $2 {} GROUP BY o.agent_id, i.product_id, p.brand",
        among("o", 3, agents)
    )
}

/// What was put in and taken out in each agent's last visit before cycle $2 that ordered its cart
/// or left it of its own will, since $3, where it left it.
fn left(agents: usize) -> String {
    format!(
        "SELECT s.agent_id, s.simulated_at AS left_at, e.event_type, e.product_id, \
         COALESCE(CAST(e.payload -> 'accepted' AS TEXT) = 'true', FALSE) AS accepted \
         FROM (SELECT c.agent_id, MAX(c.cycle) AS cycle FROM canonical_shopping_sessions c \
           WHERE c.run_id = $1 AND c.cycle < $2 AND c.simulated_at >= $3 {} \
             AND (c.status = 'completed' OR c.end_reason = 'checkout_declined') \
           GROUP BY c.agent_id) l \
         JOIN canonical_shopping_sessions s ON s.run_id = $1 AND s.agent_id = l.agent_id \
           AND s.cycle = l.cycle AND s.end_reason = 'checkout_declined' \
         JOIN shopping_session_events e ON e.flow_id = s.flow_id \
           AND e.event_type IN ('cart_add_item', 'cart_remove_item') \
         ORDER BY s.agent_id, e.seq",
        among("c", 4, agents)
    )
}

/// One look-up in an index per agent, however many rows the run has. The order in which rows were
/// made is by resumes and cycle: a clock may have been set back between two of them.
const CARTS: &str = "
SELECT a.agent_id, a.user_id, s.shop_cart,
  (SELECT b.store_id FROM shopping_sessions b
   WHERE b.run_id = $1 AND b.agent_id = a.agent_id AND b.store_id IS NOT NULL
   ORDER BY b.resumes DESC, b.cycle DESC LIMIT 1) AS store_id
FROM agents a
JOIN shopping_sessions s ON s.flow_id =
  (SELECT l.flow_id FROM shopping_sessions l
   WHERE l.run_id = $1 AND l.agent_id = a.agent_id
   ORDER BY l.resumes DESC, l.cycle DESC LIMIT 1)
ORDER BY a.agent_id";

/// The last row of agent $3 in run $2 says $1.
const CART_CLEARED: &str = "
UPDATE shopping_sessions SET shop_cart = $1
WHERE flow_id = (SELECT l.flow_id FROM shopping_sessions l
  WHERE l.run_id = $2 AND l.agent_id = $3
  ORDER BY l.resumes DESC, l.cycle DESC LIMIT 1)";
