//! What shoppers did: when they came, how far they got, what they bought, what became of coupons.

use chrono::{Datelike, Weekday};

use super::panel::{Panel, Section, Table};
use super::words::{
    count_tick, grouped, money, money_of, money_tick, number_of, percent, percent_of, percent_tick,
    plural,
};
use crate::realism::reference::WEEKDAY_NAMES;
use crate::report::Report;
use crate::report::activity::{Day, Slot, Visits};
use crate::report::shopping::{Funnel, Sizes};
use crate::report::svg::{Axis, Bars, Lines, Row, Rows, Series};

/// More days than this are drawn as a line.
const DAYS_AS_BARS: usize = 62;
/// So many days have their names below them.
const DAYS_NAMED: usize = 12;
/// Baskets of so many products or more share the last bar.
const BASKET_LAST: u64 = 25;

/// When shoppers came.
pub fn when(report: &Report) -> Section {
    Section {
        id: "activity",
        title: "When they shopped",
        intro: "Rows that count: of each simulated hour the first attempt that nothing broke."
            .to_owned(),
        panels: vec![hours(report), weekdays(report), revenue(report)],
    }
}

fn hours(report: &Report) -> Panel {
    let hours = &report.activity.hours;
    let peak = hours.iter().filter(|slot| slot.order_share.is_some()).max_by(|one, other| {
        one.order_share.unwrap_or(0.0).total_cmp(&other.order_share.unwrap_or(0.0))
    });
    let says = match peak {
        Some(peak) => {
            format!("Orders peak at {} h with {}.", peak.slot, percent_of(peak.order_share))
        }
        None => "No order was placed.".to_owned(),
    };
    let bars = bars_of(hours, report.activity.hours_reference, |slot| slot.slot.to_string());
    let head = ["hour", "hours lived", "visits", "orders", "share of orders", "reference"];
    Panel::new("Orders by hour of the day", says).picture("hours", &bars).table(Table::new(
        "By hour of the simulated day",
        &head,
        slot_rows(hours, |slot| format!("{:02}-{:02} h", slot.slot, (slot.slot + 1) % 24)),
    ))
}

fn weekdays(report: &Report) -> Panel {
    let weekdays = &report.activity.weekdays;
    let shares = || weekdays.iter().filter_map(|slot| slot.order_share);
    let (most, least) = (shares().fold(0.0, f64::max), shares().fold(1.0, f64::min));
    let says = match report.activity.has_week() && least > 0.0 {
        true => {
            format!("The busiest weekday has {:.2} times the orders of the quietest.", most / least)
        }
        false => "Not every weekday has been lived and shopped on.".to_owned(),
    };
    let name = |slot: &Slot| {
        let at = usize::try_from(slot.slot).unwrap_or(usize::MAX);
        WEEKDAY_NAMES.get(at).copied().unwrap_or_default().to_owned()
    };
    let bars = bars_of(weekdays, report.activity.weekdays_reference, name);
    let head = ["weekday", "hours lived", "visits", "orders", "share of orders", "reference"];
    Panel::new("Orders by weekday", says).picture("weekdays", &bars).table(Table::new(
        "By weekday",
        &head,
        slot_rows(weekdays, name),
    ))
}

fn bars_of(
    slots: &[Slot],
    reference: &'static str,
    name: impl Fn(&Slot) -> String,
) -> Bars<'static> {
    Bars {
        labels: slots.iter().map(name).collect(),
        values: slots.iter().map(|slot| slot.order_share).collect(),
        reference: Some((reference, slots.iter().map(|s| s.reference_share).collect())),
        marked: None,
        name: "this run",
        words: percent_tick,
    }
}

fn slot_rows(slots: &[Slot], name: impl Fn(&Slot) -> String) -> Vec<Vec<String>> {
    let row = |slot: &Slot| {
        vec![
            name(slot),
            grouped(slot.hours_lived),
            grouped(slot.sums.visits),
            grouped(slot.sums.orders),
            percent_of(slot.order_share),
            percent(slot.reference_share),
        ]
    };
    slots.iter().map(row).collect()
}

fn revenue(report: &Report) -> Panel {
    let days = &report.activity.days;
    let whole = days.iter().filter(|day| day.hours_lived == 24);
    let (count, sum) =
        whole.fold((0_i64, 0), |(n, sum), day| (n + 1, sum + day.sums.revenue_cents));
    let says = match count {
        0 => "No simulated day was lived whole.".to_owned(),
        n => format!("A whole simulated day brings {} in the mean.", money(sum / n)),
    };
    let head =
        ["day", "hours lived", "visits", "orders", "revenue", "discounts", "abandoned", "failed"];
    let rows = days.iter().map(|day| {
        let Visits { visits, orders, revenue_cents, discount_cents, abandoned, failed, .. } =
            day.sums;
        vec![
            day.date.format("%a %Y-%m-%d").to_string(),
            day.hours_lived.to_string(),
            grouped(visits),
            grouped(orders),
            money(revenue_cents),
            money(discount_cents),
            grouped(abandoned),
            grouped(failed),
        ]
    });
    let panel = Panel::new("Revenue by simulated day", says).whole();
    let panel = match days.len() {
        0 => panel,
        n if n > DAYS_AS_BARS => panel.picture("revenue", &revenue_line(report, days)),
        _ => panel.picture("revenue", &revenue_bars(days)),
    };
    panel.table(Table::new("By simulated day", &head, rows.collect()))
}

fn revenue_bars(days: &[Day]) -> Bars<'static> {
    Bars {
        labels: days.iter().map(|day| day_label(day, days.len())).collect(),
        values: days.iter().map(|day| Some(day.sums.revenue_cents as f64)).collect(),
        reference: None,
        marked: None,
        name: "revenue, in whole units of the shop's money",
        words: money_tick,
    }
}

/// Of more than a dozen days the Mondays.
fn day_label(day: &Day, days: usize) -> String {
    let is_named = days <= DAYS_NAMED || day.date.weekday() == Weekday::Mon;
    if is_named { day.date.format("%-d %b").to_string() } else { String::new() }
}

fn revenue_line(report: &Report, days: &[Day]) -> Lines<'static> {
    let start = report.run.simulated_start;
    let cycle = |day: &Day| {
        let noon = day.date.and_hms_opt(12, 0, 0).unwrap_or(start);
        u64::try_from((noon - start).num_hours()).unwrap_or(0)
    };
    // A day that was not lived whole would look like a bad one.
    let whole = |day: &&Day| day.hours_lived == 24;
    let points: Vec<_> = days
        .iter()
        .filter(whole)
        .map(|day| (cycle(day), Some(day.sums.revenue_cents as f64)))
        .collect();
    let greatest = points.iter().filter_map(|(_, cents)| *cents).fold(0.0, f64::max);
    Lines {
        series: vec![Series { name: "revenue", class: "run", points }],
        start,
        cycles: report.promises.hours_lived.into(),
        axis: Axis::linear(greatest),
        words: money_tick,
        limit: None,
        frozen: Vec::new(),
        is_filled: true,
    }
}

/// How far visits got, and what was bought.
pub fn shopping(report: &Report) -> Section {
    Section {
        id: "shopping",
        title: "What came of visits",
        intro: "Rows that count.".to_owned(),
        panels: vec![funnel(report), baskets(report)],
    }
}

fn funnel(report: &Report) -> Panel {
    let funnel = &report.funnel;
    let name = |step: &str| match step {
        "list" => "saw a list",
        "view" => "looked at a product",
        "add" => "filled a cart",
        "checkout" => "went to the checkout",
        _ => "placed an order",
    };
    let mut rows = vec![Row {
        name: "visits".to_owned(),
        part: if funnel.visits > 0 { 1.0 } else { 0.0 },
        value: grouped(funnel.visits),
        class: "run",
    }];
    rows.extend(funnel.steps.iter().map(|step| Row {
        name: name(step.step).to_owned(),
        part: step.share_of_visits.unwrap_or(0.0),
        value: format!("{}  {}", grouped(step.visits), percent_of(step.share_of_visits)),
        class: "run",
    }));
    rows.insert(2.min(rows.len()), bounces(funnel));
    let says = format!(
        "{} of visits end in an order, {} after one product page; {} of the carts that were filled \
         are left.",
        percent_of(funnel.conversion),
        percent_of(funnel.bounce_rate),
        percent_of(funnel.cart_abandonment)
    );
    let numbers = funnel.steps.iter().map(|step| {
        vec![
            name(step.step).to_owned(),
            grouped(step.visits),
            grouped(step.events),
            percent_of(step.share_of_visits),
            percent_of(step.share_of_step_before),
        ]
    });
    let head = ["step", "visits", "times", "of all visits", "of the step before"];
    Panel::new("From a list to an order", says).picture("funnel", &Rows(rows)).table(Table::new(
        "Visits with each step",
        &head,
        numbers.collect(),
    ))
}

/// Visits of one product page and no more.
fn bounces(funnel: &Funnel) -> Row {
    Row {
        name: "bounced".to_owned(),
        part: funnel.bounce_rate.unwrap_or(0.0),
        value: format!("{}  {}", grouped(funnel.bounces), percent_of(funnel.bounce_rate)),
        class: "quiet",
    }
}

fn baskets(report: &Report) -> Panel {
    let baskets = &report.baskets;
    let products = &baskets.products;
    let total = products.count();
    let panel = Panel::new(
        "Size of baskets",
        match total {
            0 => "No order was placed.".to_owned(),
            _ => format!(
                "Half of the orders have {} different products or fewer; {} have one. The \
                 reference: 8 and 4.9 %.",
                number(products.median),
                percent_of(baskets.single_product_share)
            ),
        },
    );
    let facts = vec![
        ("products, mean and median", mean_and_median(products)),
        ("units, mean and median", mean_and_median(&baskets.units)),
        ("value of an order, mean", money_of(baskets.order_value_mean_cents)),
        ("discounts of subtotals", percent_of(baskets.discount_share)),
    ];
    if total == 0 {
        return panel.facts(facts);
    }
    let last = products.orders.last().map_or(0, |of| of.size).min(BASKET_LAST);
    let of_size = |size: u64| -> u64 {
        let fits = |s: u64| s == size || (size == BASKET_LAST && s > size);
        products.orders.iter().filter(|of| fits(of.size)).map(|of| of.orders).sum()
    };
    let label = |size: u64| {
        if size == BASKET_LAST { format!("{size}+") } else { size.to_string() }
    };
    let bars = Bars {
        labels: (1..=last).map(label).collect(),
        values: (1..=last).map(|size| Some(of_size(size) as f64)).collect(),
        reference: None,
        marked: None,
        name: "orders by number of different products",
        words: count_tick,
    };
    let rows = products.orders.iter().map(|of| vec![of.size.to_string(), grouped(of.orders)]);
    let table = Table::new("Orders by different products", &["products", "orders"], rows.collect());
    panel.picture("baskets", &bars).facts(facts).table(table)
}

fn number(value: Option<f64>) -> String {
    value.map_or(super::words::NOTHING.to_owned(), |value| value.to_string())
}

fn mean_and_median(sizes: &Sizes) -> String {
    format!("{}, {}", number_of(sizes.mean), number(sizes.median))
}

/// What became of coupons.
pub fn coupons(report: &Report) -> Section {
    let coupons = &report.coupons;
    let of = |count: u64| match coupons.assigned {
        0 => 0.0,
        assigned => count as f64 / assigned as f64,
    };
    let row = |name: &str, count: u64, class| Row {
        name: name.to_owned(),
        part: of(count),
        value: format!("{}  {}", grouped(count), percent(of(count))),
        class,
    };
    let rows = vec![
        row("handed out", coupons.assigned, "run"),
        row("seen", coupons.seen.coupons, "run"),
        row("put on a cart", coupons.applied.coupons, "run"),
        row("used in an order", coupons.redeemed, "run"),
        row("expired unused", coupons.expired, "quiet"),
        row("still good", coupons.open, "quiet"),
    ];
    let says = match coupons.assigned {
        0 => "No coupon was handed out.".to_owned(),
        _ => format!(
            "Redemption rate {}: of the {} whose life has ended, those that were used. Bars are \
             of all handed out so far. {} of the shoppers who got any used one. The shop refused \
             {}.",
            percent_of(coupons.redemption_rate),
            grouped(coupons.ended),
            percent_of(coupons.agents_redeeming_share),
            if coupons.rejected.times > 0 { "some" } else { "none" }
        ),
    };
    let is_alone = coupons.rejected_by_reason.is_empty();
    let reached = [("seen", &coupons.seen), ("put on a cart", &coupons.applied)];
    let reached = reached.into_iter().chain([("refused by the shop", &coupons.rejected)]);
    let mut numbers: Vec<Vec<String>> = reached
        .map(|(name, reached)| {
            let coupons = grouped(reached.coupons);
            vec![name.to_owned(), coupons, grouped(reached.times)]
        })
        .collect();
    for (name, count) in
        [("used in an order", coupons.redeemed), ("expired unused", coupons.expired)]
    {
        numbers.push(vec![name.to_owned(), grouped(count), grouped(count)]);
    }
    let life = Panel { is_whole: is_alone, ..Panel::new("The life of coupons", says) }
        .picture("coupons", &Rows(rows))
        .facts(vec![
            ("days from hand-out to use, mean", number_of(coupons.redemption_lag_mean_days)),
            ("shoppers with a coupon", grouped(coupons.agents)),
            ("of them used one", grouped(coupons.agents_redeeming)),
        ])
        .table(Table::new("Coupons that came to a step", &["step", "coupons", "times"], numbers));
    let offers = report.offers.as_ref().map(super::cohorts::offers);
    let panels = std::iter::once(life).chain(refusals(report)).chain(offers).collect();
    Section {
        id: "coupons",
        title: "Coupons",
        intro: "Hand-outs and uses of every attempt, for the shop has sold; what was seen, put on \
                a cart or refused in rows that count."
            .to_owned(),
        panels,
    }
}

fn refusals(report: &Report) -> Option<Panel> {
    let coupons = &report.coupons;
    if coupons.rejected_by_reason.is_empty() {
        return None;
    }
    let rows = coupons
        .rejected_by_reason
        .iter()
        .map(|refusal| vec![refusal.reason.clone(), grouped(refusal.times)]);
    let times = plural(coupons.rejected.times, "time");
    let says = format!("The shop refused coupons {times}, in its own words:");
    let table = Table::new("Refusals by reason", &["reason", "times"], rows.collect());
    Some(Panel::new("Coupons refused", says).open_table(table))
}
