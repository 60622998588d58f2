//! Python with a package, where there is one: `CARTLOAD_TEST_PYTHON`, else `python3`. Tests install
//! nothing.

use std::path::Path;
use std::process::Command;

fn program() -> String {
    std::env::var("CARTLOAD_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Whether the packages are there. Where CARTLOAD_REQUIRE names all of them, they must be.
pub fn require(packages: &[&str]) -> bool {
    let import = format!("import {}", packages.join(", "));
    let there = Command::new(program()).args(["-c", &import]).output();
    if there.is_ok_and(|output| output.status.success()) {
        return true;
    }
    let required = std::env::var("CARTLOAD_REQUIRE").unwrap_or_default();
    let (python, names) = (program(), packages.join(" and "));
    let is_required = packages.iter().all(|package| required.split(',').any(|it| it == *package));
    assert!(!is_required, "CARTLOAD_REQUIRE names {names}, which {python} does not have");
    eprintln!("skipped: {python} does not have {names}");
    false
}

/// What a script prints, run in this folder.
#[track_caller]
pub fn run(folder: &Path, script: &str) -> String {
    let output = Command::new(program()).current_dir(folder).args(["-c", script]).output();
    let output = output.expect("python runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{error}");
    String::from_utf8(output.stdout).expect("UTF-8")
}
