//! The page, the metrics and the health checks on one port.

use std::net::SocketAddr;

use super::concern::concern;
use super::knob::value_from_str;
use super::secret::Secret;

/// A token that was thought up, not generated, is at least so long, characters.
pub const TOKEN_CHARS_MIN: usize = 16;

concern!(
    /// `web`: what a run serves over HTTP while it goes on.
    Web, "web" {
        /// `web.serve`, default none (nothing is served): where to listen. Port 0 takes a free one.
        serve: Option<SocketAddr> = None,
            flag "serve" as Option<SocketAddr>, place 15, (value_name = "ADDRESS:PORT")
                "Serve a page, /metrics, /healthz and /readyz there, as 127.0.0.1:9184",
            env "CARTLOAD_SERVE", unit "address:port", decision "",
            allowed "an address with a port, as 127.0.0.1:9184, or none", check |_| true;
        /// `web.token`, default none (one is made at the start and written into the data
        /// directory): opens commands, and reading too where the address is not loopback. A secret.
        token: Option<Secret> = None,
            env "CARTLOAD_WEB_TOKEN", unit "secret", decision "",
            allowed "CARTLOAD_WEB_TOKEN or the file named by CARTLOAD_WEB_TOKEN_FILE: 16 visible \
                     characters or more, none of them a space",
            check |token| token.as_ref().is_none_or(is_token);
        /// `web.hosts`, default none: names besides localhost by which a loopback address may be
        /// asked, as of a proxy before it.
        hosts: Vec<String> = Vec::new(),
            env "CARTLOAD_WEB_HOSTS", unit "names", decision "",
            allowed "host names, separated by commas, without port",
            check |names| names.iter().all(|name| is_host(name));
    }
);

value_from_str!(SocketAddr);

/// Whether the header `Authorization: Bearer` can carry it, and nobody guesses it.
fn is_token(token: &Secret) -> bool {
    let text = token.expose();
    text.len() >= TOKEN_CHARS_MIN && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_host(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == '_';
    !name.is_empty() && name.chars().all(allowed)
}
