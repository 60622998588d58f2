//! Whether everybody is in the arm that the hash of its name gives, or the operator fixed, and
//! whether the table of agents has everybody.
//!
//! The table is shared by all runs: of agents that it got after the begin of the run it says
//! nothing, and rows of one agent then have to agree with each other alone.

use std::collections::BTreeMap;

use domain::experiment::drawn;
use domain::ids::AgentId;
use questions::ledger::Ledger;
use questions::ledger::members::MemberRow;
use serde_json::Value;

use super::Problem;

/// The experiment as the settings have it.
struct Arms<'a> {
    name: &'a str,
    names: Vec<&'a str>,
    shares: Vec<f64>,
}

impl<'a> Arms<'a> {
    fn of(settings: &'a Value) -> Option<Self> {
        let experiment = settings.get("experiment")?;
        let arms = experiment.get("arms")?.as_array()?;
        let names = arms.iter().map(|arm| arm.get("name")?.as_str());
        let shares = arms.iter().map(|arm| arm.get("share")?.as_f64());
        Some(Self {
            name: experiment.get("name")?.as_str()?,
            names: names.collect::<Option<_>>()?,
            shares: shares.collect::<Option<_>>()?,
        })
    }

    fn arm_of(&self, agent: &str) -> Option<&'a str> {
        let place = drawn(self.name, self.shares.iter().copied(), &AgentId::new(agent));
        self.names.get(place).copied()
    }
}

/// What is wrong with cohorts, and whom nobody knows.
pub(super) fn problems(ledger: &Ledger) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut say = |check, member: &MemberRow, message| {
        problems.push(Problem {
            check,
            cycle: Some(member.cycle.unsigned_abs()),
            replay: Some(member.replay.unsigned_abs()),
            subject: member.agent_id.clone(),
            message,
        });
    };
    let arms = Arms::of(&ledger.run.settings);
    let is_changed = ledger.changed("experiment.");
    let mut cohorts: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for member in &ledger.members {
        if !member.is_there && !member.is_replaced {
            say("unknown_agent", member, "rows of an agent that the table has not".to_owned());
        }
        if is_changed {
            continue;
        }
        let cohort = member.cohort.as_deref();
        let known = cohorts.entry(&member.agent_id).or_insert(cohort);
        let drawn = arms.as_ref().and_then(|arms| arms.arm_of(&member.agent_id));
        let expected = match (&member.fixed, member.is_known) {
            (Some(fixed), true) => Some(fixed.as_str()),
            (None, true) => drawn,
            (_, false) => *known,
        };
        if cohort != expected {
            let of = |cohort: Option<&str>| cohort.unwrap_or("none").to_owned();
            let message = format!("rows of cohort {}, it is in {}", of(cohort), of(expected));
            say("cohort", member, message);
        }
    }
    problems
}
