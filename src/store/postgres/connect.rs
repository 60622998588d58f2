//! One connection: opened so that it works behind a transaction pooler, and why it was not.
//!
//! `AsyncPgConnection::establish` sends two SETs outside a transaction and breaks there.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::CacheSize;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::room;
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
    /// What is free beside this one's connections, which bear a name of their own.
    pub(super) question: Arc<str>,
}

impl Connector {
    /// To the server of this URL.
    pub(super) fn new(url: &PostgresUrl, tls: Option<Arc<rustls::ClientConfig>>) -> Self {
        let mut config = url.config.clone();
        // Seen in pg_stat_activity; two runs do not take each other's connections for their own.
        let name = format!("cartload {:08x}", rand::random::<u32>());
        config.application_name(&name);
        config.ssl_mode(match tls {
            Some(_) => tokio_postgres::config::SslMode::Require,
            None => tokio_postgres::config::SslMode::Disable,
        });
        let question = room::question(&name).into();
        Self { config, tls, host: url.host(), redactor: url.redactor.clone(), question }
    }

    /// A connection for diesel, and what the server answered to `question`.
    pub(super) async fn establish(
        &self,
        question: Option<&str>,
    ) -> ConnectionResult<(AsyncPgConnection, Option<String>)> {
        let connecting = async {
            match &self.tls {
                Some(tls) => {
                    let tls = MakeRustlsConnect::new((**tls).clone());
                    establish(&self.config, tls, question).await
                }
                None => establish(&self.config, NoTls, question).await,
            }
        };
        tokio::time::timeout(ESTABLISH, connecting)
            .await
            .unwrap_or_else(|_| Err(ConnectionError::BadConnection(no_answer())))
    }

    /// A connection for plain questions; where there is none, what the operator has to put right.
    pub(super) async fn inquire(&self) -> Result<Inquiry, StoreOpenError> {
        let connecting = async {
            match &self.tls {
                Some(tls) => connect(&self.config, MakeRustlsConnect::new((**tls).clone())).await,
                None => connect(&self.config, NoTls).await,
            }
        };
        match tokio::time::timeout(ESTABLISH, connecting).await {
            Ok(Ok((client, driver))) => Ok(Inquiry { client, driver, connector: self.clone() }),
            Ok(Err(error)) => Err(self.explain(&error)),
            Err(_) => Err(self.silent()),
        }
    }

    /// The first column of the first row of a statement sent as text, inside a transaction.
    pub(super) async fn ask(&self, sql: &str) -> Result<Option<String>, StoreOpenError> {
        let inquiry = self.inquire().await?;
        let answer = inquiry.ask(sql).await;
        inquiry.close().await;
        answer
    }

    fn silent(&self) -> StoreOpenError {
        StoreOpenError::Unreachable { host: self.host.clone(), cause: no_answer() }
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

    /// The first port it connects to.
    pub(super) fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(5432)
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

/// An open connection for plain questions.
pub(super) struct Inquiry {
    client: Client,
    driver: JoinHandle<Result<(), tokio_postgres::Error>>,
    connector: Connector,
}

impl Inquiry {
    /// The first column of the first row of a statement sent as text.
    pub(super) async fn ask(&self, sql: &str) -> Result<Option<String>, StoreOpenError> {
        match tokio::time::timeout(ESTABLISH, first_word(&self.client, sql)).await {
            Ok(answer) => answer.map_err(|e| self.connector.explain(&e)),
            Err(_) => Err(self.connector.silent()),
        }
    }

    /// Ends it, and waits until it has ended.
    pub(super) async fn close(self) {
        drop(self.client);
        match tokio::time::timeout(ESTABLISH, self.driver).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::debug!(%error, "ending a connection"),
            Ok(Err(error)) => tracing::debug!(%error, "ending a connection"),
            Err(_) => tracing::debug!("a connection did not end in time"),
        }
    }
}

async fn first_word(client: &Client, sql: &str) -> Result<Option<String>, tokio_postgres::Error> {
    for message in client.simple_query(sql).await? {
        if let SimpleQueryMessage::Row(row) = message {
            return Ok(row.get(0).map(str::to_owned));
        }
    }
    Ok(None)
}

async fn establish<T>(
    config: &Config,
    tls: T,
    question: Option<&str>,
) -> ConnectionResult<(AsyncPgConnection, Option<String>)>
where
    T: MakeTlsConnect<Socket> + Send + 'static,
    T::Stream: TlsStream + Unpin + Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let bad = |e: tokio_postgres::Error| ConnectionError::BadConnection(chain(&e));
    let (client, mut driver) = config.connect(tls).await.map_err(bad)?;
    let answer = {
        let mut begin = std::pin::pin!(async {
            client.batch_execute("BEGIN").await?;
            match question {
                Some(question) => first_word(&client, question).await,
                None => Ok(None),
            }
        });
        tokio::select! {
            begun = &mut begin => begun.map_err(bad)?,
            ended = &mut driver => {
                ended.map_err(bad)?;
                return Err(ConnectionError::BadConnection("closed during BEGIN".into()));
            }
        }
    };
    // Its two SETs run inside the transaction.
    let mut connection = AsyncPgConnection::try_from_client_and_connection(client, driver).await?;
    connection.batch_execute("COMMIT").await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    connection.set_prepared_statement_cache_size(CacheSize::Disabled);
    Ok((connection, answer))
}

async fn connect<T>(
    config: &Config,
    tls: T,
) -> Result<(Client, JoinHandle<Result<(), tokio_postgres::Error>>), tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket> + Send + 'static,
    T::Stream: TlsStream + Unpin + Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, driver) = config.connect(tls).await?;
    Ok((client, tokio::spawn(driver)))
}
