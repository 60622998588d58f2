//! The web server before a run that a test makes up, and a client that speaks plain HTTP to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Arbiter, Context, Handler};
use actors::coordinator::command::{Command, CommandRefused, Done};
use actors::coordinator::journal::JournalLine;
use actors::coordinator::messages::Operate;
use actors::coordinator::status::RunStatus;
use actors::domain::cycle::Cycle;
use actors::domain::incident::IncidentKind;
use cartload::config::secret::Secret;
use cartload::web::{self, LiveRun, Reading, RunningWeb, Token, WebConfig};
use tokio::sync::watch;

use super::flows::wall;
use super::population::{load, plan};
use super::scripted_shop::ScriptedShop;

/// The token of these servers.
pub const TOKEN: &str = "correct-horse-battery-staple";
/// An answer takes no longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Stands in for the Coordinator: notes what it is told, and refuses to resume.
struct Operator(Arc<Mutex<Vec<Operate>>>);

impl Actor for Operator {
    type Context = Context<Self>;
}

impl Handler<Operate> for Operator {
    type Result = Result<Done, CommandRefused>;

    fn handle(&mut self, told: Operate, _: &mut Self::Context) -> Self::Result {
        let (state, hint) = ("running", "there is nothing to resume");
        let answer = if told.command == Command::Resume {
            Err(CommandRefused::WrongState { state, hint })
        } else {
            Ok(Done::that(format!("`{}` is done", told.command)))
        };
        self.0.lock().unwrap().push(told);
        answer
    }
}

/// A server and the ends of its strings.
pub struct Served {
    pub web: RunningWeb,
    pub status: watch::Sender<RunStatus>,
    told: Arc<Mutex<Vec<Operate>>>,
}

/// A run that is under way, of 372 agents.
pub fn running() -> RunStatus {
    let mut status = RunStatus::before(&plan(ScriptedShop::traits(), load()), wall(0));
    status.agents = 372;
    status
}

/// One more incident of this kind.
pub fn happens(status: &mut RunStatus, kind: IncidentKind, message: &str) {
    let number = status.news.incidents.last().map_or(1, |line| line.number + 1);
    let (at, cycle, message) = (wall(1), Cycle(3), message.to_owned());
    status.news.incidents.push(JournalLine { number, at, cycle, kind, message });
    if status.news.incidents.len() > actors::coordinator::journal::LINES_KEPT {
        status.news.incidents.remove(0);
    }
}

/// Serves `status` on a free port.
pub fn serve(status: RunStatus, reading: Reading) -> Served {
    let config = WebConfig {
        addr: ([127, 0, 0, 1], 0).into(),
        token: Token::of(&Secret::from(TOKEN.to_owned())),
        reading,
        hosts: vec!["runs.example".to_owned()],
    };
    let web = web::start(config).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    // On a thread of its own: the tests' client blocks theirs.
    let (operators, noted) = (Arbiter::new(), Arc::clone(&told));
    let commands = Operator::start_in_arbiter(&operators.handle(), |_| Operator(noted)).recipient();
    let (sender, status) = watch::channel(status);
    web.connect(LiveRun { status, commands });
    Served { web, status: sender, told }
}

impl Served {
    pub fn client(&self) -> Client {
        Client { port: self.web.addr().port() }
    }

    /// What the run was told so far.
    pub fn told(&self) -> Vec<Operate> {
        self.told.lock().unwrap().clone()
    }
}

/// Sends one request a connection.
#[derive(Clone, Copy)]
pub struct Client {
    pub port: u16,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// Lower case names.
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| line.starts_with(&format!("{name}: ")))?;
        line.split_once(": ").map(|(_, value)| value)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

impl Client {
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    /// A command with the right token, as the page sends it.
    pub fn command(&self, body: &str) -> Answer {
        self.post(&[("authorization", &format!("Bearer {TOKEN}"))], body)
    }

    /// A command with these headers beside the content type.
    pub fn post(&self, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.ask("POST", "/api/command", &headers, body)
    }

    /// Any request; the Host header is this machine's unless one is given.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = self.send(method, path, headers, body);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let own = format!("127.0.0.1:{}", self.port);
        let host = headers.iter().find(|(name, _)| *name == "host").map_or(own.as_str(), |h| h.1);
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            request += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
        stream
    }

    /// A stream of events; one that is not read from is a slow reader.
    pub fn events(&self) -> Events {
        Events(BufReader::new(self.send("GET", "/api/events", &[], "")))
    }
}

/// A stream of events.
pub struct Events(BufReader<TcpStream>);

impl Events {
    /// The status line of the answer.
    pub fn head(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    /// The next picture; `None` at the end of the stream.
    pub fn next(&mut self) -> Option<serde_json::Value> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(json) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str(json).unwrap());
            }
        }
    }
}
