//! What the head of an answer says, before awc's codec sees it: read with the codec's own rules, or
//! the two would disagree about where an answer ends.

use httparse::{ParserConfig, Status};

/// Header lines of one head, at most; awc's codec takes no more.
pub const HEADER_LINES_MAX: usize = 96;
/// Bytes of one head, at most; awc's codec takes no more.
pub const HEAD_BYTES_MAX: usize = 128 * 1024;
/// How a TLS record with an alert begins: its type, and the major version of all of them.
const TLS_ALERT: [u8; 2] = [21, 3];

/// What stands at the start of the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A head that goes on.
    Partial,
    /// An interim answer of so many bytes; the answer comes after it.
    Interim(usize),
    /// The head of the answer.
    Final(Final),
    /// No HTTP: the codec says so.
    Unreadable,
    /// How a server that speaks TLS answers plain HTTP: an alert.
    Tls,
    /// More header lines than are read.
    TooManyLines,
    /// The shop goes on in another protocol, which nobody asked for.
    OtherProtocol,
    /// What edges say to an idle connection before they close it; no answer to this request.
    Idle,
}

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Final {
    /// Bytes of the head.
    pub(super) len: usize,
    /// Bytes of the body, where it says so and has no chunks.
    pub(super) left: Option<u64>,
    /// Whether the connection may be asked again.
    pub(super) is_kept: bool,
    /// The minor version that makes the codec read the body to its right end, where the shop's own
    /// does not.
    pub(super) show_as: Option<u8>,
}

/// The head at the start of `bytes`; `is_reused`: the connection was asked before.
pub(super) fn look(bytes: &[u8], is_reused: bool) -> Look {
    if bytes.starts_with(&TLS_ALERT) {
        return Look::Tls;
    }
    let mut headers = [httparse::EMPTY_HEADER; HEADER_LINES_MAX];
    let mut head = httparse::Response::new(&mut headers);
    let mut config = ParserConfig::default();
    config.allow_spaces_after_header_name_in_responses(true);
    let len = match config.parse_response(&mut head, bytes) {
        Ok(Status::Complete(len)) => len,
        Ok(Status::Partial) => return Look::Partial,
        Err(httparse::Error::TooManyHeaders) => return Look::TooManyLines,
        Err(_) => return Look::Unreadable,
    };
    let status = head.code.unwrap_or(0);
    match status {
        101 => return Look::OtherProtocol,
        100..=199 => return Look::Interim(len),
        408 if is_reused => return Look::Idle,
        _ => {}
    }
    let is_1_1 = head.version == Some(1);
    let asks = |word| values(&head, "connection").any(|value| has_token(value, word));
    let is_kept = !asks("close") && (is_1_1 || asks("keep-alive"));
    let is_chunked = values(&head, "transfer-encoding").next().is_some();
    let length = values(&head, "content-length").next();
    let length = length.and_then(|length| std::str::from_utf8(length).ok()?.trim().parse().ok());
    let left = match status {
        204 | 304 => Some(0),
        _ if is_chunked => None,
        _ => length,
    };
    // To the codec a 1.1 without a length is empty, and an empty 1.0 ends with the connection.
    let show_as = match (is_1_1, left) {
        (true, None) if !is_chunked => Some(b'0'),
        (false, Some(0)) => Some(b'1'),
        _ => None,
    };
    Look::Final(Final { len, left, is_kept: is_kept && show_as != Some(b'0'), show_as })
}

fn values<'h>(
    head: &'h httparse::Response<'_, '_>,
    name: &'static str,
) -> impl Iterator<Item = &'h [u8]> {
    let named = head.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| header.value)
}

fn has_token(value: &[u8], word: &str) -> bool {
    let mut tokens = value.split(|byte| *byte == b',');
    tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(head: &str) -> Final {
        let look = look(head.as_bytes(), false);
        let Look::Final(answer) = look else { panic!("{head:?}: {look:?}") };
        answer
    }

    #[test]
    fn every_interim_answer_but_101_is_one() {
        for status in [100, 102, 103, 199] {
            let head = format!("HTTP/1.1 {status} X\r\nlink: </a>\r\n\r\n");
            assert_eq!(look(head.as_bytes(), false), Look::Interim(head.len()), "{status}");
            assert_eq!(look(&head.as_bytes()[..head.len() - 1], false), Look::Partial);
        }
        assert_eq!(look(b"HTTP/1.1 101 X\r\n\r\n", false), Look::OtherProtocol);
        assert!(matches!(look(b"HTTP/1.1 200 OK\r\n\r\n", false), Look::Final(_)));
        assert_eq!(look(b"SSH-2.0-OpenSSH_9.6\r\n", false), Look::Unreadable);
        assert_eq!(look(&[21, 3, 1, 0, 2, 2, 70], false), Look::Tls);
    }

    #[test]
    fn a_408_is_an_answer_only_to_the_first_request_of_a_connection() {
        let head = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(look(head, true), Look::Idle);
        assert!(matches!(look(head, false), Look::Final(_)));
    }

    #[test]
    fn a_connection_is_kept_by_version_and_header() {
        for (version, connection, is_kept) in [
            (1, "", true),
            (1, "connection: keep-alive\r\n", true),
            (1, "Connection: Close\r\n", false),
            (1, "connection: x, close\r\n", false),
            (1, "connection: x\r\nconnection: close\r\n", false),
            (1, "connection: closed\r\n", true),
            (0, "", false),
            (0, "connection: Keep-Alive\r\n", true),
            (0, "connection: keep-alive, close\r\n", false),
            (0, "connection: not-keep-alive\r\n", false),
        ] {
            let head = format!("HTTP/1.{version} 200 OK\r\ncontent-length: 2\r\n{connection}\r\n");
            assert_eq!(answer(&head).is_kept, is_kept, "{head}");
        }
    }

    #[test]
    fn a_body_ends_where_its_head_says_or_with_the_connection() {
        for (head, left, show_as) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", Some(7), None),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", None, None),
            ("HTTP/1.1 200 OK\r\n\r\n", None, Some(b'0')),
            ("HTTP/1.1 204 No Content\r\n\r\n", Some(0), None),
            ("HTTP/1.1 304 Not Modified\r\n\r\n", Some(0), None),
            ("HTTP/1.0 200 OK\r\n\r\n", None, None),
            ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", Some(0), Some(b'1')),
            ("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n", Some(1), None),
        ] {
            let answer = answer(head);
            assert_eq!((answer.left, answer.show_as), (left, show_as), "{head}");
        }
    }

    #[test]
    fn as_many_header_lines_as_the_codec_takes_are_read_and_one_more_is_not() {
        let head = |lines: usize| {
            format!("HTTP/1.1 200 OK\r\n{}\r\n", "set-cookie: a=b\r\n".repeat(lines))
        };
        assert!(matches!(look(head(HEADER_LINES_MAX).as_bytes(), false), Look::Final(_)));
        let look = look(head(HEADER_LINES_MAX + 1).as_bytes(), false);
        assert_eq!(look, Look::TooManyLines);
    }
}
