//! Whole runs of `lifelike`, scored: a week in CI, 28 days five times in a row for a release.

use std::path::Path;

use analysis::realism::measure::Measure;
use analysis::realism::{Dimension, Scorecard, Verdict, score};
use store::{StoreOptions, StoreUrl, open_to_read};

use super::bands;
use crate::support::amount;
use crate::support::binary::Place;

/// A Monday; no calendar event until the end of the month.
const START: &str = "2026-06-01";

/// Runs this preset for so many days with 372 agents and scores it.
async fn run(preset: &str, days: usize) -> Scorecard {
    let place = Place::new();
    let days = days.to_string();
    let what = ["run", "--preset", preset, "--start", START, "--days", &days, "--quiet"];
    let how = ["--time-scale", "max", "--rate", "unlimited", "--warm-up", "off"];
    place.expect(0, &[&what[..], &how[..]].concat());
    scored(&place.data()).await
}

async fn scored(data: &Path) -> Scorecard {
    let url = StoreUrl::parse(&format!("sqlite://{}/cartload.db", data.display())).unwrap();
    let admin = open_to_read(&url, &StoreOptions::default()).await.unwrap();
    let known = admin.list_runs().await.unwrap().remove(0);
    let card = score(&admin, &known, &bands()).await.unwrap();
    admin.close().await;
    card
}

fn print(card: &Scorecard) {
    eprintln!("{:?}", card.counts);
    for found in &card.dimensions {
        let number = |n: Option<f64>| n.map_or("-".to_owned(), |n| format!("{n:.4}"));
        let band = found.band.map_or("-".to_owned(), |band| band.to_string());
        eprintln!(
            "{:24} {:>9} +-{:>8} {:6} n={:<6} {:13} {} {}",
            found.name.as_str(),
            number(found.value),
            number(found.sampling_error),
            found.unit,
            found.denominator.n,
            band,
            found.verdict.as_str(),
            found.reason
        );
    }
    eprintln!("{}", card.told.line());
}

/// The scorecard of a data directory, for looking at: CARTLOAD_REALISM_DATA=DIR.
#[tokio::test]
async fn the_data_directory_named_by_a_variable() {
    if let Ok(data) = std::env::var("CARTLOAD_REALISM_DATA") {
        print(&scored(Path::new(&data)).await);
    }
}

#[tokio::test]
async fn a_week_of_lifelike_has_the_hours_of_the_reference() {
    let card = run("lifelike", 7).await;
    print(&card);
    for measure in [Measure::HourOfDay, Measure::CartAbandonment, Measure::ViewGap] {
        let found = card.dimension(measure).unwrap();
        assert!(found.targeted && found.verdict != Verdict::Missed, "{found:?}");
    }
    assert_eq!(card.preset, "lifelike");
    let is_told = |d: &Dimension| d.value.is_some() || d.denominator.n == 0 || !d.reason.is_empty();
    assert!(card.dimensions.iter().all(is_told));
}

#[tokio::test]
async fn a_fortnight_with_a_flat_curve_of_the_day_misses_by_its_hours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flat.ron");
    let text = include_str!("../../config/behavior/lifelike.ron");
    let (before, rest) = text.split_once("hour_curve: [").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    let flat = format!("{before}hour_curve: [{}]{after}", "1, ".repeat(24));
    std::fs::write(&path, flat).unwrap();
    let card = run(path.to_str().unwrap(), 14).await;
    // Some 330 orders: a distance of 0.2 is beyond its band, and now and then not beyond chance. A
    // sixth of the orders at night is, by four standard errors.
    let found = card.dimension(Measure::HourOfDay).unwrap();
    assert!(found.value.unwrap() > 0.08 && found.verdict != Verdict::Met, "{found:?}");
    assert_eq!((found.driver.persona, found.driver.constant), ("time_of_day", "hour_curve"));
    let night = card.dimension(Measure::NightShare).unwrap();
    assert_eq!(
        (night.verdict, night.driver.constant),
        (Verdict::Missed, "hour_curve"),
        "{night:?}"
    );
    assert!(!card.holds());
}

#[tokio::test]
async fn every_band_of_lifelike_holds_in_runs_of_28_days() {
    let runs = amount("CARTLOAD_REALISM_RUNS", 0);
    for n in 0..runs {
        let card = run("lifelike", 28).await;
        eprintln!("run {n}");
        print(&card);
        assert!(card.holds(), "run {n}: {:?}", card.with(Verdict::Missed).collect::<Vec<_>>());
    }
}
