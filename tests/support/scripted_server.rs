//! A server that answers scripted bytes, for what no decent server would do; alone, or in front of
//! a decent one, which gets the requests that are not tampered with.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A body without end is given up after so much, which no client may take in.
const ENDLESS_MAX: usize = 64 << 20;

/// What one request gets.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes; the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes, then the end of the connection.
    BytesThenClose(Vec<u8>),
    /// These bytes, then nothing for as long as the client waits.
    BytesThenSilence(Vec<u8>),
    /// These bytes, one at a time with this pause before each, then the end of the connection.
    Drip(Vec<u8>, Duration),
    /// Each of these bytes after its pause; the connection stays open.
    Parts(Vec<(Duration, Vec<u8>)>),
    /// These bytes, then spaces for as long as the client takes them.
    Endless(Vec<u8>),
    /// The connection is reset.
    Reset,
}

/// What a request gets; `None`: what the server behind says, or the end where there is none.
type Decide = Box<dyn Fn(&str) -> Option<Answer> + Send + Sync>;

/// What becomes of the body that the server behind answers to a request.
type Bend = Box<dyn Fn(&str, String) -> String + Send + Sync>;

/// A scripted server on loopback; ends when dropped.
pub struct Scripted {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    decide: Decide,
    bend: Option<Bend>,
    behind: Option<SocketAddr>,
    requests: Mutex<Vec<String>>,
    connections: AtomicUsize,
    /// The most bytes of one body without end that a client let the server write.
    endless: AtomicUsize,
    is_over: AtomicBool,
}

impl Scripted {
    /// Answers requests with `script`, in order of arrival, whatever connection they come over.
    pub fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        let script: Mutex<VecDeque<Answer>> = Mutex::new(script.into_iter().collect());
        Self::open(None, Box::new(move |_| script.lock().unwrap().pop_front()), None)
    }

    /// Answers what `decide` says; where it says nothing, the connection ends.
    pub fn deciding(decide: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self::open(None, Box::new(decide), None)
    }

    /// Answers what `decide` says; where it says nothing, the server at `behind` answers.
    pub fn before(
        behind: SocketAddr,
        decide: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        Self::open(Some(behind), Box::new(decide), None)
    }

    /// Answers what the server at `behind` says, its bodies bent.
    pub fn bending(
        behind: SocketAddr,
        bend: impl Fn(&str, String) -> String + Send + Sync + 'static,
    ) -> Self {
        Self::open(Some(behind), Box::new(|_| None), Some(Box::new(bend)))
    }

    /// One that gives a single answer.
    pub fn once(answer: Answer) -> Self {
        Self::start([answer])
    }

    /// One that gives a single answer of this status and JSON body.
    pub fn json(status: u16, body: &str) -> Self {
        Self::once(json(status, body))
    }

    fn open(behind: Option<SocketAddr>, decide: Decide, bend: Option<Bend>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            decide,
            bend,
            behind,
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            endless: AtomicUsize::new(0),
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

    /// The most bytes of one body without end that a client let the server write.
    pub fn endless_bytes(&self) -> usize {
        self.shared.endless.load(Ordering::SeqCst)
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

fn serve(shared: &Shared, stream: TcpStream) {
    let mut client = BufReader::new(stream);
    let mut behind: Option<BufReader<TcpStream>> = None;
    while let Some(request) = read_message(&mut client) {
        shared.requests.lock().unwrap().push(request.clone());
        let goes_on = match (shared.decide)(&request) {
            Some(answer) => give(shared, &mut client, answer),
            None => pass_on(shared, &mut client, &mut behind, &request),
        };
        if goes_on.is_none() {
            return;
        }
    }
}

/// `None` at the end of the connection.
fn give(shared: &Shared, client: &mut BufReader<TcpStream>, answer: Answer) -> Option<()> {
    let stream = client.get_mut();
    match answer {
        Answer::Bytes(bytes) => stream.write_all(&bytes).ok(),
        Answer::BytesThenClose(bytes) => {
            let _ = stream.write_all(&bytes);
            None
        }
        Answer::BytesThenSilence(bytes) => {
            let _ = stream.write_all(&bytes);
            // Until the client gives up.
            let _ = stream.read(&mut [0; 1]);
            None
        }
        Answer::Drip(bytes, pause) => {
            for byte in bytes {
                std::thread::sleep(pause);
                stream.write_all(&[byte]).ok()?;
            }
            None
        }
        Answer::Parts(parts) => {
            for (pause, bytes) in parts {
                std::thread::sleep(pause);
                stream.write_all(&bytes).ok()?;
            }
            Some(())
        }
        Answer::Endless(bytes) => {
            stream.write_all(&bytes).ok()?;
            let (spaces, mut written) = ([b' '; 1 << 14], 0);
            while written < ENDLESS_MAX && stream.write_all(&spaces).is_ok() {
                written += spaces.len();
                shared.endless.fetch_max(written, Ordering::SeqCst);
            }
            None
        }
        Answer::Reset => {
            let _ = socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO));
            None
        }
    }
}

/// Has the server behind answer. Packed answers would have no length: none are asked for.
fn pass_on(
    shared: &Shared,
    client: &mut BufReader<TcpStream>,
    behind: &mut Option<BufReader<TcpStream>>,
    request: &str,
) -> Option<()> {
    let server = match behind {
        Some(server) => server,
        None => behind.insert(BufReader::new(TcpStream::connect(shared.behind?).ok()?)),
    };
    let is_packed = |line: &&str| line.to_ascii_lowercase().starts_with("accept-encoding:");
    let (head, body) = request.split_once("\r\n\r\n")?;
    let head: Vec<&str> = head.split("\r\n").filter(|line| !is_packed(line)).collect();
    let passed = format!("{}\r\n\r\n{body}", head.join("\r\n"));
    server.get_mut().write_all(passed.as_bytes()).ok()?;
    let mut answer = read_message(server)?;
    if let Some(bend) = &shared.bend {
        answer = bent(&answer, |body| bend(request, body))?;
    }
    client.get_mut().write_all(answer.as_bytes()).ok()
}

/// The answer with another body, and its length.
fn bent(answer: &str, bend: impl Fn(String) -> String) -> Option<String> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let body = bend(body.to_owned());
    let is_length = |line: &&str| line.to_ascii_lowercase().starts_with("content-length:");
    let head: Vec<&str> = head.split("\r\n").filter(|line| !is_length(line)).collect();
    Some(format!("{}\r\ncontent-length: {}\r\n\r\n{body}", head.join("\r\n"), body.len()))
}

/// Head and body of the next request; `None` at the end of the connection.
pub fn read_request(stream: &mut impl Read) -> Option<String> {
    read_message(&mut BufReader::with_capacity(1, stream))
}

/// Head and body of the next request or answer with a length.
fn read_message(stream: &mut impl BufRead) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_until(b'\n', &mut head).ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).unwrap())
}
