//! Alerts posted to a webhook: cartload's own JSON, or what Slack takes. The URL is a secret.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use actors::domain::incident::Severity;
use awc::Connector;
use awc::http::Uri;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};
use shops::{address, trust};
use text::redaction::Redactor;

use super::AlertSetupError;
use super::channel::{Channel, DeliveryError};
use super::gathering::Bundle;
use crate::config::secret::Secret;
use crate::config::words::WebhookShape;

/// The form of cartload's own object; a key is added without a new number, none is taken away.
pub const SCHEMA: &str = "cartload.alert/1";
/// Connecting, at most.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer that are looked at.
const ANSWER_MAX_BYTES: usize = 4 * 1024;
/// Characters of a text that Slack takes, less some for what stands around it.
const SLACK_TEXT_CHARS_MAX: usize = 2_800;

/// A webhook's address, checked.
#[derive(Clone)]
pub struct HookUrl(Uri);

impl HookUrl {
    /// `https://`, or `http://` where nobody between can read it.
    pub fn parse(url: &Secret) -> Result<Self, &'static str> {
        let uri: Uri = url.expose().parse().map_err(|_| "not a URL")?;
        let host = uri.host().unwrap_or_default();
        match uri.scheme_str() {
            _ if host.is_empty() => Err("it names no host"),
            _ if address::port(&uri).is_err() => Err("its port is none of 1 to 65535"),
            Some("https") => Ok(Self(uri)),
            Some("http") if is_loopback(host) => Ok(Self(uri)),
            Some("http") => Err("http:// shows the secret to the network; use https://"),
            _ => Err("it begins with https://"),
        }
    }
}

/// Whether a host of a URL is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Posts alerts.
pub struct Webhook {
    url: HookUrl,
    shape: WebhookShape,
    client: awc::Client,
    redactor: Redactor,
}

impl Webhook {
    /// For this address. Must be called inside an actix system.
    pub fn new(
        url: &Secret,
        shape: WebhookShape,
        ca_file: Option<&Path>,
    ) -> Result<Self, AlertSetupError> {
        let hook = HookUrl::parse(url).map_err(AlertSetupError::Hook)?;
        let mut connector = Connector::new().timeout(CONNECT_MAX).handshake_timeout(CONNECT_MAX);
        if hook.0.scheme_str() == Some("https") {
            connector = connector.rustls_0_23(trust::client_config(ca_file)?);
        }
        let client = awc::Client::builder()
            .connector(connector)
            .disable_timeout()
            .disable_redirects()
            .add_default_header(("User-Agent", concat!("cartload/", env!("CARGO_PKG_VERSION"))))
            .finish();
        let path = hook.0.path().trim_matches('/').to_owned();
        let query = hook.0.query().unwrap_or_default().to_owned();
        let known = [url.expose().to_owned(), path, query];
        let known = known.into_iter().filter(|text| !text.is_empty()).map(Into::into).collect();
        Ok(Self { url: hook, shape, client, redactor: Redactor::new(known) })
    }

    async fn post(&self, bundle: &Bundle) -> Result<(), DeliveryError> {
        let body = match self.shape {
            WebhookShape::Json => own_json(bundle),
            WebhookShape::Slack => slack_json(bundle),
        };
        let passing = |error: &dyn std::fmt::Display| {
            DeliveryError::Passing(self.redactor.detail(&error.to_string()))
        };
        let sent = self.client.post(self.url.0.clone()).send_json(&body).await;
        let mut answer = sent.map_err(|error| passing(&error))?;
        let status = answer.status();
        let said = answer.body().limit(ANSWER_MAX_BYTES).await.unwrap_or_default();
        if status.is_success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&said);
        let what = self.redactor.detail(&format!("the webhook answered {status}: {said}"));
        let is_passing = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
        Err(if is_passing { DeliveryError::Passing(what) } else { DeliveryError::Final(what) })
    }
}

impl Channel for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn deliver<'a>(&'a self, bundle: &'a Bundle) -> LocalBoxFuture<'a, Result<(), DeliveryError>> {
        self.post(bundle).boxed_local()
    }
}

/// cartload's own object.
pub fn own_json(bundle: &Bundle) -> Value {
    json!({
        "schema": SCHEMA,
        "run_id": bundle.run_id,
        "state": bundle.state,
        "cycle": bundle.cycle,
        "simulated_at": bundle.simulated_at,
        "severity": bundle.severity(),
        "alerts": bundle.alerts,
        "more": bundle.more,
    })
}

/// The object that Slack's incoming webhooks take: a line for notifications, blocks for people.
pub fn slack_json(bundle: &Bundle) -> Value {
    let headline = bundle.headline().map_or("", |alert| alert.message.as_str());
    let mark = match bundle.severity() {
        Severity::Critical => ":red_circle:",
        Severity::Warning => ":large_yellow_circle:",
        Severity::Info => ":large_green_circle:",
    };
    let mut lines: Vec<String> = bundle
        .alerts
        .iter()
        .map(|alert| {
            format!("*{}*, cycle {}: {}", alert.kind, alert.cycle, escaped(&alert.message))
        })
        .collect();
    if bundle.more > 0 {
        lines.push(format!("... and {} older ones", bundle.more));
    }
    let text = cut(&lines.join("\n"));
    let place = format!(
        "run `{}`, {}, cycle {}, simulated {}",
        bundle.run_id,
        bundle.state.as_str(),
        bundle.cycle,
        bundle.simulated_at
    );
    json!({
        "text": cut(&format!("{mark} cartload: {}", escaped(headline))),
        "blocks": [
            { "type": "section", "text": { "type": "mrkdwn", "text": format!("{mark} {text}") } },
            { "type": "context", "elements": [{ "type": "mrkdwn", "text": place }] },
        ],
    })
}

/// Slack reads `<!channel>` and links in these three characters.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str) -> String {
    text.chars().take(SLACK_TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_https_or_on_this_machine() {
        for url in ["https://hooks.example/T0/B0/xyz", "http://127.0.0.1:9/x", "http://[::1]:9/x"] {
            assert!(HookUrl::parse(&url.to_owned().into()).is_ok(), "{url}");
        }
        for url in ["http://hooks.example/x", "ftp://h/x", "hooks.example", "/x", "", "https://"] {
            let problem = HookUrl::parse(&url.to_owned().into()).map(|_| ()).unwrap_err();
            assert!(!problem.is_empty(), "{url}");
        }
    }
}
