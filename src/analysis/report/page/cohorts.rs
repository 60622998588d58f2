//! What the run's experiment showed: each arm against the control, and what to know before
//! believing it.

use super::panel::{Panel, Section, Table};
use super::words::{NOTHING, grouped, percent, plural};
use crate::cohorts::metrics::Metric;
use crate::cohorts::statistics::{Comparison, Interval};
use crate::cohorts::{ArmComparison, ArmResults, CohortResults};
use crate::report::svg::{Forest, Whisker};

/// The section.
pub fn section(results: &CohortResults) -> Section {
    let ratio = match &results.sample_ratio {
        Some(ratio) if ratio.is_suspect => format!(
            "The arms do NOT have the shares they were meant to have (p = {:.1e}).",
            ratio.p_value
        ),
        Some(ratio) => {
            format!("The arms have the shares they were meant to have (p = {:.2}).", ratio.p_value)
        }
        None => "Nobody was drawn into an arm.".to_owned(),
    };
    let mut panels = vec![differences(results), arms(results)];
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
    let whiskers = results.comparisons.iter().filter_map(|one| {
        let lift = one.comparison?.lift?;
        Some(Whisker {
            name: told(one),
            value: lift.value * 100.0,
            interval: Some((lift.low * 100.0, lift.high * 100.0)),
            words: format!("{:+.1} %", lift.value * 100.0),
            is_clear: is_clear(&one.comparison?.difference),
        })
    });
    let whiskers: Vec<Whisker> = whiskers.collect();
    let head = ["figure", "lift", "95 % interval", "p", "found at 80 %", "power at 10 %"];
    let rows = results.comparisons.iter().map(|one| row(told(one), one.comparison.as_ref()));
    let table = Table::new("Each arm against the control", &head, rows.collect());
    let panel = Panel::new("Lift over the control, percent", says).whole();
    match whiskers.is_empty() {
        true => panel.open_table(table),
        false => panel.picture("cohorts", &Forest(whiskers)).open_table(table),
    }
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
        comparison.map_or(NOTHING.to_owned(), |c| format!("{:.3}", c.p_value)),
        part(comparison.and_then(|c| c.detectable_lift)),
        part(comparison.and_then(|c| c.power_at_10_percent)),
    ]
}

fn arms(results: &CohortResults) -> Panel {
    let metrics = results.arms.first().map_or(&[][..], |arm| &arm.metrics);
    let fixed = ["arm", "share meant", "agents", "shopped", "put there"].map(str::to_owned);
    let head = fixed.into_iter().chain(metrics.iter().map(|m| name(m.metric).to_owned()));
    let row = |arm: &ArmResults| {
        let counts = [arm.exposed, arm.shopped, arm.fixed].map(|n| grouped(n as u64));
        let values = arm.metrics.iter().map(|metric| match metric.value {
            None => NOTHING.to_owned(),
            Some(of) => {
                let ends = [of.low, of.high].map(|end| value(metric.metric, end));
                format!("{} ({} to {})", value(metric.metric, of.value), ends[0], ends[1])
            }
        });
        let named = [arm.arm.clone(), percent(arm.share)];
        named.into_iter().chain(counts).chain(values).collect()
    };
    let table = Table {
        caption: "Each arm, with 95 % intervals".to_owned(),
        head: head.collect(),
        words: 1,
        rows: results.arms.iter().map(row).collect(),
    };
    let agents: usize = results.arms.iter().map(|arm| arm.exposed).sum();
    let says = format!("{} released into it.", plural(agents as u64, "agent"));
    Panel::new("Arms", says).whole().open_table(table)
}
