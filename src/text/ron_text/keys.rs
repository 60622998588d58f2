//! Where the keys of a RON text stand, so that a mistake can be named by its key and its place.
//!
//! A scanner, not a parser: it must also make sense of texts that RON refuses.

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
    let mut scanner = Scanner { chars: text.chars().collect(), at: 0, line: 1, column: 1 };
    let mut found = Vec::new();
    let mut levels: Vec<Option<String>> = vec![None];
    let mut word: Option<(String, usize, usize)> = None;
    while let Some(token) = scanner.token() {
        match token {
            Token::Word(text, line, column) => word = Some((text, line, column)),
            Token::Mark(':') => {
                if let Some((name, line, column)) = word.take() {
                    if let Some(level) = levels.last_mut() {
                        *level = Some(name);
                    }
                    let path = levels.iter().flatten().cloned().collect::<Vec<_>>().join(".");
                    found.push(KeyPlace { path, line, column });
                }
            }
            Token::Mark('(' | '[' | '{') => {
                word = None;
                levels.push(None);
            }
            Token::Mark(')' | ']' | '}') => {
                word = None;
                if levels.len() > 1 {
                    levels.pop();
                }
            }
            Token::Mark(_) => {
                word = None;
                if let Some(level) = levels.last_mut() {
                    *level = None;
                }
            }
        }
    }
    found
}

/// The last key that begins at or before this place.
pub fn key_at(text: &str, line: usize, column: usize) -> Option<String> {
    let before = |key: &KeyPlace| (key.line, key.column) <= (line, column);
    keys(text).into_iter().take_while(before).last().map(|key| key.path)
}

/// What the scanner tells apart.
enum Token {
    /// An identifier, a number or a string, with the place of its first character.
    Word(String, usize, usize),
    /// One of `( ) [ ] { } : ,`.
    Mark(char),
}

/// A position in a text.
struct Scanner {
    /// The text.
    chars: Vec<char>,
    /// Index of the next character.
    at: usize,
    /// Of the next character, 1-based.
    line: usize,
    /// Of the next character, 1-based.
    column: usize,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek(0)?;
        self.at += 1;
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
                    let mut word = String::new();
                    while let Some(c) = self.peek(0).filter(|c| is_word(*c)) {
                        word.push(c);
                        self.next();
                    }
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
        let mut text = String::new();
        self.next();
        while let Some(c) = self.next() {
            match c {
                '"' => break,
                '\\' => text.extend(self.next()),
                other => text.push(other),
            }
        }
        text
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
    fn broken_texts_end_without_a_panic() {
        for text in ["", ")))", "\"open", "/* open", "a:", ":::", "(((((", "\\"] {
            let _ = keys(text);
        }
    }
}
