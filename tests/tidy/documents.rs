//! Comments and documents name what is there: a file of the repository, never one outside it.

use std::fs;
use std::path::Path;

use regex::Regex;

use super::{assert_none, root};

/// Folders that are read, beside the files at the root.
const FOLDERS: [&str; 8] =
    [".ci", "actors", "benches", "config", "docs", "migrations", "src", "tests"];

/// Names that stand for a reader's own file.
const EXAMPLES: [&str; 2] = ["config/shops/mine.ron", "NAME.card.md"];

/// Words by which a comment points at a text that no reader has.
const ELSEWHERE: [&str; 3] = ["design,", "design \"", "design says"];

/// Every text below the root that has comments or is a document: its path and itself.
fn texts() -> Vec<(String, String)> {
    let mut found = Vec::new();
    read(&root(), false, &mut found);
    for folder in FOLDERS {
        read(&root().join(folder), true, &mut found);
    }
    assert!(found.len() > 100, "the walk found only {} files", found.len());
    found
}

fn read(folder: &Path, is_deep: bool, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("a folder of the project can be read").path();
        if path.is_dir() {
            if is_deep {
                read(&path, true, found);
            }
            continue;
        }
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        if mark_of(&name).is_some()
            && let Ok(text) = fs::read_to_string(&path)
        {
            found.push((name, text));
        }
    }
}

/// What begins a comment in a file; nothing in a document, which is one; `None`: it is not read.
fn mark_of(name: &str) -> Option<&'static str> {
    let (_, end) = name.rsplit_once(['.', '/']).unwrap_or(("", name));
    match end {
        "rs" | "ron" => Some("//"),
        "toml" | "yml" | "yaml" | "service" | "Dockerfile" | "run" => Some("#"),
        "sql" => Some("--"),
        "md" => Some(""),
        _ => None,
    }
}

/// The lines of a file that speak to a reader, with their numbers.
fn told<'a>(name: &str, text: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let mark = mark_of(name).unwrap_or_default();
    // In Rust `//` stands in texts too: a comment begins its line or follows a space.
    let comment = move |line: &'a str| match mark {
        "" => Some(line),
        mark if line.trim_start().starts_with(mark) => Some(line),
        mark => line.split_once(&format!(" {mark} ")).map(|(_, comment)| comment),
    };
    (1..).zip(text.lines()).filter_map(move |(n, line)| Some((n, comment(line)?)))
}

/// Whether `path` is there: from the root or beside the file that names it, as a file or a module.
fn is_there(path: &str, named_in: &str) -> bool {
    let beside = root().join(named_in).parent().map(Path::to_owned).unwrap_or_default();
    [root(), beside].iter().any(|base| {
        let path = base.join(path);
        path.exists() || path.with_extension("rs").exists()
    })
}

#[test]
fn a_document_or_file_that_is_named_is_in_the_repository() {
    let word = Regex::new(r"[A-Za-z0-9_./-]+").expect("a pattern");
    let address = Regex::new(r"https?://\S+").expect("a pattern");
    let is_path = |word: &str| {
        let (top, _) = word.split_once('/').unwrap_or_default();
        word.ends_with(".md") || FOLDERS.contains(&top)
    };
    let mut broken = Vec::new();
    for (name, text) in texts() {
        for (n, line) in told(&name, &text) {
            let line = address.replace_all(line, "");
            for found in word.find_iter(&line) {
                let path = found.as_str().trim_matches('.').trim_matches('/');
                if is_path(path) && !EXAMPLES.contains(&path) && !is_there(path, &name) {
                    broken.push(format!("{name}:{n}: {path}"));
                }
            }
        }
    }
    assert_none(&broken, "what a comment or document names is there");
}

#[test]
fn a_link_of_a_document_leads_somewhere() {
    let link = Regex::new(r"\]\(([^)#\s]+)[^)]*\)").expect("a pattern");
    let mut broken = Vec::new();
    for (name, text) in texts().iter().filter(|(name, _)| name.ends_with(".md")) {
        for found in link.captures_iter(text) {
            let to = &found[1];
            // `::` is a path of rustdoc, which `cargo doc` checks.
            let is_elsewhere = to.starts_with("http") || to.contains("::");
            if !is_elsewhere && !is_there(to, name) {
                broken.push(format!("{name}: {to}"));
            }
        }
    }
    assert_none(&broken, "a link leads to a file");
}

#[test]
fn a_comment_says_itself_what_a_design_elsewhere_says() {
    let mut broken = Vec::new();
    for (name, text) in texts().iter().filter(|(name, _)| name.ends_with(".rs")) {
        let points = |line: &str| ELSEWHERE.iter().any(|words| line.contains(words));
        let lines = told(name, text).filter(|(_, line)| points(line));
        broken.extend(lines.map(|(n, line)| format!("{name}:{n}: {}", line.trim())));
    }
    assert_none(&broken, "a reader has no other text than this repository");
}
