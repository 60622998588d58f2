//! Where the keys of a RON text stand, so that a mistake can be named by its key and its place.
//!
//! A scanner, not a parser: it must also make sense of texts that RON refuses.

use std::rc::Rc;
use std::str::Chars;

/// Levels whose keys are told, as many as RON reads; deeper ones count and have no names.
const DEPTH_MAX: usize = 128;
/// Characters of a key that are told: a path costs what its names cost, once for each key.
const NAME_CHARS_MAX: usize = 80;

/// One key and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    /// From the root, joined by points: `time.scale`.
    pub path: String,
    /// Of the key's first character, 1-based.
    pub line: usize,
    /// Of the key's first character, 1-based, in characters.
    pub column: usize,
}

/// Every key in `text`, in order.
pub fn keys(text: &str) -> Vec<KeyPlace> {
    let mut found = Vec::new();
    walk(text, |path, line, column| {
        found.push(KeyPlace { path: path.joined(), line, column });
        true
    });
    found
}

/// The last key that begins at or before this place.
pub fn key_at(text: &str, line: usize, column: usize) -> Option<String> {
    let mut last = None;
    walk(text, |path, at_line, at_column| {
        let is_before = (at_line, at_column) <= (line, column);
        if is_before {
            // Joined once, at the end: a path may be long.
            last = Some(path.clone());
        }
        is_before
    });
    last.map(|path| path.joined())
}

/// The names from the root to a key.
#[derive(Clone, Debug, Default)]
struct Path {
    /// Of each level, outermost first; `None` where it has none.
    names: Vec<Option<Rc<str>>>,
    /// Levels below those.
    deeper: usize,
}

impl Path {
    fn name(&mut self, name: Option<&str>) {
        if let Some(level) = self.names.last_mut().filter(|_| self.deeper == 0) {
            *level = name.map(Rc::from);
        }
    }

    fn open(&mut self) {
        if self.names.len() < DEPTH_MAX {
            self.names.push(None);
        } else {
            self.deeper += 1;
        }
    }

    fn close(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if self.names.len() > 1 {
            self.names.pop();
        }
    }

    fn joined(&self) -> String {
        self.names.iter().flatten().map(|name| &**name).collect::<Vec<_>>().join(".")
    }
}

/// Calls `visit` at each key with its path and place, until it answers false.
fn walk(text: &str, mut visit: impl FnMut(&Path, usize, usize) -> bool) {
    let mut scanner = Scanner { rest: text.chars(), line: 1, column: 1 };
    let mut path = Path { names: vec![None], deeper: 0 };
    let mut word: Option<(String, usize, usize)> = None;
    while let Some(token) = scanner.token() {
        match token {
            Token::Word(text, line, column) => word = Some((text, line, column)),
            Token::Mark(':') => {
                let Some((name, line, column)) = word.take() else { continue };
                path.name(Some(&name));
                if path.deeper == 0 && !visit(&path, line, column) {
                    return;
                }
            }
            Token::Mark(mark) => {
                word = None;
                match mark {
                    '(' | '[' | '{' => path.open(),
                    ')' | ']' | '}' => path.close(),
                    _ => path.name(None),
                }
            }
        }
    }
}

/// What the scanner tells apart.
enum Token {
    /// An identifier, a number or a string, with the place of its first character.
    Word(String, usize, usize),
    /// One of `( ) [ ] { } : ,`.
    Mark(char),
}

/// A position in a text.
struct Scanner<'a> {
    /// What has not been read.
    rest: Chars<'a>,
    /// Of the next character, 1-based.
    line: usize,
    /// Of the next character, 1-based.
    column: usize,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.clone().nth(ahead)
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        if next == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(next)
    }

    fn token(&mut self) -> Option<Token> {
        loop {
            let (line, column) = (self.line, self.column);
            match self.peek(0)? {
                '/' if self.peek(1) == Some('/') => self.skip_line(),
                '/' if self.peek(1) == Some('*') => self.skip_block(),
                '"' => return Some(Token::Word(self.string(), line, column)),
                mark @ ('(' | ')' | '[' | ']' | '{' | '}' | ':' | ',') => {
                    self.next();
                    return Some(Token::Mark(mark));
                }
                c if is_word(c) => {
                    let mut word = Name::default();
                    while let Some(c) = self.peek(0).filter(|c| is_word(*c)) {
                        word.push(c);
                        self.next();
                    }
                    let word = word.text;
                    return Some(Token::Word(word, line, column));
                }
                _ => {
                    self.next();
                }
            }
        }
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|c| c != '\n') {}
    }

    fn skip_block(&mut self) {
        let mut depth = 0_u32;
        while let Some(c) = self.next() {
            if c == '/' && self.peek(0) == Some('*') {
                self.next();
                depth += 1;
            } else if c == '*' && self.peek(0) == Some('/') {
                self.next();
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return;
                }
            }
        }
    }

    /// Reads a string from its opening quote to behind its closing one.
    fn string(&mut self) -> String {
        let mut name = Name::default();
        self.next();
        while let Some(c) = self.next() {
            match c {
                '"' => break,
                '\\' => self.next().into_iter().for_each(|c| name.push(c)),
                other => name.push(other),
            }
        }
        name.text
    }
}

/// The first characters of a word.
#[derive(Default)]
struct Name {
    text: String,
    chars: usize,
}

impl Name {
    fn push(&mut self, c: char) {
        if self.chars < NAME_CHARS_MAX {
            self.text.push(c);
            self.chars += 1;
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.' | '#')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "(\n  // time: no key\n  time: (\n    scale: 48, /* a: b */ \
                        start: \"a: b\",\n\n  ),\n  map: {\"x\": [1, 2], \"y\": Name(z: 3)},\n)";

    #[test]
    fn keys_are_found_with_their_path_and_place_outside_comments_and_strings() {
        let paths: Vec<_> = keys(TEXT).into_iter().map(|k| (k.path, k.line, k.column)).collect();
        assert_eq!(
            paths,
            [
                ("time".to_owned(), 3, 3),
                ("time.scale".to_owned(), 4, 5),
                ("time.start".to_owned(), 4, 27),
                ("map".to_owned(), 7, 3),
                ("map.x".to_owned(), 7, 9),
                ("map.y".to_owned(), 7, 22),
                ("map.y.z".to_owned(), 7, 32),
            ]
        );
    }

    #[test]
    fn a_place_belongs_to_the_last_key_before_it() {
        assert_eq!(key_at(TEXT, 4, 12).as_deref(), Some("time.scale"));
        assert_eq!(key_at(TEXT, 4, 5).as_deref(), Some("time.scale"));
        assert_eq!(key_at(TEXT, 1, 1), None);
    }

    #[test]
    fn keys_are_told_as_deep_as_ron_reads_and_no_deeper() {
        let nested = |levels| format!("{}x: 1{}", "a: (".repeat(levels), ")".repeat(levels));
        let paths = |levels| keys(&nested(levels)).last().map(|key| key.path.len()).unwrap();
        let told = keys(&nested(DEPTH_MAX - 1));
        assert_eq!(told.len(), DEPTH_MAX);
        assert_eq!(told.last().unwrap().path, format!("{}x", "a.".repeat(DEPTH_MAX - 1)));
        assert_eq!(keys(&nested(DEPTH_MAX)).len(), DEPTH_MAX, "the innermost has no name");
        assert_eq!(paths(5_000), 2 * DEPTH_MAX - 1);
        let after = format!("({}, b: 1)", nested(5_000));
        assert_eq!(keys(&after).last().unwrap().path, "b", "levels are counted all the same");
    }

    #[test]
    fn what_is_told_of_keys_grows_with_the_text_and_no_faster() {
        let told = |text: &str| keys(text).iter().map(|key| key.path.len()).sum::<usize>();
        let long_name = |n: usize| format!("({}: ({}))", "n".repeat(n), "k: 1, ".repeat(n));
        let deep = |n: usize| "a: (".repeat(n);
        for (name, text) in [("long", &long_name as &dyn Fn(usize) -> String), ("deep", &deep)] {
            let (once, tenfold) = (told(&text(2_000)), told(&text(20_000)));
            assert!(tenfold <= 11 * once, "{name}: {once} characters, then {tenfold}");
        }
        let name = |chars: usize| keys(&format!("({}: 1)", "n".repeat(chars))).remove(0).path;
        assert_eq!((name(80).len(), name(81).len()), (80, 80));
    }

    #[test]
    fn broken_texts_end_without_a_panic() {
        for text in ["", ")))", "\"open", "/* open", "a:", ":::", "(((((", "\\"] {
            let _ = keys(text);
        }
    }
}
