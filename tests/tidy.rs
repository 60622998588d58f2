//! The style, checked by the tests themselves: layout, sizes, purity, the message table, what
//! comments name and what is depended on.

mod checks;
mod dependencies;
mod documents;
mod house;
mod members;

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file of the program.
const FILE_LINES_MAX: usize = 400;
/// Lines of a file of tests.
const TEST_LINES_MAX: usize = 600;
/// Characters of a line.
const LINE_CHARS_MAX: usize = 100;

/// File names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 5] = ["mod.rs", "utils.rs", "util.rs", "helpers.rs", "common.rs"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the project as path from its root and text.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["actors", "src", "tests", "benches"] {
        collect(&root().join(folder), &mut found);
    }
    assert!(found.len() > 50, "the walk found only {} files", found.len());
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a folder of the project can be read").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(root()).expect("below the root").display().to_string();
            found.push((name, fs::read_to_string(&path).expect("a source file is UTF-8")));
        }
    }
}

fn assert_none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

#[test]
fn every_file_begins_by_saying_what_it_owns() {
    let broken: Vec<String> =
        sources().into_iter().filter(|(_, t)| !t.starts_with("//! ")).map(|(n, _)| n).collect();
    assert_none(&broken, "a file begins with `//! `");
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let is_empty = |name: &str| EMPTY_NAMES.iter().any(|e| name.ends_with(&format!("/{e}")));
    let broken: Vec<String> =
        sources().into_iter().map(|(n, _)| n).filter(|n| is_empty(n)).collect();
    assert_none(&broken, "name the noun");
}

#[test]
fn files_and_lines_stay_short() {
    let mut broken = Vec::new();
    for (name, text) in sources() {
        let is_test = name.starts_with("tests/") || name.ends_with("/tests.rs");
        let max = if is_test { TEST_LINES_MAX } else { FILE_LINES_MAX };
        let lines = text.lines().count();
        if lines > max {
            broken.push(format!("{name}: {lines} lines, at most {max}"));
        }
        for (n, line) in text.lines().enumerate() {
            let chars = line.chars().count();
            if chars > LINE_CHARS_MAX {
                broken.push(format!("{name}:{}: {chars} characters", n + 1));
            }
        }
    }
    assert_none(&broken, "split by noun");
}

#[test]
fn nobody_but_the_binary_reaches_up_into_the_command_line() {
    let is_of_it = |name: &str| name == "src/main.rs" || name.starts_with("src/cli");
    let reaches = |text: &str| ["crate::cli", "cartload::cli"].iter().any(|up| text.contains(up));
    let broken: Vec<String> = sources()
        .into_iter()
        .filter(|(name, text)| !is_of_it(name) && name != "tests/tidy.rs" && reaches(text))
        .map(|(name, _)| name)
        .collect();
    assert_none(&broken, "a run is started through src/running");
}

#[test]
fn only_the_topology_starts_actors() {
    let starts = [".start()", "::start_in_arbiter(", "::create("];
    let broken: Vec<String> = sources()
        .into_iter()
        .filter(|(name, _)| name.starts_with("actors/") && name != "actors/topology.rs")
        .filter(|(name, _)| !name.ends_with("/tests.rs"))
        .filter(|(_, text)| {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let mut lines = code.lines().filter(|l| !l.trim_start().starts_with("//"));
            lines.any(|l| starts.iter().any(|s| l.contains(s)) && !l.contains("clock"))
        })
        .map(|(name, _)| name)
        .collect();
    assert_none(&broken, "wiring belongs to actors/topology.rs");
}

#[test]
fn only_the_door_takes_permits_and_sends_calls() {
    let ways = ["TakePermit {", "Call { permit"];
    let broken: Vec<String> = sources()
        .into_iter()
        .filter(|(name, _)| name.starts_with("actors/") && name != "actors/shop_door.rs")
        .filter(|(name, _)| !name.ends_with("/tests.rs"))
        .filter(|(_, text)| {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let declares = |line: &str| line.starts_with("pub struct ") || line.starts_with("impl");
            code.lines().any(|l| !declares(l) && ways.iter().any(|way| l.contains(way)))
        })
        .map(|(name, _)| name)
        .collect();
    assert_none(&broken, "the way to the shop is actors/shop_door.rs (P3)");
}

#[test]
fn every_message_stands_in_the_table_under_its_owner() {
    let readme = fs::read_to_string(root().join("actors/README.md")).expect("actors/README.md");
    let mut broken = Vec::new();
    for (name, text) in sources() {
        let Some(owner) = name.strip_prefix("actors/").and_then(|n| n.strip_suffix("/messages.rs"))
        else {
            continue;
        };
        let mut is_message = false;
        for line in text.lines() {
            if line.contains("derive(") && line.contains("Message)") {
                is_message = true;
            } else if let Some(rest) =
                line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))
            {
                let message: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
                let link = format!("{owner}::messages::{message}");
                if std::mem::take(&mut is_message) && !readme.contains(&link) {
                    broken.push(format!("{name}: {message} (link {link})"));
                }
            }
        }
    }
    assert_none(&broken, "actors/README.md lists every message under its owner");
}
