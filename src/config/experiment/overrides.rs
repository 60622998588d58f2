//! What an arm makes of behaviour and offers.

use actors::domain::behavior::Behavior;
use actors::domain::offer::OfferPolicy;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use text::ron_text;

use super::super::offers::{self, Offers};
use super::super::stack::Stack;
use super::super::{ConfigError, quoted};
use super::ArmSettings;
use super::fault::{ExperimentError, Fault};

/// Offers that may differ between arms. Not who is held out and when whoever is due: the holdout is
/// decided before any arm, and a refresh is one for all.
const OFFERS: [&str; 6] = [
    "coupon_life_days",
    "frontstore_per_refresh",
    "targeted_per_refresh",
    "wallet_cap",
    "no_repeat_days",
    "preferred_weight",
];
/// Edits between a misspelt key and the one that is suggested, at most.
const SUGGESTION_EDITS_MAX: usize = 4;

/// The preset whose keys every preset has.
pub(super) fn builtin_preset() -> Result<Behavior, Fault> {
    let text = include_str!("../../../config/behavior/load.ron");
    ron_text::parse("config/behavior/load.ron", text)
        .map_err(|error| Fault::of_key("arms", ExperimentError::Builtin(error.to_string())))
}

/// Behaviour and offers of `arm`, one of `arms`.
pub(super) fn apply(
    arm: &ArmSettings,
    arms: &[ArmSettings],
    behavior: &Behavior,
    offers: &Offers,
) -> Result<(Behavior, OfferPolicy), Fault> {
    let (mut behavior, mut offers) = (behavior.clone(), offers.clone());
    for (key, value) in &arm.overrides {
        let outcome = match key.split_once('.') {
            Some(("behavior", path)) => overridden(&behavior, path, value).map(|b| behavior = b),
            Some(("offers", path)) => offers_with(&offers, path, value).map(|o| offers = o),
            Some(_) | None => Err(Refusal::Unknown),
        };
        outcome.map_err(|refusal| refusal.fault(arm, arms, key, value))?;
    }
    Ok((behavior, offers.policy()))
}

/// Why a value was not taken.
enum Refusal {
    Unknown,
    OfTheRun,
    Value(String),
}

impl Refusal {
    fn fault(self, arm: &ArmSettings, arms: &[ArmSettings], key: &str, value: &Json) -> Fault {
        let (name, cut) = (quoted(&arm.name), key.chars().take(60).collect::<String>());
        let error = match self {
            Self::Unknown => {
                ExperimentError::UnknownKey { arm: name, key: cut, nearest: nearest(key) }
            }
            Self::OfTheRun => ExperimentError::OfTheRun { arm: name, key: cut },
            Self::Value(why) => {
                let given = value.to_string().chars().take(40).collect();
                ExperimentError::Value { arm: name, key: cut, given, why }
            }
        };
        let before = arms.iter().take_while(|other| other.name != arm.name);
        let nth = before.filter(|other| other.overrides.contains_key(key)).count();
        Fault { key: format!("experiment.arms.overrides.{key}"), nth, error: Box::new(error) }
    }
}

/// The behaviour with another value at `path`.
fn overridden(behavior: &Behavior, path: &str, value: &Json) -> Result<Behavior, Refusal> {
    let mut json = serde_json::to_value(behavior).map_err(|e| Refusal::Value(e.to_string()))?;
    let mut place = &mut json;
    for part in path.split('.') {
        place = place.get_mut(part).ok_or(Refusal::Unknown)?;
    }
    // The preset's name is stored with the run, what it speaks for are settings of the run, and a
    // group of constants is not one value.
    if path == "name" || path.starts_with("defaults.") || place.is_object() {
        return Err(Refusal::Unknown);
    }
    if place.is_number() && !value.as_f64().is_some_and(f64::is_finite) {
        return Err(Refusal::Value("allowed: a number".to_owned()));
    }
    if place.is_boolean() && !value.is_boolean() {
        return Err(Refusal::Value("allowed: true or false".to_owned()));
    }
    *place = value.clone();
    read(json)
}

/// The offers with another value of `key`, checked as the config file's are.
fn offers_with(offers: &Offers, key: &str, value: &Json) -> Result<Offers, Refusal> {
    let mut json = serde_json::to_value(offers).map_err(|e| Refusal::Value(e.to_string()))?;
    let place = json.get_mut(key).ok_or(Refusal::Unknown)?;
    if !OFFERS.contains(&key) {
        return Err(Refusal::OfTheRun);
    }
    *place = value.clone();
    let layer: offers::Layer = read(json)?;
    let mut stack = Stack::of_offers(layer);
    Offers::resolve(&mut stack, |layer| &layer.offers).map_err(|error| {
        let is_impossible = matches!(error, ConfigError::Impossible { .. });
        let allowed = Offers::KNOBS.iter().find(|knob| knob.key.ends_with(key)).map(|k| k.allowed);
        Refusal::Value(match allowed {
            Some(allowed) if is_impossible => format!("allowed: {allowed}"),
            Some(_) | None => error.to_string(),
        })
    })
}

fn read<T: DeserializeOwned>(json: Json) -> Result<T, Refusal> {
    serde_json::from_value(json).map_err(|error| Refusal::Value(error.to_string()))
}

/// The key with nearly this name.
fn nearest(key: &str) -> Option<String> {
    let mut known: Vec<String> = OFFERS.iter().map(|key| format!("offers.{key}")).collect();
    let json = builtin_preset().ok().and_then(|preset| serde_json::to_value(preset).ok())?;
    collect_keys(&json, "behavior", &mut known);
    let edits = |candidate: &String| strsim::damerau_levenshtein(key, candidate);
    known.into_iter().min_by_key(edits).filter(|known| edits(known) <= SUGGESTION_EDITS_MAX)
}

fn collect_keys(json: &Json, path: &str, found: &mut Vec<String>) {
    match json.as_object() {
        None => found.push(path.to_owned()),
        Some(keys) => {
            for (key, value) in keys {
                collect_keys(value, &format!("{path}.{key}"), found);
            }
        }
    }
}
