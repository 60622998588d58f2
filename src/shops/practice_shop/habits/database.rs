//! The shop's own database: one PostgreSQL connection a request, as a server without a pool has it.
//!
//! It keeps nothing there. What counts is that the connection is taken, and what the shop says when
//! the server has none left.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use super::HabitError;
use crate::practice_shop::refusal::Refusal;

/// A connection that takes longer is given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where connections are opened.
#[derive(Debug)]
pub(in crate::practice_shop) struct Database {
    config: Config,
    opened: AtomicU64,
    too_many: AtomicU64,
}

/// How often the database was asked for a connection, and what it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::practice_shop) struct DatabaseCounts {
    pub opened: u64,
    pub too_many: u64,
}

/// Held while a request is served; closed when dropped.
pub(in crate::practice_shop) struct Lease {
    _client: Client,
}

impl Database {
    /// A URL without TLS: the shop listens on loopback only, so does its database.
    pub fn new(url: &SecretString) -> Result<Self, HabitError> {
        let parsed = url.expose_secret().parse::<Config>();
        let mut config = parsed.map_err(|_| HabitError {
            habit: "database",
            why: "give postgres://user:password@host:port/name".to_owned(),
        })?;
        config.connect_timeout(CONNECT_TIMEOUT).application_name("practice-shop");
        Ok(Self { config, opened: AtomicU64::new(0), too_many: AtomicU64::new(0) })
    }

    /// A connection that has answered once.
    pub async fn lease(&self) -> Result<Lease, Refusal> {
        let opened = async {
            let (client, driver) = self.config.connect(NoTls).await?;
            // Its end is the client's.
            drop(actix_web::rt::spawn(driver));
            client.simple_query("SELECT 1").await?;
            Ok::<Client, tokio_postgres::Error>(client)
        };
        match opened.await {
            Ok(client) => {
                self.opened.fetch_add(1, Ordering::Relaxed);
                Ok(Lease { _client: client })
            }
            Err(error) => {
                // The words that reach clients of the shop imitated.
                let said = if error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS) {
                    self.too_many.fetch_add(1, Ordering::Relaxed);
                    "FATAL:  sorry, too many clients already".to_owned()
                } else {
                    error.to_string()
                };
                Err(Refusal::Broken(format!(
                    "(psycopg2.OperationalError) connection to server failed: {said}"
                )))
            }
        }
    }

    pub fn counts(&self) -> DatabaseCounts {
        DatabaseCounts {
            opened: self.opened.load(Ordering::Relaxed),
            too_many: self.too_many.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_none_is_refused_without_its_password() {
        let error = Database::new(&SecretString::from("postgres://u:hunter2@[x")).expect_err("bad");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(Database::new(&SecretString::from("postgres://u@127.0.0.1:5432/shop")).is_ok());
    }
}
