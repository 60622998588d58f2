//! What agents remember.

use actors::domain::catalog::Product;
use actors::domain::cycle::Cycle;
use actors::domain::flow::{EndReason, FlowStatus, ShopCart};
use actors::domain::ids::ProductId;
use actors::domain::money::Cents;
use chrono::TimeDelta;

use super::rig::Rig;
use crate::support::flows::{agent, arc, bought, cycle, ended, key, products, start, wall};

pub async fn only_canonical_rows_are_remembered(rig: &Rig) {
    let owned = rig.run().await;
    rig.store.record_seen(owned.run, products(), vec![], wall(0)).await.unwrap();
    rig.store.record_seen(owned.run, products(), vec![], wall(9)).await.unwrap();
    // Cycle 1 closed, cycle 2 broken then replayed, cycle 3 never closed.
    for (number, replay) in [(1, 0), (2, 0), (2, 1), (3, 0)] {
        let record = arc(bought(key(owned, number, replay, 0), false));
        rig.store.commit_flow(record).await.unwrap();
    }
    rig.store.record_cycle(cycle(owned, 1, 0, false)).await.unwrap();
    rig.store.record_cycle(cycle(owned, 2, 0, true)).await.unwrap();
    rig.store.record_cycle(cycle(owned, 2, 1, false)).await.unwrap();
    let all = rig.store.load_memories(owned.run, Cycle(4), vec![]).await.unwrap();
    assert_eq!(all.len(), 1);
    let memory = &all[&agent(0)];
    assert_eq!(memory.spent_this_week, Cents(1_800));
    assert_eq!(memory.week_of, Some(start() - TimeDelta::hours(8)));
    assert_eq!(memory.last_visit, Some(key(owned, 2, 1, 0).simulated_at));
    let checkout = key(owned, 2, 1, 0).simulated_at + TimeDelta::minutes(3);
    assert_eq!(memory.last_order, Some(checkout));
    assert_eq!(memory.brands_bought.len(), 2);
    assert!(!memory.shop_cart_dirty);
    let one = rig.store.load_memories(owned.run, Cycle(4), vec![agent(0), agent(1)]).await.unwrap();
    assert_eq!(one, all);
    let before = rig.store.load_memories(owned.run, Cycle(2), vec![agent(0)]).await.unwrap();
    assert_eq!(before[&agent(0)].spent_this_week, Cents(900));
    let none = rig.store.load_memories(owned.run, Cycle(4), vec![agent(1)]).await.unwrap();
    assert!(none.is_empty(), "an agent without rows is absent");
}

pub async fn the_week_begins_on_monday(rig: &Rig) {
    let owned = rig.run().await;
    // The run starts Monday 08:00: cycle 159 is Sunday 23:00, cycle 160 Monday 00:00.
    for number in [159, 160] {
        let record = arc(bought(key(owned, number, 0, 0), false));
        rig.store.commit_flow(record).await.unwrap();
        rig.store.record_cycle(cycle(owned, number, 0, false)).await.unwrap();
    }
    let spent = async |before: u32| {
        let memories = rig.store.load_memories(owned.run, Cycle(before), vec![]).await.unwrap();
        let memory = &memories[&agent(0)];
        (memory.spent_this_week, memory.week_of.unwrap())
    };
    let monday = start() - TimeDelta::hours(8);
    let next = monday + TimeDelta::days(7);
    assert_eq!(spent(160).await, (Cents::ZERO, next), "last week's order is not this week's");
    assert_eq!(spent(161).await, (Cents(900), next));
    assert_eq!(spent(400).await, (Cents::ZERO, monday + TimeDelta::days(14)));
}

pub async fn brands_are_kept_oldest_first_and_at_most_32(rig: &Rig) {
    let owned = rig.run().await;
    let product = |n: u32| Product {
        id: ProductId::new(format!("p{n}")),
        brand: Some(format!("brand {n:02}")),
        ..products().remove(0)
    };
    let sold = (0..34).map(product).collect();
    rig.store.record_seen(owned.run, sold, vec![], wall(0)).await.unwrap();
    for n in 0..34 {
        let mut record = bought(key(owned, n, 0, 0), false);
        for line in &mut record.order.as_mut().unwrap().lines {
            // Brand 2 is bought again at the end: it is not the oldest any more.
            line.product_id = ProductId::new(if n == 33 { "p2".into() } else { format!("p{n}") });
        }
        rig.store.commit_flow(arc(record)).await.unwrap();
        rig.store.record_cycle(cycle(owned, n, 0, false)).await.unwrap();
    }
    let memories = rig.store.load_memories(owned.run, Cycle(99), vec![agent(0)]).await.unwrap();
    let brands = &memories[&agent(0)].brands_bought;
    assert_eq!(brands.len(), 32);
    assert_eq!((brands[0].as_str(), brands[1].as_str()), ("brand 01", "brand 03"));
    assert_eq!(brands[31], "brand 02");
}

pub async fn the_cart_is_dirty_by_the_last_row_of_any_attempt(rig: &Rig) {
    let owned = rig.run().await;
    let (left, frozen) = (FlowStatus::Abandoned, EndReason::Frozen);
    let dirty = async || {
        let memories = rig.store.load_memories(owned.run, Cycle(1), vec![]).await.unwrap();
        memories.get(&agent(0)).is_some_and(|m| m.shop_cart_dirty)
    };
    assert!(!dirty().await);
    // A broken attempt at a later cycle than asked about still left the cart as it is.
    let record = ended(key(owned, 5, 0, 0), left, frozen, ShopCart::Dirty);
    rig.store.commit_flow(arc(record)).await.unwrap();
    assert!(dirty().await);
    let record = arc(bought(key(owned, 5, 1, 0), false));
    rig.store.commit_flow(record).await.unwrap();
    assert!(!dirty().await);
}
