//! The answer to a COMMIT is lost: whether the flow was written is found out by asking again.
//!
//! `CARTLOAD_LOST_COMMITS` says how many answers are lost; every flow must be there exactly once.

use actors::ports::store::RunState;
use actors::session_pool::request_meter::SharedMeter;
use store::{StoreOptions, StoreUrl, open};

use crate::support::proxy::Proxy;
use crate::support::whole_run::{Rows, mock_shop, personas, plan, ports, run_to_end};
use crate::support::{amount, flows, postgres};

#[actix::test]
async fn every_flow_is_there_once_with_all_its_events_though_answers_to_commits_are_lost() {
    let Some(port) = postgres::shared() else { return };
    let count = amount("CARTLOAD_LOST_COMMITS", 24);
    let proxy = Proxy::before(port);
    let database = postgres::fresh_database(port).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/{database}", proxy.port);
    let options = StoreOptions { pool_size: 20, ..StoreOptions::default() };
    let open = open(&StoreUrl::parse(&url).unwrap(), &options).await.unwrap();
    let agents = personas(40, &mut rand::rng());
    open.admin.insert_agents(agents, false, flows::wall(0)).await.unwrap();

    proxy.lose_commits(count);
    let meter = SharedMeter::default();
    let (shop, traits) = mock_shop(&meter);
    let (ports, _checkpoints) = ports(shop, meter, open.store.clone());
    let cycles = (4 + count / 6).to_string();
    let plan = plan(traits, &[("CARTLOAD_CYCLES", &cycles)]);
    let run = plan.run_id;
    let finished = run_to_end(plan, ports).await;

    assert_eq!(proxy.lost(), count, "answers lost");
    assert_eq!(finished.state, RunState::Completed);
    assert_eq!(finished.status.totals.counts.failed, 0, "a lost answer costs lateness only");
    let rows = Rows { admin: &open.admin, run };
    rows.are_whole().await;
    println!(
        "{count} answers to COMMITs lost; {} flows in {cycles} cycles, each there once",
        rows.number("COUNT(*) FROM shopping_sessions").await
    );
    open.admin.close().await;
}
