//! Who gets in: by which name the server was asked, from which page, with which token; and the
//! headers that keep a browser from doing what the page does not need.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};

use super::{Reading, Shared};

/// On every answer.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// What anybody may have: they show nothing of the run.
const OPEN: [&str; 6] = ["/", "/app.css", "/app.js", "/icon.svg", "/healthz", "/readyz"];

/// Why a request does not get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// A name that is not ours: a foreign site's name may point at this address (DNS rebinding).
    Host,
    /// A page of another site sent it.
    Origin,
    /// No token or a wrong one.
    Token,
}

/// The middleware around all routes.
pub(super) async fn pass(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let refusal = match request.app_data::<web::Data<Shared>>() {
        Some(shared) => judge(shared, &request).err(),
        None => Some(Refusal::Token),
    };
    let mut response = match refusal {
        Some(refusal) => request.into_response(answer(refusal)),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

fn judge(shared: &Shared, request: &ServiceRequest) -> Result<(), Refusal> {
    let text = |name: HeaderName| request.headers().get(name).and_then(|v| v.to_str().ok());
    let host = text(header::HOST).or_else(|| request.uri().authority().map(|a| a.as_str()));
    let is_open_to_all = shared.reading == Reading::Open;
    // Elsewhere nothing is to be had without the token, which no foreign page has.
    if is_open_to_all && !host.is_some_and(|host| is_ours(host, &shared.hosts)) {
        return Err(Refusal::Host);
    }
    let only_reads = [Method::GET, Method::HEAD].contains(request.method());
    if !only_reads {
        let from = text(header::ORIGIN);
        let site = text(HeaderName::from_static("sec-fetch-site"));
        let is_same = from.is_none_or(|from| authority(from).is_some_and(|a| Some(a) == host));
        if !is_same || site.is_some_and(|site| site != "same-origin" && site != "none") {
            return Err(Refusal::Origin);
        }
    }
    let is_open = only_reads && (is_open_to_all || OPEN.contains(&request.path()));
    let bearer = text(header::AUTHORIZATION).and_then(bearer);
    if is_open || bearer.is_some_and(|token| shared.token.is(token)) {
        return Ok(());
    }
    Err(Refusal::Token)
}

/// `host:port` of `scheme://host:port`.
fn authority(origin: &str) -> Option<&str> {
    origin.split_once("://").map(|(_, authority)| authority)
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether a Host header names this machine, or a name that the operator allows.
fn is_ours(host: &str, allowed: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        // The colons of `[::1]` are none of a port.
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| name.eq_ignore_ascii_case(own))
        || allowed.iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn answer(refusal: Refusal) -> HttpResponse {
    let (status, text) = match refusal {
        Refusal::Host => (
            StatusCode::MISDIRECTED_REQUEST,
            "this name is not served here: ask for localhost, or allow the name by web.hosts",
        ),
        Refusal::Origin => (StatusCode::FORBIDDEN, "a page of another site may not operate a run"),
        Refusal::Token => (StatusCode::UNAUTHORIZED, "the token is missing or wrong"),
    };
    let mut response = HttpResponse::build(status);
    if refusal == Refusal::Token {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    response.json(serde_json::json!({ "done": false, "message": text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_and_allowed_ones_are_ours() {
        let allowed = ["runs.example".to_owned()];
        for host in ["localhost", "LOCALHOST:9", "127.0.0.1:9184", "[::1]:9184", "[::1]"] {
            assert!(is_ours(host, &[]), "{host}");
        }
        assert!(is_ours("runs.example:443", &allowed) && !is_ours("runs.example", &[]));
        for host in ["evil.example", "localhost.evil.example:9184", "127.0.0.1.evil", "", "::1"] {
            assert!(!is_ours(host, &allowed), "{host}");
        }
    }
}
