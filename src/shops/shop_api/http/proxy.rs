//! The proxy that the environment names for a shop, and the tunnel through it (CONNECT), in which
//! TLS or HTTP to the shop is spoken as without one.
//!
//! Whether it is used is a setting: without one the shop is asked directly, which is said.

use std::fmt;
use std::io::{self, ErrorKind};

use awc::http::Uri;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::base_url::is_loopback;
use super::setup::ShopSetupError;
use crate::address;

/// Variables that name a proxy for each scheme, as curl knows them: the small letters first.
const FOR_HTTP: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
const FOR_HTTPS: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
/// Hosts that need none.
const EXCEPT: [&str; 2] = ["no_proxy", "NO_PROXY"];
/// Of a proxy that names no port.
const PORT: u16 = 3128;
/// Bytes of a proxy's answer before the tunnel begins.
const ANSWER_MAX_BYTES: usize = 8 * 1024;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a proxy of the environment is to a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxyUse {
    /// It is not used, and that is said.
    #[default]
    Warn,
    /// It is not used.
    Ignore,
    /// The shop is reached through it.
    Environment,
}

/// A variable that names a proxy for a shop.
#[derive(Clone, PartialEq, Eq)]
pub struct Named {
    /// The variable.
    pub variable: &'static str,
    /// Its value; may hold a password.
    value: String,
}

impl Named {
    /// The one for the shop at `url`, as `variable` tells the environment; none for this machine.
    pub fn of(url: &str, variable: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let uri: Uri = url.trim().parse().ok()?;
        let host = uri.host()?;
        let names = if uri.scheme_str() == Some("https") { FOR_HTTPS } else { FOR_HTTP };
        let value = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let except = EXCEPT.iter().find_map(|name| value(name)).unwrap_or_default();
        if is_loopback(host) || is_excepted(host, &except) {
            return None;
        }
        names.iter().find_map(|name| Some(Self { variable: name, value: value(name)? }))
    }

    /// What is said where it is not used.
    pub fn unused(&self) -> String {
        format!(
            "{} names a proxy for the shop: it is not used, requests go to the shop directly; set \
             `shop.proxy` to `environment` to use it, or to `ignore` to hear no more of it",
            self.variable
        )
    }
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.variable)
    }
}

/// Whether `NO_PROXY` names the host, or a domain that it is in.
fn is_excepted(host: &str, except: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    except.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty()).any(|name| {
        let name = name.to_ascii_lowercase();
        let bare = name.trim_start_matches("*.").trim_start_matches('.').trim_matches(['[', ']']);
        let is_in = host.strip_suffix(bare).is_some_and(|rest| rest.ends_with('.'));
        name == "*" || host == bare || is_in
    })
}

/// A proxy, ready to be asked for tunnels.
#[derive(Clone)]
pub struct Proxy {
    /// `http://HOST:PORT`.
    address: Uri,
    authorization: Option<SecretString>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)
    }
}

impl TryFrom<&Named> for Proxy {
    type Error = ShopSetupError;

    fn try_from(named: &Named) -> Result<Self, ShopSetupError> {
        let wrong =
            |problem| ShopSetupError::Proxy { variable: named.variable.to_owned(), problem };
        let text = named.value.trim().trim_end_matches('/');
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = text.parse().map_err(|_| wrong("it is no URL"))?;
        if uri.scheme_str() != Some("http") {
            return Err(wrong("only http:// proxies are known, which carry TLS in a tunnel"));
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| wrong("no host"))?;
        let port = address::port(&uri).map_err(|_| wrong("its port is none"))?.unwrap_or(PORT);
        let address = format!("http://{host}:{port}").parse().map_err(|_| wrong("it is no URL"))?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        let decoded = user.map(|user| percent_encoding::percent_decode_str(user).decode_utf8());
        let decoded = decoded.transpose().map_err(|_| wrong("its user is not UTF-8"))?;
        let authorization = decoded.map(|user| base64(user.as_bytes()).into());
        Ok(Self { address, authorization })
    }
}

impl Proxy {
    /// Where it is.
    pub(super) fn address(&self) -> &Uri {
        &self.address
    }

    /// Has the proxy at the other end of `socket` connect to `shop`; from then on it carries bytes.
    pub(super) async fn tunnel(&self, socket: &mut TcpStream, shop: &Uri) -> io::Result<()> {
        let authority = shop.authority().map_or("", |authority| authority.as_str());
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some(secret) = &self.authorization {
            let secret = secret.expose_secret();
            request.push_str(&format!("Proxy-Authorization: Basic {secret}\r\n"));
        }
        request.push_str("\r\n");
        socket.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        // Byte by byte: what follows the head belongs to the shop.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() == ANSWER_MAX_BYTES {
                return Err(refused("it answers more than 8 KiB before a tunnel begins"));
            }
            match socket.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(refused("it closes the connection"));
                }
                Err(error) => return Err(error),
            }
        }
        let line = String::from_utf8_lossy(&head);
        let status = line.split_whitespace().nth(1).and_then(|status| status.parse::<u16>().ok());
        match status {
            Some(200..=299) => Ok(()),
            Some(407) => Err(refused("it wants another user or password (407)")),
            Some(status) => Err(refused(&format!("it answers {status}"))),
            None => Err(refused("it answers no HTTP")),
        }
    }
}

/// Nothing was sent to the shop.
fn refused(why: &str) -> io::Error {
    let said = format!("the proxy opens no tunnel to the shop: {why}");
    io::Error::new(ErrorKind::ConnectionRefused, said)
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 63;
            let sign = BASE64.get(index as usize).copied().unwrap_or(b'=');
            text.push(if place <= chunk.len() as u32 { char::from(sign) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str, variables: &[(&str, &str)]) -> Option<(&'static str, String)> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Named::of(url, &variable).map(|named| (named.variable, named.value))
    }

    #[test]
    fn a_proxy_is_named_for_its_scheme_and_for_all_small_letters_first() {
        let all = [("HTTPS_PROXY", "s"), ("HTTP_PROXY", "h"), ("ALL_PROXY", "a")];
        let found = |url, variables| named(url, variables).map(|(variable, _)| variable);
        assert_eq!(found("https://shop.example", &all), Some("HTTPS_PROXY"));
        assert_eq!(found("http://shop.example", &all), Some("HTTP_PROXY"));
        assert_eq!(found("https://shop.example", &all[1..]), Some("ALL_PROXY"));
        let small = [("HTTPS_PROXY", "s"), ("https_proxy", "small")];
        assert_eq!(found("https://shop.example", &small), Some("https_proxy"));
        assert_eq!(found("https://shop.example", &[("HTTPS_PROXY", " ")]), None);
        assert_eq!(found("https://shop.example", &[]), None);
    }

    #[test]
    fn this_machine_and_what_no_proxy_names_are_reached_directly() {
        let with =
            |url: &str, except: &str| named(url, &[("ALL_PROXY", "p"), ("NO_PROXY", except)]);
        for url in ["http://127.0.0.1:1", "http://localhost", "https://[::1]"] {
            assert_eq!(with(url, ""), None, "{url}");
        }
        for except in ["*", "shop.example", ".example", "a, *.EXAMPLE", "x shop.example"] {
            assert_eq!(with("https://shop.example", except), None, "{except}");
        }
        for except in ["", "op.example", "shop.example.org", "other"] {
            assert!(with("https://shop.example", except).is_some(), "{except}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_refused_without_its_password() {
        let proxy = |value: &str| {
            Proxy::try_from(&Named { variable: "HTTPS_PROXY", value: value.to_owned() })
        };
        for (value, address) in [
            ("http://proxy.example:8080/", "http://proxy.example:8080/"),
            ("proxy.example", "http://proxy.example:3128/"),
            ("http://me:SEKRET@[::1]:1", "http://[::1]:1/"),
        ] {
            let proxy = proxy(value).unwrap();
            assert_eq!(format!("{proxy:?}"), address);
        }
        for value in
            ["https://me:SEKRET@p", "socks5://me:SEKRET@p", "http://me:SEKRET@p:99999", "http://"]
        {
            let error = proxy(value).unwrap_err().to_string();
            assert!(error.starts_with("HTTPS_PROXY: ") && !error.contains("SEKRET"), "{error}");
        }
    }

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
