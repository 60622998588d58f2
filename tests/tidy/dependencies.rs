//! What the dependencies may be: deny.toml, held against `cargo metadata`.
//!
//! The lists are in deny.toml alone, for `cargo deny` and for this.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{assert_none, root};

/// Where every dependency comes from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The texts in quotes of a list in deny.toml; of each line that has `key`, where one is asked for.
fn listed(list: &str, key: Option<&str>) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    let start = format!("\n{list} = [\n");
    let (_, rest) = text.split_once(&start).unwrap_or_else(|| panic!("deny.toml has no {list}"));
    let (lines, _) = rest.split_once("\n]").expect("a list ends");
    let quoted = |line: &str| {
        let of =
            key.map_or(Some(line), |key| line.split_once(&format!("{key} = ")).map(|p| p.1))?;
        of.split('"').nth(1).map(str::to_owned)
    };
    let found: BTreeSet<String> = lines.lines().filter_map(quoted).collect();
    assert!(!found.is_empty(), "deny.toml lists no {list}");
    found
}

fn cargo(args: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo).args(args).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

/// The packages of this system, those of tests included; others' are not at hand offline.
fn packages() -> Vec<Value> {
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let metadata = cargo(&[
        "metadata",
        "--format-version=1",
        "--locked",
        "--offline",
        "--all-features",
        &format!("--filter-platform={host}"),
    ]);
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages").clone();
    assert!(packages.len() > 200, "only {} packages", packages.len());
    packages
}

/// Whether one may be chosen wherever there is a choice. Terms joined by AND must all be allowed.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace(['(', ')'], "").replace('/', " OR ");
    expression.split(" AND ").all(|term| term.split(" OR ").any(|one| allowed.contains(one.trim())))
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed_and_comes_from_the_registry() {
    let allowed = listed("allow", None);
    let mut broken = Vec::new();
    for package in packages() {
        let name = format!("{} {}", package["name"], package["version"]);
        let licence = package["license"].as_str().unwrap_or_default();
        if !is_allowed(licence, &allowed) {
            broken.push(format!("{name}: licence \"{licence}\""));
        }
        if package["source"].as_str().is_some_and(|source| source != REGISTRY) {
            broken.push(format!("{name}: {}", package["source"]));
        }
    }
    assert_none(&broken, "deny.toml says what a dependency may be");
}

#[test]
fn no_banned_crate_is_locked_for_any_system() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let locked = |name: &String| lock.contains(&format!("\nname = \"{name}\"\n"));
    let broken: Vec<String> = listed("deny", Some("crate")).into_iter().filter(locked).collect();
    assert_none(&broken, "deny.toml says why it is banned");
}

#[test]
fn a_choice_of_licences_needs_one_allowed_and_a_pair_both() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND ISC", true),
        ("MIT AND GPL-3.0", false),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}
