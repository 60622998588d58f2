//! Where a run says what an operator must hear of while nobody watches.

use std::path::PathBuf;

use lettre::message::Mailbox;

use super::concern::concern;
use super::secret::Secret;
use super::words::WebhookShape;
use crate::alerts::email::ServerUrl;
use crate::alerts::webhook::HookUrl;

concern!(
    /// `alerts`: freeze, resume, quarantine, session down, checkpoint failure, end of the run.
    AlertSettings, "alerts" {
        /// `alerts.webhook_url`, default none: where alerts are posted. A secret.
        webhook_url: Option<Secret> = None,
            env "CARTLOAD_ALERT_WEBHOOK_URL", unit "secret", decision "",
            allowed "CARTLOAD_ALERT_WEBHOOK_URL or the file named by \
                     CARTLOAD_ALERT_WEBHOOK_URL_FILE: https://..., or http:// on loopback",
            check |url| url.as_ref().is_none_or(|url| HookUrl::parse(url).is_ok());
        /// `alerts.webhook_shape`, default `json`: what is posted.
        webhook_shape: WebhookShape = WebhookShape::Json,
            env "CARTLOAD_ALERT_WEBHOOK_SHAPE", unit "", decision "",
            allowed "json or slack", check |_| true;
        /// `alerts.smtp_url`, default none: the mail server. A secret.
        smtp_url: Option<Secret> = None,
            env "CARTLOAD_SMTP_URL", unit "secret", decision "",
            allowed "CARTLOAD_SMTP_URL or the file named by CARTLOAD_SMTP_URL_FILE: \
                     smtps://user:password@host, smtp://user:password@host:587?tls=required, or \
                     smtp://host:25 on loopback",
            check |url| url.as_ref().is_none_or(|url| ServerUrl::parse(url).is_ok());
        /// `alerts.email_from`, default none: the sender.
        email_from: Option<String> = None,
            env "CARTLOAD_ALERT_EMAIL_FROM", unit "address", decision "",
            allowed "an address, as cartload@example.org or Cartload <cartload@example.org>",
            check |from| from.as_deref().is_none_or(is_address);
        /// `alerts.email_to`, default none: the receivers.
        email_to: Vec<String> = Vec::new(),
            env "CARTLOAD_ALERT_EMAIL_TO", unit "addresses", decision "",
            allowed "up to 20 addresses, separated by commas",
            check |to| to.len() <= 20 && to.iter().all(|to| is_address(to));
        /// `alerts.min_interval_s`, default 60, real seconds from one message to the next over the
        /// same channel; what happens meanwhile is gathered into that.
        min_interval_s: u32 = 60,
            env "CARTLOAD_ALERT_MIN_INTERVAL_S", unit "real s", decision "",
            allowed "a whole number from 1 to 86400", check |s| (1..=86_400).contains(s);
        /// `alerts.ca_file`, default none (the platform's roots): certificates that webhook and
        /// mail server are checked against, PEM.
        ca_file: Option<PathBuf> = None,
            env "CARTLOAD_ALERT_CA_FILE", unit "file", decision "",
            allowed "the path of a PEM file, or none", check |_| true;
    }
);

fn is_address(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

impl AlertSettings {
    /// What of the settings for mail is missing, if some are there and some are not.
    pub fn mail_gap(&self) -> Option<&'static str> {
        let (server, from, to) =
            (self.smtp_url.is_some(), self.email_from.is_some(), !self.email_to.is_empty());
        match (server, from, to) {
            (false, false, false) | (true, true, true) => None,
            (false, ..) => Some(
                "alerts.email_from and alerts.email_to are of no use without \
                                 CARTLOAD_SMTP_URL: no mail is sent",
            ),
            (true, ..) => Some(
                "CARTLOAD_SMTP_URL is of no use without alerts.email_from and \
                                alerts.email_to: no mail is sent",
            ),
        }
    }
}
