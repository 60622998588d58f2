//! What a server or a pooler said, as something an operator can put right: by SQLSTATE where the
//! code says it, by words where a pooler sends one code for everything.

use tokio_postgres::error::SqlState;

use crate::open_error::StoreOpenError;

/// What is known of a failure: words without the password, and the code where somebody answered.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) code: Option<&'a SqlState>,
    pub(super) words: &'a str,
}

/// What is meant by a phrase: the first that is found counts.
type Meaning = fn(String, String) -> StoreOpenError;

/// Phrases of PostgreSQL, pgbouncer and Supavisor, in lower case; the narrower stand first.
const PHRASES: [(&str, Meaning); 32] = [
    // Supavisor: its breaker first, as it names the cause that opened it.
    ("too many authentication", |host, cause| StoreOpenError::LoginsBlocked { host, cause }),
    ("circuit breaker open", pooler_down),
    ("(ecircuitbreaker)", pooler_down),
    ("maxclientsinsessionmode", session_full),
    ("max clients reached in session mode", session_full),
    ("in session mode max clients", session_full),
    ("tenant or user not found", unknown_project),
    ("(enotfound)", unknown_project),
    ("no tenant identifier", unknown_project),
    ("invalid format for user or db_name", unknown_project),
    ("tenant is banned", unknown_project),
    ("not in tenant allow_list", not_admitted),
    ("ssl connection is required", tls_wanted),
    ("(eauthquery)", pooler_down),
    ("(eauthsecrets)", pooler_down),
    ("pool terminating", pooler_down),
    ("unable to check out", busy),
    ("max client connections", full),
    ("max clients reached", full),
    // pgbouncer.
    ("no more connections allowed", full),
    ("query_wait_timeout", busy),
    ("server login has been failing", pooler_down),
    ("server login failed", pooler_down),
    ("bouncer config error", pooler_down),
    ("ssl required", tls_wanted),
    ("no such database", |host, cause| StoreOpenError::NoSuchDatabase { host, cause }),
    ("no such user", login_refused),
    // PostgreSQL.
    ("too many clients", full),
    ("remaining connection slots", full),
    ("too many connections", full),
    ("no encryption", tls_wanted),
    ("no pg_hba.conf entry", not_admitted),
];

fn session_full(host: String, cause: String) -> StoreOpenError {
    StoreOpenError::SessionPoolerFull { host, cause }
}

fn unknown_project(host: String, cause: String) -> StoreOpenError {
    StoreOpenError::UnknownProject { host, cause }
}

fn not_admitted(host: String, cause: String) -> StoreOpenError {
    StoreOpenError::NotAdmitted { host, cause }
}

fn tls_wanted(host: String, cause: String) -> StoreOpenError {
    StoreOpenError::TlsWanted { host, cause }
}

fn pooler_down(host: String, cause: String) -> StoreOpenError {
    StoreOpenError::PoolerDown { host, cause }
}

fn busy(host: String, cause: String) -> StoreOpenError {
    StoreOpenError::PoolerBusy { host, cause }
}

fn full(host: String, cause: String) -> StoreOpenError {
    StoreOpenError::TooManyConnections { host, cause }
}

fn login_refused(host: String, cause: String) -> StoreOpenError {
    StoreOpenError::LoginRefused { host, cause }
}

/// What it means for whoever wanted to connect to `host`.
pub(super) fn explain(host: &str, said: Said<'_>) -> StoreOpenError {
    let (host, cause) = (host.to_owned(), said.words.to_owned());
    let lower = cause.to_lowercase();
    if let Some((_, meaning)) = PHRASES.iter().find(|(phrase, _)| lower.contains(phrase)) {
        return meaning(host, cause);
    }
    match said.code {
        Some(code) => by_code(host, cause, code, &lower),
        None => unanswered(host, cause, &lower),
    }
}

fn by_code(host: String, cause: String, code: &SqlState, lower: &str) -> StoreOpenError {
    let is = |codes: &[SqlState]| codes.contains(code);
    if is(&[SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION])
        || lower.contains("authentication failed")
    {
        login_refused(host, cause)
    } else if is(&[SqlState::INVALID_CATALOG_NAME]) {
        StoreOpenError::NoSuchDatabase { host, cause }
    } else if is(&[SqlState::TOO_MANY_CONNECTIONS]) {
        full(host, cause)
    } else if is(&[
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
    ]) {
        StoreOpenError::NotServing { host, cause }
    } else if is(&[SqlState::READ_ONLY_SQL_TRANSACTION]) {
        StoreOpenError::ReadOnly { host, cause }
    } else {
        StoreOpenError::Unanswered { host, cause }
    }
}

/// Nobody answered in the language of the server: the way there, TLS, or our own side.
fn unanswered(host: String, cause: String, lower: &str) -> StoreOpenError {
    let says = |words: &[&str]| words.iter().any(|phrase| lower.contains(phrase));
    if says(&["does not support tls"]) {
        StoreOpenError::NoTls { host }
    } else if says(&["certificate", "tls handshake"]) {
        StoreOpenError::Certificate { host, cause }
    } else if says(&["password", "authentication", "sasl", "scram"]) {
        login_refused(host, cause)
    } else if is_supabase_direct(&host) {
        StoreOpenError::NoIpv6 { host, cause }
    } else {
        StoreOpenError::Unreachable { host, cause }
    }
}

/// `db.<ref>.supabase.co`: has IPv6 addresses alone, unless somebody pays for an IPv4 one.
pub(crate) fn is_supabase_direct(host: &str) -> bool {
    host.starts_with("db.") && host.ends_with(".supabase.co")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: Option<&SqlState> = Some(&SqlState::INVALID_PASSWORD);
    const HBA: Option<&SqlState> = Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
    const INTERNAL: Option<&SqlState> = Some(&SqlState::INTERNAL_ERROR);
    const PROTOCOL: Option<&SqlState> = Some(&SqlState::PROTOCOL_VIOLATION);
    const FULL: Option<&SqlState> = Some(&SqlState::TOO_MANY_CONNECTIONS);
    const NOT_NOW: Option<&SqlState> = Some(&SqlState::CANNOT_CONNECT_NOW);
    const POOLER: &str = "aws-0-eu-central-1.pooler.supabase.com";

    type Row = (Option<&'static SqlState>, &'static str, &'static str, &'static str);

    /// Code, words as they were seen, the variant, a word of the fix.
    const SAID: [Row; 39] = [
        (PASSWORD, "password authentication failed for user \"u\"", "LoginRefused", "password"),
        (PASSWORD, "Passwort-Authentifizierung ist fehlgeschlagen", "LoginRefused", "password"),
        (None, "invalid configuration: password missing", "LoginRefused", "password"),
        (None, "authentication error: SCRAM: wrong nonce", "LoginRefused", "password"),
        (PROTOCOL, "SASL authentication failed", "LoginRefused", "password"),
        (PROTOCOL, "no such user: u", "LoginRefused", "user"),
        (HBA, "role \"u\" does not exist", "LoginRefused", "user"),
        (HBA, "no pg_hba.conf entry for host \"h\", user \"u\", no encryption", "TlsWanted", "ssl"),
        (HBA, "no pg_hba.conf entry for host \"h\", SSL encryption", "NotAdmitted", "pg_hba"),
        (PROTOCOL, "SSL required", "TlsWanted", "sslmode=verify-full"),
        (INTERNAL, "(ESSLREQUIRED) SSL connection is required for user: u", "TlsWanted", "ssl"),
        (INTERNAL, "SSL connection is required", "TlsWanted", "sslmode"),
        (FULL, "sorry, too many clients already", "TooManyConnections", "max_connections"),
        (FULL, "remaining connection slots are reserved for ...", "TooManyConnections", "end"),
        (FULL, "too many connections for role \"u\"", "TooManyConnections", "end"),
        (PROTOCOL, "no more connections allowed (max_client_conn)", "TooManyConnections", "end"),
        (INTERNAL, "Max client connections reached", "TooManyConnections", "pool"),
        (INTERNAL, "(EMAXCONN) max client connections reached, limit: 200", "TooManyCo", "pool"),
        (
            INTERNAL,
            "MaxClientsInSessionMode: max clients reached - in Session mode max clients are \
             limited to pool_size",
            "SessionPoolerFull",
            "6543",
        ),
        (
            INTERNAL,
            "(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to \
             pool_size: 15",
            "SessionPoolerFull",
            "6543",
        ),
        (INTERNAL, "Tenant or user not found", "UnknownProject", "postgres.<ref>"),
        (INTERNAL, "(ENOTFOUND) tenant/user postgres.abc not found", "UnknownProject", "paused"),
        (INTERNAL, "(ENOIDENTIFIER) no tenant identifier provided", "UnknownProject", "region"),
        (INTERNAL, "Circuit breaker open: Too many authentication errors", "LoginsBlo", "wait"),
        (
            INTERNAL,
            "(ECIRCUITBREAKER) too many authentication failures, new connections are temporarily \
             blocked",
            "LoginsBlocked",
            "first",
        ),
        (
            INTERNAL,
            "(ECIRCUITBREAKER) failed to retrieve database credentials after multiple attempts",
            "PoolerDown",
            "pooler",
        ),
        (INTERNAL, "(EADDRNOTALLOWED) address not in tenant allow_list: x", "NotAdmitted", "list"),
        (
            INTERNAL,
            "(ECHECKOUTTIMEOUT) unable to check out connection from the pool after 60000ms",
            "PoolerBusy",
            "pool",
        ),
        (PROTOCOL, "query_wait_timeout", "PoolerBusy", "fewer"),
        (PROTOCOL, "server login has been failing, cached error: x", "PoolerDown", "log"),
        (PROTOCOL, "server login has been failing, try again later", "PoolerDown", "log"),
        (PROTOCOL, "bouncer config error", "PoolerDown", "log"),
        (PROTOCOL, "no such database: d", "NoSuchDatabase", "create"),
        (
            Some(&SqlState::INVALID_CATALOG_NAME),
            "database \"d\" does not exist",
            "NoSuchDatabase",
            "create",
        ),
        (NOT_NOW, "the database system is starting up", "NotServing", "again"),
        (NOT_NOW, "the database system is shutting down", "NotServing", "again"),
        (
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION),
            "cannot execute CREATE SCHEMA in a read-only transaction",
            "ReadOnly",
            "primary",
        ),
        (None, "error performing TLS handshake: server does not support TLS", "NoTls", "ssl"),
        (None, "error connecting to server: Connection refused", "Unreachable", "port"),
    ];

    #[test]
    fn what_servers_and_poolers_say_is_told_with_what_to_do() {
        for (code, words, variant, word) in SAID {
            let words = format!("db error: FATAL: {words}");
            let error = explain(POOLER, Said { code, words: &words });
            assert!(format!("{error:?}").starts_with(variant), "{words}: {error:?}");
            let (says, fix) = error.says_and_fix();
            assert!(says.contains(POOLER) && fix.contains(word), "{words}: {says} -> {fix}");
        }
    }

    #[test]
    fn a_direct_host_that_is_not_reached_is_told_to_take_the_pooler() {
        let direct = "db.abcdefghijklmnopqrst.supabase.co";
        for words in [
            "error connecting to server: Network is unreachable (os error 101)",
            "error connecting to server: failed to lookup address information: No address \
             associated with hostname",
            "no answer within 5 s",
        ] {
            let error = explain(direct, Said { code: None, words });
            assert!(matches!(error, StoreOpenError::NoIpv6 { .. }), "{error}");
            assert!(error.says_and_fix().1.contains("pooler.supabase.com"), "{error}");
            let other = explain("db.example.com", Said { code: None, words });
            assert!(matches!(other, StoreOpenError::Unreachable { .. }), "{other}");
        }
        let refused = explain(direct, Said { code: PASSWORD, words: "password" });
        assert!(matches!(refused, StoreOpenError::LoginRefused { .. }), "{refused}");
    }
}
