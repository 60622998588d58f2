//! What may be said of what others say: no secret. A shop's, a server's or a database's words, and
//! the URL of a database, all pass here.
//!
//! Secrets are taken out before a text is cut: half a token would no longer look like one.

mod suspicion;

use std::sync::LazyLock;

use crate::visible;
use regex::Regex;
use secrecy::{ExposeSecret, SecretString};

/// Characters kept of what a shop said.
pub const DETAIL_MAX_CHARS: usize = 200;
/// Bytes looked at; what is kept begins well before this.
const LOOKED_AT_BYTES: usize = 8 * 1024;
/// What stands in a secret's place, in all that is shown or saved.
pub const MASK: &str = "***";
/// A known secret below this would take ordinary words apart: it is hidden as a word by itself.
const KNOWN_MIN_BYTES: usize = 4;
/// Parameters of a database's URL that hold no secret.
const HARMLESS: [&str; 7] =
    ["sslmode", "sslrootcert", "application_name", "options", "connect_timeout", "port", "host"];

/// What is a secret wherever it stands, and what stays of it.
static PATTERNS: LazyLock<[(Regex, String); 4]> = LazyLock::new(|| {
    let pattern = |text, before: &str| {
        let regex = Regex::new(text).expect("the patterns are fixed and the tests use each");
        (regex, format!("{before}{MASK}"))
    };
    [
        // A URL that names a user, whole: the password may have any character.
        pattern(r"(?i)\b([a-z][a-z0-9+.-]*)://[^\s/@]*@[^\s\x22'<>]*", "$1://"),
        // A database's URL without one.
        pattern(r"(?i)\b(postgres(?:ql)?)://[^\s\x22'<>]*", "$1://"),
        // A JWT: `{"` in base64 begins it.
        pattern(r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*", ""),
        // Keys that say what they are.
        pattern(
            concat!(
                r"\b(?:[sprw][a-z]{1,4}_(?:live|test)_|gh[a-z]_|github_pat_|xox[a-z]-|whsec_)",
                r"[A-Za-z0-9_-]{8,}|\bAKIA[A-Z0-9]{12,}"
            ),
            "",
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

    /// `text` without the known secrets: of words that hold no other, however long they are.
    pub fn clean(&self, text: &str) -> String {
        let known = self.known.iter().map(ExposeSecret::expose_secret);
        known.fold(text.to_owned(), |text, secret| without(&text, secret, |_, _| true))
    }

    /// `text` without anything that is a secret or looks like one, control characters escaped, cut
    /// to [`DETAIL_MAX_CHARS`]: of words that anybody may have written.
    pub fn detail(&self, text: &str) -> String {
        let looked_at = &text[..text.floor_char_boundary(LOOKED_AT_BYTES)];
        let known = self.known.iter().map(ExposeSecret::expose_secret);
        let mut text = known.fold(looked_at.to_owned(), |text, secret| {
            let is_long = secret.len() >= KNOWN_MIN_BYTES;
            without(&text, secret, |before, after| is_long || is_apart(before, after))
        });
        for (pattern, replacement) in PATTERNS.iter() {
            text = pattern.replace_all(&text, replacement).into_owned();
        }
        cut(&visible::line(suspicion::masked(&text).trim()))
    }
}

/// `text` without `secret`, in capitals or not, where `counts` says so of what stands around it.
fn without(text: &str, secret: &str, counts: impl Fn(&str, &str) -> bool) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    // Lower case of ASCII keeps every place.
    let (low, secret) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    let mut done = String::with_capacity(text.len());
    let mut from = 0;
    for (at, found) in low.match_indices(&secret) {
        let end = at + found.len();
        if counts(&text[..at], &text[end..]) {
            done.push_str(&text[from..at]);
            done.push_str(MASK);
            from = end;
        }
    }
    done.push_str(&text[from..]);
    done
}

/// Whether what stands between these two is a word by itself.
fn is_apart(before: &str, after: &str) -> bool {
    !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
}

/// A database's URL without what must not be seen. Everything before the last `@` counts as user
/// and password, so that a password with any character in it stays hidden; of the parameters only
/// those known to be harmless are shown.
pub fn database_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return MASK.to_owned() };
    if scheme == "sqlite" {
        return url.to_owned();
    }
    let (credentials, rest) = match rest.rsplit_once('@') {
        // This @ stands among the parameters and ends no user.
        Some((before, _)) if before.contains('?') && !before.contains(':') => (None, rest),
        Some((credentials, rest)) => (Some(credentials), rest),
        None => (None, rest),
    };
    let credentials = match credentials.map(|c| c.split_once(':').ok_or(c)) {
        Some(Ok((user, _))) => format!("{user}:{MASK}@"),
        Some(Err(user)) => format!("{user}@"),
        None => String::new(),
    };
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, format!("?{}", parameters(query))),
        None => (rest, String::new()),
    };
    format!("{scheme}://{credentials}{place}{query}")
}

/// An address without what may be a secret in it: user and password, query, fragment.
pub fn address(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let (user, rest) = match rest.rsplit_once('@') {
        Some((_, rest)) => (format!("{MASK}@"), rest),
        None => (String::new(), rest),
    };
    let (place, hidden) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    let hidden = hidden.chars().next().map_or(String::new(), |mark| format!("{mark}{MASK}"));
    format!("{scheme}{user}{place}{hidden}")
}

fn parameters(query: &str) -> String {
    let show = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if !HARMLESS.contains(&name) => format!("{name}={MASK}"),
        Some(_) | None => pair.to_owned(),
    };
    query.split('&').map(show).collect::<Vec<_>>().join("&")
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
            assert!(!said.contains("SEKRET") && said.contains(MASK), "{text} -> {said}");
        }
        assert_eq!(redactor.detail("key hunter2-known refused"), "key *** refused");
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

    #[test]
    fn a_known_secret_is_hidden_in_capitals_too_and_a_short_one_takes_no_word_apart() {
        let redactor = Redactor::new(vec!["abc".into(), "Hunter2x".into(), String::new().into()]);
        assert_eq!(redactor.clean("abcd for user x"), "***d for user x");
        assert_eq!(redactor.detail("abcd for user x"), "abcd for user x");
        assert_eq!(redactor.detail("key ABC, abc: xabc"), "key ***, ***: xabc");
        assert_eq!(redactor.detail("keyHUNTER2X-hunter2xhunter2x"), "key***-******");
        assert_eq!(redactor.clean(&"é".repeat(300)).chars().count(), 300);
    }

    #[test]
    fn a_key_that_says_what_it_is_is_hidden_wherever_it_stands() {
        let redactor = Redactor::default();
        for (text, shown) in [
            ("charge with sk_live_51HxAbCd failed", "charge with *** failed"),
            ("whsec_abcdefgh", "***"),
            ("ghp_0123456789ab", "***"),
            ("AKIAIOSFODNN7EXAMPLE is unknown", "*** is unknown"),
            ("jwt_eyJhbGciOiJIUzI1NiJ9.e30.c2ln.", "jwt_***"),
            ("task_live_x is fine", "task_live_x is fine"),
            ("order_01HZXJ5M2Q8W", "order_01HZXJ5M2Q8W"),
        ] {
            assert_eq!(redactor.detail(text), shown);
        }
    }

    #[test]
    fn the_reason_of_a_401_is_shown() {
        let said = "Invalid or expired token: Signature verification failed";
        assert_eq!(Redactor::default().detail(said), said);
    }

    #[test]
    fn an_address_is_shown_without_user_and_query() {
        for (url, shown) in [
            ("http://h:1/x", "http://h:1/x"),
            ("http://me:p?a#s@s@h/x", "http://***@h/x"),
            ("http://h/x?t=1#f", "http://h/x?***"),
            ("http://h/x#t", "http://h/x#***"),
            ("me:pw@h", "***@h"),
            ("http:/me:pw@h?x", "***@h?***"),
        ] {
            assert_eq!(address(url), shown);
        }
    }

    #[test]
    fn a_database_url_is_shown_without_its_password() {
        for (url, shown) in [
            ("postgres://me:pa@ss:/w?rd@db:5432/shop", "postgres://me:***@db:5432/shop"),
            (
                "postgres://me@db/shop?password=x&port=1",
                "postgres://me@db/shop?password=***&port=1",
            ),
            ("postgres://me@db/shop?password=s3c@ret", "postgres://me@db/shop?password=***"),
            ("postgresql://db/shop?sslrootcert=/ca", "postgresql://db/shop?sslrootcert=/ca"),
            ("sqlite://./data/cartload.db", "sqlite://./data/cartload.db"),
            ("s3cret", "***"),
        ] {
            assert_eq!(database_url(url), shown);
        }
    }
}
