//! How things look: colours where they are wanted, symbols that the terminal can show. Neither says
//! anything alone; a word stands beside each.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::{bar, border};

use super::state::mood::Mood;

/// Colours and symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether colours are used.
    pub colours: bool,
    /// Whether ASCII is all there is.
    pub ascii: bool,
}

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Fine.
    Good,
    /// To be looked at.
    Warning,
    /// To be acted upon.
    Bad,
}

/// A line of ASCII bars, eight levels.
const ASCII_BARS: bar::Set<'static> = bar::Set {
    full: "#",
    seven_eighths: "#",
    three_quarters: "#",
    five_eighths: "=",
    half: "=",
    three_eighths: "-",
    one_quarter: "-",
    one_eighth: ".",
    empty: " ",
};

/// Borders in ASCII.
const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

impl Look {
    /// For this process: what the operator asks for, else what NO_COLOR, the locale and the kind of
    /// terminal allow.
    pub fn of_process(ascii: bool) -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
        let has_unicode = locale.is_none_or(|locale| is_utf8(&locale));
        let is_console = set("TERM").is_some_and(|term| term == "linux" || term.starts_with("vt"));
        let colours = set("NO_COLOR").is_none();
        Self { colours, ascii: ascii || !has_unicode || is_console }
    }

    /// One of two symbols.
    pub fn symbol(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { unicode }
    }

    /// Bars of a sparkline.
    pub fn bars(self) -> bar::Set<'static> {
        if self.ascii { ASCII_BARS } else { bar::NINE_LEVELS }
    }

    /// The lines between panels.
    pub fn border(self) -> border::Set<'static> {
        if self.ascii { ASCII_BORDER } else { border::PLAIN }
    }

    /// The lines around what must not be overlooked.
    pub fn heavy_border(self) -> border::Set<'static> {
        if self.ascii { ASCII_BORDER } else { border::THICK }
    }

    /// `share` of `width` characters filled.
    pub fn bar(self, share: f64, width: usize) -> String {
        let filled = (share.clamp(0.0, 1.0) * width as f64).round() as usize;
        let (full, empty) = (self.symbol("█", "#"), self.symbol("░", "."));
        full.repeat(filled) + &empty.repeat(width - filled)
    }

    fn colour(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    /// What labels a value.
    pub fn label(self) -> Style {
        self.colour(Color::Gray)
    }

    /// A panel's title.
    pub fn title(self) -> Style {
        self.colour(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// A value that an operator reads first.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// A curve.
    pub fn curve(self) -> Style {
        self.colour(Color::Cyan)
    }

    /// Something of a weight.
    pub fn weight(self, weight: Weight) -> Style {
        match weight {
            Weight::Good => self.colour(Color::Green),
            Weight::Warning => self.colour(Color::Yellow).add_modifier(Modifier::BOLD),
            Weight::Bad => self.colour(Color::Red).add_modifier(Modifier::BOLD),
        }
    }

    /// The symbol of a weight.
    pub fn mark(self, weight: Weight) -> &'static str {
        match weight {
            Weight::Good => self.symbol("✓", "ok"),
            Weight::Warning => "!",
            Weight::Bad => self.symbol("✗", "X"),
        }
    }

    /// The line at the top.
    pub fn head(self, mood: Mood) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        if !self.colours {
            return style.add_modifier(Modifier::REVERSED);
        }
        let (fg, bg) = match mood {
            Mood::Running => (Color::Black, Color::Green),
            Mood::Replaying | Mood::Starting => (Color::Black, Color::Cyan),
            Mood::Paused | Mood::Ending | Mood::Stopping => (Color::Black, Color::Yellow),
            Mood::Freezing | Mood::Frozen => (Color::White, Color::Red),
            Mood::Ended => (Color::White, Color::DarkGray),
        };
        style.fg(fg).bg(bg)
    }

    /// A mood's symbol.
    pub fn mood(self, mood: Mood) -> &'static str {
        match mood {
            Mood::Running => self.symbol("▶", ">"),
            Mood::Replaying => self.symbol("↻", "@"),
            Mood::Starting => self.symbol("…", "~"),
            Mood::Paused => self.symbol("‖", "="),
            Mood::Ending | Mood::Stopping | Mood::Ended => self.symbol("■", "#"),
            Mood::Freezing | Mood::Frozen => self.symbol("✗", "X"),
        }
    }
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_locale_that_says_so_is_utf_8() {
        for locale in ["en_US.UTF-8", "C.utf8", "UTF-8", "de_DE.UTF-8@euro"] {
            assert!(is_utf8(locale), "{locale}");
        }
        for locale in ["C", "POSIX", "de_DE.ISO-8859-1"] {
            assert!(!is_utf8(locale), "{locale}");
        }
    }

    #[test]
    fn a_bar_is_as_long_as_asked_for_whatever_the_share() {
        let look = Look { colours: false, ascii: true };
        assert_eq!(look.bar(0.5, 4), "##..");
        assert_eq!(look.bar(7.0, 4), "####");
        assert_eq!(look.bar(-1.0, 4), "....");
        assert_eq!(look.bar(f64::NAN, 4), "....");
    }
}
