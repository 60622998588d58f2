//! Commands that meet in an unlucky order: what was promised holds in each of them. Whole runs on a
//! paused clock; the one about rows writes to a database.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actors::coordinator::command::{Command, CommandRefused, Done, Door, Quit};
use actors::coordinator::messages::{Operate, StartRun};
use actors::ports::shop_api::ApiErrorKind;
use actors::ports::store::RunState;
use actors::session_pool::request_meter::SharedMeter;
use actors::topology::{self, Layout};

use crate::support::population::{always_shopping, first_released};
use crate::support::real_run::sqlite;
use crate::support::run::{Live, Setup, run_of};
use crate::support::scripted_shop::{Act, Ask};
use crate::support::whole_run::{Rows, mock_shop, plan, ports};

const CALL: Duration = Duration::from_secs(5);

async fn wait(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

fn state(outcome: Result<Done, CommandRefused>) -> &'static str {
    match outcome {
        Err(CommandRefused::WrongState { state, .. }) => state,
        other => panic!("{other:?}"),
    }
}

/// Forty agents, whose calls take five seconds.
fn slow() -> Setup {
    let setup = run_of(40).unbounded().behavior(always_shopping()).time_scale(48.0);
    setup.shop(|ask: &Ask| if ask.in_flow { Act::After(CALL) } else { Act::Answer })
}

/// Five agents of forty fail in the original attempt at cycle 1, five seconds after they call.
fn freezing() -> Setup {
    let chosen: BTreeSet<String> = first_released(40, 5).into_iter().collect();
    let script = move |ask: &Ask| match ask.in_flow && (ask.cycle, ask.replay) == (1, 0) {
        true if chosen.contains(ask.agent) => Act::FailAfter(CALL, ApiErrorKind::Unauthorized(401)),
        _ => Act::Answer,
    };
    run_of(40).unbounded().behavior(always_shopping()).time_scale(48.0).shop(script)
}

async fn paused_amid_calls() -> Live {
    let mut run = slow().start().await;
    run.until_cycle(1).await;
    wait(1.0).await;
    run.pause().await.unwrap();
    run
}

#[actix::test]
async fn one_resume_opens_a_run_that_froze_while_it_was_paused_and_its_wait_is_no_lateness() {
    let mut run = freezing().cycles(4).start().await;
    run.until_cycle(1).await;
    wait(1.0).await;
    run.pause().await.unwrap();
    run.until_frozen().await;
    wait(3_600.0).await;
    run.resume().await.unwrap();
    assert_eq!(run.status().state, RunState::Running);
    let run = run.finish().await;
    assert_eq!(run.state, RunState::Completed);
    let cycles = run.store.cycles();
    let late: Vec<i64> = cycles.iter().map(|cycle| cycle.lateness_ms).collect();
    assert!(late.iter().all(|ms| *ms <= 1_100), "the broken cycle ran for a second: {late:?}");
}

#[actix::test]
async fn after_a_quit_that_does_not_wait_no_resume_opens_the_gate() {
    let run = paused_amid_calls().await;
    run.quit(Quit::Now).await.unwrap();
    let sent = run.shop.calls();
    assert_eq!(state(run.resume().await), "ending");
    assert_eq!(run.status().ending, Some(Quit::Now));
    let run = run.finish().await;
    assert_eq!((run.state, run.shop.calls()), (RunState::Stopped, sent));
}

#[actix::test]
async fn a_checkpoint_asked_for_while_a_resume_fails_is_answered() {
    let is_away = Arc::new(AtomicBool::new(false));
    let (seen, chosen) = (Arc::clone(&is_away), first_released(40, 5));
    let script = move |ask: &Ask| match ask.in_flow {
        true if ask.cycle == 1 && chosen.iter().any(|agent| agent == ask.agent) => {
            Act::Fail(ApiErrorKind::Unauthorized(401))
        }
        false if seen.load(Ordering::SeqCst) => Act::FailAfter(CALL, ApiErrorKind::ConnectRefused),
        _ => Act::Answer,
    };
    let setup = run_of(40).unbounded().behavior(always_shopping()).time_scale(48.0);
    let mut run = setup.shop(script).start().await;
    run.until_frozen().await;
    is_away.store(true, Ordering::SeqCst);
    let asked = async {
        wait(1.0).await;
        tokio::time::timeout(Duration::from_secs(600), run.checkpoint()).await
    };
    let (resumed, written) = tokio::join!(run.resume(), asked);
    resumed.unwrap_err();
    written.expect("whoever asked for a checkpoint is answered").unwrap();
    assert_eq!(run.status().state, RunState::Frozen);
}

#[actix::test]
async fn the_end_of_a_run_is_the_last_that_its_row_says_however_many_commands_come() {
    for _ in 0..3 {
        let directory = tempfile::tempdir().unwrap();
        let (store, admin) = sqlite(directory.path(), 20).await;
        let meter = SharedMeter::default();
        let (shop, traits) = mock_shop(&meter);
        let (ports, _checkpoints) = ports(shop, meter, store);
        let plan = plan(traits, &[("CARTLOAD_TIME_SCALE", "48")]);
        let run = plan.run_id;
        let mut running = topology::start(plan, ports, Layout::OneThread);
        running.coordinator.send(StartRun).await.unwrap().unwrap();
        running.status.wait_for(|seen| seen.attempt.last.is_some()).await.unwrap();
        let has_ended = Cell::new(false);
        let operate = async |command| {
            let operate = Operate { command, door: Door::Program };
            // Most of them are refused.
            let _ = running.coordinator.send(operate).await.unwrap();
        };
        let keep_on = async {
            while !has_ended.get() {
                operate(Command::Pause).await;
                operate(Command::Resume).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let end = async {
            operate(Command::Quit(Quit::AfterCycle)).await;
            let ended = (&mut running.ended).await;
            has_ended.set(true);
            ended.unwrap()
        };
        let (state, ()) = tokio::join!(end, keep_on);
        assert_eq!(state, RunState::Stopped);
        // What was sent to the store before the end has been written by now.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let rows = Rows { admin: &admin, run };
        let of = "COUNT(*) FROM runs WHERE state = 'stopped' AND ended_at IS NOT NULL";
        assert_eq!(rows.number(of).await, 1, "the row of an ended run says so");
    }
}

#[actix::test]
async fn a_later_quit_does_not_weaken_one_that_does_not_wait() {
    let mut run = slow().start().await;
    run.until_cycle(1).await;
    wait(1.0).await;
    run.quit(Quit::Now).await.unwrap();
    let told = run.quit(Quit::AfterCycle).await.unwrap();
    assert_eq!(run.status().ending, Some(Quit::Now), "{}", told.message);
    assert_eq!(told.message, "the run is ending");
    assert_eq!(run.finish().await.status.ending, Some(Quit::Now));
}

#[actix::test]
async fn a_run_that_is_ending_refuses_a_pause_and_says_why() {
    // A first visit, with its calls made once, may outlast 75 s: there must be time between cycles.
    let mut run = slow().time_scale(12.0).start().await;
    run.until(|seen| seen.attempt.last.is_some()).await;
    let (told, paused) = tokio::join!(run.quit(Quit::AfterCycle), run.pause());
    told.unwrap();
    assert_eq!(state(paused), "ending");
    let run = run.finish().await;
    assert_eq!((run.state, run.status.state), (RunState::Stopped, RunState::Stopped));
}
