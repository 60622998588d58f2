//! What the machine and the shop went through, and what an operator had to know.

use super::panel::{Panel, Section, Table};
use super::words::{
    NOTHING, count_tick, day_and_hour, grouped, grouped_number, ms, ms_of, percent, percent_of,
    plural,
};
use crate::report::Report;
use crate::report::incidents::{self, Kind};
use crate::report::svg::{Axis, Lane, Lines, Row, Rows, Series, Timeline};
use crate::report::technique::{Bucket, Latency};

/// What the machine went through.
pub fn machine(report: &Report) -> Section {
    let technique = &report.technique;
    let bucket = match technique.cycles_per_bucket {
        1 => "Each point is a cycle.".to_owned(),
        n => format!(
            "Each point is {n} cycles: the highest value of them, of medians the mean by calls."
        ),
    };
    Section {
        id: "machine",
        title: "Machine and shop",
        intro: format!("Every attempt, replays too, because all of them were borne. {bucket}"),
        panels: vec![latency(report), rate(report), lateness(report), failures(report)],
    }
}

type Pick = fn(&Bucket) -> Option<f64>;

fn series(
    report: &Report,
    (name, class): (&'static str, &'static str),
    pick: Pick,
) -> Series<'static> {
    let middle = report.technique.cycles_per_bucket / 2;
    let point = |bucket: &Bucket| (bucket.first_cycle + middle, pick(bucket));
    Series { name, class, points: report.technique.buckets.iter().map(point).collect() }
}

fn lines(report: &Report, series: Vec<Series<'static>>, axis: Axis) -> Lines<'static> {
    let of_freezes = report.incidents.timeline.iter().filter(|at| at.kind == "freeze");
    let middle = report.technique.cycles_per_bucket / 2;
    Lines {
        series,
        start: report.run.simulated_start,
        cycles: cycles(report),
        axis,
        words: count_tick,
        limit: None,
        frozen: of_freezes.map(|at| at.first_cycle + middle).collect(),
        is_filled: false,
    }
}

/// Cycles of the time axis: those with any attempt.
fn cycles(report: &Report) -> u64 {
    let technique = &report.technique;
    let last = technique.buckets.last().map_or(0, |b| b.first_cycle + technique.cycles_per_bucket);
    match technique.cycles_per_bucket {
        1 => last,
        _ => last.min(u64::from(report.promises.hours_lived).max(1)),
    }
}

fn latency(report: &Report) -> Panel {
    let total = &report.technique.total;
    let series = vec![
        series(report, ("felt p95", "felt"), |b| b.sums.felt.p95_max_ms),
        series(report, ("queued p95", "queued"), |b| b.sums.queued.p95_max_ms),
        series(report, ("service p95", "service"), |b| b.sums.service.p95_max_ms),
        series(report, ("felt p50", "median"), |b| b.sums.felt.p50_mean_ms),
    ];
    let values = || {
        let points = series.iter().flat_map(|series| series.points.iter());
        points.filter_map(|(_, value)| *value).filter(|ms| *ms > 0.0)
    };
    let axis = Axis::log(values().fold(f64::MAX, f64::min).min(1e3), values().fold(0.0, f64::max));
    let says = format!(
        "A call takes the shop {} and is felt as {}, both at the 95th percentile of a cycle in \
         the mean; the rest is waiting for a permit and for a connection.",
        ms_of(total.service.p95_mean_ms),
        ms_of(total.felt.p95_mean_ms)
    );
    let picture = Lines { words: ms, ..lines(report, series, axis) };
    let clocks = [
        ("service: sent to answered", &total.service),
        ("queued: wanted to sent", &total.queued),
        ("felt: wanted to answered", &total.felt),
    ];
    let row = |name: &str, of: &Latency| {
        let times = [of.p50_mean_ms, of.p95_mean_ms, of.p95_max_ms, of.p99_max_ms];
        [vec![name.to_owned()], times.map(ms_of).to_vec()].concat()
    };
    let rows = clocks.into_iter().map(|(name, of)| row(name, of)).collect();
    let head = ["clock", "p50, mean", "p95, mean", "p95, highest", "p99, highest"];
    let table = Table::new("Percentiles of cycles' calls; means by calls", &head, rows);
    Panel::new("Latency of calls", says).whole().picture("latency", &picture).open_table(table)
}

fn rate(report: &Report) -> Panel {
    let technique = &report.technique;
    let greatest = technique.total.requests_per_second_max;
    let limit = technique.rate_limit;
    let axis = Axis::linear(greatest.max(limit.unwrap_or(0.0)));
    let series =
        vec![series(report, ("requests", "run"), |b| Some(b.sums.requests_per_second_max))];
    let most = grouped_number(greatest);
    let says = match limit {
        Some(limit) => format!(
            "At most {most} requests a second over a cycle; {limit} were allowed when the run \
             began. A short cycle can show a little more: it begins with a saved-up burst of 0.1 s."
        ),
        None => format!("At most {most} requests a second over a cycle; no limit was set."),
    };
    let limit = limit.map(|limit| (limit, format!("limit {limit}")));
    let picture = Lines { limit, ..lines(report, series, axis) };
    Panel::new("Requests a second", says).picture("rate", &picture).table(buckets(report))
}

fn lateness(report: &Report) -> Panel {
    let greatest = report.technique.total.lateness_max_ms;
    let says = match greatest {
        0 => "No cycle began later than planned.".to_owned(),
        late => format!("The latest cycle began {} after its time.", ms(late as f64)),
    };
    let series =
        vec![series(report, ("late", "run"), |b| Some((b.sums.lateness_max_ms.max(0)) as f64))];
    let axis = Axis::linear(greatest.max(0) as f64);
    let panel = Panel::new("Lateness", says);
    if greatest <= 0 {
        return panel;
    }
    let picture = Lines { words: ms, is_filled: true, ..lines(report, series, axis) };
    panel.picture("lateness", &picture)
}

fn buckets(report: &Report) -> Table {
    let row = |bucket: &Bucket| {
        let sums = &bucket.sums;
        vec![
            bucket.first_cycle.to_string(),
            grouped(sums.attempts),
            grouped(sums.broken),
            grouped(sums.requests),
            grouped_number(sums.requests_per_second_max),
            ms(sums.lateness_max_ms as f64),
            ms_of(sums.service.p95_max_ms),
            ms_of(sums.queued.p95_max_ms),
            ms_of(sums.felt.p95_max_ms),
            grouped(sums.failed),
        ]
    };
    let head = [
        "from cycle",
        "attempts",
        "broken",
        "requests",
        "most a second",
        "late",
        "service p95",
        "queued p95",
        "felt p95",
        "failed",
    ];
    let rows = report.technique.buckets.iter().map(row).collect();
    Table::new("Over the cycles, every attempt", &head, rows)
}

fn failures(report: &Report) -> Panel {
    let (technique, total) = (&report.technique, &report.technique.total);
    let mut failed: Vec<_> = report.ends.iter().filter(|end| end.status == "failed").collect();
    failed.sort_by_key(|end| std::cmp::Reverse(end.visits));
    let most = failed.iter().map(|end| end.visits).max().unwrap_or(0);
    let rows = failed.iter().map(|end| Row {
        name: end.reason.replace('_', " "),
        part: end.visits as f64 / most.max(1) as f64,
        value: grouped(end.visits),
        class: "bad",
    });
    let says = match total.failed {
        0 => "No agent failed.".to_owned(),
        n => format!(
            "{} of {} agent-hours failed ({}); what they said last stands in the numbers.",
            grouped(n),
            grouped(total.released),
            percent_of(technique.failed_share)
        ),
    };
    let examples = failed.iter().map(|end| {
        let said = end.example.clone().unwrap_or_else(|| NOTHING.to_owned());
        vec![end.reason.replace('_', " "), said, grouped(end.visits), grouped(end.canonical)]
    });
    let head = ["kind", "for example", "all attempts", "canonical"];
    let table = Table::new("Failed visits by kind", &head, examples.collect()).of_words(2);
    let panel = Panel::new("Failures", says).whole().facts(vec![
        ("could not be written either", grouped(total.failed_unrecorded)),
        ("skipped: session down or quarantined", grouped(total.skipped)),
        ("cut before they had a row", grouped(total.unfinished)),
        ("retries", counted(total.retries, technique.retry_share)),
        ("refused by the shop", counted(total.refusals, technique.refusal_share)),
    ]);
    if failed.is_empty() {
        return panel;
    }
    panel.picture("failures", &Rows(rows.collect())).table(table)
}

/// `7 (0.1 %)`.
fn counted(count: u64, share: Option<f64>) -> String {
    match share {
        Some(share) if count > 0 => format!("{} ({})", grouped(count), percent(share)),
        Some(_) | None => grouped(count),
    }
}

/// What an operator had to know.
pub fn incidents(report: &Report) -> Section {
    let all = &report.incidents;
    let lane = |kind: &Kind| {
        let of_kind = all.timeline.iter().filter(|at| at.kind == kind.kind);
        Lane {
            name: incidents::words(&kind.kind).to_owned(),
            class: class(&kind.kind),
            dots: of_kind.map(|at| (at.first_cycle, at.count)).collect(),
        }
    };
    let says = match all.total() {
        0 => "Nothing happened that an operator had to know.".to_owned(),
        n => format!(
            "{}. Drills are violet, what stopped or harmed the run red.",
            plural(n, "incident")
        ),
    };
    let mut panel = Panel::new("What happened when", says).whole();
    if !all.kinds.is_empty() {
        let mut kinds: Vec<&Kind> = all.kinds.iter().collect();
        kinds.sort_by_key(|kind| kind.first_cycle);
        let lanes = kinds.into_iter().map(lane).collect();
        let timeline =
            Timeline { lanes, start: report.run.simulated_start, cycles: cycles(report) };
        panel = panel.picture("incidents", &timeline).open_table(incident_table(report));
    }
    let listed = all.first_of_each.len() as u64;
    let intro = match all.total() > listed {
        true => format!("Of each kind the first are listed, {} in all.", plural(listed, "row")),
        false => String::new(),
    };
    Section { id: "incidents", title: "Incidents", intro, panels: vec![panel] }
}

fn class(kind: &str) -> &'static str {
    match kind {
        "injection" => "drill",
        "freeze" | "quarantine" | "checkpoint_failed" | "unrecorded" | "offers_failed" => "bad",
        _ => "run",
    }
}

fn incident_table(report: &Report) -> Table {
    let rows = report.incidents.first_of_each.iter().map(|incident| {
        let drill = if incident.is_drill { " (drill)" } else { "" };
        vec![
            incident.simulated_at.map_or(NOTHING.to_owned(), day_and_hour),
            incident.cycle.to_string(),
            format!("{}{drill}", incident.kind.replace('_', " ")),
            incident.message.clone(),
        ]
    });
    let head = ["simulated", "cycle", "kind", "in words"];
    Table::new("In the order in which they happened", &head, rows.collect()).of_words(4)
}
