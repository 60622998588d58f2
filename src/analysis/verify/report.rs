//! What `verify` prints for people.

use text::output;

use super::{Audit, Replayed, Sealed};

/// The form of the JSON; a key is added without a new number, none is taken away.
pub const SCHEMA: &str = "cartload.verify/1";

/// The audit in words, what is wrong as a table below.
pub fn text(audit: &Audit) -> String {
    let Audit { run_id, state, hours_claimed, hours_lived, attempts, attempts_broken, .. } = audit;
    let owned = if audit.is_owned { ", a process works on it" } else { "" };
    let mut lines = vec![
        format!("run {run_id} ({state}{owned})"),
        format!("  hours      {hours_claimed} claimed, {hours_lived} lived"),
        format!("  attempts   {attempts}, {attempts_broken} of them broken"),
        format!("  replayed   {}", replays(&audit.replayed)),
        format!(
            "  rows       {} shopping sessions, {} events",
            audit.shopping_sessions, audit.events
        ),
        format!("  orders     {}", audit.counts.says()),
        format!("  seals      {}", sealed(&audit.sealed)),
    ];
    if audit.clean {
        lines.push("  clean      every check passed".to_owned());
        return lines.join("\n");
    }
    lines.push(format!("  WRONG      {} problems", audit.problems_total));
    lines.push(String::new());
    let number = |n: Option<u32>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let mut rows =
        vec![["CHECK", "CYCLE", "REPLAY", "SUBJECT", "WHAT"].map(str::to_owned).to_vec()];
    rows.extend(audit.problems.iter().map(|p| {
        let subject = if p.subject.is_empty() { "-".to_owned() } else { p.subject.clone() };
        vec![p.check.to_owned(), number(p.cycle), number(p.replay), subject, p.message.clone()]
    }));
    lines.push(output::table(&rows));
    let hidden = audit.problems_total.saturating_sub(audit.problems.len() as u64);
    if hidden > 0 {
        lines.push(format!("... and {hidden} more of the same kinds"));
    }
    lines.join("\n")
}

fn sealed(sealed: &Sealed) -> String {
    let Sealed { attempts, attempts_not_sealed, attempts_read_back, visits_not_sealed } = sealed;
    let mut text = format!("{attempts} attempts");
    if *attempts_read_back > 0 {
        text.push_str(&format!(", {attempts_read_back} of them read back after a crash"));
    }
    if *attempts_not_sealed > 0 {
        text.push_str(&format!("; {attempts_not_sealed} not sealed, by a release without seals"));
    }
    if *visits_not_sealed > 0 {
        let text_of = "visits outside: how their writes had ended nobody knew";
        text.push_str(&format!("; {visits_not_sealed} {text_of}"));
    }
    text
}

/// `cycles 20-23 (attempts 0, 2)`, one part for each run of cycles with the same attempts.
fn replays(replayed: &[Replayed]) -> String {
    let mut groups: Vec<(Vec<u32>, &[u32])> = Vec::new();
    for one in replayed {
        match groups.last_mut() {
            Some((cycles, attempts))
                if *attempts == one.attempts.as_slice()
                    && cycles.last().is_some_and(|last| last + 1 == one.cycle) =>
            {
                cycles.push(one.cycle);
            }
            Some(_) | None => groups.push((vec![one.cycle], &one.attempts)),
        }
    }
    if groups.is_empty() {
        return "none".to_owned();
    }
    let list =
        |numbers: &[u32]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let groups = groups
        .iter()
        .map(|(cycles, attempts)| format!("{} (attempts {})", ranges(cycles), list(attempts)));
    groups.collect::<Vec<_>>().join("; ")
}

/// `cycle 3`, `cycles 3-5, 9`; `cycles` are in order.
pub fn ranges(cycles: &[u32]) -> String {
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for cycle in cycles {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *cycle => *last = *cycle,
            Some(_) | None => parts.push((*cycle, *cycle)),
        }
    }
    let part = |(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    let word = if cycles.len() == 1 { "cycle" } else { "cycles" };
    format!("{word} {}", parts.iter().map(part).collect::<Vec<_>>().join(", "))
}
