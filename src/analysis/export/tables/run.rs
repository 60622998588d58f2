//! The run itself: its row, its shoppers, its attempts at cycles, its incidents.

use std::sync::LazyLock;

use domain::incident::IncidentKind;

use super::columns::{
    COHORT, IS_SIMULATED, RECORDED_AT, RUN_ID, SIMULATED_AT, SPLIT, attempt, big, column, double,
    flag, instant, int, one_of, text, uuid, word,
};
use super::{Attempts, Driver, Filters, Source, Table};
use crate::export::value::Kind;

static INCIDENT_KINDS: LazyLock<String> =
    LazyLock::new(|| one_of(IncidentKind::ALL.iter().map(|kind| kind.as_str())));

/// Many rows of one table on a page.
pub(super) const PAGE_ROWS: u32 = 4_000;

/// The driver's own rows.
pub(super) const OWN_ROWS: &str =
    "WITH d AS ({driver}) SELECT {columns} FROM d t WHERE {rows} ORDER BY {key t}";

pub(super) fn own(driver: Driver) -> Source {
    Source::Keyset { driver, select: OWN_ROWS }
}

pub(super) fn runs() -> Table {
    let driver = Driver {
        table: "runs",
        key: &["run_id"],
        has_run: true,
        has_cycle: false,
        page_rows: PAGE_ROWS,
    };
    Table {
        name: "runs",
        about: "one run",
        columns: vec![
            RUN_ID,
            text("owner_token", "the process that may write to it"),
            word("state", "running, paused, frozen, stopped or completed"),
            int("resumes", "how often it was resumed: the highest replay number"),
            int("agents", "active shoppers at its start"),
            IS_SIMULATED,
            instant("simulated_start", "begin of cycle 0 on the simulated clock"),
            instant("started_at", "its start on the wall clock"),
            instant("heartbeat_at", "its process' last sign of life on the wall clock"),
            instant("ended_at", "its end on the wall clock").or_null(),
            column("settings", Kind::Json, "every setting that is not secret, by section and key"),
            int("seals", "how many seals of its rows were written; 0 by releases without seals"),
        ],
        source: own(driver),
        filters: Filters::default(),
        attempts: Attempts::None,
        is_stored: true,
    }
}

pub(super) fn agents() -> Table {
    let driver = Driver {
        table: "agents",
        key: &["agent_id"],
        has_run: false,
        has_cycle: false,
        page_rows: PAGE_ROWS,
    };
    Table {
        name: "agents",
        about: "one shopper's persona, as it is in the database at the time of the export",
        columns: vec![
            text("agent_id", "the shopper"),
            text("user_id", "the user it is at the shop (uuid)"),
            word("status", "active: runs take it along; inactive"),
            COHORT,
            word("archetype", "the archetype it was made from; empty when imported").or_null(),
            int("age", "years"),
            word("age_group", "as 25-34"),
            word("gender", "a word"),
            word("income_bracket", "as low, medium, high"),
            int("household_size", "people"),
            flag("has_children", "whether children live in the household"),
            word("location_region", "the region"),
            double("price_sensitivity", "0-1: how much a high price puts it off"),
            double("brand_loyalty", "0-1: how much it prefers brands it bought before"),
            double("impulsivity", "0-1: how readily it adds to the cart"),
            double("tech_savviness", "0-1, how at ease with technology"),
            double("coupon_affinity", "0-1: how readily it takes a coupon"),
            column("preferred_categories", Kind::Texts, "the shop's categories"),
            big("weekly_budget_cents", "budget of a simulated week from Monday 00:00"),
            big("avg_cart_value_cents", "sets how many products it looks at"),
            word("shopping_frequency", "frequent, regular, occasional or rare"),
            double("weekday_affinity", "0-1, 0.5 is neutral: Monday to Friday"),
            double("weekend_affinity", "0-1, 0.5 is neutral: Saturday and Sunday"),
            double("morning_share", "share of its visits from 05 to 11 h"),
            double("afternoon_share", "share of its visits from 12 to 16 h"),
            double("evening_share", "share of its visits from 17 to 04 h"),
            word("deal_seeking_behavior", "passive, observer, active_hunter or extreme"),
            text("backstory", "a sentence or two").or_null(),
            IS_SIMULATED,
            RECORDED_AT,
            SPLIT,
        ],
        source: own(driver),
        filters: Filters {
            agent: Some("d.agent_id"),
            cohort: Some("d.cohort"),
            ..Filters::default()
        },
        attempts: Attempts::None,
        is_stored: true,
    }
}

pub(super) fn cycles() -> Table {
    let driver = Driver {
        table: "cycles",
        key: &["cycle", "replay"],
        has_run: true,
        has_cycle: true,
        page_rows: PAGE_ROWS,
    };
    let columns = [
        &attempt()[..],
        &[
            SIMULATED_AT,
            instant("started_at", "its begin on the wall clock"),
            RECORDED_AT,
            flag("broken", "a freeze, a stop or a crash cut it: it does not count"),
            int("released", "shoppers that took part"),
            int("shopped", "of them with a cart: completed + abandoned"),
            int("completed", "of them with an order"),
            int("abandoned", "of them without"),
            int("browsed", "that looked only"),
            int("idle", "that did nothing this hour"),
            int("failed", "whose visit failed"),
            int("failed_unrecorded", "of the failed ones: without a row"),
            int("skipped_session_down", "not begun: the HTTP session was down"),
            int("skipped_quarantined", "not begun: the shopper crashed too often"),
            int("unfinished", "left when the attempt was cut, without a row"),
            big("events", "events of all visits"),
            big("orders", "orders of all visits"),
            big("revenue_cents", "paid in all"),
            big("requests", "HTTP requests sent"),
            big("retries", "of them retries"),
            big("attempts", "adds to the cart and checkouts tried"),
            big("refusals", "of them refused by the shop"),
            big("lateness_ms", "behind the simulated clock's plan"),
            double("requests_per_second", "on the wall clock"),
            column(
                "latency",
                Kind::Json,
                "service, queued and felt, each with p50, p95, p99 in ms",
            ),
        ],
    ]
    .concat();
    Table {
        name: "cycles",
        about: "one attempt at one simulated hour",
        columns,
        source: own(driver),
        filters: Filters { time: Some("d.simulated_at"), ..Filters::default() },
        attempts: Attempts::Each,
        is_stored: true,
    }
}

pub(super) fn incidents() -> Table {
    let driver = Driver {
        table: "incidents",
        key: &["cycle", "incident_id"],
        has_run: true,
        has_cycle: true,
        page_rows: PAGE_ROWS,
    };
    let columns = [
        &[uuid("incident_id", "the incident")][..],
        &attempt(),
        &[
            text("agent_id", "the shopper concerned, if one").or_null(),
            int("http_session", "the HTTP session concerned, if one").or_null(),
            word("kind", &INCIDENT_KINDS),
            text("message", "what happened, in words"),
            column("detail", Kind::Json, "details, an object"),
            SIMULATED_AT,
            RECORDED_AT,
        ],
    ]
    .concat();
    Table {
        name: "incidents",
        about: "one thing that is not shopping: a freeze, a resume, a restart, a command",
        columns,
        source: own(driver),
        filters: Filters {
            agent: Some("d.agent_id"),
            kind: Some("d.kind"),
            time: Some("d.simulated_at"),
            ..Filters::default()
        },
        attempts: Attempts::Log,
        is_stored: true,
    }
}
