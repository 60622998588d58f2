//! Alerts over HTTP to a server on loopback, in both shapes.

use actors::domain::incident::IncidentKind;
use cartload::alerts::gathering::{Bundle, Gathering};
use cartload::alerts::webhook::Webhook;
use cartload::alerts::worth::Lookout;
use cartload::alerts::{Channel, DeliveryError};
use cartload::config::secret::Secret;
use cartload::config::words::WebhookShape;
use serde_json::Value;

use crate::support::scripted_server::{Answer, Scripted, bytes, json};
use crate::support::served::{happens, running};

/// A message with words that a shop may say.
pub fn bundle() -> Bundle {
    let mut status = running();
    happens(&mut status, IncidentKind::SessionHealth, "HTTP session 3 is down");
    happens(&mut status, IncidentKind::Freeze, "frozen: <!channel> said\r\nBcc: x & \"y\"");
    let mut gathering = Gathering::new(std::time::Duration::ZERO);
    gathering.add(Lookout::default().look(&status));
    gathering.take(std::time::Instant::now(), &status).unwrap()
}

async fn post(server: &Scripted, shape: WebhookShape) -> Result<(), DeliveryError> {
    let url = Secret::from(format!("{}/services/T0SECRET?key=K3Y-SECRET", server.url()));
    Webhook::new(&url, shape, None).unwrap().deliver(&bundle()).await
}

fn body(server: &Scripted) -> Value {
    let request = server.requests().pop().unwrap();
    assert!(request.starts_with("POST /services/T0SECRET?key=K3Y-SECRET HTTP/1.1"), "{request}");
    assert!(request.to_lowercase().contains("content-type: application/json"));
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[actix::test]
async fn cartloads_own_object_has_every_alert_with_its_kind() {
    let server = Scripted::json(200, "{}");
    post(&server, WebhookShape::Json).await.unwrap();
    let sent = body(&server);
    assert_eq!(
        (&sent["schema"], &sent["severity"]),
        (&"cartload.alert/1".into(), &"critical".into())
    );
    assert_eq!((&sent["state"], &sent["more"]), (&"running".into(), &0.into()));
    let alerts = sent["alerts"].as_array().unwrap();
    assert_eq!(
        (&alerts[0]["kind"], &alerts[1]["kind"]),
        (&"session_health".into(), &"freeze".into())
    );
    assert_eq!(alerts[0]["message"], "HTTP session 3 is down");
    assert_eq!(alerts[1]["cycle"], 3);
}

#[actix::test]
async fn slack_gets_a_line_and_blocks_in_which_nothing_is_a_command() {
    let server = Scripted::once(Answer::Bytes(bytes(200, &[("content-length", "2")], b"ok")));
    post(&server, WebhookShape::Slack).await.unwrap();
    let sent = body(&server);
    let line = sent["text"].as_str().unwrap();
    assert!(line.starts_with(":red_circle: cartload: frozen: &lt;!channel&gt; said"), "{line}");
    let section = sent["blocks"][0]["text"]["text"].as_str().unwrap();
    assert_eq!(sent["blocks"][0]["type"], "section");
    assert!(section.contains("*session health*, cycle 3: HTTP session 3 is down"), "{section}");
    assert!(!sent.to_string().contains("<!"), "{sent}");
    assert!(section.chars().count() < 3_000);
}

#[actix::test]
async fn an_answer_says_whether_to_try_again_and_shows_no_secret() {
    for (status, is_passing) in
        [(500, true), (503, true), (429, true), (404, false), (403, false), (302, false)]
    {
        let server =
            Scripted::once(json(status, "no such hook: /services/T0SECRET?key=K3Y-SECRET"));
        let error = post(&server, WebhookShape::Slack).await.unwrap_err();
        assert_eq!(matches!(error, DeliveryError::Passing(_)), is_passing, "{status}: {error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(&status.to_string()), "{text}");
        assert!(!text.contains("T0SECRET") && !text.contains("K3Y-SECRET"), "{text}");
    }
}

#[actix::test]
async fn a_server_that_is_not_there_or_hangs_up_is_tried_again() {
    let gone = Scripted::start([]);
    let error = post(&gone, WebhookShape::Json).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Passing(_)), "{error:?}");
    let url = Secret::from("http://127.0.0.1:9/T0SECRET".to_owned());
    let hook = Webhook::new(&url, WebhookShape::Json, None).unwrap();
    let error = hook.deliver(&bundle()).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Passing(_)), "{error:?}");
    assert!(!format!("{error:?}").contains("T0SECRET"));
}
