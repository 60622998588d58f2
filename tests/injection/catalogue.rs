//! The list of messages: complete, parsable, and in the manual.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cartload::injection::{examples, parse};

/// The variants that stand where `text` has a word that is none.
fn variants(text: &str) -> Vec<String> {
    let error = parse("probe", text).unwrap_err().problem;
    let listed = error.split(", expected ").nth(1).unwrap_or_else(|| panic!("{error}"));
    let listed = listed.split(';').next().unwrap();
    listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every message as its words: `Session Break`.
fn every_message() -> BTreeSet<String> {
    let mut messages = BTreeSet::new();
    for address in variants("None_such") {
        let probe = match address.as_str() {
            "Agent" => r#"Agent("agent_001", None_such)"#.to_owned(),
            "Agents" | "Session" => format!("{address}(1, None_such)"),
            _ => format!("{address}(None_such)"),
        };
        let words = variants(&probe).into_iter().map(|word| format!("{address} {word}"));
        messages.extend(words);
    }
    messages
}

fn words(message: &str) -> Vec<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    message.split(|c| !is_word(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_message_has_an_example() {
    let all = every_message();
    assert!(all.len() > 30, "{all:?}");
    let shown: Vec<Vec<String>> = examples().map(|example| words(example.message)).collect();
    for message in all.iter().filter(|message| !message.starts_with("Agents ")) {
        let (address, what) = message.split_once(' ').unwrap();
        let is_it = |shown: &Vec<String>| shown[0] == address && shown.contains(&what.to_owned());
        assert!(shown.iter().any(is_it), "{message} has no example");
    }
}

#[test]
fn every_message_stands_in_the_manual_of_the_actors() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("actors/README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let manual = readme.split("# Injected messages").nth(1).expect("a section of its own");
    let manual = manual.split("\n# ").next().unwrap();
    for message in every_message() {
        let (address, what) = message.split_once(' ').unwrap();
        let row = manual.lines().find(|line| line.starts_with(&format!("| `{address}`")));
        let row = row.unwrap_or_else(|| panic!("{address} has no row"));
        assert!(row.contains(what) || address == "Agents", "{message}");
    }
}
