//! The port in an address. `Uri` itself says that there is none where the digits are too many, and
//! the scheme's own would be taken: 99999 would be 80.

use awc::http::Uri;

/// What stands where a port is to be is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its port is none; give a number from 1 to 65535, or no port")]
pub struct NoPort;

/// The port that is written in `uri`.
pub fn port(uri: &Uri) -> Result<Option<u16>, NoPort> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    // The colons of `[::1]` are none of a port.
    let behind = place.rsplit_once(']').map_or(place, |(_, behind)| behind);
    let Some((_, port)) = behind.split_once(':') else { return Ok(None) };
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = is_number.then(|| port.parse().ok()).flatten().filter(|port| *port > 0);
    port.map(Some).ok_or(NoPort)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_from_1_to_65535_or_not_there() {
        for (url, written) in [
            ("http://h", Ok(None)),
            ("http://h/a:b", Ok(None)),
            ("http://[::1]", Ok(None)),
            ("http://h:1", Ok(Some(1))),
            ("http://me:7@h:080", Ok(Some(80))),
            ("https://[::1]:65535/x", Ok(Some(65_535))),
            ("http://h:0", Err(NoPort)),
            ("http://h:65536", Err(NoPort)),
            ("http://h:99999", Err(NoPort)),
            ("http://me:pw@[::1]:70000", Err(NoPort)),
        ] {
            assert_eq!(port(&url.parse().unwrap()), written, "{url}");
        }
        // As far as a Uri takes them at all.
        for url in ["http://h:", "http://h:x", "http://h:+1", "http://h:-1"] {
            assert!(url.parse::<Uri>().map_or(true, |uri| port(&uri) == Err(NoPort)), "{url}");
        }
    }
}
