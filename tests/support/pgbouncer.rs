//! A throwaway pgbouncer before the shared Postgres: transaction mode, 125 clients, 20 servers.

use std::sync::OnceLock;

use super::server::{Server, find_program, free_port, require, server_directory, server_file};

static SERVER: OnceLock<Option<Server>> = OnceLock::new();

/// The port of the shared pooler; `None`, said aloud, where it or Postgres is not installed.
pub fn shared() -> Option<u16> {
    SERVER.get_or_init(|| start(super::postgres::shared()?)).as_ref().map(|s| s.port)
}

/// A pooler of one's own before the server at `postgres_port`.
pub fn start(postgres_port: u16) -> Option<Server> {
    if !require("pgbouncer", &["pgbouncer"]) {
        return None;
    }
    let directory = server_directory("cartload-pgbouncer");
    let port = free_port();
    let file = directory.join("pgbouncer.ini");
    let settings = format!(
        "[databases]
* = host=127.0.0.1 port={postgres_port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 125
default_pool_size = 20
max_db_connections = 20
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
"
    );
    server_file(&file, &settings);
    let command = format!("{} {}", find_program("pgbouncer")?.display(), file.display());
    Some(Server::start(&command, "KILL", port, directory))
}
