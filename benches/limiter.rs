//! What a permit costs: through the RateLimiter's actor with 372 callers at once, and from the bare
//! bucket inside it. The difference is mailboxes and wake-ups, not the limit.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::Actor;
use actors::domain::in_flight::InFlight;
use actors::domain::rate::Rate;
use actors::ports::pacing::SystemPacing;
use actors::rate_limiter::RateLimiter;
use actors::rate_limiter::bucket::Bucket;
use actors::rate_limiter::messages::{Asker, Place, TakePermit};
use actors::rate_limiter::parked::ParkedTime;
use actors::rate_limiter::pressure::Pressure;
use actors::rate_limiter::queue_length::QueueLength;
use actors::rate_limiter::throttle::SharedThrottle;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::future::join_all;

const CALLERS: u64 = 372;

fn grants(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("limiter");
    group.throughput(Throughput::Elements(CALLERS));
    group.bench_function("372 grants through the actor", |bencher| {
        let system = actix::System::new();
        let limiter = system.block_on(async {
            let pacing = Arc::new(SystemPacing);
            let (parked, queue) = (ParkedTime::default(), QueueLength::default());
            let pressure = Pressure::new(InFlight::Off, Instant::now());
            let throttle = SharedThrottle::default();
            RateLimiter::new(Rate::Unlimited, parked, queue, throttle, pressure, pacing).start()
        });
        bencher.iter(|| {
            let ask = || limiter.send(TakePermit { place: Place::Tail, asker: Asker::Call });
            let granted = system.block_on(join_all((0..CALLERS).map(|_| ask())));
            assert!(granted.into_iter().all(|permit| permit.unwrap().is_ok()));
        });
    });
    group.bench_function("372 grants of the bare bucket", |bencher| {
        let begin = Instant::now();
        let mut bucket = Bucket::new(Rate::PerSecond(50.0), begin);
        let mut now = begin;
        bencher.iter(|| {
            for _ in 0..CALLERS {
                // Above the ring's 1.010 s / 51, so that each is granted.
                now += Duration::from_millis(20);
                black_box(bucket.grant(now)).unwrap();
            }
        });
    });
    group.finish();
}

criterion_group!(benches, grants);
criterion_main!(benches);
