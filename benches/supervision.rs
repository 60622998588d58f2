//! What supervision costs a flow: a whole shopping visit (permits, HTTP session, mock answers),
//! bare and as an agent runs it, under a Monitor of its own, caught and watched for a hang.
//!
//! Nothing waits here, so the time is processor time. The Monitor of a real agent lives as long as
//! its actor; one a flow is the worst that could be.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

#[expect(dead_code, reason = "builders of tests; this needs an agent, a key, the start of time")]
#[path = "../tests/support/flows.rs"]
mod flows;
#[expect(dead_code, reason = "builders of tests; this needs a preset")]
#[path = "../tests/support/population.rs"]
mod population;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context, Handler, Recipient};
use actors::agent::calls::Calls;
use actors::agent::draft::Draft;
use actors::agent::drill::SharedDrill;
use actors::agent::flow::Visit;
use actors::agent::messages::ShopFacts;
use actors::agent::monitor::Monitor;
use actors::agent::progress::ProgressMark;
use actors::agent::settings::AgentSettings;
use actors::agent::state::AgentState;
use actors::agent::temporal::VisitClock;
use actors::agent::watch::{Watched, watched};
use actors::coordinator::messages::AgentDown;
use actors::db_writer::messages::KeepRefs;
use actors::domain::catalog::Catalog;
use actors::domain::flow::{AgentMemory, FlowStatus, ShopCart};
use actors::domain::ids::{Incarnation, OwnerToken, RunId, SessionId};
use actors::domain::in_flight::InFlight;
use actors::domain::persona::Persona;
use actors::domain::rate::Rate;
use actors::ports::entropy::Entropy;
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::shop_api::Caller;
use actors::ports::store::StoreError;
use actors::rate_limiter::RateLimiter;
use actors::rate_limiter::messages::TakePermit;
use actors::rate_limiter::parked::ParkedTime;
use actors::rate_limiter::pressure::Pressure;
use actors::rate_limiter::queue_length::QueueLength;
use actors::rate_limiter::throttle::SharedThrottle;
use actors::session_pool::board::DownFlag;
use actors::session_pool::messages::Call;
use actors::session_pool::request_meter::SharedMeter;
use actors::session_pool::session::{Reports, Session};
use actors::shop_door::ShopDoor;
use criterion::{Criterion, criterion_group, criterion_main};
use flows::{Owned, key, persona, start};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use shops::practice_shop::catalog;
use shops::prices::Prices;
use shops::shop_api::mock::{MockGoods, MockShop};

/// Products that a visit looks at.
const VIEWS: u32 = 8;

/// The Coordinator, as far as a Monitor knows it.
struct Deaf;

impl Actor for Deaf {
    type Context = Context<Self>;
}

impl Handler<AgentDown> for Deaf {
    type Result = ();

    fn handle(&mut self, _: AgentDown, _: &mut Self::Context) {}
}

impl Handler<KeepRefs> for Deaf {
    type Result = Result<(), StoreError>;

    fn handle(&mut self, _: KeepRefs, _: &mut Self::Context) -> Self::Result {
        Ok(())
    }
}

/// What all visits share.
struct Shop {
    permits: Recipient<TakePermit>,
    session: Recipient<Call>,
    coordinator: Recipient<AgentDown>,
    keep: Recipient<KeepRefs>,
    settings: Arc<AgentSettings>,
    facts: Arc<ShopFacts>,
    persona: Arc<Persona>,
}

impl Shop {
    fn open() -> Self {
        let pacing: Arc<dyn Pacing> = Arc::new(SystemPacing);
        let (parked, meter) = (ParkedTime::default(), SharedMeter::default());
        let goods = catalog::builtin().unwrap();
        let facts = ShopFacts {
            catalog: Catalog { products: goods.products },
            stores: goods.stores.into_iter().map(|store| store.id).collect(),
        };
        let mock = MockGoods {
            catalog: Arc::new(facts.catalog.clone()),
            stores: facts.stores.clone(),
            coupons: Vec::new().into(),
            prices: Prices::Fixed,
        };
        let factory = MockShop::factory(mock, meter.on_sent());
        let reports = Reports::default();
        let session = Session::new(SessionId(0), factory, 64, reports, Arc::clone(&pacing));
        let (queue, throttle) = (QueueLength::default(), SharedThrottle::default());
        let limiter = RateLimiter::new(
            Rate::Unlimited,
            parked.clone(),
            queue,
            throttle.clone(),
            Pressure::new(InFlight::Automatic, pacing.now()),
            Arc::clone(&pacing),
        );
        let settings = AgentSettings {
            run_id: RunId::fresh(),
            owner: OwnerToken::fresh(),
            behavior: Arc::new(population::load()),
            shop: MockShop::traits(),
            store_id: None,
            cohort: None,
            pacing,
            parked,
            throttle,
            entropy: Entropy::System,
            prices: Arc::default(),
            coupons: Arc::default(),
        };
        Self {
            permits: limiter.start().recipient(),
            session: session.start().recipient(),
            coordinator: Deaf.start().recipient(),
            keep: Deaf.start().recipient(),
            settings: Arc::new(settings),
            facts: Arc::new(facts),
            persona: Arc::new(persona(0)),
        }
    }

    /// The same visit each time: one seed.
    fn visit(&self, progress: ProgressMark, draft: &Rc<RefCell<Option<Draft>>>) -> Visit {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
        let clock =
            VisitClock::plan(&mut rng, &self.settings.behavior.think, (VIEWS, VIEWS), start());
        let owned = Owned { run: self.settings.run_id, owner: self.settings.owner };
        *draft.borrow_mut() = Some(Draft::new(key(owned, 0, 0, 0), ShopCart::Clean));
        let caller = Caller {
            agent_id: self.persona.agent_id.clone(),
            user_id: self.persona.user_id,
            flow_id: None,
        };
        let calls = Calls {
            door: ShopDoor {
                permits: self.permits.clone(),
                session: self.session.clone(),
                http_session: SessionId(0),
            },
            down: DownFlag::default(),
            progress,
            pacing: Arc::clone(&self.settings.pacing),
            parked: self.settings.parked.clone(),
            throttle: self.settings.throttle.clone(),
            caller,
            simulated_at: start(),
            idempotency: self.settings.shop.idempotency,
            timings: Vec::new(),
            requests: 0,
            retries: 0,
            misreads: Vec::new(),
        };
        Visit {
            persona: Arc::clone(&self.persona),
            settings: Arc::clone(&self.settings),
            shop: Arc::clone(&self.facts),
            calls,
            clock,
            state: AgentState::new(rng, AgentMemory::default()),
            draft: Rc::clone(draft),
            drill: SharedDrill::default(),
            keep: self.keep.clone(),
        }
    }

    async fn bare(&self) {
        let mut visit = self.visit(ProgressMark::default(), &Rc::default());
        assert_ne!(visit.shop(VIEWS, None).await.status, FlowStatus::Failed);
    }

    async fn supervised(&self) {
        let (progress, pacing) = (ProgressMark::default(), Arc::clone(&self.settings.pacing));
        let agent = self.persona.agent_id.clone();
        let upward = self.coordinator.clone();
        let mut monitor = Monitor::new(upward, agent, Incarnation(0), Arc::clone(&pacing));
        let mut visit = self.visit(progress.clone(), &monitor.draft());
        let flow = async move { visit.shop(VIEWS, None).await };
        let end = watched(flow, progress, pacing, self.settings.parked.clone()).await;
        let Watched::Ended(ending) = end else { panic!("{end:?}") };
        assert_ne!(ending.status, FlowStatus::Failed);
        monitor.dismiss();
    }
}

fn visits(criterion: &mut Criterion) {
    let system = actix::System::new();
    let shop = system.block_on(async { Shop::open() });
    let mut group = criterion.benchmark_group("supervision");
    group.bench_function("a visit, bare", |bencher| {
        bencher.iter(|| system.block_on(shop.bare()));
    });
    group.bench_function("a visit, supervised", |bencher| {
        bencher.iter(|| system.block_on(shop.supervised()));
    });
    group.finish();
}

criterion_group!(benches, visits);
criterion_main!(benches);
