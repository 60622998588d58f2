//! `cartload shop mark`, by the real binary on a database that shop and run share: what is the
//! run's is marked, and nothing of people is touched.

use std::fmt::Write as _;

use actors::domain::flow::{EndReason, FlowRecord, FlowStatus, ShopCart};
use actors::ports::store::NewRun;
use serde_json::Value;
use store::{StoreOptions, StoreUrl, open};

use crate::support::binary::Place;
use crate::support::flows::{Owned, arc, bought, ended, key, new_run, wall};
use crate::support::postgres;

/// The shop's tables, as far as visits go.
pub const SHOP_TABLES: &str = "
CREATE TABLE shopping_sessions (
  id uuid PRIMARY KEY, user_id uuid NOT NULL, store_id uuid,
  status varchar(20) NOT NULL DEFAULT 'active',
  started_at timestamp NOT NULL DEFAULT now(), last_seen_at timestamp NOT NULL DEFAULT now(),
  ended_at timestamp, is_simulated boolean DEFAULT false);
CREATE TABLE shopping_session_events (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  session_id uuid NOT NULL REFERENCES shopping_sessions (id), user_id uuid NOT NULL,
  event_type varchar(50) NOT NULL, payload jsonb NOT NULL DEFAULT '{}',
  created_at timestamp NOT NULL, is_simulated boolean DEFAULT false);
CREATE TABLE orders (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL,
  final_total numeric NOT NULL DEFAULT 9, status varchar(20) NOT NULL DEFAULT 'completed',
  created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT now(),
  shopping_session_id uuid REFERENCES shopping_sessions (id), is_simulated boolean DEFAULT false,
  item_count int NOT NULL DEFAULT 2);
";

/// Two people: one has bought, one is still there; and an order of nobody's session.
const PEOPLE: &str = "
INSERT INTO shopping_sessions (id, user_id, status, ended_at) VALUES
  ('00000000-0000-4000-8000-000000000001', gen_random_uuid(), 'completed', now()),
  ('00000000-0000-4000-8000-000000000002', gen_random_uuid(), 'active', NULL);
INSERT INTO shopping_session_events (session_id, user_id, event_type, created_at)
  SELECT id, user_id, 'view_product', now() FROM shopping_sessions;
INSERT INTO orders (user_id, shopping_session_id) VALUES
  (gen_random_uuid(), '00000000-0000-4000-8000-000000000001'), (gen_random_uuid(), NULL);
";

/// Everything of the shop, one line a row, apart from ids that a test cannot know.
const ROWS: &str = "
SELECT concat_ws(' ', 'session', id, status, started_at, last_seen_at, ended_at, is_simulated)
FROM shopping_sessions UNION ALL
SELECT concat_ws(' ', 'event', id, session_id, created_at, is_simulated)
FROM shopping_session_events UNION ALL
SELECT concat_ws(' ', 'order', id, shopping_session_id, created_at, updated_at, is_simulated)
FROM orders ORDER BY 1";

const COUNTS: [(u64, &str); 7] = [
    (4, "sessions marked as simulated"),
    (1, "abandoned sessions closed"),
    (3, "sessions given simulated times"),
    (12, "events marked as simulated"),
    (9, "events given simulated times"),
    (2, "orders marked as simulated"),
    (2, "orders given simulated times"),
];

/// A database with a shop, its people and the rows of two runs.
struct Shared {
    place: Place,
    port: u16,
    database: String,
    /// Of the newest run: completed, abandoned, unknown at its checkout, still under way.
    flows: Vec<FlowRecord>,
    newest: Owned,
}

impl Shared {
    async fn new(shop: &str) -> Option<Self> {
        let port = postgres::shared()?;
        let database = postgres::fresh_database(port).await;
        postgres::execute(port, &database, shop).await;
        postgres::execute(port, &database, PEOPLE).await;
        let url = StoreUrl::parse(&postgres::url(port, &database)).unwrap();
        let options = StoreOptions { pool_size: 2, ..StoreOptions::default() };
        let open = open(&url, &options).await.unwrap();
        let owned = |run: &NewRun| Owned { run: run.run_id, owner: run.owner };
        let (older, newer) = (NewRun { started_at: wall(-100), ..new_run() }, new_run());
        let (old, newest) = (owned(&older), owned(&newer));
        open.store.open_run(older).await.unwrap();
        open.store.open_run(newer).await.unwrap();
        let (abandoned, failed) = (FlowStatus::Abandoned, FlowStatus::Failed);
        let flows = vec![
            bought(key(newest, 0, 0, 0), true),
            ended(key(newest, 0, 0, 1), abandoned, EndReason::CheckoutDeclined, ShopCart::Clean),
            ended(key(newest, 1, 0, 2), failed, EndReason::CheckoutUnknown, ShopCart::Dirty),
            bought(key(newest, 1, 0, 3), true),
        ];
        let of_old = bought(key(old, 0, 0, 0), true);
        for flow in flows.iter().chain([&of_old]) {
            open.store.open_flow(flow.key.clone()).await.unwrap();
        }
        // The fourth stays under way.
        for flow in flows.iter().take(3).chain([&of_old]) {
            open.store.commit_flow(arc(flow.clone())).await.unwrap();
        }
        open.admin.close().await;
        let shared = Self { place: Place::new(), port, database, flows, newest };
        for (flow, has_order) in shared.flows.iter().zip([true, false, true, false]) {
            shared.visit(flow, has_order && flow.order.is_some(), has_order).await;
        }
        shared.visit(&of_old, true, true).await;
        shared.execute("UPDATE cartload.runs SET state = 'completed'").await;
        Some(shared)
    }

    /// What the shop has of a flow: three events a second apart, on the wall clock.
    async fn visit(&self, flow: &FlowRecord, is_completed: bool, has_order: bool) {
        let (id, at) = (flow.key.flow_id, flow.key.opened_at);
        let (status, end) = match is_completed {
            true => ("completed", format!("timestamp '{at}' + interval '2 s'")),
            false => ("active", "NULL".to_owned()),
        };
        let mut sql = format!(
            "INSERT INTO shopping_sessions (id, user_id, status, started_at, last_seen_at, ended_at)
             VALUES ('{id}', gen_random_uuid(), '{status}', '{at}', '{at}', {end});
             INSERT INTO shopping_session_events (session_id, user_id, event_type, created_at)
             SELECT '{id}', gen_random_uuid(), 'view_product', timestamp '{at}' + n * interval '1 s'
             FROM generate_series(0, 2) n;"
        );
        if has_order {
            write!(
                sql,
                "INSERT INTO orders (user_id, created_at, shopping_session_id)
                 VALUES (gen_random_uuid(), timestamp '{at}' + interval '2 s', '{id}')"
            )
            .unwrap();
        }
        self.execute(&sql).await;
    }

    async fn execute(&self, sql: &str) {
        postgres::execute(self.port, &self.database, sql).await;
    }

    async fn lines(&self, sql: &str) -> Vec<String> {
        postgres::lines(self.port, &self.database, sql).await
    }

    async fn rows(&self) -> Vec<String> {
        self.lines(ROWS).await
    }

    /// What the shop has of people.
    async fn people(&self) -> Vec<String> {
        let ours: Vec<String> = self.lines("SELECT flow_id FROM cartload.shopping_sessions").await;
        let rows = self.rows().await;
        rows.into_iter().filter(|row| !ours.iter().any(|flow| row.contains(flow))).collect()
    }

    /// `shop mark` with these options; answers stdout and stderr.
    fn mark(&self, code: i32, args: &[&str]) -> (String, String) {
        let url = postgres::url(self.port, &self.database);
        let mut command = self.place.command(&[&["shop", "mark"], args].concat());
        self.place.expect_of(code, command.env("DATABASE_URL", url))
    }

    /// The number of rows of each statement.
    fn counts(&self, args: &[&str]) -> Vec<(u64, String)> {
        let (out, _) = self.mark(0, args);
        let row = |line: &str| {
            let (rows, what) = line.trim().split_once(' ').unwrap();
            (rows.parse().unwrap(), what.trim().to_owned())
        };
        out.lines().map(row).collect()
    }
}

fn owned_counts(of: &[(u64, &str)]) -> Vec<(u64, String)> {
    of.iter().map(|(rows, what)| (*rows, (*what).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runs_rows_are_marked_once_and_peoples_never() {
    let Some(shared) = Shared::new(SHOP_TABLES).await else { return };
    let (before, people) = (shared.rows().await, shared.people().await);
    assert_eq!(people.len(), 6);
    assert_eq!(shared.counts(&[]), owned_counts(&COUNTS));
    assert_eq!(shared.rows().await, before, "it was only counted");
    assert_eq!(shared.counts(&["--yes"]), owned_counts(&COUNTS));
    let after = shared.rows().await;
    assert_ne!(after, before);
    assert_eq!(shared.people().await, people);
    let nothing = COUNTS.map(|(_, what)| (0, what));
    assert_eq!(shared.counts(&["--apply"]), owned_counts(&nothing));
    assert_eq!(shared.rows().await, after, "a second time changes nothing");
    // The older run was not meant; now it is.
    let all: u64 = shared.counts(&["--run", "all"]).iter().map(|(rows, _)| rows).sum();
    assert_eq!(all, 1 + 1 + 3 + 3 + 1 + 1);
    shared.mark(0, &["--run", "all", "--yes"]);
    assert_eq!(shared.people().await, people);
    let unmarked = "SELECT count(*)::text FROM shopping_sessions WHERE NOT is_simulated";
    assert_eq!(shared.lines(unmarked).await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_simulated_and_only_what_was_abandoned_is_closed() {
    let Some(shared) = Shared::new(SHOP_TABLES).await else { return };
    shared.mark(0, &["--yes"]);
    let shared = &shared;
    let session = |n: usize| {
        let id = shared.flows[n].key.flow_id;
        let sql = format!(
            "SELECT concat_ws(', ', status, started_at, last_seen_at, ended_at, is_simulated)
             FROM shopping_sessions WHERE id = '{id}'"
        );
        async move { shared.lines(&sql).await.remove(0) }
    };
    let (begin, end) = ("2026-01-05 08:05:00", "2026-01-05 08:09:00");
    assert_eq!(session(0).await, format!("completed, {begin}, {end}, {end}, t"));
    assert_eq!(session(1).await, format!("abandoned, {begin}, {end}, {end}, t"));
    // Its order is at the shop: not abandoned, whatever cartload knows of it.
    let (begin, end) = ("2026-01-05 09:05:00", "2026-01-05 09:09:00");
    assert_eq!(session(2).await, format!("active, {begin}, {end}, t"));
    let under_way = session(3).await;
    assert!(under_way.starts_with("active, 2026-09-01") && under_way.ends_with(", t"));
    let of = |table: &str, link: &str, n: usize| {
        let id = shared.flows[n].key.flow_id;
        let sql = format!(
            "SELECT concat_ws(', ', created_at, is_simulated) FROM {table}
             WHERE {link} = '{id}' ORDER BY created_at"
        );
        async move { shared.lines(&sql).await }
    };
    assert_eq!(
        of("shopping_session_events", "session_id", 0).await,
        ["2026-01-05 08:05:00, t", "2026-01-05 08:05:01, t", "2026-01-05 08:05:02, t"],
        "they keep their distance"
    );
    // An order that cartload knows has its own time, another one the end of its visit.
    let known = format!(
        "SELECT simulated_at::text || ', t' FROM cartload.orders WHERE flow_id = '{}'",
        shared.flows[0].key.flow_id
    );
    let known = shared.lines(&known).await.remove(0);
    assert_eq!(of("orders", "shopping_session_id", 0).await, [known]);
    assert_eq!(of("orders", "shopping_session_id", 2).await, [format!("{end}, t")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_times_the_clock_of_the_shop_stays() {
    let Some(shared) = Shared::new(SHOP_TABLES).await else { return };
    let clock = "SELECT string_agg(concat_ws(' ', id, started_at, last_seen_at), ',' ORDER BY id)
                 FROM shopping_sessions";
    let before = shared.lines(clock).await;
    let kept = [COUNTS[0], COUNTS[1], COUNTS[3], COUNTS[5]];
    assert_eq!(shared.counts(&["--no-times", "--yes"]), owned_counts(&kept));
    assert_eq!(shared.lines(clock).await, before);
    let id = shared.flows[1].key.flow_id;
    let end = format!("SELECT ended_at::date::text FROM shopping_sessions WHERE id = '{id}'");
    assert_eq!(shared.lines(&end).await, ["2026-09-01"], "closed when it ended by the wall clock");
    // What is left comes when it is wanted.
    let left = [(0, COUNTS[0].1), (0, COUNTS[1].1), (3, COUNTS[2].1)];
    assert_eq!(shared.counts(&["--yes"])[..3], owned_counts(&left));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_statements_do_the_same() {
    let Some(by_command) = Shared::new(SHOP_TABLES).await else { return };
    let Some(by_hand) = Shared::new(SHOP_TABLES).await else { return };
    by_command.mark(0, &["--yes"]);
    let (script, _) = by_hand.mark(0, &["--sql"]);
    assert!(script.starts_with("BEGIN;\n") && script.trim_end().ends_with("COMMIT;"));
    by_hand.execute(&script).await;
    let marked = "SELECT string_agg(concat_ws(' ', status, started_at, last_seen_at, ended_at,
                  is_simulated), E'\\n' ORDER BY started_at, status, is_simulated)
                  FROM shopping_sessions WHERE is_simulated";
    let of = |text: Vec<String>| text[0].lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(of(by_command.lines(marked).await), of(by_hand.lines(marked).await));
    assert!(by_hand.counts(&[]).iter().all(|(rows, _)| *rows == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_leaves_everything_as_it_was() {
    let Some(shared) = Shared::new(SHOP_TABLES).await else { return };
    shared
        .execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
               RAISE EXCEPTION 'orders are closed'; END $$; \
             CREATE TRIGGER refuse BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        .await;
    let before = shared.rows().await;
    let (_, err) = shared.mark(6, &["--yes"]);
    assert!(err.contains("orders are closed") && err.contains("nothing was changed"), "{err}");
    assert_eq!(shared.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_names_things_otherwise_is_marked_by_its_own_names() {
    let shop = SHOP_TABLES
        .replace("CREATE TABLE orders", "CREATE TABLE \"Sales\"")
        .replace("shopping_session_id uuid", "\"visit of\" uuid")
        .replace("is_simulated boolean DEFAULT false,\n  item", "robot boolean,\n  item")
        .replace("created_at timestamp DEFAULT now(), up", "created_at timestamptz, up")
        .replace("last_seen_at timestamp NOT NULL DEFAULT now(),", "last_seen_at timestamptz,");
    let shop = shop
        + "CREATE VIEW orders AS SELECT id, user_id, created_at AT TIME ZONE 'UTC' AS created_at,
             updated_at, \"visit of\" AS shopping_session_id, robot AS is_simulated FROM \"Sales\";
           CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO \"Sales\" (user_id, created_at, \"visit of\") VALUES
               (NEW.user_id, NEW.created_at AT TIME ZONE 'UTC', NEW.shopping_session_id);
             RETURN NEW; END $$;
           CREATE TRIGGER put INSTEAD OF INSERT ON orders FOR EACH ROW EXECUTE FUNCTION put();";
    let Some(shared) = Shared::new(&shop).await else { return };
    let names =
        ["orders=Sales", "orders.shopping_session_id=visit of", "orders.is_simulated=robot"];
    let names: Vec<&str> = names.iter().flat_map(|name| ["--name", name]).collect();
    let args = [&names[..], &["--name", "sessions.status=none", "--yes", "--json"]].concat();
    let (out, _) = shared.mark(0, &args);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&json["applied"], &json["left_out"]), (&true.into(), &Value::Array(vec![])));
    assert_eq!(json["runs"][0], shared.newest.run.to_string());
    let rows = |what: &str| {
        let changes = json["changes"].as_array().unwrap();
        changes.iter().find(|change| change["what"] == what).map(|change| change["rows"].clone())
    };
    assert_eq!(rows("orders marked as simulated"), Some(2.into()));
    assert_eq!(rows("abandoned sessions closed"), None, "it was left out");
    let (id, sql) = (shared.flows[2].key.flow_id, "SELECT (created_at AT TIME ZONE 'UTC')::text");
    let at = format!("{sql} FROM \"Sales\" WHERE \"visit of\" = '{id}'");
    assert_eq!(shared.lines(&at).await, ["2026-01-05 09:09:00"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said_and_what_cannot_be_is_refused() {
    let Some(shared) = Shared::new(SHOP_TABLES).await else { return };
    shared.execute("ALTER TABLE orders DROP COLUMN is_simulated").await;
    let (out, err) = shared.mark(0, &[]);
    assert!(err.contains("has no column \"is_simulated\" (orders.is_simulated)"), "{err}");
    assert!(!out.contains("orders marked"), "{out}");
    assert!(err.contains("nothing was changed; --yes does it"), "{err}");
    for (code, args, said) in [
        (3, &["--schema", "cartload"][..], "cartload's own tables"),
        (3, &["--schema", "nowhere"], "is it the shop's database?"),
        (2, &["--schema", ""], "a name has 1 to 63 bytes"),
        (2, &["--name", "orders"], "ROLE=NAME"),
        (2, &["--name", "customers=people"], "is none of sessions, sessions.id"),
        (2, &["--run", "ffffffff"], "not in this database"),
        (2, &["--sql", "--yes"], "cannot be used with"),
    ] {
        let (_, err) = shared.mark(code, args);
        assert!(err.contains(said), "{args:?}: {err}");
    }
    let alive = "UPDATE cartload.runs SET state = 'running', \
                 heartbeat_at = now() AT TIME ZONE 'UTC'";
    shared.execute(alive).await;
    let (_, err) = shared.mark(3, &["--yes"]);
    assert!(err.contains("goes on") && err.contains("nothing was changed"), "{err}");
    shared.mark(0, &[]);
}

#[test]
fn a_file_is_shared_with_no_shop() {
    let place = Place::new();
    place.expect(0, &["migrate"]);
    let (_, err) = place.expect(2, &["shop", "mark"]);
    assert!(err.contains("no run in this database"), "{err}");
    place.expect(0, &["run", "--mock-api", "--cycles", "1", "--time-scale", "max", "--quiet"]);
    let (_, err) = place.expect(3, &["shop", "mark", "--yes"]);
    assert!(err.contains("SQLite file") && err.contains("DATABASE_URL"), "{err}");
}

#[test]
fn the_practice_shop_still_opens_by_its_old_name() {
    let place = Place::new();
    let (help, _) = place.expect(0, &["shop", "--help"]);
    assert!(help.contains("--port") && help.contains("mark"), "{help}");
    let (_, err) = place.expect(2, &["shop", "--port", "0", "mark"]);
    assert!(err.contains("cannot be used with"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_counts_what_is_not_marked_and_changes_nothing() {
    let Some(shared) = Shared::new(SHOP_TABLES).await else { return };
    let before = shared.lines(ROWS).await;
    let marked = || {
        let url = postgres::url(shared.port, &shared.database);
        let mut command = shared.place.command(&["doctor", "--json", "--mock-api"]);
        let (out, _) = shared.place.expect_of(0, command.env("DATABASE_URL", url));
        let report: Value = serde_json::from_str(&out).unwrap();
        let all = report["findings"].as_array().unwrap().clone();
        all.into_iter().find(|finding| finding["check"] == "marked").unwrap()
    };
    let line = marked();
    assert_eq!(line["state"], "WARN");
    assert!(line["says"].as_str().unwrap().starts_with("18 of the shop's rows"), "{line}");
    assert_eq!(line["fix"], "`cartload shop mark --yes`");
    assert_eq!(shared.lines(ROWS).await, before);
    shared.mark(0, &["--yes"]);
    assert_eq!(marked()["state"], "OK");
}
