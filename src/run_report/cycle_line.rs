//! One closed cycle as one line; each line can be read by itself.

use actors::domain::cycle::CycleRecord;

use text::units;

/// The line for people: aligned, so that a column of lines can be read downwards.
pub fn text(record: &CycleRecord) -> String {
    let counts = &record.counts;
    let mut line = format!(
        "cycle {:>5}  {}  released {:>4}  shopping {:>4}  browsing {:>4}  failed {:>3}  \
         calls {:>5}  {:>6.1}/s  felt p95 {:>7}  late {:>5.1} s",
        record.cycle,
        units::day_and_hour(record.simulated_at),
        counts.released,
        counts.shopped,
        counts.browsed,
        counts.failed,
        record.volume.requests,
        record.requests_per_second,
        units::duration(record.latency.felt.p95),
        units::seconds(record.lateness_ms),
    );
    if counts.skipped() > 0 {
        line += &format!("  skipped {}", counts.skipped());
    }
    if record.replay.is_replay() {
        line += &format!("  replay {}", record.replay.0);
    }
    if record.broken {
        line += &format!("  broken, {} unfinished", counts.unfinished);
    }
    line
}

/// The record as one line of JSON.
pub fn json(record: &CycleRecord) -> String {
    serde_json::to_string(record).expect("a record has only numbers, texts and dates")
}
