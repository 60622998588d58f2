//! A server that answers scripted bytes, for what no decent server would do.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What one request gets.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes; the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes, then the end of the connection.
    BytesThenClose(Vec<u8>),
    /// These bytes, then nothing for as long as the client waits.
    BytesThenSilence(Vec<u8>),
}

/// A scripted server on loopback; ends when dropped.
pub struct Scripted {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    script: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<String>>,
    connections: AtomicUsize,
    is_over: AtomicBool,
}

impl Scripted {
    /// Answers requests with `script`, in order of arrival, whatever connection they come over.
    pub fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::new(script.into_iter().collect()),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let server = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if server.is_over.load(Ordering::SeqCst) {
                    return;
                }
                server.connections.fetch_add(1, Ordering::SeqCst);
                let server = Arc::clone(&server);
                std::thread::spawn(move || serve(&server, stream));
            }
        });
        Self { address, shared }
    }

    /// One that gives a single answer.
    pub fn once(answer: Answer) -> Self {
        Self::start([answer])
    }

    /// One that gives a single answer of this status and JSON body.
    pub fn json(status: u16, body: &str) -> Self {
        Self::once(json(status, body))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Each request as it came: head and body.
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// An answer with a length and a JSON body.
pub fn json(status: u16, body: &str) -> Answer {
    answer(status, &[("content-type", "application/json")], body.as_bytes())
}

/// An answer with a length.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let length = body.len().to_string();
    let headers = [headers, &[("content-length", &length)]].concat();
    Answer::Bytes(bytes(status, &headers, body))
}

/// The bytes of an answer with exactly these headers.
pub fn bytes(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut bytes = format!("HTTP/1.1 {status} X\r\n{headers}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn serve(shared: &Shared, mut stream: TcpStream) {
    while let Some(request) = read_request(&mut stream) {
        shared.requests.lock().unwrap().push(request);
        let Some(answer) = shared.script.lock().unwrap().pop_front() else { return };
        let (bytes, is_over) = match answer {
            Answer::Bytes(bytes) => (bytes, false),
            Answer::BytesThenClose(bytes) => (bytes, true),
            Answer::BytesThenSilence(bytes) => {
                let _ = stream.write_all(&bytes);
                // Until the client gives up.
                let _ = stream.read(&mut [0; 1]);
                return;
            }
        };
        if stream.write_all(&bytes).is_err() || is_over {
            return;
        }
    }
}

/// Head and body of the next request; `None` at the end of the connection.
pub fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut request = Vec::new();
    let mut byte = [0; 1];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        request.push(byte[0]);
    }
    let head = String::from_utf8(request).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).unwrap())
}
