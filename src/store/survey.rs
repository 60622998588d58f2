//! What there is to know of a database before a run writes to it. Nothing is left behind: no row,
//! no table, no file. One question that fails hides none of the others.

use std::path::PathBuf;
use std::time::Duration;

use super::open_error::StoreOpenError;
use super::url::{PostgresUrl, StoreUrl};
use super::{PoolChoice, StoreOptions, postgres, sqlite};

/// A question, and why it has no answer.
pub type Probed<T> = Result<T, StoreOpenError>;

/// What was found.
#[derive(Clone, Debug)]
pub enum Survey {
    /// At a server.
    Server(Box<ServerSurvey>),
    /// At the path of a file.
    File(FileSurvey),
}

/// A server, its way there, and the way of the migrations.
#[derive(Clone, Debug)]
pub struct ServerSurvey {
    /// As the URL has it.
    pub host: String,
    /// As the URL has it.
    pub port: u16,
    /// How it is spoken to.
    pub encryption: Probed<Encryption>,
    /// Which door of Supabase that is.
    pub supabase: Option<SupabaseDoor>,
    /// What it answers, or why nothing.
    pub server: Probed<Box<Server>>,
    /// The server of `CARTLOAD_MIGRATE_URL`, where that is set.
    pub migrate: Option<MigrateSurvey>,
}

/// How a server is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Plain text, within this machine.
    PlainLocal,
    /// Plain text, over a network.
    Plain,
    /// Encrypted; whoever answers is believed.
    Unchecked,
    /// Encrypted; certificate and name are checked against this file, or the platform's roots.
    Checked(
        /// The file.
        Option<PathBuf>,
    ),
}

/// Supabase lets in at three doors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SupabaseDoor {
    /// `*.pooler.supabase.com:6543`: a server connection for each transaction.
    Transaction,
    /// `*.pooler.supabase.com:5432`: a server connection for each client.
    Session,
    /// `db.<ref>.supabase.co`: the server itself, IPv6 alone.
    Direct,
}

/// What stands between this process and a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Nothing that was noticed.
    Nothing,
    /// A pooler that keeps a client's server connection for it.
    SessionPooler,
    /// A pooler that gives each transaction another.
    TransactionPooler,
}

/// What a server that lets in says.
#[derive(Clone, Debug)]
pub struct Server {
    /// As it calls itself.
    pub version: String,
    /// The database.
    pub database: String,
    /// Who is logged in there.
    pub user: String,
    /// From a question to its answer, the quickest of a few.
    pub round_trip: Duration,
    /// What stands between.
    pub between: Between,
    /// Cartload's tables.
    pub tables: Probed<Tables>,
    /// What this user may do.
    pub rights: Probed<Rights>,
    /// What pool a run would have.
    pub pool: Probed<PoolChoice>,
    /// So many connections this user could open now, where the server says it.
    pub free: Option<u32>,
    /// So many seconds its clock is ahead of this machine's, half of the round trip taken off.
    pub ahead_s: Probed<f64>,
    /// What it is set to.
    pub settings: Probed<ServerSettings>,
    /// Bytes of the whole database.
    pub bytes: Probed<u64>,
}

/// Cartload's tables in their schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tables {
    /// None yet.
    None,
    /// Somebody else's, of these names.
    Foreign(
        /// The names.
        Vec<String>,
    ),
    /// Of a release.
    Ours {
        /// Migrations of this version that are missing.
        pending: usize,
        /// Migrations that this version does not know.
        unknown: usize,
    },
}

/// What a user may do in a database and in cartload's schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// May create schemas.
    pub creates_schemas: bool,
    /// Of the schema, where there is one.
    pub schema: Option<SchemaRights>,
}

/// What a user may do in a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaRights {
    /// May use what is in it.
    pub uses: bool,
    /// May create tables in it.
    pub creates: bool,
    /// Tables of cartload that cannot be read and written.
    pub closed: Vec<String>,
    /// Tables of cartload that belong to another user: a migration cannot alter them.
    pub of_others: Vec<String>,
}

/// What a server is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// `synchronous_commit`.
    pub synchronous_commit: String,
    /// Transactions begin read-only.
    pub is_read_only: bool,
    /// It follows another server.
    pub is_standby: bool,
    /// `server_encoding`.
    pub encoding: String,
    /// `statement_timeout`, where there is one.
    pub statement_timeout: Option<Duration>,
}

/// The way of the migrations.
#[derive(Clone, Debug)]
pub struct MigrateSurvey {
    /// As its URL has it.
    pub host: String,
    /// What it answers, or why nothing; the run's own refusal where that login was refused: then
    /// this one is not tried.
    pub server: Probed<MigrateServer>,
}

/// What the server of the migrations says.
#[derive(Clone, Debug)]
pub struct MigrateServer {
    /// Whether it is the database of the run; an error where one of the two does not say.
    pub is_same: Probed<bool>,
    /// What stands between.
    pub between: Between,
    /// What its user may do.
    pub rights: Probed<Rights>,
}

/// A SQLite file.
#[derive(Clone, Debug)]
pub struct FileSurvey {
    /// Where.
    pub path: PathBuf,
    /// What is there; `None` where nothing is, and a run makes it.
    pub file: Option<Probed<FileState>>,
}

/// A SQLite file that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Migrations of this version that are missing.
    pub pending: usize,
    /// Migrations that this version does not know.
    pub unknown: usize,
    /// Whether its pages are whole: what SQLite said, `None` where it is too large to be read now.
    pub check: Option<String>,
    /// Its size.
    pub bytes: u64,
}

/// Looks at the database of this URL.
pub async fn survey(url: &StoreUrl, options: &StoreOptions) -> Survey {
    match url {
        StoreUrl::Postgres(url) => Survey::Server(Box::new(postgres::survey(url, options).await)),
        StoreUrl::Sqlite(path) => Survey::File(sqlite::survey(path)),
    }
}

impl SupabaseDoor {
    /// Where this URL leads, if to Supabase.
    pub fn of(url: &PostgresUrl) -> Option<Self> {
        let host = url.host();
        match url.port() {
            _ if postgres::is_supabase_direct(&host) => Some(Self::Direct),
            _ if !host.ends_with(".pooler.supabase.com") => None,
            6543 => Some(Self::Transaction),
            _ => Some(Self::Session),
        }
    }
}

impl Tables {
    /// What migrations that were applied, and tables of our names, mean.
    pub(super) fn of(applied: Option<&[String]>, names: Vec<String>) -> Self {
        let Some(applied) = applied else {
            return if names.is_empty() { Self::None } else { Self::Foreign(names) };
        };
        let pending = super::migrations::pending(applied);
        let unknown = super::migrations::unknown(applied);
        let is_of_another = pending == super::migrations::pending(&[]) && unknown > 0;
        match is_of_another && !names.is_empty() {
            true => Self::Foreign(names),
            false if is_of_another || applied.is_empty() && names.is_empty() => Self::None,
            false => Self::Ours { pending, unknown },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_door_of_supabase_is_known_by_host_and_port() {
        let door = |text: &str| match StoreUrl::parse(text).unwrap() {
            StoreUrl::Postgres(url) => SupabaseDoor::of(&url),
            StoreUrl::Sqlite(path) => panic!("{}", path.display()),
        };
        let pooler = "postgres://postgres.abc:x@aws-0-eu-central-1.pooler.supabase.com";
        assert_eq!(door(&format!("{pooler}:6543/postgres")), Some(SupabaseDoor::Transaction));
        assert_eq!(door(&format!("{pooler}:5432/postgres")), Some(SupabaseDoor::Session));
        assert_eq!(door(&format!("{pooler}/postgres")), Some(SupabaseDoor::Session));
        let direct = "postgres://postgres:x@db.abc.supabase.co:5432/postgres";
        assert_eq!(door(direct), Some(SupabaseDoor::Direct));
        for other in ["postgres://u@db.example.com:6543/d", "postgres://u@supabase.co.example/d"] {
            assert_eq!(door(other), None, "{other}");
        }
    }

    #[test]
    fn tables_are_ours_by_their_migrations_and_anybodys_by_their_names() {
        let all = crate::migrations::versions();
        let agents = || vec!["agents".to_owned()];
        assert_eq!(Tables::of(None, vec![]), Tables::None);
        assert_eq!(Tables::of(None, agents()), Tables::Foreign(agents()));
        let ours = |pending, unknown| Tables::Ours { pending, unknown };
        assert_eq!(Tables::of(Some(&all), agents()), ours(0, 0));
        assert_eq!(Tables::of(Some(&all[..2]), agents()), ours(all.len() - 2, 0));
        let newer: Vec<String> = all.iter().cloned().chain(["99990101".to_owned()]).collect();
        assert_eq!(Tables::of(Some(&newer), agents()), ours(0, 1));
        let theirs = vec!["20230101000000".to_owned()];
        assert_eq!(Tables::of(Some(&theirs), agents()), Tables::Foreign(agents()));
        assert_eq!(Tables::of(Some(&theirs), vec![]), Tables::None, "theirs are of other names");
    }
}
