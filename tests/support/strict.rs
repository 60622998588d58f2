//! A throwaway Postgres that wants TLS and a password (SCRAM-SHA-256) of everybody but its own
//! superuser, and a pgbouncer in transaction mode before it with TLS on both sides.
//!
//! The certificate is that of the shop tests: it is for `localhost` and 127.0.0.1, not 127.0.0.2.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::postgres;
use super::server::{Server, find_program, free_port, require, server_directory, server_file};

/// The password of the user `shopper`.
pub const PASSWORD: &str = "open-sesame";

const RULES: &str = "host all postgres 127.0.0.1/32 trust\nhostssl all all all scram-sha-256\n";

/// Where a file of the certificates is.
pub fn certificate(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shop_api/tls")).join(name)
}

/// The server, with a database `shop` in which `shopper` may create a schema.
pub async fn start() -> Option<Server> {
    let server = postgres::start_by(RULES, |data| {
        let mut settings = "-c ssl=on -c log_connections=on".to_owned();
        for (setting, name) in [("ssl_cert_file", "leaf.pem"), ("ssl_key_file", "leaf.key")] {
            let text = std::fs::read_to_string(certificate(name)).expect(name);
            let path = data.join(name);
            server_file(&path, &text);
            write!(settings, " -c {setting}={}", path.display()).expect("a string");
        }
        settings
    })?;
    let role = format!("CREATE ROLE shopper LOGIN PASSWORD '{PASSWORD}'");
    for sql in [role.as_str(), "CREATE DATABASE shop OWNER shopper"] {
        postgres::execute(server.port, "postgres", sql).await;
    }
    Some(server)
}

/// The pooler before it.
pub fn pooler(server: &Server) -> Option<Server> {
    if !require("pgbouncer", &["pgbouncer"]) {
        return None;
    }
    let directory = server_directory("cartload-pgbouncer");
    let port = free_port();
    for name in ["leaf.pem", "leaf.key", "ca.pem"] {
        let text = std::fs::read_to_string(certificate(name)).expect(name);
        server_file(&directory.join(name), &text);
    }
    server_file(&directory.join("users"), &format!("\"shopper\" \"{PASSWORD}\"\n"));
    let file = directory.join("pgbouncer.ini");
    let settings = format!(
        "[databases]
* = host=localhost port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {dir}/users
pool_mode = transaction
max_client_conn = 125
default_pool_size = 20
server_login_retry = 1
client_tls_sslmode = require
client_tls_cert_file = {dir}/leaf.pem
client_tls_key_file = {dir}/leaf.key
server_tls_sslmode = verify-full
server_tls_ca_file = {dir}/ca.pem
ignore_startup_parameters = extra_float_digits
",
        server_port = server.port,
        dir = directory.display()
    );
    server_file(&file, &settings);
    let command = format!("{} {}", find_program("pgbouncer")?.display(), file.display());
    Some(Server::start(&command, "KILL", port, directory))
}

/// Where `shopper` finds the database at a port, checked by this file of certificates.
pub fn url(port: u16, password: &str, ca: &str) -> String {
    let ca = certificate(ca);
    format!(
        "postgres://shopper:{password}@localhost:{port}/shop?sslmode=verify-full&sslrootcert={}",
        ca.display()
    )
}

/// How often the server has refused a password.
pub fn refused(server: &Server) -> usize {
    let log = std::fs::read_to_string(server.directory.join("log")).expect("a log");
    log.matches("password authentication failed").count()
}
