//! The sources of settings, one above the other: flags, checkpoint, scenario, environment, file,
//! defaults. How the shop is told who calls (`shop.auth`) is taken from the environment before the
//! checkpoint.

use std::path::PathBuf;

use super::environment::Environment;
use super::knob::{Knob, Origin, Shown, Value};
use super::{ConfigError, FileLayer, Layer, offers};

/// What every source says, and what has been decided so far.
#[derive(Debug)]
pub(super) struct Stack {
    /// The command line.
    pub(super) flags: Layer,
    /// The checkpoint that a run is resumed from; empty for a new run.
    pub(super) saved: Layer,
    /// Which checkpoint, if there is one.
    pub(super) saved_path: Option<PathBuf>,
    /// The environment, read.
    pub(super) environment: Layer,
    /// The environment itself: it knows by which name a value came.
    pub(super) variables: Environment,
    /// What the scenario says; nothing for a run without one.
    pub(super) scenario: FileLayer,
    /// The config file.
    pub(super) file: FileLayer,
    /// What has been picked, with origins, in the order of picking.
    pub(super) shown: Vec<Shown>,
}

impl Stack {
    /// A stack in which only the command line says something, and that about offers.
    pub(super) fn of_offers(offers: offers::Layer) -> Self {
        Self {
            flags: Layer { offers, ..Layer::default() },
            saved: Layer::default(),
            saved_path: None,
            environment: Layer::default(),
            variables: Environment::default(),
            scenario: FileLayer::default(),
            file: FileLayer::default(),
            shown: Vec::new(),
        }
    }

    /// Where the `nth` key called `key` stands, if the arms of the experiment come from a file;
    /// else where they come from.
    pub(super) fn origin_of_arms(&self, key: &str, nth: usize) -> Origin {
        let shown = self.shown.iter().find(|shown| shown.key == "experiment.arms");
        let origin = shown.map_or(Origin::Default, |shown| shown.origin.clone());
        let files = [&self.scenario, &self.file];
        let is_from = |file: &&&FileLayer| match &origin {
            Origin::File { path, .. } => *path == file.path,
            Origin::Default
            | Origin::Profile { .. }
            | Origin::Preset { .. }
            | Origin::Environment { .. }
            | Origin::Checkpoint { .. }
            | Origin::Flag { .. } => false,
        };
        let file = files.iter().find(is_from);
        file.and_then(|file| file.origin_of_nth(key, nth)).unwrap_or(origin)
    }

    /// The value of `knob` from the strongest source that names it, checked.
    pub(super) fn pick<T: Value>(
        &mut self,
        knob: &'static Knob,
        field: impl Fn(&Layer) -> Option<&T>,
        default: fn() -> T,
        check: fn(&T) -> bool,
    ) -> Result<T, ConfigError> {
        let (value, origin) = if let Some(value) = field(&self.flags) {
            (value.clone(), Origin::Flag { name: knob.flag })
        } else if let Some(value) = field(&self.saved) {
            let path = self.saved_path.clone().unwrap_or_default();
            (value.clone(), Origin::Checkpoint { path })
        } else if let Some(value) = field(&self.scenario.layer) {
            (value.clone(), self.scenario.origin_of(knob.key))
        } else if let Some(value) = field(&self.environment) {
            (value.clone(), Origin::Environment { name: self.variables.name_used(knob) })
        } else if let Some(value) = field(&self.file.layer) {
            (value.clone(), self.file.origin_of(knob.key))
        } else {
            (default(), Origin::Default)
        };
        let shown = serde_json::to_value(&value).unwrap_or(serde_json::Value::Null);
        if !check(&value) {
            return Err(ConfigError::Impossible {
                origin,
                key: knob.key,
                given: shown.to_string(),
                allowed: knob.allowed,
            });
        }
        self.shown.push(Shown {
            key: knob.key,
            value: shown,
            unit: knob.unit,
            decision: knob.decision,
            origin,
        });
        Ok(value)
    }
}

impl FileLayer {
    fn origin_of_nth(&self, key: &str, nth: usize) -> Option<Origin> {
        let place = self.places.iter().filter(|place| place.path == key).nth(nth)?;
        let (line, column) = (place.line, place.column);
        Some(Origin::File { path: self.path.clone(), line, column })
    }

    fn origin_of(&self, key: &str) -> Origin {
        let place = self.places.iter().find(|place| place.path == key);
        Origin::File {
            path: self.path.clone(),
            line: place.map_or(1, |p| p.line),
            column: place.map_or(1, |p| p.column),
        }
    }
}
