//! What happens before the first tick: agents are loaded, the shop is looked at, the run is opened.
//!
//! In this order, so that nothing is written before both the shop and the store have answered.

mod catalogue;
pub(super) mod first_contact;
mod look;
pub(super) mod outlook;
mod viewing;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use chrono::NaiveDateTime;
use futures::FutureExt;
use serde_json::json;

use crate::agent::messages::ShopFacts;
use crate::circuit_breaker::messages::FreezeReason;
use crate::db_writer::messages::{
    AbandonOrphans, BeginReplay, LoadAgents, LoadMemories, OpenRun, RecordSeen,
};
use crate::domain::catalog::Catalog;
use crate::domain::cycle::Cycle;
use crate::domain::flow::{AgentMemory, ShopCart};
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::incident::IncidentKind;
use crate::domain::persona::Persona;
use crate::domain::shop_notes::{Misread, ShopNotes};
use crate::domain::snapshot::{is_other_population, population};
use crate::panic_words::panic_words;
use crate::ports::pacing::Pacing;
use crate::ports::shop_api::{Caller, CatalogMode, ShopCall, ShopReply};
use crate::ports::store::{DirtyCart, Lived, NewRun, Replay};

use super::ledger::Report;
use super::lost_orders;
use super::messages::StartError;
use super::plan::{ResumePoint, RunPlan};
use super::run::input::{Input, Reopened};
use super::services::Services;
use super::session_check;

use self::catalogue::Pages;
pub(super) use self::look::Look;
use self::outlook::Outlook;

/// Under this share of agents' categories at the shop, somebody should look at the personas.
const CATEGORIES_KNOWN_MIN_PERCENT: usize = 50;

/// What the first tick needs.
pub struct Prepared {
    /// The active agents.
    pub personas: Vec<Persona>,
    /// What the shop sells; nothing where nobody may look.
    pub shop: Arc<ShopFacts>,
    /// What the run hears.
    pub input: Input,
    /// What its agents remember.
    pub memories: HashMap<AgentId, AgentMemory>,
    /// What the shop showed that does not fit.
    pub notes: ShopNotes,
    /// What is said before the run hears of it, and after.
    pub reports: (Vec<Report>, Vec<Report>),
}

/// What a run that goes on after a crash or a freeze needs.
struct Resumed {
    replay: Replay,
    memories: HashMap<AgentId, AgentMemory>,
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
    if let Some(point) = &plan.resume_from
        && let Some(reason) = point.stays_frozen()
    {
        return come_back(&services, &plan, point, reason.clone()).await;
    }
    let (personas, others) = load_agents(&services, &plan).await?;
    let callers = first_contact::callers(&personas);
    if plan.resume_from.is_some() {
        session_check::all(&services, &plan, &callers[0]).await?;
    }
    let (shop, notes) = look_at_shop(&services, &plan, &callers).await?;
    warn_of_foreign_categories(&personas, &shop.catalog);
    if let Some(said) = Outlook::of(&plan, &personas).says() {
        tracing::warn!("{said}");
    }
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
        Some(point) => {
            Some(begin_attempt(&services, &plan, (point.boundary, point.lived), at).await?)
        }
    };
    // Before anything else is sent: what agents send next would blur what the shop shows.
    let orders = lost_orders::find(&services, &plan, &*pacing, true).await?;
    let (replay, mut memories) = match resumed {
        Some(Resumed { replay, memories }) => (Some(replay), memories),
        None => (None, HashMap::new()),
    };
    let orphans = services.write(AbandonOrphans { run_id: plan.run_id, at }).await?;
    remember_carts(&mut memories, orphans.dirty.iter().chain(&plan.dirty_carts));
    let seen = RecordSeen {
        run_id: plan.run_id,
        products: shop.catalog.products.clone(),
        coupons: plan.coupons.as_ref().clone(),
        at,
    };
    services.write(seen).await?;
    let searched = orders.says().map(|says| (IncidentKind::OrderFound, says, orders.detail()));
    let carts = if plan.shop.keeps_carts() { orphans.dirty.len() } else { 0 };
    let cleaned = cleans_up(orphans.abandoned, carts, replay).into_iter().chain(searched);
    let reports = (resumes(&plan, replay, others), cleaned.collect());
    let input = Input::Prepared(Ok(replay));
    Ok(Prepared { personas, shop: Arc::new(shop), memories, input, notes, reports })
}

/// A run that comes back frozen asks the store for its agents and what they left, and nobody for
/// anything else.
async fn come_back(
    services: &Services,
    plan: &RunPlan,
    point: &ResumePoint,
    reason: FreezeReason,
) -> Result<Prepared, StartError> {
    let (personas, others) = load_agents(services, plan).await?;
    let message = format!("came back frozen: {reason}");
    let frozen = [(IncidentKind::Freeze, message, point.detail())];
    let reports = (changes(point, others).chain(frozen).collect(), Vec::new());
    let (run_id, before, agents) = (plan.run_id, point.boundary, Vec::new());
    let mut memories = services.write(LoadMemories { run_id, before, agents }).await?;
    remember_carts(&mut memories, &plan.dirty_carts);
    let (shop, notes) = (Arc::default(), ShopNotes::default());
    let input = Input::CameBack(reason);
    Ok(Prepared { personas, shop, memories, input, notes, reports })
}

/// Whose cart a dead process left full clears it before it puts anything in.
fn remember_carts<'a>(
    memories: &mut HashMap<AgentId, AgentMemory>,
    carts: impl IntoIterator<Item = &'a DirtyCart>,
) {
    for cart in carts {
        memories.entry(cart.agent_id.clone()).or_default().shop_cart = ShopCart::Dirty;
    }
}

/// What is said of a process that goes on with a run of another one, or of its own past.
fn resumes(plan: &RunPlan, replay: Option<Replay>, others: Option<String>) -> Vec<Report> {
    let (Some(point), Some(replay)) = (&plan.resume_from, replay) else { return Vec::new() };
    let cycle = point.snapshot.boundary;
    let message = format!("the run goes on at cycle {cycle} after a resume");
    let mut detail = point.detail();
    detail["ended_rows"] = replay.ended_rows.into();
    changes(point, others).chain([(IncidentKind::Resume, message, detail)]).collect()
}

/// What is said of settings and agents that are not those of before.
fn changes(point: &ResumePoint, others: Option<String>) -> impl Iterator<Item = Report> {
    let changes = point.changed_settings.iter().cloned().chain(others);
    changes.map(|change| (IncidentKind::SettingChanged, change, json!({})))
}

/// What is said of what a dead process left behind.
fn cleans_up(abandoned: u64, carts: usize, replay: Option<Replay>) -> Vec<Report> {
    let rows = abandoned + replay.map_or(0, |replay| replay.ended_rows);
    if rows == 0 && carts == 0 {
        return Vec::new();
    }
    let message = format!(
        "clean-up after a dead process: {rows} open shopping sessions abandoned, {carts} carts \
         at the shop are cleared before anything is put in again"
    );
    let detail = json!({ "abandoned": rows, "dirty_carts": carts });
    vec![(IncidentKind::CleanUp, message, detail)]
}

/// The active agents, as many as the plan wants, never none; and what is said where they are not
/// those of the checkpoint.
async fn load_agents(
    services: &Services,
    plan: &RunPlan,
) -> Result<(Vec<Persona>, Option<String>), StartError> {
    let mut personas = services.write(LoadAgents).await?;
    let others = plan.resume_from.as_ref().map(|point| others(point, plan, &personas));
    personas.truncate(plan.agents_max.unwrap_or(usize::MAX));
    match personas.is_empty() {
        true => Err(StartError::NoAgents),
        false => Ok((personas, others.transpose()?.flatten())),
    }
}

/// What is said of agents that are not the checkpoint's, where they are welcome. Fewer or more of
/// the same by --agents is a setting that changed.
fn others(
    point: &ResumePoint,
    plan: &RunPlan,
    active: &[Persona],
) -> Result<Option<String>, StartError> {
    let (saved, found) = (point.snapshot.agents, active.len());
    let as_many = &active[..found.min(saved as usize)];
    let are_all = plan.agents_max.is_some() || found == saved as usize;
    let known = point.snapshot.population.as_deref().unwrap_or_default();
    let are_others = is_other_population(known, &population(as_many));
    match (are_others || !are_all && !known.is_empty(), point.accepts_population) {
        (false, _) => Ok(None),
        (true, false) => Err(StartError::OtherAgents { saved, found }),
        (true, true) => Ok(Some(format!(
            "the {found} active agents are not the {saved} of the checkpoint, and were accepted"
        ))),
    }
}

/// What an operator's resume of a frozen run needs: the shop looked at, a new attempt begun.
pub async fn reopen(
    services: Services,
    plan: Arc<RunPlan>,
    pacing: Arc<dyn Pacing>,
    callers: Vec<Caller>,
    lived: Lived,
) -> Result<Box<Reopened>, StartError> {
    let reopened = async {
        session_check::all(&services, &plan, &callers[0]).await?;
        let (shop, notes) = look_at_shop(&services, &plan, &callers).await?;
        let resumed = begin_attempt(&services, &plan, (lived.before, lived), pacing.wall()).await?;
        let Resumed { replay, memories } = resumed;
        let orders = lost_orders::find(&services, &plan, &*pacing, false).await?;
        let shop = Arc::new(shop);
        Ok(Box::new(Reopened { replay, shop, notes, memories, orders }))
    };
    caught(reopened).await
}

async fn begin_attempt(
    services: &Services,
    plan: &RunPlan,
    (boundary, lived): (Cycle, Lived),
    at: NaiveDateTime,
) -> Result<Resumed, StartError> {
    let (run_id, owner) = (plan.run_id, plan.owner);
    let replay = services.write(BeginReplay { run_id, owner, lived, at }).await?;
    let before = replay.lost_from.map_or(boundary, |lost| lost.min(boundary));
    let load = LoadMemories { run_id, before, agents: Vec::new() };
    let memories = services.write(load).await?;
    Ok(Resumed { replay, memories })
}

async fn look_at_shop(
    services: &Services,
    plan: &RunPlan,
    callers: &[Caller],
) -> Result<(ShopFacts, ShopNotes), StartError> {
    let mut look = Look::new(SessionId(0), services, plan, callers[0].clone());
    look.ask(ShopCall::Probe).await?;
    let mut facts = ShopFacts::default();
    if plan.shop.selects_store
        && let ShopReply::Stores(stores) = look.ask(ShopCall::ListStores).await?
    {
        facts.stores = stores;
    }
    first_contact::meet(&mut look, callers, plan, &facts).await?;
    let mut pages = Pages::new(plan.shop.paging);
    while let Some(call) = pages.next() {
        let reply = look.ask(call).await?;
        let ShopReply::Products { products, came, total, next } = reply else { break };
        pages.take(products, came, (total, next));
    }
    look.notes.catalog = pages.partial();
    let mut products = pages.into_products();
    if plan.shop.catalog == CatalogMode::Viewed {
        let (viewed, misreads) = viewing::all(services, plan, &look.caller, products).await?;
        misreads.into_iter().for_each(|misread| look.notes.misread(misread));
        products = viewed;
    }
    facts.catalog = Catalog { products };
    if facts.catalog.products.is_empty() {
        let left_out = look.notes.misreads().next().map(Misread::says);
        return Err(StartError::EmptyCatalog { left_out });
    }
    Ok((facts, look.notes))
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
