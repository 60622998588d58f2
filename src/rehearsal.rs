//! A whole run in memory, for developers' tests: every actor, stubs behind the ports.
//!
//! The shop is the mock, the store the dry one, checkpoints are forgotten; nothing leaves the
//! process. On a paused tokio clock it takes no time. The ports of a run of your own go to
//! [`topology::start`] in the same way.
//!
//! ```
//! use actors::agent::messages::AgentInjection;
//! use actors::injection::Injection;
//! use cartload::rehearsal::Rehearsal;
//!
//! actix::System::new().block_on(async {
//!     let crash = Injection::Agents(1, AgentInjection::Crash);
//!     let run = Rehearsal::of(40).cycles(3).inject_at(1, crash).start().await.unwrap();
//!     let end = run.finish().await.unwrap();
//!     assert_eq!(end.totals.cycles_completed, 3);
//!     assert_eq!(end.totals.restarts, 1);
//!     assert_eq!(end.totals.counts.failed, 1);
//! });
//! ```

use std::path::PathBuf;
use std::sync::Arc;

use actors::coordinator::agenda::Moment;
use actors::coordinator::command::{Command, CommandRefused, Done, Door};
use actors::coordinator::messages::{Inject, Operate, StartRun};
use actors::coordinator::plan::RunPlan;
use actors::coordinator::status::RunStatus;
use actors::domain::catalog::Catalog;
use actors::domain::cycle::Cycle;
use actors::domain::ids::{OwnerToken, RunId};
use actors::domain::snapshot::Snapshot;
use actors::injection::Injection;
use actors::ports::checkpoint_file::{CheckpointError, CheckpointFile, LoadedCheckpoint};
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::shop_api::ShopTraits;
use actors::ports::store::{RunState, Store};
use actors::session_pool::request_meter::SharedMeter;
use actors::topology::{self, Layout, Ports, Running};
use anyhow::{Result, anyhow};
use shops::coupon_book;
use shops::practice_shop::catalog;
use shops::prices::Prices;
use shops::shop_api::mock::{MockGoods, MockShop};
use store::dry::DryStore;

use crate::config::environment::Environment;
use crate::config::plan::PlanParts;
use crate::config::{Settings, Sources};
use crate::control::Desk;
use crate::presets;

/// What a test changes of the plan.
type Change = Box<dyn FnOnce(&mut RunPlan)>;

/// The plan of a run as a test wants it, for a shop like this: the preset `load`, all agents at
/// once, as fast as the work allows, no limit, and on top what these settings (`CARTLOAD_*`) say.
pub fn plan(shop: ShopTraits, settings: &[(&str, &str)]) -> Result<RunPlan> {
    let base = [
        ("CARTLOAD_WARM_UP", "off"),
        ("CARTLOAD_TIME_SCALE", "max"),
        ("CARTLOAD_RATE", "unlimited"),
    ];
    let pairs = base.iter().chain(settings).map(|(name, value)| ((*name).into(), (*value).into()));
    // Of two values of one variable the last one counts.
    let environment = Environment::from_pairs(pairs);
    let settings = Settings::load(Sources { environment, ..Sources::default() })?;
    Ok(settings.plan(PlanParts {
        run_id: RunId::fresh(),
        owner: OwnerToken::fresh(),
        now: SystemPacing.wall(),
        behavior: presets::behavior(&settings.population.preset)?,
        shop,
        coupons: presets::coupons(&settings.offers)?.of(shop.wallet),
    })?)
}

/// A run that will be rehearsed: all agents at once, as fast as the work allows, no limit.
pub struct Rehearsal {
    agents: u32,
    store: Option<Arc<dyn Store>>,
    changes: Vec<Change>,
    injections: Vec<(Cycle, Injection)>,
}

impl Rehearsal {
    /// With so many agents, `agent_001` the first.
    pub fn of(agents: u32) -> Self {
        Self { agents, store: None, changes: Vec::new(), injections: Vec::new() }
    }

    /// Ends after so many.
    #[must_use]
    pub fn cycles(self, cycles: u32) -> Self {
        self.plan(move |plan| plan.ends.cycles = Some(cycles))
    }

    /// Writes to this store, and takes the agents that it knows.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Changes anything of the plan.
    #[must_use]
    pub fn plan(mut self, change: impl FnOnce(&mut RunPlan) + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    /// Injects this at the tick of `cycle`.
    #[must_use]
    pub fn inject_at(mut self, cycle: u32, injection: Injection) -> Self {
        self.injections.push((Cycle(cycle), injection));
        self
    }

    /// Starts it, in the actix system around the caller; back when cycle 0 has been ticked.
    pub async fn start(self) -> Result<Rehearsed> {
        let meter = SharedMeter::default();
        let goods = catalog::builtin()?;
        let mock = MockGoods {
            stores: goods.stores.into_iter().map(|store| store.id).collect(),
            catalog: Arc::new(Catalog { products: goods.products }),
            coupons: coupon_book::builtin()?.into(),
            prices: Prices::Fixed,
        };
        // As a real shop: flows are opened before their first call.
        let traits = ShopTraits { is_real: true, ..MockShop::traits() };
        let mut plan = plan(traits, &[])?;
        self.changes.into_iter().for_each(|change| change(&mut plan));
        let store = match self.store {
            Some(store) => store,
            None => Arc::new(DryStore::new(presets::personas(self.agents, &[], &mut rand::rng())?)),
        };
        let ports = Ports {
            shop: MockShop::factory(mock, meter.on_sent()),
            meter,
            store,
            checkpoints: Arc::new(Forgotten),
            pacing: Arc::new(SystemPacing),
            memory: || None,
        };
        let run = Rehearsed { running: topology::start(plan, ports, Layout::OneThread) };
        for (cycle, injection) in self.injections {
            run.send_injection(Some(cycle), injection).await?;
        }
        let started = run.running.coordinator.send(StartRun).await;
        started.map_err(|_| anyhow!("the run is gone"))??;
        Ok(run)
    }
}

/// A run under way.
pub struct Rehearsed {
    running: Running,
}

impl Rehearsed {
    /// What it is doing.
    pub fn status(&self) -> RunStatus {
        self.running.status.borrow().clone()
    }

    /// Waits until its status is such; an error when it ends before.
    pub async fn until(&mut self, is_such: impl FnMut(&RunStatus) -> bool) -> Result<RunStatus> {
        Ok(self.running.status.wait_for(is_such).await?.clone())
    }

    /// Its doors, for a control socket of the test's own.
    pub fn desk(&self) -> Desk {
        Desk {
            operate: self.running.coordinator.clone().recipient(),
            inject: self.running.coordinator.clone().recipient(),
            status: self.running.status.clone(),
            faults: None,
        }
    }

    /// Says what an operator may say.
    pub async fn operate(&self, command: Command) -> Result<Done, CommandRefused> {
        let operate = Operate { command, door: Door::Program };
        self.running.coordinator.send(operate).await.unwrap_or(Err(gone()))
    }

    /// Injects this now.
    pub async fn inject(&self, injection: Injection) -> Result<Done, CommandRefused> {
        self.send_injection(None, injection).await
    }

    async fn send_injection(
        &self,
        at: Option<Cycle>,
        injection: Injection,
    ) -> Result<Done, CommandRefused> {
        let at = at.map(Moment::Tick);
        let inject = Inject { injection, at, door: Door::Program };
        self.running.coordinator.send(inject).await.unwrap_or(Err(gone()))
    }

    /// Waits until it is frozen and at rest: a resume is taken. An error when it ends before.
    pub async fn until_frozen(&mut self) -> Result<RunStatus> {
        self.until(|status| status.state == RunState::Frozen).await
    }

    /// Waits for its end; the last picture of it. An error when it freezes: it waits for an
    /// operator and ends no more by itself.
    pub async fn finish(mut self) -> Result<RunStatus> {
        let mut status = self.running.status.clone();
        let waits =
            |status: &RunStatus| status.state == RunState::Frozen && status.ending.is_none();
        let frozen = tokio::select! {
            biased;
            // An error says that the Coordinator is gone: the last picture tells how far it came.
            _ = &mut self.running.ended => None,
            Ok(frozen) = status.wait_for(waits) => frozen.frozen.clone(),
        };
        let last = self.status();
        self.running.stop();
        match frozen {
            None => Ok(last),
            Some(reason) => Err(anyhow!("the run is frozen and waits for an operator: {reason}")),
        }
    }
}

fn gone() -> CommandRefused {
    CommandRefused::WrongState { state: "gone", hint: "start another" }
}

/// Checkpoints that nobody reads.
struct Forgotten;

impl CheckpointFile for Forgotten {
    fn save(&self, snapshot: &Snapshot) -> Result<PathBuf, CheckpointError> {
        Ok(PathBuf::from(format!("checkpoint-{}", snapshot.boundary)))
    }

    fn load_latest(&self) -> Result<Option<LoadedCheckpoint>, CheckpointError> {
        Ok(None)
    }
}
