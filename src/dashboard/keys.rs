//! Which key means what.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `p`
    Pause,
    /// `r`
    Resume,
    /// `c`
    Checkpoint,
    /// `q`
    Quit,
    /// `?` or `h`: the help, or away with it.
    Help,
    /// Escape: away with the help.
    Close,
    /// Ctrl-C, as the terminal itself would send it.
    Interrupt,
    /// Ctrl-Z, likewise.
    Suspend,
    /// Ctrl-L: everything is drawn anew.
    Redraw,
}

/// The keys of the footer: what is pressed, and what it does in a word.
pub const FOOTER: [(Key, &str, &str); 5] = [
    (Key::Pause, "p", "pause"),
    (Key::Resume, "r", "resume"),
    (Key::Checkpoint, "c", "checkpoint"),
    (Key::Quit, "q", "quit"),
    (Key::Help, "?", "help"),
];

impl Key {
    /// The meaning of a key event; most have none. Capitals mean the same: Caps Lock is no reason
    /// to go unheard.
    pub fn of(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let KeyCode::Char(letter) = event.code else {
            return (event.code == KeyCode::Esc).then_some(Self::Close);
        };
        let letter = letter.to_ascii_lowercase();
        if event.modifiers.contains(KeyModifiers::CONTROL) {
            return match letter {
                'c' => Some(Self::Interrupt),
                'z' => Some(Self::Suspend),
                'l' => Some(Self::Redraw),
                _ => None,
            };
        }
        if event.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        match letter {
            'p' => Some(Self::Pause),
            'r' => Some(Self::Resume),
            'c' => Some(Self::Checkpoint),
            'q' => Some(Self::Quit),
            '?' | 'h' => Some(Self::Help),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(letter: char, modifiers: KeyModifiers) -> Option<Key> {
        Key::of(KeyEvent::new(KeyCode::Char(letter), modifiers))
    }

    #[test]
    fn letters_are_commands_and_control_letters_are_the_terminals() {
        let none = KeyModifiers::NONE;
        assert_eq!(key('p', none), Some(Key::Pause));
        assert_eq!(key('Q', KeyModifiers::SHIFT), Some(Key::Quit));
        assert_eq!(key('c', none), Some(Key::Checkpoint));
        assert_eq!(key('c', KeyModifiers::CONTROL), Some(Key::Interrupt));
        assert_eq!(key('z', KeyModifiers::CONTROL), Some(Key::Suspend));
        assert_eq!(key('?', KeyModifiers::SHIFT), Some(Key::Help));
        assert_eq!(Key::of(KeyEvent::new(KeyCode::Esc, none)), Some(Key::Close));
    }

    #[test]
    fn other_keys_and_releases_ask_for_nothing() {
        for letter in ['x', 'z', 'ß', '1'] {
            assert_eq!(key(letter, KeyModifiers::NONE), None, "{letter}");
        }
        assert_eq!(key('q', KeyModifiers::CONTROL), None);
        assert_eq!(key('q', KeyModifiers::ALT), None);
        assert_eq!(Key::of(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)), None);
        let mut released = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        released.kind = KeyEventKind::Release;
        assert_eq!(Key::of(released), None);
    }
}
