//! What releases before left behind (`upgrades/`, a folder each): the binary of today opens it,
//! reads it as they did and goes on with it, on both databases.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::support::acknowledged::Database;
use crate::support::binary::Place;
use crate::support::postgres;

/// What a run looked like to its release, in the order of `verify --list`.
const STATES: [&str; 3] = ["running", "frozen", "stopped"];

/// Columns, indexes and views of a database, one line each.
const SQLITE_SHAPE: &str = "
SELECT t.name || '.' || c.name || ' ' || c.type || ' ' || CAST(c.\"notnull\" AS TEXT) || ' '
  || CAST(c.pk AS TEXT) AS line
FROM sqlite_master t JOIN pragma_table_info(t.name) c
UNION ALL SELECT name || ' ' || sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
const POSTGRES_SHAPE: &str = "
SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS line
FROM information_schema.columns WHERE table_schema = 'cartload'
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'cartload'";

/// Where the folders are.
fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrades")
}

/// Every release of which there is a folder.
fn releases() -> Vec<PathBuf> {
    let entries = fs::read_dir(home()).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "no release left anything in {}", home().display());
    folders
}

/// A copy of what one release left.
struct Left {
    place: Place,
    /// Of its server; without one the file of the data directory.
    url: Option<String>,
    /// What the release said of its runs, the newest first.
    said: Vec<Value>,
    case: String,
}

impl Left {
    fn sqlite(release: &Path) -> Self {
        Self::of(release, "sqlite", None)
    }

    /// `None`, said aloud, where Postgres is not installed.
    async fn postgres(release: &Path) -> Option<Self> {
        let port = postgres::shared()?;
        let database = postgres::fresh_database(port).await;
        let mut dump = String::new();
        unpacked(&release.join("postgres.sql.gz")).read_to_string(&mut dump).unwrap();
        postgres::execute(port, &database, &dump).await;
        Some(Self::of(release, "postgres", Some(postgres::url(port, &database))))
    }

    fn of(release: &Path, kind: &str, url: Option<String>) -> Self {
        let place = Place::new();
        unpack(&release.join(kind), &place.data());
        let said = fs::read_to_string(release.join(format!("{kind}.verified.jsonl"))).unwrap();
        let said: Vec<Value> = said.lines().map(json).collect();
        let case = release.join(kind).display().to_string();
        Self { place, url, said, case }
    }

    /// An empty place on the same kind of database.
    async fn fresh(&self) -> Self {
        let url = match &self.url {
            Some(_) => {
                let port = postgres::shared().expect("there was one");
                Some(postgres::url(port, &postgres::fresh_database(port).await))
            }
            None => None,
        };
        let case = format!("{}, fresh", self.case);
        Self { place: Place::new(), url, said: Vec::new(), case }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.command(args);
        if let Some(url) = &self.url {
            // The flag: checkpoints name the server of those days, and win over a variable.
            command.args(["--db", url]);
        }
        command
    }

    #[track_caller]
    fn expect(&self, code: i32, args: &[&str]) -> (String, String) {
        self.place.expect_of(code, &mut self.command(args))
    }

    /// What a command that must end well prints as JSON.
    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        json(&self.expect(0, args).0)
    }

    /// The id of the run that its release left in this state.
    fn run(&self, state: &str) -> &str {
        let found = self.said.iter().find(|run| run["state"] == state);
        found.unwrap_or_else(|| panic!("{}: no {state} run", self.case))["run_id"].as_str().unwrap()
    }

    fn lines(&self, sqlite: &str, postgres: &str) -> BTreeSet<String> {
        let found = match &self.url {
            Some(url) => Database::Postgres(url).lines(postgres),
            None => Database::Sqlite(&self.place).lines(sqlite),
        };
        assert!(!found.is_empty(), "{}", self.case);
        found.into_iter().collect()
    }

    /// What one column of a query says.
    fn told(&self, sql: &str) -> Vec<String> {
        self.lines(sql, sql).into_iter().collect()
    }

    /// Rows of a table of one run, as `events` exports them.
    #[track_caller]
    fn exported(&self, run: &str, table: &str, replay: &[&str]) -> Vec<Value> {
        let args = ["events", "--run", run, "--table", table, "--json", "--limit", "100000"];
        let (out, _) = self.expect(0, &[&args[..], replay].concat());
        out.lines().map(json).collect()
    }
}

#[track_caller]
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn unpacked(file: &Path) -> GzDecoder<File> {
    GzDecoder::new(File::open(file).unwrap_or_else(|e| panic!("{}: {e}", file.display())))
}

fn unpack(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            unpack(&path, &to.join(path.file_name().unwrap()));
        } else {
            let mut bytes = Vec::new();
            unpacked(&path).read_to_end(&mut bytes).unwrap();
            fs::write(to.join(path.file_stem().unwrap()), bytes).unwrap();
        }
    }
}

/// What is asked of a database that no process of today has written to.
fn is_read(left: &Left, fresh: &Left) {
    let case = &left.case;
    left.expect(0, &["migrate"]);
    fresh.expect(0, &["migrate"]);
    let shape = |of: &Left| of.lines(SQLITE_SHAPE, POSTGRES_SHAPE);
    let (migrated, today) = (shape(left), shape(fresh));
    let differs: Vec<&String> = migrated.symmetric_difference(&today).collect();
    assert_eq!(differs, [""; 0], "{case}: a migration was edited after its release");

    let list = left.json(&["verify", "--list", "--json"]);
    let states: Vec<&Value> = list.as_array().unwrap().iter().map(|run| &run["state"]).collect();
    assert_eq!(states, STATES, "{case}");
    for said in &left.said {
        // The run that was killed has visits open, and says so as it did.
        let code = if said["clean"] == true { 0 } else { 1 };
        let run = said["run_id"].as_str().unwrap();
        let audit = json(&left.expect(code, &["verify", run, "--json"]).0);
        for (key, value) in said.as_object().unwrap() {
            assert_eq!(&audit[key], value, "{case}: {key} of run {run}");
        }
        let figures = left.json(&["report", run, "--json"]);
        assert_eq!(figures["run"]["state"], said["state"], "{case}");
    }
    let (newer, older) = (left.run("frozen"), left.run("stopped"));
    left.expect(0, &["report", older, "--compare", newer, "--out", "both.html"]);
    for table in left.expect(0, &["events", "--list-tables"]).0.lines().skip(1) {
        let table = table.split_whitespace().next().unwrap();
        let rows = left.exported("all", table, &[]);
        assert!(!rows.is_empty(), "{case}: nothing in {table}");
    }
    is_exported(left, older);
    is_purged(left, older);
}

/// Originals and replays are exported as the rows that they are.
fn is_exported(left: &Left, run: &str) {
    let case = &left.case;
    for table in ["shopping_session_events", "shopping_sessions", "orders", "order_items"] {
        let all = left.exported(run, table, &["--replay", "all"]);
        let first = left.exported(run, table, &["--replay", "exclude"]);
        let again = left.exported(run, table, &["--replay", "only"]);
        assert!(!again.is_empty() && !first.is_empty(), "{case}: {table}");
        assert!(again.iter().all(|row| row["is_replay"] == true), "{case}: {table}");
        let stored = format!("SELECT CAST(COUNT(*) AS TEXT) AS line FROM {table} ");
        let stored = left.told(&format!("{stored} WHERE run_id = '{run}'"));
        assert_eq!(stored, [all.len().to_string()], "{case}: {table}");
        assert_eq!(all.len(), first.len() + again.len(), "{case}: {table}");
    }
    let replays = left.exported(run, "replays", &[]);
    assert_eq!(replays[0]["cause"], "freeze", "{case}: {replays:?}");
    let kinds = "SELECT DISTINCT kind AS line FROM incidents";
    let kinds = left.told(&format!("{kinds} WHERE run_id = '{run}'"));
    for kind in ["freeze", "resume", "restart", "session_health", "injection", "command"] {
        assert!(kinds.iter().any(|known| known == kind), "{case}: {kind} among {kinds:?}");
    }
}

fn is_purged(left: &Left, run: &str) {
    left.expect(0, &["purge", "--run", run, "--yes"]);
    let list = left.json(&["verify", "--list", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), STATES.len() - 1, "{}", left.case);
    assert!(left.place.checkpoints().iter().all(|file| !file.display().to_string().contains(run)));
}

/// What today's processes do with runs that a process of that release began.
fn goes_on(left: &Left) {
    let case = &left.case;
    let end = ["--time-scale", "max", "--rate", "unlimited", "--quiet"];
    let on = |more: &[&'static str]| [&["resume"][..], more, &end].concat();

    // No command before it: a resume brings the database up to date by itself.
    let report = left.json(&on(&["--cycles", "5", "--json"]));
    assert_eq!(report["run_id"], left.run("running"), "{case}");
    assert_eq!((&report["state"], &report["cycles_completed"]), (&"completed".into(), &5.into()));
    let killed = left.json(&["verify", left.run("running"), "--json"]);
    assert_eq!(killed["clean"], true, "{case}: {killed}");
    let lost = left.said[0]["orders"].as_i64() > killed["orders"].as_i64();
    assert!(!lost, "{case}: {killed}");
    let crashed = "SELECT flow_id AS line FROM shopping_sessions WHERE end_reason = 'crash'";
    assert!(!left.told(crashed).is_empty());

    let frozen = left.run("frozen");
    let of_run = |run, more: &[&'static str]| [&["resume", "--run", run][..], more, &end].concat();
    let (_, err) = left.expect(7, &of_run(frozen, &["--cycles", "4", "--on-freeze", "exit"]));
    assert!(err.contains("comes back frozen") && err.contains("drill"), "{case}: {err}");
    let opened = left.json(&of_run(frozen, &["--cycles", "4", "--unfreeze", "--json"]));
    assert_eq!(opened["cycles_completed"], 4, "{case}");
    left.expect(0, &["verify", frozen]);

    let stopped = left.run("stopped");
    let later = left.json(&of_run(stopped, &["--cycles", "12", "--json"]));
    assert_eq!(later["cycles_completed"], 12, "{case}");
    left.expect(0, &["verify", stopped]);

    // Its agents shop in a run of today.
    let run = ["run", "--mock-api", "--agents", "9", "--cycles", "2", "--warm-up", "off"];
    left.expect(0, &[&run[..], &end].concat());
    left.expect(0, &["verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_release_left_in_sqlite_is_read_as_it_was() {
    for release in releases() {
        let left = Left::sqlite(&release);
        let fresh = left.fresh().await;
        tokio::task::spawn_blocking(move || is_read(&left, &fresh)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_release_left_in_postgres_is_read_as_it_was() {
    for release in releases() {
        let Some(left) = Left::postgres(&release).await else { return };
        let fresh = left.fresh().await;
        tokio::task::spawn_blocking(move || is_read(&left, &fresh)).await.unwrap();
    }
}

#[test]
fn runs_that_a_release_left_in_sqlite_go_on() {
    releases().iter().for_each(|release| goes_on(&Left::sqlite(release)));
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_a_release_left_in_postgres_go_on() {
    for release in releases() {
        let Some(left) = Left::postgres(&release).await else { return };
        tokio::task::spawn_blocking(move || goes_on(&left)).await.unwrap();
    }
}
