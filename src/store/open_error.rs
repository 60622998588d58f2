//! What an operator meets when a database is opened, each with its fix.
//!
//! No variant carries a password: whatever a server says passes the redactor first.

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
    #[error("{host}: too many connections ({cause}); end some or raise max_connections")]
    TooManyConnections {
        /// The host.
        host: String,
        /// What the server said.
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
    #[error("migrating the database failed: {cause}; nothing was changed")]
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
