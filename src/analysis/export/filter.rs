//! Which rows are asked for, and whether a table can be asked so.

use std::ops::RangeInclusive;

use chrono::NaiveDateTime;

use super::ExportError;
use super::tables::{Attempts, Source, Table};

/// Which attempts at a cycle are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ReplayFilter {
    /// First attempts, broken ones too
    Exclude,
    /// What was run again
    Only,
    /// Every attempt
    All,
    /// Of each cycle the first attempt that nothing broke
    #[default]
    Canonical,
}

impl ReplayFilter {
    /// The option's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exclude => "exclude",
            Self::Only => "only",
            Self::All => "all",
            Self::Canonical => "canonical",
        }
    }
}

/// Which rows are asked for; an empty list asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// These cycles.
    pub cycles: Option<RangeInclusive<i32>>,
    /// From this simulated instant.
    pub since: Option<NaiveDateTime>,
    /// Until before this simulated instant.
    pub until: Option<NaiveDateTime>,
    /// Of these shoppers.
    pub agents: Vec<String>,
    /// Of these arms.
    pub cohorts: Vec<String>,
    /// Of these kinds.
    pub kinds: Vec<String>,
    /// Of visits that ended so.
    pub outcomes: Vec<String>,
    /// What the shop took, or what it refused.
    pub accepted: Option<bool>,
    /// Which attempts.
    pub replay: ReplayFilter,
}

impl Filter {
    /// Refuses what the table cannot be filtered by.
    pub fn check(&self, table: &Table) -> Result<(), ExportError> {
        let has_cycle = match table.source {
            Source::Keyset { driver, .. } | Source::Unfolded { driver, .. } => driver.has_cycle,
            Source::Agents { .. } => true,
            Source::AgentDays | Source::Replays => false,
        };
        let has_answers = table.filters.accepted.is_some();
        let asked = [
            ("--cycles", self.cycles.is_some(), has_cycle, "no cycle"),
            ("--since", self.since.is_some(), table.filters.time.is_some(), "no simulated time"),
            ("--until", self.until.is_some(), table.filters.time.is_some(), "no simulated time"),
            ("--agent", !self.agents.is_empty(), table.filters.agent.is_some(), "no agent"),
            ("--cohort", !self.cohorts.is_empty(), table.filters.cohort.is_some(), "no cohort"),
            ("--type", !self.kinds.is_empty(), table.filters.kind.is_some(), "no type"),
            ("--outcome", !self.outcomes.is_empty(), table.filters.outcome.is_some(), "no outcome"),
            ("--accepted", self.accepted == Some(true), has_answers, "no answers of the shop"),
            ("--refused", self.accepted == Some(false), has_answers, "no answers of the shop"),
        ];
        for (flag, is_asked, is_there, lacks) in asked {
            if is_asked && !is_there {
                return Err(ExportError::NoSuchFilter { flag, table: table.name, lacks });
            }
        }
        if self.replay == ReplayFilter::Canonical {
            return Ok(());
        }
        match table.attempts {
            Attempts::Each | Attempts::Log => Ok(()),
            Attempts::CanonicalOnly => {
                Err(ExportError::CanonicalOnly { given: self.replay.as_str(), table: table.name })
            }
            Attempts::None => Err(ExportError::NoSuchFilter {
                flag: "--replay",
                table: table.name,
                lacks: "no attempts",
            }),
        }
    }

    /// In words, for the data card; empty for everything.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(cycles) = &self.cycles {
            words.push(format!("cycles {} to {}", cycles.start(), cycles.end()));
        }
        if let Some(since) = self.since {
            words.push(format!("simulated from {since}"));
        }
        if let Some(until) = self.until {
            words.push(format!("simulated before {until}"));
        }
        if let Some(accepted) = self.accepted {
            let what = if accepted { "took" } else { "refused" };
            words.push(format!("what the shop {what}"));
        }
        let lists = [
            ("agents", &self.agents),
            ("cohorts", &self.cohorts),
            ("types", &self.kinds),
            ("outcomes", &self.outcomes),
        ];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            words.push(format!("{name} {}", list.join(", ")));
        }
        words
    }
}
