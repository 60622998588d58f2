//! A proxy that opens tunnels (CONNECT), each to the same server, whoever was asked for.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::scripted_server::read_request;

/// On loopback; ends when dropped.
pub struct Tunnel {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
}

impl Tunnel {
    /// Answers `answer` to each request for a tunnel; one that says 200 leads to `server`.
    pub fn to(server: SocketAddr, answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, is_over) = (Arc::new(Mutex::default()), Arc::new(AtomicBool::new(false)));
        let (book, over) = (Arc::clone(&asked), Arc::clone(&is_over));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let book: Arc<Mutex<Vec<String>>> = Arc::clone(&book);
                std::thread::spawn(move || carry(client, server, answer, &book));
            }
        });
        Self { address, asked, is_over }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The head of each request for a tunnel.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

fn carry(mut client: TcpStream, server: SocketAddr, answer: &str, book: &Mutex<Vec<String>>) {
    let Some(head) = read_request(&mut client) else { return };
    book.lock().unwrap().push(head);
    if client.write_all(answer.as_bytes()).is_err() || !answer.contains(" 200 ") {
        return;
    }
    let Ok(shop) = TcpStream::connect(server) else { return };
    let (mut from, mut to) = (client.try_clone().unwrap(), shop.try_clone().unwrap());
    let up = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut &shop, &mut &client);
    let _ = client.shutdown(Shutdown::Both);
    let _ = up.join();
}
