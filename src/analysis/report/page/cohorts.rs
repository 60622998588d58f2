//! What the run's experiment showed: each arm against the control, and what to know before
//! believing it.

use super::panel::{Panel, Section, Table};
use super::words::{NOTHING, grouped, p_value, percent, plural};
use crate::cohorts::adjusting::Adjusted;
use crate::cohorts::metrics::Metric;
use crate::cohorts::offers::OfferUplift;
use crate::cohorts::statistics::{Comparison, Interval};
use crate::cohorts::{ArmComparison, ArmResults, CohortResults};
use crate::report::svg::{Forest, Whisker};

/// The section.
pub fn section(results: &CohortResults) -> Section {
    let ratio = match &results.sample_ratio {
        Some(ratio) if ratio.is_suspect => format!(
            "The arms do NOT have the shares they were meant to have (p {}).",
            p_value(ratio.p_value)
        ),
        Some(ratio) => {
            format!("The arms have the shares they were meant to have (p = {:.2}).", ratio.p_value)
        }
        None => "Nobody was drawn into an arm.".to_owned(),
    };
    let mut panels = vec![differences(results), adjusted(results), arms(results)];
    panels.push(metrics(results));
    if !results.cautions.is_empty() {
        let rows = results.cautions.iter().map(|caution| vec![caution.clone()]).collect();
        let table = Table::new("Cautions", &["caution"], rows);
        panels.push(Panel::new("Before believing any of it", "").whole().open_table(table));
    }
    Section {
        id: "experiment",
        title: "Experiment",
        intro: format!(
            "{}: arms against {}. The agent is the unit; rows that count. {ratio}",
            results.experiment, results.control
        ),
        panels,
    }
}

/// What offers as a whole did.
pub fn offers(uplift: &OfferUplift) -> Panel {
    let orders = uplift.uplifts.first().and_then(|orders| {
        let best = orders.adjusted.map(|adjusted| adjusted.comparison).or(orders.comparison)?;
        best.lift
    });
    let found = orders.map_or("Nothing can be told of orders.".to_owned(), |lift| {
        format!(
            "Orders of an agent in a week: {:+.1} % ({:+.1} % to {:+.1} %).",
            lift.value * 100.0,
            lift.low * 100.0,
            lift.high * 100.0
        )
    });
    let rough = if uplift.is_rough { " Under 30 agents in one of both: rough." } else { "" };
    let says = format!(
        "{found} This is {} {} agents are held out, {} are not.{rough}",
        uplift.measures,
        grouped(uplift.held_out as u64),
        grouped(uplift.offered as u64)
    );
    let rows = uplift.uplifts.iter().flat_map(|of| {
        let words = |part: Option<Interval>| {
            part.map_or(NOTHING.to_owned(), |part| value(of.metric, part.value))
        };
        let told = |how: &str, comparison: Option<&Comparison>| {
            let mut row = row(format!("{}{how}", name(of.metric)), comparison);
            row.truncate(4);
            row.splice(1..1, [words(of.held_out), words(of.offered)]);
            row
        };
        let adjusted = of.adjusted.as_ref().map(|of| told(", adjusted", Some(&of.comparison)));
        std::iter::once(told("", of.comparison.as_ref())).chain(adjusted)
    });
    let head = ["figure", "without offers", "with them", "uplift", "95 % interval", "p"];
    let table = Table::new("With offers and without", &head, rows.collect());
    Panel::new("What offers did", says).whole().open_table(table)
}

fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::OrdersPerAgentWeek => "orders of an agent in a week",
        Metric::Conversion => "orders of shopping sessions",
        Metric::RevenuePerAgentWeek => "paid by an agent in a week",
        Metric::Basket => "paid for an order",
        Metric::Redemption => "coupons used of handed out",
    }
}

fn value(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Conversion | Metric::Redemption => percent(value),
        Metric::OrdersPerAgentWeek | Metric::RevenuePerAgentWeek | Metric::Basket => {
            format!("{value:.2}")
        }
    }
}

fn differences(results: &CohortResults) -> Panel {
    let is_one = results.arms.len() == 2;
    let told = |one: &ArmComparison| match is_one {
        true => name(one.metric).to_owned(),
        false => format!("{}: {}", one.arm, name(one.metric)),
    };
    let clear: Vec<String> = results
        .comparisons
        .iter()
        .filter(|one| one.comparison.is_some_and(|c| is_clear(&c.difference)))
        .map(told)
        .collect();
    let says = match clear.as_slice() {
        [] => "No arm differs from the control by more than chance explains.".to_owned(),
        clear => format!("Clearly different: {}.", clear.join(", ")),
    };
    let whiskers: Vec<Whisker> = results
        .comparisons
        .iter()
        .flat_map(|one| {
            let adjusted = one.adjusted.map(|adjusted| adjusted.comparison);
            let plain = whisker(told(one), one.comparison.as_ref());
            [plain, whisker("adjusted".to_owned(), adjusted.as_ref())]
        })
        .flatten()
        .collect();
    let head = ["figure", "lift", "95 % interval", "p", "found at 80 %", "power at 10 %"];
    let rows = results.comparisons.iter().map(|one| row(told(one), one.comparison.as_ref()));
    let table = Table::new("Each arm against the control", &head, rows.collect());
    let panel = Panel::new("Lift over the control, percent", says).whole();
    match whiskers.is_empty() {
        true => panel.open_table(table),
        false => panel.picture("cohorts", &Forest(whiskers)).open_table(table),
    }
}

fn whisker(name: String, comparison: Option<&Comparison>) -> Option<Whisker> {
    let lift = comparison?.lift?;
    Some(Whisker {
        name,
        value: lift.value * 100.0,
        interval: Some((lift.low * 100.0, lift.high * 100.0)),
        words: format!("{:+.1} %", lift.value * 100.0),
        is_clear: is_clear(&comparison?.difference),
    })
}

/// The same differences as with the same shoppers in both arms.
fn adjusted(results: &CohortResults) -> Panel {
    let told = |one: &ArmComparison| match results.arms.len() {
        2 => name(one.metric).to_owned(),
        _ => format!("{}: {}", one.arm, name(one.metric)),
    };
    let mut says = "As it would be with the same shoppers in both arms: what their personas \
                    explain of a figure (R squared) does not widen its interval."
        .to_owned();
    let why_not = results.adjustments.iter().filter_map(|of| Some((&of.arm, of.why_not.as_ref()?)));
    for (arm, why) in why_not {
        says.push_str(&format!(" {arm} is not adjusted: {why}."));
    }
    let rows = results.comparisons.iter().filter_map(|one| {
        let Adjusted { comparison, r_squared, interval_shrink } = one.adjusted.as_ref()?;
        let mut row = row(told(one), Some(comparison));
        row.truncate(5);
        row.extend([percent(*r_squared), percent(*interval_shrink)]);
        Some(row)
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let panel = Panel::new("Adjusted by the personas", says).whole();
    if rows.is_empty() {
        return panel;
    }
    let head =
        ["figure", "lift", "95 % interval", "p", "found at 80 %", "R squared", "interval shorter"];
    let by = results.adjustments.first().map_or(String::new(), |of| of.covariates.join(", "));
    let facts = vec![("adjusted by", by)];
    panel.facts(facts).open_table(Table::new("Each arm against the control, adjusted", &head, rows))
}

fn is_clear(difference: &Interval) -> bool {
    difference.low > 0.0 || difference.high < 0.0
}

fn row(told: String, comparison: Option<&Comparison>) -> Vec<String> {
    let part = |part: Option<f64>| part.map_or(NOTHING.to_owned(), percent);
    let lift = comparison.and_then(|c| c.lift);
    let signed = |part: f64| format!("{:+.1} %", part * 100.0);
    vec![
        told,
        lift.map_or(NOTHING.to_owned(), |lift| signed(lift.value)),
        lift.map_or(NOTHING.to_owned(), |lift| {
            format!("{} to {}", signed(lift.low), signed(lift.high))
        }),
        comparison.map_or(NOTHING.to_owned(), |c| p_value(c.p_value)),
        part(comparison.and_then(|c| c.detectable_lift)),
        part(comparison.and_then(|c| c.power_at_10_percent)),
    ]
}

fn arms(results: &CohortResults) -> Panel {
    let row = |arm: &ArmResults| {
        let counts = [arm.exposed, arm.shopped, arm.fixed].map(|n| grouped(n as u64));
        [arm.arm.clone(), percent(arm.share)].into_iter().chain(counts).collect()
    };
    let head = ["arm", "share meant", "agents", "shopped", "put there"];
    let table = Table::new("Who is in each arm", &head, results.arms.iter().map(row).collect());
    let agents: usize = results.arms.iter().map(|arm| arm.exposed).sum();
    let says = format!("{} released into it.", plural(agents as u64, "agent"));
    Panel::new("Arms", says).open_table(table)
}

/// A row a figure and arm: side by side they would not fit a page.
fn metrics(results: &CohortResults) -> Panel {
    let rows = Metric::ALL.iter().flat_map(|metric| {
        results.arms.iter().map(move |arm| {
            let found = arm.metrics.iter().find(|value| value.metric == *metric);
            let of = found.and_then(|found| found.value);
            let words =
                |part: Option<f64>| part.map_or(NOTHING.to_owned(), |part| value(*metric, part));
            let ends = of.map_or(NOTHING.to_owned(), |of| {
                format!("{} to {}", value(*metric, of.low), value(*metric, of.high))
            });
            vec![name(*metric).to_owned(), arm.arm.clone(), words(of.map(|of| of.value)), ends]
        })
    });
    let head = ["figure", "arm", "value", "95 % interval"];
    let table = Table::new("Each figure of each arm", &head, rows.collect()).of_words(2);
    Panel::new("Figures by arm", "As counted, each arm by itself.").open_table(table)
}
