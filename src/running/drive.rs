//! A run from what is asked for to its end: opens what it needs, wires the actors, follows them,
//! and closes everything in the opposite order.
//!
//! Whatever fails after something was opened is told only when all of it is closed again.

use actors::coordinator::command::{Command, Door, Quit};
use actors::coordinator::messages::{Operate, StartError, StartRun};
use actors::coordinator::plan::RunPlan;
use actors::ports::store::RunState;
use actors::topology::{self, Layout, Running};
use shops::practice_shop::RunningShop;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::opening::Opened;
use super::signals::{self, Signal};
use super::{Asked, Doors, Ended, RunError, faces};
use crate::config::shop::ShopTarget;
use crate::config::words::OnFreeze;
use crate::config::{Origin, Settings};
use crate::run_report::RunReport;
use crate::run_report::progress::Progress;
use crate::scenario::{Player, Scenario, player};

/// The last signal heard.
type Heard = watch::Receiver<Option<Signal>>;

/// Runs it to its end, in the actix system around the caller.
pub async fn drive(mut asked: Asked, doors: Doors) -> Result<Ended, RunError> {
    let scenario = asked.scenario.take();
    let mut opened = Opened::open(&asked).await?;
    let outcome = match opened.plan(&asked, &doors).await {
        Ok(plan) => live(&asked, &doors, &mut opened, plan, scenario).await,
        Err(error) => Err(error),
    };
    let outcome = outcome.map_err(|error| opened.target.explain(error));
    // The lock goes with `asked`, when nothing of this run is open any more.
    opened.close(outcome).await
}

/// Wires the actors and stays with them until they have ended.
async fn live(
    asked: &Asked,
    doors: &Doors,
    opened: &mut Opened,
    plan: RunPlan,
    scenario: Option<Scenario>,
) -> Result<Ended, RunError> {
    let planned = plan.ends.cycles;
    let ports = opened.ports(asked)?;
    let running = topology::start(plan, ports, layout(&asked.settings));
    opened.watchers.connect(&running);
    let practice = opened.target.practice.as_ref();
    let (signal, player) = match prepared(&running, doors, scenario, practice).await {
        Ok(both) => both,
        Err(error) => {
            running.give_up();
            return Err(error);
        }
    };
    let control = faces::open_control(&asked.data, &running, practice);
    let progress = faces::progress(asked, doors, &running, planned);
    let mut outcome = follow(running, &progress, asked, (signal, player)).await;
    progress.finish();
    if let Ok(ended) = &mut outcome {
        ended.report.counts = opened.count_orders(ended.report.run_id).await;
    }
    if let Some(control) = control {
        control.close().await;
    }
    outcome
}

/// Answers of the mock come at once: each hop to another thread costs more than its work.
fn layout(settings: &Settings) -> Layout {
    match settings.shop.target() {
        ShopTarget::Mock => Layout::OneThread,
        ShopTarget::PracticeInProcess | ShopTarget::Remote { .. } => Layout::Threads,
    }
}

/// What must stand before the first tick.
async fn prepared(
    running: &Running,
    doors: &Doors,
    scenario: Option<Scenario>,
    practice: Option<&RunningShop>,
) -> Result<(Heard, Option<Player>), RunError> {
    Ok((hear_signals(running, doors)?, noted(scenario, running, practice).await?))
}

/// The drill, its moments noted with the run before the first tick.
async fn noted(
    scenario: Option<Scenario>,
    running: &Running,
    practice: Option<&RunningShop>,
) -> Result<Option<Player>, RunError> {
    let Some(scenario) = scenario else { return Ok(None) };
    let doors = player::Doors {
        inject: running.coordinator.clone().recipient(),
        appoint: running.coordinator.clone().recipient(),
        status: running.status.clone(),
        faults: practice.map(RunningShop::faults),
    };
    Ok(Some(Player::note(scenario, doors).await?))
}

/// Starts the run, shows what it does, and waits for its end.
async fn follow(
    mut running: Running,
    progress: &Progress,
    asked: &Asked,
    (signal, player): (Heard, Option<Player>),
) -> Result<Ended, RunError> {
    let started = running.coordinator.send(StartRun).await.map_err(|_| RunError::Gone)?;
    if let Err(error) = started {
        running.give_up();
        let signal = *signal.borrow();
        return Err(match (error, signal) {
            (StartError::Ended(_), Some(signal)) => RunError::EndedEarly { signal },
            (error, _) => error.into(),
        });
    }
    say_whose_rate(&asked.settings);
    let has_ended = CancellationToken::new();
    let drill = player.map(|player| actix_rt::spawn(player.play(has_ended.clone())));
    let state = match shown(&mut running, progress, asked.settings.breaker.on_freeze).await {
        Ok(state) => state,
        Err(error) => {
            running.give_up();
            return Err(error);
        }
    };
    let last = running.status.borrow().clone();
    // A frozen run that was quit keeps its freeze: it comes back frozen.
    let state = if last.frozen.is_some() { RunState::Frozen } else { state };
    running.stop();
    let mut report = RunReport::new(&last, state);
    has_ended.cancel();
    if let Some(drill) = drill {
        report.scenario = Some(drill.await.map_err(RunError::DrillLost)?);
    }
    let signal = *signal.borrow();
    Ok(Ended { report, state, signal })
}

/// A limit that nobody has set is the profile's.
fn say_whose_rate(settings: &Settings) {
    let (rate, origin) = (settings.rate.per_second, settings.origin_of("rate.per_second"));
    if let Origin::Profile { name } = origin {
        tracing::info!("the limit is {rate} requests a second, as the profile {name} says");
    }
}

/// None for ever where signals are not the run's to hear.
fn hear_signals(running: &Running, doors: &Doors) -> Result<Heard, RunError> {
    if !doors.hears_signals {
        return Ok(watch::channel(None).1);
    }
    let coordinator = running.coordinator.clone().recipient();
    signals::forward(coordinator, doors.screen.clone()).map_err(RunError::Signals)
}

/// Shows every cycle and every picture until the run ends; the state it ended in. A run that can
/// never be written again has ended.
async fn shown(
    running: &mut Running,
    progress: &Progress,
    on_freeze: OnFreeze,
) -> Result<RunState, RunError> {
    let mut status = running.status.clone();
    let mut is_asked_to_end = false;
    let state = loop {
        tokio::select! {
            Some(record) = running.cycles.recv() => progress.cycle(&record),
            Ok(()) = status.changed() => {
                let seen = status.borrow_and_update().clone();
                progress.status(&seen);
                if let Some(lost) = seen.health.store_trouble.filter(|it| it.is_for_good) {
                    return Err(RunError::StoreLost { says: lost.says });
                }
                let ends = seen.state == RunState::Frozen && on_freeze == OnFreeze::Exit;
                if ends && !is_asked_to_end {
                    is_asked_to_end = true;
                    actix_rt::spawn(end_frozen(running.coordinator.clone().recipient()));
                }
            }
            ended = &mut running.ended => break ended.map_err(|_| RunError::Gone)?,
        }
    };
    while let Ok(record) = running.cycles.try_recv() {
        progress.cycle(&record);
    }
    Ok(state)
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
