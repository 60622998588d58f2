//! The end of a run for people.

use actors::domain::money::Cents;
use actors::domain::timing::Percentiles;

use text::units;

use super::RunReport;

/// A few lines, the most wanted first.
pub fn text(report: &RunReport) -> String {
    let n = units::grouped;
    let planned = report.cycles_planned.map_or(String::new(), |cycles| format!(" of {cycles}"));
    let limit = report.rate_limit.map_or("no limit".to_owned(), |rate| format!("limit {rate}/s"));
    let sessions = &report.sessions;
    let mut lines = vec![
        format!("run {}: {}", report.run_id, report.state),
        format!(
            "  cycles     {}{planned}, simulated {} to {}, {:.1} s late",
            report.cycles_completed,
            report.simulated_start,
            report.simulated_end,
            report.lateness_s
        ),
        format!(
            "  sessions   {} completed, {} abandoned, {} browsed, {} failed; {} agents; {} idle, \
             {} skipped",
            n(sessions.completed.into()),
            n(sessions.abandoned.into()),
            n(sessions.browsed.into()),
            n(sessions.failed.into()),
            n(report.agents.into()),
            n(report.idle.into()),
            n(report.skipped.into()),
        ),
        format!(
            "  orders     {}; {} events, {} offers assigned",
            orders(report),
            n(report.events),
            n(report.offers_assigned),
        ),
        format!(
            "  requests   {}, at most {} in 1 s ({limit})",
            n(report.requests),
            n(report.requests_max_in_1s),
        ),
        format!(
            "  latency    service {}; queued {}; felt {}",
            percentiles(report.latency_ms.service),
            percentiles(report.latency_ms.queued),
            percentiles(report.latency_ms.felt),
        ),
        format!(
            "  recovery   {} cycles replayed, {} restarts, {} checkpoints{}",
            report.replayed_cycles,
            report.restarts,
            report.checkpoints,
            report.last_checkpoint.as_deref().map_or(String::new(), |path| format!(": {path}")),
        ),
    ];
    if report.carts_left > 0 {
        let (left, were) = (n(report.carts_left.into()), are(report.carts_left));
        let line = format!(
            "  carts      {left} {were} left with goods at the shop; the next run clears them"
        );
        lines.push(line);
    }
    if let Some(reason) = &report.frozen_reason {
        lines.insert(1, format!("  frozen     {reason}"));
    }
    lines.extend(report.scenario.as_ref().map(ToString::to_string));
    lines.join("\n")
}

/// As the database counts them, where there is one.
fn orders(report: &RunReport) -> String {
    report.counts.map_or_else(
        || {
            let worth = Cents(report.revenue_cents);
            format!("{} orders worth {worth}", units::grouped(report.orders))
        },
        |counts| counts.says(),
    )
}

/// `1 was`, `2 were`.
fn are(count: u32) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// `p50 3 ms, p95 8 ms, p99 20 ms`.
fn percentiles(of: Percentiles) -> String {
    let text = units::duration;
    format!("p50 {}, p95 {}, p99 {}", text(of.p50), text(of.p95), text(of.p99))
}
