//! Whole runs over real HTTP into real databases: what the summary says, what the tables hold and
//! what the shop counted are the same, to the cent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actors::domain::flow::FlowStatus;
use actors::domain::ids::RunId;
use actors::domain::incident::IncidentKind;
use actors::domain::money::Cents;
use actors::ports::store::{RunState, Store};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use questions::ledger::Books;
use questions::{Ask, Question};
use shops::practice_shop::{Habits, PracticeConfig, ShopBooks};
use shops::shop_api::profile::Profile;
use store::Admin;

use crate::support::population::{keen, load, plan};
use crate::support::whole_run::Rows;
use crate::support::{pgbouncer, postgres, real_run};

const AGENTS: usize = 372;
/// Offers are handed out beside the shopping: on a busy machine the first coupons are there only
/// after a few hours that end as fast as work allows.
const CYCLES: u32 = 6;

async fn all_sides_agree(cycles: u32, (store, admin): (Arc<dyn Store>, Admin)) {
    let mut plan = real_run::practice_plan(load());
    plan.ends.cycles = Some(cycles);
    let run_id = plan.run_id;
    let run = real_run::run(plan, Arc::clone(&store)).await;
    assert_eq!(run.state, RunState::Completed);
    let (totals, ledger) = (run.status.totals, &run.ledger);
    let counts = totals.counts;
    assert_eq!((counts.failed, totals.broken_cycles, totals.cycles_completed), (0, 0, cycles));
    assert_eq!(counts.accounted(), counts.released);
    assert_eq!(counts.released as usize, AGENTS * cycles as usize);

    let rows = admin.run_summary(run_id).await.unwrap().unwrap();
    let rows_of = |status| rows.flows.iter().find(|(s, _)| *s == status).unwrap().1;
    assert_eq!(rows_of(FlowStatus::Completed), u64::from(counts.completed));
    assert_eq!(rows_of(FlowStatus::Abandoned), u64::from(counts.abandoned));
    assert_eq!(rows_of(FlowStatus::Browsed), u64::from(counts.browsed));
    assert_eq!((rows_of(FlowStatus::Failed), rows_of(FlowStatus::Active)), (0, 0));
    assert_eq!(rows.events, totals.volume.events);
    assert_eq!(rows.assignments, totals.offers_assigned);
    assert_eq!(rows.cycles_unbroken, u64::from(cycles));
    assert_eq!(rows.canonical_cycles, u64::from(cycles));

    assert!(counts.completed > 50, "{counts:?}");
    assert_eq!([totals.volume.orders, ledger.orders], [rows.orders; 2]);
    assert_eq!(u64::from(counts.completed), rows.orders);
    assert_eq!([totals.volume.revenue_cents, ledger.order_cents_total.0], [rows.order_cents; 2]);
    assert!(rows.redemptions > 0, "nobody used a coupon");

    assert_eq!(run.status.traffic.requests_sent, ledger.requests_total);
    assert_eq!(run.sent.len() as u64, ledger.requests_total);
    store.drain().await.unwrap();
    admin.close().await;
}

#[actix::test]
async fn summary_rows_and_shop_agree_on_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let opened = real_run::sqlite(directory.path(), AGENTS).await;
    all_sides_agree(CYCLES, opened).await;
}

#[actix::test]
async fn summary_rows_and_shop_agree_on_postgres() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let url = format!("postgres://postgres@127.0.0.1:{port}/{database}");
    let opened = real_run::database(&url, AGENTS).await;
    all_sides_agree(CYCLES, opened).await;
}

#[actix::test]
async fn summary_rows_and_shop_agree_through_a_transaction_pooler() {
    let Some(port) = postgres::shared() else { return };
    // One of its own: a default run takes all 125 of its clients.
    let Some(pooler) = pgbouncer::start(port) else { return };
    let database = postgres::fresh_database(port).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/{database}", pooler.port);
    let opened = real_run::database(&url, AGENTS).await;
    all_sides_agree(CYCLES, opened).await;
}

/// The practice shop's profile with these changes.
fn practice_with(changes: &[(&str, &str)]) -> Profile {
    let mut text = Profile::builtin_text("practice").unwrap().to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    Profile::parse("money.ron", &text).unwrap()
}

#[actix::test]
async fn that_every_wallet_is_empty_is_said_once_a_run() {
    // A shop that assigns its own coupons, and assigns none.
    let profile = practice_with(&[("wallet: engine", "wallet: shop")]);
    let mut plan = plan(profile.traits(), load());
    plan.ends.cycles = Some(3);
    let run = real_run::run_at(profile, PracticeConfig::default(), plan, real_run::dry(100)).await;
    assert_eq!(run.state, RunState::Completed);
    let said = run.status.news.incidents.iter();
    let said: Vec<_> = said.filter(|line| line.kind == IncidentKind::WalletsEmpty).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    let message = &said[0].message;
    assert!(
        message.starts_with("all ") && message.contains("wallets asked were empty"),
        "{message}"
    );
    // Wallets with coupons say nothing, and those that cartload has not yet filled neither.
    let mut plan = real_run::practice_plan(load());
    plan.ends.cycles = Some(3);
    let run = real_run::run(plan, real_run::dry(100)).await;
    assert!(!run.status.news.incident_counts.contains_key(&IncidentKind::WalletsEmpty));
}

/// How the profile of a shop with every one of these habits differs from the practice shop's.
const REAL: [(&str, &str); 2] = [
    ("coupons: single_use", "coupons: reusable"),
    (
        r#"coupons: (list: "order.applied_coupons", "#,
        r#"coupons: (lists: ["order.applied_coupons.item_level",
            "order.applied_coupons.frontstore"], "#,
    ),
];

fn real_shop() -> PracticeConfig {
    let habits = Habits {
        unrounded_totals: true,
        coupons_as_object: true,
        reusable_coupons: true,
        ..Habits::default()
    };
    PracticeConfig { habits, ..PracticeConfig::default() }
}

/// An order's total as it is stored.
#[derive(QueryableByName)]
struct Bought {
    #[diesel(sql_type = Text)]
    flow_id: String,
    #[diesel(sql_type = BigInt)]
    cents: i64,
    #[diesel(sql_type = Nullable<Text>)]
    text: Option<String>,
}

#[derive(QueryableByName)]
struct Redeemed {
    #[diesel(sql_type = Text)]
    flow_id: String,
    #[diesel(sql_type = Text)]
    coupon_id: String,
}

/// The rows are the shop's books: each order with its total to the last digit, and the coupons
/// that counted in it.
async fn are_the_shops(admin: &Admin, run: RunId, books: &ShopBooks) {
    let orders = "SELECT flow_id, final_total_cents AS cents, final_total_text AS text
                  FROM orders WHERE run_id = {run}";
    let orders: Vec<Bought> =
        admin.ask(Question::new("orders", orders).with("run", run)).await.unwrap();
    let redeemed = "SELECT flow_id, coupon_id FROM coupon_interactions
                    WHERE run_id = {run} AND step = 'redeemed'";
    let redeemed: Vec<Redeemed> =
        admin.ask(Question::new("redemptions", redeemed).with("run", run)).await.unwrap();
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let count = redeemed.len();
    for row in redeemed {
        used.entry(row.flow_id).or_default().insert(row.coupon_id);
    }
    assert_eq!(used.values().map(BTreeSet::len).sum::<usize>(), count, "none twice in an order");
    assert_eq!(orders.len(), books.orders.len());
    let orders: BTreeMap<_, _> =
        orders.into_iter().map(|o| (o.flow_id, (o.cents, o.text))).collect();
    for booked in &books.orders {
        let flow = booked.key.as_ref().unwrap();
        let total = booked.totals.final_total.to_string();
        let cents = total.parse::<Cents>().unwrap().0;
        assert_eq!(orders[flow], (cents, Some(total)), "{flow}");
        let coupons: BTreeSet<String> =
            booked.coupons.iter().map(|coupon| coupon.coupon_id.clone()).collect();
        assert_eq!(used.remove(flow).unwrap_or_default(), coupons, "{flow}");
    }
    assert_eq!(used, BTreeMap::new(), "redemptions of no order");
}

#[actix::test]
async fn at_a_shop_that_rounds_nothing_and_takes_coupons_again_the_books_agree() {
    let directory = tempfile::tempdir().unwrap();
    let (store, admin) = real_run::sqlite(directory.path(), AGENTS).await;
    let profile = practice_with(&REAL);
    let mut plan = plan(profile.traits(), keen());
    plan.ends.cycles = Some(CYCLES);
    let run_id = plan.run_id;
    let run = real_run::run_at(profile, real_shop(), plan, Arc::clone(&store)).await;
    assert_eq!(run.state, RunState::Completed);
    are_the_shops(&admin, run_id, &run.books).await;
    let ledger = admin.at_once(Books(run_id)).await.unwrap().unwrap();
    let wrong: Vec<_> = ledger.findings.iter().filter(|(.., rows)| !rows.is_empty()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let unrounded = run.books.orders.iter().filter(|order| {
        let total = order.totals.final_total.to_string();
        total.split_once('.').is_some_and(|(_, digits)| digits.len() > 2)
    });
    let rows = Rows { admin: &admin, run: run_id };
    let again = rows.number("COUNT(*) FROM coupon_interactions WHERE is_reuse").await;
    let refused = "COUNT(*) FROM coupon_interactions WHERE step = 'rejected'";
    let (unrounded, refused) = (unrounded.count(), rows.number(refused).await);
    eprintln!("{} orders, {unrounded} unrounded, {again} coupons again", run.books.orders.len());
    assert!(unrounded > 10 && again > 10, "{unrounded} unrounded, {again} again");
    assert_eq!(refused, 0, "a coupon that can be used again is never used up");
    assert!(!run.status.news.incident_counts.contains_key(&IncidentKind::AnswerShape));
    store.drain().await.unwrap();
    admin.close().await;
}

#[actix::test]
async fn a_profile_whose_lists_do_not_fit_says_so_once() {
    let directory = tempfile::tempdir().unwrap();
    let (store, admin) = real_run::sqlite(directory.path(), AGENTS).await;
    // The list is an object at this shop, and its coupons can be used again.
    let mut plan = real_run::practice_plan(keen());
    plan.ends.cycles = Some(CYCLES);
    let run_id = plan.run_id;
    let profile = Profile::builtin("practice").unwrap();
    let run = real_run::run_at(profile, real_shop(), plan, Arc::clone(&store)).await;
    assert_eq!(run.state, RunState::Completed);
    assert_eq!(run.status.news.incident_counts[&IncidentKind::AnswerShape], 1);
    let told = run.status.news.incidents.iter();
    let told: Vec<_> = told.filter(|line| line.kind == IncidentKind::AnswerShape).collect();
    let fits = "`order.applied_coupons` should be a list and is an object";
    assert!(told.iter().all(|line| line.message.contains(fits)), "{told:?}");
    let ledger = admin.at_once(Books(run_id)).await.unwrap().unwrap();
    for (check, _, rows) in &ledger.findings {
        assert!(*check != "order_sums" || rows.is_empty(), "{rows:?}");
    }
    store.drain().await.unwrap();
    admin.close().await;
}
