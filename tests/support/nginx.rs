//! A throwaway nginx before a shop, as a hosted shop has an edge: TLS of a test authority, its own
//! folder, and an access log that a test can read. Certificates: tests/support/tls.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use super::server::{Server, find_program, free_port, require, server_directory, server_file};

/// Where the certificates are.
const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/tls");
/// As on a small machine: a reload leaves old and new ones beside each other.
const WORKERS: usize = 2;

/// What is to be said in its configuration, beside what all have.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where it listens; the port is a free one.
    pub address: IpAddr,
    /// The shop's port, on 127.0.0.1.
    pub shop: u16,
    /// The certificate's file.
    pub certificate: &'static str,
    /// Beside `server`.
    pub http: String,
    /// Where `location /` passes requests on to.
    pub pass: &'static str,
    /// In `server`; nginx's own keep-alive is 75 s and 1,000 requests a connection.
    pub server: String,
    /// In `location /`.
    pub location: String,
    /// Idle connections to the shop that are kept; 0: one a request.
    pub upstream_keep_alive: usize,
}

impl Setup {
    /// Before the shop at this port, as a decent edge.
    pub fn before(shop: u16) -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            shop,
            certificate: "shop.pem",
            pass: "http://shop",
            http: String::new(),
            server: String::new(),
            location: String::new(),
            upstream_keep_alive: 16,
        }
    }
}

/// An nginx that runs; ended when dropped.
pub struct Nginx {
    server: Server,
    address: SocketAddr,
    setup: Setup,
}

/// One line of the access log.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// A serial number, counted through by all workers.
    pub connection: u64,
    /// Which request of its connection it was, from 1 on.
    pub request: u64,
    /// Whether the connection went on with a TLS session of another.
    pub is_resumed: bool,
    pub status: u16,
    pub uri: String,
    pub seconds: f64,
}

/// What the file is that the tests' shops are trusted by.
pub fn ca_file() -> String {
    format!("{TLS}/ca.pem")
}

/// A file of certificates.
pub fn certificate(name: &str) -> String {
    format!("{TLS}/{name}")
}

/// Whether nginx is installed.
pub fn is_there() -> bool {
    require("nginx", &["nginx"])
}

impl Nginx {
    /// On a free port; `None`, said aloud, where it is not installed.
    pub fn start_as(setup: Setup) -> Option<Self> {
        Self::at_port(free_port(), setup)
    }

    /// The same at this port.
    pub fn at_port(port: u16, setup: Setup) -> Option<Self> {
        if !is_there() {
            return None;
        }
        let directory = server_directory("cartload-nginx");
        for file in [setup.certificate, "shop.key"] {
            let text = fs::read_to_string(certificate(file)).expect("a certificate");
            server_file(&directory.join(file), &text);
        }
        let address = SocketAddr::new(setup.address, port);
        server_file(&directory.join("nginx.conf"), &configuration(address, &setup));
        let (nginx, folder) = (find_program("nginx")?, directory.display());
        let command = format!("{} -p {folder} -c nginx.conf -e {folder}/errors", nginx.display());
        let server = Server::start_at(address, &command, "TERM", directory);
        Some(Self { server, address, setup })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// As an operator gives it, by a name that the certificate holds.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port())
    }

    /// Reads another configuration: old workers finish what they have and end their connections.
    pub fn reload(&mut self, change: impl FnOnce(&mut Setup)) {
        change(&mut self.setup);
        let text = configuration(self.address, &self.setup);
        server_file(&self.server.directory.join("nginx.conf"), &text);
        let pid = self.read("pid");
        let told = Command::new("kill").args(["-HUP", pid.trim()]).status();
        assert!(told.expect("kill").success(), "nginx is there");
    }

    /// Ends it at once, cutting what is under way, and waits until nobody listens.
    pub fn stop(&mut self) {
        self.server.stop("TERM");
        while TcpStream::connect(self.address).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts it again and waits until it accepts.
    pub fn start(&mut self) {
        self.server.start_again();
        self.server.accepts_at(self.address);
    }

    /// The requests that it has answered, in order of their ends.
    pub fn log(&self) -> Vec<Line> {
        self.read("access").lines().filter_map(line).collect()
    }

    /// What it says went wrong.
    pub fn errors(&self) -> String {
        self.read("errors")
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.server.directory.join(name)).unwrap_or_default()
    }
}

/// What an access log shows of the connections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Connections {
    pub requests: usize,
    pub made: usize,
    /// Of those made, how many went on with a TLS session.
    pub resumed: usize,
    /// Requests of the one that had most.
    pub most_requests: u64,
}

impl Connections {
    pub fn of(log: &[Line]) -> Self {
        // Serial numbers begin anew with a new master, which is another log's matter.
        let firsts = log.iter().filter(|line| line.request == 1);
        Self {
            requests: log.len(),
            made: firsts.clone().count(),
            resumed: firsts.filter(|line| line.is_resumed).count(),
            most_requests: log.iter().map(|line| line.request).max().unwrap_or(0),
        }
    }
}

fn line(text: &str) -> Option<Line> {
    let mut fields = text.split(' ');
    let mut field = || fields.next();
    Some(Line {
        connection: field()?.parse().ok()?,
        request: field()?.parse().ok()?,
        is_resumed: field()? == "r",
        status: field()?.parse().ok()?,
        uri: field()?.to_owned(),
        seconds: field()?.parse().ok()?,
    })
}

fn configuration(address: SocketAddr, setup: &Setup) -> String {
    let Setup { shop, certificate, http, pass, server, location, upstream_keep_alive, .. } = setup;
    let keep_alive = match upstream_keep_alive {
        0 => String::new(),
        kept => format!("keepalive {kept}; keepalive_timeout 4s;"),
    };
    format!(
        "daemon off;
pid pid;
worker_processes {WORKERS};
events {{ worker_connections 1024; }}
http {{
    log_format connections '$connection $connection_requests $ssl_session_reused $status '
        '$request_uri $request_time';
    access_log access connections;
    client_body_temp_path body;
    proxy_temp_path proxied;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream shop {{ server 127.0.0.1:{shop}; {keep_alive} }}
    {http}
    server {{
        listen {address} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key shop.key;
        ssl_session_cache shared:tls:1m;
        proxy_http_version 1.1;
        proxy_set_header Connection '';
        proxy_set_header Host $http_host;
        {server}
        location / {{
            proxy_pass {pass};
            {location}
        }}
    }}
}}
"
    )
}
