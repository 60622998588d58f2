//! What may be said of a shop's or the network's words: no secret, no control character, 200
//! characters.
//!
//! Secrets are taken out before the text is cut: half a token would no longer look like one.

use std::sync::LazyLock;

use regex::Regex;
use secrecy::{ExposeSecret, SecretString};

/// Characters kept of what a shop said.
pub const DETAIL_MAX_CHARS: usize = 200;
/// Bytes looked at; what is kept begins well before this.
const LOOKED_AT_BYTES: usize = 8 * 1024;
/// What stands in a secret's place.
const MASK: &str = "[redacted]";

/// What looks like a secret, and what stays of it.
static PATTERNS: LazyLock<[(Regex, &'static str); 6]> = LazyLock::new(|| {
    let pattern = |text| Regex::new(text).expect("the patterns are fixed and the tests use each");
    [
        // A URL that names a user, whole: the password may have any character.
        (pattern(r"(?i)\b([a-z][a-z0-9+.-]*)://[^\s/@]*@[^\s\x22'<>]*"), "$1://[redacted]"),
        // A database's URL without one.
        (pattern(r"(?i)\b(postgres(?:ql)?)://[^\s\x22'<>]*"), "$1://[redacted]"),
        (pattern(r"(?i)\b(bearer)\s+[^\s\x22',;}\]]+"), "$1 [redacted]"),
        (pattern(r"(?i)\b(basic)\s+[a-z0-9+/]{8,}={0,2}"), "$1 [redacted]"),
        (pattern(r"\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*"), MASK),
        (
            pattern(concat!(
                r"(?i)([\x22']?\b[a-z0-9_-]*(?:password|passwd|pwd|secret|token|api[_-]?key)",
                r"[a-z0-9_-]*\\?[\x22']?\s*[:=]\s*)",
                r"(?:\\?\x22[^\x22]*\x22?|'[^']*'?|[^\s\x22',;&}\]]+)"
            )),
            "$1[redacted]",
        ),
    ]
});

/// Takes secrets out of texts; knows the ones in use beside what secrets look like.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    known: Vec<SecretString>,
}

impl Redactor {
    /// One that knows these secrets.
    pub fn new(known: Vec<SecretString>) -> Self {
        Self { known }
    }

    /// `text` without secrets, control characters escaped, cut to [`DETAIL_MAX_CHARS`].
    pub fn detail(&self, text: &str) -> String {
        let mut text = text[..text.floor_char_boundary(LOOKED_AT_BYTES)].to_owned();
        for secret in &self.known {
            // A very short one would take ordinary words apart.
            if secret.expose_secret().len() >= 4 {
                text = text.replace(secret.expose_secret(), MASK);
            }
        }
        for (pattern, replacement) in PATTERNS.iter() {
            text = pattern.replace_all(&text, *replacement).into_owned();
        }
        cut(&escape_controls(text.trim()))
    }
}

/// Each control character as `\n`, `\u{1b}`; so are those that turn the direction of text.
fn escape_controls(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = ['\u{200e}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2066}'..='\u{2069}']
            .iter()
            .any(|range| range.contains(&c));
        if c.is_control() || turns {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn cut(text: &str) -> String {
    if text.chars().count() <= DETAIL_MAX_CHARS {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(DETAIL_MAX_CHARS - 1).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_looks_like_a_secret_stays() {
        let redactor = Redactor::new(vec!["hunter2-known".into()]);
        for text in [
            "Authorization: Bearer abc.SEKRET.def failed",
            "bearer dev:SEKRET",
            "Basic dXNlcjpSEKRETw==",
            "token eyJhbGciOiJIUzI1NiJ9.SEKRET.c2ln is bad",
            "cannot reach postgresql://app:SEKRET@db.example:5432/shop?x=1",
            "cannot reach postgres://db.example/SEKRET",
            "see https://user:SEKRET@host/path",
            r#"{"password": "SEKRET one two", "user": "x"}"#,
            r#"{\"password\": \"SEKRET\"}"#,
            "password=SEKRET;host=x",
            "DB_PASSWORD='SEKRET x'",
            "api_key: SEKRET",
            "access_token=SEKRET&x=1",
        ] {
            let said = redactor.detail(text);
            assert!(!said.contains("SEKRET") && said.contains("[redacted]"), "{text} -> {said}");
        }
        assert_eq!(redactor.detail("key hunter2-known refused"), "key [redacted] refused");
    }

    #[test]
    fn what_is_no_secret_stays() {
        let redactor = Redactor::default();
        for text in
            ["Cart is empty", "Only 3 in stock: München €", "tokens are fine", "basic terms"]
        {
            assert_eq!(redactor.detail(text), text);
        }
    }

    #[test]
    fn control_characters_are_escaped_and_200_characters_kept() {
        let redactor = Redactor::default();
        assert_eq!(redactor.detail("a\u{1b}[2Jb\nc\u{202e}d"), r"a\u{1b}[2Jb\nc\u{202e}d");
        assert_eq!(redactor.detail(&"é".repeat(200)).chars().count(), 200);
        let long = redactor.detail(&"é".repeat(201));
        assert_eq!(long.chars().count(), 200);
        assert!(long.ends_with('…'));
        assert_eq!(redactor.detail(&"é".repeat(100_000)).chars().count(), 200);
    }

    #[test]
    fn a_secret_across_the_cut_is_taken_out_whole() {
        let text = format!("{} password=SEKRETSEKRET", "x".repeat(186));
        assert!(!Redactor::default().detail(&text).contains("SEK"));
    }
}
