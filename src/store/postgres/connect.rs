//! One connection: opened so that it works behind a transaction pooler, and why it was not.
//!
//! `AsyncPgConnection::establish` sends two SETs outside a transaction and breaks there.

use std::sync::Arc;
use std::time::Duration;

use diesel::ConnectionError;
use diesel::connection::CacheSize;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tokio::task::JoinHandle;
use tokio_postgres::config::Host;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Client, Config, Connection, NoTls, SimpleQueryMessage, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::explain::{Said, explain};
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
    /// The first port it connects to.
    pub(super) port: u16,
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
        let (host, port, redactor) = (url.host(), url.port(), url.redactor.clone());
        Self { config, tls, host, port, redactor, question }
    }

    /// A connection for diesel, and what the server answered to `question`.
    pub(super) async fn establish(
        &self,
        question: Option<&str>,
    ) -> Result<(AsyncPgConnection, Option<String>), StoreOpenError> {
        let connecting = async {
            match &self.tls {
                Some(tls) => {
                    let tls = MakeRustlsConnect::new((**tls).clone());
                    establish(&self.config, tls, question).await
                }
                None => establish(&self.config, NoTls, question).await,
            }
        };
        match tokio::time::timeout(ESTABLISH, connecting).await {
            Ok(Ok(established)) => Ok(established),
            Ok(Err(NotEstablished::Server(error))) => Err(self.explain(&error)),
            Ok(Err(NotEstablished::Setup(error))) => {
                let cause = self.redactor.clean(&chain(&error));
                Err(StoreOpenError::Unreachable { host: self.host.clone(), cause })
            }
            Err(_) => Err(self.silent()),
        }
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
        explain(&self.host, Said { code: None, words: &no_answer() })
    }

    fn explain(&self, error: &tokio_postgres::Error) -> StoreOpenError {
        let words = self.redactor.clean(&chain(error));
        explain(&self.host, Said { code: error.code(), words: &words })
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

    /// As `ask`, all columns of the row; empty where there is none.
    pub(super) async fn row(&self, sql: &str) -> Result<Vec<Option<String>>, StoreOpenError> {
        match tokio::time::timeout(ESTABLISH, first_row(&self.client, sql)).await {
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
    Ok(first_row(client, sql).await?.into_iter().next().flatten())
}

async fn first_row(
    client: &Client,
    sql: &str,
) -> Result<Vec<Option<String>>, tokio_postgres::Error> {
    for message in client.simple_query(sql).await? {
        if let SimpleQueryMessage::Row(row) = message {
            return Ok((0..row.len()).map(|n| row.get(n).map(str::to_owned)).collect());
        }
    }
    Ok(Vec::new())
}

/// Why there is no connection for diesel.
enum NotEstablished {
    /// The way, or who answered.
    Server(tokio_postgres::Error),
    /// What diesel sets up on it.
    Setup(ConnectionError),
}

impl From<tokio_postgres::Error> for NotEstablished {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl From<ConnectionError> for NotEstablished {
    fn from(error: ConnectionError) -> Self {
        Self::Setup(error)
    }
}

async fn establish<T>(
    config: &Config,
    tls: T,
    question: Option<&str>,
) -> Result<(AsyncPgConnection, Option<String>), NotEstablished>
where
    T: MakeTlsConnect<Socket> + Clone + Send + 'static,
    T::Stream: TlsStream + Unpin + Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, mut driver) = open(config, tls).await?;
    let answer = {
        let mut begin = std::pin::pin!(async {
            client.batch_execute("BEGIN").await?;
            match question {
                Some(question) => first_word(&client, question).await,
                None => Ok(None),
            }
        });
        tokio::select! {
            begun = &mut begin => begun?,
            ended = &mut driver => {
                ended?;
                return Err(ConnectionError::BadConnection("closed during BEGIN".into()).into());
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
    T: MakeTlsConnect<Socket> + Clone + Send + 'static,
    T::Stream: TlsStream + Unpin + Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, driver) = open(config, tls).await?;
    Ok((client, tokio::spawn(driver)))
}

/// The first address that answers has the last word: the driver's own loop shows a password that
/// was refused to each of them, and a pooler that counts them has three at once.
async fn open<T>(
    config: &Config,
    tls: T,
) -> Result<(Client, Connection<Socket, T::Stream>), tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket> + Clone,
{
    let mut last = None;
    for address in addresses(config).await {
        let mut config = config.clone();
        config.hostaddr(address);
        match config.connect(tls.clone()).await {
            Err(error) if error.code().is_none() => last = Some(error),
            ended => return ended,
        }
    }
    match last {
        Some(error) => Err(error),
        None => config.connect(tls).await,
    }
}

/// Of a host that has several; none where the driver has nothing to choose.
async fn addresses(config: &Config) -> Vec<std::net::IpAddr> {
    let [Host::Tcp(host)] = config.get_hosts() else { return Vec::new() };
    if !config.get_hostaddrs().is_empty() {
        return Vec::new();
    }
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match tokio::net::lookup_host((host.as_str(), port)).await {
        Ok(found) => found.map(|address| address.ip()).collect(),
        // Said by the driver, in its own words.
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_host_by_name_has_its_addresses_and_one_that_is_said_has_none_to_choose() {
        let of = |url: &str| url.parse::<Config>().unwrap();
        assert!(!addresses(&of("postgres://u@localhost/d")).await.is_empty());
        assert!(addresses(&of("postgres://u@localhost/d?hostaddr=127.0.0.1")).await.is_empty());
        assert!(addresses(&of("postgres://u@%2Ftmp/d")).await.is_empty());
        assert!(addresses(&of("postgres://u@a.invalid/d")).await.is_empty());
    }
}
