//! Each attempt at a cycle: whether its row adds up, and whether its rows are as many as it says.
//!
//! A flow that could be written neither as itself nor as failed (`failed_unrecorded`), and one that
//! a stop cut (`unfinished`), may or may not have left a row: so many rows an attempt may have more
//! than it counted, and no others.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use domain::cycle::Cycle;
use domain::flow::FlowStatus;
use questions::ledger::{AttemptRow, EventCount, Ledger, OrderCount};

use super::Problem;

/// Rows of one attempt by status.
type Rows<'a> = BTreeMap<&'a str, i64>;

/// What is wrong with the attempts.
pub(super) fn problems(ledger: &Ledger, is_owned: bool) -> Vec<Problem> {
    let mut rows: BTreeMap<(i32, i32), Rows<'_>> = BTreeMap::new();
    for flow in &ledger.flows {
        let of_attempt = rows.entry((flow.cycle, flow.replay)).or_default();
        *of_attempt.entry(flow.status.as_str()).or_default() += flow.flows;
    }
    let mut calls: BTreeMap<(i32, i32), i64> = BTreeMap::new();
    for flow in &ledger.flows {
        *calls.entry((flow.cycle, flow.replay)).or_default() += flow.calls;
    }
    let events: BTreeMap<_, _> = ledger.events.iter().map(|e| ((e.cycle, e.replay), e)).collect();
    let orders: BTreeMap<_, _> = ledger.orders.iter().map(|o| ((o.cycle, o.replay), o)).collect();
    let closed: BTreeSet<_> = ledger.attempts.iter().map(|a| (a.cycle, a.replay)).collect();
    let none = Rows::new();
    let mut problems = Vec::new();
    for attempt in &ledger.attempts {
        let key = (attempt.cycle, attempt.replay);
        let mut say = Say { key, problems: &mut problems };
        say.about_counts(attempt);
        say.about_rows(attempt, rows.get(&key).unwrap_or(&none));
        let calls = calls.get(&key).copied().unwrap_or(0);
        say.about_volume(attempt, calls, events.get(&key).copied(), orders.get(&key).copied());
        say.about_time(attempt, ledger);
    }
    for (key, of_attempt) in &rows {
        let mut say = Say { key: *key, problems: &mut problems };
        if !is_owned {
            say.about_what_is_open(of_attempt, closed.contains(key));
        }
    }
    let flows =
        ledger.flows.iter().map(|f| ("visit_hour", f.cycle, f.replay, f.first_at, f.last_at));
    let events = ledger.events.iter();
    let events = events.map(|e| ("event_hour", e.cycle, e.replay, e.first_at, e.last_at));
    for (check, cycle, replay, first, last) in flows.chain(events) {
        let hour = Cycle(cycle.unsigned_abs());
        let begin = hour.begins_at(ledger.run.simulated_start);
        if first < begin || last >= begin + TimeDelta::hours(1) {
            let mut say = Say { key: (cycle, replay), problems: &mut problems };
            say.wrong(check, format!("rows from {first} to {last}, hour {begin}"));
        }
    }
    problems
}

/// Says what is wrong with one attempt.
struct Say<'a> {
    key: (i32, i32),
    problems: &'a mut Vec<Problem>,
}

impl Say<'_> {
    fn wrong(&mut self, check: &'static str, message: String) {
        self.problems.push(Problem {
            check,
            cycle: Some(self.key.0.unsigned_abs()),
            replay: Some(self.key.1.unsigned_abs()),
            subject: String::new(),
            message,
        });
    }

    /// released = shopped + browsed + idle + failed + skipped (+ unfinished of a broken one).
    fn about_counts(&mut self, a: &AttemptRow) {
        let skipped = a.skipped_session_down + a.skipped_quarantined;
        let accounted = a.shopped + a.browsed + a.idle + a.failed + skipped + a.unfinished;
        if accounted != a.released {
            self.wrong(
                "released",
                format!(
                    "released {} is not shopped {} + browsed {} + idle {} + failed {} + skipped \
                     {skipped} + unfinished {} = {accounted}",
                    a.released, a.shopped, a.browsed, a.idle, a.failed, a.unfinished
                ),
            );
        }
        if a.shopped != a.completed + a.abandoned {
            let (shopped, completed, abandoned) = (a.shopped, a.completed, a.abandoned);
            let text =
                format!("shopped {shopped} is not completed {completed} + abandoned {abandoned}");
            self.wrong("released", text);
        }
        if a.failed_unrecorded > a.failed {
            let text = format!("{} of {} failed are unrecorded", a.failed_unrecorded, a.failed);
            self.wrong("released", text);
        }
        if !a.broken && a.unfinished != 0 {
            self.wrong("released", format!("{} unfinished in an unbroken attempt", a.unfinished));
        }
    }

    /// As many rows of each status as the attempt says.
    fn about_rows(&mut self, a: &AttemptRow, rows: &Rows<'_>) {
        let of = |status: FlowStatus| rows.get(status.as_str()).copied().unwrap_or(0);
        let slack = i64::from(a.failed_unrecorded) + i64::from(a.unfinished);
        let recorded = [
            (FlowStatus::Completed, a.completed),
            (FlowStatus::Abandoned, a.abandoned),
            (FlowStatus::Browsed, a.browsed),
            (FlowStatus::Failed, a.failed - a.failed_unrecorded),
        ];
        let mut surplus = of(FlowStatus::Active);
        for (status, claimed) in recorded {
            let (there, claimed) = (of(status), i64::from(claimed));
            surplus += (there - claimed).max(0);
            if there < claimed {
                self.wrong("rows", format!("{claimed} {status} claimed, {there} rows"));
            }
        }
        if surplus > slack {
            let there: Vec<String> = rows.iter().map(|(s, n)| format!("{n} {s}")).collect();
            let claimed: Vec<String> =
                recorded.iter().map(|(status, n)| format!("{n} {status}")).collect();
            let (there, claimed) = (there.join(", "), claimed.join(", "));
            let text = format!("{surplus} rows more than claimed: {there}; claimed {claimed}");
            self.wrong("rows", text);
        }
    }

    /// Events, orders, money and calls. What an agent that failed had done by then it may not have
    /// told.
    fn about_volume(
        &mut self,
        a: &AttemptRow,
        calls: i64,
        events: Option<&EventCount>,
        orders: Option<&OrderCount>,
    ) {
        if a.retries > a.requests || a.refusals > a.attempts {
            let (sent, asked) = (a.requests, a.attempts);
            let text = format!(
                "{} retries of {sent} requests, {} refusals of {asked} attempts",
                a.retries, a.refusals
            );
            self.wrong("volume", text);
        }
        if a.broken || a.failed > 0 {
            return;
        }
        // What agents ask once a run is in no visit.
        if a.requests < calls {
            let text = format!("{} requests claimed, {calls} calls in rows", a.requests);
            self.wrong("volume", text);
        }
        for (what, claimed, there) in [
            ("events", a.events, events.map_or(0, |e| e.events)),
            ("attempts", a.attempts, events.map_or(0, |e| e.attempts)),
            ("refusals", a.refusals, events.map_or(0, |e| e.refusals)),
            ("orders", a.orders, orders.map_or(0, |o| o.orders)),
            ("revenue_cents", a.revenue_cents, orders.map_or(0, |o| o.revenue_cents)),
        ] {
            if claimed != there {
                self.wrong("volume", format!("{what} {claimed} claimed, {there} in rows"));
            }
        }
    }

    fn about_time(&mut self, a: &AttemptRow, ledger: &Ledger) {
        let begin = Cycle(a.cycle.unsigned_abs()).begins_at(ledger.run.simulated_start);
        if a.simulated_at != begin {
            let text = format!("simulated_at {} is not start + cycle = {begin}", a.simulated_at);
            self.wrong("simulated_at", text);
        }
        if a.replay.unsigned_abs() > ledger.run.resumes.0 {
            let resumes = ledger.run.resumes.0;
            self.wrong("replay_number", format!("the run was resumed {resumes} times only"));
        }
    }

    /// Rows that are active, and attempts that nobody closed, in a run without a process.
    fn about_what_is_open(&mut self, rows: &Rows<'_>, is_closed: bool) {
        let active = rows.get(FlowStatus::Active.as_str()).copied().unwrap_or(0);
        if active > 0 {
            let text = format!(
                "{active} rows are active and no process lives that could end them; `cartload \
                 resume` or the next `run` does"
            );
            self.wrong("active", text);
        }
        if !is_closed {
            let all: i64 = rows.values().sum();
            let text = format!(
                "{all} rows of an attempt that was never closed: its process died; `cartload \
                 resume` closes it and runs the cycle again"
            );
            self.wrong("unclosed", text);
        }
    }
}
