//! Where a write only fails, or its answer is lost, the run itself goes on; where a part of it
//! panics, `resume` does.

use actors::failpoint::Failpoint;
use serde_json::Value;

use super::{CYCLES, Scene};

/// Checkpoints of a run that nothing disturbs: at each boundary, and at the end.
const SAVES: usize = CYCLES as usize + 2;

/// The points inside the writing of a checkpoint.
const CHECKPOINT: [Failpoint; 5] = [
    Failpoint::CheckpointWrite,
    Failpoint::CheckpointTear,
    Failpoint::CheckpointSync,
    Failpoint::CheckpointRename,
    Failpoint::CheckpointFolder,
];

#[test]
fn a_checkpoint_that_cannot_be_written_is_an_incident_and_the_run_goes_on() {
    for point in CHECKPOINT {
        let (mut scene, name) = (Scene::new(), point.name());
        let full = "return(No space left on device)";
        let log = scene.ends(&mut scene.run(&format!("{name}=2*off->2*{full}->off")));
        assert!(!log.contains("panicked"), "{name}: {log}");
        let failed =
            "incidents WHERE kind = 'checkpoint_failed' AND message LIKE '%No space left%'";
        assert_eq!(scene.place.count(failed), 2, "{name}");
        let files = std::fs::read_dir(scene.place.data().join("checkpoints")).unwrap().count();
        assert_eq!(files, SAVES - 2, "{name}: of those that failed nothing is left");
        scene.is_whole(name);
    }
}

#[test]
fn a_panic_while_a_checkpoint_is_written_costs_that_checkpoint() {
    let mut scene = Scene::new();
    scene.ends(&mut scene.run("checkpoint_rename=2*off->1*panic(a fault)->off"));
    assert_eq!(scene.place.count("incidents WHERE kind = 'checkpoint_failed'"), 1);
    assert_eq!(scene.place.checkpoints().len(), SAVES - 1);
    scene.is_whole("a panic");
}

#[test]
fn a_first_checkpoint_that_cannot_be_written_ends_the_run_before_it_begins() {
    let scene = Scene::new();
    let (_, err) = scene.place.expect_of(4, &mut scene.run("checkpoint_sync=return(I/O error)"));
    assert!(err.contains("I/O error") && err.contains("permissions and free space"), "{err}");
    assert_eq!(scene.place.count("shopping_sessions"), 0);
}

#[test]
fn writes_that_fail_and_answers_that_are_lost_cost_no_flow() {
    let mut scene = Scene::new();
    let every = |point: &str| format!("{point}=5*off->3*return(lost)->sleep(1)");
    let points = ["flow_open", "flow_open_acknowledge", "flow_insert", "flow_commit"];
    let mut cases: Vec<String> = points.iter().map(|point| every(point)).collect();
    cases.push(every("flow_acknowledge"));
    cases.push("cycle_acknowledge=1*off->2*return(lost)->off".to_owned());
    scene.ends(&mut scene.run(&cases.join(";")));
    scene.is_whole("lost answers");
    assert_eq!(scene.place.count("shopping_sessions WHERE status = 'failed' OR is_replay"), 0);
    assert_eq!(scene.place.count("cycles"), 6);
}

#[test]
fn a_panic_of_the_coordinator_ends_the_process_and_the_run_is_resumed() {
    let mut scene = Scene::new();
    let (_, err) = scene.place.expect_of(1, &mut scene.run("tick=3*off->panic(a fault)"));
    assert!(err.contains("the run ended by a fault of the program"), "{err}");
    scene.acknowledged.take_in(&err);
    let report = scene.place.expect(0, &["verify", "--json"]).0;
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["hours_claimed"], 3, "{report}");
    scene.ends(&mut scene.resume(""));
    scene.is_whole("the coordinator");
}
