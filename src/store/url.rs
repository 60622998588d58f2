//! Where the database is. The password is kept apart and never shown.
//!
//! `sslmode` and `sslrootcert` are read here: tokio-postgres knows neither `verify-full` nor a CA.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};

use super::open_error::StoreOpenError;
use text::redaction::{self, Redactor};

/// The schemes a database URL may have.
pub const SCHEMES: &str = "sqlite://PATH, postgres://..., postgresql://...";

/// A database.
#[derive(Clone, Debug)]
pub enum StoreUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<PostgresUrl>),
}

/// What the URL says about TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS if the server happens to offer it (`allow`, `prefer`): refused for remote hosts.
    Prefer,
    /// TLS; the certificate is checked only if a CA file is given, as libpq does it.
    Require,
    /// TLS; certificate and host name are checked (`verify-ca`, `verify-full`).
    VerifyFull,
}

/// A Postgres server.
#[derive(Clone)]
pub struct PostgresUrl {
    pub(super) config: tokio_postgres::Config,
    pub(super) ssl_mode: Option<SslMode>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) redactor: Redactor,
    shown: String,
}

impl StoreUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`StoreOpenError::UnknownScheme`] and [`StoreOpenError::BadUrl`].
    pub fn parse(text: &str) -> Result<Self, StoreOpenError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(StoreOpenError::UnknownScheme { given: "none".into() });
        };
        match scheme {
            "sqlite" if rest.is_empty() => {
                Err(StoreOpenError::BadUrl { cause: "sqlite:// names no file".into() })
            }
            "sqlite" => Ok(Self::Sqlite(PathBuf::from(rest))),
            "postgres" | "postgresql" => {
                PostgresUrl::parse(scheme, rest).map(|url| Self::Postgres(Box::new(url)))
            }
            other => Err(StoreOpenError::UnknownScheme { given: other.chars().take(20).collect() }),
        }
    }
}

impl FromStr for StoreUrl {
    type Err = StoreOpenError;

    fn from_str(text: &str) -> Result<Self, StoreOpenError> {
        Self::parse(text)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl PostgresUrl {
    fn parse(scheme: &str, rest: &str) -> Result<Self, StoreOpenError> {
        let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut ssl_mode, mut ca_file) = (None, None);
        let mut kept = Vec::new();
        let mut secrets: Vec<SecretString> = Vec::new();
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("sslmode", mode) => ssl_mode = Some(parse_ssl_mode(mode)?),
                ("sslrootcert", path) => ca_file = Some(PathBuf::from(path)),
                ("password", secret) => {
                    secrets.push(secret.to_owned().into());
                    kept.push(pair);
                }
                _ => kept.push(pair),
            }
        }
        // The last @ ends the user: a password may hold one.
        let user = before.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
        secrets.extend(user.map(|(_, secret)| SecretString::from(secret)));
        let plain = SecretString::from(format!("{scheme}://{before}?{}", kept.join("&")));
        let parsed = plain.expose_secret().parse::<tokio_postgres::Config>();
        let config = parsed.map_err(|e| StoreOpenError::BadUrl {
            cause: Redactor::new(secrets.clone()).clean(&super::error::chain(&e)),
        })?;
        if let Some(password) = config.get_password() {
            secrets.push(String::from_utf8_lossy(password).into_owned().into());
        }
        Ok(Self {
            config,
            ssl_mode,
            ca_file,
            redactor: Redactor::new(secrets),
            shown: redaction::database_url(&format!("{scheme}://{rest}")),
        })
    }

    /// The first host as text, for messages and for the rules of TLS.
    pub fn host(&self) -> String {
        match self.config.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(name)) => name.clone(),
            #[cfg(unix)]
            Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        }
    }

    /// The first port.
    pub fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(5432)
    }

    /// Whether every host is this machine: a Unix socket or a loopback address.
    pub fn is_local(&self) -> bool {
        let local = |host: &tokio_postgres::config::Host| match host {
            tokio_postgres::config::Host::Tcp(name) => {
                name == "localhost"
                    || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            #[cfg(unix)]
            tokio_postgres::config::Host::Unix(_) => true,
        };
        self.config.get_hosts().iter().all(local)
            && self.config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

fn parse_ssl_mode(word: &str) -> Result<SslMode, StoreOpenError> {
    match word {
        "disable" => Ok(SslMode::Disable),
        "allow" | "prefer" => Ok(SslMode::Prefer),
        "require" => Ok(SslMode::Require),
        "verify-ca" | "verify-full" => Ok(SslMode::VerifyFull),
        other => Err(StoreOpenError::BadUrl {
            cause: format!(
                "sslmode `{}` is none of disable, require, verify-full",
                other.chars().take(20).collect::<String>()
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        for text in [
            "postgres://ann:s3cr%40t@db.example.com:6543/shop?sslmode=require",
            "postgresql://ann:s3cr@t@db.example.com/shop",
            "postgres://ann@db.example.com/shop?password=s3cr%40t",
        ] {
            let url = StoreUrl::parse(text).unwrap();
            let shown = format!("{url} {url:?}");
            assert!(!shown.contains("s3cr") && shown.contains("***"), "{shown}");
            assert!(shown.contains("ann") && shown.contains("db.example.com"), "{shown}");
        }
    }

    #[test]
    fn an_unknown_scheme_is_refused_with_the_allowed_ones() {
        for text in ["mysql://h/d", "data/cartload.db", "postgres:h"] {
            let error = StoreUrl::parse(text).unwrap_err();
            assert!(error.to_string().contains("sqlite://PATH"), "{error}");
        }
    }

    #[test]
    fn a_sqlite_url_names_its_file() {
        let path = |text| match StoreUrl::parse(text).unwrap() {
            StoreUrl::Sqlite(path) => path,
            StoreUrl::Postgres(url) => panic!("{url}"),
        };
        assert_eq!(path("sqlite://data/cartload.db"), PathBuf::from("data/cartload.db"));
        assert_eq!(path("sqlite:///var/cartload.db"), PathBuf::from("/var/cartload.db"));
        assert!(StoreUrl::parse("sqlite://").is_err());
    }

    #[test]
    fn loopback_and_sockets_are_local_and_nothing_else_is() {
        let local = |text| match StoreUrl::parse(text).unwrap() {
            StoreUrl::Postgres(url) => url.is_local(),
            StoreUrl::Sqlite(path) => panic!("{}", path.display()),
        };
        assert!(local("postgres://u@localhost/d"));
        assert!(local("postgres://u@127.0.0.1:6543/d"));
        assert!(local("postgres://u@%2Ftmp/d"));
        assert!(!local("postgres://u@localhost.example.com/d"));
        assert!(!local("postgres://u@10.0.0.1/d"));
    }
}
