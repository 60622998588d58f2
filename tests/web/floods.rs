//! What strangers may do to the port of a real run without a token: pipelined requests whose
//! answers nobody takes, heads that never end, connections that say nothing. Its memory stays, a
//! health check is answered at once, and the run keeps its pace.
//!
//! `CARTLOAD_FLOOD_SECONDS` says how long a flood lasts; its figures are printed.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::amount;
use crate::support::binary::{Place, Process, wait};
use crate::support::served::Client;

/// Connections of a flood at once: more than there are places.
const CONNECTIONS: usize = 300;
/// Health checks have this long: a second, and what a machine that is busy with other tests takes.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// Memory may grow by so much, MB.
const GROWTH_MAX: u64 = 48;
/// The run may be so late: a machine that is busy with other tests is, without any flood.
const LATE_MAX_MS: i64 = 900;

/// A run of a cycle each second that serves its page.
struct Flooded {
    place: Place,
    _process: Process,
    client: Client,
}

impl Flooded {
    fn begin() -> Self {
        let place = Place::new();
        let args = [
            "run",
            "--mock-api",
            "--mock-db",
            "--agents",
            "60",
            "--time-scale",
            "3600",
            "--rate",
            "unlimited",
            "--warm-up",
            "off",
            "--serve",
            "127.0.0.1:0",
        ];
        let process = place.start(&args);
        let client = Client { port: place.port() };
        let flooded = Self { place, _process: process, client };
        let is_ready = || flooded.client.get("/readyz").status == 200;
        wait(is_ready, || flooded.place.log());
        flooded
    }

    fn connect(&self) -> Option<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.client.port)).ok()?;
        stream.set_nonblocking(true).unwrap();
        Some(stream)
    }

    /// Memory in MB and lateness in ms, as the run shows them.
    fn shows(&self) -> (u64, i64) {
        let picture = self.client.get("/api/status").json();
        let memory = picture["memory_bytes"].as_u64().unwrap() / 1_000_000;
        (memory, picture["lateness_ms"].as_i64().unwrap())
    }

    /// Lets each of many connections do `turn` again and again; one for which it answers `false`
    /// is opened anew. Meanwhile health is asked for.
    fn floods(&self, what: &str, mut turn: impl FnMut(&mut TcpStream) -> bool) {
        let (before, _) = self.shows();
        let lasts = Duration::from_secs(amount("CARTLOAD_FLOOD_SECONDS", 6) as u64);
        let begin = Instant::now();
        let mut streams: Vec<TcpStream> = Vec::new();
        let (mut slowest, mut latest, mut most) = (Duration::ZERO, 0, before);
        let mut next_check = begin;
        while begin.elapsed() < lasts {
            streams.retain_mut(&mut turn);
            streams.extend((streams.len()..CONNECTIONS).filter_map(|_| self.connect()));
            if Instant::now() >= next_check {
                let asked = Instant::now();
                assert_eq!(self.client.get("/healthz").status, 200);
                slowest = slowest.max(asked.elapsed());
                let (memory, late) = self.shows();
                (most, latest) = (most.max(memory), latest.max(late));
                next_check = Instant::now() + Duration::from_millis(250);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        eprintln!(
            "{what}: /healthz within {} ms, memory {before} to {most} MB, late {latest} ms",
            slowest.as_millis()
        );
        assert!(slowest < ANSWER_MAX, "{what}: {slowest:?}");
        assert!(most < before + GROWTH_MAX, "{what}: {before} to {most} MB");
        assert!(latest < LATE_MAX_MS, "{what}: {latest} ms");
    }
}

/// Whether a connection is still open, as far as a write tells.
fn is_sent(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    match stream.write(bytes) {
        Ok(sent) => sent > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}

#[test]
fn answers_that_nobody_takes_cost_no_memory() {
    let run = Flooded::begin();
    let requests = b"GET /api/status HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(200);
    run.floods("pipelined, answers not taken", |stream| is_sent(stream, &requests));
}

#[test]
fn heads_that_never_end_keep_no_health_check_waiting() {
    let run = Flooded::begin();
    run.floods("heads that never end", |stream| is_sent(stream, b"x"));
}

#[test]
fn connections_that_say_nothing_keep_no_health_check_waiting() {
    let run = Flooded::begin();
    run.floods("connections that say nothing", |stream| {
        let closed = |error: std::io::Error| error.kind() != ErrorKind::WouldBlock;
        !stream.read(&mut [0; 1]).map_or_else(closed, |read| read == 0)
    });
}

#[test]
fn connections_that_were_answered_once_and_hold_on_keep_no_health_check_waiting() {
    let run = Flooded::begin();
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    run.floods("answered and held on to", |stream| {
        let mut taken = [0; 4_096];
        match stream.read(&mut taken) {
            Ok(0) => false,
            Ok(sent) => sent > 0,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // Asked once: a second request would be work and no holding on.
                let is_new = stream.ttl().is_ok_and(|ttl| ttl != 63);
                !is_new || (stream.set_ttl(63).is_ok() && is_sent(stream, request))
            }
            Err(_) => false,
        }
    });
}
