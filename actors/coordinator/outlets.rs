//! Who watches the run: the picture, the closed attempts, the end.

use std::time::Instant;

use tokio::sync::{mpsc, oneshot, watch};

use crate::domain::cycle::CycleRecord;
use crate::domain::rate::Rate;
use crate::ports::pacing::Pacing;
use crate::ports::store::{PoolStatus, RunState};
use crate::session_pool::request_meter::SharedMeter;

use super::ledger::Ledger;
use super::run::Run;
use super::services::Services;
use super::shard::Shard;
use super::status::{Health, RunStatus, StoreTrouble, Traffic};

/// Where the Coordinator publishes.
pub struct Outlets {
    /// The latest picture; readers never queue.
    pub status: watch::Sender<RunStatus>,
    /// Each closed attempt; a reader 1,024 behind misses some.
    pub cycles: mpsc::Sender<CycleRecord>,
    /// The end state, once.
    pub ended: Option<oneshot::Sender<RunState>>,
    /// Requests as sent.
    pub meter: SharedMeter,
    /// Asks the store for its connections.
    pub pool: Box<dyn Fn() -> PoolStatus>,
    /// Resident memory of this process, bytes.
    pub memory: fn() -> Option<u64>,
    /// As last weighed.
    pub memory_bytes: Option<u64>,
}

impl Outlets {
    /// Asks the system, which is too dear for each picture.
    pub fn weigh(&mut self) {
        self.memory_bytes = (self.memory)();
    }

    /// Shows the run as it is.
    pub fn publish<H: Clone>(
        &self,
        run: &Run,
        shard: &Shard<H>,
        ledger: &Ledger,
        services: &Services,
        pacing: &dyn Pacing,
    ) {
        let (at, state, now) = (run.at(), run.shown(), pacing.now());
        let left = at.time_left(now).filter(|_| state == RunState::Running);
        let (failures, failures_allowed) = ledger.failures;
        self.status.send_replace(RunStatus {
            at: pacing.wall(),
            began_at: ledger.began_at,
            run_id: ledger.plan.run_id,
            state,
            frozen: run.frozen().cloned(),
            ending: run.quit(),
            agents: u32::try_from(shard.roster().len()).unwrap_or(u32::MAX),
            attempt: ledger.attempt(at, shard.attempt()),
            totals: ledger.totals,
            clock: ledger.clock(at.pacer.interval(), left),
            calls: ledger.latency.calls(),
            traffic: self.traffic(ledger.tuning.rate, services, now),
            health: Health {
                sessions: services.board.all(),
                failures,
                failures_allowed,
                quarantined: shard.roster().quarantined(),
                carts_dirty: carts_dirty(shard, ledger),
                is_clearing_carts: run.is_clearing_carts(),
                pool: (self.pool)(),
                store_trouble: services.trouble.at(now).map(|it| StoreTrouble::of(it, now)),
            },
            saved: ledger.newest(),
            memory_bytes: self.memory_bytes,
            order_search: services.orders.get(),
            news: ledger.journal.news(),
        });
    }

    /// The latest picture.
    pub fn picture(&self) -> RunStatus {
        self.status.borrow().clone()
    }

    fn traffic(&self, rate: Rate, services: &Services, now: Instant) -> Traffic {
        let (until, throttle) = services.throttle.with(|shop| (shop.until(now), shop.sum()));
        let left = until.map(|until| until.saturating_duration_since(now)).unwrap_or_default();
        let seats = services.pressure.taken(now);
        Traffic {
            rate_limit: rate.limit(),
            requests_sent: self.meter.total(),
            requests_max_in_1s: self.meter.max_in_1s(),
            requests_per_second: self.meter.in_last_second(now),
            requests_history: self.meter.history(now),
            waiting_for_permit: services.queue.get(),
            in_flight: seats.mode,
            calls_in_flight_max: seats.bound,
            calls_in_flight: seats.in_flight,
            held_back: seats.is_slow,
            answers_per_second: seats.answering.per_second,
            answer_ms: u64::try_from(seats.answering.takes.as_millis()).unwrap_or(u64::MAX),
            throttled_for_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
            throttle,
        }
    }

    /// An attempt has closed.
    pub fn closed(&self, record: &CycleRecord) {
        if self.cycles.try_send(record.clone()).is_err() {
            tracing::debug!(cycle = record.cycle.0, "nobody reads the cycles");
        }
    }

    /// Nothing follows.
    pub fn end(&mut self, state: RunState) {
        if let Some(ended) = self.ended.take() {
            // The edge may have stopped listening after a second interrupt.
            let _ = ended.send(state);
        }
    }
}

/// Carts whose goods another flow or another run would meet.
fn carts_dirty<H: Clone>(shard: &Shard<H>, ledger: &Ledger) -> u32 {
    match ledger.plan.shop.keeps_carts() {
        true => u32::try_from(shard.roster().with_dirty_carts().count()).unwrap_or(u32::MAX),
        false => 0,
    }
}
