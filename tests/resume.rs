//! Killed, stopped, frozen, edited: what `resume` makes of it, by the real binary and `kill -9`.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::binary::{Place, wait};

/// Cycles of about a second of calls each: there is always a flow under way.
const SLOW: [&str; 12] = [
    "--agents",
    "40",
    "--time-scale",
    "max",
    "--rate",
    "150",
    "--warm-up",
    "off",
    "--start",
    "2026-01-05T10:00",
    "--log-format",
    "text",
];
const FAST: [&str; 4] = ["--time-scale", "max", "--rate", "unlimited"];

fn with<'a>(command: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [command, more].concat()
}

/// Starts a run that saves every two cycles, and kills it in the middle of a cycle after the first
/// of these checkpoints.
fn killed(place: &Place, more: &[&str]) {
    let args = with(&with(&["run"], &SLOW), more);
    let mut command = place.command(&args);
    let process = place.start_of(command.env("CARTLOAD_CHECKPOINTS_EVERY_CYCLES", "2"));
    place.wait_for("shopping_sessions WHERE cycle >= 3 AND status = 'active'");
    process.kill();
    assert!(place.count("shopping_sessions WHERE status = 'active'") > 0);
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn checks(place: &Place) -> Vec<String> {
    let output = place.run(&["verify", "--json"]);
    let audit = json(&String::from_utf8(output.stdout).unwrap());
    let problems = audit["problems"].as_array().unwrap();
    problems.iter().map(|p| p["check"].as_str().unwrap().to_owned()).collect()
}

fn newest(place: &Place) -> PathBuf {
    place.checkpoints().pop().expect("a checkpoint")
}

#[test]
fn a_killed_run_goes_on_at_its_checkpoint_and_the_ledger_is_clean() {
    let place = Place::new();
    killed(&place, &[]);
    assert_eq!(checks(&place), ["active", "unclosed"]);
    place.sql(
        "CREATE TABLE acknowledged AS
           SELECT flow_id, status FROM shopping_sessions WHERE status <> 'active'",
    );
    assert!(place.count("acknowledged") > 0);
    let (out, err) =
        place.expect(0, &with(&["resume", "--cycles", "8", "--json", "--quiet"], &FAST));
    let report = json(&out);
    assert_eq!(report["state"], "completed");
    assert_eq!(report["cycles_completed"], 8);
    assert_eq!(report["simulated_start"], "2026-01-05T10:00:00");
    assert_eq!(report["simulated_end"], "2026-01-05T18:00:00");
    assert!(err.contains("resuming run") && err.contains("run again as replay 1"), "{err}");
    assert!(err.contains("rate.per_second is \"unlimited\" (--rate), 150.0"), "{err}");
    let (text, _) = place.expect(0, &["verify"]);
    assert!(text.contains("hours      8 claimed, 8 lived"), "{text}");
    assert!(text.contains("(attempts 0, 1)"), "{text}");
    assert_eq!(place.count("runs"), 1);
    assert_eq!(place.count("runs WHERE resumes = 1 AND state = 'completed'"), 1);
    // What was acknowledged before the kill is there, once, as the original it was.
    let lost = "acknowledged a LEFT JOIN shopping_sessions s ON s.flow_id = a.flow_id
                AND s.status = a.status AND NOT s.is_replay WHERE s.flow_id IS NULL";
    assert_eq!(place.count(lost), 0);
    assert!(place.count("shopping_sessions WHERE is_replay") > 0);
    assert!(place.count("shopping_sessions WHERE end_reason = 'crash'") > 0);
}

#[test]
fn a_resume_that_is_killed_too_is_resumed_at_once() {
    let place = Place::new();
    killed(&place, &[]);
    // These hold the lock and die: before they own the run, and after.
    place.expect(3, &["resume", "--profile", "nobodys.ron", "--api", "http://127.0.0.1:9"]);
    place.expect(5, &["resume", "--profile", "practice", "--api", "http://127.0.0.1:9"]);
    let again = place.start(&["resume"]);
    place.wait_for("shopping_sessions WHERE is_replay AND status = 'active'");
    again.kill();
    place.expect(0, &with(&["resume", "--cycles", "6", "--quiet"], &FAST));
    assert_eq!(checks(&place), Vec::<String>::new());
    assert!(place.count("shopping_sessions WHERE replay = 2") > 0, "the second that began");
}

#[test]
fn a_run_that_reached_its_end_says_so_and_goes_on_with_a_later_one() {
    let place = Place::new();
    let run = ["run", "--mock-api", "--agents", "20", "--cycles", "3", "--quiet"];
    place.expect(0, &with(&run, &FAST));
    let (out, err) = place.expect(2, &["resume"]);
    assert!(out.is_empty() && err.contains("has done 3 cycles"), "{err}");
    assert!(err.contains("--cycles 27"), "{err}");
    place.expect(2, &["resume", "--cycles", "2"]);
    let (out, err) = place.expect(0, &["resume", "--days", "1", "--json", "--quiet"]);
    assert_eq!(json(&out)["cycles_completed"], 24, "days count from the start of the run");
    assert!(err.contains("no cycle is run again"), "{err}");
    assert_eq!(checks(&place), Vec::<String>::new());
    assert_eq!(place.count("shopping_sessions WHERE is_replay"), 0);
}

#[test]
fn a_stopped_run_goes_on_with_the_checkpoints_settings_and_not_the_environments() {
    let place = Place::new();
    let args = ["run", "--mock-api", "--agents", "20", "--time-scale", "36000", "--rate", "77"];
    let process = place.start(&args);
    place.wait_for("cycles WHERE cycle = 2");
    let kill = std::process::Command::new("kill").arg(process.id().to_string()).status();
    assert!(kill.unwrap().success());
    assert_eq!(process.wait(), Some(143));
    let args = ["resume", "--cycles", "12", "--json", "--quiet"];
    let mut command = place.command(&args);
    let (out, err) = place.expect_of(0, command.env("CARTLOAD_RATE", "5"));
    assert_eq!(json(&out)["rate_limit"], 77.0, "{err}");
    assert_eq!(json(&out)["cycles_completed"], 12);
    assert_eq!(checks(&place), Vec::<String>::new());
}

#[test]
fn where_there_is_nothing_to_resume_the_reason_is_said() {
    let place = Place::new();
    let (_, err) = place.expect(4, &["resume"]);
    assert!(err.contains("not there") && !place.data().exists(), "{err}");
    fs::create_dir(place.data()).unwrap();
    let (_, err) = place.expect(4, &["resume"]);
    assert!(err.contains("no checkpoint") && err.contains("cartload run"), "{err}");
    let dry = ["run", "--mock-api", "--mock-db", "--agents", "9", "--cycles", "1", "--quiet"];
    place.expect(0, &with(&dry, &FAST));
    let (_, err) = place.expect(4, &["resume", "--cycles", "9"]);
    assert!(err.contains("--mock-db"), "{err}");
    place.expect(2, &["resume", "--start", "2026-01-05"]);
    place.expect(2, &["resume", "--mock-db"]);
}

#[test]
fn a_run_of_another_database_is_not_made_up() {
    let place = Place::new();
    let run = ["run", "--mock-api", "--agents", "9", "--cycles", "1", "--quiet"];
    place.expect(0, &with(&run, &FAST));
    fs::remove_file(place.data().join("cartload.db")).unwrap();
    let (_, err) = place.expect(6, &["resume", "--cycles", "9"]);
    assert!(err.contains("there is no database"), "{err}");
    let other = Place::new();
    other.expect(0, &with(&run, &FAST));
    fs::copy(other.data().join("cartload.db"), place.data().join("cartload.db")).unwrap();
    let (_, err) = place.expect(4, &["resume", "--cycles", "9"]);
    assert!(err.contains("not in this database") && err.contains("completed"), "{err}");
}

#[test]
fn a_run_that_died_before_its_first_checkpoint_does_not_bring_back_the_one_before_it() {
    let place = Place::new();
    let run = ["run", "--mock-api", "--agents", "9", "--cycles", "2", "--quiet"];
    place.expect(0, &with(&run, &FAST));
    let first = place.checkpoints();
    let process = place.start(&["run", "--mock-api"]);
    wait(|| place.checkpoints().len() > first.len(), || place.log());
    process.kill();
    for path in place.checkpoints().iter().filter(|path| !first.contains(path)) {
        fs::remove_file(path).unwrap();
    }
    let (_, err) = place.expect(4, &["resume", "--cycles", "9"]);
    assert!(err.contains("died before its first checkpoint") && err.contains("--run"), "{err}");
    let (_, named) = err.split_once("--run ").unwrap();
    let named = named.split_whitespace().next().unwrap();
    place.expect(0, &["resume", "--run", named, "--cycles", "4", "--quiet"]);
}

#[test]
fn a_torn_checkpoint_is_named_and_the_older_one_is_taken() {
    let place = Place::new();
    let run = ["run", "--mock-api", "--agents", "20", "--cycles", "30", "--quiet"];
    place.expect(0, &with(&run, &FAST));
    let torn = newest(&place);
    fs::write(&torn, &fs::read(&torn).unwrap()[..200]).unwrap();
    let (_, err) = place.expect(0, &["resume", "--cycles", "33"]);
    let name = torn.file_name().unwrap().to_str().unwrap();
    assert!(err.contains(name) && err.contains("not used"), "{err}");
    assert_eq!(checks(&place), Vec::<String>::new());
    for path in place.checkpoints() {
        fs::write(path, "{").unwrap();
    }
    let (_, err) = place.expect(4, &["resume"]);
    assert!(err.contains("no valid checkpoint among"), "{err}");
}

#[test]
fn an_older_checkpoint_wins_over_higher_boundaries_once_it_was_resumed_from() {
    let place = Place::new();
    let run = ["run", "--mock-api", "--agents", "20", "--cycles", "30", "--quiet"];
    place.expect(0, &with(&run, &FAST));
    let files = place.checkpoints();
    let ten = files.iter().find(|path| path.display().to_string().contains("-0000000010-"));
    let args = ["resume", "--cycles", "12", "--from", ten.unwrap().to_str().unwrap()];
    let (_, err) = place.expect(0, &args);
    assert!(err.contains("at cycle 10") && err.contains("cycles 10-29 are run again"), "{err}");
    let (_, err) = place.expect(0, &["resume", "--cycles", "31"]);
    assert!(err.contains("at cycle 12"), "{err}");
    let (text, _) = place.expect(0, &["verify"]);
    assert!(text.contains("31 claimed, 31 lived"), "{text}");
}

#[test]
fn an_edited_checkpoint_is_refused_until_the_operator_accepts_it() {
    let place = Place::new();
    let run = ["run", "--mock-api", "--agents", "20", "--cycles", "2", "--quiet"];
    place.expect(0, &with(&run, &FAST));
    for path in place.checkpoints() {
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("\"cycles\": 2", "\"cycles\": 5")).unwrap();
    }
    let (_, err) = place.expect(4, &["resume"]);
    assert!(err.contains("--accept-edited"), "{err}");
    let path = newest(&place);
    place.expect(4, &["resume", "--from", path.to_str().unwrap(), "--cycles", "5"]);
    // The end that was reached is not known to be another one: it is given.
    let (_, err) = place.expect(0, &["resume", "--accept-edited", "--cycles", "5"]);
    assert!(err.contains("was edited, and accepted"), "{err}");
    let path = newest(&place);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"boundary\": 5", "\"boundary\": 4")).unwrap();
    let (_, err) = place.expect(4, &["resume", "--accept-edited", "--cycles", "6"]);
    assert!(err.contains("simulated_at") && err.contains("set it so"), "{err}");
    fs::write(&path, text.replace("\"per_second\": \"unlimited\"", "\"per_second\": -1")).unwrap();
    let (_, err) = place.expect(4, &["resume", "--accept-edited", "--cycles", "6"]);
    assert!(err.contains("rate.per_second") && err.contains("checkpoint"), "{err}");
}

#[test]
fn frozen_in_the_database_is_frozen_whatever_the_checkpoint_says() {
    let place = Place::new();
    let run = ["run", "--mock-api", "--agents", "20", "--cycles", "2", "--quiet"];
    place.expect(0, &with(&run, &FAST));
    place.sql(
        "UPDATE runs SET state = 'frozen';
         INSERT INTO incidents
           SELECT 'i1', run_id, 2, 0, FALSE, TRUE, NULL, NULL, 'freeze', 'frozen',
           '{\"NothingAccepted\":{\"attempts\":41}}', simulated_start, started_at FROM runs",
    );
    let (_, err) = place.expect(7, &["resume", "--cycles", "4", "--on-freeze", "exit"]);
    assert!(err.contains("comes back frozen") && err.contains("none of 41 adds"), "{err}");
    assert_eq!(place.count("cycles"), 2, "it sent nothing");
    assert_eq!(place.count("runs WHERE state = 'frozen'"), 1);
    // Its checkpoint says so too by now, and a kill changes nothing.
    let process = place.start(&["resume", "--cycles", "4"]);
    wait(|| place.log().contains("comes back frozen"), || place.log());
    process.kill();
    place.expect(7, &["resume", "--cycles", "4", "--on-freeze", "exit"]);
    let (out, err) = place.expect(0, &["resume", "--unfreeze", "--cycles", "4", "--json"]);
    assert!(err.contains("resuming run"), "{err}");
    assert_eq!(json(&out)["cycles_completed"], 4);
    assert_eq!(checks(&place), Vec::<String>::new());
}

#[test]
fn a_living_run_is_neither_resumed_nor_purged_nor_cleaned_up_by_others() {
    let place = Place::new();
    let process = place.start(&with(&["run"], &SLOW));
    place.wait_for("shopping_sessions WHERE cycle >= 1 AND status = 'active'");
    let (_, err) = place.expect(3, &["resume"]);
    assert!(err.contains(&format!("process {}", process.id())), "{err}");
    let audit = json(&place.expect(0, &["verify", "--json"]).0);
    assert_eq!(audit["is_owned"], true);
    let run = audit["run_id"].as_str().unwrap();
    let (_, err) = place.expect(3, &["purge", "--run", run, "--yes"]);
    assert!(err.contains("a process works on it"), "{err}");

    // From another data directory on the same database.
    let other = Place::new();
    fs::create_dir_all(other.data().join("checkpoints")).unwrap();
    let checkpoint = newest(&place);
    let name = checkpoint.file_name().unwrap();
    fs::copy(&checkpoint, other.data().join("checkpoints").join(name)).unwrap();
    let db = format!("sqlite://{}/cartload.db", place.data().display());
    let (_, err) = other.expect(3, &["resume", "--db", &db]);
    assert!(err.contains("belongs to another process") && err.contains("120 s"), "{err}");
    let run = ["run", "--mock-api", "--agents", "5", "--cycles", "2", "--db", &db, "--quiet"];
    other.expect(0, &with(&run, &FAST));
    assert_eq!(place.count("shopping_sessions WHERE end_reason = 'crash'"), 0);
    assert_eq!(place.count("incidents WHERE kind = 'clean_up'"), 0);
    process.kill();
}

#[test]
fn orphans_of_a_dead_run_are_ended_once_and_their_carts_cleared_by_the_next_run() {
    let shop = Place::new();
    let _open = shop.start(&["shop", "--port", "0"]);
    wait(|| shop.log().contains("http://"), || shop.log());
    let url = shop.log().lines().find(|line| line.starts_with("http://")).unwrap().to_owned();
    let place = Place::new();
    killed(&place, &["--api", &url, "--profile", "practice"]);
    let active = place.count("shopping_sessions WHERE status = 'active'");

    let run = ["run", "--api", &url, "--profile", "practice", "--cycles", "3", "--warm-up", "off"];
    let run = with(&with(&run, &["--start", "2026-01-05T10:00"]), &FAST);
    let (_, err) = place.expect(0, &run);
    assert!(err.contains("clean-up after a dead process"), "{err}");
    assert!(err.contains("left carts full at this shop"), "{err}");
    let crashed = "shopping_sessions WHERE status = 'abandoned' AND end_reason = 'crash'";
    assert_eq!(place.count("shopping_sessions WHERE status = 'active'"), 0);
    assert_eq!(place.count(crashed), active);
    let cleaned = format!(
        "incidents WHERE kind = 'clean_up' AND message LIKE '% {active} open shopping sessions %'"
    );
    assert_eq!(place.count(&cleaned), 1);
    assert_eq!(checks(&place), Vec::<String>::new(), "the newest run");

    let agents = place.count("agents");
    let (_, err) = place.expect(0, &run);
    assert!(!err.contains("clean-up"), "{err}");
    assert_eq!((place.count(crashed), place.count(&cleaned)), (active, 1));
    assert_eq!(place.count("agents"), agents);
}

#[test]
fn other_agents_than_the_checkpoints_are_refused_unless_they_are_accepted() {
    let place = Place::new();
    let run = ["run", "--warm-up", "off", "--start", "2026-01-05T10:00", "--quiet"];
    place.expect(0, &["agents", "generate", "--count", "30"]);
    place.expect(0, &with(&with(&run, &["--cycles", "2"]), &FAST));
    let resume = ["resume", "--quiet", "--cycles"];

    place.expect(0, &["agents", "set-status", "inactive", "agent_005"]);
    let (_, err) = place.expect(4, &with(&with(&resume, &["4"]), &FAST));
    assert!(err.contains("the 29 active agents of this database are not the 30 of"), "{err}");
    assert!(err.contains("--accept-population"), "{err}");
    assert_eq!(place.count("cycles"), 2);

    // The same again: nothing to accept.
    place.expect(0, &["agents", "set-status", "active", "agent_005"]);
    place.expect(0, &with(&with(&resume, &["4"]), &FAST));

    // Fewer of the same are a setting that changed; others are not.
    place.expect(0, &with(&with(&resume, &["6", "--agents", "20"]), &FAST));
    place.expect(0, &["agents", "generate", "--count", "31", "--replace"]);
    place.expect(4, &with(&with(&resume, &["8", "--agents", "30"]), &FAST));
    let accepted = with(&with(&resume, &["8", "--accept-population"]), &FAST);
    place.expect(0, &accepted);
    let said = "incidents WHERE kind = 'setting_changed' AND message LIKE '%were accepted'";
    assert_eq!(place.count(said), 1);
    place.expect(0, &["verify"]);
}
