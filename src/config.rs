//! The settings of a run, read once at the edge and passed on as values.
//!
//! Flags win over the checkpoint of a resumed run and over a scenario, these over `CARTLOAD_*`
//! variables, these over the config file, that over the defaults; each value keeps where it came
//! from. The file is one struct per concern, in `config/<concern>.rs`.

pub mod alerts;
pub mod breaker;
pub mod checkpoints;
pub mod db_url;
pub mod environment;
pub mod experiment;
mod knob;
pub mod log;
pub mod offers;
pub mod plan;
pub mod population;
pub mod rate;
pub mod realism;
pub mod saved;
pub mod secret;
pub mod shop;
mod stack;
pub mod store;
pub mod time;
pub mod warm_up;
pub mod web;
pub mod words;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use text::ron_text::{self, RonError, keys};

use self::environment::Environment;
pub use self::knob::{Knob, Origin, Shown, Value};
use self::stack::Stack;

/// The file that `config init` writes: every knob once, with its default.
pub const TEMPLATE: &str = include_str!("../config/cartload.ron");
/// The file that is read when it exists and no other is named.
pub const DEFAULT_FILE: &str = "config/cartload.ron";
/// A config file is not longer, bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What one source says; the config file is exactly this.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename = "config", default, deny_unknown_fields)]
pub struct Layer {
    /// Pacing and ends.
    pub time: time::TimeLayer,
    /// The limit.
    pub rate: rate::RateLayer,
    /// The release of agents at the start.
    pub warm_up: warm_up::WarmUpLayer,
    /// The agents and their behaviour.
    pub population: population::PopulationLayer,
    /// The target.
    pub shop: shop::ShopLayer,
    /// Data directory and database.
    pub store: store::StoreLayer,
    /// Coupons.
    pub offers: offers::OffersLayer,
    /// Arms that differ.
    pub experiment: experiment::ExperimentLayer,
    /// Saving.
    pub checkpoints: checkpoints::CheckpointsLayer,
    /// After a freeze.
    pub breaker: breaker::BreakerLayer,
    /// Page, metrics and health checks.
    pub web: web::WebLayer,
    /// Webhook and mail.
    pub alerts: alerts::AlertsLayer,
    /// What counts as believable.
    pub realism: realism::RealismLayer,
    /// Messages.
    pub log: log::LogLayer,
}

/// What a file says, and where.
#[derive(Clone, Debug, Default)]
pub struct FileLayer {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub layer: Layer,
    /// Where its keys stand.
    pub places: Vec<keys::KeyPlace>,
}

/// Checked settings; every number is one that a run can work with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Pacing and ends.
    pub time: time::Time,
    /// The limit.
    pub rate: rate::RateLimit,
    /// The release of agents at the start.
    pub warm_up: warm_up::WarmUpSettings,
    /// The agents and their behaviour.
    pub population: population::Population,
    /// The target.
    pub shop: shop::Shop,
    /// Data directory and database.
    pub store: store::StoreSettings,
    /// Coupons.
    pub offers: offers::Offers,
    /// Arms that differ.
    pub experiment: experiment::ExperimentSettings,
    /// Saving.
    pub checkpoints: checkpoints::Checkpoints,
    /// After a freeze.
    pub breaker: breaker::Breaker,
    /// Page, metrics and health checks.
    pub web: web::Web,
    /// Webhook and mail.
    pub alerts: alerts::AlertSettings,
    /// What counts as believable.
    pub realism: realism::Realism,
    /// Messages.
    pub log: log::Log,
    /// Every setting with its origin, in the order of the file; secrets redacted.
    pub shown: Vec<Shown>,
    /// What an operator should know and what does not stop a run.
    pub warnings: Vec<String>,
}

/// Where settings are looked for.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// What the command line says.
    pub flags: Layer,
    /// `--config`; it must exist.
    pub config: Option<PathBuf>,
    /// The environment.
    pub environment: Environment,
    /// The settings of the run that is resumed.
    pub checkpoint: Option<saved::SavedSettings>,
    /// What the scenario says about its run.
    pub scenario: Option<FileLayer>,
}

/// Why settings were refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not what a config file is.
    #[error("{error}{}", allowed.map(|a| format!("; allowed: {a}")).unwrap_or_default())]
    Malformed {
        /// Where and what.
        error: RonError,
        /// What the key at that place may be, if it is one of ours.
        allowed: Option<&'static str>,
    },
    /// A value that no run can work with.
    #[error("{origin}: {key} = {given} is impossible; allowed: {allowed}")]
    Impossible {
        /// Who said it.
        origin: Origin,
        /// The setting.
        key: &'static str,
        /// The value, redacted.
        given: String,
        /// What may be said instead.
        allowed: &'static str,
    },
    /// The end lies before the start.
    #[error("{origin}: time.until = {until} is not after the start of the run, {start}")]
    EndsBeforeStart {
        /// Who said until.
        origin: Origin,
        /// The end.
        until: chrono::NaiveDateTime,
        /// The start.
        start: chrono::NaiveDateTime,
    },
    /// An experiment that no run can carry out.
    #[error("{origin}: {fault}")]
    Experiment {
        /// Who said it; in a file the key at fault.
        origin: Origin,
        /// What is wrong, at which key.
        fault: Box<experiment::Fault>,
    },
    /// A secret is given twice.
    #[error("{first} and {second} are both set; keep one of them")]
    Both {
        /// A variable.
        first: &'static str,
        /// Another one.
        second: &'static str,
    },
    /// A file could not be read.
    #[error("{path}: {cause}")]
    File {
        /// Which.
        path: String,
        /// What the system said.
        cause: String,
    },
}

impl ConfigError {
    /// Whether the command line is at fault, not a file or a variable.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Impossible { origin, .. }
            | Self::EndsBeforeStart { origin, .. }
            | Self::Experiment { origin, .. } => {
                matches!(origin, Origin::Flag { .. })
            }
            Self::Malformed { .. } | Self::Both { .. } | Self::File { .. } => false,
        }
    }

    /// Whether a checkpoint is at fault: somebody edited its settings.
    pub fn is_checkpoint(&self) -> bool {
        match self {
            Self::Impossible { origin, .. }
            | Self::EndsBeforeStart { origin, .. }
            | Self::Experiment { origin, .. } => {
                matches!(origin, Origin::Checkpoint { .. })
            }
            Self::Malformed { .. } | Self::Both { .. } | Self::File { .. } => false,
        }
    }
}

impl Settings {
    /// Reads all sources and checks the result; nothing is written.
    pub fn load(sources: Sources) -> Result<Self, ConfigError> {
        let named = sources
            .config
            .or_else(|| sources.environment.get("CARTLOAD_CONFIG").map(PathBuf::from));
        let file_path = named.or_else(|| {
            let default = Path::new(DEFAULT_FILE);
            default.exists().then(|| default.to_path_buf())
        });
        let file = file_path.map(read_file).transpose()?.unwrap_or_default();
        let (saved, saved_path) = match sources.checkpoint {
            Some(saved) => (layer_of_checkpoint(&saved)?, Some(saved.path)),
            None => (Layer::default(), None),
        };
        let stack = Stack {
            flags: sources.flags,
            saved,
            saved_path,
            environment: layer_of_environment(&sources.environment)?,
            variables: sources.environment,
            scenario: sources.scenario.unwrap_or_default(),
            file,
            shown: Vec::new(),
        };
        Self::resolve(stack)
    }

    fn resolve(mut stack: Stack) -> Result<Self, ConfigError> {
        let stack = &mut stack;
        let mut settings = Self {
            time: time::Time::resolve(stack, |layer| &layer.time)?,
            rate: rate::RateLimit::resolve(stack, |layer| &layer.rate)?,
            warm_up: warm_up::WarmUpSettings::resolve(stack, |layer| &layer.warm_up)?,
            population: population::Population::resolve(stack, |layer| &layer.population)?,
            shop: shop::Shop::resolve(stack, |layer| &layer.shop)?,
            store: store::StoreSettings::resolve(stack, |layer| &layer.store)?,
            offers: offers::Offers::resolve(stack, |layer| &layer.offers)?,
            experiment: experiment::ExperimentSettings::resolve(stack, |layer| &layer.experiment)?,
            checkpoints: checkpoints::Checkpoints::resolve(stack, |layer| &layer.checkpoints)?,
            breaker: breaker::Breaker::resolve(stack, |layer| &layer.breaker)?,
            web: web::Web::resolve(stack, |layer| &layer.web)?,
            alerts: alerts::AlertSettings::resolve(stack, |layer| &layer.alerts)?,
            realism: realism::Realism::resolve(stack, |layer| &layer.realism)?,
            log: log::Log::resolve(stack, |layer| &layer.log)?,
            shown: Vec::new(),
            warnings: stack.variables.warnings(),
        };
        settings.experiment.check(&settings.offers).map_err(|fault| {
            let origin = stack.origin_of_arms(&fault.key, fault.nth);
            fault.at(origin)
        })?;
        settings.shown = std::mem::take(&mut stack.shown);
        let is_flag = |origin: &Origin| matches!(origin, Origin::Flag { .. });
        if settings.store.url.as_ref().is_some_and(db_url::DbUrl::has_password)
            && is_flag(settings.origin_of("store.url"))
        {
            settings.warnings.push(
                "a password on the command line can be read by other users of this machine; put \
                 the URL into DATABASE_URL or a file named by DATABASE_URL_FILE"
                    .to_owned(),
            );
        }
        settings.warnings.extend(settings.alerts.mail_gap().map(str::to_owned));
        Ok(settings)
    }

    /// Where the value of `key` came from.
    pub fn origin_of(&self, key: &str) -> &Origin {
        self.shown.iter().find(|shown| shown.key == key).map_or(&Origin::Default, |s| &s.origin)
    }
}

/// Every knob there is, in the order of the file.
pub fn knobs() -> impl Iterator<Item = &'static Knob> {
    [
        time::Time::KNOBS,
        rate::RateLimit::KNOBS,
        warm_up::WarmUpSettings::KNOBS,
        population::Population::KNOBS,
        shop::Shop::KNOBS,
        store::StoreSettings::KNOBS,
        offers::Offers::KNOBS,
        experiment::ExperimentSettings::KNOBS,
        checkpoints::Checkpoints::KNOBS,
        breaker::Breaker::KNOBS,
        web::Web::KNOBS,
        alerts::AlertSettings::KNOBS,
        realism::Realism::KNOBS,
        log::Log::KNOBS,
    ]
    .into_iter()
    .flatten()
}

/// Reads a config file and where its keys stand.
fn read_file(path: PathBuf) -> Result<FileLayer, ConfigError> {
    let fail = |cause: String| ConfigError::File { path: path.display().to_string(), cause };
    let metadata = fs::metadata(&path).map_err(|e| fail(e.to_string()))?;
    if !metadata.is_file() {
        return Err(fail("not a file".to_owned()));
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(fail(format!("{} bytes are too many for a config file", metadata.len())));
    }
    let text = fs::read_to_string(&path).map_err(|e| fail(e.to_string()))?;
    let layer = ron_text::parse(&path.display().to_string(), &text).map_err(|error| {
        let key = keys::key_at(&text, error.line, error.column);
        let knob = key.and_then(|key| knobs().find(|knob| knob.key == key));
        ConfigError::Malformed { error, allowed: knob.map(|knob| knob.allowed) }
    })?;
    Ok(FileLayer { path, layer, places: keys::keys(&text) })
}

fn layer_of_environment(environment: &Environment) -> Result<Layer, ConfigError> {
    Ok(Layer {
        time: time::TimeLayer::from_environment(environment)?,
        rate: rate::RateLayer::from_environment(environment)?,
        warm_up: warm_up::WarmUpLayer::from_environment(environment)?,
        population: population::PopulationLayer::from_environment(environment)?,
        shop: shop::ShopLayer::from_environment(environment)?,
        store: store::StoreLayer::from_environment(environment)?,
        offers: offers::OffersLayer::from_environment(environment)?,
        experiment: experiment::ExperimentLayer::from_environment(environment)?,
        checkpoints: checkpoints::CheckpointsLayer::from_environment(environment)?,
        breaker: breaker::BreakerLayer::from_environment(environment)?,
        web: web::WebLayer::from_environment(environment)?,
        alerts: alerts::AlertsLayer::from_environment(environment)?,
        realism: realism::RealismLayer::from_environment(environment)?,
        log: log::LogLayer::from_environment(environment)?,
    })
}

fn layer_of_checkpoint(saved: &saved::SavedSettings) -> Result<Layer, ConfigError> {
    Ok(Layer {
        time: time::TimeLayer::from_saved(&saved.section("time"))?,
        rate: rate::RateLayer::from_saved(&saved.section("rate"))?,
        warm_up: warm_up::WarmUpLayer::from_saved(&saved.section("warm_up"))?,
        population: population::PopulationLayer::from_saved(&saved.section("population"))?,
        shop: shop::ShopLayer::from_saved(&saved.section("shop"))?,
        store: store::StoreLayer::from_saved(&saved.section("store"))?,
        offers: offers::OffersLayer::from_saved(&saved.section("offers"))?,
        experiment: experiment::ExperimentLayer::from_saved(&saved.section("experiment"))?,
        checkpoints: checkpoints::CheckpointsLayer::from_saved(&saved.section("checkpoints"))?,
        breaker: breaker::BreakerLayer::from_saved(&saved.section("breaker"))?,
        web: web::WebLayer::from_saved(&saved.section("web"))?,
        alerts: alerts::AlertsLayer::from_saved(&saved.section("alerts"))?,
        realism: realism::RealismLayer::from_saved(&saved.section("realism"))?,
        log: log::LogLayer::from_saved(&saved.section("log"))?,
    })
}

/// A text in quotes, cut to 40 characters.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.chars().take(40).collect::<String>())
}

#[cfg(test)]
#[path = "config/merge_tests.rs"]
mod merge_tests;
