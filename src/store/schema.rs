//! The tables as diesel sees them, one declaration for both dialects.
//!
//! Kept in step with `migrations/` by hand; a column missing here is never written.

diesel::table! {
    runs (run_id) {
        run_id -> Text,
        owner_token -> Text,
        state -> Text,
        resumes -> Integer,
        agents -> Integer,
        is_simulated -> Bool,
        simulated_start -> Timestamp,
        started_at -> Timestamp,
        heartbeat_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        settings -> Json,
        seals -> Integer,
    }
}

diesel::table! {
    agents (agent_id) {
        agent_id -> Text,
        user_id -> Text,
        status -> Text,
        cohort -> Nullable<Text>,
        archetype -> Nullable<Text>,
        age -> Integer,
        age_group -> Text,
        gender -> Text,
        income_bracket -> Text,
        household_size -> Integer,
        has_children -> Bool,
        location_region -> Text,
        price_sensitivity -> Double,
        brand_loyalty -> Double,
        impulsivity -> Double,
        tech_savviness -> Double,
        coupon_affinity -> Double,
        preferred_categories -> Json,
        weekly_budget_cents -> BigInt,
        avg_cart_value_cents -> BigInt,
        shopping_frequency -> Text,
        weekday_affinity -> Double,
        weekend_affinity -> Double,
        morning_share -> Double,
        afternoon_share -> Double,
        evening_share -> Double,
        deal_seeking_behavior -> Text,
        backstory -> Nullable<Text>,
        is_simulated -> Bool,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    products (run_id, product_id) {
        run_id -> Text,
        product_id -> Text,
        name -> Text,
        category -> Text,
        brand -> Nullable<Text>,
        price_cents -> BigInt,
        in_stock -> Bool,
        is_simulated -> Bool,
        recorded_at -> Timestamp,
        last_seen_at -> Timestamp,
        variant_of -> Nullable<Text>,
    }
}

diesel::table! {
    coupons (run_id, coupon_id) {
        run_id -> Text,
        coupon_id -> Text,
        coupon_type -> Text,
        target -> Nullable<Text>,
        discount_type -> Text,
        discount_value -> BigInt,
        min_purchase_cents -> BigInt,
        max_discount_cents -> Nullable<BigInt>,
        is_simulated -> Bool,
        recorded_at -> Timestamp,
        last_seen_at -> Timestamp,
    }
}

diesel::table! {
    offer_cycles (run_id, cycle, replay) {
        run_id -> Text,
        cycle -> Integer,
        replay -> Integer,
        is_replay -> Bool,
        is_simulated -> Bool,
        offer_cycle -> Integer,
        due_agents -> Integer,
        held_out -> Integer,
        assigned -> Integer,
        simulated_at -> Timestamp,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    coupon_assignments (assignment_id) {
        assignment_id -> Text,
        run_id -> Text,
        cycle -> Integer,
        replay -> Integer,
        is_replay -> Bool,
        is_simulated -> Bool,
        agent_id -> Text,
        cohort -> Nullable<Text>,
        coupon_id -> Text,
        offer_cycle -> Integer,
        source -> Text,
        simulated_at -> Timestamp,
        assigned_at -> Timestamp,
        expires_at -> Timestamp,
        redeemed_flow_id -> Nullable<Text>,
        redeemed_at -> Nullable<Timestamp>,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    cycles (run_id, cycle, replay) {
        run_id -> Text,
        cycle -> Integer,
        replay -> Integer,
        is_replay -> Bool,
        is_simulated -> Bool,
        simulated_at -> Timestamp,
        started_at -> Timestamp,
        recorded_at -> Timestamp,
        broken -> Bool,
        released -> Integer,
        shopped -> Integer,
        completed -> Integer,
        abandoned -> Integer,
        browsed -> Integer,
        idle -> Integer,
        failed -> Integer,
        failed_unrecorded -> Integer,
        skipped_session_down -> Integer,
        skipped_quarantined -> Integer,
        unfinished -> Integer,
        events -> BigInt,
        orders -> BigInt,
        revenue_cents -> BigInt,
        requests -> BigInt,
        retries -> BigInt,
        attempts -> BigInt,
        refusals -> BigInt,
        lateness_ms -> BigInt,
        requests_per_second -> Double,
        latency -> Json,
    }
}

diesel::table! {
    shopping_sessions (flow_id) {
        flow_id -> Text,
        run_id -> Text,
        cycle -> Integer,
        replay -> Integer,
        is_replay -> Bool,
        is_simulated -> Bool,
        agent_id -> Text,
        cohort -> Nullable<Text>,
        http_session -> Integer,
        incarnation -> Integer,
        status -> Text,
        end_reason -> Nullable<Text>,
        shop_cart -> Text,
        store_id -> Nullable<Text>,
        simulated_at -> Timestamp,
        simulated_end -> Nullable<Timestamp>,
        opened_at -> Timestamp,
        recorded_at -> Timestamp,
        calls -> Integer,
        cart_units -> Integer,
        cart_total_cents -> BigInt,
        failure -> Nullable<Text>,
        resumes -> Integer,
        order_outcome -> Nullable<Text>,
        shop_refs -> Nullable<Text>,
    }
}

diesel::table! {
    shopping_session_events (flow_id, seq) {
        flow_id -> Text,
        seq -> Integer,
        run_id -> Text,
        cycle -> Integer,
        replay -> Integer,
        is_replay -> Bool,
        is_simulated -> Bool,
        agent_id -> Text,
        cohort -> Nullable<Text>,
        event_type -> Text,
        product_id -> Nullable<Text>,
        coupon_id -> Nullable<Text>,
        payload -> Json,
        simulated_at -> Timestamp,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    orders (flow_id) {
        flow_id -> Text,
        order_id -> Text,
        run_id -> Text,
        cycle -> Integer,
        replay -> Integer,
        is_replay -> Bool,
        is_simulated -> Bool,
        agent_id -> Text,
        cohort -> Nullable<Text>,
        store_id -> Nullable<Text>,
        subtotal_cents -> BigInt,
        item_discounts_cents -> BigInt,
        frontstore_discount_cents -> BigInt,
        discount_total_cents -> BigInt,
        final_total_cents -> BigInt,
        simulated_at -> Timestamp,
        recorded_at -> Timestamp,
        charges_cents -> BigInt,
        subtotal_text -> Nullable<Text>,
        item_discounts_text -> Nullable<Text>,
        frontstore_discount_text -> Nullable<Text>,
        discount_total_text -> Nullable<Text>,
        charges_text -> Nullable<Text>,
        final_total_text -> Nullable<Text>,
        recovered -> Bool,
    }
}

diesel::table! {
    order_items (flow_id, line) {
        flow_id -> Text,
        line -> Integer,
        order_id -> Text,
        run_id -> Text,
        cycle -> Integer,
        replay -> Integer,
        is_replay -> Bool,
        is_simulated -> Bool,
        agent_id -> Text,
        cohort -> Nullable<Text>,
        product_id -> Text,
        quantity -> Integer,
        unit_price_cents -> BigInt,
        discount_cents -> BigInt,
        line_total_cents -> BigInt,
        simulated_at -> Timestamp,
        recorded_at -> Timestamp,
        unit_price_text -> Nullable<Text>,
        discount_text -> Nullable<Text>,
        line_total_text -> Nullable<Text>,
        recovered -> Bool,
    }
}

diesel::table! {
    coupon_interactions (flow_id, seq) {
        flow_id -> Text,
        seq -> Integer,
        run_id -> Text,
        cycle -> Integer,
        replay -> Integer,
        is_replay -> Bool,
        is_simulated -> Bool,
        agent_id -> Text,
        cohort -> Nullable<Text>,
        coupon_id -> Text,
        assignment_id -> Nullable<Text>,
        step -> Text,
        reason -> Nullable<Text>,
        simulated_at -> Timestamp,
        recorded_at -> Timestamp,
        is_reuse -> Bool,
        recovered -> Bool,
    }
}

diesel::table! {
    incidents (incident_id) {
        incident_id -> Text,
        run_id -> Text,
        cycle -> Integer,
        replay -> Integer,
        is_replay -> Bool,
        is_simulated -> Bool,
        agent_id -> Nullable<Text>,
        http_session -> Nullable<Integer>,
        kind -> Text,
        message -> Text,
        detail -> Json,
        simulated_at -> Timestamp,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    seals (run_id, seq) {
        run_id -> Text,
        seq -> Integer,
        version -> Integer,
        kind -> Text,
        cycle -> Integer,
        replay -> Integer,
        is_replay -> Bool,
        is_simulated -> Bool,
        sums -> Json,
        agents -> Nullable<Json>,
        chain -> Text,
        recorded_at -> Timestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(runs, shopping_sessions, agents, cycles);
