//! What is to be done where the way to the shop is wrong: its name, its port, its TLS, its address.
//!
//! Judged by the words of an [`ApiError`] as it is shown, like [`stranger`](super::stranger):
//! causes of a freeze are kept as such words only.

use super::{ApiError, ApiErrorKind};

/// What stands before the address that a redirect names, in the detail of its failure.
pub const LEADS_TO: &str = "this one leads to ";

/// By what servers tell that plain HTTP came to a port that speaks TLS.
const WANTS_TLS: [&str; 4] = [
    "plain http request was sent to https port",
    "http request to an https server",
    "plain http to an ssl-enabled",
    "requires tls",
];

/// Words of a failed handshake, and what is to be done about each.
const HANDSHAKES: [(&[&str], &str); 9] = [
    (
        &["certificate expired", "Expired"],
        "renew the shop's certificate and have the server read it again; where it is new, this \
         machine's clock is wrong (`date`)",
    ),
    (
        &["certificate not valid yet", "NotValidYet"],
        "this machine's clock is behind (`date`), or the shop's certificate begins later",
    ),
    (
        &["not valid for name", "NotValidForName"],
        "give --api the name that the certificate is for, or have one made for the name in --api",
    ),
    (
        &["UnknownIssuer", "self-signed", "self signed"],
        "set CARTLOAD_SHOP_CA_FILE to a PEM file with the authority that signed the shop's \
         certificate, or with the certificate itself where it signed itself; where the authority \
         is a public one, the server sends no intermediate certificate: give it the whole chain",
    ),
    (
        &["CaUsedAsEndEntity"],
        "the server shows an authority's own certificate: give it one that the authority has \
         signed for the shop's name",
    ),
    (
        &["speaks TLS"],
        "write https:// in place of http:// in --api, or give the port that speaks plain HTTP",
    ),
    (
        &["corrupt message", "handshake eof"],
        "what listens there does not answer in TLS: give --api the port that does, or http:// \
         where the shop has none",
    ),
    (
        &["UnrecognisedName", "InternalError"],
        "the server has no certificate for the name in --api: give the one that it knows itself by",
    ),
    (
        &["fatal alert", "peer is incompatible", "any known protocol"],
        "the server must speak TLS 1.2 or 1.3 and HTTP/1.1, and ask for no client certificate",
    ),
];

const OTHER_HANDSHAKE: &str =
    "see what the server says of itself: `openssl s_client -connect HOST:PORT -servername HOST`";

const NO_NAME: &str = "check the host's spelling in --api (or `base_url`), and that this machine \
                       resolves it: `getent hosts NAME`";

/// What to do; `None` where the failure is not about the way.
pub fn advice(error: &ApiError) -> Option<String> {
    of_words(&error.to_string())
}

/// The same by the words of a failure.
pub fn of_words(said: &str) -> Option<String> {
    if let Some(advice) = of_cause(said) {
        return Some(advice);
    }
    let (_, said) = said.split_once(": ")?;
    let is = |kind: ApiErrorKind| said.starts_with(&kind.to_string());
    let lower = said.to_lowercase();
    let has = |words: &str| lower.contains(words);
    let advice = if WANTS_TLS.iter().any(|words| has(words)) {
        "the port speaks TLS: write https:// in place of http:// in --api".to_owned()
    } else if let Some((_, address)) = said.split_once(LEADS_TO) {
        redirected(address)
    } else if is(ApiErrorKind::ConnectRefused) && has("unreachable") {
        "there is no way from this machine to that address: check it, routes and VPN".to_owned()
    } else if is(ApiErrorKind::ConnectRefused) {
        "nobody listens there: start the shop, or give --api its host and port".to_owned()
    } else if is(ApiErrorKind::ConnectTimeout) {
        "nothing comes back from there: check host and port in --api, and whether a firewall or \
         a VPN is between"
            .to_owned()
    } else if is(ApiErrorKind::Disconnected) {
        "what listens there gives no HTTP answer: check that host and port in --api are the \
         shop's, and write https:// where it speaks TLS"
            .to_owned()
    } else {
        return None;
    };
    Some(advice)
}

/// What to do about a way that was right before: its name or its TLS.
pub fn of_cause(said: &str) -> Option<String> {
    let (_, said) = said.split_once(": ")?;
    if said.starts_with(&ApiErrorKind::Dns.to_string()) {
        return Some(NO_NAME.to_owned());
    }
    if !said.starts_with(&ApiErrorKind::Tls.to_string()) {
        return None;
    }
    let fits = |words: &[&str]| words.iter().any(|words| said.contains(words));
    let known = HANDSHAKES.iter().find(|(words, _)| fits(words));
    Some(known.map_or(OTHER_HANDSHAKE, |(_, advice)| *advice).to_owned())
}

fn redirected(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return "the shop has this call elsewhere: put the path before it into --api, or the call's \
                own into the profile; a sign-in page means that it does not know who calls"
            .to_owned();
    };
    let host = rest.split('/').next().unwrap_or(rest);
    format!("begin --api as that address begins: {scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::shop_api::Part;

    fn error(kind: ApiErrorKind, detail: &str) -> ApiError {
        let (detail, failed_at) = (Some(detail.to_owned()), Instant::now());
        ApiError { call: "probe", part: Part::Whole, kind, detail, sent_at: None, failed_at }
    }

    #[test]
    fn each_wrong_way_has_its_own_way_out() {
        use ApiErrorKind::{
            ConnectRefused, ConnectTimeout, Disconnected, Dns, Tls, UnexpectedStatus,
        };
        let peer = |what: &str| format!("invalid peer certificate: {what}");
        let mut seen = std::collections::BTreeSet::new();
        for (kind, detail, part) in [
            (Tls, peer("certificate expired: verification time 2"), "renew"),
            (Tls, peer("certificate not valid yet: verification time 2"), "clock is behind"),
            (Tls, peer("certificate not valid for name \"a\"; certificate is"), "name that the"),
            (Tls, peer("UnknownIssuer"), "CARTLOAD_SHOP_CA_FILE"),
            (Tls, peer("Other(OtherError(CaUsedAsEndEntity))"), "authority's own"),
            (Tls, "the port speaks TLS".to_owned(), "https:// in place of http://"),
            (Tls, "received corrupt message of type InvalidContentType".to_owned(), "in TLS"),
            (Tls, "received fatal alert: UnrecognisedName".to_owned(), "no certificate for"),
            (Tls, "received fatal alert: ProtocolVersion".to_owned(), "TLS 1.2 or 1.3"),
            (Tls, "something new".to_owned(), "openssl s_client"),
            (Dns, "no such host".to_owned(), "getent hosts"),
            (ConnectRefused, "Connection refused (os error 111)".to_owned(), "nobody listens"),
            (ConnectRefused, "Network is unreachable (os error 101)".to_owned(), "routes"),
            (ConnectTimeout, "the limit is 2 s".to_owned(), "firewall"),
            (Disconnected, "reset".to_owned(), "no HTTP answer"),
            (
                UnexpectedStatus(400),
                "400 The plain HTTP request was sent to HTTPS port nginx".to_owned(),
                "the port speaks TLS: write https://",
            ),
            (
                UnexpectedStatus(308),
                format!("redirects are not followed; {LEADS_TO}https://www.shop.example/api/x"),
                "begins: https://www.shop.example",
            ),
            (
                UnexpectedStatus(302),
                format!("redirects are not followed; {LEADS_TO}/login"),
                "sign-in page",
            ),
        ] {
            let advice = advice(&error(kind.clone(), &detail)).unwrap_or_default();
            assert!(advice.contains(part), "{kind:?} {detail}: {advice}");
            assert!(seen.insert(advice.clone()), "twice: {advice}");
        }
    }

    #[test]
    fn what_the_shop_itself_says_is_not_about_the_way() {
        use ApiErrorKind::{CallTimeout, EdgeDown, ServerError, Unauthorized, UnexpectedStatus};
        for kind in [
            ServerError(500),
            EdgeDown(502),
            Unauthorized(401),
            UnexpectedStatus(404),
            UnexpectedStatus(400),
            CallTimeout,
        ] {
            assert_eq!(advice(&error(kind.clone(), "no")), None, "{kind:?}");
        }
    }

    #[test]
    fn a_way_that_was_right_is_not_looked_for_in_the_settings_but_for_name_and_tls() {
        let of = |kind| of_cause(&error(kind, "x").to_string());
        assert!(of(ApiErrorKind::Tls).is_some() && of(ApiErrorKind::Dns).is_some());
        assert_eq!(of(ApiErrorKind::ConnectRefused), None);
        assert_eq!(of(ApiErrorKind::ConnectTimeout), None);
    }
}
