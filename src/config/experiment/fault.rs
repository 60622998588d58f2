//! Why an experiment was refused, and at which key.

/// What is wrong with an experiment.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExperimentError {
    /// The assignment would hang on nothing.
    #[error("{arms} arms, but no experiment.name; give it one: who is in which arm hangs on it")]
    NoName {
        /// How many.
        arms: usize,
    },
    /// Nothing to compare, or too many to tell apart.
    #[error("{arms} arms; allowed: 2 to 20, the first is the control")]
    ArmCount {
        /// How many.
        arms: usize,
    },
    /// A name that does not fit a column.
    #[error("an arm is named {name}; allowed: 1 to 40 letters, digits, - and _")]
    ArmName {
        /// In quotes, cut.
        name: String,
    },
    /// Rows of both could not be told apart.
    #[error("two arms are named {name}; give each a name of its own")]
    SameName {
        /// In quotes.
        name: String,
    },
    /// An arm with nobody or with everybody.
    #[error("arm {name} has share {share}; allowed: above 0 and below 1")]
    Share {
        /// In quotes.
        name: String,
        /// As given.
        share: f64,
    },
    /// Agents would be left over or be in two arms.
    #[error("the shares of all arms sum to {sum}; they must sum to 1")]
    SharesSum {
        /// What they sum to.
        sum: f64,
    },
    /// No such setting.
    #[error("arm {arm} overrides `{key}`, which is no setting{}", suggestion(.nearest))]
    UnknownKey {
        /// In quotes.
        arm: String,
        /// As given, cut.
        key: String,
        /// A setting with nearly this name.
        nearest: Option<String>,
    },
    /// A setting that is one for all agents.
    #[error("arm {arm} overrides `{key}`, which holds for the whole run; set it there")]
    OfTheRun {
        /// In quotes.
        arm: String,
        /// The setting.
        key: String,
    },
    /// A value that the setting cannot have.
    #[error("arm {arm} overrides `{key}` with {given}: {why}")]
    Value {
        /// In quotes.
        arm: String,
        /// The setting.
        key: String,
        /// As JSON, cut.
        given: String,
        /// What is allowed.
        why: String,
    },
    /// The presets that ship with cartload are broken.
    #[error("the built-in preset cannot be read: {0}")]
    Builtin(String),
}

fn suggestion(nearest: &Option<String>) -> String {
    match nearest {
        Some(key) => format!("; did you mean `{key}`?"),
        None => "; allowed: keys of the preset as `behavior.checkout.base`, and \
                 `offers.coupon_life_days`, `offers.frontstore_per_refresh`, \
                 `offers.targeted_per_refresh`, `offers.wallet_cap`, `offers.no_repeat_days`"
            .to_owned(),
    }
}

/// An error and the key at fault.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{key}: {error}")]
pub struct Fault {
    /// As `experiment.name`, `experiment.arms.share`, `experiment.arms.overrides.<key>`.
    pub key: String,
    /// Of the keys in the file that are called so, the one at fault, from 0.
    pub nth: usize,
    /// What is wrong.
    pub error: Box<ExperimentError>,
}

impl Fault {
    /// At a key that is there once.
    pub(super) fn of_key(key: &str, error: ExperimentError) -> Self {
        Self { key: format!("experiment.{key}"), nth: 0, error: Box::new(error) }
    }

    /// At a key that each arm has.
    pub(super) fn of_arm(arm: usize, key: &str, error: ExperimentError) -> Self {
        Self { key: format!("experiment.arms.{key}"), nth: arm, error: Box::new(error) }
    }
}
