//! What persona files may hold, and how a broken one is named.

use actors::domain::money::Cents;
use actors::domain::persona::ShoppingFrequency;

use super::*;
use crate::personas::{OnBroken, RowProblem, to_json};

const HEADER: &str = "agent_id,price_sensitivity,brand_loyalty,impulsivity,coupon_affinity,\
                      preferred_categories,weekly_budget,avg_cart_value,shopping_frequency";
const ROW: &str = "a1,0.5,0.4,0.3,0.2,Bakery;Dairy,120.10,$35,frequent";

fn csv(rows: &[&str]) -> Result<Imported, PersonaFileError> {
    read_csv("p.csv", &format!("{HEADER}\n{}\n", rows.join("\n")), None, &OnBroken::Refuse.into())
}

fn with(column: &str, value: &str) -> Result<Imported, PersonaFileError> {
    read_csv(
        "p.csv",
        &format!("{HEADER},{column}\n{ROW},{value}\n"),
        None,
        &OnBroken::Refuse.into(),
    )
}

#[test]
fn a_row_with_the_required_columns_is_a_persona() {
    let imported = csv(&[ROW]).unwrap();
    let persona = &imported.personas[0];
    assert_eq!(persona.agent_id.as_str(), "a1");
    assert_eq!(persona.weekly_budget, Cents(12_010));
    assert_eq!(persona.avg_cart_value, Cents(3_500));
    assert_eq!(persona.preferred_categories, ["Bakery", "Dairy"]);
    assert_eq!(persona.shopping_frequency, ShoppingFrequency::Frequent);
    assert_eq!((persona.weekday_affinity, persona.weekend_affinity), (0.5, 0.5));
    assert_eq!(csv(&[ROW]).unwrap().personas[0].user_id, persona.user_id);
}

#[test]
fn shares_of_days_become_affinities_around_one_half() {
    let day = |weekday: &str, saturday: &str, sunday: &str| {
        let header = "pref_day_weekday,pref_day_saturday,pref_day_sunday";
        let persona = with(header, &format!("{weekday},{saturday},{sunday}")).unwrap().personas;
        (persona[0].weekday_affinity, persona[0].weekend_affinity)
    };
    let close = |(a, b): (f64, f64), (c, d): (f64, f64)| {
        assert!((a - c).abs() < 0.001 && (b - d).abs() < 0.001, "{a} {b}");
    };
    close(day("0.714286", "0.142857", "0.142857"), (0.5, 0.5));
    close(day("0.667", "0.1665", "0.1665"), (0.467, 0.583));
    close(day("0.2", "0.4", "0.4"), (0.14, 1.0));
}

#[test]
fn three_shares_may_be_a_hundredth_off_and_are_divided_by_their_sum() {
    let names = "pref_time_morning,pref_time_afternoon,pref_time_evening";
    for (shares, changed) in [
        ("0.33,0.33,0.33", 3),
        ("0.41,0.3,0.3", 3),
        ("0.3,0.3,0.4", 0),
        ("0.1,0.2,0.7", 0),
        ("0,0,0.99", 1),
    ] {
        let imported = with(names, shares).unwrap();
        let times = imported.personas[0].time_of_day;
        assert!((times.morning + times.afternoon + times.evening - 1.0).abs() < 1e-12);
        assert_eq!(imported.changes.len(), changed, "{shares}");
    }
    for (shares, key) in [
        ("0.33,0.33,0.329", "sum_tolerance: 0.02"),
        ("0.34,0.34,0.331", "sum_tolerance: 0.02"),
        ("1,0.5,0.35", "sum_tolerance: 0.85"),
        ("0,0,0", "three zeros"),
    ] {
        let message = with(names, shares).unwrap_err().to_string();
        assert!(message.contains(key), "{shares}: {message}");
    }
}

#[test]
fn what_a_mapping_could_mend_is_said_with_its_key() {
    let poor = csv(&[&ROW.replace("120.10", "19.99")]).unwrap_err().to_string();
    assert!(poor.contains("`clamp: [\"weekly_budget\"]` in a mapping"), "{poor}");
    let empty = csv(&[&ROW.replace("0.4", "")]).unwrap_err().to_string();
    assert!(empty.contains("`defaults: {\"brand_loyalty\": ...}` in a mapping"), "{empty}");
    let word = csv(&[&ROW.replace("120.10", "much")]).unwrap_err().to_string();
    assert!(!word.contains("clamp"), "{word}");
}

#[test]
fn categories_may_be_separated_in_four_ways() {
    for list in [
        "Bakery;Dairy",
        "Bakery | Dairy",
        "\"Bakery, Dairy\"",
        "\"[\"\"Bakery\"\",\"\"Dairy\"\"]\"",
    ] {
        let row = ROW.replace("Bakery;Dairy", list);
        assert_eq!(csv(&[&row]).unwrap().personas[0].preferred_categories, ["Bakery", "Dairy"]);
    }
}

#[test]
fn a_broken_value_is_named_by_file_line_column_value_and_what_is_allowed() {
    for (row, parts) in [
        (ROW.replace("0.5", "1.5"), ["p.csv:3", "price_sensitivity", "1.5", "0 to 1"]),
        (ROW.replace("0.5", "much"), ["p.csv:3", "price_sensitivity", "much", "0 to 1"]),
        (ROW.replace("0.5", ""), ["p.csv:3", "price_sensitivity", "missing", "0 to 1"]),
        (ROW.replace("120.10", "19.99"), ["p.csv:3", "weekly_budget", "19.99", "20.00 to 300.00"]),
        (ROW.replace("frequent", "often"), ["p.csv:3", "shopping_frequency", "often", "rare"]),
        (
            ROW.replace("Bakery;Dairy", "Bakery"),
            ["p.csv:3", "preferred_categories", "Bakery", "2 to 4"],
        ),
        (ROW.replace("a1", "a 1"), ["p.csv:3", "agent_id", "a 1", "64"]),
        (format!("{ROW},7"), ["p.csv:3", "10 columns", "header", "9"]),
    ] {
        let message = csv(&[&ROW.replace("a1", "a0"), &row]).unwrap_err().to_string();
        for part in parts {
            assert!(message.contains(part), "`{part}` is not in `{message}`");
        }
    }
    for (column, value) in [
        ("age", "17"),
        ("age", "81"),
        ("household_size", "0"),
        ("has_children", "maybe"),
        ("user_id", "7"),
        ("pref_time_morning,pref_time_afternoon,pref_time_evening", "0.5,0.5,0.5"),
        ("pref_day_weekday", "1"),
        ("status", "gone"),
    ] {
        let message = with(column, value).unwrap_err().to_string();
        assert!(message.contains("p.csv:2"), "{column}: {message}");
    }
}

#[test]
fn skipping_takes_the_good_rows_and_lists_the_others() {
    let bad = ROW.replace("a1", "a2").replace("0.5", "9");
    let text = format!("{HEADER}\n{ROW}\n{bad}\n{ROW}\n");
    let imported = read_csv("p.csv", &text, None, &OnBroken::Skip.into()).unwrap();
    assert_eq!(imported.personas.len(), 1);
    assert_eq!(imported.skipped.len(), 2);
    assert!(matches!(
        imported.skipped[1].problem,
        RowProblem::Duplicate { column: "agent_id", .. }
    ));
    assert!(imported.skipped[1].to_string().contains("p.csv:4"));
    assert!(imported.skipped[1].to_string().contains("in p.csv:2"));
}

#[test]
fn nothing_good_at_all_is_an_error_even_when_skipping() {
    let bad = ROW.replace("0.5", "9");
    let text = format!("{HEADER}\n{bad}\n");
    let error = read_csv("p.csv", &text, None, &OnBroken::Skip.into()).unwrap_err();
    assert!(matches!(error, PersonaFileError::Broken { rows: 1, .. }), "{error}");
}

#[test]
fn an_empty_file_and_a_header_without_rows_hold_no_personas() {
    let none = |outcome: Result<Imported, PersonaFileError>| {
        assert!(matches!(outcome, Err(PersonaFileError::Empty { .. })), "{outcome:?}");
    };
    none(read_csv("p", "", None, &OnBroken::Refuse.into()));
    none(read_csv("p", HEADER, None, &OnBroken::Refuse.into()));
    none(read_json("p", "", &OnBroken::Refuse.into()));
    none(read_json("p", " [] ", &OnBroken::Refuse.into()));
    let error = read_csv("p.csv", "id;name\n1;2\n", None, &OnBroken::Refuse.into()).unwrap_err();
    assert!(error.to_string().contains("no column agent_id; columns found: id, name"), "{error}");
}

#[test]
fn json_is_read_as_an_array_and_line_by_line_and_what_is_exported_is_read_back() {
    let persona = csv(&[ROW]).unwrap().personas.remove(0);
    let object = to_json(&persona);
    let array = read_json("p.json", &format!("[{object}]"), &OnBroken::Refuse.into()).unwrap();
    assert_eq!(array.personas, std::slice::from_ref(&persona));
    assert!(array.ignored_columns.is_empty());
    let lines = read_json("p.jsonl", &format!("\n{object}\n\n"), &OnBroken::Refuse.into()).unwrap();
    assert_eq!(lines.personas, [persona]);
}

#[test]
fn broken_json_is_named_by_its_place() {
    let error = read_json("p.json", "[{\"agent_id\": }]", &OnBroken::Refuse.into()).unwrap_err();
    assert!(error.to_string().starts_with("p.json:1:15: "), "{error}");
    let error =
        read_json("p.jsonl", "{}\n{\"a\"\n", &OnBroken::Refuse.into()).unwrap_err().to_string();
    assert!(error.contains("p.jsonl:1: agent_id is missing"), "{error}");
    assert!(error.contains("p.jsonl:2: column 4"), "{error}");
    let error = read_json("p.json", "[7]", &OnBroken::Refuse.into()).unwrap_err().to_string();
    assert!(error.contains("p.json record 1: a persona is a JSON object"), "{error}");
}
