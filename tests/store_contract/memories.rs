//! What agents remember.

use actors::domain::catalog::Product;
use actors::domain::cycle::{Cycle, ReplayNumber};
use actors::domain::event::{EventKind, FlowEvent};
use actors::domain::flow::{EndReason, FlowKey, FlowRecord, FlowStatus, ShopCart};
use actors::domain::ids::{OwnerToken, ProductId};
use actors::domain::money::Cents;
use actors::ports::store::StoreError;
use chrono::TimeDelta;

use super::rig::{Rig, assert_rows};
use crate::support::flows::{Owned, agent, arc, bought, cycle, ended, key, products, start, wall};

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
    assert_eq!(memory.shop_cart, ShopCart::Clean);
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

pub async fn brands_and_products_are_kept_oldest_first_and_at_most_32_and_64(rig: &Rig) {
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
    let memory = &memories[&agent(0)];
    let (last, times) = memory.products_bought.last().unwrap();
    assert_eq!((last.as_str(), *times), ("p2", 2), "bought in two orders, and last");
    assert_eq!(memory.products_bought.len(), 33);
    assert_eq!(memory.times_bought(&ProductId::new("p0")), 1);
    let brands = &memory.brands_bought;
    assert_eq!(brands.len(), 32);
    assert_eq!((brands[0].as_str(), brands[1].as_str()), ("brand 01", "brand 03"));
    assert_eq!(brands[31], "brand 02");
}

pub async fn the_cart_left_last_of_its_own_will_is_remembered_until_an_order(rig: &Rig) {
    let owned = rig.run().await;
    let lived = async |number: u32, edit: fn(&mut FlowRecord)| {
        let mut record = bought(key(owned, number, 0, 0), false);
        edit(&mut record);
        rig.store.commit_flow(arc(record)).await.unwrap();
        rig.store.record_cycle(cycle(owned, number, 0, false)).await.unwrap();
    };
    let left = |record: &mut FlowRecord| {
        (record.status, record.order) = (FlowStatus::Abandoned, None);
        record.end_reason = EndReason::CheckoutDeclined;
        record.events[2].kind = EventKind::CartAbandon;
    };
    let remembered = async |before: u32| {
        let asked = vec![agent(0)];
        let mut all = rig.store.load_memories(owned.run, Cycle(before), asked).await.unwrap();
        all.remove(&agent(0)).and_then(|memory| memory.left_cart)
    };
    lived(1, left).await;
    lived(2, |record| {
        (record.status, record.order) = (FlowStatus::Abandoned, None);
        record.end_reason = EndReason::CheckoutDeclined;
        let out = FlowEvent { kind: EventKind::CartRemoveItem, ..record.events[0].clone() };
        record.events[2] = out;
    })
    .await;
    lived(3, |record| {
        (record.status, record.order) = (FlowStatus::Abandoned, None);
        record.end_reason = EndReason::SessionDown;
    })
    .await;
    let first = remembered(2).await.unwrap();
    assert_eq!(first.at, key(owned, 1, 0, 0).simulated_at);
    assert_eq!(first.products, ["milk", "bread"].map(ProductId::new));
    let last = remembered(4).await.unwrap();
    assert_eq!(last.at, key(owned, 2, 0, 0).simulated_at);
    assert_eq!(last.products, [ProductId::new("bread")]);
    lived(5, |_| ()).await;
    assert_eq!(remembered(6).await, None, "it has ordered since");
}

/// What the store says of agent 0's cart; nothing for an agent without rows.
async fn cart(rig: &Rig, owned: Owned) -> Option<ShopCart> {
    let memories = rig.store.load_memories(owned.run, Cycle(1), vec![]).await.unwrap();
    memories.get(&agent(0)).map(|memory| memory.shop_cart)
}

pub async fn the_cart_is_as_the_last_row_of_any_attempt_has_it(rig: &Rig) {
    let owned = rig.run().await;
    let (left, frozen) = (FlowStatus::Abandoned, EndReason::Frozen);
    assert_eq!(cart(rig, owned).await, None);
    let looked =
        ended(key(owned, 4, 0, 0), FlowStatus::Browsed, EndReason::Done, ShopCart::Unknown);
    rig.store.commit_flow(arc(FlowRecord { opened: false, ..looked })).await.unwrap();
    assert_eq!(cart(rig, owned).await, Some(ShopCart::Unknown));
    // A broken attempt at a later cycle than asked about still left the cart as it is.
    let record = ended(key(owned, 5, 0, 0), left, frozen, ShopCart::Dirty);
    rig.store.commit_flow(arc(record)).await.unwrap();
    assert_eq!(cart(rig, owned).await, Some(ShopCart::Dirty));
    let record = arc(bought(key(owned, 5, 1, 0), false));
    rig.store.commit_flow(record).await.unwrap();
    assert_eq!(cart(rig, owned).await, Some(ShopCart::Clean));
}

pub async fn rows_are_in_the_order_in_which_they_were_made_though_a_clock_was_set_back(rig: &Rig) {
    let owned = rig.run().await;
    let (left, frozen) = (FlowStatus::Abandoned, EndReason::Frozen);
    let row = async |(cycle, replay, resumes): (u32, u32, u32), second: i64, cart| {
        let key = FlowKey {
            resumes: ReplayNumber(resumes),
            opened_at: wall(second),
            ..key(owned, cycle, replay, 0)
        };
        rig.store.commit_flow(arc(ended(key, left, frozen, cart))).await.unwrap();
    };
    // Cycle 9, then a resume that lives 6 again as replay, then 10 as an original.
    row((9, 0, 0), 1_000, ShopCart::Clean).await;
    row((6, 1, 1), 10, ShopCart::Dirty).await;
    assert_eq!(cart(rig, owned).await, Some(ShopCart::Dirty));
    row((10, 0, 1), 5, ShopCart::Clean).await;
    assert_eq!(cart(rig, owned).await, Some(ShopCart::Clean));
    let orphans = rig.store.abandon_orphans(owned.run, wall(2_000)).await.unwrap();
    assert_eq!(orphans.dirty, []);
    if let Some(admin) = &rig.admin {
        let visits = admin.last_visits().await.unwrap();
        let last = visits.iter().find(|visit| visit.run_id == owned.run).unwrap();
        assert_eq!((last.is_dirty, last.opened_at), (false, wall(5)));
    }
}

pub async fn a_cart_that_was_cleared_after_the_last_visit_is_clean_in_its_row(rig: &Rig) {
    let owned = rig.run().await;
    let (left, frozen) = (FlowStatus::Abandoned, EndReason::Frozen);
    for cycle in [0, 1] {
        let record = ended(key(owned, cycle, 0, 0), left, frozen, ShopCart::Dirty);
        rig.store.commit_flow(arc(record)).await.unwrap();
    }
    let stranger = rig.store.carts_cleared(owned.run, OwnerToken::fresh(), vec![agent(0)]).await;
    assert!(matches!(stranger, Err(StoreError::NotOwner(_))), "{stranger:?}");
    assert_eq!(cart(rig, owned).await, Some(ShopCart::Dirty));
    let whose = vec![agent(0), agent(1)];
    rig.store.carts_cleared(owned.run, owned.owner, whose.clone()).await.unwrap();
    rig.store.carts_cleared(owned.run, owned.owner, whose).await.unwrap();
    assert_eq!(cart(rig, owned).await, Some(ShopCart::Clean));
    let dirty = "shopping_sessions WHERE shop_cart = 'dirty' AND cycle = 0";
    assert_rows!(rig.count(owned, dirty).await, 1);
}
