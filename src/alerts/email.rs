//! Alerts by mail. The server's URL holds a password and is a secret as a whole.

use std::path::Path;
use std::time::Duration;

use awc::http::Uri;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use shops::address;
use shops::trust::{self, TrustError};
use text::redaction::Redactor;

use super::AlertSetupError;
use super::channel::{Channel, DeliveryError};
use super::gathering::Bundle;
use super::webhook::is_loopback;
use crate::config::secret::Secret;

/// One exchange with the server's network, at most.
const EXCHANGE_MAX: Duration = Duration::from_secs(8);
/// Characters of a message's headline in the subject.
const SUBJECT_CHARS_MAX: usize = 120;

/// How a connection to the mail server is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    /// TLS from the first byte (smtps).
    Wrapped,
    /// STARTTLS, or nothing is sent (`?tls=required`).
    StartTls,
    /// None: loopback only.
    Plain,
}

/// A mail server's address, checked.
#[derive(Clone)]
pub struct ServerUrl {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<(String, String)>,
}

impl ServerUrl {
    /// `smtps://user:password@host`, `smtp://...?tls=required`, or plain `smtp://` on loopback.
    pub fn parse(url: &Secret) -> Result<Self, &'static str> {
        let uri: Uri = url.expose().parse().map_err(
            |_| "not a URL; special characters of user and password are written as %40 for @",
        )?;
        let host = uri.host().unwrap_or_default().to_owned();
        if host.is_empty() {
            return Err("it names no host");
        }
        let wants_tls = uri.query() == Some("tls=required");
        let security = match uri.scheme_str() {
            Some("smtps") => Security::Wrapped,
            Some("smtp") if wants_tls => Security::StartTls,
            Some("smtp") if uri.query().is_some() => {
                return Err("the only parameter is tls=required");
            }
            Some("smtp") if is_loopback(&host) => Security::Plain,
            Some("smtp") => return Err("without TLS only to loopback; add ?tls=required"),
            _ => return Err("it begins with smtps:// or smtp://"),
        };
        let written = address::port(&uri).map_err(|_| "its port is none of 1 to 65535")?;
        let port = written.unwrap_or(match security {
            Security::Wrapped => 465,
            Security::StartTls => 587,
            Security::Plain => 25,
        });
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let credentials = match authority.rsplit_once('@').map(|(user, _)| user.split_once(':')) {
            None => None,
            Some(Some((user, password))) => Some((decoded(user)?, decoded(password)?)),
            Some(None) => return Err("a user without a password"),
        };
        Ok(Self { host, port, security, credentials })
    }
}

fn decoded(text: &str) -> Result<String, &'static str> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(|text| text.into_owned()).map_err(|_| "user and password are UTF-8")
}

/// Sends alerts.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    redactor: Redactor,
}

impl Mailer {
    /// For this server, sender and receivers.
    pub fn new(
        url: &Secret,
        from: &str,
        to: &[String],
        ca_file: Option<&Path>,
    ) -> Result<Self, AlertSetupError> {
        let server = ServerUrl::parse(url).map_err(AlertSetupError::Server)?;
        let mailbox = |text: &str| {
            let wrong = |error| AlertSetupError::Address(format!("{text}: {error}"));
            text.parse::<Mailbox>().map_err(wrong)
        };
        let to: Result<Vec<Mailbox>, AlertSetupError> = to.iter().map(|to| mailbox(to)).collect();
        let tls = match server.security {
            Security::Plain => Tls::None,
            Security::Wrapped => Tls::Wrapper(tls(&server.host, ca_file)?),
            Security::StartTls => Tls::Required(tls(&server.host, ca_file)?),
        };
        let mut known = vec![url.expose().to_owned().into()];
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(EXCHANGE_MAX))
            .hello_name(ClientId::Domain("cartload.localhost".to_owned()));
        if let Some((user, password)) = server.credentials {
            known.push(password.clone().into());
            builder = builder.credentials(Credentials::new(user, password));
        }
        let redactor = Redactor::new(known);
        Ok(Self { transport: builder.build(), from: mailbox(from)?, to: to?, redactor })
    }

    async fn send(&self, bundle: &Bundle) -> Result<(), DeliveryError> {
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(subject(bundle))
            .date_now()
            .message_id(None)
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            message = message.to(to.clone());
        }
        let message = message
            .body(text(bundle))
            .map_err(|error| DeliveryError::Final(self.redactor.detail(&error.to_string())))?;
        let sent = self.transport.send(message).await;
        sent.map(|_| ()).map_err(|error| {
            let what = self.redactor.detail(&chain(&error));
            match error.is_permanent() || error.is_client() {
                true => DeliveryError::Final(what),
                false => DeliveryError::Passing(what),
            }
        })
    }
}

impl Channel for Mailer {
    fn name(&self) -> &'static str {
        "email"
    }

    fn deliver<'a>(&'a self, bundle: &'a Bundle) -> LocalBoxFuture<'a, Result<(), DeliveryError>> {
        self.send(bundle).boxed_local()
    }
}

fn tls(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, AlertSetupError> {
    let wrong = |error: lettre::transport::smtp::Error| TrustError(chain(&error));
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca_file {
        builder =
            builder.certificate_store(lettre::transport::smtp::client::CertificateStore::None);
        for certificate in trust::certificates(path)? {
            let certificate = Certificate::from_der(certificate.to_vec()).map_err(wrong)?;
            builder = builder.add_root_certificate(certificate);
        }
    }
    Ok(builder.build().map_err(wrong)?)
}

/// An error with its causes: the server's own words are in them.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text += &format!(": {said}");
        }
        cause = error.source();
    }
    text
}

/// One line, whatever a shop said in it.
pub fn subject(bundle: &Bundle) -> String {
    let message = bundle.headline().map_or("", |alert| alert.message.as_str());
    let message: String = one_line(message).chars().take(SUBJECT_CHARS_MAX).collect();
    format!("[cartload] {}: {message}", bundle.severity().as_str())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The message's body.
pub fn text(bundle: &Bundle) -> String {
    let mut lines: Vec<String> = bundle
        .alerts
        .iter()
        .map(|alert| {
            format!(
                "{} UTC, cycle {}, {} ({}):\n  {}\n",
                alert.at.format("%Y-%m-%d %H:%M:%S"),
                alert.cycle,
                alert.kind,
                alert.severity.as_str(),
                one_line(&alert.message)
            )
        })
        .collect();
    if bundle.more > 0 {
        lines.push(format!("... and {} older ones; the table `incidents` has all.\n", bundle.more));
    }
    lines.push(format!(
        "Run {}: {}, cycle {}, simulated {}.",
        bundle.run_id,
        bundle.state.as_str(),
        bundle.cycle,
        bundle.simulated_at
    ));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_leaves_this_machine_only_under_tls() {
        let parse = |url: &str| ServerUrl::parse(&url.to_owned().into());
        let server = parse("smtps://me%40x:p%3Aw@mail.example").unwrap();
        assert_eq!((server.port, server.security), (465, Security::Wrapped));
        assert_eq!(server.credentials, Some(("me@x".into(), "p:w".into())));
        let server = parse("smtp://me:pw@mail.example:2525?tls=required").unwrap();
        assert_eq!((server.port, server.security), (2525, Security::StartTls));
        assert_eq!(parse("smtp://127.0.0.1:1025").unwrap().security, Security::Plain);
        for url in [
            "smtp://me:pw@mail.example",
            "smtp://me:pw@mail.example?tls=opportunistic",
            "smtps://me@mail.example",
            "http://mail.example",
            "mail.example",
            "",
        ] {
            assert!(parse(url).is_err(), "{url}");
        }
    }
}
