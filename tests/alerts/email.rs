//! Alerts by mail to a tiny SMTP server on loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use cartload::alerts::email::Mailer;
use cartload::alerts::{Channel, DeliveryError};
use cartload::config::secret::Secret;

use super::webhook::bundle;

/// One conversation: greets, takes AUTH PLAIN, and answers `RCPT` so; what was said is sent on.
fn server(rcpt: &'static str, auth: &'static str) -> (u16, mpsc::Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (said, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let lines = converse(stream, rcpt, auth);
        let _ = said.send(lines);
    });
    (port, heard)
}

fn converse(mut stream: TcpStream, rcpt: &str, auth: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let reader = BufReader::new(stream.try_clone().unwrap());
    let mut in_data = false;
    stream.write_all(b"220 mail.test ESMTP\r\n").unwrap();
    for line in reader.lines() {
        let Ok(line) = line else { break };
        let answer = match line.as_str() {
            "." if in_data => {
                in_data = false;
                "250 2.0.0 queued"
            }
            _ if in_data => "",
            _ if line.starts_with("EHLO") => {
                "250-mail.test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME"
            }
            _ if line.starts_with("AUTH") => auth,
            _ if line.starts_with("RCPT") => rcpt,
            "DATA" => {
                in_data = true;
                "354 go ahead"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        let is_quit = line == "QUIT";
        lines.push(line);
        if !answer.is_empty() && stream.write_all(format!("{answer}\r\n").as_bytes()).is_err() {
            break;
        }
        if is_quit {
            break;
        }
    }
    lines
}

async fn send(port: u16) -> Result<(), DeliveryError> {
    let url = Secret::from(format!("smtp://ops:PA55-WORD@127.0.0.1:{port}"));
    let to = ["ops@example.org".to_owned(), "Night Shift <night@example.org>".to_owned()];
    Mailer::new(&url, "Cartload <cartload@example.org>", &to, None)
        .unwrap()
        .deliver(&bundle())
        .await
}

#[actix::test]
async fn a_mail_reaches_all_receivers_with_one_line_of_subject_and_every_alert() {
    let (port, heard) = server("250 ok", "235 2.7.0 welcome");
    send(port).await.unwrap();
    let lines = heard.recv_timeout(Duration::from_secs(30)).unwrap();
    let text = lines.join("\n");
    assert!(lines.iter().any(|line| line.starts_with("AUTH PLAIN")), "{text}");
    assert!(text.contains("MAIL FROM:<cartload@example.org>"), "{text}");
    assert!(
        text.contains("RCPT TO:<ops@example.org>") && text.contains("RCPT TO:<night@"),
        "{text}"
    );
    let subject = lines.iter().find(|line| line.starts_with("Subject: ")).unwrap();
    assert!(subject.contains("[cartload] critical: frozen: <!channel> said Bcc: x"), "{subject}");
    assert!(!lines.iter().any(|line| line.starts_with("Bcc:")), "a shop adds no receiver");
    assert!(text.contains("HTTP session 3 is down") && text.contains("cycle 3, freeze (critical)"));
}

#[actix::test]
async fn a_full_mailbox_is_tried_again_and_an_unknown_one_is_not() {
    let (port, _heard) = server("452 4.2.2 mailbox full", "235 2.7.0 welcome");
    let error = send(port).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Passing(_)), "{error:?}");
    let (port, _heard) = server("550 5.1.1 no such user", "235 2.7.0 welcome");
    let error = send(port).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Final(_)) && error.to_string().contains("no such user"));
}

#[actix::test]
async fn a_refused_password_is_not_shown_and_a_server_that_is_away_is_tried_again() {
    let (port, _heard) = server("250 ok", "535 5.7.8 bad credentials ops PA55-WORD");
    let error = send(port).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(matches!(error, DeliveryError::Final(_)), "{text}");
    assert!(text.contains("bad credentials") && !text.contains("PA55-WORD"), "{text}");
    let error = send(9).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Passing(_)), "{error:?}");
}
