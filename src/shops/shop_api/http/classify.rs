//! What a failure is. Only a refused, timed-out or unresolved connection proves that nothing was
//! sent; a lost connection may have carried the request.

use std::io;
use std::time::{Duration, SystemTime};

use actix_web::error::ParseError;
use awc::error::{ConnectError, SendRequestError};
use ports::shop_api::ApiErrorKind;
use ports::shop_api::way::LEADS_TO;
use serde_json::Value;

use super::body::Received;
use super::page;
use super::stream::StreamFault;
use crate::shop_api::profile::{Around, Found, Nothing, Profile, Rule, Seen, StepName, Timeouts};

/// What Retry-After may ask for, at most.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

type Classified = (ApiErrorKind, Option<String>);

/// What a status that is no success means, where no rule says it.
pub(super) fn status(profile: &Profile, received: &Received) -> Classified {
    let status = received.status;
    let (is_application, said) = words(profile, received);
    let header = received.retry_after.as_deref();
    let asked = header.and_then(|header| retry_after(header, SystemTime::now()));
    match status {
        401 | 403 => (ApiErrorKind::Unauthorized(status), said),
        422 => (ApiErrorKind::Invalid(status), said),
        429 => (ApiErrorKind::RateLimited { retry_after: asked }, said),
        // Not down: it says when it will serve again.
        503 if asked.is_some() => {
            let said = said.map_or("503".to_owned(), |said| format!("503, {said}"));
            (ApiErrorKind::RateLimited { retry_after: asked }, Some(said))
        }
        502 | 503 if !is_application => (ApiErrorKind::EdgeDown(status), said),
        500..=599 => (ApiErrorKind::ServerError(status), said),
        300..=399 => {
            let to = received.location.as_deref().map_or("nowhere".into(), page::shown_address);
            let said = format!("redirects are not followed; {LEADS_TO}{to}");
            (ApiErrorKind::UnexpectedStatus(status), Some(said))
        }
        _ => (ApiErrorKind::UnexpectedStatus(status), said),
    }
}

/// The rule that an answer of this step fits, and what the shop says.
pub(super) fn ruled<'p>(
    profile: &'p Profile,
    step: Option<StepName>,
    received: &Received,
    around: &dyn Around,
) -> Option<(&'p Rule, Option<String>)> {
    let status = received.status;
    let fits_status = |rule: &&Rule| {
        (rule.status.is_empty() || rule.status.contains(&status))
            && (rule.on.is_empty() || step.is_some_and(|step| rule.on.contains(&step)))
    };
    let mut rules = profile.rules.iter().filter(fits_status).peekable();
    // Of most answers there is nothing to ask.
    rules.peek()?;
    let body = received.body.as_deref().unwrap_or_default();
    let lower = std::cell::OnceCell::new();
    let lower = || &**lower.get_or_init(|| String::from_utf8_lossy(body).to_lowercase());
    let json = || received.json().unwrap_or(&Value::Null);
    let seen = Seen { step, status, lower: &lower, json: &json, around };
    let rule = rules.find(|rule| rule.fits(seen))?;
    Some((rule, words(profile, received).1))
}

/// What a failure says that comes with a success's status.
pub(super) fn failure(profile: &Profile, received: &Received) -> Classified {
    (ApiErrorKind::UnexpectedStatus(received.status), words(profile, received).1)
}

/// Whether the body is the application's own, and what it says.
fn words(profile: &Profile, received: &Received) -> (bool, Option<String>) {
    let text = String::from_utf8_lossy(received.body.as_deref().unwrap_or_default());
    let detail = received
        .json()
        .ok()
        .and_then(|json| profile.error_detail.iter().find_map(|field| field.find(json, &Nothing)))
        .map(|found| match found {
            Found::Value(Value::String(text)) => text.clone(),
            Found::Value(value) => value.to_string(),
            Found::Text(text) => text.into_owned(),
        });
    let is_application = detail.is_some();
    let said = detail.or_else(|| (!text.trim().is_empty()).then(|| page::text(&text)));
    (is_application, said)
}

/// What a Retry-After header asks for at `now`: seconds or a date, at most 60 s; `None` where it is
/// neither.
fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = header.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
    }
    let at = httpdate::parse_http_date(header).ok()?;
    Some(at.duration_since(now).unwrap_or_default().min(RETRY_AFTER_MAX))
}

/// What an error of the client is, with the limit that a timeout met.
pub(super) fn send_error(error: &SendRequestError, timeouts: Timeouts) -> Classified {
    if is_late(error) {
        let connect = limit(Duration::from_millis(timeouts.connect_ms));
        return (ApiErrorKind::ConnectTimeout, Some(connect));
    }
    if let Some(fault) = stream_fault(error) {
        return (fault_kind(fault), Some(fault.to_string()));
    }
    if matches!(error, SendRequestError::Connect(ConnectError::Disconnected)) {
        // awc's words are of a connector, and of a connection that could not be made.
        return (ApiErrorKind::Disconnected, Some("it was closed before it answered".to_owned()));
    }
    let kind = match error {
        SendRequestError::Connect(error) => connect_error(error),
        SendRequestError::Timeout => ApiErrorKind::CallTimeout,
        // Errors of the request itself; 0: no status, nothing was sent.
        SendRequestError::Url(_)
        | SendRequestError::TunnelNotSupported
        | SendRequestError::Custom(..) => ApiErrorKind::Invalid(0),
        SendRequestError::Http(_)
        | SendRequestError::Send(_)
        | SendRequestError::Response(_)
        | SendRequestError::H2(_)
        | SendRequestError::Body(_) => ApiErrorKind::Disconnected,
        // Kinds that a later version may add: nothing is proved.
        _ => ApiErrorKind::Disconnected,
    };
    (kind, Some(error.to_string()))
}

/// Whether our limit for connecting was met, not the system's.
fn is_late(error: &SendRequestError) -> bool {
    let is_ours = |error: &io::Error| {
        error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
    };
    matches!(error, SendRequestError::Connect(ConnectError::Timeout))
        || matches!(error, SendRequestError::Connect(ConnectError::Io(error)) if is_ours(error))
}

fn stream_fault(error: &SendRequestError) -> Option<&StreamFault> {
    let (SendRequestError::Send(error)
    | SendRequestError::Response(ParseError::Io(error))
    | SendRequestError::Connect(ConnectError::Io(error))) = error
    else {
        return None;
    };
    error.get_ref()?.downcast_ref()
}

fn fault_kind(fault: &StreamFault) -> ApiErrorKind {
    match fault {
        StreamFault::Unsent(_) => ApiErrorKind::Unsent,
        StreamFault::Stale => ApiErrorKind::StaleConnection,
        StreamFault::SpeaksTls => ApiErrorKind::Tls,
        StreamFault::TooManyLines
        | StreamFault::HeadTooLong
        | StreamFault::TooManyInterims
        | StreamFault::OtherProtocol => ApiErrorKind::Unparsable { field: "head".to_owned() },
    }
}

/// A time limit in words, for the detail of a timeout.
pub(super) fn limit(limit: Duration) -> String {
    format!("the limit is {} s", limit.as_secs_f64())
}

fn connect_error(error: &ConnectError) -> ApiErrorKind {
    match error {
        ConnectError::Timeout => ApiErrorKind::ConnectTimeout,
        ConnectError::Resolver(_) | ConnectError::NoRecords | ConnectError::Unresolved => {
            ApiErrorKind::Dns
        }
        ConnectError::SslIsNotSupported => ApiErrorKind::Tls,
        ConnectError::Io(error) => connect_io_error(error),
        // Also said of a connection that broke after the request was sent.
        ConnectError::Disconnected | ConnectError::H2(_) => ApiErrorKind::Disconnected,
        // Kinds that a later version may add: nothing is proved.
        _ => ApiErrorKind::Disconnected,
    }
}

/// While connecting nothing has been sent; what else may come is said in the detail.
fn connect_io_error(error: &io::Error) -> ApiErrorKind {
    use io::ErrorKind;
    let kind = error.kind();
    let is_any = |kinds: &[ErrorKind]| kinds.contains(&kind);
    if error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>()) {
        return ApiErrorKind::Tls;
    }
    // No way to the host is as good as nobody there.
    if is_any(&[
        ErrorKind::ConnectionRefused,
        ErrorKind::HostUnreachable,
        ErrorKind::NetworkUnreachable,
        ErrorKind::NetworkDown,
    ]) {
        return ApiErrorKind::ConnectRefused;
    }
    if kind == ErrorKind::TimedOut {
        return ApiErrorKind::ConnectTimeout;
    }
    // How a handshake with a server that speaks no TLS ends.
    if is_any(&[ErrorKind::UnexpectedEof, ErrorKind::InvalidData, ErrorKind::InvalidInput]) {
        return ApiErrorKind::Tls;
    }
    ApiErrorKind::Disconnected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_at_most_a_minute() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (header, seconds) in [
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("60", Some(60)),
            ("61", Some(60)),
            ("99999999999999999999999999", Some(60)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("Sat, 06 Nov 2094 08:49:37 GMT", Some(60)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(header, now), expected, "{header}");
        }
    }

    #[test]
    fn a_connection_that_came_too_late_names_the_profiles_limit() {
        let error = SendRequestError::Connect(ConnectError::Timeout);
        let timeouts = Timeouts { connect_ms: 2_500, call_ms: 10_000 };
        let expected = Some("the limit is 2.5 s".to_owned());
        assert_eq!(send_error(&error, timeouts), (ApiErrorKind::ConnectTimeout, expected));
    }

    #[test]
    fn only_a_connection_that_never_was_proves_that_nothing_was_sent() {
        let io = |kind: io::ErrorKind| ConnectError::Io(kind.into());
        for (error, kind) in [
            (io(io::ErrorKind::ConnectionRefused), ApiErrorKind::ConnectRefused),
            (io(io::ErrorKind::ConnectionReset), ApiErrorKind::Disconnected),
            (io(io::ErrorKind::UnexpectedEof), ApiErrorKind::Tls),
            (ConnectError::Io(io::Error::other(rustls::Error::DecryptError)), ApiErrorKind::Tls),
            (ConnectError::Timeout, ApiErrorKind::ConnectTimeout),
            (ConnectError::Resolver("x".into()), ApiErrorKind::Dns),
            (ConnectError::Disconnected, ApiErrorKind::Disconnected),
        ] {
            assert_eq!(connect_error(&error), kind, "{error}");
        }
    }
}
