//! The tables that are sealed, and their sealed columns in the order in which they are hashed.
//!
//! Columns that change by design are left out: `shop_cart` and `order_outcome` of a visit,
//! `redeemed_*` of an assignment, `last_seen_at` of what the shop shows, a run's owner and its
//! signs of life. The order is part of the form: another order, or one column more, is another
//! version.

use serde::{Deserialize, Serialize};

macro_rules! sealed_tables {
    ($($(#[$doc:meta])* $table:ident = $name:literal, $columns:ident;)+) => {
        /// A table whose rows are sealed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Sealed {
            $($(#[$doc])* #[serde(rename = $name)] $table,)+
        }

        impl Sealed {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$table),+];

            /// The table's name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$table => $name,)+
                }
            }

            fn names(self) -> &'static str {
                match self {
                    $(Self::$table => $columns,)+
                }
            }
        }
    };
}

sealed_tables! {
    /// Visits that have ended.
    ShoppingSessions = "shopping_sessions", SESSIONS;
    /// Their events.
    ShoppingSessionEvents = "shopping_session_events", EVENTS;
    /// Their orders.
    Orders = "orders", ORDERS;
    /// Lines of orders.
    OrderItems = "order_items", ITEMS;
    /// What became of coupons.
    CouponInteractions = "coupon_interactions", INTERACTIONS;
    /// Coupons handed out.
    CouponAssignments = "coupon_assignments", ASSIGNMENTS;
    /// Refreshes.
    OfferCycles = "offer_cycles", OFFER_CYCLES;
    /// Attempts.
    Cycles = "cycles", CYCLES;
    /// The run.
    Runs = "runs", RUNS;
    /// The agents.
    Agents = "agents", AGENTS;
    /// Products seen.
    Products = "products", PRODUCTS;
    /// Coupons seen.
    Coupons = "coupons", COUPONS;
    /// Incidents.
    Incidents = "incidents", INCIDENTS;
}

impl Sealed {
    /// Its sealed columns, each with whether it is an instant, which SQLite keeps as text.
    pub fn columns(self) -> impl Iterator<Item = (&'static str, bool)> {
        self.names().split_whitespace().map(|name| match name.strip_prefix('@') {
            Some(instant) => (instant, true),
            None => (name, false),
        })
    }
}

const SESSIONS: &str = "\
    flow_id run_id cycle replay is_replay is_simulated agent_id cohort http_session \
    incarnation status end_reason store_id @simulated_at @simulated_end @opened_at \
    @recorded_at calls cart_units cart_total_cents failure resumes";
const EVENTS: &str = "\
    flow_id run_id cycle replay is_replay is_simulated agent_id cohort seq event_type \
    product_id coupon_id payload @simulated_at @recorded_at";
const ORDERS: &str = "\
    flow_id run_id cycle replay is_replay is_simulated agent_id cohort order_id store_id \
    subtotal_cents item_discounts_cents frontstore_discount_cents discount_total_cents \
    final_total_cents @simulated_at @recorded_at charges_cents subtotal_text \
    item_discounts_text frontstore_discount_text discount_total_text charges_text \
    final_total_text recovered";
const ITEMS: &str = "\
    flow_id run_id cycle replay is_replay is_simulated agent_id cohort line order_id \
    product_id quantity unit_price_cents discount_cents line_total_cents @simulated_at \
    @recorded_at unit_price_text discount_text line_total_text recovered";
const INTERACTIONS: &str = "\
    flow_id run_id cycle replay is_replay is_simulated agent_id cohort seq coupon_id \
    assignment_id step reason @simulated_at @recorded_at is_reuse recovered";
const ASSIGNMENTS: &str = "\
    assignment_id run_id cycle replay is_replay is_simulated agent_id cohort coupon_id \
    offer_cycle source @simulated_at @assigned_at @expires_at @recorded_at";
const OFFER_CYCLES: &str = "\
    run_id cycle replay is_replay is_simulated offer_cycle due_agents held_out assigned \
    @simulated_at @recorded_at";
const CYCLES: &str = "\
    run_id cycle replay is_replay is_simulated @simulated_at @started_at @recorded_at broken \
    released shopped completed abandoned browsed idle failed failed_unrecorded \
    skipped_session_down skipped_quarantined unfinished events orders revenue_cents requests \
    retries attempts refusals lateness_ms requests_per_second latency";
const RUNS: &str = "\
    run_id is_simulated @simulated_start @started_at agents settings";
const AGENTS: &str = "\
    agent_id user_id status cohort archetype age age_group gender income_bracket \
    household_size has_children location_region price_sensitivity brand_loyalty impulsivity \
    tech_savviness coupon_affinity preferred_categories weekly_budget_cents \
    avg_cart_value_cents shopping_frequency weekday_affinity weekend_affinity morning_share \
    afternoon_share evening_share deal_seeking_behavior backstory is_simulated @recorded_at";
const PRODUCTS: &str = "\
    run_id product_id name category brand price_cents in_stock is_simulated @recorded_at";
const COUPONS: &str = "\
    run_id coupon_id coupon_type target discount_type discount_value min_purchase_cents \
    max_discount_cents is_simulated @recorded_at";
const INCIDENTS: &str = "\
    incident_id run_id cycle replay is_replay is_simulated agent_id http_session kind \
    message detail @simulated_at @recorded_at";
