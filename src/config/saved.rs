//! The settings that a checkpoint holds, as a source of settings for the run that is resumed.
//!
//! A saved `null` says "not set" and wins over a variable, but for `shop.auth`. What belongs to the
//! process and not to the run is not taken over, and neither is a URL whose password the checkpoint
//! does not hold.

use std::path::PathBuf;

use chrono::NaiveDateTime;
use serde_json::{Map, Value as Json};
use text::redaction::MASK;

use super::knob::{Knob, Origin, Value};
use super::words::{SimulatedInstant, Start};
use super::{ConfigError, Settings};

/// Of the process, not of the run: where it finds its files, and how and to whom it talks.
const OF_THE_PROCESS: [&str; 5] = ["store.data_dir", "log", "web", "alerts", "realism"];
/// The ends of a run: one given anew takes the place of all of them.
const ENDS: [&str; 4] = ["time.cycles", "time.days", "time.until", "time.hours"];
/// A checkpoint's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedSettings {
    /// The checkpoint.
    pub path: PathBuf,
    /// By section and key, as [`Settings::as_json`] wrote them.
    settings: Json,
}

/// One section of them.
#[derive(Debug)]
pub struct SavedSection<'a> {
    saved: &'a SavedSettings,
    keys: Option<&'a Map<String, Json>>,
}

impl SavedSettings {
    /// The settings in the checkpoint at `path` of a run that began at `simulated_start`. With
    /// `ends_anew` the command line says where the run ends, and the checkpoint does not.
    pub fn new(
        path: PathBuf,
        settings: &Json,
        simulated_start: NaiveDateTime,
        ends_anew: bool,
    ) -> Self {
        let mut settings = settings.clone();
        for key in OF_THE_PROCESS {
            remove(&mut settings, key);
            settings.as_object_mut().and_then(|sections| sections.remove(key));
        }
        for key in ["store.url", "store.migrate_url"] {
            if at(&settings, key).and_then(Json::as_str).is_some_and(|url| url.contains(MASK)) {
                remove(&mut settings, key);
            }
        }
        if ends_anew {
            for key in ENDS {
                put(&mut settings, key, Json::Null);
            }
        }
        // Whatever week this is: simulated time goes on where it was.
        let start = serde_json::to_value(Start::At(SimulatedInstant(simulated_start)));
        put(&mut settings, "time.start", start.unwrap_or(Json::Null));
        Self { path, settings }
    }

    /// The keys of a section; none where there is no such section.
    pub(super) fn section(&self, name: &str) -> SavedSection<'_> {
        SavedSection { saved: self, keys: self.settings.get(name).and_then(Json::as_object) }
    }
}

impl SavedSection<'_> {
    /// The value of `key`, where the checkpoint has one.
    pub(super) fn value<T: Value>(
        &self,
        key: &str,
        knob: &'static Knob,
    ) -> Result<Option<T>, ConfigError> {
        let Some(saved) = self.keys.and_then(|keys| keys.get(key)) else { return Ok(None) };
        match text_of(saved).and_then(|text| T::from_text(&text)) {
            Some(value) => Ok(Some(value)),
            None => Err(ConfigError::Impossible {
                origin: Origin::Checkpoint { path: self.saved.path.clone() },
                key: knob.key,
                given: saved.to_string().chars().take(40).collect(),
                allowed: knob.allowed,
            }),
        }
    }
}

/// One sentence for each setting that is not what `saved` says; a setting that `saved` does not
/// know is none.
pub fn changed(saved: &Json, settings: &Settings) -> Vec<String> {
    let is_of_the_run = |key: &str| {
        let section = key.split('.').next().unwrap_or(key);
        !OF_THE_PROCESS.iter().any(|own| *own == key || *own == section) && key != "time.start"
    };
    let of_the_run = settings.shown.iter().filter(|shown| is_of_the_run(shown.key));
    of_the_run
        .filter_map(|shown| {
            let before = at(saved, shown.key)?;
            let is_same = before == &shown.value || is_same_number(before, &shown.value);
            let (key, value, origin) = (shown.key, &shown.value, &shown.origin);
            (!is_same).then(|| format!("{key} is {value} ({origin}), {before} in the checkpoint"))
        })
        .collect()
}

/// 50, 50.0 and 5e1 are one number, however somebody wrote it.
fn is_same_number(one: &Json, other: &Json) -> bool {
    one.as_f64().zip(other.as_f64()).is_some_and(|(one, other)| one == other)
}

fn at<'a>(settings: &'a Json, key: &str) -> Option<&'a Json> {
    let (section, key) = key.split_once('.')?;
    settings.get(section)?.get(key)
}

fn remove(settings: &mut Json, key: &str) {
    let Some((section, key)) = key.split_once('.') else { return };
    if let Some(keys) = settings.get_mut(section).and_then(Json::as_object_mut) {
        keys.remove(key);
    }
}

fn put(settings: &mut Json, key: &str, value: Json) {
    let (Some((section, key)), Some(sections)) = (key.split_once('.'), settings.as_object_mut())
    else {
        return;
    };
    let section = sections.entry(section).or_insert_with(|| Json::Object(Map::new()));
    if let Some(keys) = section.as_object_mut() {
        keys.insert(key.to_owned(), value);
    }
}

/// A saved value as a flag would write it.
fn text_of(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some("none".to_owned()),
        Json::Bool(yes) => Some(yes.to_string()),
        Json::Number(number) => Some(number.to_string()),
        Json::String(text) => Some(text.clone()),
        Json::Array(values) => {
            let texts: Option<Vec<String>> = values.iter().map(text_in_list).collect();
            Some(texts?.join(","))
        }
        Json::Object(_) => None,
    }
}

/// An arm of an experiment is an object; its text is its JSON.
fn text_in_list(value: &Json) -> Option<String> {
    if value.is_object() { Some(value.to_string()) } else { text_of(value) }
}

#[cfg(test)]
mod tests {
    use actors::domain::cycle::Cycle;
    use serde_json::json;

    use super::*;
    use crate::config::environment::Environment;
    use crate::config::{Layer, Sources};
    use actors::domain::time_scale::TimeScale;

    fn at_eight() -> NaiveDateTime {
        Cycle(8).begins_at(NaiveDateTime::default())
    }

    fn load(pairs: &[(&str, &str)], flags: Layer, saved: Option<&Json>) -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.ron");
        std::fs::write(&file, "(population: (agents: 7), rate: (per_second: 8))").unwrap();
        let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let ends_anew = flags.time.cycles.is_some();
        let saved = saved.map(|s| SavedSettings::new("x.json".into(), s, at_eight(), ends_anew));
        Settings::load(Sources {
            flags,
            config: Some(file),
            environment: Environment::from_pairs(pairs),
            checkpoint: saved,
            ..Sources::default()
        })
        .unwrap()
    }

    #[test]
    fn a_checkpoint_wins_over_environment_and_file_and_a_flag_over_it() {
        let saved = load(&[], Layer::default(), None).as_json();
        let mut flags = Layer::default();
        flags.time.scale = Some(TimeScale::Max);
        let pairs = [("CARTLOAD_AGENTS", "3"), ("CARTLOAD_CYCLES", "9"), ("CARTLOAD_RATE", "2")];
        let resumed = load(&pairs, flags, Some(&saved));
        assert_eq!(resumed.population.agents, Some(7));
        assert_eq!(resumed.origin_of("population.agents").to_string(), "checkpoint x.json");
        assert_eq!(resumed.time.cycles, None, "not set is a saying too");
        assert_eq!(resumed.rate.per_second.limit(), Some(8.0));
        assert_eq!(resumed.time.scale, TimeScale::Max);
        assert_eq!(resumed.time.start, Start::At(SimulatedInstant(at_eight())));
        assert_eq!(
            changed(&saved, &resumed),
            ["time.scale is \"max\" (--time-scale), 48.0 in the checkpoint"]
        );
    }

    #[test]
    fn the_way_to_sign_in_comes_from_flag_then_environment_then_checkpoint() {
        let auth = |name: &str| {
            let mut layer = Layer::default();
            layer.shop.auth = Some(Some(name.to_owned()));
            layer
        };
        let saved = load(&[], auth("dev"), None).as_json();
        let pairs = [("CARTLOAD_SHOP_AUTH", "jwt")];
        let resumed = load(&pairs, auth("bearer"), Some(&saved));
        assert_eq!(resumed.shop.auth.as_deref(), Some("bearer"));
        assert_eq!(
            changed(&saved, &resumed),
            ["shop.auth is \"bearer\" (--auth), \"dev\" in the checkpoint"]
        );
        let resumed = load(&pairs, Layer::default(), Some(&saved));
        assert_eq!(
            changed(&saved, &resumed),
            ["shop.auth is \"jwt\" (CARTLOAD_SHOP_AUTH), \"dev\" in the checkpoint"]
        );
        let resumed = load(&[], Layer::default(), Some(&saved));
        assert_eq!(resumed.shop.auth.as_deref(), Some("dev"));
        let profiles = load(&[], Layer::default(), None).as_json();
        let resumed = load(&pairs, Layer::default(), Some(&profiles));
        assert_eq!(
            changed(&profiles, &resumed),
            ["shop.auth is \"jwt\" (CARTLOAD_SHOP_AUTH), null in the checkpoint"]
        );
        let resumed = load(&[("CARTLOAD_SHOP_AUTH", "none")], Layer::default(), Some(&saved));
        assert_eq!(resumed.shop.auth, None, "a variable can say: the profile's");
    }

    #[test]
    fn nothing_is_changed_where_nothing_is_said() {
        let saved = load(&[], Layer::default(), None).as_json();
        let pairs = [("CARTLOAD_LOG_FORMAT", "json"), ("CARTLOAD_DATA", "elsewhere")];
        let resumed = load(&pairs, Layer::default(), Some(&saved));
        assert_eq!(changed(&saved, &resumed), Vec::<String>::new());
        assert_eq!(resumed.store.data_dir, PathBuf::from("elsewhere"));
        let numbers = json!({ "rate": { "per_second": 8 }, "time": { "scale": 4.8e1 } });
        assert_eq!(changed(&numbers, &resumed), Vec::<String>::new());
        let words = json!({ "rate": { "per_second": "unlimited" } });
        assert_eq!(changed(&words, &resumed).len(), 1);
    }

    #[test]
    fn an_end_given_anew_takes_the_place_of_all_saved_ends() {
        let mut flags = Layer::default();
        flags.time.days = Some(Some(1));
        let saved = load(&[], flags, None).as_json();
        let mut flags = Layer::default();
        flags.time.cycles = Some(Some(48));
        let resumed = load(&[], flags, Some(&saved));
        assert_eq!((resumed.time.cycles, resumed.time.days), (Some(48), None));
        let kept = load(&[("CARTLOAD_DAYS", "2")], Layer::default(), Some(&saved));
        assert_eq!(kept.time.days, Some(1));
    }

    #[test]
    fn a_database_whose_password_is_hidden_comes_from_elsewhere() {
        let secret = [("DATABASE_URL", "postgres://me:hunter2@db/shop")];
        let saved = load(&secret, Layer::default(), None).as_json();
        assert!(!saved.to_string().contains("hunter2"));
        let resumed = load(&secret, Layer::default(), Some(&saved));
        assert!(resumed.store.url.as_ref().unwrap().expose().contains("hunter2"));
        assert_eq!(changed(&saved, &resumed), Vec::<String>::new());
        let plain = load(&[], Layer::default(), None).as_json();
        let resumed = load(&secret, Layer::default(), Some(&plain));
        assert_eq!(resumed.store.url, None, "the run is in the file of its data directory");
    }

    #[test]
    fn a_saved_value_that_no_run_can_work_with_is_the_checkpoints_fault() {
        for (saved, key) in [
            (json!({ "rate": { "per_second": -1 } }), "rate.per_second"),
            (json!({ "time": { "cycles": 0 } }), "time.cycles"),
            (json!({ "warm_up": { "steps_percent": {} } }), "warm_up.steps_percent"),
            (json!({ "shop": { "mock": null } }), "shop.mock"),
        ] {
            let saved = SavedSettings::new("x.json".into(), &saved, at_eight(), false);
            let sources = Sources { checkpoint: Some(saved), ..Sources::default() };
            let error = Settings::load(sources).unwrap_err();
            assert!(error.is_checkpoint() && !error.is_usage(), "{error}");
            assert!(error.to_string().contains("checkpoint x.json"), "{error}");
            assert!(error.to_string().contains(key), "{error}");
        }
    }
}
