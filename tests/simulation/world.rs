//! One simulated run from its first process to its end, through every quit and kill.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::coordinator::command::{Command, Door, Quit};
use actors::coordinator::messages::{Inject, Operate, Service, ServiceDown, StartRun};
use actors::coordinator::plan::{ResumePoint, RunPlan};
use actors::domain::experiment::{Arm, Experiment};
use actors::domain::flow::{EndReason, FlowStatus};
use actors::domain::ids::{CohortName, FlowId, OwnerToken, RunId};
use actors::domain::snapshot::Snapshot;
use actors::injection::Injection;
use actors::ports::checkpoint_file::{CheckpointError, CheckpointFile, LoadedCheckpoint};
use actors::ports::entropy::Entropy;
use actors::ports::pacing::Pacing;
use actors::ports::store::RunState;
use actors::session_pool::request_meter::SharedMeter;
use actors::topology::{self, Layout, Ports, Running};
use analysis::verify::{Audit, Problem};
use cartload::checkpoint_files::CheckpointFolder;
use cartload::config::environment::Environment;
use cartload::config::{Settings, Sources};
use cartload::running::Resume;
use cartload::running::takeover::{Taker, take_over};
use questions::Ask;
use questions::ledger::Books;
use rand::seq::IndexedRandom;
use serde_json::json;
use store::{Admin, OpenStore, StoreOptions, StoreUrl, open};
use tempfile::TempDir;
use uuid::Uuid;

use super::scenario::{Act, Scenario};
use super::shop::SimulatedShop;
use super::store::{SimulatedStore, at_once};
use super::trace::{Clock, Trace};
use crate::support::flows::wall;
use crate::support::population::plan;
use crate::support::whole_run::personas;

/// Between two processes, one of them.
const BREAKS: [Duration; 3] =
    [Duration::from_millis(1), Duration::from_millis(700), Duration::from_secs(30)];
/// How often an operator looks at a run whose troubles are over.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Looks after which such a run should long have ended.
const LOOKS_MAX: u32 = 400;

/// A simulated run.
pub struct World {
    pub scenario: Arc<Scenario>,
    pub run: RunId,
    pub shop: Arc<SimulatedShop>,
    pub admin: Admin,
    pub acknowledged: Arc<Mutex<Vec<(FlowId, FlowStatus, EndReason)>>>,
    /// The services that somebody made the Coordinator lose.
    pub lost: BTreeSet<Service>,
    trace: Arc<Trace>,
    clock: Arc<Clock>,
    store: Arc<SimulatedStore>,
    files: Arc<Inline>,
    settings: Settings,
    acts: VecDeque<(Duration, Act)>,
    /// What `verify` found when a process had ended, or was killed in the middle of its work.
    pub audited: Vec<Problem>,
    /// Owners of processes that are gone.
    dead: Vec<OwnerToken>,
    unfreezes: bool,
    looks: u32,
    directory: TempDir,
}

/// How a process left.
enum Left {
    Ended(RunState),
    Killed,
    NeverBegan,
}

/// The real folder of checkpoints, its calls made where they are asked. Says no folder: where it
/// lies differs from run to run.
struct Inline(CheckpointFolder);

impl CheckpointFile for Inline {
    fn save(&self, snapshot: &Snapshot) -> Result<PathBuf, CheckpointError> {
        self.0.save(snapshot).map(|path| path.file_name().unwrap().into())
    }

    fn load_latest(&self) -> Result<Option<LoadedCheckpoint>, CheckpointError> {
        self.0.load_latest()
    }

    fn blocks(&self) -> bool {
        false
    }
}

impl World {
    /// A database with agents, a shop, and nothing begun.
    pub fn new(seed: u64) -> Self {
        Self::of(Scenario::of(seed))
    }

    /// The same, of this scenario.
    pub fn of(scenario: Scenario) -> Self {
        let (seed, scenario) = (scenario.seed, Arc::new(scenario));
        let clock = Arc::new(Clock::new(scenario.steps.clone()));
        let trace = Arc::new(Trace::default());
        let directory = tempfile::tempdir().unwrap();
        let opened = opened(directory.path());
        let chance = Entropy::Seeded(seed);
        let agents = personas(scenario.agents, &mut chance.stream("personas", ""));
        at_once(opened.admin.insert_agents(agents, false, wall(0))).unwrap();
        let acknowledged = Arc::default();
        let store = Arc::new(SimulatedStore {
            real: Mutex::new(opened.store),
            scenario: Arc::clone(&scenario),
            clock: Arc::clone(&clock),
            trace: Arc::clone(&trace),
            rng: Mutex::new(chance.stream("store_faults", "")),
            acknowledged: Arc::clone(&acknowledged),
        });
        let files = CheckpointFolder::open(directory.path().join("checkpoints"), 10).unwrap();
        Self {
            run: RunId(Uuid::from_u64_pair(seed, 1)),
            shop: SimulatedShop::open(
                Arc::clone(&scenario),
                Arc::clone(&clock),
                Arc::clone(&trace),
            ),
            admin: opened.admin,
            acknowledged,
            lost: BTreeSet::new(),
            trace,
            clock,
            store,
            files: Arc::new(Inline(files)),
            settings: settings(scenario.cycles),
            acts: scenario.acts.iter().cloned().collect(),
            audited: Vec::new(),
            dead: Vec::new(),
            unfreezes: false,
            looks: 0,
            directory,
            scenario,
        }
    }

    /// Where the rows are.
    pub fn database(&self) -> PathBuf {
        database(self.directory.path())
    }

    /// All that happened, and nothing more of it.
    pub fn take_trace(&self) -> Vec<String> {
        self.trace.take()
    }

    /// Lets the run come to its end.
    pub fn live(&mut self) {
        let (mut ended, mut after) = (Duration::ZERO, Duration::ZERO);
        let mut rng = Entropy::Seeded(self.scenario.seed).stream("breaks", "");
        for process in 0_u64.. {
            let runtime = || {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                runtime.enable_all().start_paused(true).build().unwrap()
            };
            let left = actix_rt::System::with_tokio_rt(runtime).block_on(async {
                self.clock.begin_process(after, ended);
                let left = self.process(process).await;
                ended = self.clock.elapsed();
                left
            });
            self.audit(&left);
            after = match left {
                Left::Ended(RunState::Completed) => return,
                // Its end is written before its process is gone: there is nothing to resume.
                Left::Killed if self.is_completed() => {
                    return self.note("killed when its end was written: it ends as Ok(Completed)");
                }
                Left::Ended(_) | Left::Killed => *BREAKS.choose(&mut rng).unwrap(),
                // An operator waits for the shop to come back.
                Left::NeverBegan => BREAKS[2],
            };
            assert!(process < 400, "it takes a new process again and again");
        }
    }

    /// Looks at the rows as they are now; one that was killed has left them as one that lives.
    fn audit(&mut self, left: &Left) {
        let Some(ledger) = at_once(self.admin.at_once(Books(self.run))).unwrap() else { return };
        let audit = Audit::of(&ledger, !matches!(left, Left::Ended(_)));
        self.audited.extend(audit.problems);
    }

    fn is_completed(&self) -> bool {
        let runs = at_once(self.admin.list_runs()).unwrap();
        runs.iter().any(|run| run.run_id == self.run && run.state == RunState::Completed)
    }

    async fn process(&mut self, process: u64) -> Left {
        let owner = OwnerToken(Uuid::from_u64_pair(self.scenario.seed, process + 2));
        let mut plan = self.plan();
        plan.owner = owner;
        plan.entropy = Entropy::Seeded(self.scenario.seed.wrapping_add(process << 32));
        if process > 0 {
            plan.resume_from = self.resume_point(owner);
        }
        self.dead.push(owner);
        *self.store.real.lock().unwrap() = opened(self.directory.path()).store;
        self.note(&format!("process {process} begins"));
        let meter = SharedMeter::default();
        let ports = Ports {
            shop: self.shop.factory(&meter),
            meter,
            store: self.store.clone(),
            checkpoints: self.files.clone(),
            pacing: self.clock.clone(),
            memory: || None,
        };
        let running = topology::start(plan, ports, Layout::OneThread);
        self.watch(running).await
    }

    fn plan(&self) -> RunPlan {
        let scenario = &self.scenario;
        let mut plan = plan(self.shop.traits(), scenario.behavior.clone());
        plan.run_id = self.run;
        plan.ends.cycles = Some(scenario.cycles);
        plan.interval = scenario.interval;
        plan.rate = scenario.rate;
        plan.checkpoint_every_cycles = scenario.checkpoint_every_cycles;
        plan.settings = self.settings.as_json();
        if scenario.warm_up {
            plan.warm_up = Default::default();
        }
        plan.settings["warm_up"]["enabled"] = scenario.warm_up.into();
        if scenario.experiment {
            let arm = |name| Arm {
                name: CohortName::new(name),
                share: 0.5,
                behavior: Arc::clone(&plan.behavior),
                offers: plan.offers,
            };
            let arms = [arm("plain"), arm("bold")];
            let told = arms.each_ref().map(|arm| json!({ "name": arm.name, "share": arm.share }));
            plan.settings["experiment"] = json!({ "name": "sound", "arms": told });
            let experiment = Experiment { name: "sound".to_owned(), arms: arms.into() };
            plan.experiment = Some(Arc::new(experiment));
        }
        plan
    }

    /// As `cartload resume` finds it; `None` where no process came as far as a checkpoint.
    fn resume_point(&mut self, owner: OwnerToken) -> Option<ResumePoint> {
        let checkpoint = self.files.load_latest().unwrap()?;
        let resume = Resume {
            reached: (checkpoint.snapshot.boundary, checkpoint.snapshot.resumes),
            checkpoint,
            is_named: false,
            ends_anew: false,
            unfreeze: std::mem::take(&mut self.unfreezes),
            changed_settings: Vec::new(),
            accepts_population: false,
            saved_runs: [self.run].into(),
        };
        let taker = Taker { owner, dead: self.dead.clone(), at: self.clock.wall() };
        let taking = take_over(&self.admin, &self.settings, &resume, &taker);
        Some(at_once(taking).unwrap_or_else(|error| panic!("{error}")).from)
    }

    /// Does what the scenario says to a process, until it is gone.
    async fn watch(&mut self, mut running: Running) -> Left {
        let mut watch = Watch::default();
        let coordinator = running.coordinator.clone();
        let mut starting = Box::pin(coordinator.send(StartRun));
        let mut has_begun = false;
        loop {
            let now = self.clock.elapsed();
            // Nobody does anything to a run before its first checkpoint.
            let is_new = !has_begun && self.dead.len() == 1;
            let due = self.acts.front().map_or(now.max(self.scenario.heals_at), |(at, _)| *at);
            let due = if self.acts.is_empty() { due + LOOK_EVERY } else { due };
            // Never before the actors have started: dropped unstarted, they start to be dropped.
            let wait = due.saturating_sub(now).max(Duration::from_millis(1));
            tokio::select! {
                biased;
                started = &mut starting, if !has_begun => match started.unwrap() {
                    Ok(()) => has_begun = true,
                    Err(error) => {
                        self.note(&format!("it does not begin: {error}"));
                        return Left::NeverBegan;
                    }
                },
                ended = &mut running.ended => {
                    self.note(&format!("it ends as {ended:?}"));
                    return Left::Ended(ended.unwrap());
                }
                () = tokio::time::sleep(wait), if !is_new => {
                    watch.look(&running, &self.shop);
                    let act = match self.acts.pop_front() {
                        Some((_, act)) => Some(act),
                        None => self.look_after(&running),
                    };
                    if let Some(act) = act
                        && let Some(left) = self.act(act, &running, &mut watch).await
                    {
                        return left;
                    }
                }
            }
        }
    }

    /// What an attentive operator does about a run whose troubles are over.
    fn look_after(&mut self, running: &Running) -> Option<Act> {
        self.looks += 1;
        let status = running.status.borrow().clone();
        assert!(self.looks < LOOKS_MAX, "it never ends: {status:?}");
        match status.state {
            RunState::Frozen if self.looks.is_multiple_of(5) => {
                Some(Act::Operate(Command::Quit(Quit::Now)))
            }
            RunState::Frozen | RunState::Paused => Some(Act::Operate(Command::Resume)),
            RunState::Running | RunState::Freezing | RunState::Completed | RunState::Stopped => {
                None
            }
        }
    }

    async fn act(&mut self, act: Act, running: &Running, watch: &mut Watch) -> Option<Left> {
        self.note(&format!("somebody: {act:?}"));
        let coordinator = &running.coordinator;
        match act {
            Act::Operate(command) => {
                if matches!(command, Command::Quit(_)) {
                    self.unfreezes = self.acts.is_empty();
                }
                let opens = (command == Command::Resume).then(|| watch.opening());
                let asked = coordinator.send(Operate { command, door: Door::Program });
                let (trace, clock) = (Arc::clone(&self.trace), Arc::clone(&self.clock));
                // Not waited for: the answer may take as long as a cycle, or never come.
                actix::spawn(async move {
                    let answer = asked.await;
                    trace.note(clock.elapsed(), &format!("answered: {answer:?}"));
                    drop(opens);
                });
            }
            Act::Strike(agent_id, fault) => {
                let injection = Injection::Agent(agent_id, fault);
                let inject = Inject { injection, at: None, door: Door::Program };
                let answer = coordinator.send(inject).await.unwrap();
                self.note(&format!("answered: {answer:?}"));
            }
            Act::Lose(service) => {
                self.lost.insert(service);
                coordinator.send(ServiceDown(service)).await.unwrap();
            }
            Act::Kill(unfreezes) => {
                self.unfreezes = unfreezes;
                return Some(Left::Killed);
            }
        }
        None
    }

    fn note(&self, what: &str) {
        self.trace.note(self.clock.elapsed(), what);
    }
}

/// What must hold of a process at all times: a frozen run sends nothing, and nobody but an
/// operator opens it.
#[derive(Default)]
struct Watch {
    /// Requests when it was seen frozen, nobody having asked to open it since.
    silent_at: Option<usize>,
    /// Held by every operator's resume that is under way.
    opening: Rc<()>,
}

impl Watch {
    fn look(&mut self, running: &Running, shop: &SimulatedShop) {
        let (state, outstanding) = {
            let status = running.status.borrow();
            (status.state, status.attempt.outstanding)
        };
        if let Some(calls) = self.silent_at {
            assert_eq!(state, RunState::Frozen, "nobody opened it");
            assert_eq!(shop.calls(), calls, "a frozen run sends nothing");
        }
        let is_silent =
            state == RunState::Frozen && outstanding == 0 && Rc::strong_count(&self.opening) == 1;
        self.silent_at = is_silent.then(|| shop.calls());
    }

    /// An operator's resume is under way for as long as the answer is held.
    fn opening(&mut self) -> Rc<()> {
        self.silent_at = None;
        Rc::clone(&self.opening)
    }
}

fn settings(cycles: u32) -> Settings {
    let pairs = [("CARTLOAD_CYCLES", cycles.to_string()), ("CARTLOAD_LOG_FORMAT", "json".into())];
    let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value));
    let sources = Sources { environment: Environment::from_pairs(pairs), ..Sources::default() };
    Settings::load(sources).unwrap()
}

fn opened(directory: &Path) -> OpenStore {
    let url = format!("sqlite://{}", database(directory).display());
    at_once(open(&StoreUrl::parse(&url).unwrap(), &StoreOptions::default())).unwrap()
}

fn database(directory: &Path) -> PathBuf {
    directory.join("cartload.db")
}
