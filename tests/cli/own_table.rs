//! The shop's own agents table, with the types and ranges it really has: by one mapping all of it,
//! each changed value told; and the rows that no mapping mends.

use std::fs;

use serde_json::Value;

use crate::support::agents_table::{TABLE, table};
use crate::support::binary::Place;
use crate::support::postgres;

const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/voiceoffers-agents.ron");
#[tokio::test]
async fn the_shops_table_is_taken_whole_by_one_mapping_and_every_change_is_told() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let made = table();
    assert!(made.far > 20 && made.poor > 30 && made.refused > 50, "the table is one of that kind");
    let view = "CREATE VIEW public.shoppers AS SELECT * FROM \"Shop\".\"Agents\";";
    postgres::execute(port, &database, &format!("{TABLE}{}{view}", made.inserts)).await;
    let place = Place::new();
    fs::write(place.path().join("url"), postgres::url(port, &database)).unwrap();
    let from = ["agents", "import", "--from", "@url", "--table", "Shop.Agents"];
    let (_, err) = place.expect(3, &from);
    assert!(err.contains(&format!("{} of 372 rows are broken", made.refused)), "{err}");
    assert!(err.contains("`clamp: [\"weekly_budget\"]` in a mapping"), "{err}");
    assert!(err.contains("`sum_tolerance: 0.85` in a mapping divides them"), "{err}");
    let mapped = [&from[..], &["--mapping", MAPPING]].concat();
    let (out, err) = place.expect(0, &[&mapped[..], &["--dry-run"]].concat());
    assert!(out.trim_end().ends_with("372 of 372 rows fit; nothing was written"), "{out}");
    assert!(
        out.contains("Shop.Agents agent_id agent_001: status true -> active (status)"),
        "{out}"
    );
    assert!(err.contains(&format!("changed: {} rows, weekly_budget (clamp)", made.poor)), "{err}");
    assert!(!place.data().exists(), "a dry run makes no database");
    let (out, _) = place.expect(0, &[&mapped[..], &["--dry-run", "--json"]].concat());
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["imported"], &report["dry_run"]), (&372.into(), &true.into()));
    let changed = report["changed"].as_array().unwrap();
    let of = |kind: &str| changed.iter().filter(|c| c["change"] == kind).collect::<Vec<_>>();
    assert_eq!(of("clamp").len(), made.poor);
    assert!(of("clamp").iter().all(|c| c["to"] == "20" && c["column"] == "weekly_budget"));
    let rows = |changes: Vec<&Value>| {
        changes.iter().map(|c| c["agent_id"].clone()).collect::<std::collections::HashSet<_>>()
    };
    assert_eq!(rows(of("normalise")).len(), made.unsummed);
    let (out, _) = place.expect(0, &mapped);
    assert_eq!(out.trim(), "372 agents imported, 0 were there already, 0 rows skipped");
    let (out, _) = place.expect(0, &["agents", "list", "--json"]);
    let agents: Vec<Value> = serde_json::from_str(&out).unwrap();
    let inactive = agents.iter().filter(|agent| agent["status"] == "inactive").count();
    assert_eq!((agents.len(), inactive), (372, made.inactive));
    assert_eq!(agents[41]["user_id"], "00000000-0000-4000-8000-000000000042");
    for agent in &agents {
        let share = |name: &str| agent[name].as_f64().unwrap();
        let day = share("pref_time_morning") + share("pref_time_afternoon");
        assert!((day + share("pref_time_evening") - 1.0).abs() < 1e-9, "{agent}");
        assert!(share("weekly_budget") >= 20.0, "{agent}");
    }
    let view = ["agents", "import", "--from", "@url", "--table", "shoppers", "--mapping", MAPPING];
    let (out, _) = place.expect(0, &view);
    assert_eq!(out.trim(), "0 agents imported, 372 were there already, 0 rows skipped");
}

#[tokio::test]
async fn rows_that_no_mapping_mends_are_refused_one_by_one() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let odd = "
      CREATE TABLE odd AS SELECT 'odd_' || n AS agent_id, '0.5' AS price_sensitivity,
        0.5::float8 AS brand_loyalty, 0.5::numeric AS impulsivity, 0.5 AS coupon_affinity,
        ARRAY['A', 'B'] AS preferred_categories, '25.00' AS weekly_budget, 30 AS avg_cart_value,
        'regular' AS shopping_frequency, 0.5::numeric AS pref_time_morning,
        0.3::numeric AS pref_time_afternoon, 0.2::numeric AS pref_time_evening, true AS is_active
        FROM generate_series(1, 9) n;
      UPDATE odd SET pref_time_morning = 0, pref_time_afternoon = 0, pref_time_evening = 0
        WHERE agent_id = 'odd_1';
      UPDATE odd SET pref_time_morning = -0.1, pref_time_evening = 0.8 WHERE agent_id = 'odd_2';
      UPDATE odd SET impulsivity = 'NaN' WHERE agent_id = 'odd_3';
      UPDATE odd SET brand_loyalty = 'Infinity' WHERE agent_id = 'odd_4';
      UPDATE odd SET pref_time_morning = 'NaN' WHERE agent_id = 'odd_5';
      UPDATE odd SET preferred_categories = NULL WHERE agent_id = 'odd_6';
      UPDATE odd SET agent_id = 'odd_8' WHERE agent_id = 'odd_7';
      UPDATE odd SET price_sensitivity = NULL WHERE agent_id = 'odd_9';";
    postgres::execute(port, &database, odd).await;
    let place = Place::new();
    fs::write(place.path().join("url"), postgres::url(port, &database)).unwrap();
    let import = ["agents", "import", "--from", "@url", "--table", "odd", "--mapping", MAPPING];
    let (_, err) = place.expect(3, &import);
    for part in [
        "agent_id odd_1: pref_time_morning = `sum 0` is impossible",
        "three zeros cannot be divided",
        "agent_id odd_2: pref_time_morning = `-0.1` is impossible",
        "agent_id odd_3: impulsivity = `NaN` is impossible",
        "agent_id odd_4: brand_loyalty = `Infinity` is impossible",
        "agent_id odd_5: pref_time_morning = `NaN` is impossible",
        "agent_id odd_6: preferred_categories is missing",
        "agent_id odd_8 was given before",
        "7 of 9 rows are broken, nothing was taken",
    ] {
        assert!(err.contains(part), "`{part}` is not in: {err}");
    }
    let (out, err) = place.expect(0, &[&import[..], &["--skip-bad"]].concat());
    assert_eq!(out.trim(), "2 agents imported, 0 were there already, 7 rows skipped");
    assert!(err.contains("changed: 1 rows, price_sensitivity (default)"), "{err}");
}

#[test]
fn a_source_that_cannot_be_read_is_named_without_its_password() {
    let place = Place::new();
    let import = ["agents", "import", "--table", "agents", "--from"];
    let nowhere = "postgres://me:s3cret-pw@127.0.0.1:1/shop";
    let (out, err) = place.expect(6, &[&import[..], &[nowhere]].concat());
    assert!(out.is_empty() && err.contains("127.0.0.1") && !err.contains("s3cret"), "{err}");
    assert!(err.contains("say --from @FILE"), "{err}");
    let (_, err) = place.expect(2, &[&import[..], &["sqlite://x.db"]].concat());
    assert!(err.contains("allowed is a postgres:// URL"), "{err}");
    let (_, err) = place.expect(2, &[&import[..], &["@no-such-file"]].concat());
    assert!(err.contains("no-such-file"), "{err}");
    let far = "postgres://me:s3cret-pw@db.example/shop?sslmode=prefer";
    let (_, err) = place.expect(6, &[&import[..], &[far]].concat());
    assert!(err.contains("prefer") && !err.contains("s3cret"), "{err}");
    assert!(!place.data().exists(), "nothing was made");
}
