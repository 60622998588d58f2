//! Scenarios: a timeline of faults and commands for a run of its own, and what must be seen of it.
//!
//! A file says the settings of the run, its steps and what each must lead to. Whether it held is
//! decided by the one picture every reader shares; a drill that a CI can run.

pub(crate) mod expectation;
pub(crate) mod following;
pub(crate) mod player;
pub(crate) mod report;
mod step;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use text::bounded_file::{self, WRITTEN_BYTES_MAX};
use text::ron_text::{self, RonError, keys};

pub use self::player::Player;
pub use self::report::ScenarioReport;
pub use self::step::Step;
use crate::config::{self, FileLayer, Layer};

/// The scenarios in the binary, by name.
const BUILTIN: [(&str, &str); 4] = [
    ("slow_shop", include_str!("../config/scenarios/slow_shop.ron")),
    ("outage_and_recovery", include_str!("../config/scenarios/outage_and_recovery.ron")),
    ("crashes_at_the_border", include_str!("../config/scenarios/crashes_at_the_border.ron")),
    ("coupon_rush", include_str!("../config/scenarios/coupon_rush.ron")),
];
/// Real seconds a drill may take where its file does not say.
const LIMIT_S: u32 = 120;

/// A scenario as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename = "scenario", deny_unknown_fields)]
struct Written {
    about: String,
    #[serde(default)]
    settings: Layer,
    #[serde(default = "limit_s", deserialize_with = "step::limit")]
    limit_s: u32,
    #[serde(deserialize_with = "step::in_order")]
    steps: Vec<Step>,
}

fn limit_s() -> u32 {
    LIMIT_S
}

/// A scenario, read and checked.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name in the binary, or its file's.
    pub name: String,
    /// What it shows, a sentence.
    pub about: String,
    /// What it says about its run; flags win over it, it wins over the environment.
    pub settings: FileLayer,
    /// Real seconds it may take; then it ends the run, and what is undecided has not held.
    pub limit_s: u32,
    /// What is done and what must follow, in order.
    pub steps: Vec<Step>,
}

/// Why a scenario was refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Not RON, or not what a scenario is.
    #[error("{error}{}", allowed.map(|a| format!("; allowed: {a}")).unwrap_or_default())]
    Form {
        /// Where and what.
        error: RonError,
        /// What the setting at that place may be, if it is one.
        allowed: Option<&'static str>,
    },
    /// The file cannot be read.
    #[error("scenario {path}: {cause}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// No such scenario in the binary.
    #[error("no scenario `{name}`: the built-in ones are {known}; or give a file, as ./mine.ron")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
}

impl Scenario {
    /// The names of the scenarios in the binary.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        BUILTIN.iter().map(|(name, _)| *name)
    }

    /// The built-in scenario of this name; what looks like a file (has a `/` or ends in `.ron`) is
    /// read as one.
    pub fn resolve(name_or_file: &str) -> Result<Self, ScenarioError> {
        if let Some((name, text)) = BUILTIN.iter().find(|(name, _)| *name == name_or_file) {
            return Self::parse(Path::new(&format!("config/scenarios/{name}.ron")), text);
        }
        let path = Path::new(name_or_file);
        let is_file = path.extension().is_some_and(|e| e == "ron") || path.components().count() > 1;
        if is_file {
            return Self::read(path);
        }
        let known = Self::builtin_names().collect::<Vec<_>>().join(", ");
        Err(ScenarioError::Unknown { name: name_or_file.to_owned(), known })
    }

    /// The scenario in this file.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let fail = |cause: String| ScenarioError::Io { path: path.to_path_buf(), cause };
        let text = bounded_file::text(path, WRITTEN_BYTES_MAX);
        let text = text.map_err(|unread| fail(unread.to_string()))?;
        Self::parse(path, &text)
    }

    /// The scenario in `text`, which came from the file at `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ScenarioError> {
        let origin = path.display().to_string();
        let written: Written = ron_text::parse(&origin, text).map_err(|error| {
            let key = keys::key_at(text, error.line, error.column);
            let setting = key.as_deref().and_then(|key| key.strip_prefix("settings."));
            let knob = setting.and_then(|key| config::knobs().find(|knob| knob.key == key));
            ScenarioError::Form { error, allowed: knob.map(|knob| knob.allowed) }
        })?;
        let places = keys::keys(text).into_iter().filter_map(|mut place| {
            place.path = place.path.strip_prefix("settings.")?.to_owned();
            Some(place)
        });
        let settings = FileLayer {
            path: path.to_path_buf(),
            layer: written.settings,
            places: places.collect(),
        };
        let name = path.file_stem().map_or(origin, |stem| stem.to_string_lossy().into_owned());
        let Written { about, limit_s, steps, .. } = written;
        Ok(Self { name, about, settings, limit_s, steps })
    }
}

#[cfg(test)]
#[path = "scenario/scenario_tests.rs"]
mod scenario_tests;
