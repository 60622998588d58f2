//! The picture of a run for people: what `ctl status` and each line of `ctl watch` say.

use actors::coordinator::status::{Attempt, Clock, Health, RunStatus, Saved, Traffic};
use actors::domain::in_flight::InFlight;
use actors::domain::timing::Percentiles;
use actors::session_pool::board::Standing;
use chrono::NaiveDateTime;
use text::units;

use crate::run_report::frozen;

/// Incidents shown.
const INCIDENTS_SHOWN: usize = 3;
/// Agents in quarantine that are named.
const AGENTS_NAMED: usize = 5;
/// Bytes of a megabyte.
const MB: u64 = 1_000_000;

/// A few lines, the most wanted first.
pub fn summary(status: &RunStatus) -> String {
    let n = units::grouped;
    let (counts, health) = (&status.totals.counts, &status.health);
    let mut lines = vec![format!("run {}: {}", status.run_id, status.state.as_str())];
    if status.frozen.is_some() {
        lines.push(frozen::text(status));
    }
    if let Some(says) = status.unwell() {
        lines.push(format!("NOT HEALTHY: {says}"));
    }
    if let Some(search) = &status.order_search {
        lines.push(format!("  orders     {}", search.progress()));
    }
    lines.extend([
        format!("  cycle      {}", cycle(&status.attempt)),
        format!("  pace       {}", pace(&status.clock)),
        format!("  agents     {}{}", n(status.agents.into()), quarantined(health)),
        format!(
            "  so far     {} cycles; {} completed, {} abandoned, {} browsed, {} failed; {} \
             restarts",
            status.totals.cycles_completed,
            n(counts.completed.into()),
            n(counts.abandoned.into()),
            n(counts.browsed.into()),
            n(counts.failed.into()),
            status.totals.restarts,
        ),
        format!("  requests   {}", requests(&status.traffic)),
        format!("  latency    felt {}", percentiles(status.calls.rolling.felt)),
        format!("  sessions   {}", sessions(health)),
        format!(
            "  failures   {} of {} allowed in this cycle",
            health.failures, health.failures_allowed
        ),
        format!(
            "  database   {} connections in use of at most {}, {} callers wait",
            health.pool.open.saturating_sub(health.pool.idle),
            health.pool.max,
            health.pool.waiting,
        ),
        format!("  checkpoint {}", checkpoint(&status.saved, status.at)),
    ]);
    if let Some(bytes) = status.memory_bytes {
        lines.push(format!("  memory     {} MB", n(bytes / MB)));
    }
    let skip = status.news.incidents.len().saturating_sub(INCIDENTS_SHOWN);
    for incident in &status.news.incidents[skip..] {
        let at = incident.at.format("%H:%M:%S");
        lines.push(format!("  {at}   {}: {}", incident.kind, incident.message));
    }
    lines.join("\n")
}

/// One line, for a column of them.
pub fn line(status: &RunStatus) -> String {
    let (n, attempt, traffic) = (units::grouped, &status.attempt, &status.traffic);
    format!(
        "{}  {:<9}  cycle {:>5}  {}  under way {:>4}  failed {:>3}  {:>6}/s  wait {:>4}  \
         felt p95 {:>7}  late {:>5.1} s{}{}",
        status.at.format("%H:%M:%S"),
        status.state.as_str(),
        attempt.cycle,
        units::day_and_hour(attempt.simulated_at),
        attempt.outstanding,
        attempt.current.failed,
        n(traffic.requests_per_second.into()),
        n(traffic.waiting_for_permit.into()),
        units::duration(status.calls.rolling.felt.p95),
        units::seconds(status.clock.lateness_ms),
        if traffic.held_back { "  held back" } else { "" },
        if status.unwell().is_some() { "  NOT HEALTHY" } else { "" },
    )
}

fn cycle(attempt: &Attempt) -> String {
    let of = attempt.cycles_planned.map_or(String::new(), |planned| format!(" of {planned}"));
    let replay = match attempt.replay.is_replay() {
        true => format!(", replay {}", attempt.replay.0),
        false => String::new(),
    };
    let under_way = match attempt.outstanding {
        0 => String::new(),
        outstanding => format!("; {outstanding} of {} under way", attempt.current.released),
    };
    format!(
        "{}{of}, {}{replay}{under_way}",
        attempt.cycle,
        units::day_and_hour(attempt.simulated_at)
    )
}

fn pace(clock: &Clock) -> String {
    let interval = match clock.interval_ms {
        0 => "as fast as the work allows".to_owned(),
        ms => format!(
            "{} a cycle (time scale {:.1})",
            units::duration(ms as f64),
            3_600_000.0 / ms as f64
        ),
    };
    let late = units::seconds(clock.lateness_ms);
    let end = match clock.eta_s {
        Some(left) if left >= 90.0 => format!(", ends in {:.0} min", left / 60.0),
        Some(left) => format!(", ends in {left:.0} s"),
        None => String::new(),
    };
    format!("{interval}, {late:.1} s late{end}")
}

fn quarantined(health: &Health) -> String {
    let agents = &health.quarantined;
    if agents.is_empty() {
        return ", none in quarantine".to_owned();
    }
    let named: Vec<&str> = agents.iter().take(AGENTS_NAMED).map(|agent| agent.as_str()).collect();
    let more = if agents.len() > AGENTS_NAMED { ", ..." } else { "" };
    format!(", {} in quarantine ({}{more})", agents.len(), named.join(", "))
}

fn requests(traffic: &Traffic) -> String {
    let n = units::grouped;
    let limit = traffic.rate_limit.map_or("no limit".to_owned(), |rate| format!("limit {rate}/s"));
    let held = match traffic.throttled_for_ms {
        0 => String::new(),
        ms => format!("; held {} s more: the shop says 429", ms.div_ceil(1_000)),
    };
    let held_back = if traffic.held_back {
        let takes = units::duration(traffic.answer_ms as f64);
        format!(
            "; held back: {:.1} answers a second, each takes {takes}",
            traffic.answers_per_second
        )
    } else {
        String::new()
    };
    let most = match (traffic.in_flight, traffic.calls_in_flight_max) {
        (InFlight::Automatic, Some(most)) => format!("of {most}"),
        (InFlight::Fixed(_), Some(most)) => format!("of {most}, fixed"),
        (InFlight::Off, _) | (_, None) => "without a bound".to_owned(),
    };
    format!(
        "{} sent, {} in the last second ({limit}), at most {} in 1 s, {} wait for a permit, \
         {} in flight ({most}){held_back}{held}",
        n(traffic.requests_sent),
        n(traffic.requests_per_second.into()),
        n(traffic.requests_max_in_1s),
        n(traffic.waiting_for_permit.into()),
        n(traffic.calls_in_flight.into()),
    )
}

fn percentiles(of: Percentiles) -> String {
    let text = units::duration;
    format!("p50 {}, p95 {}, p99 {} over the last calls", text(of.p50), text(of.p95), text(of.p99))
}

fn sessions(health: &Health) -> String {
    let such = |standing: Standing| -> Vec<String> {
        let of = health.sessions.iter().filter(|session| session.standing == standing);
        of.map(|session| session.id.to_string()).collect()
    };
    let (up, in_doubt, down) = (such(Standing::Up), such(Standing::InDoubt), such(Standing::Down));
    let mut text = format!("{} up", up.len());
    for (name, numbers) in [("in doubt", in_doubt), ("down", down)] {
        if !numbers.is_empty() {
            text += &format!(", {} {name} ({})", numbers.len(), numbers.join(", "));
        }
    }
    text
}

fn checkpoint(saved: &Saved, now: NaiveDateTime) -> String {
    match (&saved.last_checkpoint, saved.last_checkpoint_at) {
        (Some(path), Some(at)) => {
            format!("{path}, {} s ago", (now - at).num_seconds().max(0))
        }
        (Some(path), None) => path.clone(),
        (None, _) => "none".to_owned(),
    }
}
