//! Text that came from outside, made harmless: a shop's answer must not move the cursor, clear the
//! screen or write from right to left.

use unicode_width::UnicodeWidthChar;

/// `text` with everything escaped that is no visible character: control characters, marks without
/// a width, and characters that change the direction of writing. With `ascii` all else but ASCII.
pub fn plain(text: &str, ascii: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let is_shown = match character {
            ' '..='~' => true,
            _ if ascii => false,
            _ => character.width().is_some_and(|width| width > 0) && !is_direction(character),
        };
        if is_shown { shown.push(character) } else { shown.extend(character.escape_default()) }
    }
    shown
}

/// Marks, embeddings, overrides and isolates of the bidirectional algorithm.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_move_the_cursor_is_shown_as_its_escape() {
        let hostile = "ok\u{1b}[2J\r\n\u{7}\u{9b}31m\u{7f}";
        assert_eq!(plain(hostile, false), r"ok\u{1b}[2J\r\n\u{7}\u{9b}31m\u{7f}");
    }

    #[test]
    fn words_of_any_language_are_shown_and_tricks_of_writing_are_not() {
        assert_eq!(plain("Käse 乳酪", false), "Käse 乳酪");
        assert_eq!(plain("a\u{202e}b\u{200b}c\u{301}", false), r"a\u{202e}b\u{200b}c\u{301}");
        assert_eq!(plain("Käse", true), r"K\u{e4}se");
    }
}
