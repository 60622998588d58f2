//! What a refresh of the offers costs the database: the system this replaces took some 50,000
//! statements for a week of 372 agents.

use actors::domain::cycle::Cycle;
use actors::domain::ids::AgentId;
use actors::domain::offer::OfferPolicy;
use actors::offer_refresher::due::due_agents;
use store::{StoreOptions, StoreUrl, open};

use crate::support::flows::{Owned, agent, new_run};
use crate::support::postgres;
use crate::support::refresher::Refresher;
use crate::support::server::Server;

/// The default population.
const AGENTS: usize = 372;
/// Cycles of a week.
const WEEK: u32 = 168;

/// Statements that the server has executed since it logs them, those of a session's set-up not.
fn statements(server: &Server) -> usize {
    let log = std::fs::read_to_string(server.directory.join("log")).unwrap();
    let is_one = |line: &&str| {
        (line.contains("LOG:  execute ") || line.contains("LOG:  statement: "))
            && !line.contains("statement: SET ")
    };
    log.lines().filter(is_one).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_of_offers_for_372_agents_takes_under_2000_statements_and_all_at_once_a_few() {
    let Some(server) = postgres::start() else { return };
    let log_all = "ALTER SYSTEM SET log_statement = 'all'";
    postgres::execute(server.port, "postgres", log_all).await;
    postgres::execute(server.port, "postgres", "SELECT pg_reload_conf()").await;
    while postgres::lines(server.port, "postgres", "SHOW log_statement").await != ["all"] {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let url = StoreUrl::parse(&postgres::url(server.port, "postgres")).unwrap();
    let store =
        open(&url, &StoreOptions { pool_size: 4, ..StoreOptions::default() }).await.unwrap();
    let run = new_run();
    let owned = Owned { run: run.run_id, owner: run.owner };
    store.store.open_run(run).await.unwrap();
    let mut refresher = Refresher::start(store.store.clone(), owned);
    let everybody: Vec<AgentId> = (0..AGENTS).map(agent).collect();

    let before = statements(&server);
    refresher.ask(Cycle(0), everybody.clone());
    let at_once_coupons = refresher.written().await;
    let at_once = statements(&server) - before;
    assert!(at_once_coupons > 10_000, "{at_once_coupons}");

    let before = statements(&server);
    let mut week_coupons = 0;
    // Two weeks later the first coupons have expired, so that each wallet is filled anew.
    for cycle in 2 * WEEK..3 * WEEK {
        let due = due_agents(&everybody, Cycle(cycle), &OfferPolicy::default());
        if !due.is_empty() {
            refresher.ask(Cycle(cycle), due);
            week_coupons += refresher.written().await;
        }
    }
    let week = statements(&server) - before;
    println!(
        "{AGENTS} agents: at once {at_once} statements for {at_once_coupons} coupons, over a week \
         {week} for {week_coupons}"
    );
    assert!(week_coupons > 10_000, "{week_coupons}");
    assert!((4..=20).contains(&at_once), "{at_once} statements at once");
    assert!((300..=2_000).contains(&week), "{week} statements in a week");
    drop(refresher);
    store.store.drain().await.unwrap();
}
