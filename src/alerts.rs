//! Tells operators who are not looking: what happened goes to a webhook and by mail.
//!
//! Fed by the same picture as every other reader. Each channel is a task of its own: the run never
//! waits for one, and one that hangs delays no other.

mod channel;
pub mod email;
pub mod gathering;
pub mod webhook;
pub mod worth;

use std::rc::Rc;
use std::time::Duration;

use actix_rt::task::JoinHandle;
use actors::coordinator::status::RunStatus;
use shops::trust::TrustError;
use tokio::sync::{oneshot, watch};

pub use self::channel::{Channel, DeliveryError};
use self::email::Mailer;
use self::gathering::Gathering;
use self::webhook::Webhook;
pub use self::worth::{Alert, AlertKind, RunEnd};
use crate::config::alerts::AlertSettings;

/// After the end of the run its last alerts get this long, all channels together.
pub const LAST_ALERTS_GRACE: Duration = Duration::from_secs(5);

/// Why alerts cannot be sent the way they are set up. None carries a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlertSetupError {
    /// No trust can be set up.
    #[error("TLS of alerts: {0}")]
    Trust(
        /// What is wrong and what to do.
        #[from]
        TrustError,
    ),
    /// The webhook's URL.
    #[error("CARTLOAD_ALERT_WEBHOOK_URL: {0}")]
    Hook(
        /// What is wrong.
        &'static str,
    ),
    /// The mail server's URL.
    #[error("CARTLOAD_SMTP_URL: {0}")]
    Server(
        /// What is wrong.
        &'static str,
    ),
    /// An address that mail cannot be sent to or from.
    #[error("alerts.email_from, alerts.email_to: {0}")]
    Address(
        /// What is wrong.
        String,
    ),
}

/// The channels that the settings name; none where they name none.
pub fn channels(settings: &AlertSettings) -> Result<Vec<Rc<dyn Channel>>, AlertSetupError> {
    let mut channels: Vec<Rc<dyn Channel>> = Vec::new();
    if let Some(url) = &settings.webhook_url {
        let (shape, ca_file) = (settings.webhook_shape, settings.ca_file.as_deref());
        channels.push(Rc::new(Webhook::new(url, shape, ca_file)?));
    }
    if let (Some(url), Some(from)) = (&settings.smtp_url, &settings.email_from)
        && !settings.email_to.is_empty()
    {
        let ca_file = settings.ca_file.as_deref();
        channels.push(Rc::new(Mailer::new(url, from, &settings.email_to, ca_file)?));
    }
    Ok(channels)
}

/// Alerts of a run under way.
pub struct Alerts {
    channels: Vec<(oneshot::Sender<RunEnd>, JoinHandle<()>)>,
}

impl Alerts {
    /// Watches the run and tells it over these channels. Must be called inside an actix system.
    pub fn watch(
        channels: Vec<Rc<dyn Channel>>,
        interval: Duration,
        status: &watch::Receiver<RunStatus>,
    ) -> Self {
        let begin = |channel: Rc<dyn Channel>| {
            let (end, ended) = oneshot::channel();
            let gathering = Gathering::new(interval);
            let told = channel::tell(channel, gathering, status.clone(), ended);
            (end, actix_rt::spawn(told))
        };
        Self { channels: channels.into_iter().map(begin).collect() }
    }

    /// Tells how the run ended; waits for the last deliveries, at most [`LAST_ALERTS_GRACE`].
    pub async fn finish(self, end: RunEnd) {
        let tasks: Vec<JoinHandle<()>> = self
            .channels
            .into_iter()
            .map(|(channel, task)| {
                // A task that is gone has said why.
                let _ = channel.send(end.clone());
                task
            })
            .collect();
        let all = futures::future::join_all(tasks);
        if tokio::time::timeout(LAST_ALERTS_GRACE, all).await.is_err() {
            tracing::warn!("the last alerts were not delivered within 5 s");
        }
    }
}
