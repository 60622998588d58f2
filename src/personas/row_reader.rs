//! The rows of a source one after another: each to a persona or to a reason, no agent or user
//! twice, and no more rows than there may be agents.

use std::collections::{BTreeMap, HashMap};

use actors::domain::ids::AgentId;
use actors::domain::persona::Persona;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::mending::{Change, Mended};
use super::row::{Place, nothing, or_nothing, read_row};
use super::{Imported, OnBroken, PersonaFileError, Reading, RowError, RowProblem};

/// A source has no more rows: as many agents as `agents generate` makes at most.
pub const ROWS_MAX: u64 = 100_000;
/// Columns of free text, in which such a word passes as one.
const TEXTS: &[&str] = &[
    "cohort",
    "archetype",
    "age_group",
    "gender",
    "income_bracket",
    "location_region",
    "backstory",
];

/// Takes the rows of a source one by one.
pub struct RowReader<'h> {
    origin: String,
    how: &'h Reading,
    imported: Imported,
    agents: HashMap<AgentId, Place>,
    users: BTreeMap<Uuid, Place>,
    rows: u64,
    /// Rows in which a column of text says such a word.
    nothings: BTreeMap<(&'static str, &'static str), u64>,
}

impl<'h> RowReader<'h> {
    /// Of the rows of `origin`.
    pub fn new(origin: &str, how: &'h Reading) -> Self {
        Self {
            origin: origin.to_owned(),
            how,
            imported: Imported::default(),
            agents: HashMap::new(),
            users: BTreeMap::new(),
            rows: 0,
            nothings: BTreeMap::new(),
        }
    }

    /// Takes a row; `Err` in `row` where it could not even be split into columns.
    pub fn take(
        &mut self,
        place: Place,
        row: Result<Map<String, Value>, String>,
    ) -> Result<(), PersonaFileError> {
        self.rows += 1;
        if self.rows > ROWS_MAX {
            return Err(PersonaFileError::TooMany { origin: self.origin.clone() });
        }
        let persona = row.as_ref().map_err(|cause| RowProblem::Unreadable(cause.clone()));
        match persona.and_then(|fields| self.read(fields)) {
            Ok((persona, mended)) => {
                let change = |mended| Change { place: place.clone(), mended };
                self.imported.changes.extend(mended.into_iter().map(change));
                self.agents.insert(persona.agent_id.clone(), place.clone());
                self.users.insert(persona.user_id, place);
                self.imported.personas.push(persona);
            }
            Err(problem) => {
                let row = row.ok().map(|fields| Value::Object(fields).to_string());
                self.imported.skipped.push(RowError { place, problem, row });
            }
        }
        Ok(())
    }

    fn read(&mut self, fields: &Map<String, Value>) -> Result<(Persona, Vec<Mended>), RowProblem> {
        self.imported.ignored_columns.extend(self.how.mapping.unused(fields));
        let (mapped, mended) = self.how.mapping.apply(fields);
        let persona = read_row(&mapped)?;
        if let Some(first) = self.agents.get(&persona.agent_id) {
            return Err(duplicate("agent_id", persona.agent_id.to_string(), first));
        }
        // Two agents with one user would share one cart at the shop.
        if let Some(first) = self.users.get(&persona.user_id) {
            return Err(duplicate("user_id", persona.user_id.to_string(), first));
        }
        for column in TEXTS {
            let text = mapped.get(*column).and_then(Value::as_str);
            if let Some(word) = text.and_then(nothing) {
                *self.nothings.entry((column, word)).or_default() += 1;
            }
        }
        Ok((persona, mended))
    }

    /// What was read.
    pub fn finish(self) -> Result<Imported, PersonaFileError> {
        let mut imported = self.imported;
        if self.rows == 0 {
            return Err(PersonaFileError::Empty { origin: self.origin });
        }
        let is_refused = self.how.on_broken == OnBroken::Refuse || imported.personas.is_empty();
        if !imported.skipped.is_empty() && is_refused {
            let rows = usize::try_from(self.rows).unwrap_or(usize::MAX);
            return Err(PersonaFileError::Broken { errors: imported.skipped, rows });
        }
        imported.notes.extend(self.nothings.into_iter().map(|((column, word), rows)| {
            format!("{column} says `{word}` in {rows} rows, taken as a word; {}", or_nothing(word))
        }));
        Ok(imported)
    }
}

fn duplicate(column: &'static str, value: String, first: &Place) -> RowProblem {
    RowProblem::Duplicate { column, value, first: first.clone() }
}
