//! What a mapping makes of a foreign table, and how a wrong one is named.

use actors::domain::money::Cents;
use actors::domain::persona::{Persona, ShoppingFrequency};

use super::super::files::{read_csv, read_json};
use super::super::{Imported, OnBroken, PersonaFileError, Reading, RowProblem};
use super::*;

const MAPPING: &str = r#"(
    columns: {
        "agent_id": "customer",
        "weekly_budget": "spend_per_month",
        "avg_cart_value": "basket",
        "preferred_categories": "aisles",
        "shopping_frequency": "visits",
        "price_sensitivity": "q1",
    },
    values: {
        "shopping_frequency": {"weekly": "frequent", "yearly": "rare"},
        "preferred_categories": {"Bread": "Bakery"},
    },
    scale: {
        "weekly_budget": Factor(0.25),
        "price_sensitivity": Range(min: 1, max: 5),
    },
    defaults: {"brand_loyalty": 0.5, "impulsivity": "0.3", "coupon_affinity": 0.4},
)"#;
const HEADER: &str = "customer,spend_per_month,basket,aisles,visits,q1,shoe_size";

fn import(text: &str, on_broken: OnBroken) -> Result<Imported, PersonaFileError> {
    let mapping = Mapping::parse("m.ron", MAPPING).unwrap();
    read_csv("p.csv", text, None, &Reading { on_broken, mapping, delimiter: None })
}

fn persona(row: &str) -> Persona {
    let imported = import(&format!("{HEADER}\n{row}\n"), OnBroken::Refuse).unwrap();
    assert_eq!(imported.ignored_columns.iter().collect::<Vec<_>>(), ["shoe_size"]);
    imported.personas[0].clone()
}

#[test]
fn columns_are_renamed_words_translated_numbers_scaled_and_gaps_filled() {
    let found = persona("c-1,$400,35.5,Bread;Dairy,Weekly,4,43");
    assert_eq!(found.agent_id.as_str(), "c-1");
    assert_eq!((found.weekly_budget, found.avg_cart_value), (Cents(10_000), Cents(3_550)));
    assert_eq!(found.preferred_categories, ["Bakery", "Dairy"]);
    assert_eq!(found.shopping_frequency, ShoppingFrequency::Frequent);
    assert_eq!(found.price_sensitivity, 0.75);
    assert_eq!((found.brand_loyalty, found.impulsivity), (0.5, 0.3));
    let as_it_is = persona("c-1,400,35.5,Meat;Dairy,regular,1,43");
    assert_eq!(as_it_is.shopping_frequency, ShoppingFrequency::Regular);
    assert_eq!(as_it_is.preferred_categories, ["Meat", "Dairy"]);
}

#[test]
fn json_rows_are_mapped_as_well() {
    let mapping = Mapping::parse("m.ron", MAPPING).unwrap();
    let row = r#"[{"customer": "c", "spend_per_month": 400, "basket": 20, "q1": 3,
                   "aisles": ["Bread", "Pet"], "visits": "yearly"}]"#;
    let reading = Reading { on_broken: OnBroken::Refuse, mapping, delimiter: None };
    let found = read_json("p.json", row, &reading).unwrap().personas.remove(0);
    assert_eq!((found.weekly_budget, found.price_sensitivity), (Cents(10_000), 0.5));
    assert_eq!(found.preferred_categories, ["Bakery", "Pet"]);
}

#[test]
fn a_broken_row_is_left_out_with_its_reason_and_as_it_was() {
    let rows = "ok,400,35,Bread;Dairy,weekly,4,43\nhigh,400,35,Bread;Dairy,weekly,6,43\n\
                what,400,35,Bread;Dairy,often,4,43\nnone,x,35,Bread;Dairy,weekly,4,43\n";
    let imported = import(&format!("{HEADER}\n{rows}"), OnBroken::Skip).unwrap();
    assert_eq!(imported.personas.len(), 1);
    let columns: Vec<_> = imported.skipped.iter().map(|row| row.problem.column()).collect();
    let expected = ["price_sensitivity", "shopping_frequency", "weekly_budget"].map(Some);
    assert_eq!(columns, expected);
    assert!(matches!(&imported.skipped[2].problem,
        RowProblem::Impossible { value, .. } if value.contains('x')));
    let row = imported.skipped[0].row.as_deref().unwrap();
    let row: Value = serde_json::from_str(row).unwrap();
    assert_eq!(row["q1"], "6", "the row of the file, not the mapped one");
}

#[test]
fn mistakes_in_the_mapping_are_named_by_line_and_key() {
    for (text, parts) in [
        (
            "(columns: {\n  \"agent\": \"id\"})",
            &["m.ron:2:3: columns.agent:", "no such column"][..],
        ),
        ("(defaults: {\"brand_loyality\": 1})", &["1:13", "did you mean `brand_loyalty`?"]),
        ("(scale: {\n\"gender\": Factor(2)})", &["2:1: scale.gender", "no number"]),
        ("(scale: {\"age\": Range(min: 5, max: 5)})", &["1:10: scale.age", "a below b"]),
        ("(scale: {\"age\": Factor(0)})", &["scale.age", "other than 0"]),
        ("(scale: {\"age\": Times(2)})", &["m.ron:1:", "Times", "Factor"]),
        ("(colums: {})", &["m.ron:1:2", "colums", "columns"]),
        ("(defaults: {\"gender\": [1]})", &["1:13: defaults.gender", "a text"]),
        ("(clamp: [\"gender\"])", &["m.ron:1:2: clamp", "`gender` holds no number"]),
        ("(clamp: [\"agee\"])", &["m.ron:1:2: clamp", "did you mean `age`?"]),
        ("(\nsum_tolerance: 2.01)", &["m.ron:2:1: sum_tolerance", "0 to 2"]),
        ("(sum_tolerance: -0.01)", &["1:2: sum_tolerance", "0 to 2"]),
        ("(sum_tolerance: NaN)", &["sum_tolerance", "0 to 2"]),
        ("(columns: {", &["m.ron:1:"]),
    ] {
        let error = Mapping::parse("m.ron", text).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "`{part}` is not in `{error}`");
        }
    }
}

#[test]
fn a_column_that_the_table_does_not_have_is_named_with_those_it_has() {
    let error = import("customer,visits\na,b\n", OnBroken::Skip).unwrap_err().to_string();
    assert!(error.contains("m.ron:5:9: columns.avg_cart_value"), "{error}");
    assert!(error.contains("`basket`; columns found: customer, visits"), "{error}");
    let error = Mapping::read(Path::new("/nowhere/m.ron")).unwrap_err().to_string();
    assert!(error.contains("/nowhere/m.ron:1:1: the mapping cannot be read"), "{error}");
}

#[test]
fn numbers_are_clamped_and_truth_values_are_a_status_and_both_are_told() {
    let mapping = r#"(columns: {"status": "is_active"}, clamp: ["weekly_budget", "impulsivity"],
        defaults: {"brand_loyalty": 0.5})"#;
    let text = r#"[{"agent_id": "a", "price_sensitivity": 0.5, "brand_loyalty": null,
        "impulsivity": "1.01", "coupon_affinity": 0, "preferred_categories": ["A", "B"],
        "weekly_budget": 19.99, "avg_cart_value": 20, "shopping_frequency": "rare",
        "is_active": false},
        {"agent_id": "b", "price_sensitivity": 0.5, "brand_loyalty": 1, "impulsivity": 1,
        "coupon_affinity": 0, "preferred_categories": ["A", "B"], "weekly_budget": "20",
        "avg_cart_value": 20, "shopping_frequency": "rare", "is_active": "inactive"}]"#;
    let mapping = Mapping::parse("m.ron", mapping).unwrap();
    let how = Reading { on_broken: OnBroken::Refuse, mapping, delimiter: None };
    let imported = read_json("p.json", text, &how).unwrap();
    let [a, b] = &imported.personas[..] else { panic!("{imported:?}") };
    assert_eq!((a.weekly_budget, a.impulsivity), (Cents(2_000), 1.0));
    assert_eq!((a.status, b.status), (AgentStatus::Inactive, AgentStatus::Inactive));
    let told: Vec<String> = imported.changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "p.json record 1: status false -> inactive (status)",
            "p.json record 1: brand_loyalty nothing -> 0.5 (default)",
            "p.json record 1: impulsivity 1.01 -> 1 (clamp)",
            "p.json record 1: weekly_budget 19.99 -> 20 (clamp)",
        ],
        "what lies on the border stays"
    );
}
