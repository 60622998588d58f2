//! Taking an answer in: whole, at most 1 MiB, its length compared with what was declared.
//!
//! The bytes come as sent (gzip is unpacked here): the declared length is that of the packed ones.
//! An answer with neither a length nor chunks ends with its connection (head.rs).
//! A body that is not read to its end closes its connection, so none is left half read in the pool.

use std::cell::OnceCell;
use std::io::Read;

use awc::ClientResponse;
use awc::error::PayloadError;
use awc::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION,
    RETRY_AFTER,
};
use chrono::{DateTime, NaiveDateTime};
use futures::{Stream, StreamExt};
use serde_json::Value;

use super::BODY_MAX_BYTES;
use super::reading::{self, Unparsable};

/// An answer.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) status: u16,
    /// `Retry-After`, as written.
    pub(super) retry_after: Option<String>,
    /// `Location`, as written.
    pub(super) location: Option<String>,
    /// What the server's clock showed, as its `Date` says.
    pub(super) date: Option<NaiveDateTime>,
    /// `Content-Type`, as written.
    pub(super) content_type: Option<String>,
    /// All of them, where somebody may ask for one.
    pub(super) headers: HeaderMap,
    /// Whether the answer said how long its body is.
    pub(super) length_declared: bool,
    pub(super) body: Result<Vec<u8>, BodyFault>,
    /// The body as JSON, once somebody has asked.
    json: OnceCell<Result<Value, Unparsable>>,
}

impl Received {
    /// The body as JSON; read once.
    pub(super) fn json(&self) -> Result<&Value, &Unparsable> {
        let body = self.body.as_deref().unwrap_or_default();
        self.json.get_or_init(|| reading::parse(body)).as_ref()
    }
}

/// Why there is no body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// More than [`BODY_MAX_BYTES`].
    TooLarge,
    /// Fewer bytes than declared.
    Truncated,
    /// The connection broke in it.
    Broken(String),
    /// It cannot be unpacked.
    Packing(String),
}

/// Takes the whole answer in.
pub(super) async fn receive<S, B>(response: ClientResponse<S>, keeps_headers: bool) -> Received
where
    ClientResponse<S>: Stream<Item = Result<B, PayloadError>> + Unpin,
    B: AsRef<[u8]>,
{
    let headers = response.headers();
    let text = |name: HeaderName| {
        headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let status = response.status().as_u16();
    let (retry_after, location) = (text(RETRY_AFTER), text(LOCATION));
    let date = text(DATE).and_then(|date| DateTime::parse_from_rfc2822(&date).ok());
    let date = date.map(|date| date.naive_utc());
    let declared = text(CONTENT_LENGTH).and_then(|length| length.trim().parse::<u64>().ok());
    let content_type = text(CONTENT_TYPE);
    let packing = packing(headers);
    let kept = if keeps_headers { headers.clone() } else { HeaderMap::new() };
    // Some servers close after an error of theirs without saying so: such a connection is not kept.
    let is_kept = status < 500;
    let body = drain(response, declared, is_kept).await.and_then(|body| unpacked(&packing, body));
    let length_declared = declared.is_some();
    let headers = kept;
    let json = OnceCell::new();
    Received {
        status,
        retry_after,
        location,
        date,
        content_type,
        headers,
        length_declared,
        body,
        json,
    }
}

/// What the body is packed with, in the order of packing; `identity` is nothing.
fn packing(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(CONTENT_ENCODING);
    let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
    let values: Vec<String> = values.collect();
    let names = values.iter().flat_map(|value| value.split(',')).map(str::trim);
    names.filter(|name| !matches!(*name, "" | "identity")).map(str::to_owned).collect()
}

fn unpacked(packing: &[String], body: Vec<u8>) -> Result<Vec<u8>, BodyFault> {
    match packing {
        // No body, as of a 204: nothing to unpack.
        _ if body.is_empty() => Ok(body),
        [] => Ok(body),
        [one] if matches!(one.as_str(), "gzip" | "x-gzip") => unpack(&body),
        others => Err(BodyFault::Packing(format!(
            "its Content-Encoding is `{}`; what was asked for and is read is gzip, or none",
            others.join(", ")
        ))),
    }
}

async fn drain<S, B>(
    mut response: ClientResponse<S>,
    declared: Option<u64>,
    is_kept: bool,
) -> Result<Vec<u8>, BodyFault>
where
    ClientResponse<S>: Stream<Item = Result<B, PayloadError>> + Unpin,
    B: AsRef<[u8]>,
{
    let cap = BODY_MAX_BYTES as u64;
    if declared.is_some_and(|length| length > cap) {
        return Err(BodyFault::TooLarge);
    }
    // 204 and 304 have no body whatever length they declare.
    let has_body = !matches!(response.status().as_u16(), 204 | 304);
    let mut body = Vec::new();
    while let Some(chunk) = response.next().await {
        let chunk = chunk.map_err(payload_fault)?;
        let chunk = chunk.as_ref();
        if body.len() + chunk.len() > BODY_MAX_BYTES {
            return Err(BodyFault::TooLarge);
        }
        body.extend_from_slice(chunk);
        // The end itself is not read: reading it would put the connection back into the pool.
        if !is_kept && declared == Some(body.len() as u64) {
            break;
        }
    }
    match declared {
        Some(length) if has_body && length != body.len() as u64 => Err(BodyFault::Truncated),
        Some(_) | None => Ok(body),
    }
}

fn payload_fault(error: PayloadError) -> BodyFault {
    match error {
        PayloadError::Incomplete(_) => BodyFault::Truncated,
        PayloadError::Overflow => BodyFault::TooLarge,
        PayloadError::EncodingCorrupted => BodyFault::Packing(error.to_string()),
        PayloadError::Io(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            BodyFault::Truncated
        }
        PayloadError::Io(_) | PayloadError::UnknownLength | PayloadError::Http2Payload(_) => {
            BodyFault::Broken(error.to_string())
        }
        // Kinds that a later version may add.
        _ => BodyFault::Broken(error.to_string()),
    }
}

/// At most [`BODY_MAX_BYTES`] come out, however many could.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, BodyFault> {
    let mut body = Vec::new();
    let unpacked = flate2::read::MultiGzDecoder::new(packed)
        .take(BODY_MAX_BYTES as u64 + 1)
        .read_to_end(&mut body);
    match unpacked {
        Ok(_) if body.len() > BODY_MAX_BYTES => Err(BodyFault::TooLarge),
        Ok(_) => Ok(body),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(BodyFault::Truncated)
        }
        Err(error) => Err(BodyFault::Packing(error.to_string())),
    }
}
