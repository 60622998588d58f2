//! Who watches a run from outside its terminal: the web server and the alerts.

use std::rc::Rc;
use std::time::Duration;

use actors::topology::Running;

use super::{Asked, Ended, RunError};
use crate::alerts::{self, Alerts, Channel, RunEnd};
use crate::web::{self, LiveRun, Reading, RunningWeb, Token, WebConfig};

/// What was opened for a run.
pub(super) struct Watchers {
    web: Option<RunningWeb>,
    channels: Vec<Rc<dyn Channel>>,
    interval: Duration,
    /// `None` until the run has been wired.
    alerts: Option<Alerts>,
}

impl Watchers {
    /// Opens what the settings name; a taken port is found before anything is written.
    pub(super) fn open(asked: &Asked) -> Result<Self, RunError> {
        let settings = &asked.settings;
        Ok(Self {
            web: open_web(asked)?,
            channels: alerts::channels(&settings.alerts)?,
            interval: Duration::from_secs(settings.alerts.min_interval_s.into()),
            alerts: None,
        })
    }

    /// From here on they see this run.
    pub(super) fn connect(&mut self, running: &Running) {
        if let Some(web) = &self.web {
            let commands = running.coordinator.clone().recipient();
            web.connect(LiveRun { status: running.status.clone(), commands });
        }
        let channels = std::mem::take(&mut self.channels);
        self.alerts = Some(Alerts::watch(channels, self.interval, &running.status));
    }

    /// Tells them how it ended. Of a run that was never wired there is nothing to tell.
    pub(super) async fn close(mut self, outcome: &Result<Ended, RunError>) {
        let end = match outcome {
            Ok(ended) => RunEnd::In(ended.state),
            Err(error) => RunEnd::NotStarted(error.to_string()),
        };
        if let Some(alerts) = self.alerts.take() {
            alerts.finish(end).await;
        }
        self.leave().await;
    }

    /// Closes what was opened for a run that there is nothing to tell of.
    pub(super) async fn leave(self) {
        if let Some(web) = self.web {
            web.stop().await;
        }
    }
}

fn open_web(asked: &Asked) -> Result<Option<RunningWeb>, RunError> {
    let settings = &asked.settings.web;
    let Some(addr) = settings.serve else { return Ok(None) };
    let (token, place) = match &settings.token {
        Some(secret) => (Token::of(secret), "CARTLOAD_WEB_TOKEN".to_owned()),
        None => {
            let (token, path) = Token::generate(&asked.data)?;
            (token, path.display().to_string())
        }
    };
    let reading = Reading::at(addr);
    let config = WebConfig { addr, token, reading, hosts: settings.hosts.clone() };
    let web = web::start(config)?;
    tracing::info!(url = %format!("http://{}", web.addr()), token_in = %place, "the page is open");
    if reading == Reading::WithToken {
        tracing::warn!(
            "other machines can reach {}: reading takes the token too, and the connection is not \
             encrypted; put a proxy with TLS before it",
            web.addr()
        );
    }
    Ok(Some(web))
}
