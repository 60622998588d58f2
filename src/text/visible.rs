//! Text that came from outside, made harmless for a terminal: a name must not move the cursor,
//! clear the screen or turn the direction of writing, or fill it.

use std::borrow::Cow;

/// Whether a terminal does something else with it than to show it.
pub fn is_command(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
}

/// One line: each such character as `\n`, `\u{1b}`.
pub fn line(text: &str) -> String {
    escaped(text, |_| false)
}

/// Several lines: as [`line()`], but line ends and tabs stay.
pub fn lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// Lines in colours: as [`lines()`], but what begins a colour stays.
pub fn coloured(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t' | '\u{1b}'))
}

/// Characters of a problem that are told: readers repeat what they found, however long.
pub const PROBLEM_CHARS_MAX: usize = 1_000;

/// What a reader says is wrong, no longer than a screen.
pub fn cut(problem: &str) -> Cow<'_, str> {
    match problem.char_indices().nth(PROBLEM_CHARS_MAX) {
        Some((at, _)) => format!("{}...", &problem[..at]).into(),
        None => problem.into(),
    }
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_command(c) && !stays(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_shown_as_its_escape_and_words_of_any_language_stay() {
        let hostile = "a\u{1b}[2J\r\n\t\u{7}\u{9b}31m\u{7f}\u{202e}b\u{61c}\u{2066}";
        let shown = r"a\u{1b}[2J\r\n\t\u{7}\u{9b}31m\u{7f}\u{202e}b\u{61c}\u{2066}";
        assert_eq!(line(hostile), shown);
        assert_eq!(lines("a\u{1b}\n\tb\r"), "a\\u{1b}\n\tb\\r");
        assert_eq!(coloured("\u{1b}[2ma\u{9b}\u{202e}\n"), "\u{1b}[2ma\\u{9b}\\u{202e}\n");
        assert_eq!(line("Käse 乳酪 شاي"), "Käse 乳酪 شاي");
    }
}
