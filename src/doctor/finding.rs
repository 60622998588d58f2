//! What was looked at and how it is: one line each, in the order in which it was found.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::trial::Say;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// The shop, as agents meet it.
    Shop,
    /// How much of a run it bears.
    Capacity,
    /// Where flows go.
    Database,
    /// What the process works with.
    Machine,
    /// Whether the run that is asked for fits into its time.
    Plan,
    /// Who shops.
    Population,
}

impl Area {
    /// Its word, as lines and JSON have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Capacity => "capacity",
            Self::Database => "database",
            Self::Machine => "machine",
            Self::Plan => "plan",
            Self::Population => "population",
        }
    }

    /// Who is to blame for a run that fails for it.
    fn blame(self) -> Blame {
        match self {
            Self::Shop | Self::Capacity => Blame::Shop,
            Self::Database => Blame::Database,
            Self::Machine | Self::Plan | Self::Population => Blame::Settings,
        }
    }
}

/// Who is to blame where a run fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Settings, secrets, files, agents, or too little of the machine.
    Settings,
    /// The shop.
    Shop,
    /// The database.
    Database,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// As a run needs it.
    Ok,
    /// A run works, and does not what its operator expects.
    Warn,
    /// A run does not begin, or freezes.
    Fail,
    /// It was not looked at.
    Skip,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
            Self::Skip => "SKIP",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What it is about.
    pub area: Area,
    /// What was looked at; one word, and the same in each release.
    pub check: &'static str,
    /// How it is.
    pub state: State,
    /// In a sentence.
    pub says: String,
    /// What is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Who is to blame for a run that fails for it.
    #[serde(skip)]
    blame: Blame,
}

impl Finding {
    fn new(area: Area, check: &'static str, state: State, says: impl Into<String>) -> Self {
        Self { area, check, state, says: says.into(), fix: None, blame: area.blame() }
    }

    /// As a run needs it.
    pub fn ok(area: Area, check: &'static str, says: impl Into<String>) -> Self {
        Self::new(area, check, State::Ok, says)
    }

    /// It was not looked at, for this reason.
    pub fn skip(area: Area, check: &'static str, why: impl Into<String>) -> Self {
        Self::new(area, check, State::Skip, why)
    }

    /// A run works, and does not what its operator expects.
    pub fn warn(
        area: Area,
        check: &'static str,
        says: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { fix: Some(fix.into()), ..Self::new(area, check, State::Warn, says) }
    }

    /// A run does not begin, or freezes.
    pub fn fail(
        area: Area,
        check: &'static str,
        says: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { fix: Some(fix.into()), ..Self::new(area, check, State::Fail, says) }
    }

    /// Somebody else is to blame.
    pub fn blamed_on(self, blame: Blame) -> Self {
        Self { blame, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, area, check) = (self.state.as_str(), self.area.as_str(), self.check);
        write!(f, "{state:<5} {area:<11} {check:<12} {}", self.says)?;
        match &self.fix {
            Some(fix) => write!(f, "\n{:31}-> {fix}", ""),
            None => Ok(()),
        }
    }
}

/// All that was found so far, each told as it comes.
pub struct Findings {
    list: Vec<Finding>,
    say: Say,
}

impl Findings {
    /// Nothing yet.
    pub fn new(say: Say) -> Self {
        Self { list: Vec::new(), say }
    }

    /// Tells one.
    pub fn push(&mut self, finding: Finding) {
        (self.say)(&finding.to_string());
        self.list.push(finding);
    }

    /// Tells one, if there is one.
    pub fn extend(&mut self, finding: Option<Finding>) {
        finding.into_iter().for_each(|finding| self.push(finding));
    }

    /// Tells how something goes that takes its time; it is no finding.
    pub(super) fn tell(&self, line: &str) {
        (self.say)(line);
    }

    /// Whether one of this area and check is so.
    pub fn is(&self, area: Area, check: &str, state: State) -> bool {
        let is_it = |finding: &Finding| {
            finding.area == area && finding.check == check && finding.state == state
        };
        self.list.iter().any(is_it)
    }

    /// The whole of it.
    pub(super) fn into_report(self, requests: u64, took: Duration) -> Report {
        let count = |state| self.list.iter().filter(|finding| finding.state == state).count();
        let (warnings, failures) = (count(State::Warn), count(State::Fail));
        let seconds = (took.as_secs_f64() * 10.0).round() / 10.0;
        Report { schema: SCHEMA, findings: self.list, warnings, failures, requests, seconds }
    }
}

/// Names the form of [`Report`] in JSON.
pub const SCHEMA: &str = "cartload.doctor/1";

/// What came of it, as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Each, in the order of the lines.
    pub findings: Vec<Finding>,
    /// How many are WARN.
    pub warnings: usize,
    /// How many are FAIL.
    pub failures: usize,
    /// Requests that the shop was asked.
    pub requests: u64,
    /// What it took.
    pub seconds: f64,
}

impl Report {
    /// Who is to blame for the first failure; `None` where a run would begin.
    pub fn blame(&self) -> Option<Blame> {
        let failed = self.findings.iter().find(|finding| finding.state == State::Fail);
        failed.map(|finding| finding.blame)
    }

    /// The last line.
    pub fn text(&self) -> String {
        let Self { warnings, failures, requests, seconds, .. } = self;
        let verdict = match (failures, warnings) {
            (0, 0) => "A run can begin.".to_owned(),
            (0, warnings) => format!("A run can begin; look at {warnings} WARN first."),
            (failures, 0) => format!("A run would fail: {failures} FAIL."),
            (failures, warnings) => format!("A run would fail: {failures} FAIL, {warnings} WARN."),
        };
        format!("\n{verdict} Asked of the shop: {requests} requests in {seconds} s.")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn report(list: Vec<Finding>) -> Report {
        let mut findings = Findings::new(Arc::new(|_| {}));
        list.into_iter().for_each(|finding| findings.push(finding));
        findings.into_report(7, Duration::from_millis(1_234))
    }

    #[test]
    fn the_first_failure_is_to_blame_and_a_warning_is_none() {
        let ok = || Finding::ok(Area::Shop, "address", "there");
        let warn = || Finding::warn(Area::Shop, "coupons", "none", "assign some");
        let fail = |area| Finding::fail(area, "reached", "no", "look");
        assert_eq!(report(vec![ok(), warn()]).blame(), None);
        let report_of = |one, other| report(vec![ok(), one, other]).blame();
        assert_eq!(report_of(fail(Area::Database), fail(Area::Shop)), Some(Blame::Database));
        let no_secret = fail(Area::Shop).blamed_on(Blame::Settings);
        assert_eq!(report_of(no_secret, fail(Area::Database)), Some(Blame::Settings));
    }

    #[test]
    fn a_line_says_state_area_check_and_the_fix_below() {
        let line = Finding::warn(Area::Shop, "coupons", "none to use", "assign some").to_string();
        assert_eq!(
            line,
            format!("WARN  shop        coupons      none to use\n{:31}-> assign some", "")
        );
        let json = serde_json::to_value(report(vec![Finding::ok(Area::Plan, "pace", "fits")]));
        let json = json.unwrap();
        assert_eq!(json["findings"][0]["state"], "OK");
        assert_eq!(json["findings"][0].get("fix"), None);
        assert_eq!((&json["requests"], &json["seconds"]), (&7.into(), &1.2.into()));
    }
}
