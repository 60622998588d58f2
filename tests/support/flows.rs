//! Builders of what a store is given: personas, runs, flows, records, cycles.
//!
//! Simulated time begins on Monday 2026-01-05 at 08:00; wall clock is an hour of another day.

use std::collections::BTreeMap;
use std::sync::Arc;

use actors::domain::catalog::Product;
use actors::domain::cycle::{Cycle, CycleCounts, CycleRecord, CycleVolume, ReplayNumber};
use actors::domain::event::{CouponInteraction, CouponStep, EventKind, FlowEvent};
use actors::domain::flow::{
    EndReason, FlowKey, FlowRecord, FlowStatus, Order, OrderLine, ShopCart,
};
use actors::domain::ids::{
    AgentId, AssignmentId, CouponId, FlowId, Incarnation, OrderId, OwnerToken, ProductId, RunId,
    SessionId, StoreId,
};
use actors::domain::money::{Amount, Cents};
use actors::domain::offer::{Assignment, AssignmentSource};
use actors::domain::persona::{AgentStatus, DealSeeking, Persona, ShoppingFrequency, TimeOfDay};
use actors::domain::timing::LatencySummary;
use actors::ports::store::{NewRun, OfferBatch};
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use serde_json::json;
use uuid::Uuid;

/// A run and its owner.
#[derive(Clone, Copy, Debug)]
pub struct Owned {
    pub run: RunId,
    pub owner: OwnerToken,
}

/// Simulated begin of cycle 0.
pub fn start() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 1, 5).unwrap().and_hms_opt(8, 0, 0).unwrap()
}

/// Wall clock, `seconds` after some moment.
pub fn wall(seconds: i64) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 9, 1).unwrap().and_hms_micro_opt(12, 0, 0, 123_456).unwrap()
        + TimeDelta::seconds(seconds)
}

pub fn agent(number: usize) -> AgentId {
    AgentId::new(format!("agent_{number:03}"))
}

pub fn persona(number: usize) -> Persona {
    Persona {
        agent_id: agent(number),
        user_id: Uuid::from_u128(number as u128 + 1),
        status: AgentStatus::Active,
        cohort: None,
        archetype: Some("planner".into()),
        age: 41,
        age_group: "35-44".into(),
        gender: "female".into(),
        income_bracket: "medium".into(),
        household_size: 3,
        has_children: true,
        location_region: "midwest".into(),
        price_sensitivity: 0.25,
        brand_loyalty: 0.5,
        impulsivity: 0.75,
        tech_savviness: 1.0,
        coupon_affinity: 0.125,
        preferred_categories: vec!["dairy".into(), "bakery".into()],
        weekly_budget: Cents(12_000),
        avg_cart_value: Cents(4_550),
        shopping_frequency: ShoppingFrequency::Regular,
        weekday_affinity: 0.5,
        weekend_affinity: 0.5,
        time_of_day: TimeOfDay { morning: 0.5, afternoon: 0.25, evening: 0.25 },
        deal_seeking: DealSeeking::ActiveHunter,
        backstory: None,
    }
}

pub fn new_run() -> NewRun {
    NewRun {
        run_id: RunId::fresh(),
        owner: OwnerToken::fresh(),
        started_at: wall(0),
        simulated_start: start(),
        agents: 372,
        settings: json!({ "time_scale": 48, "rate": "50" }),
    }
}

pub fn key(owned: Owned, cycle: u32, replay: u32, number: usize) -> FlowKey {
    let (cycle, replay, agent_id) = (Cycle(cycle), ReplayNumber(replay), agent(number));
    FlowKey {
        flow_id: FlowId::of((owned.run, owned.owner), cycle, &agent_id, replay),
        run_id: owned.run,
        owner: owned.owner,
        cycle,
        replay,
        agent_id,
        cohort: None,
        http_session: SessionId(3),
        incarnation: Incarnation(0),
        resumes: replay,
        simulated_at: cycle.begins_at(start()) + TimeDelta::minutes(5),
        opened_at: wall(i64::from(cycle.0) * 75 + i64::from(replay.0) * 10_000),
    }
}

/// A flow that bought two products of one brand for 9.00 in all, with three events.
pub fn bought(key: FlowKey, opened: bool) -> FlowRecord {
    let event = |kind, minute, product: Option<&str>| FlowEvent {
        kind,
        product_id: product.map(ProductId::new),
        coupon_id: None,
        payload: json!({ "quantity": 1, "unit_price_cents": 450, "accepted": true }),
        simulated_at: key.simulated_at + TimeDelta::minutes(minute),
        recorded_at: key.opened_at,
    };
    let line = |product: &str| OrderLine {
        product_id: ProductId::new(product),
        quantity: 1,
        unit_price: Cents(450).into(),
        discount: Amount::default(),
        line_total: Cents(450).into(),
    };
    let simulated_end = key.simulated_at + TimeDelta::minutes(4);
    FlowRecord {
        opened,
        status: FlowStatus::Completed,
        end_reason: EndReason::Done,
        shop_cart: ShopCart::Clean,
        store_id: Some(StoreId::new("downtown")),
        simulated_end,
        ended_at: key.opened_at + TimeDelta::seconds(2),
        calls: 7,
        cart_units: 2,
        cart_total: Cents(900),
        failure: None,
        events: vec![
            event(EventKind::CartAddItem, 1, Some("milk")),
            event(EventKind::CartAddItem, 2, Some("bread")),
            event(EventKind::CheckoutComplete, 3, None),
        ],
        coupons: Vec::new(),
        seen_assignments: Vec::new(),
        seen_coupons: Vec::new(),
        order: Some(Order {
            id: OrderId::new(format!("order-{}", key.flow_id)),
            subtotal: Cents(900).into(),
            item_discounts: Amount::default(),
            frontstore_discount: Amount::default(),
            discount_total: Amount::default(),
            charges: Amount::default(),
            final_total: Cents(900).into(),
            lines: vec![line("milk"), line("bread")],
            coupons: None,
            lacks_lines: false,
            misread: None,
        }),
        order_outcome: None,
        key,
    }
}

/// A flow that ended otherwise, without an order.
pub fn ended(
    key: FlowKey,
    status: FlowStatus,
    end_reason: EndReason,
    shop_cart: ShopCart,
) -> FlowRecord {
    let mut record = bought(key, true);
    record.order = None;
    record.events.truncate(2);
    FlowRecord { status, end_reason, shop_cart, ..record }
}

pub fn redemption(of: &Assignment, at: NaiveDateTime) -> CouponInteraction {
    CouponInteraction {
        reusable: false,
        coupon_id: of.coupon_id.clone(),
        assignment_id: Some(of.id),
        step: CouponStep::Redeemed,
        reason: None,
        simulated_at: at,
    }
}

/// A coupon handed to an agent `hours` after the start, for 14 days.
pub fn assignment(
    run: RunId,
    offer_cycle: u32,
    number: usize,
    coupon: &str,
    hours: i64,
) -> Assignment {
    let (agent_id, coupon_id) = (agent(number), CouponId::new(coupon));
    let assigned_at = start() + TimeDelta::hours(hours);
    Assignment {
        id: AssignmentId::of(run, offer_cycle, &agent_id, &coupon_id),
        agent_id,
        coupon_id,
        offer_cycle,
        source: AssignmentSource::Engine,
        assigned_at,
        expires_at: assigned_at + TimeDelta::days(14),
    }
}

pub fn batch(owned: Owned, assignments: Vec<Assignment>) -> OfferBatch {
    OfferBatch {
        run_id: owned.run,
        owner: owned.owner,
        cycle: Cycle(0),
        replay: ReplayNumber::ORIGINAL,
        offer_cycle: 0,
        due_agents: 335,
        held_out: 37,
        at: start(),
        recorded_at: wall(1),
        cohorts: BTreeMap::new(),
        assignments,
    }
}

pub fn cycle(owned: Owned, cycle: u32, replay: u32, broken: bool) -> CycleRecord {
    CycleRecord {
        run_id: owned.run,
        cycle: Cycle(cycle),
        replay: ReplayNumber(replay),
        simulated_at: Cycle(cycle).begins_at(start()),
        started_at: wall(i64::from(cycle)),
        ended_at: wall(i64::from(cycle) + 75),
        broken,
        counts: CycleCounts { released: 1, shopped: 1, completed: 1, ..CycleCounts::default() },
        volume: CycleVolume { events: 3, orders: 1, ..CycleVolume::default() },
        lateness_ms: 12,
        requests_per_second: 49.5,
        latency: LatencySummary::default(),
    }
}

pub fn products() -> Vec<Product> {
    let product = |id: &str, brand: Option<&str>| Product {
        id: ProductId::new(id),
        name: id.to_uppercase(),
        category: "dairy".into(),
        brand: brand.map(str::to_owned),
        price: Cents(450),
        in_stock: true,
        handle: Default::default(),
    };
    vec![product("milk", Some("Acme")), product("bread", Some("Mill")), product("salt", None)]
}

pub fn arc(record: FlowRecord) -> Arc<FlowRecord> {
    Arc::new(record)
}
