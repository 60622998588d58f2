//! What the shop sells, which coupons exist, and who was given which.

use super::columns::{
    AGENT_ID, COHORT, IS_SIMULATED, RECORDED_AT, RUN_ID, SIMULATED_AT, attempt, big, flag, instant,
    int, text,
};
use super::run::{PAGE_ROWS, own};
use super::{Attempts, Driver, Filters, Table};

pub(super) fn coupon_assignments() -> Table {
    let driver = Driver {
        table: "coupon_assignments",
        key: &["agent_id", "assigned_at", "assignment_id"],
        has_run: true,
        has_cycle: true,
        page_rows: PAGE_ROWS,
    };
    let columns = [
        &[text("assignment_id", "the assignment (uuid)")][..],
        &attempt(),
        &[
            AGENT_ID,
            COHORT,
            text("coupon_id", "the coupon; joins coupons.coupon_id"),
            int("offer_cycle", "simulated weeks since the start of the run"),
            text("source", "engine: cartload decided; shop: seen in the shop's answers"),
            SIMULATED_AT,
            instant("assigned_at", "handed out, simulated"),
            instant("expires_at", "good until, simulated"),
            text("redeemed_flow_id", "the visit that used it first").or_null(),
            instant("redeemed_at", "first used, simulated").or_null(),
            RECORDED_AT,
        ],
    ]
    .concat();
    Table {
        name: "coupon_assignments",
        about: "one coupon in one shopper's wallet; a log over all attempts",
        columns,
        source: own(driver),
        filters: Filters {
            agent: Some("d.agent_id"),
            cohort: Some("d.cohort"),
            time: Some("d.simulated_at"),
            ..Filters::default()
        },
        attempts: Attempts::Log,
        is_stored: true,
    }
}

pub(super) fn offer_cycles() -> Table {
    let driver = Driver {
        table: "offer_cycles",
        key: &["cycle", "replay"],
        has_run: true,
        has_cycle: true,
        page_rows: PAGE_ROWS,
    };
    let columns = [
        &attempt()[..],
        &[
            int("offer_cycle", "simulated weeks since the start of the run"),
            int("due_agents", "shoppers that were due"),
            int("held_out", "shoppers of the holdout, which got none"),
            int("assigned", "coupons handed out"),
            SIMULATED_AT,
            RECORDED_AT,
        ],
    ]
    .concat();
    Table {
        name: "offer_cycles",
        about: "one refresh of the offers",
        columns,
        source: own(driver),
        filters: Filters { time: Some("d.simulated_at"), ..Filters::default() },
        attempts: Attempts::Each,
        is_stored: true,
    }
}

pub(super) fn products() -> Table {
    let driver = Driver {
        table: "products",
        key: &["product_id"],
        has_run: true,
        has_cycle: false,
        page_rows: PAGE_ROWS,
    };
    Table {
        name: "products",
        about: "one product of the shop, as the run saw it last",
        columns: vec![
            RUN_ID,
            text("product_id", "the shop's id"),
            text("name", "the shop's name for it"),
            text("category", "the shop's category"),
            text("brand", "the brand, if one is known").or_null(),
            big("price_cents", "price of one unit when last seen"),
            flag("in_stock", "whether it was in stock when last seen"),
            IS_SIMULATED,
            RECORDED_AT,
            instant("last_seen_at", "last seen on the wall clock"),
            text("variant_of", "the product that it is a variant of").or_null(),
        ],
        source: own(driver),
        filters: Filters::default(),
        attempts: Attempts::None,
        is_stored: true,
    }
}

pub(super) fn coupons() -> Table {
    let driver = Driver {
        table: "coupons",
        key: &["coupon_id"],
        has_run: true,
        has_cycle: false,
        page_rows: PAGE_ROWS,
    };
    Table {
        name: "coupons",
        about: "one coupon that exists, as the run saw it last",
        columns: vec![
            RUN_ID,
            text("coupon_id", "the shop's id"),
            text("coupon_type", "frontstore, category or brand"),
            text("target", "the category or brand; empty for frontstore").or_null(),
            text("discount_type", "percent_off, fixed_off, buy_one_get_one or free_shipping"),
            big("discount_value", "hundredths of a percent, or cents for fixed_off"),
            big("min_purchase_cents", "the cart must be worth as much"),
            big("max_discount_cents", "takes off at most as much").or_null(),
            IS_SIMULATED,
            RECORDED_AT,
            instant("last_seen_at", "last seen on the wall clock"),
        ],
        source: own(driver),
        filters: Filters::default(),
        attempts: Attempts::None,
        is_stored: true,
    }
}
