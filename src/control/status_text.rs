//! The picture of a run for people: what `ctl status` and each line of `ctl watch` say.

use actors::coordinator::status::RunStatus;
use actors::domain::timing::Percentiles;
use actors::ports::store::RunState;
use actors::session_pool::board::Standing;
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
    let counts = &status.totals.counts;
    let mut lines = vec![format!("run {}: {}", status.run_id, status.state.as_str())];
    if status.state == RunState::Frozen {
        lines.push(frozen::text(status));
    }
    lines.extend([
        format!("  cycle      {}", cycle(status)),
        format!("  pace       {}", pace(status)),
        format!("  agents     {}{}", n(status.agents.into()), quarantined(status)),
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
        format!("  requests   {}", requests(status)),
        format!("  latency    felt {}", percentiles(status.rolling.felt)),
        format!("  sessions   {}", sessions(status)),
        format!(
            "  failures   {} of {} allowed in this cycle",
            status.failures, status.failures_allowed
        ),
        format!(
            "  database   {} connections in use of at most {}, {} callers wait",
            status.pool.open.saturating_sub(status.pool.idle),
            status.pool.max,
            status.pool.waiting,
        ),
        format!("  checkpoint {}", checkpoint(status)),
    ]);
    if let Some(bytes) = status.memory_bytes {
        lines.push(format!("  memory     {} MB", n(bytes / MB)));
    }
    let skip = status.incidents.len().saturating_sub(INCIDENTS_SHOWN);
    for incident in &status.incidents[skip..] {
        let at = incident.at.format("%H:%M:%S");
        lines.push(format!("  {at}   {}: {}", incident.kind, incident.message));
    }
    lines.join("\n")
}

/// One line, for a column of them.
pub fn line(status: &RunStatus) -> String {
    let n = units::grouped;
    format!(
        "{}  {:<9}  cycle {:>5}  {}  under way {:>4}  failed {:>3}  {:>6}/s  wait {:>4}  \
         felt p95 {:>7}  late {:>5.1} s",
        status.at.format("%H:%M:%S"),
        status.state.as_str(),
        status.cycle,
        units::day_and_hour(status.simulated_at),
        status.outstanding,
        status.current.failed,
        n(status.requests_per_second.into()),
        n(status.waiting_for_permit.into()),
        units::duration(status.rolling.felt.p95),
        units::seconds(status.lateness_ms),
    )
}

fn cycle(status: &RunStatus) -> String {
    let of = status.cycles_planned.map_or(String::new(), |planned| format!(" of {planned}"));
    let replay = match status.replay.is_replay() {
        true => format!(", replay {}", status.replay.0),
        false => String::new(),
    };
    let under_way = match status.outstanding {
        0 => String::new(),
        outstanding => format!("; {outstanding} of {} under way", status.current.released),
    };
    format!("{}{of}, {}{replay}{under_way}", status.cycle, units::day_and_hour(status.simulated_at))
}

fn pace(status: &RunStatus) -> String {
    let interval = match status.interval_ms {
        0 => "as fast as the work allows".to_owned(),
        ms => format!(
            "{} a cycle (time scale {:.1})",
            units::duration(ms as f64),
            3_600_000.0 / ms as f64
        ),
    };
    let late = units::seconds(status.lateness_ms);
    let end = match status.eta_s {
        Some(left) if left >= 90.0 => format!(", ends in {:.0} min", left / 60.0),
        Some(left) => format!(", ends in {left:.0} s"),
        None => String::new(),
    };
    format!("{interval}, {late:.1} s late{end}")
}

fn quarantined(status: &RunStatus) -> String {
    let agents = &status.quarantined;
    if agents.is_empty() {
        return ", none in quarantine".to_owned();
    }
    let named: Vec<&str> = agents.iter().take(AGENTS_NAMED).map(|agent| agent.as_str()).collect();
    let more = if agents.len() > AGENTS_NAMED { ", ..." } else { "" };
    format!(", {} in quarantine ({}{more})", agents.len(), named.join(", "))
}

fn requests(status: &RunStatus) -> String {
    let n = units::grouped;
    let limit = status.rate_limit.map_or("no limit".to_owned(), |rate| format!("limit {rate}/s"));
    format!(
        "{} sent, {} in the last second ({limit}), at most {} in 1 s, {} wait for a permit",
        n(status.requests_sent),
        n(status.requests_per_second.into()),
        n(status.requests_max_in_1s),
        n(status.waiting_for_permit.into()),
    )
}

fn percentiles(of: Percentiles) -> String {
    let text = units::duration;
    format!("p50 {}, p95 {}, p99 {} over the last calls", text(of.p50), text(of.p95), text(of.p99))
}

fn sessions(status: &RunStatus) -> String {
    let such = |standing: Standing| -> Vec<String> {
        let of = status.sessions.iter().filter(|session| session.standing == standing);
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

fn checkpoint(status: &RunStatus) -> String {
    match (&status.last_checkpoint, status.last_checkpoint_at) {
        (Some(path), Some(at)) => {
            format!("{path}, {} s ago", (status.at - at).num_seconds().max(0))
        }
        (Some(path), None) => path.clone(),
        (None, _) => "none".to_owned(),
    }
}
