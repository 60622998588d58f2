//! `agents describe` and `agents import --mapping`, as docs/personas.md shows them.

use std::fs;

use serde_json::Value;

use crate::support::binary::Place;

/// The block of this language in docs/personas.md that holds `word`.
fn block(language: &str, word: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/personas.md");
    let text = fs::read_to_string(path).unwrap();
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1);
    let mut blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    blocks.find(|block| block.contains(word)).unwrap_or_else(|| panic!("{word}")).to_owned()
}

#[test]
fn a_foreign_table_is_imported_by_the_mapping_of_the_docs_and_what_is_left_out_is_told() {
    let place = Place::new();
    fs::write(place.path().join("people.csv"), block("text", "c-1001")).unwrap();
    fs::write(place.path().join("map.ron"), block("ron", "columns")).unwrap();
    let import = ["agents", "import", "people.csv", "--mapping", "map.ron"];
    let left_out = ["--skip-bad", "--rejected", "left-out.csv"];

    let (out, err) = place.expect(3, &import);
    assert!(out.is_empty() && err.contains("people.csv:3"), "{err}");
    let shown = block("text", "$ cartload agents import");
    let (out, err) = place.expect(0, &[&import[..], &left_out[..]].concat());
    for line in out.lines().chain(err.lines()) {
        assert!(shown.contains(line), "docs/personas.md does not show: {line}");
    }
    let rejected = fs::read_to_string(place.path().join("left-out.csv")).unwrap();
    let mut lines = rejected.lines();
    assert_eq!(lines.next(), Some("line,record,column,reason,message,row"));
    let row = lines.next().unwrap();
    assert!(row.starts_with("3,2,shopping_frequency,impossible,"), "{row}");
    assert!(row.contains("c-1002") && lines.next().is_none(), "{row}");

    let (out, _) = place.expect(0, &[&import[..], &left_out[..], &["--json"]].concat());
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["schema"], "cartload.import/1");
    assert_eq!((&report["imported"], &report["already_there"]), (&0.into(), &1.into()));
    assert_eq!(report["by_reason"][0]["rows"], 1);
    assert_eq!(report["rejected"][0]["row"]["customer"], "c-1002");
}

#[test]
fn a_mistake_in_a_mapping_changes_nothing_and_is_named_by_line_and_key() {
    let place = Place::new();
    fs::write(place.path().join("people.csv"), block("text", "c-1001")).unwrap();
    let mapping = block("ron", "columns").replace("\"agent_id\": ", "\"agnt_id\": ");
    fs::write(place.path().join("map.ron"), mapping).unwrap();
    let import = ["agents", "import", "people.csv", "--mapping", "map.ron", "--skip-bad"];
    let (_, err) = place.expect(3, &import);
    assert!(err.contains("map.ron:5:9: columns.agnt_id"), "{err}");
    assert!(err.contains("did you mean `agent_id`?"), "{err}");
    assert!(!place.data().exists(), "no database was made");
    let (_, err) = place.expect(3, &["agents", "import", "people.csv", "--mapping", "no.ron"]);
    assert!(err.contains("no.ron:1:1: the mapping cannot be read"), "{err}");
}

#[test]
fn the_population_is_described_for_people_and_for_programs() {
    let place = Place::new();
    place.expect(0, &["agents", "generate", "--categories", "Bakery,Dairy,Pet,Boats"]);
    let (text, _) = place.expect(0, &["agents", "describe"]);
    for part in [
        "372 agents",
        "price_sensitivity",
        "not at the shop: Boats",
        "preset load",
        "compared with the practice shop (no other is configured",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    let elsewhere = ["agents", "describe", "--api", "https://shop.example"];
    let (text, _) = place.expect(0, &elsewhere);
    assert!(text.contains("compared with https://shop.example\n"), "{text}");
    assert!(text.contains("known after a run there"), "{text}");
    let lifelike = ["agents", "describe", "--preset", "lifelike", "--json"];
    let (out, _) = place.expect(0, &lifelike);
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(found["schema"], "cartload.population/1");
    assert_eq!((&found["agents"], &found["activity"]["preset"]), (&372.into(), &"lifelike".into()));
    let visits = found["activity"]["visits_per_week"].as_f64().unwrap();
    assert!((1.0..2.0).contains(&visits), "{visits}");
    let held_out = found["held_out"].as_u64().unwrap();
    assert!((20..55).contains(&held_out), "{held_out}");
    let place = Place::new();
    let (_, err) = place.expect(6, &["agents", "describe"]);
    assert!(err.contains("there is no database"), "{err}");
    assert!(!place.data().exists(), "a look makes no database");
}
