//! Who may know whom: the members and the members each may import. A new edge is a decision, made
//! here and drawn in docs/architecture.md.

use std::collections::BTreeSet;
use std::fs;

use super::{assert_none, root};

/// A member's folder and the other members that its code may import, as libraries are called.
const MAY_IMPORT: [(&str, &[&str]); 10] = [
    ("actors/domain", &[]),
    ("actors/ports", &["domain"]),
    ("actors", &["domain", "ports"]),
    ("src/text", &[]),
    ("src/questions", &["domain", "ports"]),
    ("src/store", &["domain", "ports", "questions", "text"]),
    ("src/shops", &["domain", "ports", "text"]),
    ("src/analysis", &["domain", "ports", "questions", "text"]),
    ("src/fitting", &["domain"]),
    (".", &["actors", "analysis", "fitting", "questions", "shops", "store", "text"]),
];

/// The members named under `[dependencies]`.
fn imported(manifest: &str, members: &BTreeSet<&str>) -> BTreeSet<String> {
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split(['.', ' ']).next());
    names.filter(|name| members.contains(name)).map(str::to_owned).collect()
}

#[test]
fn a_member_imports_only_what_lies_below_it() {
    let libraries: BTreeSet<&str> = MAY_IMPORT
        .iter()
        .filter_map(|(folder, _)| folder.rsplit('/').next().filter(|name| *name != "."))
        .collect();
    let mut broken = Vec::new();
    for (folder, allowed) in MAY_IMPORT {
        let path = root().join(folder).join("Cargo.toml");
        let manifest = fs::read_to_string(&path).expect("a member has a manifest");
        let allowed: BTreeSet<String> = allowed.iter().map(ToString::to_string).collect();
        let imported = imported(&manifest, &libraries);
        if imported != allowed {
            broken.push(format!("{folder}: imports {imported:?}, may import {allowed:?}"));
        }
    }
    assert_none(&broken, "a layer does not reach up");
}

#[test]
fn every_member_is_listed_and_says_what_it_owns() {
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let line = workspace.lines().find(|line| line.starts_with("members = ")).expect("members");
    let members: BTreeSet<&str> = line.split('"').skip(1).step_by(2).collect();
    let listed: BTreeSet<&str> =
        MAY_IMPORT.iter().map(|(folder, _)| *folder).filter(|folder| *folder != ".").collect();
    assert_eq!(members, listed);
    let silent = |folder: &&&str| !root().join(folder).join("README.md").exists();
    let broken: Vec<String> = members.iter().filter(silent).map(ToString::to_string).collect();
    assert_none(&broken, "a member has a README.md");
}
