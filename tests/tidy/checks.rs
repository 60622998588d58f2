//! docs/doctor.md has every check that `doctor` makes, and no other.

use std::collections::BTreeSet;
use std::fs;

use regex::Regex;

use super::{root, sources};

#[test]
fn every_check_of_the_doctor_is_in_its_document_and_no_other() {
    let of_doctor = |(path, _): &(String, String)| path.starts_with("src/doctor");
    let text: String = sources().into_iter().filter(of_doctor).map(|(_, text)| text).collect();
    let made = Regex::new(r#"Finding::(?:ok|warn|fail|skip)\(\s*AREA,\s*"([a-z_]+)""#);
    let made = made.expect("a pattern");
    let made: BTreeSet<String> = made.captures_iter(&text).map(|c| c[1].to_owned()).collect();
    let document = fs::read_to_string(root().join("docs/doctor.md")).expect("a document");
    let rows = document.split_once("## What it looks at").expect("a heading").1;
    let cell = Regex::new(r"(?m)^\|[^|]*\|([^|]*)\|").expect("a pattern");
    let name = Regex::new(r"`([a-z_]+)`").expect("a pattern");
    let cells: Vec<&str> =
        cell.captures_iter(rows).map(|c| c.get(1).expect("a cell").as_str()).collect();
    let named: BTreeSet<String> =
        cells.iter().flat_map(|cell| name.captures_iter(cell).map(|c| c[1].to_owned())).collect();
    assert!(made.len() > 30, "{made:?}");
    assert_eq!(made, named);
}
