//! The top of the page: what ran, in a sentence and a few figures, and whether its promises held.

use serde_json::Value as Json;

use super::panel::{Panel, Section, Table, Tile};
use super::words::{
    NOTHING, day_and_hour, days, grouped, money, money_of, ms_of, number_of, percent_of, plural,
    whole_money,
};
use crate::report::{Report, text_at};

/// Words of the personas that are listed of one column.
const WORDS_MAX: usize = 12;

/// The page's heading.
pub fn title(report: &Report) -> String {
    let promises = &report.promises;
    format!("{} shoppers, {}", grouped(report.run.agents.into()), days(promises.hours_claimed))
}

/// The line above it.
pub fn subtitle(report: &Report) -> String {
    let run = &report.run;
    let id = run.run_id.split('-').next().unwrap_or_default();
    format!(
        "run {id} ({}), simulated {} to {}",
        run.state,
        day_and_hour(run.simulated_start),
        day_and_hour(run.simulated_until)
    )
}

/// Whether the numbers can be trusted.
pub fn verdict(report: &Report) -> String {
    let promises = &report.promises;
    if !promises.clean {
        return format!(
            "{} in the books: read the numbers below with them in mind.",
            plural(promises.problems_total, "problem")
        );
    }
    let freezes = report.incidents.kinds.iter().find(|kind| kind.kind == "freeze");
    let froze = freezes.map_or(String::new(), |kind| {
        let times = if kind.count == 1 { "once".into() } else { format!("{} times", kind.count) };
        format!(" The run froze {times} and went on.")
    });
    let froze = if report.run.state == "frozen" { " The run is frozen.".into() } else { froze };
    format!("Every check of the books passed.{froze}")
}

/// The few figures that matter most.
pub fn tiles(report: &Report) -> Vec<Tile> {
    let (total, funnel) = (&report.activity.total, &report.funnel);
    let technique = &report.technique;
    let tile = |name, value, note| Tile { name, value, note };
    let felt = &technique.total.felt;
    vec![
        tile(
            "orders",
            grouped(total.orders),
            format!("{} of visits", percent_of(funnel.conversion)),
        ),
        tile(
            "revenue",
            whole_money(total.revenue_cents),
            format!("{} an order", money_of(report.baskets.order_value_mean_cents)),
        ),
        tile("visits", grouped(total.visits), format!("{} only looked", grouped(total.browsed))),
        tile(
            "carts left",
            percent_of(funnel.cart_abandonment),
            format!("{} of those filled", grouped(funnel.carts_abandoned)),
        ),
        tile(
            "redemption rate",
            percent_of(report.coupons.redemption_rate),
            format!("of {} coupons that ended", grouped(report.coupons.ended)),
        ),
        tile(
            "failed",
            percent_of(technique.failed_share),
            format!("felt p95 {}", ms_of(felt.p95_mean_ms)),
        ),
    ]
}

/// What ran.
pub fn what_ran(report: &Report) -> Section {
    let run = &report.run;
    let setting = |section, key| text_at(&run.settings, section, key);
    let or = |text: Option<String>, otherwise: &str| text.unwrap_or_else(|| otherwise.to_owned());
    let ended = run.ended_at.map_or("not ended".to_owned(), |at| format!("{} UTC", minute(at)));
    let is_mock = run.settings.get("shop").and_then(|shop| shop.get("mock"));
    let shop = match is_mock == Some(&Json::Bool(true)) {
        true => "the mock".to_owned(),
        false => or(setting("shop", "api"), "the built-in practice shop"),
    };
    let rate = match report.technique.rate_limit {
        Some(rate) => format!("{rate} requests a second"),
        None => or(setting("rate", "per_second"), "unknown"),
    };
    let scale = or(setting("time", "scale"), "unknown").trim_end_matches(".0").to_owned();
    let mut settings = Panel::new("Run", replays(report)).facts(vec![
        ("run", run.run_id.clone()),
        ("state", run.state.to_owned()),
        ("began", format!("{} UTC", minute(run.started_at))),
        ("ended", ended),
        ("simulated", simulated(report)),
        ("behaviour", format!("preset {}", run.preset)),
        ("shop", shop),
        ("time scale", scale),
        ("rate limit", rate),
        ("resumed", plural(run.resumes.into(), "time")),
    ]);
    if !run.replays.is_empty() {
        let rows = run.replays.iter().map(|line| vec![line.clone()]).collect();
        settings = settings.open_table(Table::new("What was run again", &["which and why"], rows));
    }
    let text = serde_json::to_string_pretty(&run.settings).unwrap_or_default();
    settings.text = Some(("Every setting", text));
    Section {
        id: "run",
        title: "What ran",
        intro: String::new(),
        panels: vec![settings, personas(report)],
    }
}

fn minute(at: chrono::NaiveDateTime) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

fn simulated(report: &Report) -> String {
    let run = &report.run;
    format!("{} to {}", day_and_hour(run.simulated_start), day_and_hour(run.simulated_until))
}

fn replays(report: &Report) -> String {
    match report.run.replays.len() {
        0 => "Nothing was run again.".to_owned(),
        1 => "It went back once.".to_owned(),
        times => format!("It went back {times} times."),
    }
}

fn personas(report: &Report) -> Panel {
    let people = &report.run.personas;
    let mut rows = Vec::new();
    for (column, words) in &people.by {
        let mut words: Vec<(&String, &i64)> = words.iter().collect();
        words.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
        let hidden = words.len().saturating_sub(WORDS_MAX);
        let shown = words.iter().take(WORDS_MAX).map(|(word, n)| format!("{word} {n}"));
        let mut text = shown.collect::<Vec<_>>().join(", ");
        if hidden > 0 {
            text.push_str(&format!(" and {hidden} more"));
        }
        rows.push(vec![column.replace('_', " "), text]);
    }
    let says = format!(
        "{} active shoppers in the database when this report was made; they spend {} a week and \
         fill carts worth {} in the mean.",
        grouped(people.active.unsigned_abs()),
        money_of(people.mean_weekly_budget_cents),
        money_of(people.mean_cart_value_cents)
    );
    Panel::new("Shoppers", says)
        .open_table(Table::new("Shoppers by trait", &["trait", "shoppers"], rows).of_words(2))
}

/// Whether its promises held.
pub fn promises(report: &Report) -> Section {
    let audit = &report.promises;
    let says = match audit.clean {
        true => "Each hour claimed was lived, each agent accounted for, each row once, each cent \
                 adds up."
            .to_owned(),
        false => format!("{} found by the checks.", plural(audit.problems_total, "problem")),
    };
    let mut books = Panel::new("The books", says).facts(vec![
        ("hours claimed", grouped(audit.hours_claimed.into())),
        ("hours lived", grouped(audit.hours_lived.into())),
        ("attempts at cycles", grouped(audit.attempts.into())),
        ("of them broken", grouped(audit.attempts_broken.into())),
        ("cycles run again", grouped(audit.replayed.len() as u64)),
        ("visits in all attempts", grouped(audit.shopping_sessions)),
        ("events in all attempts", grouped(audit.events)),
        ("orders in all attempts", grouped(audit.orders)),
        ("revenue of all attempts", money(audit.revenue_cents)),
    ]);
    if !audit.clean {
        let number = |n: Option<u32>| n.map_or(NOTHING.to_owned(), |n| n.to_string());
        let rows = audit.problems.iter().map(|problem| {
            vec![
                problem.check.to_owned(),
                number(problem.cycle),
                number(problem.replay),
                problem.subject.clone(),
                problem.message.clone(),
            ]
        });
        let head = ["check", "cycle", "replay", "subject", "what is wrong"];
        let table = Table::new("What is wrong", &head, rows.collect()).of_words(5);
        books = books.whole().open_table(table);
    }
    let mut panels = vec![books];
    panels.push(ends(report));
    Section {
        id: "promises",
        title: "Promises checked",
        intro: "As cartload verify says, over every attempt.".to_owned(),
        panels,
    }
}

fn ends(report: &Report) -> Panel {
    let rows = report.ends.iter().map(|end| {
        vec![
            end.status.clone(),
            end.reason.replace('_', " "),
            grouped(end.visits),
            grouped(end.canonical),
        ]
    });
    let head = ["status", "why it ended", "all attempts", "canonical"];
    let calls = number_of(
        (report.technique.total.requests > 0 && report.promises.shopping_sessions > 0).then(|| {
            report.technique.total.requests as f64 / report.promises.shopping_sessions as f64
        }),
    );
    let says = format!(
        "Abandoning is behaviour, not failure. {calls} requests were sent for a visit, those of \
         every attempt, probe and retry included."
    );
    Panel::new("How visits ended", says)
        .open_table(Table::new("Visits by end", &head, rows.collect()).of_words(2))
}
