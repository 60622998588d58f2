//! What a body is that is no JSON, as far as its first bytes tell.

use serde_json::Error;

/// Characters of the body that are shown, at most.
const SHOWN_CHARS: usize = 48;
/// Bytes that those are looked for in.
const LOOKED_AT_BYTES: usize = 4 * SHOWN_CHARS;

/// What the body is in place of JSON; nothing in it acts on a terminal.
pub(super) fn no_json(body: &[u8], error: &Error) -> String {
    match name(body) {
        Some(name) => format!("no JSON but {name}"),
        None => format!("no JSON: {error}; it begins with `{}`", beginning(body)),
    }
}

fn name(body: &[u8]) -> Option<&'static str> {
    let text = body.trim_ascii_start();
    match body {
        _ if text.is_empty() => Some("an empty body"),
        [0x1f, 0x8b, ..] => Some("gzip without a Content-Encoding that says so"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd without a Content-Encoding that says so"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16; JSON is UTF-8"),
        [first, 0, ..] | [0, first, ..] if first.is_ascii_graphic() => {
            Some("UTF-16 without a mark; JSON is UTF-8")
        }
        _ if is_html(text) => Some("a page of HTML"),
        _ if text.starts_with(b"<") => Some("XML"),
        _ => None,
    }
}

fn is_html(text: &[u8]) -> bool {
    let begins =
        |word: &[u8]| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    begins(b"<!doctype html") || begins(b"<html") || begins(b"<head") || begins(b"<body")
}

/// The first characters, escaped where they are more than a sign.
fn beginning(body: &[u8]) -> String {
    let start = &body[..body.len().min(LOOKED_AT_BYTES)];
    let text = String::from_utf8_lossy(start);
    text.chars().take(SHOWN_CHARS).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said_of(body: &[u8]) -> String {
        no_json(body, &serde_json::from_slice::<serde_json::Value>(body).unwrap_err())
    }

    #[test]
    fn a_body_is_named_by_its_first_bytes() {
        for (body, word) in [
            (&b""[..], "an empty body"),
            (b" \n", "an empty body"),
            (b"\x1f\x8b\x08\0", "gzip"),
            (b"\x28\xb5\x2f\xfd\0", "zstd"),
            (b"\xff\xfe{\0", "UTF-16"),
            (b"\xfe\xff\0{", "UTF-16"),
            (b"{\0}\0", "UTF-16"),
            (b"\0{\0}", "UTF-16"),
            (b"\n<!DOCTYPE HTML><p>", "a page of HTML"),
            (b"<html>back soon", "a page of HTML"),
            (b"<?xml version='1.0'?>", "XML"),
        ] {
            let said = said_of(body);
            assert!(said.starts_with("no JSON but ") && said.contains(word), "{said}");
        }
    }

    #[test]
    fn what_has_no_name_is_shown_cut_and_harmless() {
        let said = said_of("upstream gone\u{1b}[2J\u{202e}".as_bytes());
        assert!(said.ends_with("it begins with `upstream gone\\u{1b}[2J\\u{202e}`"), "{said}");
        let said = said_of(&[b'x'; 1000]);
        assert!(said.ends_with(&format!("`{}`", "x".repeat(SHOWN_CHARS))), "{said}");
        assert!(said_of(b"{\"a\": ").starts_with("no JSON: EOF"));
        assert!(!said_of(b"\xc3\x28 x").is_empty());
    }
}
