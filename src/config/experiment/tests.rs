//! Which experiments are refused, where an error points, and what an arm makes of the settings.

use actors::domain::ids::CohortName;
use chrono::NaiveDateTime;

use super::*;
use crate::config::environment::Environment;
use crate::config::saved::{SavedSettings, changed};
use crate::config::{Settings, Sources};

fn load(file: &str) -> Result<Settings, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.ron");
    std::fs::write(&path, file).unwrap();
    Settings::load(Sources { config: Some(path), ..Sources::default() })
}

/// A file with these arms, the first on line 4.
fn with_arms(arms: &[&str]) -> String {
    let arms: String = arms.iter().map(|arm| format!("    {arm},\n")).collect();
    format!("(experiment: (\n  name: \"checkout\",\n  arms: [\n{arms}  ],\n))")
}

fn message(file: &str) -> String {
    let text = load(file).unwrap_err().to_string();
    text.rsplit_once("c.ron:").map_or(text.clone(), |(_, rest)| rest.to_owned())
}

const CONTROL: &str = "(name: \"control\", share: 0.5)";
const BOLD: &str = "(name: \"bold\", share: 0.5, overrides: {\"behavior.checkout.base\": 0.7, \
                    \"behavior.coupon.choice\": \"BestOfEachType\", \"offers.wallet_cap\": 8})";

#[test]
fn an_arm_has_the_preset_and_the_offers_with_its_overrides() {
    let settings = load(&with_arms(&[CONTROL, BOLD])).unwrap();
    let preset = overrides::builtin_preset().unwrap();
    let experiment =
        settings.experiment.arms_of(&preset, &settings.offers).unwrap().expect("two arms");
    assert_eq!(experiment.name, "checkout");
    let (control, bold) = (&experiment.arms[0], &experiment.arms[1]);
    assert_eq!(*control.behavior, preset);
    assert_eq!(control.offers, settings.offers.policy());
    assert_eq!(bold.name, CohortName::new("bold"));
    assert_eq!(bold.behavior.checkout.base, 0.7, "every digit of it");
    assert_eq!(bold.offers.wallet_cap, 8);
    let mut expected = preset.clone();
    expected.checkout.base = 0.7;
    expected.coupon.choice = actors::domain::behavior::CouponChoice::BestOfEachType;
    assert_eq!(*bold.behavior, expected, "nothing else differs");
}

#[test]
fn without_name_and_arms_there_is_no_experiment() {
    let settings = load("()").unwrap();
    let preset = overrides::builtin_preset().unwrap();
    assert_eq!(settings.experiment.arms_of(&preset, &settings.offers), Ok(None));
}

#[test]
fn mistakes_are_named_by_place_key_and_what_is_allowed() {
    let bold = |overrides: &str| format!("(name: \"b\", share: 0.5, overrides: {{{overrides}}})");
    let arms = |overrides: &str| with_arms(&[CONTROL, &bold(overrides)]);
    let place = |key: &str| format!("5:41: experiment.arms.overrides.{key}: arm \"b\"");
    for (file, parts) in [
        (
            arms("\"behavior.checkout.bse\": 0.7"),
            vec![place("behavior.checkout.bse"), "did you mean `behavior.checkout.base`?".into()],
        ),
        (arms("\"behaviour\": 1"), vec![place("behaviour"), "offers.coupon_life_days".into()]),
        (arms("\"behavior.checkout\": 1"), vec![place("behavior.checkout")]),
        (arms("\"behavior.name\": \"x\""), vec![place("behavior.name"), "no setting".into()]),
        (arms("\"rate.per_second\": 1"), vec![place("rate.per_second"), "no setting".into()]),
        (
            arms("\"behavior.checkout.base\": \"high\""),
            vec![place("behavior.checkout.base"), "\"high\"".into(), "a number".into()],
        ),
        (arms("\"behavior.view_calls\": 1"), vec!["true or false".into()]),
        (arms("\"behavior.look.products.max\": 1.5"), vec!["1.5".into()]),
        (arms("\"behavior.coupon.choice\": \"Worst\""), vec!["Worst".into()]),
        (
            arms("\"offers.wallet_cap\": 33"),
            vec![place("offers.wallet_cap"), "a whole number from 1 to 32".into()],
        ),
        (arms("\"offers.wallet_cap\": -1"), vec![place("offers.wallet_cap")]),
        (
            arms("\"offers.holdout_percent\": 50"),
            vec![place("offers.holdout_percent"), "for the whole run".into()],
        ),
        (
            with_arms(&[CONTROL, CONTROL]),
            vec!["5:6: experiment.arms.name: two arms are named \"control\"".into()],
        ),
        (
            with_arms(&[CONTROL, "(name: \"b\", share: 0.4)"]),
            vec!["3:3: experiment.arms: the shares of all arms sum to 0.9".into()],
        ),
        (
            with_arms(&[CONTROL, "(name: \"b\", share: 1.5)"]),
            vec!["5:17: experiment.arms.share".into(), "1.5".into()],
        ),
        (with_arms(&[CONTROL, "(name: \"b c\", share: 0.5)"]), vec!["5:6".into(), "b c".into()]),
        (with_arms(&[CONTROL]), vec!["1 arms".into(), "2 to 20".into()]),
        (with_arms(&[CONTROL, "(name: \"b\", shre: 0.5)"]), vec!["shre".into(), "share".into()]),
        ("(experiment: (name: \"a b\"))".into(), vec!["experiment.name".into()]),
        (
            format!("(experiment: (arms: [{CONTROL}]))"),
            vec!["experiment.name: 1 arms, but no experiment.name".into()],
        ),
    ] {
        let message = message(&file);
        for part in parts {
            assert!(message.contains(&part), "`{part}` is not in `{message}`");
        }
    }
}

#[test]
fn the_key_at_fault_is_found_among_arms_that_all_have_it() {
    let arm = |name: &str, share: f64, base: &str| {
        let overrides = format!("{{\"behavior.checkout.base\": {base}}}");
        format!("(name: \"{name}\", share: {share}, overrides: {overrides})")
    };
    let arms = [arm("a", 0.25, "0.5"), arm("b", 0.25, "0.6"), arm("c", 0.5, "true")];
    let message = message(&with_arms(&[&arms[0], &arms[1], &arms[2]]));
    assert!(message.starts_with("6:41:") && message.contains("arm \"c\""), "{message}");
}

#[test]
fn a_variable_says_arms_in_json_and_is_named_when_it_is_wrong() {
    let with = |arms: &str| {
        let pairs = [("CARTLOAD_EXPERIMENT_NAME", "x"), ("CARTLOAD_EXPERIMENT_ARMS", arms)];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = Environment::from_pairs(pairs);
        Settings::load(Sources { environment, ..Sources::default() })
    };
    let arms =
        r#"{"name":"a","share":0.5},{"name":"b","share":0.5,"overrides":{"offers.wallet_cap":4}}"#;
    assert_eq!(with(arms).unwrap().experiment.arms.0.len(), 2);
    for (arms, part) in [
        ("half", "experiment.arms"),
        (r#"{"name":"a","share":0.5},{"name":"a","share":0.5}"#, "two arms are named \"a\""),
    ] {
        let error = with(arms).unwrap_err().to_string();
        assert!(error.contains("CARTLOAD_EXPERIMENT_ARMS") && error.contains(part), "{error}");
    }
}

#[test]
fn a_checkpoint_keeps_the_arms_whatever_the_file_says_later() {
    let saved = load(&with_arms(&[CONTROL, BOLD])).unwrap();
    let json = saved.as_json();
    let start = NaiveDateTime::default();
    let checkpoint = SavedSettings::new("x.json".into(), &json, start, false);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.ron");
    std::fs::write(&file, "(experiment: (name: \"other\"))").unwrap();
    let resumed = Settings::load(Sources {
        config: Some(file),
        checkpoint: Some(checkpoint),
        ..Sources::default()
    })
    .unwrap();
    assert_eq!(resumed.experiment, saved.experiment);
    assert_eq!(changed(&json, &resumed), Vec::<String>::new());
    let mut spoilt = json;
    spoilt["experiment"]["arms"][0]["share"] = 0.1.into();
    let checkpoint = SavedSettings::new("x.json".into(), &spoilt, start, false);
    let sources = Sources { checkpoint: Some(checkpoint), ..Sources::default() };
    let error = Settings::load(sources).unwrap_err();
    assert!(error.is_checkpoint() && error.to_string().contains("sum to 0.6"), "{error}");
}
