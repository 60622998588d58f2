//! The real binary in a folder of its own, and a look into its SQLite file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};
use tempfile::TempDir;

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder where the binary runs; `data` in it is the data directory.
pub struct Place {
    folder: TempDir,
}

/// A process that is killed with its test.
pub struct Process {
    child: Child,
}

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    says: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A place with a copy of another one's data directory.
    pub fn copy_of(other: &Self) -> Self {
        let place = Self::new();
        copy(&other.data(), &place.data());
        place
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Without any variable of the tester's.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cartload"));
        command.current_dir(self.path()).args(args).stdin(Stdio::null());
        for (name, _) in std::env::vars() {
            let is_ours = name.starts_with("CARTLOAD_") || name.starts_with("DATABASE_URL");
            if is_ours || name == "RUST_LOG" || name == "FAILPOINTS" {
                command.env_remove(name);
            }
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// Runs it and expects this code; answers stdout and stderr.
    #[track_caller]
    pub fn expect(&self, code: i32, args: &[&str]) -> (String, String) {
        self.expect_of(code, &mut self.command(args))
    }

    #[track_caller]
    pub fn expect_of(&self, code: i32, command: &mut Command) -> (String, String) {
        let output = command.output().expect("the binary runs");
        let said = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let (out, err) = (said(output.stdout), said(output.stderr));
        assert_eq!(output.status.code(), Some(code), "{command:?}\n{out}\n{err}");
        (out, err)
    }

    /// Starts it in the background; what it says goes into the file `log`.
    pub fn start(&self, args: &[&str]) -> Process {
        self.start_of(&mut self.command(args))
    }

    pub fn start_of(&self, command: &mut Command) -> Process {
        let log = File::create(self.path().join("log")).expect("a log");
        let out = log.try_clone().expect("a log");
        let child = command.stdout(out).stderr(log).spawn().expect("the binary runs");
        Process { child }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }

    /// The port at which a run says that it serves its page.
    pub fn port(&self) -> u16 {
        let port = || {
            let log = self.log();
            let line = log.lines().find(|line| line.contains("the page is open"))?.to_owned();
            let url = line.split_once("url=")?.1.split_whitespace().next()?.to_owned();
            url.rsplit_once(':')?.1.parse().ok()
        };
        wait(|| port().is_some(), || format!("a port: {}", self.log()));
        port().expect("a port")
    }

    /// A connection to the database.
    pub fn sqlite(&self) -> SqliteConnection {
        let file = self.data().join("cartload.db");
        let mut connection =
            SqliteConnection::establish(file.to_str().expect("UTF-8")).expect("a database");
        connection.batch_execute("PRAGMA busy_timeout = 10000").expect("a pragma");
        connection
    }

    /// Runs statements.
    #[track_caller]
    pub fn sql(&self, statements: &str) {
        self.sqlite().batch_execute(statements).expect(statements);
    }

    /// How many rows `FROM ... WHERE` finds.
    #[track_caller]
    pub fn count(&self, from: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) AS n FROM {from}");
        let rows: Vec<Number> = diesel::sql_query(&sql).load(&mut self.sqlite()).expect(&sql);
        rows[0].n
    }

    /// What one expression of text is in the rows that `FROM ... WHERE` finds.
    #[track_caller]
    pub fn texts(&self, of: &str, from: &str) -> Vec<String> {
        let sql = format!("SELECT {of} AS says FROM {from}");
        let rows: Vec<Text> = diesel::sql_query(&sql).load(&mut self.sqlite()).expect(&sql);
        rows.into_iter().map(|row| row.says).collect()
    }

    /// Waits until `FROM ... WHERE` finds a row.
    #[track_caller]
    pub fn wait_for(&self, from: &str) {
        let sql = format!("SELECT COUNT(*) AS n FROM {from}");
        let found = || {
            let file = self.data().join("cartload.db");
            file.exists()
                && diesel::sql_query(&sql)
                    .load::<Number>(&mut self.sqlite())
                    .is_ok_and(|rows| rows[0].n > 0)
        };
        wait(found, || format!("{from}\n{}", self.log()));
    }

    /// The checkpoint files in the order of their names.
    pub fn checkpoints(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.data().join("checkpoints")).into_iter().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
        paths.sort();
        paths
    }
}

impl Process {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has come to its end.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_some()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("its end");
    }

    /// Waits for its end; answers the code.
    pub fn wait(self) -> Option<i32> {
        self.ended().code()
    }

    /// Waits for its end.
    pub fn ended(mut self) -> ExitStatus {
        self.child.wait().expect("its end")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `found`, or fails saying what was waited for.
#[track_caller]
pub fn wait(found: impl Fn() -> bool, what: impl Fn() -> String) {
    let deadline = Instant::now() + PATIENCE;
    while !found() {
        assert!(Instant::now() < deadline, "waited in vain for {}", what());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
