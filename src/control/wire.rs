//! What goes over the socket: a request a line, a reply a line.
//!
//! `{"v":1,"ask":"Status"}` is answered by `{"v":1,"answer":{"Status":{...}}}` or by
//! `{"v":1,"error":{"kind":"refused","message":"..."}}`. Requests of one client are answered in
//! their order. A watch sends `Status` answers until the run ends or the client says anything.

use actors::coordinator::command::{Command, Done};
use actors::coordinator::status::RunStatus;
use serde::{Deserialize, Serialize};

/// The version that is spoken here.
pub const VERSION: u32 = 1;

/// One line to the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// [`VERSION`].
    pub v: u32,
    /// What is asked.
    pub ask: Ask,
}

/// What may be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Ask {
    /// The run's picture.
    Status,
    /// Each new picture, until the end.
    Watch,
    /// An operator's command.
    Operate(Command),
    /// A developer's message.
    Inject {
        /// As RON.
        message: String,
        /// At the tick of this cycle; absent: at once.
        #[serde(default)]
        at_cycle: Option<u32>,
    },
}

/// One line from the run; either `answer` or `error`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// [`VERSION`].
    pub v: u32,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The run's picture.
    Status(Box<RunStatus>),
    /// The command was carried out, or the message sent on.
    Done(Done),
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// For programs.
    pub kind: ErrorKind,
    /// For people: what is wrong and what to do.
    pub message: String,
}

/// Kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The line is no request.
    Malformed,
    /// Another version of the protocol.
    Version,
    /// The message to inject is none.
    Message,
    /// It makes no sense for this run in this state.
    Refused,
    /// Too many clients.
    Busy,
    /// The run has ended.
    Ended,
    /// The client was silent for too long.
    Idle,
}

impl Request {
    /// A request of this version.
    pub fn of(ask: Ask) -> Self {
        Self { v: VERSION, ask }
    }

    /// Reads a line.
    pub fn parse(line: &str) -> Result<Self, Error> {
        /// What every version has.
        #[derive(Deserialize)]
        struct Versioned {
            v: u32,
        }
        match serde_json::from_str::<Self>(line) {
            Ok(request) if request.v == VERSION => Ok(request),
            Ok(Self { v, .. }) => Err(Self::foreign(v)),
            Err(error) => Err(match serde_json::from_str::<Versioned>(line) {
                Ok(Versioned { v }) if v != VERSION => Self::foreign(v),
                Ok(_) | Err(_) => Error {
                    kind: ErrorKind::Malformed,
                    message: format!(
                        "not a request: {error}; write one JSON object a line, as \
                         {{\"v\":{VERSION},\"ask\":\"Status\"}}"
                    ),
                },
            }),
        }
    }

    fn foreign(v: u32) -> Error {
        let message = format!("version {v} is not spoken here, only {VERSION}");
        Error { kind: ErrorKind::Version, message }
    }
}

impl Reply {
    /// The line for an outcome, without its end.
    pub fn line(outcome: Result<Answer, Error>) -> String {
        let (answer, error) = match outcome {
            Ok(answer) => (Some(answer), None),
            Err(error) => (None, Some(error)),
        };
        let reply = Self { v: VERSION, answer, error };
        serde_json::to_string(&reply).expect("a reply has only texts, numbers and dates")
    }
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::sample;

    #[test]
    fn a_line_that_is_no_request_is_named_with_what_would_be_one() {
        for line in [
            "",
            "status",
            "{",
            "[]",
            "{\"v\":1}",
            "{\"v\":1,\"ask\":\"Dance\"}",
            "{\"v\":1,\"ask\":{\"Operate\":\"Dance\"}}",
            "{\"v\":1,\"ask\":\"Status\",\"extra\":1}",
            "{\"v\":-1,\"ask\":\"Status\"}",
            "{\"v\":1,\"ask\":{\"Operate\":{\"Rate\":0}}}",
        ] {
            let error = Request::parse(line).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Malformed, "{line}");
            assert!(error.message.contains("{\"v\":1,\"ask\":\"Status\"}"), "{}", error.message);
        }
        let operate = Request::parse("{\"v\":1,\"ask\":{\"Operate\":{\"Rate\":0}}}").unwrap_err();
        assert!(operate.message.contains("\"0\" is no rate"), "{}", operate.message);
    }

    #[test]
    fn another_version_is_told_which_one_is_spoken() {
        for line in ["{\"v\":2,\"ask\":\"Status\"}", "{\"v\":2,\"please\":\"dance\"}"] {
            let error = Request::parse(line).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Version);
            assert!(error.message.contains("only 1"), "{}", error.message);
        }
    }

    #[test]
    fn requests_and_replies_are_read_as_they_are_written() {
        let inject = Ask::Inject { message: "Agents(1, Crash)".into(), at_cycle: Some(3) };
        for ask in [Ask::Status, Ask::Watch, Ask::Operate(Command::Pause), inject] {
            let line = serde_json::to_string(&Request::of(ask.clone())).unwrap();
            assert_eq!(Request::parse(&line).unwrap().ask, ask);
        }
        let line = Reply::line(Ok(Answer::Done(Done::that("the run is paused"))));
        let reply: Reply = serde_json::from_str(&line).unwrap();
        assert_eq!(reply.answer, Some(Answer::Done(Done::that("the run is paused"))));
        let line = Reply::line(Ok(Answer::Status(Box::new(sample::frozen()))));
        let reply: Reply = serde_json::from_str(&line).unwrap();
        assert_eq!(reply.answer, Some(Answer::Status(Box::new(sample::frozen()))));
        let busy = Error::new(ErrorKind::Busy, "later");
        assert_eq!(Reply::line(Err(busy)), r#"{"v":1,"error":{"kind":"busy","message":"later"}}"#);
    }
}
