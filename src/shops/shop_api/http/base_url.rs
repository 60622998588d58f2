//! Where the shop is. A wrong address is found before the first call.

use std::net::IpAddr;

use awc::http::Uri;

use super::setup::ShopSetupError;

/// A checked base URL: scheme, host, optional port and path, no slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BaseUrl {
    text: String,
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
        Ok(Self { text: text.to_owned(), is_https })
    }

    pub(super) fn is_https(&self) -> bool {
        self.is_https
    }

    /// The address of a path that begins with `/`.
    pub(super) fn with_path(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

fn is_loopback(host: &str) -> bool {
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
    fn what_is_no_address_is_refused_without_repeating_it() {
        for url in
            ["", "shop.example", "ftp://x", "https://", "https://u:SEKRET@h", "https://h?x=1"]
        {
            let error = BaseUrl::parse(url, true).unwrap_err().to_string();
            assert!(!error.contains("SEKRET"), "{error}");
        }
    }
}
