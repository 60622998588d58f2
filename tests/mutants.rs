//! Whatever stands in a file, an answer or a message: reading it ends in what it says or in an
//! error with words, never in a panic (P5), soon and with little memory.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use cartload::checkpoint_files::{Trust, load_file};
use cartload::config::{Settings, Sources};
use cartload::personas::{self, OnBroken, Reading, read_file};
use cartload::scenario::Scenario;
use cartload::{injection, presets};
use flate2::read::GzDecoder;
use shops::shop_api::http::read;
use shops::shop_api::profile::Profile;
use tempfile::TempDir;
use text::ron_text::RonError;

use crate::shop_api::fuzz::calls;
use crate::support::mutant::{Read, each};
use crate::support::population;

/// The files of a folder of this project.
fn files(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.is_file());
    assert!(!paths.is_empty());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A file that holds one input after the other.
struct Rewritten {
    _folder: TempDir,
    path: PathBuf,
}

impl Rewritten {
    fn named(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        Self { _folder: folder, path }
    }

    fn with(&self, input: &[u8]) -> &Path {
        fs::write(&self.path, input).unwrap();
        &self.path
    }
}

#[test]
fn a_bent_config_file_is_read_or_refused() {
    let file = Rewritten::named("cartload.ron");
    let seeds = files("config").into_iter().filter(|text| text.starts_with(b"//"));
    let seeds: Vec<_> = seeds.chain([EXPERIMENT.to_vec()]).collect();
    each("config", &seeds, |input| {
        let config = Some(file.with(input).to_owned());
        Read::of(Settings::load(Sources { config, ..Sources::default() }))
    });
}

const EXPERIMENT: &[u8] = br#"(
    rate: (per_second: 20, in_flight: 8),
    time: (scale: 720, cycles: 24, start: "2026-11-30T08:00"),
    experiment: (name: "coupons", salt: "s", warm_up: 5, arms: [
        (name: "control", weight: 50), (name: "treatment", weight: 50,
            overrides: (coupon_affinity: 1.5)),
    ]),
    alerts: (webhook: "http://127.0.0.1:9/hook"),
)"#;

#[test]
fn a_bent_profile_is_read_or_refused() {
    let mut seeds = files("config/shops");
    seeds.push(crate::profiles::profile().into_bytes());
    each("profile", &seeds, |input| {
        Read::of(Profile::parse("profile", &String::from_utf8_lossy(input)))
    });
}

#[test]
fn a_bent_scenario_is_read_or_refused() {
    each("scenario", &files("config/scenarios"), |input| {
        Read::of(Scenario::parse(Path::new("drill.ron"), &String::from_utf8_lossy(input)))
    });
}

#[test]
fn bent_rules_of_behaviour_are_read_or_refused() {
    let file = Rewritten::named("rules.ron");
    each("rules", &files("config/behavior"), |input| {
        Read::of(presets::behavior(file.with(input).to_str().unwrap()))
    });
}

const PEOPLE_CSV: &str = "\
agent_id,price_sensitivity,brand_loyalty,impulsivity,coupon_affinity,preferred_categories,\
weekly_budget,avg_cart_value,shopping_frequency,backstory\n\
a1,0.5,0.4,0.3,0.2,Bakery;Dairy,120.10,$35,frequent,\"She said \"\"no\"\", twice\nand left\"\n\
a2,0.1,0.9,0.8,0.0,Snacks,80,20.5,rare,\n\
a3,1.0,0.0,0.5,1.0,Dairy,1000,99,occasional,plain\n";

/// Rows as `agents list --json` prints them and `agents import` reads them.
fn people_json() -> Vec<u8> {
    let rows: Vec<_> = population::personas(6).iter().map(personas::to_json).collect();
    serde_json::to_vec_pretty(&rows).unwrap()
}

fn bent_people(kind: &str, seeds: &[Vec<u8>]) {
    let file = Rewritten::named(&format!("people.{kind}"));
    let mut on_broken = [OnBroken::Refuse, OnBroken::Skip].into_iter().cycle();
    each(&format!("personas ({kind})"), seeds, |input| {
        let how = Reading::from(on_broken.next().unwrap());
        Read::of(read_file(file.with(input), &how))
    });
}

#[test]
fn a_bent_table_of_personas_is_read_or_refused() {
    bent_people("csv", &[PEOPLE_CSV.into(), PEOPLE_CSV.replace(',', ";").into()]);
}

#[test]
fn bent_personas_in_json_are_read_or_refused() {
    bent_people("json", &[people_json()]);
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_bent_checkpoint_is_read_or_refused() {
    let file = Rewritten::named("checkpoint.json");
    let packed = files("tests/upgrades/2026-11-30/sqlite/checkpoints");
    let seeds: Vec<_> = packed.iter().map(|packed| unpacked(packed)).collect();
    let mut trusts = [Trust::Whole, Trust::Edited].into_iter().cycle();
    each("checkpoint", &seeds, |input| {
        Read::of(load_file(file.with(input), trusts.next().unwrap()))
    });
}

#[test]
fn a_bent_message_is_read_or_refused() {
    let seeds: Vec<_> =
        injection::examples().map(|example| example.message.as_bytes().to_vec()).collect();
    each("messages", &seeds, |input| {
        let outcome = injection::parse("message", &String::from_utf8_lossy(input));
        let is_placed = |error: &RonError| error.line > 0 && error.column > 0;
        assert!(outcome.as_ref().err().is_none_or(is_placed), "{outcome:?}");
        Read::of(outcome)
    });
}

const ANSWERS: [&str; 4] = [
    r#"{"success":true,"products":[{"id":"p","name":"n","category":"c","brand":"b","price":1.5,
        "inStock":true},{"id":"q","name":"m","category":"d","brand":"b","price":12}],
        "total":2,"stores":[{"id":"s"}],"cart_cleared":false}"#,
    r#"{"success":true,"eligible":[{"id":"c","type":"category","category_or_brand":"c",
        "discount_type":"percent","discount_value":10,"min_purchase_amount":5,"max_discount":2,
        "expiration_date":"2026-01-01T00:00:00Z"}],"ineligible":[{"id":"d","type":"frontstore",
        "discount_type":"fixed","discount_value":3,"expiration_date":"2027-01-01",
        "ineligible_reason":"r"}],"cart_item":{"unit_price":1.5},"items_removed":1}"#,
    r#"{"success":true,"order":{"id":"o","items":[{"product_id":"p","quantity":2,"unit_price":1.5,
        "discount_amount":0.1,"line_total":2.9}],"totals":{"subtotal":3,"item_discounts":0.1,
        "frontstore_discount":0,"discount_total":0.1,"final_total":2.9}},"final_total":2.9}"#,
    r#"{"orders":[{"id":"o","final_total":8.9925,"items":[]}],"items":[{"product_id":"p",
        "quantity":1,"unit_price":1.5}],"product":{"id":"p","name":"n","price":"3,50 EUR"}}"#,
];

#[test]
fn a_bent_answer_is_read_or_refused_by_every_call() {
    let seeds: Vec<_> = ANSWERS.iter().map(|answer| answer.as_bytes().to_vec()).collect();
    let profiles: Vec<_> =
        Profile::builtin_names().map(|name| Profile::builtin(name).unwrap()).collect();
    let calls = calls();
    let mut profile = profiles.iter().cycle();
    each("answers", &seeds, |input| {
        let profile = profile.next().unwrap();
        let outcomes = calls.iter().map(|call| read(profile, call, input).map_err(|e| e.field));
        let taken = outcomes.filter(|outcome| Read::of(outcome.as_ref()) == Read::Taken).count();
        // A text that is right is right for a few of them.
        if taken > 5 { Read::Taken } else { Read::Refused }
    });
}
