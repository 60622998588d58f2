//! Starts and wires the actors, and ends them in order. Nothing is wired anywhere else.
//!
//! The lowest start first, so that an edge can only point at something that exists; the Coordinator
//! is created around those that report to it, which is the one place where an edge points upward.

mod threads;

use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::{mpsc, oneshot, watch};

use crate::agent::Agent;
use crate::agent::arms::SettingsByArm;
use crate::agent::doors::AgentDoors;
use crate::agent::monitor::Monitor;
use crate::agent::record::Writers;
use crate::agent::settings::AgentSettings;
use crate::checkpointer::Checkpointer;
use crate::circuit_breaker::messages::ProbeVia;
use crate::circuit_breaker::pulse::SharedPulse;
use crate::circuit_breaker::{CircuitBreaker, Watch};
use crate::coordinator::Coordinator;
use crate::coordinator::injections::DrillDoors;
use crate::coordinator::messages::Service;
use crate::coordinator::outlets::Outlets;
use crate::coordinator::plan::RunPlan;
use crate::coordinator::service_watch::ServiceWatch;
use crate::coordinator::services::Services;
use crate::coordinator::shard::Build;
use crate::coordinator::status::RunStatus;
use crate::coordinator::wards::{ServiceBuilder, Wards};
use crate::db_writer::DbWriter;
use crate::db_writer::retry::RetryPolicy;
use crate::db_writer::retrying_store::RetryingStore;
use crate::domain::ids::SessionId;
use crate::offer_refresher::OfferRefresher;
use crate::offer_refresher::policy::Policies;
use crate::ports::checkpoint_file::CheckpointFile;
use crate::ports::pacing::Pacing;
use crate::ports::shop_api::{ShopApiFactory, WalletMode};
use crate::ports::store::Store;
use crate::rate_limiter::RateLimiter;
use crate::rate_limiter::parked::ParkedTime;
use crate::rate_limiter::pressure::Pressure;
use crate::rate_limiter::queue_length::QueueLength;
use crate::rate_limiter::throttle::SharedThrottle;
use crate::session_pool::SessionPool;
use crate::session_pool::board::HealthBoard;
use crate::session_pool::messages::{Call, Reseat};
use crate::session_pool::request_meter::SharedMeter;
use crate::session_pool::session::{Reports, Session};

use self::threads::Threads;
pub use self::threads::{Layout, Running};

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
    /// Resident memory of this process, bytes; `None` where the system does not say.
    pub memory: fn() -> Option<u64>,
}

/// Wires everything. Must run inside an actix System.
pub fn start(plan: RunPlan, ports: Ports, layout: Layout) -> Running {
    let plan = Arc::new(plan);
    let threads = Threads::new(layout);
    let (status_tx, status) = watch::channel(RunStatus::before(&plan, ports.pacing.wall()));
    let (cycles_tx, cycles) = mpsc::channel(CYCLES_KEPT);
    let (ended_tx, ended) = oneshot::channel();
    let pool = Arc::clone(&ports.store);
    let outlets = Outlets {
        status: status_tx,
        cycles: cycles_tx,
        ended: Some(ended_tx),
        meter: ports.meter.clone(),
        pool: Box::new(move || pool.pool_status()),
        memory: ports.memory,
        memory_bytes: (ports.memory)(),
    };
    let coordinator = Coordinator::create(|ctx| {
        let parked = ParkedTime::default();
        let starter = Starter::new(&plan, &ports, &threads, ctx.address());
        let wired = wire(&starter, parked.clone());
        let build = agent_builder(&plan, &ports, parked, &wired, ctx.address());
        let wards = Wards::new(starter.service_builder(wired.pool));
        Coordinator::new(wired.services, plan, ports.pacing, build, wards, outlets)
    });
    Running { coordinator, status, cycles, ended, arbiters: threads.owned }
}

/// What has been started below the Coordinator.
struct Wired {
    services: Services,
    pool: Addr<SessionPool>,
}

/// What it takes to start a service: at the start, and again when its actor has died.
struct Starter {
    plan: Arc<RunPlan>,
    ports: Ports,
    /// Where services live.
    on: ArbiterHandle,
    /// Where HTTP sessions live, in turn.
    io: Vec<ArbiterHandle>,
    /// The store with its bounds; DbWriter and OfferRefresher share them.
    store: RetryingStore,
    /// The HTTP sessions' standing; outlives each of them.
    board: HealthBoard,
    /// The shop's signs of life; outlives each of them too.
    pulse: SharedPulse,
    /// What its 429 have come to.
    throttle: SharedThrottle,
    /// Its seats.
    pressure: Pressure,
    coordinator: Addr<Coordinator>,
}

impl Starter {
    fn new(
        plan: &Arc<RunPlan>,
        ports: &Ports,
        threads: &Threads,
        coordinator: Addr<Coordinator>,
    ) -> Self {
        let store = RetryingStore::new(
            Arc::clone(&ports.store),
            ports.store.writes_at_once(),
            RetryPolicy::default(),
            Arc::clone(&ports.pacing),
            plan.entropy,
        );
        Self {
            plan: Arc::clone(plan),
            ports: ports.clone(),
            on: threads.services.clone(),
            io: threads.io.clone(),
            store,
            board: HealthBoard::default(),
            pulse: SharedPulse::default(),
            throttle: SharedThrottle::default(),
            pressure: Pressure::new(plan.in_flight, ports.pacing.now()),
            coordinator,
        }
    }

    /// Starts an actor under watch.
    fn start<A: Actor<Context = Context<A>>>(
        &self,
        service: Service,
        on: &ArbiterHandle,
        build: impl FnOnce() -> A + Send + 'static,
    ) -> Addr<A> {
        let watch = ServiceWatch::new(service, self.coordinator.clone().recipient());
        A::start_in_arbiter(on, move |ctx| {
            watch.over(ctx);
            build()
        })
    }

    fn limiter(&self, parked: ParkedTime, queue: QueueLength) -> Addr<RateLimiter> {
        let (throttle, pressure) = (self.throttle.clone(), self.pressure.clone());
        let (rate, pacing) = (self.plan.rate, Arc::clone(&self.ports.pacing));
        let is_resumed = self.plan.resume_from.is_some();
        let build = move || {
            let limiter = RateLimiter::new(rate, parked, queue, throttle, pressure, pacing);
            if is_resumed { limiter.taking_over(rate) } else { limiter }
        };
        self.start(Service::RateLimiter, &self.on, build)
    }

    fn writer(&self) -> Addr<DbWriter> {
        let store = self.store.clone();
        self.start(Service::DbWriter, &self.on, move || DbWriter::new(store))
    }

    fn checkpointer(&self) -> Addr<Checkpointer> {
        let files = Arc::clone(&self.ports.checkpoints);
        self.start(Service::Checkpointer, &self.on, move || Checkpointer::new(files))
    }

    fn refresher(&self) -> Addr<OfferRefresher> {
        let (store, coupons) = (self.store.clone(), Arc::clone(&self.plan.coupons));
        let policies =
            Policies { of_run: self.plan.offers, experiment: self.plan.experiment.clone() };
        let assigns = self.plan.shop.wallet == WalletMode::Engine;
        let entropy = self.plan.entropy;
        let build = move || OfferRefresher::new(store, coupons, policies, assigns, entropy);
        self.start(Service::OfferRefresher, &self.on, build)
    }

    fn breaker(&self, limiter: &Addr<RateLimiter>, parked: ParkedTime) -> Addr<CircuitBreaker> {
        let (holds, permits) = (limiter.clone().recipient(), limiter.clone().recipient());
        let upward = self.coordinator.clone().recipient();
        let (pulse, pacing) = (self.pulse.clone(), Arc::clone(&self.ports.pacing));
        let watch = Watch { pulse, parked, pacing };
        let build = move || CircuitBreaker::new(holds, upward, permits, watch);
        self.start(Service::CircuitBreaker, &self.on, build)
    }

    fn session(&self, id: SessionId, breaker: &Addr<CircuitBreaker>) -> Addr<Session> {
        let (factory, pacing) = (Arc::clone(&self.ports.shop), Arc::clone(&self.ports.pacing));
        let reports = Reports {
            outages: Some(breaker.clone().recipient()),
            answers: Some(breaker.clone().recipient()),
            news: Some(self.coordinator.clone().recipient()),
            board: self.board.clone(),
            pulse: self.pulse.clone(),
            throttle: self.throttle.clone(),
            pressure: Some(self.pressure.clone()),
        };
        let on = &self.io[usize::from(id.0) % self.io.len()];
        let build = move || Session::new(id, factory, CALLS_IN_FLIGHT_MAX, reports, pacing);
        self.start(Service::HttpSession(id), on, build)
    }

    fn pool(&self, sessions: Vec<Recipient<Call>>) -> Addr<SessionPool> {
        let board = self.board.clone();
        let build = move || SessionPool::new(sessions, board);
        self.start(Service::SessionPool, &self.on, build)
    }

    /// The one way to replace a service whose actor has died.
    fn service_builder(self, pool: Addr<SessionPool>) -> ServiceBuilder {
        Box::new(move |service, services| {
            match service {
                Service::HttpSession(session_id) => {
                    let session = self.session(session_id, &services.breaker);
                    let (place, calls) = (usize::from(session_id.0), session.clone().recipient());
                    services.drills.sessions[place] = session.recipient();
                    services.sessions[place] = calls.clone();
                    reseat(&pool, Reseat { session_id, calls });
                    tell_probes(&services.breaker, services.sessions.clone());
                }
                Service::OfferRefresher => {
                    let refresher = self.refresher();
                    services.drills.refresher = refresher.clone().recipient();
                    services.refresher = refresher.recipient();
                }
                Service::Checkpointer => services.checkpointer = self.checkpointer(),
                // Who waited, what was counted, whose rows were in flight died with these.
                Service::RateLimiter
                | Service::DbWriter
                | Service::SessionPool
                | Service::CircuitBreaker => return false,
            }
            true
        })
    }
}

fn wire(starter: &Starter, parked: ParkedTime) -> Wired {
    let queue = QueueLength::default();
    let limiter = starter.limiter(parked.clone(), queue.clone());
    let writer = starter.writer();
    let checkpointer = starter.checkpointer();
    let refresher = starter.refresher();
    let breaker = starter.breaker(&limiter, parked);
    let actors: Vec<_> =
        (0..HTTP_SESSIONS).map(|n| starter.session(SessionId(n), &breaker)).collect();
    let sessions: Vec<_> = actors.iter().map(|actor| actor.clone().recipient()).collect();
    tell_probes(&breaker, sessions.clone());
    let pool = starter.pool(sessions.clone());
    let drills = DrillDoors {
        sessions: actors.into_iter().map(Addr::recipient).collect(),
        pool: pool.clone().recipient(),
        refresher: refresher.clone().recipient(),
    };
    let services = Services {
        queue,
        pressure: starter.pressure.clone(),
        permits: limiter.clone().recipient(),
        limiter,
        sessions,
        board: starter.board.clone(),
        orders: Default::default(),
        throttle: starter.throttle.clone(),
        writer,
        trouble: starter.store.trouble(),
        refresher: refresher.recipient(),
        breaker,
        checkpointer,
        drills,
    };
    Wired { services, pool }
}

#[expect(clippy::disallowed_methods, reason = "while wiring, and once a rebuilt session")]
fn tell_probes(breaker: &Addr<CircuitBreaker>, sessions: Vec<Recipient<Call>>) {
    breaker.do_send(ProbeVia(sessions));
}

#[expect(clippy::disallowed_methods, reason = "once a rebuilt session")]
fn reseat(pool: &Addr<SessionPool>, reseat: Reseat) {
    pool.do_send(reseat);
}

/// The one way to make an agent: at start, at restart, at unfreeze.
fn agent_builder(
    plan: &Arc<RunPlan>,
    ports: &Ports,
    parked: ParkedTime,
    wired: &Wired,
    coordinator: Addr<Coordinator>,
) -> Build<Addr<Agent>> {
    let doors = AgentDoors {
        permits: wired.services.permits.clone(),
        leases: wired.pool.clone().recipient(),
        writers: Writers {
            open: wired.services.writer.clone().recipient(),
            keep: wired.services.writer.clone().recipient(),
            commit: wired.services.writer.clone().recipient(),
            fail: wired.services.writer.clone().recipient(),
        },
    };
    let settings = AgentSettings {
        run_id: plan.run_id,
        owner: plan.owner,
        behavior: Arc::clone(&plan.behavior),
        shop: plan.shop,
        store_id: plan.store_id.clone(),
        cohort: None,
        pacing: Arc::clone(&ports.pacing),
        parked,
        throttle: wired.services.throttle.clone(),
        entropy: plan.entropy,
        prices: Arc::default(),
        coupons: match plan.shop.wallet {
            WalletMode::Engine | WalletMode::Codes => Arc::clone(&plan.coupons),
            WalletMode::Shop | WalletMode::None => Arc::default(),
        },
    };
    let told = SettingsByArm::new(settings, plan.experiment.clone());
    Box::new(move |persona, incarnation, memory| {
        let settings = told.of(persona);
        let monitor = Monitor::new(
            coordinator.clone().recipient(),
            persona.agent_id.clone(),
            incarnation,
            Arc::clone(&settings.pacing),
        );
        Agent::new(doors.clone(), settings, Arc::clone(persona), incarnation, memory, monitor)
            .start()
    })
}
