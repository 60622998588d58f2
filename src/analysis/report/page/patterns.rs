//! Who comes back, how sales and spending are spread, how deep discounts are, what promotions sell.

use super::panel::{Panel, Section, Table};
use super::words::{
    count_tick, grouped, grouped_number, money, number_of, percent, percent_of, percent_tick,
};
use crate::report::Report;
use crate::report::patterns::{CohortWeeks, Patterns, Spread};
use crate::report::svg::{Axis, Bars, Curve, Curves};

/// Gaps of so many days or more share the last bar.
const GAP_LAST: u64 = 28;
/// Days whose share is told in a table.
const DAYS_TOLD: [u64; 8] = [1, 3, 7, 14, 28, 56, 91, 182];
/// The colours of cohorts.
const COHORT_CLASSES: [&str; 6] = ["run", "queued", "service", "drill", "reference", "quiet"];

/// The section.
pub fn section(report: &Report) -> Section {
    let patterns = &report.patterns;
    let mut panels = vec![again(patterns), gaps(patterns)];
    panels.extend(cohorts(&patterns.cohorts));
    panels.push(spread(
        ("Popularity of products", "units", "popularity"),
        ("product that was sold", "products, the least sold first"),
        &patterns.product_units,
        |total| grouped(total.unsigned_abs()),
    ));
    panels.push(spread(
        ("Spend by shopper", "money", "spend"),
        ("shopper who ordered", "shoppers, the thriftiest first"),
        &patterns.spending,
        money,
    ));
    panels.push(discounts(patterns));
    panels.extend(prices(patterns));
    Section {
        id: "patterns",
        title: "Who comes back, and what sells",
        intro: "Rows that count.".to_owned(),
        panels,
    }
}

fn again(patterns: &Patterns) -> Panel {
    let days = &patterns.ordered_again;
    let title = "Ordered again";
    let Some(last) = days.last() else { return Panel::new(title, "No order was placed.") };
    let at = |day: u64| days.iter().find(|again| again.day == day);
    let week = at(7).unwrap_or(last);
    let says = format!(
        "{} of the shoppers who ordered did so again within {} days of their first order. Who \
         has had less time counts for the time there was.",
        percent(week.share),
        week.day
    );
    let curve = Curve {
        name: "shoppers with a second order".to_owned(),
        class: "run",
        points: days.iter().map(|again| (again.day as f64, again.share)).collect(),
    };
    let curves = Curves {
        curves: vec![curve],
        until: last.day as f64,
        step_min: 1.0,
        axis: Axis::linear(1.0),
        words: percent_tick,
        places: |day| format!("{day:.0} d"),
    };
    let told = DAYS_TOLD.into_iter().filter_map(at);
    let rows = told.map(|again| vec![again.day.to_string(), percent(again.share)]).collect();
    let table = Table::new("By days since the first order", &["days", "ordered again"], rows);
    Panel::new(title, says).picture("again", &curves).table(table)
}

fn gaps(patterns: &Patterns) -> Panel {
    let gaps = &patterns.gaps;
    let title = "Days between orders";
    let Some(last) = gaps.last() else {
        return Panel::new(title, "Nobody ordered twice.");
    };
    let last = last.days.clamp(7, GAP_LAST);
    let of = |days: u64| -> f64 {
        let fits = |d: u64| d == days || (days == GAP_LAST && d > days);
        gaps.iter().filter(|gap| fits(gap.days)).map(|gap| gap.orders).sum::<u64>() as f64
    };
    let label = |days: u64| if days == GAP_LAST { format!("{days}+") } else { days.to_string() };
    let bars = Bars {
        labels: (0..=last).map(label).collect(),
        values: (0..=last).map(|days| Some(of(days))).collect(),
        reference: None,
        marked: Some((7, "7 days")),
        name: "orders by days since the shopper's last one",
        words: count_tick,
    };
    let says = format!(
        "{} of the orders come on the 7th day after the shopper's last one.",
        percent_of(patterns.gaps_of_7_days)
    );
    let rows = gaps.iter().map(|gap| vec![gap.days.to_string(), grouped(gap.orders)]).collect();
    let table = Table::new("Orders by days since the last", &["days", "orders"], rows);
    Panel::new(title, says).picture("gaps", &bars).table(table)
}

/// Nothing where no week has another one after it.
fn cohorts(cohorts: &[CohortWeeks]) -> Option<Panel> {
    let shown: Vec<&CohortWeeks> =
        cohorts.iter().filter(|cohort| !cohort.later.is_empty()).collect();
    let longest = shown.iter().map(|cohort| cohort.later.len()).max()?;
    let curve = |(cohort, class): (&&CohortWeeks, &'static str)| Curve {
        name: format!("week {}", cohort.week + 1),
        class,
        points: (0_u32..)
            .zip(std::iter::once(&1.0).chain(&cohort.later))
            .map(|(week, share)| (f64::from(week), *share))
            .collect(),
    };
    let curves = Curves {
        curves: shown.iter().zip(COHORT_CLASSES).map(curve).collect(),
        until: longest as f64,
        step_min: 1.0,
        axis: Axis::linear(1.0),
        words: percent_tick,
        places: |week| format!("{week:.0} w"),
    };
    let rows = shown.iter().flat_map(|cohort| {
        (1..).zip(&cohort.later).map(|(later, share): (u64, &f64)| {
            let week = format!("week {}", cohort.week + 1);
            vec![week, grouped(cohort.agents), later.to_string(), percent(*share)]
        })
    });
    let head = ["first order in", "shoppers", "weeks later", "ordered"];
    let table = Table::new("By week of the first order", &head, rows.collect());
    let says = "Of the shoppers whose first order was in a week, those that ordered so many weeks \
                later.";
    Some(
        Panel::new("Weeks after the first order", says)
            .picture("cohort-weeks", &curves)
            .table(table),
    )
}

fn spread(
    (title, what, id): (&'static str, &str, &str),
    (member, axis): (&str, &str),
    spread: &Spread,
    words: fn(i64) -> String,
) -> Panel {
    let Some(gini) = spread.gini else { return Panel::new(title, "No order was placed.") };
    let of = |part: f64| percent_of(spread.of_richest(part));
    let says = format!(
        "The greatest tenth has {} of the {what}, the greatest fifth {}; Gini {gini:.2}. Each \
         {member} is counted.",
        of(0.1),
        of(0.2)
    );
    let curves = Curves {
        curves: vec![
            Curve { name: format!("{what} by {axis}"), class: "run", points: spread.curve.clone() },
            Curve {
                name: "all alike".to_owned(),
                class: "quiet",
                points: vec![(0.0, 0.0), (1.0, 1.0)],
            },
        ],
        until: 1.0,
        step_min: 0.1,
        axis: Axis::linear(1.0),
        words: percent_tick,
        places: percent_tick,
    };
    let rows = [0.01, 0.05, 0.1, 0.2, 0.5].map(|part| vec![percent_tick(part), of(part)]);
    let table = Table::new(format!("Share of the {what}"), &["greatest", "have"], rows.to_vec());
    Panel::new(title, says)
        .picture(id, &curves)
        .facts(vec![
            ("counted", grouped(spread.members)),
            ("together", words(spread.total)),
            ("Gini", format!("{gini:.3}")),
        ])
        .table(table)
}

fn discounts(patterns: &Patterns) -> Panel {
    let deep = patterns.discounts.iter().filter_map(|d| Some((d.from_percent?, d.lines)));
    let deep: Vec<(u64, u64)> = deep.collect();
    let title = "Depth of discounts";
    let Some((last, _)) = deep.last() else {
        return Panel::new(title, "No line of an order had a discount.");
    };
    let steps = || (0..=last / 5).map(|step| step * 5);
    let of = |percent: u64| deep.iter().find(|(from, _)| *from == percent).map_or(0, |d| d.1);
    let bars = Bars {
        labels: steps().map(|percent| format!("{percent} %")).collect(),
        values: steps().map(|percent| Some(of(percent) as f64)).collect(),
        reference: None,
        marked: None,
        name: "discounted lines by percent taken off",
        words: count_tick,
    };
    let says = format!("{} of the lines were discounted.", percent_of(patterns.lines_discounted));
    let rows = steps()
        .map(|percent| vec![format!("{percent} to {} %", percent + 5), grouped(of(percent))]);
    let table = Table::new("Lines by depth", &["off the line", "lines"], rows.collect());
    Panel::new(title, says).picture("depths", &bars).table(table)
}

/// Nothing where prices stood.
fn prices(patterns: &Patterns) -> Option<Panel> {
    let lift = patterns.promotion_lift?;
    let label = |from: Option<u64>| {
        from.map_or_else(|| "none".to_owned(), |percent| format!("{percent} %"))
    };
    let prices = &patterns.prices;
    let bars = Bars {
        labels: prices.iter().map(|at| label(at.from_percent)).collect(),
        values: prices.iter().map(|at| Some(at.units_per_week)).collect(),
        reference: None,
        marked: None,
        name: "units a week, by percent off the dearest",
        words: grouped_number,
    };
    let rows = prices.iter().map(|at| {
        vec![label(at.from_percent), grouped(at.product_weeks), number_of(Some(at.units_per_week))]
    });
    let head = ["off its dearest week", "weeks of products", "units a week"];
    let says = format!(
        "A product sells {lift:.2} times as many units in a week on promotion (5 % or more below \
         its dearest week). Weeks in which it sold nothing are in neither."
    );
    let panel = Panel::new("Prices and promotions", says).picture("prices", &bars);
    Some(panel.table(Table::new("Weeks of products by price", &head, rows.collect())))
}
