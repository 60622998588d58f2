//! Each stumble at a database switched on at a real server or file, and the line that is said.

use std::fs;

use diesel::connection::SimpleConnection;
use store::{StoreOptions, StoreUrl, open};

use super::{Said, doctor};
use crate::support::binary::Place;
use crate::support::server::free_port;
use crate::support::small_disk::SmallDisk;
use crate::support::{pgbouncer, postgres, strict};

/// What is said of the database at `url`; the shop is a mock.
#[track_caller]
fn seen(url: &str) -> Said {
    seen_with(url, &[])
}

#[track_caller]
fn seen_with(url: &str, variables: &[(&str, &str)]) -> Said {
    let place = Place::new();
    let mut command = doctor(&place, &["--mock-api"]);
    command.env("DATABASE_URL", url).envs(variables.iter().copied());
    let said = Said::of(&command.output().unwrap());
    let there = fs::read_dir(place.path()).unwrap().count();
    assert_eq!(there, 0, "nothing is made");
    said
}

/// As a run leaves it.
async fn migrated(url: &str) {
    let options = StoreOptions { pool_size: 2, ..StoreOptions::default() };
    let open = open(&StoreUrl::parse(url).unwrap(), &options).await.unwrap();
    open.admin.close().await;
}

fn as_user(user: &str, port: u16, database: &str) -> String {
    format!("postgres://{user}@127.0.0.1:{port}/{database}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_database_is_fine_and_nothing_is_left_in_it() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let said = seen(&postgres::url(port, &database));
    said.ends_with(0);
    let is_ours = |it: &String| it.starts_with("database/");
    let loud: Vec<String> =
        [said.all("WARN"), said.all("FAIL")].concat().into_iter().filter(is_ours).collect();
    assert_eq!(loud, [""; 0], "{:#}", said.report);
    said.has("database/reached", "OK", &format!("database {database}, as postgres"), "");
    said.has("database/tls", "OK", "does not leave this machine", "");
    said.has("database/pooler", "OK", "none stands between", "");
    said.has("database/tables", "OK", "schema cartload will be made", "");
    said.has("database/connections", "OK", "of 400", "");
    said.has("database/writable", "OK", "takes writes", "");
    let schemas = "SELECT nspname FROM pg_namespace WHERE nspname = 'cartload'";
    assert_eq!(postgres::lines(port, &database, schemas).await, [""; 0]);
}

#[test]
fn nobody_there_is_told_and_the_rest_is_looked_at_all_the_same() {
    let said = seen(&postgres::url(free_port(), "d"));
    said.has("database/reached", "FAIL", "127.0.0.1: not reachable", "that the server runs");
    said.has("database/tables", "SKIP", "was not reached", "");
    said.has("plan/pace", "OK", "", "");
    said.ends_with(6);
}

#[test]
fn a_host_to_which_tls_is_only_preferred_is_refused() {
    let said = seen("postgres://u@db.example.invalid/d?sslmode=prefer");
    said.has("database/tls", "FAIL", "may send data in plain text", "say verify-full");
    said.has("database/reached", "SKIP", "not tried", "");
    said.ends_with(6);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_names_and_passwords_that_are_wrong_are_told_and_tried_once() {
    let Some(server) = strict::start().await else { return };
    let right = strict::url(server.port, strict::PASSWORD, "ca.pem");
    let said = seen(&right);
    said.has("database/reached", "OK", "as shopper", "");
    said.has("database/tls", "OK", "certificate and name are checked by", "");
    said.ends_with(0);
    let said = seen(&strict::url(server.port, strict::PASSWORD, "other_ca.pem"));
    said.has("database/reached", "FAIL", "certificate is not trusted", "sslrootcert=FILE");
    said.ends_with(6);
    let said = seen(&strict::url(server.port, strict::PASSWORD, "nowhere.pem"));
    said.has("database/tls", "FAIL", "no usable CA certificate", "name a PEM file");
    said.ends_with(6);
    let plain = right.replace("verify-full", "disable");
    let said = seen(&plain);
    said.has("database/reached", "FAIL", "wants TLS", "sslmode=verify-full");
    said.ends_with(6);
    let unchecked = right.split_once("?").unwrap().0.to_owned() + "?sslmode=require";
    let said = seen(&unchecked);
    said.has("database/tls", "WARN", "whoever answers is believed", "sslmode=verify-full");
    said.ends_with(0);
    assert_eq!(strict::refused(&server), 0);
    let said = seen(&strict::url(server.port, "wrong-sesame", "ca.pem"));
    said.has("database/reached", "FAIL", "login refused", "check user and password");
    assert!(!said.report.to_string().contains("wrong-sesame"), "{:#}", said.report);
    said.ends_with(6);
    assert_eq!(strict::refused(&server), 1, "one login is tried");
    let wrong = strict::url(server.port, "wrong-sesame", "ca.pem");
    let said = seen_with(&wrong, &[("CARTLOAD_MIGRATE_URL", &wrong)]);
    said.has("database/migrate_url", "SKIP", "the run's own login was refused", "");
    assert_eq!(strict::refused(&server), 2, "and not the other way's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_and_a_pooler_are_told() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let said = seen(&format!("{}?sslmode=require", postgres::url(port, &database)));
    said.has("database/reached", "FAIL", "offers no TLS", "sslmode=disable");
    said.ends_with(6);
    let Some(pooled) = pgbouncer::shared() else { return };
    let url = postgres::url(pooled, &database);
    let said = seen(&url);
    said.has("database/pooler", "OK", "a transaction pooler", "");
    said.has("database/connections", "OK", "behind a pooler", "");
    said.ends_with(0);
    let direct = postgres::url(port, &database);
    let said = seen_with(&url, &[("CARTLOAD_MIGRATE_URL", &direct)]);
    said.has("database/migrate_url", "OK", "is the run's database", "");
    said.ends_with(0);
    let said = seen_with(&url, &[("CARTLOAD_MIGRATE_URL", &postgres::url(port, "postgres"))]);
    said.has("database/migrate_url", "FAIL", "another database", "of the run's own database");
    said.ends_with(6);
    let said = seen_with(&url, &[("CARTLOAD_MIGRATE_URL", &url)]);
    said.has("database/migrate_url", "WARN", "a transaction pooler", "session or direct URL");
    let nobody = postgres::url(free_port(), &database);
    let said = seen_with(&url, &[("CARTLOAD_MIGRATE_URL", &nobody)]);
    said.has("database/migrate_url", "FAIL", "not reachable", "CARTLOAD_MIGRATE_URL: check host");
    said.ends_with(6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_few_connections_left_and_one_that_has_none_are_told() {
    let Some(server) = postgres::start_with(13) else { return };
    postgres::execute(server.port, "postgres", "CREATE ROLE few LOGIN").await;
    postgres::execute(server.port, "postgres", "CREATE DATABASE d OWNER few").await;
    let url = as_user("few", server.port, "d");
    let mut held = Vec::new();
    loop {
        match tokio_postgres::connect(&url, tokio_postgres::NoTls).await {
            Ok((client, driver)) => {
                tokio::spawn(driver);
                held.push(client);
            }
            Err(error) => {
                assert!(held.len() >= 8, "{} and then {error}", held.len());
                break;
            }
        }
    }
    let said = seen(&url);
    said.has("database/reached", "FAIL", "too many connections", "max_connections");
    said.ends_with(6);
    // Three left: one for the look, and one for what stands between.
    held.truncate(held.len() - 3);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let said = seen(&url);
    said.has("database/connections", "WARN", "of 13", "through a pooler");
    said.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_may_not_do_is_told_as_the_grant_that_is_missing() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let role = format!("r_{database}");
    postgres::execute(port, &database, &format!("CREATE ROLE {role} LOGIN")).await;
    let url = as_user(&role, port, &database);
    let said = seen(&url);
    said.has("database/rights", "FAIL", "may not create it", "CREATE SCHEMA cartload");
    said.ends_with(6);
    migrated(&postgres::url(port, &database)).await;
    let said = seen(&url);
    said.has("database/rights", "FAIL", "may not use schema", "GRANT USAGE ON SCHEMA cartload");
    said.has("database/tables", "SKIP", "permission denied", "");
    let usage = format!("GRANT USAGE ON SCHEMA cartload TO {role}");
    postgres::execute(port, &database, &usage).await;
    let said = seen(&url);
    said.has("database/rights", "FAIL", "may not read and write agents", "GRANT SELECT, INSERT");
    said.ends_with(6);
    let all =
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA cartload TO {role}");
    postgres::execute(port, &database, &all).await;
    let said = seen(&url);
    said.has("database/rights", "OK", "may do in schema cartload", "");
    said.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_an_older_release_a_newer_one_and_somebody_else_are_told() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let url = postgres::url(port, &database);
    let theirs = "CREATE SCHEMA cartload; CREATE TABLE cartload.agents (id int)";
    postgres::execute(port, &database, theirs).await;
    let said = seen(&url);
    said.has("database/tables", "FAIL", "is somebody else's", "store.schema");
    said.ends_with(6);
    postgres::execute(port, &database, "DROP SCHEMA cartload CASCADE").await;
    migrated(&url).await;
    let said = seen(&url);
    said.has("database/tables", "OK", "those of this release", "");
    let newest = "(SELECT max(version) FROM cartload.__diesel_schema_migrations)";
    let sql = format!("DELETE FROM cartload.__diesel_schema_migrations WHERE version = {newest}");
    postgres::execute(port, &database, &sql).await;
    let said = seen(&url);
    said.has("database/tables", "WARN", "1 migration missing", "cartload migrate");
    said.ends_with(0);
    let sql = "INSERT INTO cartload.__diesel_schema_migrations (version) VALUES ('99990101')";
    postgres::execute(port, &database, sql).await;
    let said = seen(&url);
    said.has("database/tables", "WARN", "a newer release was here", "use that release");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_settings_that_do_harm_are_several_lines() {
    let Some(port) = postgres::shared() else { return };
    let database = format!("{}_ascii", postgres::fresh_database(port).await);
    let make = format!("CREATE DATABASE {database} ENCODING 'SQL_ASCII' TEMPLATE template0");
    postgres::execute(port, "postgres", &make).await;
    for setting in [
        "synchronous_commit = off",
        "default_transaction_read_only = on",
        "statement_timeout = '2s'",
    ] {
        let sql = format!("ALTER DATABASE {database} SET {setting}");
        postgres::execute(port, "postgres", &sql).await;
    }
    let said = seen(&postgres::url(port, &database));
    said.has("database/sync", "WARN", "takes flows that were acknowledged", "commit = on");
    said.has("database/writable", "FAIL", "read_only is on", "ALTER DATABASE");
    said.has("database/timeout", "WARN", "after 2000 ms", "statement_timeout = 0");
    said.has("database/encoding", "WARN", "SQL_ASCII", "ENCODING 'UTF8'");
    said.ends_with(6);
}

#[test]
fn a_file_that_is_none_or_locked_or_has_no_room_or_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.db");
    let url = format!("sqlite://{}", file.display());
    let said = seen(&url);
    said.has("database/reached", "OK", "will be made", "");
    assert!(!file.exists());
    fs::write(&file, "milk and bread ".repeat(200)).unwrap();
    let said = seen(&url);
    said.has("database/reached", "FAIL", "not an SQLite database", "name another file");
    said.ends_with(6);
    fs::remove_file(&file).unwrap();
    let mut other =
        <diesel::SqliteConnection as diesel::Connection>::establish(file.to_str().unwrap())
            .unwrap();
    other.batch_execute("CREATE TABLE t (x); BEGIN IMMEDIATE").unwrap();
    let said = seen(&url);
    said.has("database/reached", "FAIL", "locked by another process", "use another file");
    said.ends_with(6);
    other.batch_execute("ROLLBACK").unwrap();
    let said = seen(&url);
    said.has("database/whole", "OK", "whole", "");
    said.has("database/tables", "WARN", "missing", "cartload migrate");
    said.ends_with(0);
    let said = seen(&format!("sqlite://{}/no/such/some.db", folder.path().display()));
    said.has("database/reached", "FAIL", "does not exist", "mkdir -p");
    said.ends_with(6);
    let Some(disk) = SmallDisk::mount(24) else { return };
    let said = seen(&format!("sqlite://{}/some.db", disk.path().display()));
    said.has("database/room", "FAIL", "MiB free under", "make room there");
    said.ends_with(6);
}
