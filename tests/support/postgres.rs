//! A throwaway Postgres, one for the whole test binary; each test has a database of its own.
//!
//! Loopback needs no password, but for the user `guarded`, whose password is `open sesame`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::server::{Server, as_server_user, find_program, free_port, require, server_directory};

/// Connections the server allows.
const MAX_CONNECTIONS: u32 = 400;

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The port of the shared server; `None`, said aloud, where Postgres is not installed.
pub fn shared() -> Option<u16> {
    SERVER.get_or_init(start).as_ref().map(|s| s.port)
}

/// A server of one's own, to be broken.
pub fn start() -> Option<Server> {
    start_with(MAX_CONNECTIONS)
}

/// A server of one's own that allows so many connections.
pub fn start_with(connections: u32) -> Option<Server> {
    let rules = "host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n\
                 host replication all 127.0.0.1/32 trust\n";
    start_by(rules, |_| format!("-c max_connections={connections}"))
}

/// A server of one's own that lets in by these rules (pg_hba.conf), with the settings that are said
/// of its files.
pub fn start_by(rules: &str, settings: impl FnOnce(&Path) -> String) -> Option<Server> {
    if !require("postgres", &["postgres", "initdb"]) {
        return None;
    }
    let postgres = find_program("postgres")?;
    let directory = server_directory("cartload-postgres");
    let data = directory.join("data");
    fresh_cluster(&data);
    std::fs::write(data.join("pg_hba.conf"), rules).expect("pg_hba.conf");
    let settings = settings(&data);
    Some(serve(&postgres, directory, &settings))
}

/// A server on the files in `data` of its directory.
fn serve(postgres: &Path, directory: PathBuf, settings: &str) -> Server {
    let (data, port) = (directory.join("data"), free_port());
    // Without fsync a crash of the server loses nothing, only one of the machine would.
    let command = format!(
        "{} -D {} -p {port} -h 127.0.0.1 -k '' -c fsync=off {settings}",
        postgres.display(),
        data.display()
    );
    Server::start(&command, "QUIT", port, directory)
}

/// A replica of the server at `port`, which follows it.
pub fn replica_of(port: u16) -> Server {
    let directory = server_directory("cartload-replica");
    let find = |name| find_program(name).expect("it comes with postgres");
    let copy = format!(
        "{} {} -h 127.0.0.1 -p {port} -U postgres -D {} -R -X stream --checkpoint=fast --no-sync",
        as_server_user(),
        find("pg_basebackup").display(),
        directory.join("data").display()
    );
    let output = Command::new("sh").arg("-c").arg(copy).output().expect("sh");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serve(&find("postgres"), directory, &format!("-c max_connections={MAX_CONNECTIONS}"))
}

/// The files of a server that has not run yet.
fn fresh_cluster(data: &Path) {
    let initdb = find_program("initdb").expect("it was asked for");
    let init = format!(
        "{} {} -D {} -U postgres -A trust -E UTF8 --no-locale --no-instructions --no-sync",
        as_server_user(),
        initdb.display(),
        data.display()
    );
    let output = Command::new("sh").arg("-c").arg(init).output().expect("sh");
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs statements as the superuser.
pub async fn execute(port: u16, database: &str, sql: &str) {
    let url = url(port, database);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    let (client, driver) = loop {
        // It accepts connections a moment before it serves them.
        match tokio_postgres::connect(&url, tokio_postgres::NoTls).await {
            Ok(connected) => break connected,
            Err(error) if tokio::time::Instant::now() > deadline => panic!("{error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let driver = tokio::spawn(driver);
    client.batch_execute(sql).await.expect("the statements of a test");
    drop(client);
    driver.await.expect("no panic").expect("a clean end");
}

/// Restarts a server of one's own, gone for `down`, and waits until it serves again.
pub async fn restart(server: &mut Server, signal: &str, down: Duration) {
    let began = "SELECT pg_postmaster_start_time()";
    let before = lines(server.port, "postgres", began).await;
    server.restart(signal, down);
    let deadline = Instant::now() + down + Duration::from_secs(60);
    // It accepts connections for a moment longer, and then a moment before it serves them.
    while ask(server.port, "postgres", began).await.map_or(true, |now| now == before) {
        assert!(Instant::now() < deadline, "the server is not back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What the one column of a query says, one line a row.
pub async fn lines(port: u16, database: &str, sql: &str) -> Vec<String> {
    ask(port, database, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

async fn ask(port: u16, database: &str, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let url = url(port, database);
    let (client, driver) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
    let driver = tokio::spawn(driver);
    let rows = client.simple_query(sql).await?;
    drop(client);
    driver.await.expect("no panic")?;
    let text = |message| {
        let tokio_postgres::SimpleQueryMessage::Row(row) = message else { return None };
        Some(row.get(0)?.to_owned())
    };
    Ok(rows.into_iter().filter_map(text).collect())
}

/// From here on each `every`th statement that writes a flow's row is refused with these words and
/// this SQLSTATE. Answers the statement that ends it.
pub async fn refuse_writes(
    port: u16,
    database: &str,
    every: u32,
    (state, words): (&str, &str),
) -> &'static str {
    let sql = format!(
        "CREATE SEQUENCE cartload.writes; \
         CREATE FUNCTION cartload.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF nextval('cartload.writes') % {every} = 0 THEN \
             RAISE EXCEPTION '{words}' USING ERRCODE = '{state}'; \
           END IF; RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON cartload.shopping_sessions \
           FOR EACH ROW EXECUTE FUNCTION cartload.refuse()"
    );
    execute(port, database, &sql).await;
    "DROP TRIGGER refuse ON cartload.shopping_sessions"
}

/// Where a database of a server, or of a pooler before it, is reached.
pub fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

/// The name of a fresh database of the shared server.
pub async fn fresh_database(port: u16) -> String {
    let name = format!("t{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    execute(port, "postgres", &format!("CREATE DATABASE {name}")).await;
    name
}
