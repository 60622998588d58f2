//! The books of a run: its attempts, what their rows add up to, and every row that is not as it
//! must be; all read at one moment.
//!
//! What needs arithmetic over a few thousand attempts is answered as sums and judged by whoever
//! asks; what needs every row is judged by statements that answer only what is wrong.

pub mod checks;
mod goods_checks;
pub mod limits;
pub mod members;
mod money_checks;
mod name_checks;
pub mod refreshes;
pub mod seals;
mod sums;
mod visit_checks;
mod wallets;

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Integer, Text, Timestamp};
use domain::ids::RunId;

use self::checks::Finding;
use self::limits::Limit;
use self::members::MemberRow;
use self::refreshes::RefreshRow;
use self::seals::Extent;
use super::orders::{self, OrderCounts};
use super::runs::{self, KnownRun};
use super::{Inquiry, Moment, Question};

/// A run's books.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    /// The run.
    pub run: KnownRun,
    /// Closed attempts, by cycle and replay.
    pub attempts: Vec<AttemptRow>,
    /// Rows of shopping_sessions of each attempt, closed or not, by status.
    pub flows: Vec<FlowCount>,
    /// Events of each attempt.
    pub events: Vec<EventCount>,
    /// Orders of each attempt; those found later are in none of its counts.
    pub orders: Vec<OrderCount>,
    /// How many there are in all.
    pub counts: OrderCounts,
    /// By check: its name, what it says, and the first rows it found.
    pub findings: Vec<(&'static str, &'static str, Vec<Finding>)>,
    /// How far its rows are sealed.
    pub sealed: Extent,
    /// Whoever was handed coupons by the engine, with how many; who may not be only a hash knows.
    pub holders: Vec<Finding>,
    /// Whoever has rows, by agent and cohort.
    pub members: Vec<MemberRow>,
    /// Refreshes of offers.
    pub refreshes: Vec<RefreshRow>,
    /// What was changed while the run went on.
    pub changes: Vec<ChangeRow>,
}

impl Ledger {
    /// Whether a resume changed a setting whose key begins so: what the run's row says of it holds
    /// for a part of the run only.
    pub fn changed(&self, keys: &str) -> bool {
        changed(&self.changes, keys)
    }
}

fn changed(changes: &[ChangeRow], keys: &str) -> bool {
    changes.iter().any(|change| change.message.starts_with(keys))
}

/// A setting that a resume changed, or a drill.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ChangeRow {
    /// As the incident says.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Of a setting: its key, and what became of it; else empty.
    #[diesel(sql_type = Text)]
    pub message: String,
}

const CHANGES: &str = "\
SELECT DISTINCT kind, CASE kind WHEN 'setting_changed' THEN message ELSE '' END AS message
FROM incidents WHERE run_id = {run} AND kind IN ('setting_changed', 'injection')";

/// One attempt as its row claims it; agents unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct AttemptRow {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// Whether a freeze, a stop or a crash broke it.
    #[diesel(sql_type = Bool)]
    pub broken: bool,
    /// Simulated begin.
    #[diesel(sql_type = Timestamp)]
    pub simulated_at: NaiveDateTime,
    /// Wall clock of its end.
    #[diesel(sql_type = Timestamp)]
    pub recorded_at: NaiveDateTime,
    /// With a tick.
    #[diesel(sql_type = Integer)]
    pub released: i32,
    /// Completed and abandoned.
    #[diesel(sql_type = Integer)]
    pub shopped: i32,
    /// With an order.
    #[diesel(sql_type = Integer)]
    pub completed: i32,
    /// Without one.
    #[diesel(sql_type = Integer)]
    pub abandoned: i32,
    /// Looked only.
    #[diesel(sql_type = Integer)]
    pub browsed: i32,
    /// Did nothing.
    #[diesel(sql_type = Integer)]
    pub idle: i32,
    /// Failed, recorded or not.
    #[diesel(sql_type = Integer)]
    pub failed: i32,
    /// Of `failed`: without a row.
    #[diesel(sql_type = Integer)]
    pub failed_unrecorded: i32,
    /// Their HTTP session was down.
    #[diesel(sql_type = Integer)]
    pub skipped_session_down: i32,
    /// In quarantine.
    #[diesel(sql_type = Integer)]
    pub skipped_quarantined: i32,
    /// Cut before they had a row.
    #[diesel(sql_type = Integer)]
    pub unfinished: i32,
    /// Events.
    #[diesel(sql_type = BigInt)]
    pub events: i64,
    /// Orders.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
    /// Paid, cents.
    #[diesel(sql_type = BigInt)]
    pub revenue_cents: i64,
    /// Calls sent.
    #[diesel(sql_type = BigInt)]
    pub requests: i64,
    /// Of them sent again.
    #[diesel(sql_type = BigInt)]
    pub retries: i64,
    /// Adds and checkouts that the shop answered.
    #[diesel(sql_type = BigInt)]
    pub attempts: i64,
    /// Of them refused.
    #[diesel(sql_type = BigInt)]
    pub refusals: i64,
}

const ATTEMPTS: &str = "SELECT * FROM cycles WHERE run_id = {run} ORDER BY cycle, replay";

/// Rows of one attempt of one status.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct FlowCount {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// As the column says.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// Rows.
    #[diesel(sql_type = BigInt)]
    pub flows: i64,
    /// Calls of theirs.
    #[diesel(sql_type = BigInt)]
    pub calls: i64,
    /// How often the run had been resumed when they began, at least.
    #[diesel(sql_type = Integer)]
    pub resumes_from: i32,
    /// And at most.
    #[diesel(sql_type = Integer)]
    pub resumes_to: i32,
    /// Simulated begin of the first.
    #[diesel(sql_type = Timestamp)]
    pub first_at: NaiveDateTime,
    /// Simulated end of the last.
    #[diesel(sql_type = Timestamp)]
    pub last_at: NaiveDateTime,
}

const FLOWS: &str = "\
SELECT cycle, replay, status, COUNT(*) AS flows,
  CAST(COALESCE(SUM(calls), 0) AS BIGINT) AS calls,
  MIN(resumes) AS resumes_from, MAX(resumes) AS resumes_to, MIN(simulated_at) AS first_at,
  MAX(COALESCE(simulated_end, simulated_at)) AS last_at
FROM shopping_sessions WHERE run_id = {run}
GROUP BY cycle, replay, status ORDER BY cycle, replay, status";

/// Events of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct EventCount {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// Rows.
    #[diesel(sql_type = BigInt)]
    pub events: i64,
    /// Of them adds and checkouts that the shop answered.
    #[diesel(sql_type = BigInt)]
    pub attempts: i64,
    /// Of them refused.
    #[diesel(sql_type = BigInt)]
    pub refusals: i64,
    /// Simulated.
    #[diesel(sql_type = Timestamp)]
    pub first_at: NaiveDateTime,
    /// Simulated.
    #[diesel(sql_type = Timestamp)]
    pub last_at: NaiveDateTime,
}

const EVENTS: &str = "\
SELECT cycle, replay, COUNT(*) AS events,
  COUNT(CASE WHEN event_type IN ('cart_add_item', 'checkout_complete', 'checkout_failed')
    THEN 1 END) AS attempts,
  COUNT(CASE event_type
    WHEN 'cart_add_item' THEN NULLIF(CAST(payload -> 'accepted' AS TEXT), 'true')
    WHEN 'checkout_failed' THEN NULLIF(CAST(payload -> 'refused' AS TEXT), 'false')
    END) AS refusals,
  MIN(simulated_at) AS first_at, MAX(simulated_at) AS last_at
FROM shopping_session_events WHERE run_id = {run}
GROUP BY cycle, replay ORDER BY cycle, replay";

/// Orders of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct OrderCount {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// Rows.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
    /// Paid, cents.
    #[diesel(sql_type = BigInt)]
    pub revenue_cents: i64,
}

const ORDERS: &str = "\
SELECT cycle, replay, COUNT(*) AS orders,
  CAST(COALESCE(SUM(final_total_cents), 0) AS BIGINT) AS revenue_cents
FROM orders WHERE run_id = {run} AND NOT recovered
GROUP BY cycle, replay ORDER BY cycle, replay";

const HOLDERS: &str = "\
SELECT MIN(cycle) AS cycle, MIN(replay) AS replay, agent_id AS subject,
  CAST(COUNT(*) AS TEXT) || ' coupons' AS found, CAST(0 AS BIGINT) AS total
FROM coupon_assignments WHERE run_id = {run} AND source = 'engine'
GROUP BY agent_id ORDER BY agent_id";

/// The books of a run; `None` for one that is not there.
#[derive(Clone, Copy, Debug)]
pub struct Books(
    /// The run.
    pub RunId,
);

impl Inquiry for Books {
    type Answers = Option<Ledger>;

    async fn read<M: Moment>(self, moment: &mut M) -> Result<Option<Ledger>, M::Fault> {
        let Self(run) = self;
        let Some(row) = moment.ask(runs::of(run)).await?.into_iter().next() else {
            return Ok(None);
        };
        let known = row.known()?;
        let changes = moment.ask(Question::new("changes", CHANGES).with("run", run)).await?;
        let mut findings = Vec::new();
        for check in checks::all(&known.settings) {
            if check.limit.is_some() && changed(&changes, "offers.") {
                continue;
            }
            let rows = moment.ask(check.findings(run, &known.settings)).await?;
            findings.push((check.name, check.says, rows));
        }
        findings.push((sums::NAME, sums::SAYS, sums::findings(moment, run).await?));
        let holders = moment.ask(Question::new("coupon holders", HOLDERS).with("run", run)).await?;
        if !changed(&changes, "offers.") {
            let cap = Limit::wallet_cap(&known.settings);
            let rows = wallets::findings(moment, run, (&holders, &cap)).await?;
            findings.push((wallets::NAME, wallets::SAYS, rows));
        }
        let attempts: Vec<AttemptRow> =
            moment.ask(Question::new("attempts", ATTEMPTS).with("run", run)).await?;
        let flows: Vec<FlowCount> =
            moment.ask(Question::new("their visits", FLOWS).with("run", run)).await?;
        let rows = (&*attempts, &*flows, known.state.is_end());
        let (broken, sealed) = seals::findings(moment, run, rows).await?;
        findings.push((seals::NAME, seals::SAYS, broken));
        Ok(Some(Ledger {
            run: known,
            attempts,
            flows,
            sealed,
            events: moment.ask(Question::new("their events", EVENTS).with("run", run)).await?,
            orders: moment.ask(Question::new("their orders", ORDERS).with("run", run)).await?,
            counts: moment.one(orders::counts(run)).await?,
            findings,
            holders,
            members: moment.ask(members::of(run)).await?,
            refreshes: moment.ask(refreshes::of(run)).await?,
            changes,
        }))
    }
}
