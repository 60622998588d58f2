//! `cartload ctl` against a live run.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use super::{SLOW, started, status, until_up};
use crate::support::binary::{Place, wait};

fn socket(place: &Place) -> PathBuf {
    place.data().join("control.sock")
}

#[test]
fn a_run_is_looked_at_paused_tuned_saved_resumed_and_ended() {
    let place = Place::new();
    let process = started(&place, &[]);
    let file = fs::symlink_metadata(socket(&place)).unwrap();
    assert!(file.file_type().is_socket() && file.permissions().mode() & 0o777 == 0o600);
    let folder = fs::metadata(place.data()).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);

    let (text, _) = place.expect(0, &["ctl", "status"]);
    for part in ["running", "limit 80/s", "1.0 s a cycle", "sessions   10 up"] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    place.expect(0, &["ctl", "pause"]);
    assert_eq!(status(&place)["state"], "paused");
    let (_, err) = place.expect(9, &["ctl", "pause"]);
    assert!(err.contains("the run is paused: resume continues it"), "{err}");
    let (out, _) = place.expect(0, &["ctl", "checkpoint", "--json"]);
    let done: Value = serde_json::from_str(&out).unwrap();
    assert!(place.path().join(done["checkpoint"].as_str().unwrap()).is_file(), "{out}");

    let (out, _) = place.expect(0, &["ctl", "rate", "unlimited"]);
    assert_eq!(out, "the rate limit is unlimited requests a second, it was 80\n");
    place.expect(0, &["ctl", "rate", "7.5"]);
    place.expect(0, &["ctl", "time-scale", "7200"]);
    let tuned = status(&place);
    assert_eq!((&tuned["rate_limit"], &tuned["interval_ms"]), (&7.5.into(), &500.into()));
    let (_, err) = place.expect(2, &["ctl", "rate", "0"]);
    assert!(err.contains("a number above 0"), "{err}");
    let (_, err) = place.expect(9, &["ctl", "revive", "agent_001"]);
    assert!(err.contains("agent_001 is not in quarantine"), "{err}");

    place.expect(0, &["ctl", "resume"]);
    assert_eq!(status(&place)["state"], "running");
    place.expect(0, &["ctl", "quit", "--now"]);
    assert_eq!(process.wait(), Some(0), "{}", place.log());
    assert!(!socket(&place).exists());
    let (_, err) = place.expect(8, &["ctl", "status"]);
    assert!(err.contains("no run in data directory ./data"), "{err}");
    assert_eq!(place.count("incidents WHERE kind = 'pause'"), 1);
    let told = "incidents WHERE json_extract(detail, '$.door') = 'socket'";
    // pause twice, checkpoint, rate twice, time-scale, revive, resume, quit.
    assert_eq!(place.count(told), 9);
}

#[test]
fn what_was_tuned_is_kept_by_the_checkpoint_and_by_the_run_that_goes_on_from_it() {
    let place = Place::new();
    let process = started(&place, &[]);
    place.expect(0, &["ctl", "rate", "90"]);
    place.expect(0, &["ctl", "checkpoint"]);
    process.kill();
    assert!(socket(&place).exists(), "kill -9 leaves it");
    let (_, err) = place.expect(8, &["ctl", "pause"]);
    assert!(err.contains("no run in data directory"), "{err}");

    let resumed = place.start(&["resume", "--quiet"]);
    until_up(&place);
    assert_eq!(status(&place)["rate_limit"], 90.0);
    place.expect(0, &["ctl", "quit"]);
    assert_eq!(resumed.wait(), Some(0), "{}", place.log());
}

#[test]
fn a_second_run_is_refused_and_the_socket_of_the_first_is_left_alone() {
    let place = Place::new();
    let process = started(&place, &[]);
    let run = status(&place)["run_id"].clone();
    place.expect(3, &SLOW);
    assert_eq!(status(&place)["run_id"], run);
    place.expect(0, &["ctl", "quit", "--now"]);
    process.wait();
}

#[test]
fn a_watch_shows_each_change_until_the_run_ends() {
    let place = Place::new();
    let process = started(&place, &["--cycles", "600"]);
    let mut watch = place.command(&["ctl", "watch", "--json"]);
    let mut watch = watch.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut next = || -> Option<Value> {
        lines.next().map(|line| serde_json::from_str(&line.unwrap()).unwrap())
    };
    assert_eq!(next().unwrap()["state"], "running");
    place.expect(0, &["ctl", "quit"]);
    let mut last = Value::Null;
    while let Some(status) = next() {
        last = status;
    }
    assert_eq!(last["state"], "stopped", "{last}");
    assert_eq!(watch.wait().unwrap().code(), Some(0));
    process.wait();
}

#[test]
fn where_there_is_no_data_directory_there_is_no_run() {
    let place = Place::new();
    let (_, err) = place.expect(8, &["ctl", "status", "--data", "nowhere"]);
    assert!(err.contains("nowhere") && err.contains("--data"), "{err}");
    assert!(!place.path().join("nowhere").exists());
}

#[test]
fn a_run_goes_on_without_a_socket_where_something_else_has_its_name() {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    fs::write(socket(&place), "notes").unwrap();
    let (_, err) = place.expect(0, &[&SLOW[..11], &["--cycles", "1"]].concat());
    assert!(err.contains("no control socket") && err.contains("remove it"), "{err}");
    assert_eq!(fs::read_to_string(socket(&place)).unwrap(), "notes");
}

#[test]
fn another_user_is_turned_away_even_where_the_folder_was_opened() {
    let place = Place::new();
    let process = started(&place, &[]);
    let mut nobody = place.command(&["ctl", "quit", "--data", place.data().to_str().unwrap()]);
    nobody.uid(65_534);
    for path in [place.path(), &place.data(), &socket(&place)] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let Ok(output) = nobody.output() else {
        eprintln!("skipped: only root can be somebody else");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    wait(|| place.log().contains("another user"), || place.log());
    assert_eq!(status(&place)["state"], "running");
    place.expect(0, &["ctl", "quit", "--now"]);
    process.wait();
}
