//! Starts and wires the actors, and ends them in order. Nothing is wired anywhere else.
//!
//! The lowest start first, so that an edge can only point at something that exists; the Coordinator
//! is created around those that report to it, which is the one place where an edge points upward.

use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::{mpsc, oneshot, watch};

use crate::agent::flow::AgentSettings;
use crate::agent::monitor::Monitor;
use crate::agent::record::Writers;
use crate::agent::{Agent, AgentDoors};
use crate::checkpointer::Checkpointer;
use crate::circuit_breaker::CircuitBreaker;
use crate::circuit_breaker::messages::ProbeVia;
use crate::coordinator::plan::RunPlan;
use crate::coordinator::services::Services;
use crate::coordinator::status::RunStatus;
use crate::coordinator::{AgentBuilder, Coordinator, Outlets};
use crate::db_writer::DbWriter;
use crate::db_writer::retry::RetryPolicy;
use crate::db_writer::retrying_store::RetryingStore;
use crate::domain::cycle::CycleRecord;
use crate::domain::ids::SessionId;
use crate::offer_refresher::OfferRefresher;
use crate::ports::checkpoint_file::CheckpointFile;
use crate::ports::pacing::Pacing;
use crate::ports::shop_api::{ShopApiFactory, WalletMode};
use crate::ports::store::{RunState, Store};
use crate::rate_limiter::RateLimiter;
use crate::rate_limiter::parked::ParkedTime;
use crate::session_pool::SessionPool;
use crate::session_pool::messages::Call;
use crate::session_pool::request_meter::SharedMeter;
use crate::session_pool::session::Session;

/// HTTP sessions of a run (Q3.5).
pub const HTTP_SESSIONS: u8 = 10;

/// Calls of one HTTP session in flight at once: above its share of agents (20 to 55 of 372), so
/// that only a larger population ever waits here.
const CALLS_IN_FLIGHT_MAX: usize = 64;

/// Closed attempts kept for a reader that is behind.
const CYCLES_KEPT: usize = 1_024;

/// The adapters that the edge has chosen.
#[derive(Clone)]
pub struct Ports {
    /// Builds the shop adapter of each HTTP session, inside its arbiter.
    pub shop: ShopApiFactory,
    /// Requests as sent; the adapters record into it.
    pub meter: SharedMeter,
    /// The database, or the dry one.
    pub store: Arc<dyn Store>,
    /// The checkpoints' folder.
    pub checkpoints: Arc<dyn CheckpointFile>,
    /// The clocks.
    pub pacing: Arc<dyn Pacing>,
}

/// How the actors are laid out over threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Coordinator and agents here, services on one arbiter, HTTP sessions on two.
    Threads,
    /// All here: what a test on a paused clock needs.
    OneThread,
}

/// A run that has been wired and waits for `StartRun`.
pub struct Running {
    /// For operators' doors.
    pub coordinator: Addr<Coordinator>,
    /// The latest picture.
    pub status: watch::Receiver<RunStatus>,
    /// Each closed attempt, in order; a reader 1,024 behind misses some.
    pub cycles: mpsc::Receiver<CycleRecord>,
    /// Resolves to the end state once everything is written.
    pub ended: oneshot::Receiver<RunState>,
    arbiters: Vec<Arbiter>,
}

impl Running {
    /// Ends the threads, HTTP sessions first: nothing may be under way, so after `ended`.
    pub fn stop(self) {
        for arbiter in self.arbiters {
            arbiter.stop();
            if arbiter.join().is_err() {
                tracing::error!("a thread of actors had panicked");
            }
        }
    }
}

/// Wires everything. Must run inside an actix System.
pub fn start(plan: RunPlan, ports: Ports, layout: Layout) -> Running {
    let plan = Arc::new(plan);
    let threads = Threads::new(layout);
    let (status_tx, status) = watch::channel(RunStatus::before(&plan));
    let (cycles_tx, cycles) = mpsc::channel(CYCLES_KEPT);
    let (ended_tx, ended) = oneshot::channel();
    let pool = Arc::clone(&ports.store);
    let outlets = Outlets {
        status: status_tx,
        cycles: cycles_tx,
        ended: Some(ended_tx),
        meter: ports.meter.clone(),
        pool: Box::new(move || pool.pool_status()),
    };
    let coordinator = Coordinator::create(|ctx| {
        let parked = ParkedTime::default();
        let wired = wire(&plan, &ports, &threads, parked.clone(), ctx.address());
        let builder = agent_builder(&plan, &ports, parked, &wired);
        Coordinator::new(wired.services, plan, ports.pacing, builder, outlets)
    });
    Running { coordinator, status, cycles, ended, arbiters: threads.owned }
}

/// Which thread each kind of actor lives on.
struct Threads {
    services: ArbiterHandle,
    io: Vec<ArbiterHandle>,
    /// Ended in this order.
    owned: Vec<Arbiter>,
}

impl Threads {
    fn new(layout: Layout) -> Self {
        match layout {
            Layout::OneThread => {
                let here = Arbiter::current();
                Self { services: here.clone(), io: vec![here], owned: Vec::new() }
            }
            Layout::Threads => {
                let owned = vec![Arbiter::new(), Arbiter::new(), Arbiter::new()];
                let io = vec![owned[0].handle(), owned[1].handle()];
                Self { services: owned[2].handle(), io, owned }
            }
        }
    }
}

/// What has been started below the Coordinator.
struct Wired {
    services: Services,
    pool: Addr<SessionPool>,
}

fn wire(
    plan: &Arc<RunPlan>,
    ports: &Ports,
    threads: &Threads,
    parked: ParkedTime,
    coordinator: Addr<Coordinator>,
) -> Wired {
    let on = &threads.services;
    let (rate, pacing) = (plan.rate, Arc::clone(&ports.pacing));
    let limiter =
        RateLimiter::start_in_arbiter(on, move |_| RateLimiter::new(rate, parked, pacing));
    let store = RetryingStore::new(
        Arc::clone(&ports.store),
        plan.writes_in_flight,
        RetryPolicy::default(),
        Arc::clone(&ports.pacing),
    );
    let written = store.clone();
    let writer = DbWriter::start_in_arbiter(on, move |_| DbWriter::new(written));
    let files = Arc::clone(&ports.checkpoints);
    let checkpointer = Checkpointer::start_in_arbiter(on, move |_| Checkpointer::new(files));
    let refresher = start_refresher(plan, store, on);
    let (gate, upward) = (limiter.clone().recipient(), coordinator.recipient());
    let (permits, clock) = (limiter.clone().recipient(), Arc::clone(&ports.pacing));
    let breaker = CircuitBreaker::start_in_arbiter(on, move |_| {
        CircuitBreaker::new(gate, upward, permits, clock)
    });
    let sessions = start_sessions(ports, threads, &breaker);
    tell_probes(&breaker, sessions.clone());
    let pooled = sessions.clone();
    let pool = SessionPool::start_in_arbiter(on, move |_| SessionPool::new(pooled));
    let services = Services {
        permits: limiter.clone().recipient(),
        limiter,
        sessions,
        writer,
        refresher: refresher.recipient(),
        breaker,
        checkpointer,
    };
    Wired { services, pool }
}

#[expect(clippy::disallowed_methods, reason = "once, while wiring")]
fn tell_probes(breaker: &Addr<CircuitBreaker>, sessions: Vec<Recipient<Call>>) {
    breaker.do_send(ProbeVia(sessions));
}

fn start_refresher(
    plan: &Arc<RunPlan>,
    store: RetryingStore,
    on: &ArbiterHandle,
) -> Addr<OfferRefresher> {
    let (coupons, policy) = (Arc::clone(&plan.coupons), plan.offers);
    let assigns = plan.shop.wallet == WalletMode::Engine;
    OfferRefresher::start_in_arbiter(on, move |_| {
        OfferRefresher::new(store, coupons, policy, assigns)
    })
}

fn start_sessions(
    ports: &Ports,
    threads: &Threads,
    breaker: &Addr<CircuitBreaker>,
) -> Vec<Recipient<Call>> {
    (0..HTTP_SESSIONS)
        .map(|n| {
            let (factory, pacing) = (Arc::clone(&ports.shop), Arc::clone(&ports.pacing));
            let outage = breaker.clone().recipient();
            let on = &threads.io[usize::from(n) % threads.io.len()];
            let session = Session::start_in_arbiter(on, move |_| {
                Session::new(SessionId(n), factory, CALLS_IN_FLIGHT_MAX, Some(outage), pacing)
            });
            session.recipient()
        })
        .collect()
}

/// The one way to make an agent: at start, at restart, at unfreeze.
fn agent_builder(
    plan: &Arc<RunPlan>,
    ports: &Ports,
    parked: ParkedTime,
    wired: &Wired,
) -> AgentBuilder {
    let doors = AgentDoors {
        permits: wired.services.permits.clone(),
        leases: wired.pool.clone().recipient(),
        writers: Writers {
            open: wired.services.writer.clone().recipient(),
            commit: wired.services.writer.clone().recipient(),
            fail: wired.services.writer.clone().recipient(),
        },
    };
    let settings = Arc::new(AgentSettings {
        run_id: plan.run_id,
        owner: plan.owner,
        behavior: Arc::clone(&plan.behavior),
        shop: plan.shop,
        store_id: plan.store_id.clone(),
        default_cohort: plan.default_cohort.clone(),
        pacing: Arc::clone(&ports.pacing),
        parked,
    });
    Box::new(move |persona, incarnation, memory, coordinator| {
        let monitor = Monitor::new(
            coordinator.clone().recipient(),
            persona.agent_id.clone(),
            incarnation,
            Arc::clone(&settings.pacing),
        );
        let (doors, settings) = (doors.clone(), Arc::clone(&settings));
        Agent::new(doors, settings, Arc::clone(persona), incarnation, memory, monitor).start()
    })
}
