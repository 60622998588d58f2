//! The form of a CSV text before it is split: what separates its columns, that its quotes close,
//! and on which line a byte of it stands.

use std::fmt;
use std::str::FromStr;

use super::PersonaFileError;

/// What separates the columns of a CSV file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`, as spreadsheets write where the comma is the decimal mark.
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Bar,
}

impl Delimiter {
    const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Bar];

    /// The character.
    pub fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Bar => b'|',
        }
    }

    /// What the header line has most of, once it has no comma.
    pub fn of_header(line: &str) -> Self {
        let count = |delimiter: Self| line.bytes().filter(|b| *b == delimiter.byte()).count();
        if count(Self::Comma) > 0 {
            return Self::Comma;
        }
        let others = [Self::Bar, Self::Tab, Self::Semicolon];
        let most = others.into_iter().max_by_key(|delimiter| count(*delimiter));
        most.filter(|delimiter| count(*delimiter) > 0).unwrap_or(Self::Comma)
    }

    /// The one that a first line `sep=;` names, and the text behind that line.
    pub fn of_first_line(text: &str) -> Option<(Self, &str)> {
        let (line, rest) = text.split_once('\n')?;
        let named = line.trim_end_matches('\r').trim_matches('"');
        let named =
            named.get(..4).filter(|key| key.eq_ignore_ascii_case("sep=")).map(|_| &named[4..]);
        let found =
            Self::ALL.into_iter().find(|one| named.is_some_and(|n| n.as_bytes() == [one.byte()]));
        found.map(|delimiter| (delimiter, rest))
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Tab => "tab",
            Self::Bar => "|",
        })
    }
}

impl FromStr for Delimiter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_it = |one: &Self| one.to_string() == text || text.as_bytes() == [one.byte()];
        Self::ALL.into_iter().find(is_it).ok_or_else(|| "allowed: , ; | tab".to_owned())
    }
}

/// Counts lines up to a byte; asked for ever later bytes, it looks at each once. A line ends with
/// `\n`, `\r\n` or a lone `\r`.
pub struct Lines<'t> {
    text: &'t [u8],
    byte: usize,
    line: u64,
}

impl<'t> Lines<'t> {
    /// Of `text`, before which stand `before` lines.
    pub fn of(text: &'t str, before: u64) -> Self {
        Self { text: text.as_bytes(), byte: 0, line: before + 1 }
    }

    /// The 1-based line of what begins at `byte` or, where line ends stand there, behind them.
    pub fn at(&mut self, byte: usize) -> u64 {
        let mut to = byte.max(self.byte);
        while matches!(self.text.get(to), Some(b'\r' | b'\n')) {
            to += 1;
        }
        for place in self.byte..to.min(self.text.len()) {
            let ends = match self.text[place] {
                b'\n' => true,
                b'\r' => self.text.get(place + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(ends);
        }
        self.byte = to;
        self.line
    }
}

/// Refuses a text in which a quote never closes, or closes before its field ends: what follows is
/// then read as something that nobody wrote.
pub fn check_quotes(
    origin: &str,
    text: &str,
    delimiter: Delimiter,
    before: u64,
) -> Result<(), PersonaFileError> {
    let bytes = text.as_bytes();
    let fail = |byte: usize, cause: String| {
        let line_begins = text[..byte].rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let line = Lines::of(text, before).at(byte);
        Err(PersonaFileError::Malformed {
            origin: origin.to_owned(),
            line: usize::try_from(line).unwrap_or(usize::MAX),
            column: text[line_begins..byte].chars().count() + 1,
            cause,
        })
    };
    let ends_field = |byte: u8| byte == delimiter.byte() || matches!(byte, b'\n' | b'\r');
    let mut place = 0;
    while place < bytes.len() {
        if bytes[place] == b'"' {
            let opened = place;
            place += 1;
            loop {
                match (bytes.get(place), bytes.get(place + 1)) {
                    (None, _) => {
                        let cause = "the quote that opens here never closes; close it, or double \
                                     a quote that is part of the text";
                        return fail(opened, cause.to_owned());
                    }
                    (Some(b'"'), Some(b'"')) => place += 2,
                    (Some(b'"'), _) => break,
                    (Some(_), _) => place += 1,
                }
            }
            place += 1;
            if bytes.get(place).is_some_and(|byte| !ends_field(*byte) && *byte != b' ') {
                let line = Lines::of(text, before).at(opened);
                let cause = format!(
                    "text follows the quote that closes what was opened in line {line}; close the \
                     one before it, or double a quote that is part of the text"
                );
                return fail(place, cause);
            }
        }
        let rest = &bytes[place..];
        place += rest.iter().position(|byte| ends_field(*byte)).unwrap_or(rest.len()) + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> String {
        check_quotes("p.csv", text, Delimiter::Comma, 0).unwrap_err().to_string()
    }

    #[test]
    fn a_header_without_a_comma_is_split_by_what_it_has_most_of() {
        for (header, expected) in [
            ("a;b;c", Delimiter::Semicolon),
            ("a\tb", Delimiter::Tab),
            ("a|b;c|d", Delimiter::Bar),
            ("a,b;c;d", Delimiter::Comma),
            ("a", Delimiter::Comma),
        ] {
            assert_eq!(Delimiter::of_header(header), expected, "{header}");
        }
        assert_eq!(
            Delimiter::of_first_line("sep=;\r\na,b").unwrap(),
            (Delimiter::Semicolon, "a,b")
        );
        assert_eq!(Delimiter::of_first_line("\"SEP=\t\"\nx").unwrap(), (Delimiter::Tab, "x"));
        for none in ["sep=ab\nx", "sep=", "é=,\nx", "a,b\nsep=;\n", "sep=:\nx"] {
            assert_eq!(Delimiter::of_first_line(none), None, "{none}");
        }
        assert!("tab".parse() == Ok(Delimiter::Tab) && "\t".parse() == Ok(Delimiter::Tab));
        assert!(":".parse::<Delimiter>().is_err());
    }

    #[test]
    fn an_open_quote_is_named_where_it_opens_or_where_another_one_closes_it() {
        let open = broken("a,b\r\n1,\"x\n2,y\n");
        assert!(open.starts_with("p.csv:2:3: the quote that opens here never closes"), "{open}");
        let closed = broken("a,b\n1,\"never\n2,\"y\"\n");
        assert!(closed.starts_with("p.csv:3:4: text follows"), "{closed}");
        assert!(closed.contains("opened in line 2"), "{closed}");
        for whole in
            ["a,b\n\"1\n,\",2\n", "\"a\"\"b\",c", "5\" pipe,\"\"\n", "\"\"", "", "\"a\" ,b"]
        {
            assert!(check_quotes("p.csv", whole, Delimiter::Comma, 0).is_ok(), "{whole}");
        }
    }

    #[test]
    fn lines_end_as_on_any_system() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a", "b", "", "c"].join(end);
            let mut lines = Lines::of(&text, 2);
            assert_eq!(lines.at(0), 3);
            assert_eq!(lines.at(1), 4, "what follows the line's end");
            assert_eq!(lines.at(text.find('c').unwrap()), 6);
        }
    }
}
