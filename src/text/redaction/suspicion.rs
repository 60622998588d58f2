//! What looks like a secret where a text names one: `token: Signature verification failed` says a
//! reason, `token: a1b2c3` says a secret.
//!
//! In doubt it is a secret: a word passes only as one that servers give reasons in, or, behind the
//! name of something that is drawn by chance and never a word, as any plain word.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::MASK;

/// Letters of a plain word, at most; no reason has a longer one.
const WORD_MAX_CHARS: usize = 20;
/// Consonants in a row of a plain word, at most: "strengths" has five.
const CONSONANTS_MAX: usize = 5;
/// From this many on, letters that are all hexadecimal digits are no word.
const HEX_MIN_CHARS: usize = 8;
/// A number of more digits may be a PIN; one of fewer is a length or a status.
const NUMBER_MAX_DIGITS: usize = 3;
/// Words of a quoted reason, at most.
const REASON_WORDS_MAX: usize = 16;
/// Words behind a reason that are looked at: `token: invalid a1b2c3`.
const WORDS_BEHIND: usize = 3;
/// A word behind a reason is a secret from this length on, if it mixes letters and digits.
const MIXED_MIN_CHARS: usize = 6;

/// Names of secrets, and what is said of them beside a reason: alone they may be passwords.
const NAMES: &str = "\
access account api auth credential credentials jwt key keys login password passwords secret \
secrets session token tokens user users";

/// Words in which servers say what is wrong with a secret.
const REASONS: &str = "\
a absent accepted again alg algorithm allowed already an and are at audience authentication \
authorisation authorization bad basic be bearer been blank but by bytes can cannot changed \
character characters chars check claim claims common could decode decoding denied did digit \
digits disabled do does empty encoding enough error exceeded expected expired expires fail \
failed failure false field filtered for forbidden format found from given has have header hidden \
in inactive incorrect invalid is issuer it its least letters limit locked long malformed \
mandatory match mismatch missing most must no none not null of on only optional or payload \
please provided realm redacted refused rejected required revoked scheme segment segments set \
short should signature string subject supplied than that the this to too true type unauthorized \
undefined unknown unsupported valid validation verification weak with wrong your";

/// A secret's name, a colon or an equals sign, and the value: quoted, or up to a space.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?i)(?P<before>[\x22']?\b[a-z0-9_-]*",
        r"(?P<name>password|passwd|pwd|passphrase|secret|token|cookie|authorization|credentials?",
        r"|(?:api|access|private)[_-]?key)",
        r"[a-z0-9_-]*\\?[\x22']?\s*(?P<sign>[:=])\s*)",
        r"(?P<value>\\?\x22[^\x22]*\x22?|'[^']*'?|[^\s\x22',;&}\]]+)"
    ))
});

/// A scheme of the Authorization header, and what follows it.
static SCHEME: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)(?P<before>\b(?P<name>bearer|basic)\s+)(?P<value>[^\s\x22',;}\]]+)")
});

fn regex(text: &str) -> Regex {
    Regex::new(text).expect("the patterns are fixed and the tests use each")
}

/// What a value must be to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// A plain word: what stands there for a secret would be drawn by chance.
    Words,
    /// A reason, or what a secret is called.
    Names,
    /// A reason: any other word may be somebody's password.
    Reasons,
}

/// `text` with a mask for each value that is named as a secret and looks like one.
pub(super) fn masked(text: &str) -> String {
    let text = replaced(text, &SCHEME, |found| match &found["name"] {
        // Behind `basic` a plain word is most often prose; what it carries is never one.
        name if name.eq_ignore_ascii_case("basic") => Shown::Words,
        _ => Shown::Names,
    });
    replaced(&text, &NAMED, |found| {
        let name = found["name"].to_ascii_lowercase();
        let is_drawn = name == "token" || name.ends_with("key");
        let is_said = &found["sign"] == ":" && !found["value"].contains(['"', '\'']);
        if is_drawn && is_said { Shown::Words } else { Shown::Reasons }
    })
}

fn replaced(text: &str, pattern: &Regex, wanted: impl Fn(&Captures<'_>) -> Shown) -> String {
    let mut done = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = pattern.captures_at(text, from) {
        let (Some(before), Some(value)) = (found.name("before"), found.name("value")) else {
            break;
        };
        done.push_str(&text[from..before.end()]);
        from = value.end();
        if is_secret(value.as_str(), wanted(&found)) {
            done.push_str(MASK);
        } else {
            done.push_str(value.as_str());
            from = behind(text, from, &mut done);
        }
    }
    done.push_str(&text[from..]);
    done
}

/// Copies the words behind a reason, with a mask for those that no reason would have; answers where
/// the text goes on. A word that names something else is left to its own pattern.
fn behind(text: &str, mut from: usize, done: &mut String) -> usize {
    for _ in 0..WORDS_BEHIND {
        let rest = &text[from..];
        let start = rest.find(char::is_alphanumeric).unwrap_or(rest.len());
        let is_end = |c: char| c.is_whitespace() || "\"',;:=&(){}[]".contains(c);
        let end = rest[start..].find(is_end).map_or(rest.len(), |at| start + at);
        let word = &rest[start..end];
        if word.is_empty() || rest[end..].trim_start().starts_with([':', '=']) {
            break;
        }
        let is_mixed = word.contains(|c: char| c.is_ascii_digit())
            && word.contains(char::is_alphabetic)
            && word.chars().count() >= MIXED_MIN_CHARS;
        done.push_str(&rest[..start]);
        done.push_str(if is_mixed { MASK } else { word });
        from += end;
    }
    from
}

fn is_secret(value: &str, shown: Shown) -> bool {
    let is_frame = |c: char| c.is_whitespace() || "\\\"'.,;:!?()".contains(c);
    let bare = value.trim_matches(is_frame);
    let parts: Vec<&str> = bare.split(|c: char| !c.is_alphanumeric()).collect();
    if bare.is_empty() || bare == MASK {
        return false;
    }
    if let [word] = parts[..] {
        let is_plain = shown == Shown::Words && is_plain_word(word);
        return !is_plain && !is_reason(&[word], shown);
    }
    // Between words stand spaces, or one sign of an error's code: `invalid_token`, `too-short`.
    let is_joint = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_-.,:'".contains(c);
    let words: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    !bare.chars().all(is_joint) || words.len() > REASON_WORDS_MAX || !is_reason(&words, shown)
}

/// Whether all of these, camel case taken apart, are said of secrets, and not only names of one.
fn is_reason(words: &[&str], shown: Shown) -> bool {
    let words: Vec<String> = words.iter().flat_map(|word| humps(word)).collect();
    let is_number = |word: &str| {
        word.len() <= NUMBER_MAX_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit())
    };
    let says = |word: &String| is_number(word) || is_one_of(REASONS, word);
    let is_known = |word: &String| says(word) || is_one_of(NAMES, word);
    words.iter().all(is_known) && (shown == Shown::Names || words.iter().any(says))
}

fn is_one_of(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known == word)
}

/// The words of `invalidToken`, in lower case. One in capitals is one word.
fn humps(word: &str) -> Vec<String> {
    let is_shouted = !word.chars().any(char::is_lowercase);
    let mut words: Vec<String> = Vec::new();
    for c in word.chars() {
        match words.last_mut() {
            Some(last) if is_shouted || !c.is_uppercase() => last.extend(c.to_lowercase()),
            Some(_) | None => words.push(c.to_lowercase().collect()),
        }
    }
    words
}

/// Letters only, small but for the first, and such as a language has.
fn is_plain_word(word: &str) -> bool {
    let small = word.chars().skip(1).all(char::is_lowercase);
    let letters = word.chars().all(char::is_alphabetic) && word.chars().count() <= WORD_MAX_CHARS;
    let hex = word.len() >= HEX_MIN_CHARS && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut run = 0;
    let sounds = word.to_lowercase().chars().all(|c| {
        run = if c.is_ascii() && !"aeiouy".contains(c) { run + 1 } else { 0 };
        run <= CONSONANTS_MAX
    });
    small && letters && !hex && sounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_behind_the_name_of_a_secret_stays() {
        for text in [
            "Invalid or expired token: Signature verification failed",
            "token: Not enough segments",
            "token: Unauthorized.",
            "token: EXPIRED",
            "token: invalid_token",
            "token: InvalidToken",
            "error=invalid_token, token_error: token expired",
            "token: Ungültig",
            "token: internationalization",
            "token=expired&x=1",
            "password: wrong",
            "password: must be at least 8 characters",
            "password: 128 characters are too long",
            "password: too-short",
            "api_key: missing",
            r#"{"password": "This field is required."}"#,
            r#"{"token": null}"#,
            "Authorization: missing",
            "Authorization: Bearer required",
            "Bearer token is missing",
            "Basic authentication required",
            "basic understanding",
            "token expired",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn a_value_that_may_be_a_secret_does_not() {
        for (text, expected) in [
            ("token: a1b2", "token: ***"),
            ("token: Xy7 refused", "token: *** refused"),
            ("token: internationalizations", "token: ***"),
            ("token: deadbeef", "token: ***"),
            ("token: qwrtpsd", "token: ***"),
            ("token: aBcDeFg", "token: ***"),
            ("token: SEKRET", "token: ***"),
            ("token: 1234", "token: ***"),
            ("token: dev:agent", "token: ***"),
            ("token=dragon", "token=***"),
            ("token: invalid a1b2c3 here", "token: invalid *** here"),
            (
                "token: Signature verification failed for k9j8h7g6", // beyond the words looked at
                "token: Signature verification failed for k9j8h7g6",
            ),
            ("token: invalid password=hunter2", "token: invalid password=***"),
            ("password: dragon", "password: ***"),
            ("password: password", "password: ***"),
            ("password: is dr4gon", "password: is ***"),
            ("password=wrong-1234", "password=***"),
            ("client_secret: correcthorse", "client_secret: ***"),
            ("api_key=sk_live_abcdefgh", "api_key=***"),
            ("api-key: sk_live_abcdefgh", "api-key: ***"),
            ("access_key: AKIAIOSFODNN7EXAMPLE", "access_key: ***"),
            ("Cookie: sid=abc; x=1", "Cookie: ***; x=1"),
            ("Authorization: Bearer abc", "Authorization: Bearer ***"),
            ("bearer dragon", "bearer ***"),
            ("Basic dXNlcjpwdw==", "Basic ***"),
            (r#"{"token": "two words"}"#, r#"{"token": ***}"#),
            ("token: 'x", "token: ***"),
        ] {
            assert_eq!(masked(text), expected, "{text}");
        }
    }
}
