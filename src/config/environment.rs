//! What the environment says: `CARTLOAD_*`, `DATABASE_URL`, `RUST_LOG` and the `*_FILE` variants of
//! secrets. An empty variable counts as not set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use text::bounded_file::{self, SECRET_BYTES_MAX};

use super::ConfigError;
use super::knob::{Knob, Origin, Value};

/// Variables that are none of the knobs: the file to read, and what CI demands of tests.
const ALSO_KNOWN: [&str; 2] = ["CARTLOAD_CONFIG", "CARTLOAD_REQUIRE"];
/// Names under which profiles keep their secrets and tests their servers; not ours to judge.
const PREFIXES_OF_OTHERS: [&str; 2] = ["CARTLOAD_SHOP_", "CARTLOAD_TEST_"];
/// Edits between a misspelt variable and the one that is suggested, at most.
const SUGGESTION_EDITS_MAX: usize = 4;

/// The variables that concern cartload.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// By name; values may be secret.
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        Self::from_pairs(std::env::vars_os().map(|(name, value)| {
            (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
        }))
    }

    /// Those of these variables that concern cartload and are not empty.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let concerns = |name: &str| {
            name.starts_with("CARTLOAD_")
                || matches!(name, "DATABASE_URL" | "DATABASE_URL_FILE" | "RUST_LOG")
        };
        let variables =
            pairs.into_iter().filter(|(name, value)| concerns(name) && !value.is_empty());
        Self { variables: variables.collect() }
    }

    /// A variable's text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The value of `knob`, where a variable gives one.
    pub(super) fn value<T: Value>(&self, knob: &'static Knob) -> Result<Option<T>, ConfigError> {
        let name = self.name_used(knob);
        let (text, is_secret) = match (self.get(name), secret_file_of(name)) {
            (Some(_), Some(file)) if self.get(file).is_some() => {
                return Err(ConfigError::Both { first: name, second: file });
            }
            (None, Some(file)) => match self.get(file) {
                Some(path) => (Some(read_secret(file, path)?), true),
                None => (None, true),
            },
            (text, file) => (text.map(str::to_owned), file.is_some()),
        };
        let Some(text) = text else { return Ok(None) };
        match T::from_text(text.trim()) {
            Some(value) => Ok(Some(value)),
            None => Err(ConfigError::Impossible {
                origin: Origin::Environment { name },
                key: knob.key,
                given: if is_secret { "(not shown)".into() } else { super::quoted(&text) },
                allowed: knob.allowed,
            }),
        }
    }

    /// The variable by which `knob` is given: its own, else the one other tools share with it.
    pub(super) fn name_used(&self, knob: &Knob) -> &'static str {
        let is_given = |name: &str| {
            self.get(name).is_some()
                || secret_file_of(name).is_some_and(|file| self.get(file).is_some())
        };
        match shared_name_of(knob.env) {
            Some(shared) if !is_given(knob.env) && is_given(shared) => shared,
            Some(_) | None => knob.env,
        }
    }

    /// A warning for each variable that looks like ours and is none, nor one of those that profiles
    /// have their secrets from.
    pub fn warnings(&self, of_profiles: &dyn Fn() -> BTreeSet<String>) -> Vec<String> {
        let mut known: Vec<&str> = super::knobs().map(|knob| knob.env).collect();
        known.extend(ALSO_KNOWN);
        let files: Vec<&str> = known.iter().filter_map(|name| secret_file_of(name)).collect();
        known.extend(files);
        let is_unknown = |name: &&String| {
            name.starts_with("CARTLOAD_")
                && !known.contains(&name.as_str())
                && !PREFIXES_OF_OTHERS.iter().any(|prefix| name.starts_with(prefix))
        };
        let unknown: Vec<&String> = self.variables.keys().filter(is_unknown).collect();
        if unknown.is_empty() {
            return Vec::new();
        }
        let of_profiles = of_profiles();
        let is_theirs = |name: &str| {
            of_profiles.contains(name)
                || name.strip_suffix("_FILE").is_some_and(|name| of_profiles.contains(name))
        };
        let unknown = unknown.into_iter().filter(|name| !is_theirs(name));
        unknown.map(|name| warning(name, &known)).collect()
    }
}

fn warning(name: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), *candidate))
        .min()
        .filter(|(edits, _)| *edits <= SUGGESTION_EDITS_MAX);
    match nearest {
        Some((_, candidate)) => {
            format!("{name} is set but is no setting; did you mean {candidate}?")
        }
        None => format!("{name} is set but is no setting; `cartload config show` lists them all"),
    }
}

/// The name that other tools share with one of ours.
fn shared_name_of(name: &str) -> Option<&'static str> {
    match name {
        "CARTLOAD_DB" => Some("DATABASE_URL"),
        "CARTLOAD_LOG" => Some("RUST_LOG"),
        _ => None,
    }
}

/// The variable that names a file with the secret instead.
fn secret_file_of(name: &str) -> Option<&'static str> {
    match name {
        "CARTLOAD_DB" => Some("CARTLOAD_DB_FILE"),
        "CARTLOAD_MIGRATE_URL" => Some("CARTLOAD_MIGRATE_URL_FILE"),
        "CARTLOAD_WEB_TOKEN" => Some("CARTLOAD_WEB_TOKEN_FILE"),
        "CARTLOAD_ALERT_WEBHOOK_URL" => Some("CARTLOAD_ALERT_WEBHOOK_URL_FILE"),
        "CARTLOAD_SMTP_URL" => Some("CARTLOAD_SMTP_URL_FILE"),
        "DATABASE_URL" => Some("DATABASE_URL_FILE"),
        _ => None,
    }
}

fn read_secret(variable: &'static str, path: &str) -> Result<String, ConfigError> {
    let fail = |cause: String| ConfigError::File { path: format!("{variable}={path}"), cause };
    let text = bounded_file::text(Path::new(path), SECRET_BYTES_MAX);
    let text = text.map_err(|unread| fail(unread.to_string()))?;
    if text.trim().is_empty() {
        return Err(fail("the file is empty".to_owned()));
    }
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_pairs(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn a_misspelt_variable_is_named_with_the_nearest_known_one() {
        let warnings = environment(&[("CARTLOAD_TIMESCALE", "48")]);
        let warnings = warnings.warnings(&BTreeSet::new);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("did you mean CARTLOAD_TIME_SCALE?"), "{}", warnings[0]);
    }

    #[test]
    fn known_variables_and_those_of_others_pass_without_a_warning() {
        let known = environment(&[
            ("CARTLOAD_REQUIRE", "postgres"),
            ("CARTLOAD_RATE", "5"),
            ("CARTLOAD_DB_FILE", "x"),
            ("CARTLOAD_SHOP_JWT_SECRET", "x"),
            ("PATH", "/bin"),
        ]);
        let nobody = || -> BTreeSet<String> { panic!("no profile is read for known ones") };
        assert_eq!(known.warnings(&nobody), Vec::<String>::new());
    }

    #[test]
    fn a_variable_that_a_profile_names_passes_with_its_file() {
        let of_profile = || ["CARTLOAD_MEDUSA_KEY".to_owned()].into();
        let set = environment(&[
            ("CARTLOAD_MEDUSA_KEY", "x"),
            ("CARTLOAD_MEDUSA_KEY_FILE", "x"),
            ("CARTLOAD_MEDUSA_KEYS", "x"),
        ]);
        let warnings = set.warnings(&of_profile);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("CARTLOAD_MEDUSA_KEYS is set"), "{}", warnings[0]);
    }
}
