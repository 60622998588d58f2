//! The settings of a run, read once at the edge and passed on as values.
//!
//! Flags win over the checkpoint of a resumed run and over a scenario, these over `CARTLOAD_*`
//! variables, these over the config file, that over the defaults; each value keeps where it came
//! from. The file is one struct per concern, in `config/<concern>.rs`.

pub(crate) mod alerts;
pub(crate) mod breaker;
pub(crate) mod checkpoints;
mod concern;
pub(crate) mod db_url;
pub mod environment;
pub(crate) mod experiment;
mod knob;
pub(crate) mod log;
pub(crate) mod offers;
pub(crate) mod plan;
pub(crate) mod population;
pub(crate) mod rate;
pub(crate) mod realism;
pub(crate) mod saved;
pub mod secret;
pub(crate) mod shop;
pub(crate) mod shop_url;
mod stack;
pub(crate) mod store;
pub(crate) mod time;
pub(crate) mod warm_up;
pub(crate) mod web;
pub mod words;

use std::path::{Path, PathBuf};

use text::bounded_file::{self, WRITTEN_BYTES_MAX};
use text::ron_text::{self, RonError, keys};

use self::concern::concerns;
use self::environment::Environment;
pub use self::knob::{Knob, Origin, Shown, Value};
use self::stack::Stack;

/// The file that `config init` writes: every knob once, with its default.
pub const TEMPLATE: &str = include_str!("../config/cartload.ron");
/// The file that is read when it exists and no other is named.
pub const DEFAULT_FILE: &str = "config/cartload.ron";

concerns! {
    /// Pacing and ends.
    time: Time,
    /// The limit.
    rate: RateLimit,
    /// The release of agents at the start.
    warm_up: WarmUpSettings,
    /// The agents and their behaviour.
    population: Population,
    /// The target.
    shop: Shop,
    /// Data directory and database.
    store: StoreSettings,
    /// Coupons.
    offers: Offers,
    /// Arms that differ.
    experiment: ExperimentSettings,
    /// Saving.
    checkpoints: Checkpoints,
    /// After a freeze.
    breaker: Breaker,
    /// Page, metrics and health checks.
    web: Web,
    /// Webhook and mail.
    alerts: AlertSettings,
    /// What counts as believable.
    realism: Realism,
    /// Messages.
    log: Log,
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
        let (mut saved, saved_path) = match sources.checkpoint {
            Some(saved) => (Layer::of_checkpoint(&saved)?, Some(saved.path)),
            None => (Layer::default(), None),
        };
        let environment = Layer::of_environment(&sources.environment)?;
        if environment.shop.auth.is_some() {
            // How a process proves who it is goes with its secret, which no checkpoint holds.
            saved.shop.auth = None;
        }
        let stack = Stack {
            flags: sources.flags,
            saved,
            saved_path,
            environment,
            variables: sources.environment,
            scenario: sources.scenario.unwrap_or_default(),
            file,
            shown: Vec::new(),
        };
        Self::resolve(stack)
    }

    fn resolve(mut stack: Stack) -> Result<Self, ConfigError> {
        let stack = &mut stack;
        let mut settings = Self::pick(stack)?;
        settings.warnings = stack.variables.warnings(&|| settings.shop.variables());
        settings.experiment.check(&settings.offers).map_err(|fault| {
            let origin = stack.origin_of_arms(&fault.key, fault.nth);
            fault.at(origin)
        })?;
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
        settings.take_hint();
        // A run of an older release goes on as it began.
        if stack.saved_path.is_none() {
            settings.take_defaults_of_preset();
        }
        Ok(settings)
    }

    /// Where nobody names a limit, the shop's profile may.
    fn take_hint(&mut self) {
        let shown = self.shown.iter_mut().find(|shown| shown.key == "rate.per_second");
        let shown = shown.filter(|shown| shown.origin == Origin::Default);
        if let Some((shown, (rate, origin))) = shown.zip(rate::hint(&self.shop)) {
            self.rate.per_second = rate;
            (shown.value, shown.origin) = (serde_json::json!(rate), origin);
        }
    }

    /// Where nobody names a setting, the preset may. One that cannot be read is told of when the
    /// run begins.
    fn take_defaults_of_preset(&mut self) {
        let Ok(preset) = crate::presets::behavior(&self.population.preset) else { return };
        let Some(defaults) = preset.defaults else { return };
        for shown in self.shown.iter_mut().filter(|shown| shown.origin == Origin::Default) {
            let of_shop = self.shop.take(shown.key, &defaults);
            if let Some(value) = of_shop.or_else(|| self.offers.take(shown.key, &defaults)) {
                shown.value = value;
                shown.origin = Origin::Preset { name: self.population.preset.clone() };
            }
        }
    }

    /// Where the value of `key` came from.
    pub fn origin_of(&self, key: &str) -> &Origin {
        self.shown.iter().find(|shown| shown.key == key).map_or(&Origin::Default, |s| &s.origin)
    }
}

/// Reads a config file and where its keys stand.
fn read_file(path: PathBuf) -> Result<FileLayer, ConfigError> {
    let fail = |cause: String| ConfigError::File { path: path.display().to_string(), cause };
    let text = bounded_file::text(&path, WRITTEN_BYTES_MAX);
    let text = text.map_err(|unread| fail(unread.to_string()))?;
    let layer = ron_text::parse(&path.display().to_string(), &text).map_err(|error| {
        let key = keys::key_at(&text, error.line, error.column);
        let knob = key.and_then(|key| knobs().find(|knob| knob.key == key));
        ConfigError::Malformed { error, allowed: knob.map(|knob| knob.allowed) }
    })?;
    Ok(FileLayer { path, layer, places: keys::keys(&text) })
}

/// A text in quotes, cut to 40 characters.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.chars().take(40).collect::<String>())
}

#[cfg(test)]
#[path = "config/merge_tests.rs"]
mod merge_tests;
