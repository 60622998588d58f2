//! What can be exported: every table of the store as it is, and tables made for learning from it.
//!
//! A stored table has the columns of its migration, in their order (a test compares them); what is
//! told of a payload besides comes after them.

mod columns;
mod learning;
mod offers;
mod run;
mod shown;
mod visits;

pub use self::columns::{Column, Computed, Origin};

use super::ExportError;
use super::unfold::Unfold;

/// A table that can be exported.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// What one row is.
    pub about: &'static str,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Where its rows come from, page by page.
    pub source: Source,
    /// What its rows can be filtered by.
    pub filters: Filters,
    /// What an attempt at a cycle is to it.
    pub attempts: Attempts,
    /// Whether it is a table of the store; else it is computed.
    pub is_stored: bool,
}

/// Where rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A SELECT over pages of a table that is read in the order of a key.
    Keyset {
        /// That table, `d` in the SELECT.
        driver: Driver,
        /// The SELECT, with `{driver}`, `{columns}`, `{rows}` and `{key ALIAS}`.
        select: &'static str,
    },
    /// Facts of visits, page by page in the order of a key, made into rows by a fold.
    Unfolded {
        /// The visits, `d` in the SELECT.
        driver: Driver,
        /// The SELECT of the facts, as `unfold` reads them.
        select: &'static str,
        /// What they are made into.
        of: Unfold,
    },
    /// A SELECT over a few agents at a time.
    Agents {
        /// The SELECT, with `{columns}`, `{of ALIAS}`, `{canonical ALIAS}`, `{filters}`, `{now}`.
        select: &'static str,
    },
    /// Agent by agent, day by day.
    AgentDays,
    /// The run's replays, which are few.
    Replays,
}

/// A table read in the order of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Driver {
    /// The table.
    pub table: &'static str,
    /// Its key within a run; an index has it, after the run.
    pub key: &'static [&'static str],
    /// Whether its rows belong to a run.
    pub has_run: bool,
    /// Whether they belong to a cycle.
    pub has_cycle: bool,
    /// Its rows on one page. A session brings some ten events along, or hundreds of impressions.
    pub page_rows: u32,
}

impl Driver {
    /// Whether its rows come in the order of their simulated days.
    pub fn is_by_day(&self) -> bool {
        self.key.first() == Some(&"cycle")
    }
}

/// The SQL of what rows are filtered by; a column of `d` is looked at before a page is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Whose row it is.
    pub agent: Option<&'static str>,
    /// Its arm.
    pub cohort: Option<&'static str>,
    /// What happened.
    pub kind: Option<&'static str>,
    /// How the visit ended.
    pub outcome: Option<&'static str>,
    /// Whether the shop took it.
    pub accepted: Option<&'static str>,
    /// When, simulated.
    pub time: Option<&'static str>,
}

/// What an attempt at a cycle is to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempts {
    /// Each row belongs to one; a cycle may have several.
    Each,
    /// Each row belongs to one and counts whatever became of it: a log.
    Log,
    /// Rows of the attempts that count, and no others.
    CanonicalOnly,
    /// Rows belong to none.
    None,
}

impl Table {
    /// Whether its rows come in the order of their simulated days, so that it can be partitioned
    /// by them.
    pub fn is_by_day(&self) -> bool {
        match self.source {
            Source::Keyset { driver, .. } => driver.is_by_day(),
            Source::Unfolded { driver, .. } => driver.is_by_day() && self.place("cycle").is_some(),
            Source::Agents { .. } | Source::AgentDays | Source::Replays => false,
        }
    }

    /// Whether its rows belong to a run.
    pub fn has_run(&self) -> bool {
        match self.source {
            Source::Keyset { driver, .. } | Source::Unfolded { driver, .. } => driver.has_run,
            Source::Agents { .. } | Source::AgentDays | Source::Replays => true,
        }
    }

    /// The place of a column.
    pub fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }

    /// With columns that say why a row was run again.
    pub fn with_causes(mut self) -> Self {
        if self.attempts == Attempts::Each && self.place("replay").is_some() {
            self.columns.extend(columns::causes());
        }
        self
    }
}

/// Every table, the stored ones first.
pub fn all() -> Vec<Table> {
    vec![
        visits::events(),
        visits::sessions(),
        visits::orders(),
        visits::order_items(),
        visits::coupon_interactions(),
        offers::coupon_assignments(),
        offers::offer_cycles(),
        offers::products(),
        offers::coupons(),
        run::runs(),
        run::agents(),
        run::cycles(),
        run::incidents(),
        shown::impressions(),
        shown::visit_products(),
        shown::prices(),
        learning::coupon_lifecycle(),
        learning::agent_days(),
        learning::replays(),
    ]
}

/// The table with this name; `events` is short for `shopping_session_events`.
pub fn find(name: &str) -> Result<Table, ExportError> {
    let wanted = if name == "events" { "shopping_session_events" } else { name };
    let tables = all();
    let near = |table: &&Table| strsim::damerau_levenshtein(table.name, wanted) <= 4;
    let nearest = tables
        .iter()
        .filter(near)
        .min_by_key(|table| strsim::damerau_levenshtein(table.name, wanted))
        .map(|table| table.name);
    let found = tables.into_iter().find(|table| table.name == wanted);
    found.ok_or_else(|| ExportError::UnknownTable {
        given: name.chars().take(40).collect(),
        nearest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_meaning_and_a_name_of_its_own() {
        for table in all() {
            let mut names: Vec<&str> = table.columns.iter().map(|c| c.name).collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count, "{}", table.name);
            let silent = table.columns.iter().find(|c| c.meaning.len() < 5);
            assert!(silent.is_none(), "{}: {silent:?}", table.name);
        }
    }

    #[test]
    fn a_misspelt_table_is_told_its_neighbour() {
        assert_eq!(find("events").unwrap().name, "shopping_session_events");
        let error = find("orderitems").unwrap_err().to_string();
        assert!(error.contains("did you mean order_items?"), "{error}");
        let error = find("customers; DROP TABLE runs").unwrap_err();
        assert!(!error.to_string().contains("did you mean"), "{error}");
        assert!(error.is_usage());
    }
}
