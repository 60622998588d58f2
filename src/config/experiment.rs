//! An experiment: which arms there are, how large each is, and what is different in it.
//!
//! An arm overrides settings by their keys: `behavior.` and a key of the preset, or one of the
//! `offers` that may differ between agents. All are checked when settings are read, against the
//! built-in preset; what the run's own preset makes of them is checked again when it is planned.

use std::collections::BTreeMap;
use std::sync::Arc;

use actors::domain::behavior::Behavior;
use actors::domain::experiment::{Arm, Experiment};
use actors::domain::ids::CohortName;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::ConfigError;
use super::concern::concern;
use super::knob::{Origin, Value};
use super::offers::Offers;

mod fault;
mod overrides;

pub use fault::{ExperimentError, Fault};

/// Characters of a name, at most.
const NAME_CHARS_MAX: usize = 40;
/// Arms of an experiment, at most.
const ARMS_MAX: usize = 20;
/// What shares may differ from 1 in sum: a third has no last digit.
const SHARES_TOLERANCE: f64 = 1e-6;

concern!(
    /// `experiment`: agents are spread over arms that differ in behaviour or offers.
    ExperimentSettings, "experiment" {
        /// `experiment.name`, default none: who is in which arm hangs on it.
        name: Option<String> = None,
            env "CARTLOAD_EXPERIMENT_NAME", unit "", decision "",
            allowed "1 to 40 letters, digits, - and _, or none",
            check |name| name.as_deref().is_none_or(is_name);
        /// `experiment.arms`, default none: name, share and overrides of each; the first is the
        /// control.
        arms: Arms = Arms::default(),
            env "CARTLOAD_EXPERIMENT_ARMS", unit "share 0-1", decision "",
            allowed "arms as (name: \"bold\", share: 0.5, overrides: {\"behavior.checkout.base\": \
                     0.7}); in a variable as JSON objects",
            check |_| true;
    }
);

/// The arms as they are written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arms(
    /// In order.
    pub Vec<ArmSettings>,
);

/// One arm as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "arm", deny_unknown_fields)]
pub struct ArmSettings {
    /// Unique; in the column `cohort` of every row.
    pub name: String,
    /// Of the agents, 0-1; all sum to 1.
    pub share: f64,
    /// Values by key, as `behavior.checkout.base` or `offers.coupon_life_days`.
    #[serde(default)]
    pub overrides: BTreeMap<String, Json>,
}

impl Value for Arms {
    /// JSON objects, with commas between them or as an array.
    fn from_text(text: &str) -> Option<Self> {
        let is_array = text.trim_start().starts_with('[');
        let array = if is_array { text.to_owned() } else { format!("[{text}]") };
        serde_json::from_str(&array).ok()
    }
}

impl ExperimentSettings {
    /// Refuses what no run can work with, whatever its preset.
    pub(super) fn check(&self, offers: &Offers) -> Result<(), Fault> {
        self.arms_of(&overrides::builtin_preset()?, offers).map(|_| ())
    }

    /// The experiment on top of this preset and these offers; `None` where there is none.
    pub fn arms_of(
        &self,
        behavior: &Behavior,
        offers: &Offers,
    ) -> Result<Option<Experiment>, Fault> {
        let arms = &self.arms.0;
        let Some(name) = &self.name else {
            let first = arms.first();
            let none = Fault::of_key("name", ExperimentError::NoName { arms: arms.len() });
            return first.map_or(Ok(None), |_| Err(none));
        };
        self.check_arms()?;
        let arms = arms.iter().map(|arm| {
            let (behavior, offers) = overrides::apply(arm, arms, behavior, offers)?;
            Ok(Arm {
                name: CohortName::new(&arm.name),
                share: arm.share,
                behavior: Arc::new(behavior),
                offers,
            })
        });
        Ok(Some(Experiment { name: name.clone(), arms: arms.collect::<Result<_, Fault>>()? }))
    }

    fn check_arms(&self) -> Result<(), Fault> {
        let arms = &self.arms.0;
        if !(2..=ARMS_MAX).contains(&arms.len()) {
            return Err(Fault::of_key("arms", ExperimentError::ArmCount { arms: arms.len() }));
        }
        for (place, arm) in arms.iter().enumerate() {
            let refused = |key, error| Err(Fault::of_arm(place, key, error));
            let name = super::quoted(&arm.name);
            if !is_name(&arm.name) {
                return refused("name", ExperimentError::ArmName { name });
            }
            if arms[..place].iter().any(|other| other.name == arm.name) {
                return refused("name", ExperimentError::SameName { name });
            }
            if !(arm.share > 0.0 && arm.share < 1.0) {
                return refused("share", ExperimentError::Share { name, share: arm.share });
            }
        }
        let sum: f64 = arms.iter().map(|arm| arm.share).sum();
        if (sum - 1.0).abs() > SHARES_TOLERANCE {
            return Err(Fault::of_key("arms", ExperimentError::SharesSum { sum }));
        }
        Ok(())
    }
}

/// A name that is fit for a column, a file and a command line.
fn is_name(name: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && name.chars().all(is_fit)
}

impl Fault {
    /// The error, where `origin` says the arms come from.
    pub(super) fn at(self, origin: Origin) -> ConfigError {
        ConfigError::Experiment { origin, fault: Box::new(self) }
    }
}

#[cfg(test)]
#[path = "experiment/tests.rs"]
mod tests;
