//! The binary as an operator meets it: what it prints, where, and the code it ends with.

mod addresses;
mod describe;
mod fit;
mod from_table;
mod own_table;
mod plan;
mod profiles;
mod resources;
mod stdout;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder of its own, without any CARTLOAD_ variable of the tester's.
fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cartload"));
    command.current_dir(folder).args(args);
    for (name, _) in std::env::vars() {
        if name.starts_with("CARTLOAD_") || name.starts_with("DATABASE_URL") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
}

fn run(folder: &TempDir, args: &[&str]) -> Output {
    command(folder.path(), args).output().expect("the binary runs")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[track_caller]
fn refused(output: &Output, code: i32, parts: &[&str]) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert_eq!(stdout(output), "", "an error leaves stdout alone");
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn a_usage_mistake_ends_with_2() {
    let folder = folder();
    refused(&run(&folder, &["run", "--cycels", "3"]), 2, &["--cycels", "--cycles"]);
    refused(&run(&folder, &["run", "--time-scale", "fast"]), 2, &["--time-scale", "or max"]);
    refused(&run(&folder, &["run", "--rate", "0"]), 2, &["--rate", "above 0"]);
    refused(
        &run(&folder, &["run", "--cycles", "0"]),
        2,
        &["--cycles", "time.cycles", "1 to 1000000"],
    );
    refused(&run(&folder, &["run", "--warm-up", "maybe"]), 2, &["--warm-up", "on, off"]);
    refused(
        &run(&folder, &["run", "--until", "1999-01-01"]),
        2,
        &["--until", "not after the start"],
    );
    refused(&run(&folder, &["run", "--api", "http://u:p@h"]), 2, &["--api", "without user"]);
    refused(&run(&folder, &[]), 2, &["Usage"]);
    assert!(!folder.path().join("data").exists(), "nothing is half done");
}

#[test]
fn help_shows_examples_first_and_ends_with_0() {
    let all = stdout(&run(&folder(), &["--help"]));
    let listed = all.split("Commands:").nth(1).and_then(|rest| rest.split("\n\n").next());
    let names = listed.unwrap().lines().filter_map(|line| line.strip_prefix("  "));
    let names: Vec<&str> = names
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.contains(&"run") && names.contains(&"completions"), "{names:?}");
    for args in names.iter().map(|name| vec![*name, "--help"]).chain([vec!["--help"]]) {
        let output = run(&folder(), &args);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).starts_with("Examples:"), "{args:?}: {}", stdout(&output));
    }
}

#[test]
fn completions_know_the_commands_and_flags() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&folder(), &["completions", shell]);
        let script = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(script.contains("time-scale") && script.contains("verify"), "{shell}");
    }
    refused(&run(&folder(), &["completions", "tcsh"]), 2, &["tcsh", "bash"]);
}

#[test]
fn a_mistake_in_the_config_file_ends_with_3_and_is_named_by_place_and_key() {
    let folder = folder();
    fs::create_dir(folder.path().join("config")).unwrap();
    for (text, parts) in [
        (
            "(\n    time: (\n        scal: 48,\n    ),\n)\n",
            &["config/cartload.ron:3:9", "scal", "scale"],
        ),
        (
            "(rate: (per_second: \"fast\"))",
            &["config/cartload.ron:1:22", "rate.per_second", "unlimited"],
        ),
        ("(time: (cycles: -3))", &["config/cartload.ron:1:18", "time.cycles", "1 to 1000000"]),
        (
            "(checkpoints: (every_cycles: 100001))",
            &["ron:1:16", "checkpoints.every_cycles", "100000"],
        ),
    ] {
        fs::write(folder.path().join("config/cartload.ron"), text).unwrap();
        refused(&run(&folder, &["config", "check"]), 3, parts);
        refused(&run(&folder, &["run"]), 3, parts);
    }
    assert!(!folder.path().join("data").exists(), "nothing is half done");
    refused(&run(&folder, &["config", "check", "none.ron"]), 3, &["none.ron", "No such file"]);
}

#[test]
fn what_init_writes_is_what_check_accepts_and_is_not_written_over() {
    let folder = folder();
    let written = run(&folder, &["config", "init"]);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    let checked = run(&folder, &["config", "check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    fs::write(folder.path().join("config/cartload.ron"), "()").unwrap();
    refused(&run(&folder, &["config", "init"]), 3, &["config/cartload.ron", "--force"]);
    assert_eq!(fs::read_to_string(folder.path().join("config/cartload.ron")).unwrap(), "()");
    assert_eq!(run(&folder, &["config", "init", "--force"]).status.code(), Some(0));
    assert_eq!(run(&folder, &["config", "check"]).status.code(), Some(0));
}

#[test]
fn show_prints_each_value_with_its_origin_and_no_password() {
    let folder = folder();
    fs::write(folder.path().join("c.ron"), "(time: (scale: 12), rate: (per_second: 9))").unwrap();
    let args = ["config", "show", "--config", "c.ron", "--data", "elsewhere"];
    let output = command(folder.path(), &args)
        .env("CARTLOAD_RATE", "7")
        .env("DATABASE_URL", "postgres://me:hunter2@db.example/shop")
        .output()
        .unwrap();
    let text = stdout(&output);
    let line = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("{key} ")));
        line.unwrap_or_else(|| panic!("no {key} in {text}")).to_owned()
    };
    assert!(line("time.scale").contains("12.0") && line("time.scale").ends_with("c.ron:1:9"));
    assert!(line("rate.per_second").contains("7.0"));
    assert!(line("rate.per_second").ends_with("CARTLOAD_RATE"));
    assert!(line("store.data_dir").ends_with("--data"));
    assert!(line("store.url").contains("me:***@db.example"));
    assert!(line("store.url").ends_with("DATABASE_URL"));
    assert!(line("checkpoints.every_cycles").ends_with("default"));
    assert!(!format!("{output:?}").contains("hunter2"));

    let json = run(&folder, &["config", "show", "--json"]);
    let entries: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(entries[0]["key"], "time.scale");
    assert_eq!(entries[0]["origin"], "default");
}

#[test]
fn a_misspelt_variable_is_warned_about_with_the_nearest_one() {
    let folder = folder();
    let output = command(folder.path(), &["config", "check"])
        .env("CARTLOAD_TIMESCALE", "48")
        .env("CARTLOAD_REQUIRE", "postgres")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = stderr(&output);
    assert!(text.contains("CARTLOAD_TIMESCALE") && text.contains("CARTLOAD_TIME_SCALE?"), "{text}");
    assert!(!text.contains("CARTLOAD_REQUIRE"), "{text}");

    let output = command(folder.path(), &["run"]).env("CARTLOAD_RATE", "none").output().unwrap();
    refused(&output, 3, &["CARTLOAD_RATE", "rate.per_second", "\"none\"", "unlimited"]);
}

#[test]
fn a_data_directory_that_cannot_be_used_ends_with_3() {
    let folder = folder();
    let missing = run(&folder, &["run", "--data", "no/such/place"]);
    refused(&missing, 3, &["no/such/place", "no folder no/such", "--data"]);
    fs::write(folder.path().join("file"), "").unwrap();
    refused(&run(&folder, &["run", "--data", "file"]), 3, &["file", "not a folder"]);
    refused(&run(&folder, &["migrate", "--data", "file"]), 3, &["file", "not a folder"]);
}

#[cfg(unix)]
#[test]
fn a_read_only_data_directory_ends_with_3() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o500)).unwrap();
    if File::create(data.join("probe")).is_ok() {
        println!("skipped: this user can write to a read-only folder");
        return;
    }
    refused(&run(&folder, &["run"]), 3, &["data", "cartload.lock", "cannot be written", "--data"]);
}

#[test]
fn a_second_process_on_a_data_directory_is_told_the_pid_of_the_first() {
    let folder = folder();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let lock = File::create(data.join("cartload.lock")).unwrap();
    lock.lock().unwrap();
    let holder = r#"{"pid":4711,"owner":"6c0a4f6e-4b0e-4d38-9b1e-3b8f8a0d5c11"}"#;
    fs::write(data.join("cartload.lock"), holder).unwrap();
    refused(&run(&folder, &["run"]), 3, &["data", "process 4711", "--data"]);
    assert_eq!(fs::read_to_string(data.join("cartload.lock")).unwrap(), holder);
    drop(lock);
}

#[test]
fn a_broken_persona_file_ends_with_3_and_names_the_row() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let header = "agent_id,price_sensitivity,brand_loyalty,impulsivity,coupon_affinity,\
                  preferred_categories,weekly_budget,avg_cart_value,shopping_frequency";
    let good = "a1,0.5,0.4,0.3,0.2,Bakery;Dairy,120,35,rare";
    let import = |name: &str| run(&folder, &["agents", "import", name]);

    write("empty.csv", "");
    refused(&import("empty.csv"), 3, &["empty.csv", "no personas"]);
    write("header.csv", header);
    refused(&import("header.csv"), 3, &["header.csv", "no personas"]);
    write("column.csv", "agent_id,name\na1,x\n");
    refused(
        &import("column.csv"),
        3,
        &["column.csv:1", "no column price_sensitivity", "agent_id, name"],
    );
    write("value.csv", &format!("{header}\n{}\n", good.replace("0.5", "5")));
    refused(
        &import("value.csv"),
        3,
        &["value.csv:2", "price_sensitivity = `5`", "0 to 1", "--skip-bad"],
    );
    write("twice.csv", &format!("{header}\n{good}\n{good}\n"));
    refused(&import("twice.csv"), 3, &["twice.csv:3", "agent_id a1", "in twice.csv:2"]);
    write("broken.json", "[{\"agent_id\": \"a1\",}]");
    refused(&import("broken.json"), 3, &["broken.json:1:20"]);
    write("people.xml", "<a/>");
    refused(&import("people.xml"), 3, &["people.xml", ".csv"]);
    refused(&import("none.csv"), 3, &["none.csv", "No such file"]);
    refused(&run(&folder, &["agents", "import"]), 2, &["FILE"]);
}
