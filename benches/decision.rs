//! What an hour's decision of 372 agents costs: shop, browse or idle, one draw each.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

#[expect(dead_code, reason = "builders of tests; this needs the start of simulated time")]
#[path = "../tests/support/flows.rs"]
mod flows;
#[expect(dead_code, reason = "builders of tests; this needs personas and a preset")]
#[path = "../tests/support/population.rs"]
mod population;

use std::hint::black_box;

use actors::agent::decision::draw_activity;
use actors::agent::temporal::Rhythm;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

const AGENTS: u32 = 372;

fn hour(criterion: &mut Criterion) {
    let behavior = population::load();
    let agents: Vec<_> = population::personas(AGENTS as usize)
        .into_iter()
        .map(|persona| (Rhythm::of(&behavior, &persona), persona))
        .collect();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut group = criterion.benchmark_group("decision");
    group.throughput(Throughput::Elements(u64::from(AGENTS)));
    group.bench_function("an hour of 372 agents", |bencher| {
        bencher.iter(|| {
            for (rhythm, persona) in &agents {
                let at = flows::start();
                black_box(draw_activity(&mut rng, &behavior, persona, rhythm, at, 1.0));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, hour);
criterion_main!(benches);
