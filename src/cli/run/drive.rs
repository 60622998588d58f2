//! A run from its settings to its end: opens what it needs in the order in which it may fail, wires
//! the actors, watches them, and closes everything in the opposite order.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use actors::coordinator::command::{Command, Door, Quit};
use actors::coordinator::messages::{Operate, StartRun};
use actors::coordinator::plan::ResumePoint;
use actors::domain::ids::RunId;
use actors::domain::persona::AgentStatus;
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::store::{DirtyCart, RunState, Store};
use actors::session_pool::request_meter::SharedMeter;
use actors::topology::{self, Layout, Ports, Running};
use anyhow::{Context, Result};
use chrono::NaiveDateTime;
use shops::practice_shop::RunningShop;
use store::admin::AgentFilter;
use store::{Admin, OpenStore};
use tokio_util::sync::CancellationToken;

use super::target::{self, Target};
use super::watchers::Watchers;
use super::{Asked, Ended, orphans, signals};
use crate::checkpoint_files::CheckpointFolder;
use crate::cli::database;
use crate::cli::resume::takeover::{self, Taker};
use crate::config::Settings;
use crate::config::plan::PlanParts;
use crate::config::shop::ShopTarget;
use crate::config::words::OnFreeze;
use crate::control::{ControlSocket, Desk};
use crate::dashboard::look::Look;
use crate::dashboard::{self, Dashboard, Parts, view};
use crate::data_dir::DataDir;
use crate::run_report::RunReport;
use crate::run_report::progress::Progress;
use crate::scenario::Player;
use crate::scenario::player::Doors;

/// Runs it to its end.
pub fn drive(asked: Asked) -> Result<Ended> {
    actix_rt::System::new().block_on(driven(asked))
}

async fn driven(mut asked: Asked) -> Result<Ended> {
    let scenario = asked.scenario.take();
    let settings = &asked.settings;
    let behavior = database::preset(&settings.population.preset)?;
    let coupons = database::coupons(settings)?;
    let mut watchers = Watchers::open(&asked)?;
    let meter = SharedMeter::default();
    let Target { factory, traits, practice } = target::open(settings, &coupons, &meter)?;

    let (store, admin) = open_store(&asked).await?;
    let pacing: Arc<dyn Pacing> = Arc::new(SystemPacing);
    let before = before_it(&asked, admin.as_ref(), pacing.wall()).await?;
    let mut plan = settings.plan(PlanParts {
        run_id: before.run_id,
        owner: asked.owner,
        now: pacing.wall(),
        behavior,
        shop: traits,
        coupons,
    })?;
    plan.resume_from = before.resume_from;
    plan.dirty_carts = before.dirty_carts;
    let keep = usize::try_from(settings.checkpoints.keep)?;
    let checkpoints = Arc::new(CheckpointFolder::open(asked.data.checkpoints()?, keep)?);
    let memory = || memory_stats::memory_stats().map(|seen| seen.physical_mem as u64);
    let ports =
        Ports { shop: factory, meter, store: Arc::clone(&store), checkpoints, pacing, memory };
    let planned = plan.ends.cycles;
    let running = topology::start(plan, ports, layout(settings));
    watchers.connect(&running);
    let control = open_control(&asked.data, &running, practice.as_ref());

    let player = match scenario {
        Some(scenario) => {
            let doors = drill_doors(&running, practice.as_ref());
            Some(Player::note(scenario, doors).await.context("the scenario")?)
        }
        None => None,
    };
    let progress = progress(&asked, &running, before.run_id, planned);
    let outcome = watch(running, &progress, &asked, player).await;
    progress.finish();
    if let Some(control) = control {
        control.close().await;
    }
    // The store last: everything above may still write.
    let drained = store.drain().await;
    watchers.close(&outcome).await;
    drained?;
    if let Some(admin) = admin {
        admin.close().await;
    }
    if let Some(practice) = practice {
        practice.stop().context("closing the practice shop")?;
    }
    drop(asked.lock);
    outcome
}

/// Answers of the mock come at once: each hop to another thread costs more than its work.
fn layout(settings: &Settings) -> Layout {
    match settings.shop.target() {
        ShopTarget::Mock => Layout::OneThread,
        ShopTarget::PracticeInProcess | ShopTarget::Remote { .. } => Layout::Threads,
    }
}

/// What shows the run: the dashboard where it can, else what there is without one.
fn progress(asked: &Asked, running: &Running, run_id: RunId, planned: Option<u32>) -> Progress {
    let (log, screen) = (&asked.settings.log, asked.screen.clone());
    if dashboard::is_wanted(log) {
        match open_dashboard(asked, running, run_id) {
            Ok(dashboard) => return Progress::with(dashboard, screen),
            Err(error) => tracing::warn!("there is no dashboard: {error:#}"),
        }
    }
    Progress::new(log, screen, io::stderr().is_terminal(), planned)
}

/// Messages go into a file of the run's own meanwhile.
fn open_dashboard(asked: &Asked, running: &Running, run_id: RunId) -> Result<Dashboard> {
    let log = asked.data.logs()?.join(format!("{run_id}.log"));
    let look = Look::of_process(asked.settings.log.ascii);
    let (status, coordinator) = (running.status.clone(), running.coordinator.clone().recipient());
    let (screen, view) = (asked.screen.clone(), view::draw);
    let parts = Parts { status, coordinator, look, screen, log: log.clone(), view };
    Dashboard::start(parts).with_context(|| log.display().to_string())
}

/// Where `ctl` and `inject` reach the run; a run goes on without.
fn open_control(
    data: &DataDir,
    running: &Running,
    practice: Option<&RunningShop>,
) -> Option<ControlSocket> {
    let desk = Desk {
        operate: running.coordinator.clone().recipient(),
        inject: running.coordinator.clone().recipient(),
        status: running.status.clone(),
        faults: practice.map(RunningShop::faults),
    };
    match ControlSocket::open(data, desk) {
        Ok(control) => Some(control),
        Err(error) => {
            tracing::warn!("no control socket, `ctl` and `inject` cannot reach this run: {error}");
            None
        }
    }
}

/// Where a scenario reaches the run.
fn drill_doors(running: &Running, practice: Option<&RunningShop>) -> Doors {
    Doors {
        inject: running.coordinator.clone().recipient(),
        appoint: running.coordinator.clone().recipient(),
        status: running.status.clone(),
        faults: practice.map(RunningShop::faults),
    }
}

/// What other processes left behind that this run must know of.
struct Before {
    run_id: RunId,
    resume_from: Option<ResumePoint>,
    dirty_carts: Vec<DirtyCart>,
}

/// Takes over the run that is resumed, and cleans up after dead ones.
async fn before_it(asked: &Asked, admin: Option<&Admin>, at: NaiveDateTime) -> Result<Before> {
    let Some(admin) = admin else {
        let (run_id, dirty_carts) = (RunId::fresh(), Vec::new());
        return Ok(Before { run_id, resume_from: None, dirty_carts });
    };
    let dead = asked.lock.dead();
    let resume_from = match &asked.resume {
        Some(resume) => {
            let taker = Taker { owner: asked.owner, dead: dead.clone(), at };
            Some(takeover::take_over(admin, &asked.settings, resume, &taker).await?)
        }
        None => None,
    };
    let run_id = resume_from.as_ref().map_or_else(RunId::fresh, |p| p.snapshot.run_id);
    let dirty_carts = orphans::clean_up(admin, run_id, &dead, &asked.settings, at).await?;
    Ok(Before { run_id, resume_from, dirty_carts })
}

/// The database with its agents, or the dry one (`--mock-db`).
async fn open_store(asked: &Asked) -> Result<(Arc<dyn Store>, Option<Admin>)> {
    let settings = &asked.settings;
    let count = settings.population.agents.unwrap_or(database::AGENTS_GENERATED);
    if settings.store.mock {
        let personas = dry_personas(asked, count).await?;
        return Ok((Arc::new(store::dry::DryStore::new(personas)), None));
    }
    if asked.resume.is_some() {
        database::must_be_there(settings)?;
    }
    let OpenStore { store, admin } = database::open(settings, &asked.data).await?;
    if admin.count_agents(None).await? == 0 {
        let personas = database::generated(count, &[])?;
        let written = admin.insert_agents(personas, false, SystemPacing.wall()).await?;
        tracing::info!(agents = written, "the database had no agents; they were generated");
    }
    Ok((store, Some(admin)))
}

/// Read if there is a database with some, else generated (Q9.3).
async fn dry_personas(asked: &Asked, count: u32) -> Result<Vec<actors::domain::persona::Persona>> {
    let settings: &Settings = &asked.settings;
    // A SQLite file that is not there would be made by opening it: a dry run writes nothing.
    let is_there = settings.store.url.is_some() || asked.data.sqlite_file().exists();
    if is_there {
        match database::open_to_read(settings).await {
            Ok(admin) => {
                let active = AgentFilter { status: Some(AgentStatus::Active), cohort: None };
                let personas = admin.list_agents(active).await?;
                admin.close().await;
                if !personas.is_empty() {
                    return Ok(personas);
                }
            }
            Err(error) => tracing::warn!("agents are generated: {error}"),
        }
    }
    database::generated(count, &[])
}

/// The Coordinator died.
#[derive(Debug, thiserror::Error)]
#[error(
    "the run ended by a fault of the program, which stands above; `cartload resume` continues it \
     from its newest checkpoint"
)]
struct RunGone;

/// Starts the run, shows what it does, and waits for its end.
async fn watch(
    mut running: Running,
    progress: &Progress,
    asked: &Asked,
    player: Option<Player>,
) -> Result<Ended> {
    let on_freeze = asked.settings.breaker.on_freeze;
    let coordinator = running.coordinator.clone();
    let signal = signals::forward(coordinator.clone().recipient(), asked.screen.clone())?;
    let mut status = running.status.clone();
    let started = coordinator.send(StartRun).await.map_err(|_| RunGone)?;
    if let Err(error) = started {
        running.stop();
        return Err(error.into());
    }
    let has_ended = CancellationToken::new();
    let drill = player.map(|player| actix_rt::spawn(player.play(has_ended.clone())));
    let mut is_asked_to_end = false;
    let state = loop {
        tokio::select! {
            Some(record) = running.cycles.recv() => progress.cycle(&record),
            Ok(()) = status.changed() => {
                let seen = status.borrow_and_update().clone();
                progress.status(&seen);
                let ends = seen.state == RunState::Frozen && on_freeze == OnFreeze::Exit;
                if ends && !is_asked_to_end {
                    is_asked_to_end = true;
                    actix_rt::spawn(end_frozen(coordinator.clone().recipient()));
                }
            }
            ended = &mut running.ended => break ended.map_err(|_| RunGone)?,
        }
    };
    while let Ok(record) = running.cycles.try_recv() {
        progress.cycle(&record);
    }
    let last = status.borrow().clone();
    // A frozen run that was quit keeps its freeze: it comes back frozen.
    let state = if last.frozen.is_some() { RunState::Frozen } else { state };
    running.stop();
    let mut report = RunReport::new(&last, state);
    has_ended.cancel();
    if let Some(drill) = drill {
        report.scenario = Some(drill.await.context("the scenario was not played to its end")?);
    }
    let signal = *signal.borrow();
    Ok(Ended { report, state, signal })
}

/// `--on-freeze exit`: a quit while frozen checkpoints and ends.
async fn end_frozen(coordinator: actix::Recipient<Operate>) {
    let operate = Operate { command: Command::Quit(Quit::Now), door: Door::Program };
    match coordinator.send(operate).await {
        Ok(Ok(_)) => {}
        Ok(Err(refused)) => tracing::warn!("{refused}"),
        // The Coordinator is gone: the run is ending.
        Err(_) => {}
    }
}
