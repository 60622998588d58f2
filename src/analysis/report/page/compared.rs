//! This run beside another one.

use super::panel::{Panel, Section, Table};
use super::words::{NOTHING, money, percent, rounded};
use crate::report::compare::{Compared, Comparison, Estimate, Unit};
use crate::report::svg::{Forest, Whisker};

/// The section.
pub fn section(comparison: &Comparison) -> Section {
    let clear: Vec<&str> = comparison
        .figures
        .iter()
        .filter(|figure| figure.difference.is_some_and(|d| d.is_clear()))
        .map(|figure| figure.says)
        .collect();
    let says = match clear.as_slice() {
        [] => "No figure differs by more than chance explains.".to_owned(),
        clear => format!("Clearly different: {}.", clear.join(", ")),
    };
    let whiskers = comparison.figures.iter().filter_map(whisker).collect();
    let rows = comparison.figures.iter().map(row).collect();
    let head = ["figure", "this run", "other run", "difference", "95 % interval"];
    let panel = Panel::new("Difference to the other run, in percent of it", says)
        .whole()
        .picture("compared", &Forest(whiskers))
        .open_table(Table::new("Figure by figure", &head, rows));
    Section {
        id: "compared",
        title: "Beside another run",
        intro: format!("The other run: {}. {}", comparison.other_run_id, comparison.method),
        panels: vec![panel],
    }
}

fn in_words(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Share => percent(value),
        Unit::Number => format!("{value:.2}"),
        Unit::Cents => money(rounded(value)),
    }
}

/// Of shares the difference is one of points.
fn difference_in_words(unit: Unit, value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    match unit {
        Unit::Share => format!("{sign}{:.2} points", value * 100.0),
        Unit::Number | Unit::Cents => format!("{sign}{}", in_words(unit, value)),
    }
}

fn row(figure: &Compared) -> Vec<String> {
    let of = |estimate: Option<Estimate>| {
        estimate.map_or(NOTHING.to_owned(), |e| in_words(figure.unit, e.value))
    };
    let words = |value| difference_in_words(figure.unit, value);
    let interval = figure.difference.and_then(|d| d.interval);
    vec![
        figure.says.to_owned(),
        of(figure.run),
        of(figure.other),
        figure.difference.map_or(NOTHING.to_owned(), |d| words(d.value)),
        interval
            .map_or(NOTHING.to_owned(), |(low, high)| format!("{} to {}", words(low), words(high))),
    ]
}

/// Nothing where the other run has none of it, or nothing spreads.
fn whisker(figure: &Compared) -> Option<Whisker> {
    let difference = figure.difference?;
    let lift = difference.lift?;
    Some(Whisker {
        name: figure.says.to_owned(),
        value: lift.value * 100.0,
        interval: Some((lift.low * 100.0, lift.high * 100.0)),
        words: format!("{:+.1} %", lift.value * 100.0),
        is_clear: difference.is_clear(),
    })
}
