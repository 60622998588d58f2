//! Files as other tools write them: what is read, what is refused, and where.

use super::*;
use crate::personas::OnBroken;
use crate::personas::csv_form::Delimiter;
use crate::personas::mapping::Mapping;

const COLUMNS: [&str; 9] = [
    "agent_id",
    "price_sensitivity",
    "brand_loyalty",
    "impulsivity",
    "coupon_affinity",
    "preferred_categories",
    "weekly_budget",
    "avg_cart_value",
    "shopping_frequency",
];

/// A file of a header and rows, each with cells added.
fn file(separator: &str, end: &str, added: &[&str], rows: &[(&str, &[&str])]) -> String {
    let header = [&COLUMNS[..], added].concat().join(separator);
    let mut lines = vec![header];
    lines.extend(rows.iter().map(|(agent, cells)| {
        let row =
            [agent, "0.5", "0.5", "0.5", "0.5", "[\"Bakery\",\"Dairy\"]", "100", "35", "rare"];
        let row = row.map(|cell| match cell.contains('"') {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell.to_owned(),
        });
        let cells = cells.iter().map(|cell| (*cell).to_owned());
        row.into_iter().chain(cells).collect::<Vec<_>>().join(separator)
    }));
    lines.join(end) + end
}

fn read(text: &str) -> Result<Imported, PersonaFileError> {
    read_csv("p.csv", text, None, &OnBroken::Refuse.into())
}

fn refused(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn columns_are_separated_as_the_header_or_the_first_line_says() {
    for (separator, said) in [(",", 0), (";", 1), ("\t", 1), ("|", 1)] {
        let text = file(separator, "\r\n", &[], &[("c-1", &[]), ("c-2", &[])]);
        let imported = read(&text).unwrap();
        assert_eq!((imported.personas.len(), imported.notes.len()), (2, said), "{separator}");
        let said = read(&format!("sep={separator}\r\n{text}")).unwrap();
        assert_eq!(said.personas, imported.personas);
    }
    let text = file(";", "\n", &["a,b"], &[("c-1", &["1"])]);
    let error = refused("agent_id;a,b\nc-1;1,2\n");
    assert!(error.contains("separated by `,`; --delimiter names another"), "{error}");
    let how = Reading { delimiter: Some(Delimiter::Semicolon), ..OnBroken::Refuse.into() };
    assert_eq!(read_csv("p.csv", &text, None, &how).unwrap().personas.len(), 1);
}

#[test]
fn decimal_commas_are_read_where_the_comma_does_not_separate_and_counted() {
    let text =
        file(";", "\n", &[], &[("c-1", &[])]).replace("0.5", "0,5").replace(";35;", ";35,50;");
    let imported = read(&text).unwrap();
    assert_eq!(imported.personas[0].avg_cart_value.0, 3_550);
    assert_eq!(imported.personas[0].impulsivity, 0.5);
    assert!(imported.notes.contains(&"5 numbers have a decimal comma".to_owned()));
    let error = refused(&text.replace(";100;", ";1,500;"));
    assert!(error.starts_with("p.csv:2: weekly_budget = `1,500` is impossible"), "{error}");
    assert_eq!(read(&text.replace("0,5", "0,500")).unwrap().personas[0].impulsivity, 0.5);
}

#[test]
fn a_header_may_have_capitals_and_spaces_but_no_name_twice() {
    let text = file(",", "\n", &["Cohort"], &[("c-1", &["blue"])]);
    let text = text.replacen("weekly_budget", "Weekly Budget", 1);
    let imported = read(&text).unwrap();
    assert_eq!(imported.personas[0].cohort.as_ref().unwrap().as_str(), "blue");
    assert!(imported.notes.contains(&"column `Weekly Budget` is read as weekly_budget".to_owned()));
    let error = refused(&text.replacen("Cohort", "AGENT-ID", 1));
    assert!(error.starts_with("p.csv:1:"), "{error}");
    assert!(error.contains("columns 1 and 10 of the header are both `agent_id`"), "{error}");
    let error = refused("a,bé,bé\n1,2,3\n");
    assert!(error.starts_with("p.csv:1:6: columns 2 and 3"), "{error}");
    assert!(read(&file(",", "\n", &["", ""], &[("c-1", &["x", "y"])])).is_ok(), "nameless columns");
}

#[test]
fn an_open_quote_refuses_the_file_whatever_is_to_be_skipped() {
    let text = file(",", "\n", &["backstory"], &[("c-1", &["\"open"]), ("c-2", &["x"])]);
    let error = read_csv("p.csv", &text, None, &OnBroken::Skip.into()).unwrap_err().to_string();
    assert!(error.starts_with("p.csv:3:") && error.contains("opened in line 2"), "{error}");
    let whole = text.replace("\"open", "\"open\nand closed\"");
    assert_eq!(read(&whole).unwrap().personas[0].backstory.as_deref(), Some("open\nand closed"));
}

#[test]
fn a_broken_row_is_named_by_its_line_however_lines_end() {
    for end in ["\n", "\r\n", "\r"] {
        let rows: [(&str, &[&str]); 3] =
            [("c-1", &["\"two\nlines\""]), ("c-2", &["x"]), ("", &["y"])];
        let error = refused(&file(",", end, &["backstory"], &rows));
        assert!(error.starts_with("p.csv:5: agent_id is missing"), "{end:?}: {error}");
    }
}

#[test]
fn words_for_nothing_are_told_and_a_mapping_makes_them_nothing() {
    let text =
        file(",", "\n", &["cohort", "age"], &[("c-1", &["NA", ""]), ("c-2", &["null", "30"])]);
    let imported = read(&text).unwrap();
    assert_eq!(imported.personas[0].cohort.as_ref().unwrap().as_str(), "NA");
    let notes = imported.notes.join("\n");
    assert!(notes.contains("cohort says `NA` in 1 rows"), "{notes}");
    assert!(notes.contains("`nothing: [\"NULL\"]` in a mapping"), "{notes}");
    let error = refused(&text.replace(",30", ",NULL"));
    assert!(error.contains("age = `NULL`") && error.contains("nothing: [\"NULL\"]"), "{error}");
    let mapping = Mapping::parse("m.ron", "(nothing: [\"NA\", \"NULL\"])").unwrap();
    let how = Reading { mapping, ..OnBroken::Refuse.into() };
    let imported = read_csv("p.csv", &text, None, &how).unwrap();
    assert!(imported.personas.iter().all(|persona| persona.cohort.is_none()));
    assert_eq!(imported.changes.len(), 2);
    assert_eq!(imported.changes[0].to_string(), "p.csv:2: cohort NA -> nothing (nothing)");
}

#[test]
fn two_separators_in_one_cell_are_refused_with_what_to_write() {
    let text = file(",", "\n", &[], &[("c-1", &[])]);
    let text = text.replace("\"[\"\"Bakery\"\",\"\"Dairy\"\"]\"", "\"Bread, Rolls;Dairy\"");
    let error = refused(&text);
    assert!(error.starts_with("p.csv:2: preferred_categories = `Bread, Rolls;Dairy`"), "{error}");
    assert!(error.contains("one of ; | ,") && error.contains("JSON list"), "{error}");
}

#[test]
fn one_document_in_the_place_of_rows_is_named_with_its_list() {
    for text in ["{\"agents\": [{\"agent_id\": 1}]}", "{\n \"agents\": [\n{\"agent_id\": 1}]\n}"] {
        let error = read_json("p.json", text, &OnBroken::Skip.into()).unwrap_err().to_string();
        assert!(error.starts_with("p.json:1:1: one document, whose `agents` is a list"), "{error}");
    }
    let error = read_json("p.json", "{\n \"a\": 1,\n \"b\"\n}", &OnBroken::Skip.into());
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("p.json:4:1: this is no JSON object"), "{error}");
}

#[test]
fn a_key_that_stands_twice_and_a_nul_are_refused_with_their_place() {
    let twice = "{\"agent_id\": \"a\", \"agent_id\": \"b\"}";
    let error = read_json("p.jsonl", &format!("\n{twice}"), &OnBroken::Refuse.into());
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("p.jsonl:2") && error.contains("`agent_id` stands there twice"),
        "{error}"
    );
    let error = read_json("p.json", &format!("[\n{twice}]"), &OnBroken::Skip.into());
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("p.json:2:") && error.contains("twice"), "{error}");
    let text = file(",", "\n", &["backstory"], &[("c-1", &["a\0b"])]);
    let error = refused(&text);
    assert!(error.starts_with(r"p.csv:2: backstory = `a\u{0}b` is impossible"), "{error}");
    let list = text.replace("a\0b", "").replace("Bakery", "Bak\\u0000ery");
    assert!(refused(&list).contains("preferred_categories"), "{}", refused(&list));
    let lone = read_json("p.json", "[{\"agent_id\": \"\\ud800\"}]", &OnBroken::Skip.into());
    assert!(lone.unwrap_err().to_string().starts_with("p.json:1:"));
}

#[test]
fn as_many_rows_as_there_may_be_agents_are_read_and_one_more_is_refused() {
    let rows = |count| "{}\n".repeat(count);
    let error = |count| {
        let read = read_json("p.jsonl", &rows(count), &OnBroken::Skip.into());
        read.unwrap_err().to_string()
    };
    assert!(error(100_000).contains("100000 of 100000 rows are broken"));
    assert!(error(100_001).starts_with("p.jsonl: more than 100000 rows"));
}

#[test]
fn a_file_above_its_bound_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.tsv");
    std::fs::write(&path, file("\t", "\n", &[], &[("c-1", &[])])).unwrap();
    assert_eq!(read_file(&path, &OnBroken::Refuse.into()).unwrap().personas.len(), 1);
    std::fs::File::options().write(true).open(&path).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
    let error = read_file(&path, &OnBroken::Refuse.into()).unwrap_err().to_string();
    assert!(error.contains("p.tsv: it has more than the 67108864 bytes"), "{error}");
}
