//! How settings are declared: a concern once by [`concern!`] in a file of its own, all of them once
//! by [`concerns!`]. Whatever lists settings comes from these two.

/// Declares a concern, in a file of its own: the struct of its values, the `Layer` that one source
/// says about them, the `Flags` of a command line, and its knobs. A default is what holds when no
/// source says anything.
///
/// A flag says how the command line holds it, its place in the help (of equal ones the name
/// decides), what clap must know besides, and its help. One that every command has is read
/// elsewhere and says its name only.
macro_rules! concern {
    (
        $(#[$doc:meta])*
        $name:ident, $section:literal {
            $(
                $(#[$field_doc:meta])*
                $field:ident: $ty:ty = $default:expr,
                $(flag $flag:literal $(as $held:ty, place $place:literal, ($($clap:tt)*)
                    $help:literal)?,)?
                env $env:literal, unit $unit:literal,
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
        pub struct Layer {
            $($(#[$field_doc])* pub $field: Option<$ty>,)+
        }

        #[doc = concat!("What a command line says about `", $section, "`.")]
        #[derive(Clone, Debug, Default, clap::Args)]
        #[group(skip)]
        pub struct Flags {
            $($($(
                #[doc = $help]
                #[arg(id = $flag, long = $flag, display_order = $place, help = $help, $($clap)*)]
                pub $field: $held,
            )?)?)+
        }

        impl Flags {
            /// What they say; a flag that is not given says nothing.
            pub(in $crate::config) fn layer(&self) -> Layer {
                Layer {
                    $($field: $crate::config::concern::first!(
                        $($(<$held as $crate::config::knob::Said<$ty>>::said(&self.$field),)?)?
                        None
                    ),)+
                }
            }
        }

        impl $name {
            /// Every knob of this concern, in the order of the file.
            pub const KNOBS: &'static [$crate::config::knob::Knob] = &[$(
                $crate::config::knob::Knob {
                    key: concat!($section, ".", stringify!($field)),
                    flag: concat!($($flag)?),
                    env: $env,
                    unit: $unit,
                    decision: $decision,
                    allowed: $allowed,
                },
            )+];

            /// The value of each knob from the strongest source that names it.
            pub(in $crate::config) fn resolve(
                stack: &mut $crate::config::stack::Stack,
                layer: fn(&$crate::config::Layer) -> &Layer,
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

        impl Layer {
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

/// The first of some expressions.
macro_rules! first {
    ($first:expr $(, $rest:expr)*) => {
        $first
    };
}
pub(super) use first;

/// Lists the concerns, each the name of its module and the struct of its values there, in the order
/// of the file.
macro_rules! concerns {
    ($($(#[$doc:meta])* $section:ident: $name:ident,)+) => {
        /// What one source says; the config file is exactly this.
        #[derive(Clone, Debug, Default, serde::Deserialize)]
        #[serde(rename = "config", default, deny_unknown_fields)]
        pub struct Layer {
            $($(#[$doc])* pub $section: $section::Layer,)+
        }

        /// What a command line says.
        #[derive(Clone, Debug, Default, clap::Args)]
        #[group(skip)]
        pub struct Flags {
            $($(#[$doc])* #[command(flatten)] pub $section: $section::Flags,)+
        }

        /// Checked settings; every number is one that a run can work with.
        #[derive(Clone, Debug)]
        pub struct Settings {
            $($(#[$doc])* pub $section: $section::$name,)+
            /// Every setting with its origin, in the order of the file; secrets redacted.
            pub shown: Vec<Shown>,
            /// What an operator should know and what does not stop a run.
            pub warnings: Vec<String>,
        }

        impl Flags {
            /// The same as a source of settings; a flag that is not given says nothing.
            pub fn layer(&self) -> Layer {
                Layer { $($section: self.$section.layer(),)+ }
            }
        }

        impl Layer {
            fn of_environment(environment: &Environment) -> Result<Self, ConfigError> {
                Ok(Self { $($section: $section::Layer::from_environment(environment)?,)+ })
            }

            fn of_checkpoint(saved: &saved::SavedSettings) -> Result<Self, ConfigError> {
                Ok(Self {
                    $($section: $section::Layer::from_saved(
                        &saved.section(stringify!($section)),
                    )?,)+
                })
            }
        }

        impl Settings {
            /// Each value from the strongest source that names it.
            fn pick(stack: &mut Stack) -> Result<Self, ConfigError> {
                Ok(Self {
                    $($section: $section::$name::resolve(stack, |layer| &layer.$section)?,)+
                    shown: stack.shown.clone(),
                    warnings: Vec::new(),
                })
            }
        }

        /// Every knob there is, in the order of the file.
        pub fn knobs() -> impl Iterator<Item = &'static Knob> {
            [$($section::$name::KNOBS,)+].into_iter().flatten()
        }
    };
}
pub(super) use concerns;
