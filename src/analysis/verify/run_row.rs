//! The run's own row against its attempts: how it ended, how often it was resumed, whom it takes
//! along.
//!
//! A wall clock that is set back while a run goes on puts its end before its begin, and rows of its
//! own as well: only an end that stands alone is wrong.

use std::collections::BTreeMap;

use questions::ledger::Ledger;
use serde_json::Value;

use super::Problem;

/// What is wrong with the run as a whole.
pub(super) fn problems(ledger: &Ledger) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(end(ledger).map(|message| of_run("run_end", message)));
    let resumes = i32::try_from(ledger.run.resumes.0).unwrap_or(i32::MAX);
    for flow in &ledger.flows {
        let (from, to) = (flow.resumes_from, flow.resumes_to);
        let is_odd = from != to || to > resumes || (flow.replay > 0 && to != flow.replay);
        if is_odd {
            let message = format!(
                "{} rows of a run that had been resumed {from} to {to} times, attempt {}; in all \
                 {resumes}",
                flow.status, flow.replay
            );
            problems.push(Problem {
                check: "resumes",
                cycle: Some(flow.cycle.unsigned_abs()),
                replay: Some(flow.replay.unsigned_abs()),
                subject: String::new(),
                message,
            });
        }
    }
    problems.extend(released(ledger));
    problems
}

fn of_run(check: &'static str, message: String) -> Problem {
    Problem { check, cycle: None, replay: None, subject: String::new(), message }
}

fn end(ledger: &Ledger) -> Option<String> {
    let run = &ledger.run;
    let state = run.state.as_str();
    let Some(ended_at) = run.ended_at else {
        return run.state.is_end().then(|| format!("the run is {state} and has no end"));
    };
    if !run.state.is_end() {
        return Some(format!("the run is {state} and ended {ended_at}"));
    }
    let was_set_back = ledger.attempts.iter().any(|a| a.recorded_at < run.started_at);
    (ended_at < run.started_at && !was_set_back)
        .then(|| format!("the run ended {ended_at}, before it began {}", run.started_at))
}

/// The attempts before the first resume release as many of the run's agents as the warm-up says;
/// whoever resumes may bring others.
fn released(ledger: &Ledger) -> Vec<Problem> {
    let Some(warm_up) = WarmUp::of(&ledger.run.settings) else { return Vec::new() };
    let mut resumed: BTreeMap<i32, bool> = BTreeMap::new();
    for flow in &ledger.flows {
        *resumed.entry(flow.cycle).or_default() |= flow.resumes_to > 0;
    }
    let first = resumed.iter().find(|(_, is_resumed)| **is_resumed).map(|(cycle, _)| *cycle);
    let until = first.unwrap_or(if ledger.run.resumes.0 > 0 { 0 } else { i32::MAX });
    let attempts = ledger.attempts.iter().filter(|a| a.replay == 0 && !a.broken && a.cycle < until);
    let wrong = attempts.filter_map(|a| {
        let agents = ledger.run.agents;
        let expected = warm_up.released(a.cycle.unsigned_abs(), agents);
        (a.released.unsigned_abs() != expected).then(|| Problem {
            check: "warm_up",
            cycle: Some(a.cycle.unsigned_abs()),
            replay: Some(0),
            subject: String::new(),
            message: format!("{} released of {agents} agents, {expected} are due", a.released),
        })
    });
    wrong.collect()
}

/// The shares of the agents that go along at first, percent.
struct WarmUp {
    cycles_per_step: u32,
    steps: Vec<u32>,
}

impl WarmUp {
    /// `None` where the settings do not say.
    fn of(settings: &Value) -> Option<Self> {
        let of = settings.get("warm_up")?;
        let number = |value: &Value| u32::try_from(value.as_u64()?).ok();
        let steps = of.get("steps_percent")?.as_array()?;
        let steps = match of.get("enabled")?.as_bool()? {
            true => steps.iter().map(number).collect::<Option<_>>()?,
            false => Vec::new(),
        };
        Some(Self { cycles_per_step: number(of.get("cycles_per_step")?)?, steps })
    }

    /// floor(share x agents), at least one.
    fn released(&self, cycle: u32, agents: u32) -> u32 {
        let step = usize::try_from(cycle / self.cycles_per_step.max(1)).unwrap_or(usize::MAX);
        let Some(percent) = self.steps.get(step) else { return agents };
        let share = u64::from(agents) * u64::from(*percent) / 100;
        u32::try_from(share).unwrap_or(u32::MAX).clamp(1.min(agents), agents)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_warm_up_releases_what_the_design_says() {
        let settings = |enabled| {
            let steps = [10, 25, 50, 75];
            json!({ "warm_up":
                { "cycles_per_step": 2, "enabled": enabled, "steps_percent": steps } })
        };
        let of = |enabled| WarmUp::of(&settings(enabled)).unwrap();
        let released: Vec<u32> = (0..10).map(|cycle| of(true).released(cycle, 372)).collect();
        assert_eq!(released, [37, 37, 93, 93, 186, 186, 279, 279, 372, 372]);
        assert_eq!((of(true).released(0, 3), of(true).released(0, 0)), (1, 0));
        assert_eq!(of(false).released(0, 372), 372);
        assert!(WarmUp::of(&json!({})).is_none());
    }
}
