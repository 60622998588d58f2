//! Whole runs on a paused clock: every actor of the topology, one thread, a scripted shop, the dry
//! store and checkpoints in memory.
//!
//! Time stands still while anybody works and jumps to the next timer when nobody does, so a run of
//! hours takes seconds and its times are exact to tokio's millisecond.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actors::agent::messages::AgentInjection;
use actors::coordinator::Coordinator;
use actors::coordinator::agenda::Moment;
use actors::coordinator::command::{Command, CommandRefused, Done, Door, Quit};
use actors::coordinator::messages::{Inject, Operate, Service, ServiceDown, StartError, StartRun};
use actors::coordinator::plan::{ResumePoint, RunPlan, WarmUp};
use actors::coordinator::status::RunStatus;
use actors::domain::behavior::Behavior;
use actors::domain::cycle::Cycle;
use actors::domain::flow::FlowKey;
use actors::domain::ids::{AgentId, OwnerToken};
use actors::domain::in_flight::InFlight;
use actors::domain::rate::Rate;
use actors::domain::snapshot::{SavedState, Snapshot};
use actors::injection::Injection;
use actors::ports::checkpoint_file::{CheckpointError, CheckpointFile, LoadedCheckpoint};
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::store::{Lived, RunState};
use actors::session_pool::request_meter::SharedMeter;
use actors::topology::{self, Layout, Ports, Running};
use chrono::{NaiveDateTime, TimeDelta};

use super::flows::wall;
use super::population::{personas, plan};
use super::recording_store::{PanicsOn, RecordingStore};
use super::scripted_shop::{Act, Ask, ScriptedShop};

/// How long a test waits for what it expects, paused time.
const PATIENCE: Duration = Duration::from_secs(48 * 3_600);

/// Both clocks from tokio's: on a paused clock the wall stands still too.
pub struct PausedPacing(Instant);

impl Pacing for PausedPacing {
    fn now(&self) -> Instant {
        SystemPacing.now()
    }

    fn wall(&self) -> NaiveDateTime {
        let passed = TimeDelta::from_std(self.now() - self.0).unwrap();
        wall(0) + TimeDelta::microseconds(passed.num_microseconds().unwrap())
    }
}

/// Checkpoints in memory, in the order they were written.
#[derive(Default)]
pub struct MemoryFiles(Mutex<Vec<Snapshot>>);

impl MemoryFiles {
    pub fn all(&self) -> Vec<Snapshot> {
        self.0.lock().unwrap().clone()
    }

    pub fn last(&self) -> Snapshot {
        self.all().pop().unwrap()
    }
}

impl CheckpointFile for MemoryFiles {
    fn save(&self, snapshot: &Snapshot) -> Result<PathBuf, CheckpointError> {
        let mut files = self.0.lock().unwrap();
        files.push(snapshot.clone());
        Ok(PathBuf::from(format!("checkpoint_{}", files.len())))
    }

    fn load_latest(&self) -> Result<Option<LoadedCheckpoint>, CheckpointError> {
        let path = PathBuf::from("checkpoint");
        let newest = self.all().pop();
        Ok(newest.map(|snapshot| LoadedCheckpoint { path, snapshot, refused: Vec::new() }))
    }
}

/// Stops the clock of this test's runtime, at its first run.
fn stop_the_clock() {
    thread_local! {
        static STOPPED: Cell<Option<tokio::runtime::Id>> = const { Cell::new(None) };
    }
    let runtime = tokio::runtime::Handle::current().id();
    if STOPPED.replace(Some(runtime)) != Some(runtime) {
        tokio::time::pause();
    }
}

/// A run to be started.
pub struct Setup {
    /// Changed by tests where there is no method for it.
    pub plan: RunPlan,
    agents: usize,
    script: Arc<dyn Fn(&Ask) -> Act + Send + Sync>,
    panics_on: PanicsOn,
    /// Of the run that goes on.
    store: Option<Arc<RecordingStore>>,
}

/// So many agents of preset `load`, all released, as fast as work allows, without a limit.
pub fn run_of(agents: usize) -> Setup {
    Setup {
        plan: plan(ScriptedShop::traits(), super::population::load()),
        agents,
        script: Arc::new(|_| Act::Answer),
        panics_on: Box::new(|_| false),
        store: None,
    }
}

impl Setup {
    pub fn cycles(mut self, cycles: u32) -> Self {
        self.plan.ends.cycles = Some(cycles);
        self
    }

    /// 10, 25, 50, 75 % for two cycles each.
    pub fn warm_up(mut self) -> Self {
        self.plan.warm_up = WarmUp::default();
        self
    }

    /// Simulated seconds a real one.
    pub fn time_scale(mut self, scale: f64) -> Self {
        self.plan.interval = Duration::from_secs_f64(3_600.0 / scale);
        self
    }

    pub fn rate(mut self, per_second: f64) -> Self {
        self.plan.rate = Rate::PerSecond(per_second);
        self
    }

    /// A shop that has room for everybody at once: calls are not held back however long they take.
    pub fn unbounded(mut self) -> Self {
        self.plan.in_flight = InFlight::Off;
        self
    }

    pub fn behavior(mut self, behavior: Behavior) -> Self {
        self.plan.behavior = Arc::new(behavior);
        self
    }

    pub fn shop(mut self, script: impl Fn(&Ask) -> Act + Send + Sync + 'static) -> Self {
        self.script = Arc::new(script);
        self
    }

    /// Opening such a flow panics in the store.
    pub fn store_panics_on(
        mut self,
        which: impl Fn(&FlowKey) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.panics_on = Box::new(which);
        self
    }

    /// Goes on with a run that has ended, from its last checkpoint.
    pub fn resuming(mut self, ended: &Finished) -> Self {
        let snapshot = ended.files.last();
        self.plan.run_id = snapshot.run_id;
        self.plan.owner = ended.owner;
        self.plan.resume_from = Some(ResumePoint {
            boundary: snapshot.boundary,
            lived: Lived { number: snapshot.resumes, ..Lived::default() },
            unfreeze: false,
            changed_settings: Vec::new(),
            accepts_population: false,
            snapshot,
            checkpoint: "the last one".to_owned(),
        });
        self.store = Some(ended.store.clone());
        self
    }

    /// Stops the clock and starts the run; back when cycle 0 has been ticked.
    pub async fn start(self) -> Live {
        let (live, started) = self.begin().await;
        started.unwrap();
        live
    }

    /// Starts a run that cannot.
    pub async fn refused(self) -> StartError {
        let (live, started) = self.begin().await;
        assert_eq!(live.store.read(|written| written.opened.len()), 0);
        started.unwrap_err()
    }

    async fn begin(self) -> (Live, Result<(), StartError>) {
        stop_the_clock();
        let meter = SharedMeter::default();
        let shop = ScriptedShop::new(self.script, meter.clone());
        let store = self.store.unwrap_or_else(|| {
            Arc::new(RecordingStore::new(personas(self.agents), self.panics_on))
        });
        let owner = self.plan.owner;
        let files = Arc::new(MemoryFiles::default());
        let began = SystemPacing.now();
        let ports = Ports {
            memory: || None,
            shop: shop.factory(),
            meter,
            store: store.clone(),
            checkpoints: files.clone(),
            pacing: Arc::new(PausedPacing(began)),
        };
        let running = topology::start(self.plan, ports, Layout::OneThread);
        shop.watch(running.status.clone());
        let live = Live { running, shop, store, files, began, owner };
        let started = live.coordinator().send(StartRun).await.expect("the Coordinator lives");
        (live, started)
    }

    /// Runs it to its end.
    pub async fn finish(self) -> Finished {
        self.start().await.finish().await
    }
}

/// A run under way.
pub struct Live {
    running: Running,
    pub shop: ScriptedShop,
    pub store: Arc<RecordingStore>,
    pub files: Arc<MemoryFiles>,
    /// Just before the run's start.
    pub began: Instant,
    owner: OwnerToken,
}

/// A run at its end.
pub struct Finished {
    pub state: RunState,
    pub status: RunStatus,
    pub shop: ScriptedShop,
    pub store: Arc<RecordingStore>,
    pub files: Arc<MemoryFiles>,
    /// From its start to its end, paused time.
    pub took: Duration,
    owner: OwnerToken,
}

impl Live {
    fn coordinator(&self) -> &actix::Addr<Coordinator> {
        &self.running.coordinator
    }

    /// Paused time since the start.
    pub fn passed(&self) -> Duration {
        SystemPacing.now() - self.began
    }

    pub fn status(&self) -> RunStatus {
        self.running.status.borrow().clone()
    }

    /// Waits until the status is such.
    pub async fn until(&mut self, is_such: impl FnMut(&RunStatus) -> bool) -> RunStatus {
        let seen = tokio::time::timeout(PATIENCE, self.running.status.wait_for(is_such)).await;
        seen.expect("what was waited for never came").unwrap().clone()
    }

    /// Waits until this cycle's agents are under way.
    pub async fn until_cycle(&mut self, cycle: u32) {
        self.until(|s| s.attempt.cycle.0 == cycle && s.attempt.outstanding > 0).await;
    }

    /// Waits until the run is frozen and at rest: its checkpoint is written, a resume is taken.
    pub async fn until_frozen(&mut self) -> RunStatus {
        let frozen = self.until(|s| s.state == RunState::Frozen).await;
        let saved = self.files.last().state;
        assert!(matches!(saved, SavedState::Frozen { .. }), "{saved:?}");
        frozen
    }

    /// Says this to the run.
    pub async fn operate(&self, command: Command) -> Result<Done, CommandRefused> {
        self.coordinator().send(Operate { command, door: Door::Program }).await.unwrap()
    }

    pub async fn pause(&self) -> Result<Done, CommandRefused> {
        self.operate(Command::Pause).await
    }

    pub async fn resume(&self) -> Result<Done, CommandRefused> {
        self.operate(Command::Resume).await
    }

    pub async fn checkpoint(&self) -> Result<PathBuf, CommandRefused> {
        let done = self.operate(Command::Checkpoint).await?;
        Ok(done.checkpoint.expect("a checkpoint that was written has a path"))
    }

    pub async fn revive(&self, agent: &str) -> Result<Done, CommandRefused> {
        self.operate(Command::Revive(AgentId::new(agent))).await
    }

    /// Injects this at once.
    pub async fn inject(&self, injection: Injection) -> Result<Done, CommandRefused> {
        let inject = Inject { injection, at: None, door: Door::Program };
        self.coordinator().send(inject).await.unwrap()
    }

    /// Injects this at the tick of `cycle`.
    pub async fn inject_at(
        &self,
        cycle: u32,
        injection: Injection,
    ) -> Result<Done, CommandRefused> {
        let at = Some(Moment::Tick(Cycle(cycle)));
        let inject = Inject { injection, at, door: Door::Program };
        self.coordinator().send(inject).await.unwrap()
    }

    /// Injects this into one agent.
    pub async fn drill(&self, agent: &str, what: AgentInjection) -> Result<Done, CommandRefused> {
        self.inject(Injection::Agent(AgentId::new(agent), what)).await
    }

    /// Has the Coordinator believe that this service died.
    pub async fn lose(&self, service: Service) {
        self.coordinator().send(ServiceDown(service)).await.unwrap();
    }

    pub async fn quit(&self, quit: Quit) -> Result<Done, CommandRefused> {
        self.operate(Command::Quit(quit)).await
    }

    /// Waits for the run's end.
    pub async fn finish(mut self) -> Finished {
        let ended = tokio::time::timeout(PATIENCE, &mut self.running.ended).await;
        let state = ended.expect("the run never ended").unwrap();
        Finished {
            state,
            status: self.status(),
            took: self.passed(),
            shop: self.shop,
            store: self.store,
            files: self.files,
            owner: self.owner,
        }
    }
}
