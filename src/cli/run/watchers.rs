//! Who watches a run from outside its terminal: the web server and the alerts.

use std::rc::Rc;
use std::time::Duration;

use actors::topology::Running;
use anyhow::Result;

use super::{Asked, Ended};
use crate::alerts::{self, Alerts, Channel, RunEnd};
use crate::cli::ExitCode;
use crate::cli::exit_code::WithCode;
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
    /// Opens what the settings name; a taken port ends the process before anything is written.
    pub(super) fn open(asked: &Asked) -> Result<Self> {
        let settings = &asked.settings;
        Ok(Self {
            web: open_web(asked)?,
            channels: alerts::channels(&settings.alerts).code(ExitCode::Config)?,
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

    /// Tells them how it ended.
    pub(super) async fn close(self, outcome: &Result<Ended>) {
        let end = match outcome {
            Ok(ended) => RunEnd::In(ended.state),
            Err(error) => RunEnd::NotStarted(error.to_string()),
        };
        if let Some(alerts) = self.alerts {
            alerts.finish(end).await;
        }
        if let Some(web) = self.web {
            web.stop().await;
        }
    }
}

fn open_web(asked: &Asked) -> Result<Option<RunningWeb>> {
    let settings = &asked.settings.web;
    let Some(addr) = settings.serve else { return Ok(None) };
    let (token, place) = match &settings.token {
        Some(secret) => (Token::of(secret), "CARTLOAD_WEB_TOKEN".to_owned()),
        None => {
            let (token, path) = Token::generate(&asked.data).code(ExitCode::Config)?;
            (token, path.display().to_string())
        }
    };
    let reading = Reading::at(addr);
    let config = WebConfig { addr, token, reading, hosts: settings.hosts.clone() };
    let web = web::start(config).code(ExitCode::Config)?;
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
