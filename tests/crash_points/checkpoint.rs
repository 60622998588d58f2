//! Every state in which a death can leave the writing of a checkpoint: the newest whole one is
//! taken, nothing panics.

use std::fs;
use std::path::PathBuf;

use actors::failpoint::Failpoint;
use cartload::checkpoint_files::CheckpointFolder;

use super::{Scene, kill};

/// Checkpoints written before the one that is cut.
const WHOLE: u32 = 2;

/// What is left of the one that was cut.
fn leftovers(scene: &Scene) -> Vec<PathBuf> {
    let entries = fs::read_dir(scene.place.data().join("checkpoints")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|e| e == "tmp")).collect()
}

/// The boundary of the checkpoint that a resume would take; none is refused.
fn taken(scene: &Scene) -> u32 {
    let folder = CheckpointFolder::open(scene.place.data().join("checkpoints"), 10).unwrap();
    let run = folder.list().unwrap()[0].name.run_id;
    let trust = cartload::checkpoint_files::Trust::Whole;
    let loaded = folder.load_latest_of(Some(run), trust).unwrap().unwrap();
    assert!(loaded.refused.is_empty(), "{:?}", loaded.refused);
    loaded.snapshot.boundary.0
}

/// Kills a run in its third checkpoint, that of boundary 2.
fn cut_at(point: Failpoint) -> Scene {
    let mut scene = Scene::new();
    let log = scene.is_killed(&mut scene.run(&kill(point, WHOLE)));
    assert!(!log.contains("panicked"), "{log}");
    scene
}

fn goes_on(mut scene: Scene, boundary: u32, case: Failpoint) {
    assert_eq!(taken(&scene), boundary, "{case:?}");
    let log = scene.ends(&mut scene.resume(""));
    assert!(log.contains(&format!("at cycle {boundary}")), "{case:?}: {log}");
    assert!(!log.contains("panicked"), "{log}");
    scene.is_whole(case.name());
}

#[test]
fn killed_before_a_checkpoint_has_its_name_the_one_before_it_is_taken() {
    for (point, share) in [
        (Failpoint::CheckpointWrite, 0.0..0.01),
        (Failpoint::CheckpointTear, 0.4..0.6),
        (Failpoint::CheckpointSync, 0.9..1.1),
        (Failpoint::CheckpointRename, 0.9..1.1),
    ] {
        let scene = cut_at(point);
        let left = leftovers(&scene);
        assert_eq!((left.len(), scene.place.checkpoints().len()), (1, 2), "{point:?}");
        let bytes = |path: &PathBuf| fs::metadata(path).unwrap().len() as f64;
        let written = bytes(&left[0]) / bytes(&scene.place.checkpoints()[1]);
        assert!(share.contains(&written), "{point:?}: {written}");
        goes_on(scene, 1, point);
    }
}

#[test]
fn killed_before_the_folder_is_synced_the_checkpoint_is_taken_if_it_is_there() {
    let point = Failpoint::CheckpointFolder;
    goes_on(cut_at(point), 2, point);
    // As after a power cut that took the name back.
    let scene = cut_at(point);
    fs::remove_file(scene.place.checkpoints().pop().unwrap()).unwrap();
    goes_on(scene, 1, point);
}

#[test]
fn killed_in_its_first_checkpoint_a_run_says_that_there_is_nothing_to_resume() {
    let mut scene = Scene::new();
    scene.is_killed(&mut scene.run(&kill(Failpoint::CheckpointRename, 0)));
    let (_, err) = scene.place.expect_of(4, &mut scene.resume(""));
    assert!(err.contains("nothing to resume") && !err.contains("panicked"), "{err}");
    scene.ends(&mut scene.run(""));
    scene.is_whole("begun anew");
}

#[test]
fn killed_after_checkpoints_that_failed_the_last_whole_one_is_taken() {
    let mut scene = Scene::new();
    let cases = "checkpoint_sync=2*off->2*return(No space left on device)->off; \
                 checkpoint_tear=4*off->return(kill)";
    scene.is_killed(&mut scene.run(cases));
    goes_on(scene, 1, Failpoint::CheckpointTear);
}
