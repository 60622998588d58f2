//! What happens before the first tick: agents are loaded, the shop is looked at, the run is opened.
//!
//! In this order, so that nothing is written before both the shop and the store have answered.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use chrono::NaiveDateTime;
use futures::FutureExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::agent::messages::ShopFacts;
use crate::db_writer::messages::{
    AbandonOrphans, BeginReplay, LoadAgents, LoadMemories, OpenRun, RecordSeen,
};
use crate::domain::catalog::Catalog;
use crate::domain::cycle::Cycle;
use crate::domain::flow::AgentMemory;
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::persona::Persona;
use crate::panic_words::panic_words;
use crate::ports::pacing::Pacing;
use crate::ports::shop_api::{
    ApiError, ApiErrorKind, Caller, IdempotencyMode, ShopCall, ShopReply, ShopRequest,
};
use crate::ports::store::{NewRun, Orphans, Replay};
use crate::rate_limiter::messages::Place;
use crate::shop_door::retry::{self, Next};
use crate::shop_door::{ShopDoor, Stop};

use super::messages::StartError;
use super::plan::RunPlan;
use super::services::Services;
use super::session_check;

/// Products asked for in one page.
const PAGE: u32 = 100;

/// Pages read at most: 10,000 products.
const PAGES_MAX: u32 = 100;

/// Under this share of agents' categories at the shop, somebody should look at the personas.
const CATEGORIES_KNOWN_MIN_PERCENT: usize = 50;

/// What the first tick needs.
pub struct Prepared {
    /// The active agents.
    pub personas: Vec<Persona>,
    /// What the shop sells.
    pub shop: Arc<ShopFacts>,
    /// The attempt a resumed run begins, with its agents' memories; `None` for a new run.
    pub resumed: Option<Resumed>,
    /// What a dead process left behind.
    pub orphans: Orphans,
}

/// What a run that goes on after a crash or a freeze needs.
pub struct Resumed {
    /// The attempt.
    pub replay: Replay,
    /// What the agents remember.
    pub memories: HashMap<AgentId, AgentMemory>,
}

/// Asks shop and store for all of it.
pub async fn prepare(
    services: Services,
    plan: Arc<RunPlan>,
    pacing: Arc<dyn Pacing>,
) -> Result<Prepared, StartError> {
    caught(prepared(services, plan, pacing)).await
}

/// A panic on the way is an error: it must not end the Coordinator, who waits for this.
async fn caught<T>(work: impl Future<Output = Result<T, StartError>>) -> Result<T, StartError> {
    let ended = AssertUnwindSafe(work).catch_unwind().await;
    ended.unwrap_or_else(|panic| Err(StartError::Panicked(panic_words(&*panic))))
}

async fn prepared(
    services: Services,
    plan: Arc<RunPlan>,
    pacing: Arc<dyn Pacing>,
) -> Result<Prepared, StartError> {
    let personas = load_agents(&services, &plan).await?;
    let first = Caller {
        agent_id: personas[0].agent_id.clone(),
        user_id: personas[0].user_id,
        flow_id: None,
    };
    if plan.resume_from.is_some() {
        session_check::all(&services, &plan, &first).await?;
    }
    let shop = look_at_shop(&services, &plan, first).await?;
    warn_of_foreign_categories(&personas, &shop.catalog);
    let at = pacing.wall();
    let resumed = match &plan.resume_from {
        None => {
            let run = NewRun {
                run_id: plan.run_id,
                owner: plan.owner,
                started_at: at,
                simulated_start: plan.simulated_start,
                agents: u32::try_from(personas.len()).unwrap_or(u32::MAX),
                settings: plan.settings.clone(),
            };
            services.write(OpenRun(run)).await?;
            None
        }
        Some(point) => Some(begin_attempt(&services, &plan, point.boundary, at).await?),
    };
    let orphans = services.write(AbandonOrphans { run_id: plan.run_id, at }).await?;
    let seen = RecordSeen {
        run_id: plan.run_id,
        products: shop.catalog.products.clone(),
        coupons: plan.coupons.as_ref().clone(),
        at,
    };
    services.write(seen).await?;
    Ok(Prepared { personas, shop: Arc::new(shop), resumed, orphans })
}

/// The active agents, as many as the plan wants; never none.
pub async fn load_agents(services: &Services, plan: &RunPlan) -> Result<Vec<Persona>, StartError> {
    let mut personas = services.write(LoadAgents).await?;
    personas.truncate(plan.agents_max.unwrap_or(usize::MAX));
    if personas.is_empty() { Err(StartError::NoAgents) } else { Ok(personas) }
}

/// What an operator's resume of a frozen run needs: the shop looked at, a new attempt begun.
pub async fn reopen(
    services: Services,
    plan: Arc<RunPlan>,
    pacing: Arc<dyn Pacing>,
    first: Caller,
    boundary: Cycle,
) -> Result<(ShopFacts, Resumed), StartError> {
    let reopened = async {
        session_check::all(&services, &plan, &first).await?;
        let shop = look_at_shop(&services, &plan, first).await?;
        let resumed = begin_attempt(&services, &plan, boundary, pacing.wall()).await?;
        Ok((shop, resumed))
    };
    caught(reopened).await
}

async fn begin_attempt(
    services: &Services,
    plan: &RunPlan,
    before: Cycle,
    at: NaiveDateTime,
) -> Result<Resumed, StartError> {
    let (run_id, owner) = (plan.run_id, plan.owner);
    let replay = services.write(BeginReplay { run_id, owner, at }).await?;
    let load = LoadMemories { run_id, before, agents: Vec::new() };
    let memories = services.write(load).await?;
    Ok(Resumed { replay, memories })
}

async fn look_at_shop(
    services: &Services,
    plan: &RunPlan,
    first: Caller,
) -> Result<ShopFacts, StartError> {
    let mut look = Look::new(SessionId(0), services, plan, first);
    look.ask(ShopCall::Probe).await?;
    let mut facts = ShopFacts::default();
    if plan.shop.selects_store
        && let ShopReply::Stores(stores) = look.ask(ShopCall::ListStores).await?
    {
        facts.stores = stores;
    }
    for page in 0..PAGES_MAX {
        let call = ShopCall::ListProducts { category: None, limit: PAGE, offset: page * PAGE };
        let ShopReply::Products { products, total } = look.ask(call).await? else { break };
        let got = products.len();
        facts.catalog.products.extend(products);
        let enough = total.is_some_and(|t| facts.catalog.products.len() as u64 >= t);
        if got < PAGE as usize || enough {
            break;
        }
    }
    if facts.catalog.products.is_empty() {
        return Err(StartError::EmptyCatalog);
    }
    Ok(facts)
}

/// The start-up check's own way to the shop, over one HTTP session.
pub(super) struct Look {
    door: Option<ShopDoor>,
    caller: Caller,
    idempotency: IdempotencyMode,
    rng: Xoshiro256PlusPlus,
}

impl Look {
    pub(super) fn new(
        http_session: SessionId,
        services: &Services,
        plan: &RunPlan,
        caller: Caller,
    ) -> Self {
        Self {
            door: services.door(http_session),
            caller,
            idempotency: plan.shop.idempotency,
            rng: plan.entropy.stream("look", &http_session.to_string()),
        }
    }

    pub(super) async fn ask(&mut self, call: ShopCall) -> Result<ShopReply, StartError> {
        let Some(door) = &self.door else { return Err(session_gone(&call)) };
        let request = ShopRequest { caller: Some(self.caller.clone()), call };
        let mut tries = 1;
        loop {
            let error = match door.call(&request, Place::Tail).await {
                Ok(answered) => return Ok(answered.reply),
                Err(Stop::NoPermit(refused)) => return Err(StartError::Ended(refused.to_string())),
                Err(Stop::SessionGone) => return Err(session_gone(&request.call)),
                Err(Stop::Failed(error)) => error,
            };
            match retry::next(&request.call, &error, tries, self.idempotency, &mut self.rng) {
                Next::Again(wait) => tokio::time::sleep(wait).await,
                Next::GiveUp => return Err(StartError::Shop(error)),
            }
            tries += 1;
        }
    }
}

fn session_gone(call: &ShopCall) -> StartError {
    StartError::Shop(ApiError {
        call: call.name(),
        kind: ApiErrorKind::Disconnected,
        detail: Some("the HTTP session is gone".to_owned()),
        sent_at: None,
        failed_at: Instant::now(),
    })
}

fn warn_of_foreign_categories(personas: &[Persona], catalog: &Catalog) {
    let wanted: Vec<&String> = personas.iter().flat_map(|p| &p.preferred_categories).collect();
    let known = wanted.iter().filter(|c| catalog.has_category(c)).count();
    if known * 100 < wanted.len() * CATEGORIES_KNOWN_MIN_PERCENT {
        tracing::warn!(
            known,
            wanted = wanted.len(),
            "under half of the agents' preferred categories exist at this shop: they will mostly \
             browse everything; import personas made for it"
        );
    }
}
