//! What an event's payload holds is declared once: SQL and documents are held against it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use actors::domain::event::EventKind;

/// Every path into a payload that is read in a text: `payload -> 'key'`, `payload->>'$.key'` or
/// `json_extract(x.payload, '$.key')`.
fn paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, word) in text.match_indices("payload") {
        let rest = text[at + word.len()..].trim_start_matches([' ', '\n', '\\']);
        let Some(rest) = ["->>", "->", ","].iter().find_map(|mark| rest.strip_prefix(mark)) else {
            continue;
        };
        let Some(quoted) = rest.trim_start_matches([' ', '\n', '\\']).strip_prefix('\'') else {
            continue;
        };
        let path = quoted.split('\'').next().unwrap_or_default();
        let key = path.strip_prefix("$.").unwrap_or(path).split(['.', '[']).next();
        found.extend(key.map(str::to_owned));
    }
    found
}

fn is_declared(key: &str) -> bool {
    EventKind::ALL.iter().flat_map(|kind| kind.fields()).any(|field| field.name == key)
}

/// Every file below `folder` that ends so, as path and text.
fn texts(folder: &Path, end: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, end, found);
        } else if path.extension().is_some_and(|e| e == end) {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn every_path_that_is_read_from_a_payload_is_declared() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut read = Vec::new();
    for folder in ["actors", "src"] {
        texts(&root.join(folder), "rs", &mut read);
        texts(&root.join(folder), "sql", &mut read);
    }
    texts(&root.join("docs"), "md", &mut read);
    let used: Vec<(&String, String)> = read
        .iter()
        .flat_map(|(name, text)| paths(text).into_iter().map(move |p| (name, p)))
        .collect();
    assert!(used.len() >= 6, "SQL reads payloads in more places than {used:?}");
    let foreign: Vec<_> = used.iter().filter(|(_, path)| !is_declared(path)).collect();
    assert!(foreign.is_empty(), "no event has {foreign:?}");
}

#[test]
fn a_path_is_found_however_it_is_written_and_a_foreign_one_is_not_declared() {
    let text = "e.payload -> 'accepted', payload->>'$.reason', payload, 'x' AS y, payload -> Json, \
                json_extract(e.payload, '$.refused'), payload \\\n ->> 'status'";
    assert_eq!(paths(text), ["accepted", "reason", "x", "refused", "status"]);
    assert!(is_declared("refused") && !is_declared("status"));
}

#[test]
fn the_documented_table_of_payloads_is_the_declared_one() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/data.md");
    let text = fs::read_to_string(docs).unwrap();
    let mut table = "| event_type | field of `payload` | type | what it says |\n".to_owned();
    table += "|---|---|---|---|\n";
    for kind in EventKind::ALL {
        for field in kind.fields() {
            let (name, meaning) = (field.name, field.meaning);
            let (what, presence) = (field.kind.as_str(), field.presence.as_str());
            writeln!(table, "| {kind} | {name} | {what}{presence} | {meaning} |").unwrap();
        }
    }
    assert!(text.contains(&table), "docs/data.md must have this table:\n{table}");
}
