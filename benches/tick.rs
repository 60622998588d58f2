//! What a cycle costs when nobody does anything: tick, 372 draws, 372 reports, barrier, the cycle's
//! row. An upper bound of simulated hours a second.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

#[expect(dead_code, reason = "builders of tests; this needs the start of simulated time")]
#[path = "../tests/support/flows.rs"]
mod flows;
#[expect(dead_code, reason = "builders of tests; this needs personas and a plan")]
#[path = "../tests/support/population.rs"]
mod population;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actors::coordinator::messages::StartRun;
use actors::domain::behavior::{Behavior, FrequencyBase};
use actors::domain::catalog::Catalog;
use actors::domain::snapshot::Snapshot;
use actors::ports::checkpoint_file::{CheckpointError, CheckpointFile, LoadedCheckpoint};
use actors::ports::pacing::SystemPacing;
use actors::ports::store::RunState;
use actors::session_pool::request_meter::SharedMeter;
use actors::topology::{self, Layout, Ports};
use criterion::{Criterion, criterion_group, criterion_main};
use shops::practice_shop::catalog;
use shops::prices::Prices;
use shops::shop_api::mock::{MockGoods, MockShop};
use store::dry::DryStore;

/// Checkpoints are not what is measured.
struct NoFiles;

impl CheckpointFile for NoFiles {
    fn save(&self, _: &Snapshot) -> Result<PathBuf, CheckpointError> {
        Ok(PathBuf::from("nowhere"))
    }

    fn load_latest(&self) -> Result<Option<LoadedCheckpoint>, CheckpointError> {
        Ok(None)
    }
}

fn nobody_shops() -> Behavior {
    let shop_base = FrequencyBase { frequent: 0.0, regular: 0.0, occasional: 0.0, rare: 0.0 };
    Behavior { shop_base, browse_base: 0.0, ..population::load() }
}

async fn cycles(count: u64) -> Duration {
    let mut plan = population::plan(MockShop::traits(), nobody_shops());
    plan.ends.cycles = Some(u32::try_from(count).unwrap());
    plan.checkpoint_every_cycles = 0;
    // Offers are handed out beside the shopping; here there are none.
    plan.coupons = Arc::default();
    let catalog = catalog::builtin().unwrap();
    let goods = MockGoods {
        stores: catalog.stores.into_iter().map(|store| store.id).collect(),
        catalog: Arc::new(Catalog { products: catalog.products }),
        coupons: Vec::new().into(),
        prices: Prices::Fixed,
    };
    let meter = SharedMeter::default();
    let ports = Ports {
        memory: || None,
        shop: MockShop::factory(goods, meter.on_sent()),
        meter,
        store: Arc::new(DryStore::new(population::personas(372))),
        checkpoints: Arc::new(NoFiles),
        pacing: Arc::new(SystemPacing),
    };
    let running = topology::start(plan, ports, Layout::OneThread);
    running.coordinator.send(StartRun).await.unwrap().unwrap();
    let begin = Instant::now();
    assert_eq!(running.ended.await.unwrap(), RunState::Completed);
    begin.elapsed()
}

fn idle_ticks(criterion: &mut Criterion) {
    criterion.bench_function("tick of 372 idle agents", |bencher| {
        bencher.iter_custom(|count| actix::System::new().block_on(cycles(count)));
    });
}

criterion_group!(benches, idle_ticks);
criterion_main!(benches);
