//! The practice shop with the habits of a real one: after a whole run of the real binary what
//! cartload wrote down is what the shop has in its own books, and nothing froze.
//!
//! Small runs in CI; `CARTLOAD_YOUR_SHOP_AGENTS=372 CARTLOAD_YOUR_SHOP_CYCLES=12` are those of
//! docs/your-shop.md.

mod both_books;
mod visit;

use shops::practice_shop::{Habits, OrderReads, Pace};

use self::visit::{Database, Visit};
use crate::support::postgres;
use crate::support::real_run::TURN;

/// Connections of a small hosted database, which the shop and the run share.
const CONNECTIONS: u32 = 60;

/// Two requests at a time, each with 18 round trips to a database that is 5 ms away.
fn two_at_a_time() -> Pace {
    Pace { round_trips: 18, round_trip_ms: 5.0, ..Pace::of(2, 0.0) }
}

#[actix::test]
async fn nothing_special() {
    let _turn = TURN.lock().await;
    Visit::to(Habits::default()).compare("none").await;
}

#[actix::test]
async fn unrounded_totals() {
    let _turn = TURN.lock().await;
    let habits = Habits { unrounded_totals: true, ..Habits::default() };
    Visit::to(habits).compare("unrounded totals").await;
}

#[actix::test]
async fn applied_coupons_as_an_object() {
    let _turn = TURN.lock().await;
    let habits = Habits { coupons_as_object: true, ..Habits::default() };
    Visit::to(habits).naming_two_lists().compare("applied coupons as an object").await;
}

#[actix::test]
async fn reusable_coupons() {
    let _turn = TURN.lock().await;
    let habits = Habits { reusable_coupons: true, ..Habits::default() };
    Visit::to(habits).reusing_coupons().compare("reusable coupons").await;
}

#[actix::test]
async fn no_user_until_the_first_visit() {
    let _turn = TURN.lock().await;
    let habits = Habits { first_visit_needed: true, ..Habits::default() };
    Visit::to(habits).compare("no user until the first visit").await;
}

#[actix::test]
async fn expired_wallets() {
    let _turn = TURN.lock().await;
    let habits = Habits { wallets_expired: true, ..Habits::default() };
    let figures = Visit::to(habits).in_the_manner_of_voiceoffers().compare("expired wallets").await;
    assert_eq!(figures.redemptions, 0);
}

#[actix::test]
async fn orders_that_name_no_session() {
    let _turn = TURN.lock().await;
    let habits = Habits { order_reads: OrderReads::Anonymous, ..Habits::default() };
    Visit::to(habits).compare("orders name no session").await;
}

#[actix::test]
async fn few_connections_in_a_database_that_both_share() {
    let Some(server) = postgres::start_with(CONNECTIONS) else { return };
    let _turn = TURN.lock().await;
    let database = Database::of(&server).await;
    let habits = Habits { database: Some(database.url().into()), ..Habits::default() };
    let figures =
        Visit::to(habits).beside_the_shop(database).compare("60 connections for both").await;
    assert_eq!(figures.too_many_clients, 0);
}

#[actix::test]
async fn two_requests_at_a_time_and_the_database_5_ms_away() {
    let _turn = TURN.lock().await;
    let habits = Habits { pace: Some(two_at_a_time()), ..Habits::default() };
    Visit::to(habits).slowly().compare("two at a time").await;
}

#[actix::test]
async fn all_of_it_at_once() {
    let Some(server) = postgres::start_with(CONNECTIONS) else { return };
    let _turn = TURN.lock().await;
    let database = Database::of(&server).await;
    let habits = Habits {
        unrounded_totals: true,
        coupons_as_object: true,
        reusable_coupons: true,
        first_visit_needed: true,
        wallets_expired: false,
        order_reads: OrderReads::Anonymous,
        pace: Some(two_at_a_time()),
        database: Some(database.url().into()),
    };
    let visit = Visit::to(habits).in_the_manner_of_voiceoffers().beside_the_shop(database).slowly();
    let figures = visit.compare("all but expired wallets").await;
    assert_eq!(figures.too_many_clients, 0);
}
