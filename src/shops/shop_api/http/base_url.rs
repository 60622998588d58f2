//! Where the shop is. A wrong address is found before the first call.

use std::net::IpAddr;

use awc::http::Uri;

use super::setup::ShopSetupError;
use crate::address;

const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// A checked base URL: scheme, host, optional port and path, no slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BaseUrl {
    /// `http://HOST:PORT`, whatever the scheme: the connector speaks TLS, not awc. The port stands
    /// there also where nobody said one, or 80 would be taken for https.
    prefix: String,
    /// Empty, or `/path`.
    path: String,
    /// What `Host` says: the port where it is not the scheme's own. awc would leave out both 80 and
    /// 443 for either.
    host_header: String,
    is_https: bool,
}

impl BaseUrl {
    /// The address in `text`; `http://` to another machine only where `allow_plain_http` says so.
    pub(super) fn parse(text: &str, allow_plain_http: bool) -> Result<Self, ShopSetupError> {
        let problem = |problem: &'static str| ShopSetupError::BaseUrl { problem };
        let text = text.trim().trim_end_matches('/');
        if text.contains('@') {
            return Err(problem("it names a user; give scheme, host and port only"));
        }
        if text.contains(['?', '#']) {
            return Err(problem("it has a query or fragment; give scheme, host and port only"));
        }
        let uri: Uri =
            text.parse().map_err(|_| problem("it is no URL; write it as https://shop.example"))?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) | None => return Err(problem("it must begin with https:// or http://")),
        };
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or(problem("it has no host; write it as https://shop.example"))?;
        if !is_https && !allow_plain_http && !is_loopback(host) {
            return Err(problem(
                "plain http:// to another machine shows tokens to everyone on the way, and edges \
                 answer it with redirects; use https://, or set `allow_plain_http: true` in the \
                 shop's profile",
            ));
        }
        let port_problem = "its port is none; give a number from 1 to 65535, or no port";
        let written = address::port(&uri).map_err(|_| problem(port_problem))?;
        let own_port = if is_https { HTTPS_PORT } else { HTTP_PORT };
        let port = written.unwrap_or(own_port);
        let host_header = if port == own_port { host.to_owned() } else { format!("{host}:{port}") };
        let prefix = format!("http://{host}:{port}");
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { prefix, path, host_header, is_https })
    }

    pub(super) fn is_https(&self) -> bool {
        self.is_https
    }

    /// The address of a path that begins with `/`, as awc is to see it.
    pub(super) fn with_path(&self, path: &str) -> String {
        format!("{}{}{path}", self.prefix, self.path)
    }

    /// Where to connect to.
    pub(super) fn host_and_port(&self) -> (&str, u16) {
        let rest = self.prefix.trim_start_matches("http://");
        let (host, port) = rest.rsplit_once(':').unwrap_or((rest, ""));
        (host, port.parse().unwrap_or(HTTP_PORT))
    }

    /// Path before each path, empty or `/path`.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// What the `Host` header says.
    pub(super) fn host_header(&self) -> &str {
        &self.host_header
    }
}

/// Whether it is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in ["http://127.0.0.1:80", "http://localhost", "http://[::1]:8/", "https://a.b/c"] {
            assert!(BaseUrl::parse(url, false).is_ok(), "{url}");
        }
        for url in ["http://shop.example", "http://10.0.0.1", "http://127.0.0.1.evil.example"] {
            assert!(BaseUrl::parse(url, false).is_err(), "{url}");
            assert!(BaseUrl::parse(url, true).is_ok(), "{url}");
        }
    }

    #[test]
    fn awc_sees_http_with_the_port_written_out_and_the_shop_its_own_host() {
        for (url, address, host) in [
            ("https://a.example", "http://a.example:443/x", "a.example"),
            ("https://a.example:443/", "http://a.example:443/x", "a.example"),
            ("https://a.example:80/b/", "http://a.example:80/b/x", "a.example:80"),
            ("https://[::1]", "http://[::1]:443/x", "[::1]"),
            ("http://127.0.0.1", "http://127.0.0.1:80/x", "127.0.0.1"),
            ("http://127.0.0.1:443", "http://127.0.0.1:443/x", "127.0.0.1:443"),
            ("http://[::1]:8080", "http://[::1]:8080/x", "[::1]:8080"),
            ("http://localhost:65535", "http://localhost:65535/x", "localhost:65535"),
        ] {
            let base = BaseUrl::parse(url, false).unwrap();
            assert_eq!((base.with_path("/x").as_str(), base.host_header()), (address, host));
        }
    }

    #[test]
    fn a_port_outside_1_to_65535_is_refused() {
        for port in ["0", "65536", "99999", "", "-1"] {
            let error = BaseUrl::parse(&format!("http://localhost:{port}"), false);
            assert!(error.is_err(), "{port:?}");
        }
        assert!(BaseUrl::parse("http://localhost:1", false).is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for url in
            ["", "shop.example", "ftp://x", "https://", "https://u:SEKRET@h", "https://h?x=1"]
        {
            let error = BaseUrl::parse(url, true).unwrap_err().to_string();
            assert!(!error.contains("SEKRET"), "{error}");
        }
    }
}
