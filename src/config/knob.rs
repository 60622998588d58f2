//! What a setting is: a key with a default, a unit, a place it came from, and what is allowed.
//!
//! A concern is declared once by [`concern!`]; its values, its layer (what one source says) and its
//! table of knobs all come from that declaration.

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

/// Declares a concern: the struct of its values, the struct of what one source says about them, and
/// its knobs. A default is what holds when no source says anything.
macro_rules! concern {
    (
        $(#[$doc:meta])*
        $name:ident, $layer:ident, $section:literal {
            $(
                $(#[$field_doc:meta])*
                $field:ident: $ty:ty = $default:expr,
                flag $flag:literal, env $env:literal, unit $unit:literal,
                decision $decision:literal, allowed $allowed:expr, check $check:expr;
            )+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $ty,)+
        }

        #[doc = concat!("What one source says about `", $section, "`.")]
        #[derive(Clone, Debug, Default, serde::Deserialize)]
        #[serde(rename = $section, default, deny_unknown_fields)]
        pub struct $layer {
            $($(#[$field_doc])* pub $field: Option<$ty>,)+
        }

        impl $name {
            /// Every knob of this concern, in the order of the file.
            pub const KNOBS: &'static [$crate::config::knob::Knob] = &[$(
                $crate::config::knob::Knob {
                    key: concat!($section, ".", stringify!($field)),
                    flag: $flag,
                    env: $env,
                    unit: $unit,
                    decision: $decision,
                    allowed: $allowed,
                },
            )+];

            /// The value of each knob from the strongest source that names it.
            pub(in $crate::config) fn resolve(
                stack: &mut $crate::config::stack::Stack,
                layer: fn(&$crate::config::Layer) -> &$layer,
            ) -> Result<Self, $crate::config::ConfigError> {
                let mut knobs = Self::KNOBS.iter();
                Ok(Self {
                    $($field: {
                        let knob = knobs.next().expect("KNOBS has one entry for each field");
                        let check: fn(&$ty) -> bool = $check;
                        let default: fn() -> $ty = || $default;
                        stack.pick(knob, |source| layer(source).$field.as_ref(), default, check)?
                    },)+
                })
            }
        }

        impl $layer {
            /// What a checkpoint says: what [`Settings::as_json`] wrote of this section.
            ///
            /// [`Settings::as_json`]: $crate::config::Settings::as_json
            pub(in $crate::config) fn from_saved(
                saved: &$crate::config::saved::SavedSection<'_>,
            ) -> Result<Self, $crate::config::ConfigError> {
                let mut knobs = $name::KNOBS.iter();
                Ok(Self {
                    $($field: {
                        let knob = knobs.next().expect("KNOBS has one entry for each field");
                        saved.value::<$ty>(stringify!($field), knob)?
                    },)+
                })
            }

            /// What the environment says.
            pub(in $crate::config) fn from_environment(
                environment: &$crate::config::environment::Environment,
            ) -> Result<Self, $crate::config::ConfigError> {
                let mut knobs = $name::KNOBS.iter();
                Ok(Self {
                    $($field: {
                        let knob = knobs.next().expect("KNOBS has one entry for each field");
                        environment.value::<$ty>(knob)?
                    },)+
                })
            }
        }
    };
}
pub(super) use concern;
