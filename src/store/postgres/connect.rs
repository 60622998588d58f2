//! One connection: opened so that it works behind a transaction pooler, and why it was not.
//!
//! `AsyncPgConnection::establish` sends two SETs outside a transaction and breaks there.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::CacheSize;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::chain;
use crate::open_error::StoreOpenError;
use crate::url::PostgresUrl;
use text::redaction::Redactor;

/// From the first packet to a usable connection.
const ESTABLISH: Duration = Duration::from_secs(5);

/// Opens connections to one server.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: Option<Arc<rustls::ClientConfig>>,
    host: String,
    redactor: Redactor,
}

impl Connector {
    /// To the server of this URL.
    pub(super) fn new(url: &PostgresUrl, tls: Option<Arc<rustls::ClientConfig>>) -> Self {
        let mut config = url.config.clone();
        config.ssl_mode(match tls {
            Some(_) => tokio_postgres::config::SslMode::Require,
            None => tokio_postgres::config::SslMode::Disable,
        });
        Self { config, tls, host: url.host(), redactor: url.redactor.clone() }
    }

    /// A connection for diesel.
    pub(super) async fn establish(&self) -> ConnectionResult<AsyncPgConnection> {
        let connecting = async {
            match &self.tls {
                Some(tls) => establish(&self.config, MakeRustlsConnect::new((**tls).clone())).await,
                None => establish(&self.config, NoTls).await,
            }
        };
        tokio::time::timeout(ESTABLISH, connecting)
            .await
            .unwrap_or_else(|_| Err(ConnectionError::BadConnection(no_answer())))
    }

    /// Connects once, to tell the operator what is wrong.
    pub(super) async fn check(&self) -> Result<(), StoreOpenError> {
        self.ask("SELECT 1").await.map(drop)
    }

    /// The first column of the first row of a statement sent as text, inside a transaction.
    pub(super) async fn ask(&self, sql: &str) -> Result<Option<String>, StoreOpenError> {
        let asking = async {
            match &self.tls {
                Some(tls) => ask(&self.config, MakeRustlsConnect::new((**tls).clone()), sql).await,
                None => ask(&self.config, NoTls, sql).await,
            }
        };
        match tokio::time::timeout(ESTABLISH, asking).await {
            Ok(answer) => answer.map_err(|e| self.explain(&e)),
            Err(_) => {
                Err(StoreOpenError::Unreachable { host: self.host.clone(), cause: no_answer() })
            }
        }
    }

    fn explain(&self, error: &tokio_postgres::Error) -> StoreOpenError {
        let host = self.host.clone();
        let cause = self.redactor.clean(&chain(error));
        let lower = cause.to_lowercase();
        let Some(code) = error.code() else {
            return if lower.contains("does not support tls") {
                StoreOpenError::NoTls { host }
            } else if lower.contains("certificate") || lower.contains("tls handshake") {
                StoreOpenError::Certificate { host, cause }
            } else if lower.contains("password") || lower.contains("authentication") {
                StoreOpenError::LoginRefused { host, cause }
            } else {
                StoreOpenError::Unreachable { host, cause }
            };
        };
        let login = [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION];
        if login.contains(code) || lower.contains("authentication failed") {
            StoreOpenError::LoginRefused { host, cause }
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            StoreOpenError::NoSuchDatabase { host, cause }
        } else if *code == SqlState::TOO_MANY_CONNECTIONS {
            StoreOpenError::TooManyConnections { host, cause }
        } else {
            StoreOpenError::Unreachable { host, cause }
        }
    }

    /// Where it connects to.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Takes the password out of a message.
    pub(super) fn clean(&self, text: &str) -> String {
        self.redactor.clean(text)
    }
}

fn no_answer() -> String {
    format!("no answer within {} s", ESTABLISH.as_secs())
}

async fn establish<T>(config: &Config, tls: T) -> ConnectionResult<AsyncPgConnection>
where
    T: MakeTlsConnect<Socket> + Send + 'static,
    T::Stream: TlsStream + Unpin + Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let bad = |e: tokio_postgres::Error| ConnectionError::BadConnection(chain(&e));
    let (client, mut driver) = config.connect(tls).await.map_err(bad)?;
    {
        let mut begin = std::pin::pin!(client.batch_execute("BEGIN"));
        tokio::select! {
            begun = &mut begin => begun.map_err(bad)?,
            ended = &mut driver => {
                ended.map_err(bad)?;
                return Err(ConnectionError::BadConnection("closed during BEGIN".into()));
            }
        }
    }
    // Its two SETs run inside the transaction.
    let mut connection = AsyncPgConnection::try_from_client_and_connection(client, driver).await?;
    connection.batch_execute("COMMIT").await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    connection.set_prepared_statement_cache_size(CacheSize::Disabled);
    Ok(connection)
}

async fn ask<T>(config: &Config, tls: T, sql: &str) -> Result<Option<String>, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket> + Send + 'static,
    T::Stream: TlsStream + Unpin + Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, driver) = config.connect(tls).await?;
    let driver = tokio::spawn(driver);
    let answer = client.simple_query(sql).await;
    drop(client);
    if let Err(error) = driver.await {
        tracing::debug!(%error, "ending a connection");
    }
    for message in answer? {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
            return Ok(row.get(0).map(str::to_owned));
        }
    }
    Ok(None)
}
