//! Refreshes of offers: whether each is of its hour and handed out what it says.
//!
//! A coupon that may come back within its own offer cycle can be drawn a second time, and is one
//! row then; a drill may have a refresh of an hour made twice.

use domain::cycle::Cycle;
use domain::offer::OfferPolicy;
use questions::ledger::Ledger;
use questions::ledger::limits::Limit;
use questions::ledger::refreshes::RefreshRow;

use super::Problem;

/// Cycles in a simulated day.
const CYCLES_PER_DAY: u64 = 24;

/// What is wrong with them.
pub(super) fn problems(ledger: &Ledger) -> Vec<Problem> {
    let settings = &ledger.run.settings;
    let days = settings.pointer("/offers/refresh_every_days").and_then(|days| days.as_u64());
    let days = days.unwrap_or_else(|| u64::from(OfferPolicy::default().refresh_every_days));
    let period = days.saturating_mul(CYCLES_PER_DAY).max(1);
    let repeat = Limit::no_repeat_cycles(settings);
    let arms = repeat.by_arm.as_object().into_iter().flat_map(|arms| arms.values());
    let least = arms.filter_map(|cycles| cycles.as_i64()).fold(repeat.of_run, i64::min);
    let may_repeat = least.unsigned_abs() < period;
    let is_drilled = ledger.changes.iter().any(|change| change.kind == "injection");
    let is_changed = ledger.changed("offers.");
    let mut problems = Vec::new();
    for refresh in &ledger.refreshes {
        let mut say = |message| {
            problems.push(Problem {
                check: "refresh",
                cycle: Some(refresh.cycle.unsigned_abs()),
                replay: Some(refresh.replay.unsigned_abs()),
                subject: String::new(),
                message,
            });
        };
        let cycle = refresh.cycle.unsigned_abs();
        let begin = Cycle(cycle).begins_at(ledger.run.simulated_start);
        if refresh.simulated_at != begin {
            say(format!("a refresh of {}, its hour is {begin}", refresh.simulated_at));
        }
        if refresh.replay.unsigned_abs() > ledger.run.resumes.0 {
            say(format!("the run was resumed {} times only", ledger.run.resumes.0));
        }
        let offer_cycle = u64::from(cycle) / period;
        if u64::from(refresh.offer_cycle.unsigned_abs()) != offer_cycle && !is_changed {
            say(format!("offer cycle {}, it is {offer_cycle}", refresh.offer_cycle));
        }
        if is_drilled || is_changed {
            continue;
        }
        say_of_rows(refresh, may_repeat, say);
    }
    problems
}

fn say_of_rows(refresh: &RefreshRow, may_repeat: bool, mut say: impl FnMut(String)) {
    let RefreshRow { assigned, handed_out, served, due_agents, .. } = refresh;
    let is_odd = match may_repeat {
        true => *handed_out > i64::from(*assigned),
        false => *handed_out != i64::from(*assigned),
    };
    if is_odd {
        say(format!("{assigned} coupons handed out, {handed_out} rows"));
    }
    if *served > i64::from(*due_agents) {
        say(format!("{due_agents} agents were due, {served} have coupons of it"));
    }
}
