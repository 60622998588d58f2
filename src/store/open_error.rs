//! What an operator meets when a database is opened, each with its fix.
//!
//! No variant carries a password: whatever a server says passes the redactor first. Each sentence
//! ends with `; ` and what is to be done.

use std::path::PathBuf;

use ports::store::StoreError;

use super::url::SCHEMES;

/// Why a table of another database was not read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TableError {
    /// The database was not opened.
    #[error(transparent)]
    Open(#[from] StoreOpenError),
    /// It did not answer as it should.
    #[error(transparent)]
    Read(#[from] StoreError),
}

/// Why a database could not be opened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreOpenError {
    /// The URL's scheme is not known.
    #[error("database URL with scheme `{given}`: allowed are {SCHEMES}")]
    UnknownScheme {
        /// The scheme.
        given: String,
    },
    /// The URL cannot be read.
    #[error("the database URL cannot be read: {cause}; percent-encode special characters")]
    BadUrl {
        /// Why.
        cause: String,
    },
    /// An option cannot be used.
    #[error("schema `{given}`: use lower-case letters, digits and _, at most 63")]
    BadSchema {
        /// The schema's name.
        given: String,
    },
    /// The file's directory is not there.
    #[error("{path}: directory {directory} does not exist; create it (mkdir -p {directory})",
        path = path.display(), directory = directory.display())]
    DirectoryMissing {
        /// The file.
        path: PathBuf,
        /// Its directory.
        directory: PathBuf,
    },
    /// There is no such file, and nobody wants one to be made.
    #[error("{path}: there is no database; name the one a run wrote to with --data or --db",
        path = path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The tables are not there or not those of this version.
    #[error(
        "{place}: its tables lack {pending} of this version's migrations; `cartload migrate` \
        brings them up to date"
    )]
    Outdated {
        /// The file or host.
        place: String,
        /// How many are missing.
        pending: usize,
    },
    /// The file or its directory cannot be written.
    #[error("{path}: cannot be written ({cause}); make the file and its directory writable",
        path = path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        cause: String,
    },
    /// Another process holds the file.
    #[error("{path}: locked by another process; end it or use another file", path = path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path}: not an SQLite database; name another file", path = path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// Nobody answers.
    #[error("{host}: not reachable ({cause}); check host and port, and that the server runs")]
    Unreachable {
        /// The host.
        host: String,
        /// Why.
        cause: String,
    },
    /// User or password is wrong.
    #[error("{host}: login refused ({cause}); check user and password in DATABASE_URL")]
    LoginRefused {
        /// The host.
        host: String,
        /// What the server said.
        cause: String,
    },
    /// The database is not there.
    #[error("{host}: {cause}; create the database or name another")]
    NoSuchDatabase {
        /// The host.
        host: String,
        /// What the server said.
        cause: String,
    },
    /// The server offers no TLS.
    #[error(
        "{host}: offers no TLS; switch it on there, or say sslmode=disable if the network is \
        trusted"
    )]
    NoTls {
        /// The host.
        host: String,
    },
    /// The certificate is not trusted.
    #[error(
        "{host}: its certificate is not trusted ({cause}); name the CA file with \
        sslrootcert=FILE in the URL"
    )]
    Certificate {
        /// The host.
        host: String,
        /// Why.
        cause: String,
    },
    /// `prefer` falls back to plain text unseen.
    #[error(
        "{host}: sslmode=prefer may send data in plain text; say verify-full, require or \
        disable"
    )]
    PreferRefused {
        /// The host.
        host: String,
    },
    /// The CA file cannot be used.
    #[error("{path}: no usable CA certificate ({cause}); name a PEM file", path = path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The server has no connection left.
    #[error(
        "{host}: too many connections ({cause}); end some, raise max_connections (a pooler's: its \
        client limit), or lower CARTLOAD_DB_POOL_BASE"
    )]
    TooManyConnections {
        /// The host.
        host: String,
        /// What the server said.
        cause: String,
    },
    /// A session pooler lends each client a server connection, and has lent all.
    #[error(
        "{host}: the session pooler has lent all its connections ({cause}); take the transaction \
        pooler: port 6543 of the same host"
    )]
    SessionPoolerFull {
        /// The host.
        host: String,
        /// What it said.
        cause: String,
    },
    /// The pooler cannot tell whose database is meant.
    #[error(
        "{host}: the pooler knows no such project ({cause}); the user is postgres.<ref>, the host \
        that of the project's region as its Connect page shows it, and the project is not paused"
    )]
    UnknownProject {
        /// The host.
        host: String,
        /// What it said.
        cause: String,
    },
    /// The pooler answers nobody of this project after too many wrong passwords.
    #[error(
        "{host}: the pooler refuses every login for minutes ({cause}); put the password right \
        first, then wait: each further try may begin the time anew"
    )]
    LoginsBlocked {
        /// The host.
        host: String,
        /// What it said.
        cause: String,
    },
    /// The pooler itself does not get into the database.
    #[error(
        "{host}: the pooler does not reach the database ({cause}); look at the server and at the \
        pooler's own user and password, in its log"
    )]
    PoolerDown {
        /// The host.
        host: String,
        /// What it said.
        cause: String,
    },
    /// The pooler had no server connection for too long.
    #[error(
        "{host}: the pooler had no server connection in time ({cause}); give it a larger pool, or \
        ask for fewer with CARTLOAD_DB_POOL_BASE"
    )]
    PoolerBusy {
        /// The host.
        host: String,
        /// What it said.
        cause: String,
    },
    /// The server speaks with nobody in plain text.
    #[error(
        "{host}: wants TLS ({cause}); say sslmode=verify-full in the URL, with sslrootcert=FILE \
        where its CA is not a public one"
    )]
    TlsWanted {
        /// The host.
        host: String,
        /// What it said.
        cause: String,
    },
    /// This machine's address, user or database is not let in.
    #[error(
        "{host}: does not admit this machine ({cause}); add its address to pg_hba.conf, or to the \
        list of networks that the project admits"
    )]
    NotAdmitted {
        /// The host.
        host: String,
        /// What it said.
        cause: String,
    },
    /// It starts, stops or recovers.
    #[error("{host}: does not serve at the moment ({cause}); try again when it is up")]
    NotServing {
        /// The host.
        host: String,
        /// What it said.
        cause: String,
    },
    /// Nothing can be written there.
    #[error(
        "{host}: can only be read ({cause}); name the primary, and look for \
        default_transaction_read_only: a host sets it where the disk is full"
    )]
    ReadOnly {
        /// The host.
        host: String,
        /// What it said.
        cause: String,
    },
    /// A host with IPv6 addresses alone, and a machine without them.
    #[error(
        "{host}: not reachable ({cause}), and it has IPv6 alone; take the pooler's host, \
        aws-...pooler.supabase.com, user postgres.<ref>, port 6543"
    )]
    NoIpv6 {
        /// The host.
        host: String,
        /// Why.
        cause: String,
    },
    /// It answered with something else than it was asked for.
    #[error("{host}: {cause}; put right what it names")]
    Unanswered {
        /// The host.
        host: String,
        /// What it said.
        cause: String,
    },
    /// The user may not create the schema or its tables.
    #[error(
        "schema `{schema}`: {cause}; grant it (GRANT CREATE ON DATABASE ... TO ..., or CREATE \
        SCHEMA {schema} AUTHORIZATION ...) or migrate as another user with CARTLOAD_MIGRATE_URL"
    )]
    MissingRights {
        /// The schema.
        schema: String,
        /// What the server said.
        cause: String,
    },
    /// The schema holds tables of somebody else.
    #[error(
        "schema `{schema}` is somebody else's: {cause}; nothing was changed; choose another \
        store.schema (CARTLOAD_DB_SCHEMA, by default `cartload`)"
    )]
    SchemaInUse {
        /// The schema.
        schema: String,
        /// What the server said.
        cause: String,
    },
    /// A migration failed.
    #[error(
        "migrating the database failed and changed nothing: {cause}; put right what it names, \
        then `cartload migrate`"
    )]
    Migration {
        /// Why.
        cause: String,
    },
    /// Anything else.
    #[error("the database cannot be opened: {cause}")]
    Other {
        /// Why.
        cause: String,
    },
}

impl StoreOpenError {
    /// The sentence, and what is to be done: the last part of it.
    pub fn says_and_fix(&self) -> (String, String) {
        let text = self.to_string();
        match text.rsplit_once("; ") {
            Some((says, fix)) => (says.to_owned(), fix.to_owned()),
            None => (text, "put right what it names".to_owned()),
        }
    }

    /// Whether the same user and password will be refused again, and a pooler counts the tries.
    pub fn is_of_the_login(&self) -> bool {
        matches!(
            self,
            Self::LoginRefused { .. } | Self::LoginsBlocked { .. } | Self::UnknownProject { .. }
        )
    }
}
