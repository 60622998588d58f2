//! Tables of what shoppers were shown: impressions, the products of a visit, prices day by day.
//! They are made of facts (`unfold`); the SELECTs have the columns that `unfold/fact.rs` reads. The
//! fold filters by time once more: a label may come later than what is asked for.
//!
//! `CROSS JOIN` says to SQLite that the page comes first: it would scan all events to join them.

use super::columns::{
    AGENT_ID, COHORT, Column, IS_SIMULATED, RECORDED_AT, RUN_ID, SIMULATED_AT, attempt, big,
    column, flag, instant, int, partition, period, text, uuid, word,
};
use super::visits::{FILTERS, VISITS, labels};
use super::{Attempts, Driver, Filters, Source, Table};
use crate::export::unfold::Unfold;
use crate::export::value::Kind;

/// Visits on a page: each shows hundreds of products.
const VISITS_OF_LISTS: Driver = Driver { page_rows: 50, ..VISITS };

/// Events of a page of visits, as facts; with further facts, and in their order.
macro_rules! facts {
    ($of:literal, $more:literal) => {
        concat!(
            "WITH d AS ({driver}) SELECT x.flow_id, x.cycle, x.replay, x.agent_id, x.cohort, \
             x.word, x.seq, x.product_id, x.coupon_id, x.detail, x.units, x.simulated_at, \
             x.recorded_at FROM (\
             SELECT d.flow_id AS flow_id, d.cycle AS cycle, d.replay AS replay, \
             d.agent_id AS agent_id, d.cohort AS cohort, t.event_type AS word, t.seq AS seq, \
             t.product_id AS product_id, t.coupon_id AS coupon_id, \
             CAST(t.payload AS TEXT) AS detail, CAST(NULL AS INTEGER) AS units, \
             t.simulated_at AS simulated_at, t.recorded_at AS recorded_at, 0 AS part \
             FROM d CROSS JOIN shopping_session_events t WHERE t.flow_id = d.flow_id",
            $of,
            $more,
            ") x ORDER BY x.cycle, x.agent_id, x.replay, x.part, x.seq"
        )
    };
}

const ALL_FACTS: &str = facts!(
    "",
    " UNION ALL SELECT d.flow_id, d.cycle, d.replay, d.agent_id, d.cohort, 'line', i.line, \
     i.product_id, NULL, NULL, i.quantity, i.simulated_at, i.recorded_at, 1 \
     FROM d CROSS JOIN order_items i WHERE i.flow_id = d.flow_id AND NOT i.recovered \
     UNION ALL SELECT d.flow_id, d.cycle, d.replay, d.agent_id, d.cohort, 'coupon ' || i.step, \
     i.seq, NULL, i.coupon_id, i.assignment_id, NULL, i.simulated_at, i.recorded_at, 2 \
     FROM d CROSS JOIN coupon_interactions i WHERE i.flow_id = d.flow_id AND NOT i.recovered"
);

const PRICE_FACTS: &str = facts!(
    " AND t.event_type IN ('product_list', 'product_search', 'view_product', 'cart_add_item')",
    ""
);

const FLOW_ID: Column = uuid("flow_id", "the visit; joins shopping_sessions");

pub(super) fn impressions() -> Table {
    let columns = [
        &[FLOW_ID][..],
        &[
            int("seq", "the event of the visit that showed it; joins shopping_session_events"),
            word(
                "surface",
                "where it was shown: product_list, product_search, product_view, \
                 coupons_eligible or coupons_ineligible",
            ),
            int("place", "place in the list, from 0"),
        ],
        &attempt(),
        &[AGENT_ID, COHORT],
        &partition("simulated_at"),
        &[
            text("product_id", "the product shown; empty for a coupon").or_null(),
            text("coupon_id", "the coupon shown; empty for a product").or_null(),
            text("assignment_id", "the coupon's assignment, where it is known").or_null(),
            word("category", "the product's category").or_null(),
            word("brand", "the product's brand").or_null(),
            big(
                "price_cents",
                "the product's price as shown; where a list's event does not hold it, as the run \
                 saw it last",
            )
            .or_null(),
            word("category_asked", "the category the list was asked for; empty: all").or_null(),
            SIMULATED_AT,
            RECORDED_AT,
        ],
        &labels(),
    ]
    .concat();
    Table {
        name: "impressions",
        about: "one product or coupon shown to one shopper at one moment, bought or not",
        columns,
        source: Source::Unfolded {
            driver: VISITS_OF_LISTS,
            select: ALL_FACTS,
            of: Unfold::Impressions,
        },
        filters: FILTERS,
        attempts: Attempts::Each,
        is_stored: false,
    }
}

pub(super) fn visit_products() -> Table {
    let columns = [
        &[FLOW_ID][..],
        &attempt(),
        &[AGENT_ID, COHORT],
        &partition("simulated_at"),
        &[
            text("product_id", "the product; joins products.product_id"),
            word("category", "its category").or_null(),
            word("brand", "its brand").or_null(),
            word(
                "first_surface",
                "where the visit met it first: product_list, product_search, product_view, \
                 cart_add_item, cart_remove_item or order",
            ),
            int("first_place", "its place, from 0, in the first list that showed it").or_null(),
            int("times_shown", "lists of the visit that showed it"),
            int("views", "how often its page was looked at"),
            int("units_added", "units that the shop took into the cart"),
            int("units_removed", "units taken out again"),
            int("units_ordered", "units on the visit's order"),
            big(
                "first_price_cents",
                "its price when it was first shown with one; empty where lists without prices \
                 showed it and nothing else",
            )
            .or_null(),
            instant("simulated_at", "the first exposure, on the simulated clock"),
            instant("recorded_at", "the first exposure, on the wall clock"),
            flag("carted", "label: the shop took it into the cart in this visit"),
            flag("ordered", "label: it is on this visit's order"),
        ],
    ]
    .concat();
    Table {
        name: "visit_products",
        about: "one product in one visit, from the first time it was shown to its order, if any",
        columns,
        source: Source::Unfolded {
            driver: VISITS_OF_LISTS,
            select: ALL_FACTS,
            of: Unfold::VisitProducts,
        },
        filters: FILTERS,
        attempts: Attempts::Each,
        is_stored: false,
    }
}

pub(super) fn prices() -> Table {
    Table {
        name: "prices",
        about: "one price of one product on one simulated day, as shoppers were shown it",
        columns: vec![
            RUN_ID,
            text("product_id", "the product; joins products.product_id"),
            column("day", Kind::Day, "the simulated day"),
            period("day"),
            big("price_cents", "the price of one unit"),
            int(
                "times_seen",
                "how often it was listed, looked at or added at this price on the day",
            ),
            instant("first_seen_at", "the first of them, simulated"),
            instant("last_seen_at", "the last of them, simulated"),
            IS_SIMULATED,
        ],
        source: Source::Unfolded { driver: VISITS, select: PRICE_FACTS, of: Unfold::Prices },
        filters: Filters { time: Some("t.simulated_at"), ..Filters::default() },
        attempts: Attempts::CanonicalOnly,
        is_stored: false,
    }
}
