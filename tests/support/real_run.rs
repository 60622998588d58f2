//! Whole runs as an operator has them: real clocks and threads, the practice shop over HTTP, a real
//! database.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use actors::coordinator::messages::StartRun;
use actors::coordinator::plan::RunPlan;
use actors::coordinator::status::RunStatus;
use actors::domain::behavior::Behavior;
use actors::ports::pacing::SystemPacing;
use actors::ports::shop_api::{ShopApiFactory, ShopTraits};
use actors::ports::store::{RunState, Store};
use actors::session_pool::request_meter::SharedMeter;
use actors::topology::{self, Layout, Ports};
use shops::practice_shop::{PracticeConfig, PracticeShop, ShopBooks, ShopLedger};
use shops::shop_api::http::{self, Credentials, OnSent, ShopOptions};
use shops::shop_api::profile::Profile;
use store::dry::DryStore;
use store::{Admin, StoreOptions, StoreUrl, open};

use super::flows::wall;
use super::population::{personas, plan};
use super::run::MemoryFiles;

/// A run at its end.
pub struct RealRun {
    pub state: RunState,
    pub status: RunStatus,
    /// What the shop counted.
    pub ledger: ShopLedger,
    /// What the shop has in its books.
    pub books: ShopBooks,
    /// When each request left, in order.
    pub sent: Vec<Instant>,
}

/// Real runs take turns: their times mean nothing on a machine that is busy with another.
pub static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// What the practice shop is like, by its profile.
pub fn practice_traits() -> ShopTraits {
    Profile::builtin("practice").unwrap().traits()
}

/// A plan for the practice shop: all agents, as fast as work allows, no limit.
pub fn practice_plan(behavior: Behavior) -> RunPlan {
    plan(practice_traits(), behavior)
}

/// Runs the plan to its end against a practice shop of its own.
pub async fn run(plan: RunPlan, store: Arc<dyn Store>) -> RealRun {
    let profile = Profile::builtin("practice").unwrap();
    run_at(profile, PracticeConfig::default(), plan, store).await
}

/// The same by this profile, against a shop of this kind.
pub async fn run_at(
    profile: Profile,
    config: PracticeConfig,
    plan: RunPlan,
    store: Arc<dyn Store>,
) -> RealRun {
    let _turn = TURN.lock().await;
    // A second installation is refused, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let shop = PracticeShop::start(config).unwrap();
    let (meter, sent) = (SharedMeter::default(), Arc::new(Mutex::new(Vec::new())));
    let (count, times) = (meter.on_sent(), Arc::clone(&sent));
    let on_sent: OnSent = Arc::new(move |at| {
        count(at);
        times.lock().unwrap().push(at);
    });
    let ports = Ports {
        memory: || None,
        shop: factory(profile, shop.base_url(), on_sent),
        meter,
        store,
        checkpoints: Arc::new(MemoryFiles::default()),
        pacing: Arc::new(SystemPacing),
    };
    let mut running = topology::start(plan, ports, Layout::Threads);
    running.coordinator.send(StartRun).await.unwrap().unwrap();
    let state = (&mut running.ended).await.unwrap();
    let status = running.status.borrow().clone();
    running.stop();
    let (ledger, books) = (shop.ledger(), shop.books());
    shop.stop().unwrap();
    let mut sent = std::mem::take(&mut *sent.lock().unwrap());
    sent.sort();
    RealRun { state, status, ledger, books, sent }
}

fn factory(profile: Profile, base_url: String, on_sent: OnSent) -> ShopApiFactory {
    let options = ShopOptions { base_url: Some(base_url), auth: None, ca_file: None };
    http::factory(Arc::new(profile), &options, Credentials::default(), on_sent).unwrap()
}

/// A store that keeps nothing, with so many agents.
pub fn dry(agents: usize) -> Arc<dyn Store> {
    Arc::new(DryStore::new(personas(agents)))
}

/// A database in this directory, with so many agents.
pub async fn sqlite(directory: &Path, agents: usize) -> (Arc<dyn Store>, Admin) {
    let url = format!("sqlite://{}/cartload.db", directory.display());
    database(&url, agents).await
}

/// The database at this URL, with so many agents and the pool of a default run.
pub async fn database(url: &str, agents: usize) -> (Arc<dyn Store>, Admin) {
    let url = StoreUrl::parse(url).unwrap();
    let opened = open(&url, &StoreOptions::default()).await.unwrap();
    opened.admin.insert_agents(personas(agents), false, wall(0)).await.unwrap();
    (opened.store, opened.admin)
}
