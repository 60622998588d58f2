//! The real binary, ended by a kill exactly where a write begins, is half done, is done and not yet
//! answered: what was acknowledged is there, the run goes on, the ledger is clean.
//!
//! The points are those of `actors/ports/failpoint.rs`; the binary under test has them, another
//! has not.

mod checkpoint;
mod errors;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use actors::failpoint::Failpoint;
use serde_json::Value;
use shops::practice_shop::{PracticeConfig, PracticeShop, RunningShop};

use crate::support::acknowledged::{self, Acknowledged, Database};
use crate::support::binary::Place;

/// What `return(kill)` ends a process with.
const SIGABRT: i32 = 6;
/// Cycles of a run that nothing ends before.
const CYCLES: u32 = 6;

/// A place with a shop beside it that outlives the processes.
struct Scene {
    place: Place,
    shop: RunningShop,
    acknowledged: Acknowledged,
}

impl Scene {
    fn new() -> Self {
        Self {
            place: Place::new(),
            shop: PracticeShop::start(PracticeConfig::default()).unwrap(),
            acknowledged: Acknowledged::default(),
        }
    }

    /// A process with these points armed; it saves at each boundary.
    fn command(&self, args: &[&str], failpoints: &str) -> Command {
        let mut command = self.place.command(args);
        command.envs(acknowledged::LOG).env("CARTLOAD_CHECKPOINTS_EVERY_CYCLES", "1");
        if !failpoints.is_empty() {
            command.env("FAILPOINTS", failpoints);
        }
        command
    }

    fn run(&self, failpoints: &str) -> Command {
        let (api, cycles) = (self.shop.base_url(), CYCLES.to_string());
        let run = ["run", "--api", &api, "--profile", "practice", "--cycles", &cycles];
        let of = ["--agents", "16", "--warm-up", "off", "--start", "2026-01-05T10:00", "--quiet"];
        let fast = ["--time-scale", "max", "--rate", "unlimited"];
        self.command(&[&run[..], &of[..], &fast[..]].concat(), failpoints)
    }

    fn resume(&self, failpoints: &str) -> Command {
        self.command(&["resume", "--quiet"], failpoints)
    }

    /// Runs a process that a point ends; answers what it said.
    #[track_caller]
    fn is_killed(&mut self, command: &mut Command) -> String {
        let status = self.place.start_of(command).ended();
        let log = self.place.log();
        assert_eq!(status.signal(), Some(SIGABRT), "{command:?} {status}\n{log}");
        self.acknowledged.take_in(&log);
        log
    }

    /// Runs a process to the end of its plan; answers what it said.
    #[track_caller]
    fn ends(&mut self, command: &mut Command) -> String {
        let (_, log) = self.place.expect_of(0, command);
        self.acknowledged.take_in(&log);
        log
    }

    /// The ledger is clean, all hours are there, and so is every flow that was acknowledged.
    #[track_caller]
    fn is_whole(&self, case: &str) {
        let (audit, _) = self.place.expect(0, &["verify", "--json"]);
        let audit: Value = serde_json::from_str(&audit).unwrap();
        assert_eq!(audit["clean"], true, "{case}: {audit}");
        assert_eq!(audit["hours_claimed"], CYCLES, "{case}: {audit}");
        assert!(self.acknowledged.len() > 0, "{case}: nothing was acknowledged");
        self.acknowledged.assert_is_in(&Database::Sqlite(&self.place), case);
    }
}

/// The point ends the process when it is reached after `passed` times.
fn kill(point: Failpoint, passed: u32) -> String {
    let pass = if passed > 0 { format!("{passed}*off->") } else { String::new() };
    format!("{}={pass}return(kill)", point.name())
}

fn killed_and_resumed(point: Failpoint, passed: u32) {
    let (mut scene, case) = (Scene::new(), kill(point, passed));
    scene.is_killed(&mut scene.run(&case));
    scene.ends(&mut scene.resume(""));
    scene.is_whole(&case);
}

#[test]
fn a_kill_at_a_tick_loses_and_doubles_nothing() {
    killed_and_resumed(Failpoint::Tick, 1);
    killed_and_resumed(Failpoint::Tick, 3);
}

#[test]
fn a_kill_around_the_row_of_a_flow_loses_and_doubles_nothing() {
    killed_and_resumed(Failpoint::FlowOpen, 12);
    killed_and_resumed(Failpoint::FlowOpenAcknowledge, 9);
}

#[test]
fn a_kill_inside_the_transaction_of_a_flow_loses_and_doubles_nothing() {
    killed_and_resumed(Failpoint::FlowInsert, 8);
    killed_and_resumed(Failpoint::FlowCommit, 17);
}

#[test]
fn a_kill_between_the_commit_of_a_flow_and_its_answer_loses_and_doubles_nothing() {
    killed_and_resumed(Failpoint::FlowAcknowledge, 7);
    killed_and_resumed(Failpoint::FlowAcknowledge, 21);
}

#[test]
fn a_kill_after_the_row_of_a_cycle_loses_and_doubles_nothing() {
    killed_and_resumed(Failpoint::CycleAcknowledge, 2);
}

#[test]
fn a_resume_killed_around_its_replay_number_is_resumed_again() {
    let mut scene = Scene::new();
    scene.is_killed(&mut scene.run(&kill(Failpoint::FlowAcknowledge, 10)));
    for point in [Failpoint::ReplayBegin, Failpoint::ReplayAcknowledge, Failpoint::Tick] {
        scene.is_killed(&mut scene.resume(&kill(point, 0)));
    }
    scene.ends(&mut scene.resume(""));
    scene.is_whole("the fourth resume");
    // The one that was rolled back has used no number.
    assert_eq!(scene.place.count("runs WHERE resumes = 3"), 1);
}

#[test]
fn a_misspelt_point_or_action_is_refused_by_name() {
    let scene = Scene::new();
    for (given, said) in [
        ("flow_comit=return(kill)", "no point \"flow_comit\""),
        ("tick", "not of the form"),
        ("tick=explode", "tick: "),
    ] {
        let (_, err) = scene.place.expect_of(2, &mut scene.run(given));
        assert!(err.contains("FAILPOINTS") && err.contains(said), "{err}");
    }
    assert!(!scene.place.data().exists());
}
