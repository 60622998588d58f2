//! What the shop has in its books, against what cartload has in its tables: line by line.

use actors::domain::money::Cents;
use diesel::RunQueryDsl;
use diesel::sql_types::Text;
use serde_json::Number;
use shops::practice_shop::{BookedOrder, RunningShop};

use super::visit::Database;
use crate::support::binary::Place;
use crate::support::postgres;

/// What both sides agree upon.
pub struct Figures {
    pub orders: usize,
    pub revenue: Cents,
    pub redemptions: usize,
    /// Connections that the shop's database refused because all were taken.
    pub too_many_clients: u64,
}

/// Of each order its id, the flow that the shop knows as its session, and the sums.
const ORDERS: &str = "SELECT order_id || ' ' || flow_id || ' ' || store_id || ' ' || \
                      subtotal_cents || ' ' || item_discounts_cents || ' ' || \
                      frontstore_discount_cents || ' ' || discount_total_cents || ' ' || \
                      final_total_cents AS line FROM orders";

const ITEMS: &str = "SELECT order_id || ' ' || product_id || ' ' || quantity || ' ' || \
                     unit_price_cents || ' ' || discount_cents || ' ' || line_total_cents AS line \
                     FROM order_items";

const REDEMPTIONS: &str = "SELECT o.order_id || ' ' || c.coupon_id AS line FROM orders o JOIN \
                           coupon_interactions c ON c.flow_id = o.flow_id WHERE c.step = \
                           'redeemed'";

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The lines of a query, in order.
async fn rows(place: &Place, database: &Database, sql: &str) -> Vec<String> {
    let mut lines = match database {
        Database::Sqlite => {
            let rows: Vec<Row> = diesel::sql_query(sql).load(&mut place.sqlite()).expect(sql);
            rows.into_iter().map(|row| row.line).collect()
        }
        Database::Postgres(port) => {
            let sql = format!("SET search_path = cartload; {sql}");
            postgres::lines(*port, "postgres", &sql).await
        }
    };
    lines.sort();
    lines
}

/// What the shop says, rounded half up to the cent.
fn cents(number: &Number) -> i64 {
    number.to_string().parse::<Cents>().expect("money").0
}

/// The lines of the shop's orders, in order.
fn booked<T: IntoIterator<Item = String>>(
    orders: &[BookedOrder],
    lines: impl Fn(&BookedOrder) -> T,
) -> Vec<String> {
    let mut lines: Vec<String> = orders.iter().flat_map(lines).collect();
    lines.sort();
    lines
}

#[track_caller]
fn equal(what: &str, shop: &[String], cartload: &[String]) {
    let beyond = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|line| those.binary_search(line).is_err()).take(10).cloned().collect()
    };
    assert!(
        shop == cartload,
        "{what}: {} at the shop, {} here\nat the shop only: {:#?}\nhere only: {:#?}",
        shop.len(),
        cartload.len(),
        beyond(shop, cartload),
        beyond(cartload, shop)
    );
}

/// Holds every order, line and redemption of both sides against each other.
pub async fn compare(shop: &RunningShop, place: &Place, database: &Database) -> Figures {
    let (books, ledger) = (shop.books(), shop.ledger());
    let orders = booked(&books.orders, |order| {
        let (session, totals) = (order.session.expect("a flow's id"), &order.totals);
        let sums = [
            &totals.subtotal,
            &totals.item_discounts,
            &totals.frontstore_discount,
            &totals.discount_total,
            &totals.final_total,
        ];
        let sums = sums.map(|sum| cents(sum).to_string()).join(" ");
        [format!("{} {session} {} {sums}", order.order_id, order.store_id)]
    });
    equal("orders", &orders, &rows(place, database, ORDERS).await);
    let items = booked(&books.orders, |order| {
        let item = |line: &shops::practice_shop::BookedLine| {
            let amounts = [&line.unit_price, &line.discount, &line.total];
            let amounts = amounts.map(|amount| cents(amount).to_string()).join(" ");
            format!("{} {} {} {amounts}", order.order_id, line.product_id, line.quantity)
        };
        order.lines.iter().map(item).collect::<Vec<_>>()
    });
    equal("lines of orders", &items, &rows(place, database, ITEMS).await);
    let redemptions = booked(&books.orders, |order| {
        let of = |used: &shops::practice_shop::BookedCoupon| {
            format!("{} {}", order.order_id, used.coupon_id)
        };
        order.coupons.iter().map(of).collect::<Vec<_>>()
    });
    equal("redemptions", &redemptions, &rows(place, database, REDEMPTIONS).await);
    assert_eq!(books.carts, [], "carts left over");
    assert!(!orders.is_empty(), "nobody ordered");
    Figures {
        orders: orders.len(),
        revenue: ledger.order_cents_total,
        redemptions: redemptions.len(),
        too_many_clients: ledger.database_too_many,
    }
}
