//! What a page is made of: sections of panels, each with a sentence, a picture and its numbers.

use crate::report::svg::{Picture, Room, draw};

/// A figure at the top.
pub struct Tile {
    /// What it is.
    pub name: &'static str,
    /// In words.
    pub value: String,
    /// What it is of.
    pub note: String,
}

/// A part of the page.
pub struct Section {
    /// Its anchor.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What its numbers are over.
    pub intro: String,
    /// Its panels.
    pub panels: Vec<Panel>,
}

/// One thing shown.
pub struct Panel {
    /// Its heading.
    pub title: &'static str,
    /// What it shows, in a sentence.
    pub says: String,
    /// Whether it takes the whole row.
    pub is_whole: bool,
    /// A picture; already escaped.
    pub picture: String,
    /// Names and values.
    pub facts: Vec<(String, String)>,
    /// Its numbers.
    pub table: Option<Table>,
    /// Whether the numbers stand open.
    pub is_open: bool,
    /// Text as it is, behind a fold: its name and itself.
    pub text: Option<(&'static str, String)>,
}

/// Numbers in rows.
pub struct Table {
    /// What they are.
    pub caption: String,
    /// Names of the columns.
    pub head: Vec<String>,
    /// Columns from the left that hold words.
    pub words: usize,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Rows with these columns, the first of which holds words.
    pub fn new(caption: impl Into<String>, head: &[&str], rows: Vec<Vec<String>>) -> Self {
        let head = head.iter().map(|name| (*name).to_owned()).collect();
        Self { caption: caption.into(), head, words: 1, rows }
    }

    /// So many columns hold words.
    pub fn of_words(self, words: usize) -> Self {
        Self { words, ..self }
    }

    /// Whether a column, from 1, holds words.
    pub fn is_word(&self, column: &usize) -> bool {
        *column <= self.words
    }
}

impl Panel {
    /// A panel that says something.
    pub fn new(title: &'static str, says: impl Into<String>) -> Self {
        Self {
            title,
            says: says.into(),
            is_whole: false,
            picture: String::new(),
            facts: Vec::new(),
            table: None,
            is_open: false,
            text: None,
        }
    }

    /// It takes the whole row.
    pub fn whole(self) -> Self {
        Self { is_whole: true, ..self }
    }

    /// With this picture.
    pub fn picture(self, id: &str, picture: &dyn Picture) -> Self {
        let room = if self.is_whole { Room::Whole } else { Room::Half };
        let drawn = draw(picture, room, (id, self.title, &self.says));
        Self { picture: drawn, ..self }
    }

    /// With these facts.
    pub fn facts(self, facts: Vec<(&str, String)>) -> Self {
        let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { facts, ..self }
    }

    /// With its numbers behind a fold.
    pub fn table(self, table: Table) -> Self {
        Self { table: Some(table), ..self }
    }

    /// With its numbers in the open.
    pub fn open_table(self, table: Table) -> Self {
        Self { table: Some(table), is_open: true, ..self }
    }
}
