//! Whole runs over real HTTP into real databases: what the summary says, what the tables hold and
//! what the shop counted are the same, to the cent.

use std::sync::Arc;

use actors::domain::flow::FlowStatus;
use actors::domain::incident::IncidentKind;
use actors::ports::store::{RunState, Store};
use shops::practice_shop::PracticeConfig;
use shops::shop_api::profile::Profile;
use store::Admin;

use crate::support::population::{load, plan};
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
