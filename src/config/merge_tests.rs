//! Which source wins, what is refused and where an error points.

use std::time::Duration;

use chrono::NaiveDate;
use shops::prices::Prices;

use super::*;
use actors::domain::rate::Rate;
use actors::domain::time_scale::TimeScale;

use crate::scenario::Scenario;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    Environment::from_pairs(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())))
}

fn load(file: &str, pairs: &[(&str, &str)], flags: Layer) -> Result<Settings, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.ron");
    std::fs::write(&path, file).unwrap();
    let environment = environment(pairs);
    Settings::load(Sources { flags, config: Some(path), environment, ..Sources::default() })
}

fn message(file: &str) -> String {
    let text = load(file, &[], Layer::default()).unwrap_err().to_string();
    text.rsplit_once("c.ron:").map_or(text.clone(), |(_, rest)| rest.to_owned())
}

#[test]
fn flags_win_over_the_environment_that_over_the_file_and_that_over_defaults() {
    let file = "(time: (scale: 10, cycles: 5, days: 2), rate: (per_second: 7))";
    let mut flags = Layer::default();
    flags.time.scale = Some(TimeScale::Max);
    let pairs = [("CARTLOAD_TIME_SCALE", "20"), ("CARTLOAD_CYCLES", "6")];
    let settings = load(file, &pairs, flags).unwrap();

    assert_eq!(settings.time.scale, TimeScale::Max);
    assert_eq!(settings.origin_of("time.scale").to_string(), "--time-scale");
    assert_eq!(settings.time.cycles, Some(6));
    assert_eq!(settings.origin_of("time.cycles").to_string(), "CARTLOAD_CYCLES");
    assert_eq!(settings.rate.per_second.limit(), Some(7.0));
    assert!(settings.origin_of("rate.per_second").to_string().ends_with("c.ron:1:48"));
    assert_eq!(settings.checkpoints.every_cycles, 10);
    assert_eq!(settings.origin_of("checkpoints.every_cycles"), &Origin::Default);
}

#[test]
fn prices_of_the_practice_shop_move_with_lifelike_unless_something_else_is_said() {
    let prices = |file: &str, pairs: &[(&str, &str)]| {
        let settings = load(file, pairs, Layer::default()).unwrap();
        let shown = settings.shown.iter().find(|shown| shown.key == "shop.practice_prices");
        assert_eq!(shown.unwrap().value, serde_json::json!(settings.shop.practice_prices));
        settings.shop.practice_prices
    };
    let lifelike = "(population: (preset: \"lifelike\"))";
    assert_eq!(prices("()", &[]), Prices::Fixed);
    assert_eq!(prices(lifelike, &[]), Prices::Calendar);
    assert_eq!(prices("(population: (preset: \"my.ron\"))", &[]), Prices::Fixed);
    assert_eq!(prices(lifelike, &[("CARTLOAD_PRACTICE_PRICES", "fixed")]), Prices::Fixed);
    let said = "(shop: (practice_prices: calendar))";
    assert_eq!(prices(said, &[]), Prices::Calendar);
    assert!(message("(shop: (practice_prices: weekly))").contains("calendar"));
}

#[test]
fn a_scenario_wins_over_the_environment_and_a_flag_over_it() {
    let scenario = Scenario::parse(
        Path::new("drill.ron"),
        "(about: \"\", settings: (time: (cycles: 4), rate: (per_second: 9)),\n\
         steps: [(expect: [State(running)])])",
    );
    let mut flags = Layer::default();
    flags.rate.per_second = Some(Rate::PerSecond(8.0));
    let environment = environment(&[("CARTLOAD_CYCLES", "6"), ("CARTLOAD_AGENTS", "7")]);
    let scenario = Some(scenario.unwrap().settings);
    let sources = Sources { flags, environment, scenario, ..Sources::default() };
    let settings = Settings::load(sources).unwrap();
    assert_eq!(settings.time.cycles, Some(4));
    assert_eq!(settings.origin_of("time.cycles").to_string(), "drill.ron:1:31");
    assert_eq!(settings.rate.per_second.limit(), Some(8.0));
    assert_eq!(settings.population.agents, Some(7));
}

#[test]
fn the_template_says_the_defaults_and_names_every_knob() {
    let from_file = load(TEMPLATE, &[], Layer::default()).unwrap();
    let defaults = load("()", &[], Layer::default()).unwrap();
    assert_eq!(from_file.as_json(), defaults.as_json());
    let named: Vec<_> = keys::keys(TEMPLATE).into_iter().map(|key| key.path).collect();
    for knob in knobs() {
        assert_eq!(named.iter().filter(|path| *path == knob.key).count(), 1, "{}", knob.key);
        assert!(
            knob.decision.is_empty() || knob.decision.split(", ").all(|q| TEMPLATE.contains(q)),
            "{} of {}",
            knob.decision,
            knob.key
        );
    }
}

#[test]
fn the_profiles_hint_is_the_limit_where_nobody_names_one_and_nowhere_else() {
    let shop = "shop: (api: \"http://h\", profile: \"voiceoffers\")";
    let limit = |file: &str, pairs: &[(&str, &str)], flag: Option<Rate>| {
        let mut flags = Layer::default();
        flags.rate.per_second = flag;
        let settings = load(file, pairs, flags).unwrap();
        let saved = settings.as_json()["rate"]["per_second"].clone();
        assert_eq!(saved, serde_json::json!(settings.rate.per_second));
        let origin = settings.origin_of("rate.per_second").to_string();
        (settings.rate.per_second.limit(), origin)
    };
    let of_shop = format!("({shop})");
    assert_eq!(limit(&of_shop, &[], None), (Some(20.0), "profile voiceoffers".to_owned()));
    let named = limit(&format!("({shop}, rate: (per_second: 50))"), &[], None);
    assert!(named.0 == Some(50.0) && named.1.contains("c.ron"), "{named:?}");
    let named = limit(&of_shop, &[("CARTLOAD_RATE", "50")], None);
    assert_eq!(named, (Some(50.0), "CARTLOAD_RATE".to_owned()));
    let named = limit(&of_shop, &[], Some(Rate::PerSecond(50.0)));
    assert_eq!(named, (Some(50.0), "--rate".to_owned()));
    for without in [
        "()",
        "(shop: (api: \"http://h\", profile: \"practice\"))",
        "(shop: (api: \"http://h\", profile: \"voiceoffers\", mock: true))",
        "(shop: (api: \"http://h\", profile: \"no/such/file.ron\"))",
    ] {
        assert_eq!(limit(without, &[], None), (Some(50.0), "default".to_owned()), "{without}");
    }
}

#[test]
fn mistakes_in_the_file_are_named_by_place_key_and_what_is_allowed() {
    for (file, parts) in [
        ("(\n  time: (\n    scal: 48,\n  ),\n)", &["3:5", "scal", "`scale`"][..]),
        ("(tme: ())", &["1:2", "tme", "`time`"]),
        ("(\n  rate: (per_second: 0),\n)", &["2:22", "rate.per_second", "above 0", "unlimited"]),
        ("(time: (scale: \"fast\"))", &["1:17", "time.scale", "\"fast\"", "or max"]),
        ("(time: (cycles: \"ten\"))", &["1:16", "time.cycles", "1 to 1000000"]),
        ("(time: (cycles: 0))", &["1:9", "time.cycles = 0", "1 to 1000000"]),
        ("(breaker: (on_freeze: stop))", &["1:23", "breaker.on_freeze", "wait or exit"]),
        ("(offers: (holdout_percent: 101))", &["1:11", "offers.holdout_percent", "0 to 100"]),
        ("(warm_up: (steps_percent: [50, 10]))", &["1:12", "steps_percent", "rising"]),
        ("(log: (filter: \"a=b=c\"))", &["1:8", "log.filter"]),
        ("(realism: (night_share: [4, 0]))", &["1:12", "realism.night_share", "[62, 78]"]),
        ("(realism: (single_item: [3]))", &["realism.single_item", "[62, 78]"]),
        ("(realism: (targets: [\"conversion\"]))", &["realism.targets", "single_item"]),
        ("(realism: (targets: [\"no\"]))", &["realism.targets", "single_item"]),
        ("(time: (scale: 48)", &["1:18"]),
    ] {
        let message = message(file);
        for part in parts {
            assert!(message.contains(part), "`{part}` is not in `{message}`");
        }
    }
}

#[test]
fn a_secret_in_the_file_stays_out_of_errors_and_of_the_settings() {
    let wrong = message("(store: (url: \"mysql://u:hunter2@h/d\"))");
    assert!(wrong.contains("store.url") && !wrong.contains("hunter2"), "{wrong}");
    let file = "(store: (url: \"postgres://u:hunter2@h/d\"))";
    let settings = load(file, &[], Layer::default()).unwrap();
    let everything = format!("{:?} {}", settings, settings.as_json());
    assert!(!everything.contains("hunter2"));
    let error = load("()", &[("DATABASE_URL", "mysql://u:hunter2@h/d")], Layer::default());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("DATABASE_URL") && !error.contains("hunter2"), "{error}");
}

#[test]
fn the_database_may_come_from_a_file_but_not_from_two_variables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("url");
    std::fs::write(&path, "postgres://u:p@h/d\n").unwrap();
    let path = path.to_str().unwrap();
    let from_file = load("()", &[("DATABASE_URL_FILE", path)], Layer::default()).unwrap();
    assert_eq!(from_file.store.url.as_ref().unwrap().expose(), "postgres://u:p@h/d");

    let ours_first = [("DATABASE_URL_FILE", path), ("CARTLOAD_DB", "sqlite://x.db")];
    let ours = load("()", &ours_first, Layer::default()).unwrap();
    assert_eq!(ours.store.url.as_ref().unwrap().expose(), "sqlite://x.db");

    let both = [("CARTLOAD_DB_FILE", path), ("CARTLOAD_DB", "sqlite://x.db")];
    let both = load("()", &both, Layer::default()).unwrap_err();
    assert!(matches!(both, ConfigError::Both { .. }), "{both}");
}

#[test]
fn the_interval_follows_the_time_scale_and_the_first_end_counts() {
    let start = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap().and_hms_opt(8, 0, 0).unwrap();
    let defaults = load("()", &[], Layer::default()).unwrap();
    assert_eq!(defaults.interval(), Duration::from_secs(75));
    assert_eq!(defaults.ends(start).unwrap().cycles, None);

    let file = "(time: (scale: \"max\", cycles: 100, days: 5, until: \"2026-01-09\", hours: 0.5))";
    let settings = load(file, &[], Layer::default()).unwrap();
    assert_eq!(settings.interval(), Duration::ZERO);
    let ends = settings.ends(start).unwrap();
    assert_eq!(ends.cycles, Some(88));
    assert_eq!(ends.real_time, Some(Duration::from_secs(1800)));

    let late = load("(time: (until: \"2026-01-05\"))", &[], Layer::default()).unwrap();
    assert!(matches!(late.ends(start), Err(ConfigError::EndsBeforeStart { .. })));
}
