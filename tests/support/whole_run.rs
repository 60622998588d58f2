//! A whole run of the actors in the test's own process, and what must hold of its rows.

use std::sync::Arc;
use std::time::Duration;

use actors::coordinator::messages::StartRun;
use actors::coordinator::plan::RunPlan;
use actors::coordinator::status::RunStatus;
use actors::domain::catalog::Catalog;
use actors::domain::cycle::CycleRecord;
use actors::domain::ids::RunId;
use actors::domain::persona::Persona;
use actors::ports::pacing::SystemPacing;
use actors::ports::shop_api::{ShopApiFactory, ShopTraits};
use actors::ports::store::{RunState, Store};
use actors::session_pool::request_meter::SharedMeter;
use actors::topology::{self, Layout, Ports, Running};
use cartload::checkpoint_files::CheckpointFolder;
use cartload::{presets, rehearsal};
use rand::Rng;
use shops::coupon_book;
use shops::practice_shop::catalog;
use shops::prices::Prices;
use shops::shop_api::mock::{MockGoods, MockShop};
use store::Admin;
use tempfile::TempDir;

/// A run that takes longer hangs.
const RUN_MAX: Duration = Duration::from_secs(600);

/// Agents as `cartload agents generate` makes them.
pub fn personas(count: usize, rng: &mut impl Rng) -> Vec<Persona> {
    presets::personas(u32::try_from(count).unwrap(), &[], rng).unwrap()
}

/// The plan of a run with these settings (`CARTLOAD_*` variables) on top of: no warm-up, as fast as
/// work allows, no limit.
pub fn plan(shop: ShopTraits, variables: &[(&str, &str)]) -> RunPlan {
    rehearsal::plan(shop, variables).unwrap()
}

/// The mock of `--mock-api`, with traits of a shop that may be left with a cart: flows are opened.
pub fn mock_shop(meter: &SharedMeter) -> (ShopApiFactory, ShopTraits) {
    let catalog = catalog::builtin().unwrap();
    let goods = MockGoods {
        catalog: Arc::new(Catalog { products: catalog.products }),
        stores: catalog.stores.into_iter().map(|store| store.id).collect(),
        coupons: coupon_book::builtin().unwrap().into(),
        prices: Prices::Fixed,
    };
    (MockShop::factory(goods, meter.on_sent()), ShopTraits { is_real: true, ..MockShop::traits() })
}

/// The doors of a run whose checkpoints go to a folder of their own.
pub fn ports(shop: ShopApiFactory, meter: SharedMeter, store: Arc<dyn Store>) -> (Ports, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let checkpoints = Arc::new(CheckpointFolder::open(directory.path(), 10).unwrap());
    (
        Ports { shop, meter, store, checkpoints, pacing: Arc::new(SystemPacing), memory: || None },
        directory,
    )
}

/// How a run ended.
#[derive(Debug)]
pub struct Finished {
    /// As it says.
    pub state: RunState,
    /// The last picture.
    pub status: RunStatus,
    /// Every closed attempt, in order.
    pub cycles: Vec<CycleRecord>,
}

/// Starts the run and waits for its end.
pub async fn run_to_end(plan: RunPlan, ports: Ports) -> Finished {
    let running = topology::start(plan, ports, Layout::OneThread);
    running.coordinator.send(StartRun).await.unwrap().unwrap_or_else(|error| panic!("{error}"));
    watch_to_end(running).await
}

/// Waits for the end of a run that has begun.
pub async fn watch_to_end(mut running: Running) -> Finished {
    let mut cycles = Vec::new();
    let watched = async {
        loop {
            tokio::select! {
                Some(record) = running.cycles.recv() => cycles.push(record),
                ended = &mut running.ended => break ended.unwrap(),
            }
        }
    };
    let state = tokio::time::timeout(RUN_MAX, watched).await.expect("the run hangs");
    while let Ok(record) = running.cycles.try_recv() {
        cycles.push(record);
    }
    let status = running.status.borrow().clone();
    running.stop();
    Finished { state, status, cycles }
}

/// The rows of one run.
pub struct Rows<'a> {
    /// The database.
    pub admin: &'a Admin,
    /// Whose.
    pub run: RunId,
}

impl Rows<'_> {
    /// The number that `what` is, as `COUNT(*) FROM orders`.
    pub async fn number(&self, what: &str) -> i64 {
        let (value, from) = what.split_once(" FROM ").unwrap();
        let joint = if from.contains(" WHERE ") { "AND" } else { "WHERE" };
        let sql = format!(
            "SELECT 'n' AS name, CAST(COALESCE({value}, 0) AS BIGINT) AS rows FROM {from} {joint} \
             run_id = $1"
        );
        self.admin.number(&sql, self.run).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Every flow the closed attempts counted is there once, with all that belongs to it.
    pub async fn are_whole(&self) {
        let zero = async |what: &str| assert_eq!(self.number(what).await, 0, "{what}");
        let equal = async |one: &str, other: &str| {
            let (left, right) = (self.number(one).await, self.number(other).await);
            assert_eq!(left, right, "{one} is {left}, {other} is {right}");
        };
        zero("COUNT(*) FROM shopping_sessions WHERE status = 'active'").await;
        zero("COUNT(*) - COUNT(DISTINCT flow_id) FROM shopping_sessions").await;
        zero("SUM(failed_unrecorded) FROM cycles").await;
        for status in ["completed", "abandoned", "browsed", "failed"] {
            let rows = format!("COUNT(*) FROM shopping_sessions WHERE status = '{status}'");
            equal(&rows, &format!("SUM({status}) FROM cycles")).await;
        }
        equal("COUNT(*) FROM shopping_session_events", "SUM(events) FROM cycles").await;
        equal("COUNT(*) FROM orders", "SUM(orders) FROM cycles").await;
        equal("COUNT(*) FROM orders", "SUM(completed) FROM cycles").await;
        equal("SUM(final_total_cents) FROM orders", "SUM(revenue_cents) FROM cycles").await;
        equal("COUNT(DISTINCT flow_id) FROM order_items", "COUNT(*) FROM orders").await;
        let gaps = "(SELECT flow_id, MIN(run_id) AS run_id FROM shopping_session_events GROUP BY \
                    flow_id HAVING COUNT(*) <> MAX(seq) + 1) AS gaps";
        zero(&format!("COUNT(*) FROM {gaps}")).await;
        zero(
            "SUM(released - shopped - browsed - idle - failed - skipped_session_down \
             - skipped_quarantined - unfinished) FROM cycles",
        )
        .await;
    }
}
