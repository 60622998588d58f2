//! What a setting is: a key with a default, a unit, a place it came from, and what is allowed.
//!
//! Texts become values here in one way for files, variables and checkpoints; a flag is read by the
//! command line, which refuses it in its own words.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// What is known about a setting before any source is read.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// As in the file: `time.scale`.
    pub key: &'static str,
    /// The option of the command line, without dashes; empty where there is none.
    pub flag: &'static str,
    /// The environment variable.
    pub env: &'static str,
    /// What a value counts.
    pub unit: &'static str,
    /// Number in the operator's decision log; empty where none fixed it.
    pub decision: &'static str,
    /// What is allowed, in words.
    pub allowed: &'static str,
}

/// Where a value came from; a later variant wins over an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// Nobody said anything, and the shop's profile has a hint.
    Profile {
        /// Which.
        name: String,
    },
    /// Nobody said anything, and the preset speaks for it.
    Preset {
        /// Which.
        name: String,
    },
    /// The config file.
    File {
        /// Which.
        path: PathBuf,
        /// Of the key, 1-based.
        line: usize,
        /// Of the key, 1-based.
        column: usize,
    },
    /// The environment.
    Environment {
        /// The variable.
        name: &'static str,
    },
    /// The checkpoint that a run is resumed from.
    Checkpoint {
        /// Which.
        path: PathBuf,
    },
    /// The command line.
    Flag {
        /// Without dashes.
        name: &'static str,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Profile { name } => write!(f, "profile {name}"),
            Self::Preset { name } => write!(f, "preset {name}"),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Environment { name } => f.write_str(name),
            Self::Checkpoint { path } => write!(f, "checkpoint {}", path.display()),
            Self::Flag { name } => write!(f, "--{name}"),
        }
    }
}

/// A setting as `config show` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// As in the file.
    pub key: &'static str,
    /// As JSON; secrets are redacted.
    pub value: serde_json::Value,
    /// What it counts.
    pub unit: &'static str,
    /// Number in the decision log.
    pub decision: &'static str,
    /// Where it came from.
    pub origin: Origin,
}

/// A type that a setting may have. Its JSON form never shows a secret.
pub trait Value: Clone + Serialize + 'static {
    /// Reads it as the environment or a flag writes it.
    fn from_text(text: &str) -> Option<Self>;
}

macro_rules! value_from_str {
    ($($ty:ty),+ $(,)?) => {$(
        impl $crate::config::knob::Value for $ty {
            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )+};
}
pub(super) use value_from_str;

value_from_str!(u8, u32, f64, String, PathBuf);

impl Value for bool {
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "on" | "true" | "yes" | "1" => Some(true),
            "off" | "false" | "no" | "0" => Some(false),
            _ => None,
        }
    }
}

impl<T: Value> Value for Option<T> {
    fn from_text(text: &str) -> Option<Self> {
        if text == "none" { Some(None) } else { T::from_text(text).map(Some) }
    }
}

impl<T: Value> Value for Vec<T> {
    fn from_text(text: &str) -> Option<Self> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(T::from_text).collect()
    }
}

/// A flag as a command line holds it.
pub trait Said<T> {
    /// What it says; a flag that is not given says nothing.
    fn said(&self) -> Option<T>;
}

impl<T, V: Clone + Into<T>> Said<T> for Option<V> {
    fn said(&self) -> Option<T> {
        self.clone().map(Into::into)
    }
}

/// A switch can only be thrown: no flag takes back what another source says.
impl Said<Self> for bool {
    fn said(&self) -> Option<Self> {
        self.then_some(true)
    }
}
