//! `agents import --from-table`: the operator's own table, by the real binary on a real server.

use serde_json::Value;

use crate::support::binary::Place;
use crate::support::postgres;

/// A table as the voiceoffers team keeps it: serial key, arrays, numerics, columns of no use here.
const THEIRS: &str = "
CREATE TABLE agents (
  id serial PRIMARY KEY, agent_id text UNIQUE, user_id uuid, name text, age int,
  has_children boolean, price_sensitivity numeric(3,2), brand_loyalty numeric(3,2),
  impulsivity double precision, tech_savviness real, coupon_affinity numeric(3,2),
  preferred_categories text[], weekly_budget numeric(10,2), avg_cart_value numeric(10,2),
  shopping_frequency varchar(20), created_at timestamptz DEFAULT now());
INSERT INTO agents (agent_id, user_id, age, has_children, price_sensitivity, brand_loyalty,
  impulsivity, tech_savviness, coupon_affinity, preferred_categories, weekly_budget,
  avg_cart_value, shopping_frequency)
SELECT 'shopper_' || n, gen_random_uuid(), 30 + n, n % 2 = 0, 0.5, 0.4, 0.3, 0.7, 0.6,
  ARRAY['Bakery', 'Dairy & Eggs'], 120.50, 35.25, 'regular' FROM generate_series(1, 5) n;
CREATE TABLE \"Broken\" AS SELECT * FROM agents;
UPDATE \"Broken\" SET price_sensitivity = 5 WHERE id = 2;
UPDATE \"Broken\" SET preferred_categories = NULL WHERE id = 4;
CREATE TABLE others AS SELECT 1 AS a, 2 AS b;
CREATE TABLE nobody AS SELECT * FROM agents LIMIT 0;
";

/// A place, and the URL of a database with these tables.
async fn with_tables() -> Option<(Place, String)> {
    let port = postgres::shared()?;
    let database = postgres::fresh_database(port).await;
    postgres::execute(port, &database, THEIRS).await;
    Some((Place::new(), postgres::url(port, &database)))
}

#[tokio::test]
async fn a_table_of_the_operator_is_imported_once_and_shops() {
    let Some((place, url)) = with_tables().await else { return };
    let import = ["agents", "import", "--db", &url, "--from-table"];
    let run = |args: &[&str]| place.expect(0, args);
    let (out, err) = run(&[&import[..], &["public.agents"]].concat());
    assert_eq!(out.trim(), "5 agents imported, 0 were there already, 0 rows skipped");
    assert!(err.contains("ignored: created_at, id, name"), "{err}");
    let (out, _) = run(&[&import[..], &["agents"]].concat());
    assert_eq!(out.trim(), "0 agents imported, 5 were there already, 0 rows skipped");
    let (out, _) = run(&["agents", "list", "--json", "--db", &url]);
    let agents: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert_eq!(agents.len(), 5);
    assert_eq!(agents[1]["agent_id"], "shopper_2");
    assert_eq!((&agents[1]["age"], &agents[1]["has_children"]), (&32.into(), &true.into()));
    assert_eq!(agents[1]["preferred_categories"], serde_json::json!(["Bakery", "Dairy & Eggs"]));
    assert_eq!(agents[1]["weekly_budget"].to_string(), "120.50");
    let shopping = ["run", "--mock-api", "--cycles", "1", "--warm-up", "off", "--quiet", "--json"];
    let (out, _) = run(&[&shopping[..], &["--time-scale", "max", "--db", &url]].concat());
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["agents"], 5);
}

#[tokio::test]
async fn broken_rows_are_named_by_agent_and_left_out_only_when_told_so() {
    let Some((place, url)) = with_tables().await else { return };
    let import = ["agents", "import", "--db", &url, "--from-table", "Broken"];
    let (out, err) = place.expect(3, &import);
    assert_eq!(out, "");
    assert!(err.contains("Broken agent_id shopper_2: price_sensitivity = `5`"), "{err}");
    assert!(err.contains("Broken agent_id shopper_4: preferred_categories is missing"), "{err}");
    assert!(err.contains("2 of 5 rows are broken, nothing was taken; --skip-bad"), "{err}");
    let (out, _) = place.expect(0, &[&import[..], &["--skip-bad", "--replace"]].concat());
    assert_eq!(out.trim(), "3 agents imported, 0 were there already, 2 rows skipped");
}

#[tokio::test]
async fn what_is_no_table_of_personas_is_refused_with_the_fix() {
    let Some((place, url)) = with_tables().await else { return };
    for (table, parts) in [
        ("nosuch", ["--from-table nosuch", "SCHEMA.TABLE"]),
        ("broken", ["--from-table broken", "spelt as in the database"]),
        ("x\"; DROP TABLE agents; --", ["DROP TABLE", "there is no such table"]),
        ("others", ["others: no column agent_id", "columns found: a, b"]),
        ("nobody", ["nobody", "no personas in it"]),
    ] {
        let (out, err) =
            place.expect(3, &["agents", "import", "--db", &url, "--from-table", table]);
        assert_eq!(out, "", "{table}");
        for part in parts {
            assert!(err.contains(part), "`{part}` is not in: {err}");
        }
    }
    place.expect(2, &["agents", "import", "--db", &url, "--from-table", ""]);
    let (out, _) = place.expect(0, &["agents", "list", "--json", "--db", &url]);
    assert_eq!(out.trim(), "[]", "nothing was taken, and their own table is still theirs");
}

#[test]
fn a_file_database_has_no_tables_to_import_from() {
    let place = Place::new();
    let (_, err) = place.expect(3, &["agents", "import", "--from-table", "agents"]);
    assert!(err.contains("only a Postgres database") && err.contains("DATABASE_URL"), "{err}");
    assert!(!place.data().exists(), "nothing is half done");
}
