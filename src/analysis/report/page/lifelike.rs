//! How lifelike the run is: each dimension against its band, and what drives a miss.

use super::panel::{Panel, Section, Table};
use super::words::{NOTHING, grouped, plural};
use crate::realism::{Dimension, Scorecard, Verdict};
use crate::report::svg::{Banded, Bands};

/// The section.
pub fn section(card: &Scorecard) -> Section {
    let count = |verdict| card.with(verdict).count() as u64;
    let targeted = card.dimensions.iter().filter(|dimension| dimension.targeted).count() as u64;
    let (missed, few) = (count(Verdict::Missed), count(Verdict::TooFewData));
    let says = match (targeted, missed, few) {
        (0, _, _) => "The run is held to no band.".to_owned(),
        (n, 0, 0) => {
            format!("All {} that preset {} aims at are met.", plural(n, "band"), card.preset)
        }
        (n, missed, few) => format!(
            "Of {} that preset {} aims at, {missed} missed, {few} with too few data to tell.",
            plural(n, "band"),
            card.preset
        ),
    };
    let banded: Vec<Banded> = card.dimensions.iter().filter_map(banded).collect();
    let head =
        ["dimension", "verdict", "value", "95 % +-", "band", "published", "over", "what drives it"];
    let rows = card.dimensions.iter().map(row).collect();
    let table =
        Table { words: 2, ..Table::new("Every dimension, its band and its source", &head, rows) };
    let picture = Bands(banded);
    let mut panels =
        vec![Panel::new("Against the bands", says).whole().picture("bands", &picture).table(table)];
    panels.extend(misses(card));
    Section {
        id: "realism",
        title: "How lifelike it is",
        intro: format!(
            "Bands are a judgement on published figures (docs/realism.md); a dimension that \
                the run is not held to is grey, never hidden. Rows that count. A simple \
                classifier, {}.",
            card.told.line()
        ),
        panels,
    }
}

fn misses(card: &Scorecard) -> Option<Panel> {
    let missed: Vec<&Dimension> =
        card.with(Verdict::Missed).chain(card.with(Verdict::TooFewData)).collect();
    if missed.is_empty() {
        return None;
    }
    let rows = missed.iter().map(|dimension| {
        let text = format!("{}: {}", dimension.verdict.as_str(), driver(dimension));
        vec![dimension.title.to_owned(), text]
    });
    let table =
        Table::new("Bands not met, and what drives them", &["dimension", "why"], rows.collect());
    let says = "Each with the field of a persona or the constant that moves it.";
    Some(Panel::new("What to look at", says).whole().open_table(table.of_words(2)))
}

/// One line for who is told that a band is not met.
pub fn line(dimension: &Dimension) -> String {
    let band = dimension.band.map_or(NOTHING.to_owned(), |band| band.to_string());
    let over = &dimension.denominator;
    format!(
        "{}: {}, {} +- {}, band {band}, over {} {}; driven by {}",
        dimension.name,
        dimension.verdict.as_str(),
        with_unit(dimension.value, dimension.unit),
        number(dimension.sampling_error),
        over.n,
        over.name,
        driver(dimension)
    )
}

fn driver(dimension: &Dimension) -> String {
    let driver = &dimension.driver;
    let named = [driver.persona, driver.constant].into_iter().filter(|name| !name.is_empty());
    format!("{} ({})", named.collect::<Vec<_>>().join("; "), driver.how)
}

fn number(value: Option<f64>) -> String {
    value.map_or(NOTHING.to_owned(), |value| match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    })
}

fn with_unit(value: Option<f64>, unit: &str) -> String {
    match value {
        None => NOTHING.to_owned(),
        Some(_) if unit.is_empty() => number(value),
        Some(_) => format!("{} {unit}", number(value)),
    }
}

/// With why a run is not held to a band that there is.
fn verdict(dimension: &Dimension) -> String {
    let word = dimension.verdict.as_str();
    if dimension.band.is_none() || dimension.reason.is_empty() {
        return word.to_owned();
    }
    format!("{word}: {}", dimension.reason)
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "run",
        Verdict::Missed => "bad",
        Verdict::TooFewData => "doubt",
        Verdict::NotTargeted => "quiet",
    }
}

fn banded(dimension: &Dimension) -> Option<Banded> {
    let band = dimension.band?;
    Some(Banded {
        name: dimension.title.to_owned(),
        words: format!(
            "{}  {}",
            with_unit(dimension.value, dimension.unit),
            dimension.verdict.as_str()
        ),
        value: dimension.value,
        error: dimension.sampling_error.unwrap_or(0.0),
        band: (band.min, band.max),
        class: class(dimension.verdict),
    })
}

fn row(dimension: &Dimension) -> Vec<String> {
    vec![
        dimension.title.to_owned(),
        verdict(dimension),
        with_unit(dimension.value, dimension.unit),
        number(dimension.sampling_error),
        dimension.band.map_or(NOTHING.to_owned(), |band| band.to_string()),
        match dimension.reference {
            Some(_) => {
                format!("{}, {}", with_unit(dimension.reference, dimension.unit), dimension.source)
            }
            None => dimension.source.clone(),
        },
        format!("{} {}", grouped(dimension.denominator.n), dimension.denominator.name),
        driver(dimension),
    ]
}
