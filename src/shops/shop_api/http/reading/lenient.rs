//! Answers that are JSON but for what some servers write in it: `NaN` and `Infinity` (Python), and
//! half of a surrogate pair in a text (JavaScript). No number and no character is made of them: the
//! first are nothing, the second is U+FFFD. Only a body that strict reading refuses is looked at.

use serde_json::{Error, Value};

/// Words that are no JSON and stand where a number would.
const NO_NUMBERS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
/// `\uXXXX`.
const ESCAPE_BYTES: usize = 6;
const REPLACEMENT: &[u8] = b"\\ufffd";

/// The value in `body`, with both of those taken for what they mean; the error is the strict one.
pub(in crate::shop_api::http) fn parse(body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(body).or_else(|error| {
        let mended = mended(body).ok_or(error)?;
        serde_json::from_slice(&mended)
    })
}

/// The body as JSON; none where it has nothing of the kind.
fn mended(body: &[u8]) -> Option<Vec<u8>> {
    let mut done = Vec::with_capacity(body.len());
    let (mut rest, mut is_text, mut is_changed) = (body, false, false);
    while let Some(&first) = rest.first() {
        let taken = match (is_text, first) {
            (true, b'\\') => {
                let (taken, stays) = escape(rest);
                is_changed |= !stays;
                done.extend_from_slice(if stays { &rest[..taken] } else { REPLACEMENT });
                taken
            }
            (false, b'N' | b'I' | b'-') if let Some(word) = no_number(rest) => {
                is_changed = true;
                done.extend_from_slice(b"null");
                word.len()
            }
            (_, byte) => {
                is_text ^= byte == b'"';
                done.push(byte);
                1
            }
        };
        rest = &rest[taken..];
    }
    is_changed.then_some(done)
}

fn no_number(rest: &[u8]) -> Option<&'static [u8]> {
    let word = NO_NUMBERS.into_iter().find(|word| rest.starts_with(word))?;
    let next = rest.get(word.len());
    next.is_none_or(|byte| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace())
        .then_some(word)
}

/// How long the escape at the beginning is, and whether it stands for a character.
fn escape(rest: &[u8]) -> (usize, bool) {
    let Some(high) = unit(rest) else { return (rest.len().min(2), true) };
    let low = rest.get(ESCAPE_BYTES..).and_then(unit);
    match (high, low) {
        (0xd800..=0xdbff, Some(0xdc00..=0xdfff)) => (2 * ESCAPE_BYTES, true),
        (0xd800..=0xdfff, _) => (ESCAPE_BYTES, false),
        _ => (ESCAPE_BYTES, true),
    }
}

fn unit(rest: &[u8]) -> Option<u16> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<String> {
        parse(body.as_bytes()).ok().map(|value| value.to_string())
    }

    #[test]
    fn what_is_no_number_is_nothing_and_words_in_texts_stay() {
        for (body, value) in [
            (r#"{"a":NaN}"#, r#"{"a":null}"#),
            ("[Infinity , -Infinity\n]", "[null,null]"),
            ("NaN", "null"),
            (r#"{"NaN":"NaN","b":[-1,NaN]}"#, r#"{"NaN":"NaN","b":[-1,null]}"#),
            (r#"["\"NaN",NaN]"#, r#"["\"NaN",null]"#),
        ] {
            assert_eq!(read(body).as_deref(), Some(value), "{body}");
        }
        for body in ["[NaNs]", "[nan]", "[--Infinity]", "[NaN", "N", "{NaN:1}", "[-]"] {
            assert_eq!(read(body), None, "{body}");
        }
    }

    #[test]
    fn half_a_pair_is_the_replacement_character_and_a_whole_one_stays() {
        for (body, value) in [
            (r#"["\ud83d"]"#, "[\"\u{fffd}\"]"),
            (r#"["\ude00x"]"#, "[\"\u{fffd}x\"]"),
            (r#"["\ud83dA\ud83d\ude00"]"#, "[\"\u{fffd}A\u{1f600}\"]"),
            (r#"["\ud83d\ud83d\ude00"]"#, "[\"\u{fffd}\u{1f600}\"]"),
            (r#"["\\ud83d", "\ud83d"]"#, "[\"\\\\ud83d\",\"\u{fffd}\"]"),
        ] {
            assert_eq!(read(body).as_deref(), Some(value), "{body}");
        }
        for body in [r#"["\ud8"]"#, r#"["\uzzzz"]"#, r#"["\ud83d"#, "\"\\"] {
            assert_eq!(read(body), None, "{body}");
        }
    }
}
