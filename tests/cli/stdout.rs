//! `-` in place of a file is stdout, or is refused; nothing gets a file of that name. What is shown
//! of settings does not steer a terminal.

use crate::events::clean;
use crate::support::binary::Place;

/// The files beside the data directory.
fn files(place: &Place) -> Vec<String> {
    let entries = std::fs::read_dir(place.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "data").collect()
}

#[test]
fn an_export_to_a_dash_is_what_a_pipe_gets() {
    let place = Place::copy_of(clean());
    for more in [&["--format", "csv"][..], &["--json"], &["--table", "orders"]] {
        let dash = [&["events", "--out", "-", "--limit", "20"][..], more].concat();
        let piped = [&["events", "--limit", "20"][..], more].concat();
        let (out, _) = place.expect(0, &dash);
        assert_eq!(out, place.expect(0, &piped).0, "{more:?}");
        assert!(out.lines().count() > 2, "{out}");
    }
    let (_, err) = place.expect(2, &["events", "--out", "-", "--format", "parquet"]);
    assert!(err.contains("goes into a file"), "{err}");
    let (_, err) = place.expect(2, &["events", "--out-dir", "-"]);
    assert!(err.contains("--out-dir -"), "{err}");
    assert_eq!(files(&place), Vec::<String>::new());
}

#[test]
fn a_report_a_config_file_and_a_list_of_broken_rows_go_to_stdout_or_are_refused() {
    let place = Place::copy_of(clean());
    let (out, _) = place.expect(0, &["report", "-o", "-"]);
    assert!(out.starts_with("<!") && out.trim_end().ends_with("</html>"));
    let (out, err) = place.expect(2, &["report", "-o", "-", "--json"]);
    assert!(out.is_empty() && err.contains("both for stdout"), "{err}");
    let (out, _) = place.expect(0, &["config", "init", "-"]);
    assert!(out.contains("shop: ("), "{out}");
    std::fs::write(place.path().join("p.csv"), "agent_id\nx\n").unwrap();
    let args = ["agents", "import", "p.csv", "--skip-bad", "--rejected", "-"];
    let (_, err) = place.expect(2, &args);
    assert!(err.contains("--rejected -"), "{err}");
    assert_eq!(files(&place), ["p.csv"]);
}

#[test]
fn texts_that_a_spreadsheet_would_run_get_a_sign_where_that_is_asked_for_and_the_card_says_so() {
    let place = Place::copy_of(clean());
    place.sql(
        "UPDATE products SET name = '=1+1', brand = '@x', category = '-a' WHERE product_id = \
         (SELECT MIN(product_id) FROM products)",
    );
    let csv = ["events", "--table", "products", "--out"];
    place.expect(0, &[&csv[..], &["plain.csv"]].concat());
    place.expect(0, &[&csv[..], &["safe.csv", "--guard-formulas"]].concat());
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    let (plain, safe) = (read("plain.csv"), read("safe.csv"));
    for text in ["=1+1", "@x", "-a"] {
        assert!(plain.contains(&format!(",{text},")), "{text}");
        assert!(safe.contains(&format!(",'{text},")) && !safe.contains(&format!(",{text},")));
    }
    assert_eq!(safe.replace(",'", ","), plain, "nothing else differs");
    assert!(read("plain.csv.card.md").contains("--guard-formulas puts"));
    assert!(read("safe.csv.card.md").contains("have a ' before them"));
    place.expect(0, &[&csv[..], &["p.jsonl"]].concat());
    assert!(!read("p.jsonl.card.md").contains("guard-formulas"));
    let (_, err) = place.expect(2, &[&csv[..], &["p2.jsonl", "--guard-formulas"]].concat());
    assert!(err.contains("it is for csv"), "{err}");
}

#[test]
fn control_and_bidirectional_characters_of_settings_are_shown_as_their_escapes() {
    let place = Place::new();
    let hostile = r#"(shop: (store_id: "s\u{1b}[2J\u{202e}x", profile: "no\u{9b}such"))"#;
    std::fs::write(place.path().join("c.ron"), hostile).unwrap();
    for args in [
        &["config", "show", "--config", "c.ron"][..],
        &["run", "--config", "c.ron", "--cycles", "1"],
    ] {
        let output = place.run(args);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(!said.contains(|c| steers(c) || c == '\u{202e}'), "{said:?}");
    }
}
