//! How many flows a second SQLite takes, each opened and committed whole, 125 at once: those that
//! wait share one COMMIT, which is what the figure shows.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

#[expect(dead_code, reason = "builders of tests; this needs flows")]
#[path = "../tests/support/flows.rs"]
mod flows;

use std::time::Duration;

use actors::ports::store::Committed;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flows::{Owned, bought, key, new_run, persona, wall};
use futures::future::join_all;
use store::{StoreOptions, StoreUrl, open};

const FLOWS: usize = 125;

fn flows_on_sqlite(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/bench.db", directory.path().display());
    let system = actix::System::new();
    let (store, admin, owned) = system.block_on(async {
        let url = StoreUrl::parse(&url).unwrap();
        let opened = open(&url, &StoreOptions::default()).await.unwrap();
        let personas = (0..FLOWS).map(persona).collect();
        opened.admin.insert_agents(personas, false, wall(0)).await.unwrap();
        let run = new_run();
        let owned = Owned { run: run.run_id, owner: run.owner };
        opened.store.open_run(run).await.unwrap();
        (opened.store, opened.admin, owned)
    });
    let mut cycle = 0;
    let mut group = criterion.benchmark_group("commit_flow");
    group.throughput(Throughput::Elements(FLOWS as u64));
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    group.bench_function("125 flows on SQLite", |bencher| {
        bencher.iter(|| {
            let flow = |number| {
                let key = key(owned, cycle, 0, number);
                let store = &store;
                async move {
                    store.open_flow(key.clone()).await.unwrap();
                    store.commit_flow(flows::arc(bought(key, true))).await.unwrap()
                }
            };
            let committed = system.block_on(join_all((0..FLOWS).map(flow)));
            assert!(committed.iter().all(|c| *c == Committed::Written));
            cycle += 1;
        });
    });
    group.finish();
    system.block_on(admin.close());
}

criterion_group!(benches, flows_on_sqlite);
criterion_main!(benches);
