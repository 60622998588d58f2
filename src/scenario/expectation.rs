//! What may be expected of a run: each compares one field of its picture.

use std::fmt;

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::status::RunStatus;
use actors::domain::cycle::CycleRecord;
use actors::domain::ids::SessionId;
use actors::domain::incident::IncidentKind;
use actors::ports::store::RunState;
use actors::session_pool::board::Standing;
use actors::topology::HTTP_SESSIONS;
use serde::Deserialize;

/// What a number must be; both bounds belong to what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "WrittenBounds")]
pub struct Bounds {
    least: Option<f64>,
    most: Option<f64>,
}

/// As they are written: `at_least: 3`, `at_most: 5`, both, or `exactly: 4`.
#[derive(Deserialize)]
#[serde(rename = "bounds", deny_unknown_fields)]
struct WrittenBounds {
    #[serde(default)]
    at_least: Option<f64>,
    #[serde(default)]
    at_most: Option<f64>,
    #[serde(default)]
    exactly: Option<f64>,
}

impl TryFrom<WrittenBounds> for Bounds {
    type Error = &'static str;

    fn try_from(written: WrittenBounds) -> Result<Self, &'static str> {
        let WrittenBounds { at_least, at_most, exactly } = written;
        let is_number = |number: Option<f64>| number.is_none_or(f64::is_finite);
        if ![at_least, at_most, exactly].into_iter().all(is_number) {
            return Err("a bound is a finite number");
        }
        match (at_least, at_most, exactly) {
            (None, None, None) => Err("allowed: at_least, at_most, both of them, or exactly"),
            (None, None, exactly) => Ok(Self { least: exactly, most: exactly }),
            (Some(least), Some(most), None) if least > most => Err("at_least is above at_most"),
            (least, most, None) => Ok(Self { least, most }),
            (_, _, Some(_)) => Err("`exactly` stands alone"),
        }
    }
}

impl Bounds {
    fn holds(self, number: f64) -> bool {
        self.least.is_none_or(|least| number >= least) && self.most.is_none_or(|m| number <= m)
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (Some(least), Some(most)) if least == most => write!(f, "exactly {least}"),
            (Some(least), Some(most)) => write!(f, "{least} to {most}"),
            (Some(least), None) => write!(f, "at least {least}"),
            (None, Some(most)) => write!(f, "at most {most}"),
            (None, None) => f.write_str("any"),
        }
    }
}

/// A number of the picture; `None` while there is none.
type Measure = fn(&RunStatus) -> Option<f64>;

macro_rules! expectations {
    ($($(#[$doc:meta])* $name:ident, $words:literal, $measure:expr;)+) => {
        /// What must be seen.
        #[derive(Clone, Debug, PartialEq, Deserialize)]
        pub enum Expectation {
            /// What the run does.
            State(RunState),
            /// It is frozen, and the reason has these words.
            FrozenBecause(String),
            /// The standing of an HTTP session; one that has not been used is up.
            Session(SessionId, Standing),
            /// Incidents of one kind since the process began.
            Incidents(IncidentKind, Bounds),
            /// Requests sent since the step began.
            RequestsMeanwhile(Bounds),
            $($(#[$doc])* $name(Bounds),)+
        }

        impl Expectation {
            /// The names of all of them.
            pub const NAMES: &'static [&'static str] = &[
                "State", "FrozenBecause", "Session", "Incidents", "RequestsMeanwhile",
                $(stringify!($name),)+
            ];

            /// Looks for it in a picture; `sent_before` are the requests sent when its step began.
            pub fn look(&self, status: &RunStatus, sent_before: u64) -> Seen {
                match self {
                    Self::State(state) => look_at_state(status, *state),
                    Self::FrozenBecause(words) => look_at_reason(status, words),
                    Self::Session(id, standing) => look_at_session(status, *id, *standing),
                    Self::Incidents(kind, bounds) => {
                        let count = status.news.incident_counts.get(kind).copied().unwrap_or(0);
                        number(Some(count as f64), *bounds)
                    }
                    Self::RequestsMeanwhile(bounds) => {
                        let sent = status.traffic.requests_sent.saturating_sub(sent_before);
                        number(Some(sent as f64), *bounds)
                    }
                    $(Self::$name(bounds) => {
                        let measure: Measure = $measure;
                        number(measure(status), *bounds)
                    })+
                }
            }
        }

        impl fmt::Display for Expectation {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::State(state) => write!(f, "state {}", state.as_str()),
                    Self::FrozenBecause(words) => write!(f, "frozen because of \"{words}\""),
                    Self::Session(id, standing) => {
                        write!(f, "HTTP session {id} {}", standing.as_str())
                    }
                    Self::Incidents(kind, bounds) => {
                        write!(f, "incidents of kind {kind}: {bounds}")
                    }
                    Self::RequestsMeanwhile(bounds) => write!(f, "requests meanwhile: {bounds}"),
                    $(Self::$name(bounds) => write!(f, concat!($words, ": {}"), bounds),)+
                }
            }
        }
    };
}

expectations!(
    /// Agents of the last closed cycle whose flow failed.
    FailedInCycle, "agents failed in the last cycle", |s| of_last(s, |l| l.counts.failed.into());
    /// Agents of the last closed cycle that shopped.
    ShoppedInCycle, "agents shopped in the last cycle", |s| of_last(s, |l| l.counts.shopped.into());
    /// Agents of the last closed cycle that ordered.
    CompletedInCycle, "agents ordered in the last cycle",
        |s| of_last(s, |l| l.counts.completed.into());
    /// Agents of the last closed cycle without a flow: session down or quarantined.
    SkippedInCycle, "agents skipped in the last cycle",
        |s| of_last(s, |l| l.counts.skipped().into());
    /// Requests of the last closed cycle, retries included.
    RequestsInCycle, "requests in the last cycle", |s| of_last(s, |l| l.volume.requests as f64);
    /// Adds and checkouts of the last closed cycle that the shop refused.
    RefusalsInCycle, "refusals in the last cycle", |s| of_last(s, |l| l.volume.refusals as f64);
    /// 95th percentile of the last closed cycle's calls, sent to answered, milliseconds.
    ServiceP95Ms, "service p95 in the last cycle, ms", |s| of_last(s, |l| l.latency.service.p95);
    /// The same, wanted to answered: with the wait for a permit.
    FeltP95Ms, "felt p95 in the last cycle, ms", |s| of_last(s, |l| l.latency.felt.p95);
    /// Cycles closed unbroken.
    CyclesCompleted, "cycles completed", |s| Some(s.totals.cycles_completed.into());
    /// Of them: run again after a freeze.
    CyclesReplayed, "cycles replayed", |s| Some(s.totals.replayed_cycles.into());
    /// Attempts at a cycle that a freeze or a stop broke.
    CyclesBroken, "cycles broken", |s| Some(s.totals.broken_cycles.into());
    /// Orders.
    Orders, "orders", |s| Some(s.totals.volume.orders as f64);
    /// Flows that failed.
    Failed, "failed flows", |s| Some(s.totals.counts.failed.into());
    /// Of them: neither recorded as themselves nor as failed.
    Unrecorded, "flows not recorded", |s| Some(s.totals.counts.failed_unrecorded.into());
    /// Coupons assigned.
    OffersAssigned, "offers assigned", |s| Some(s.totals.offers_assigned as f64);
    /// Actors rebuilt.
    Restarts, "restarts", |s| Some(s.totals.restarts as f64);
    /// Checkpoints written.
    Checkpoints, "checkpoints", |s| Some(s.totals.checkpoints as f64);
    /// Agents in quarantine.
    Quarantined, "agents in quarantine", |s| Some(s.health.quarantined.len() as f64);
    /// HTTP sessions that are down.
    SessionsDown, "HTTP sessions down", |s| Some(sessions_down(s));
    /// How late the last tick was, without pauses, seconds.
    LatenessS, "seconds late", |s| Some(s.clock.lateness_ms as f64 / 1000.0);
    /// The most requests sent in any second so far.
    RequestsMaxIn1s, "requests in the fullest second",
        |s| Some(s.traffic.requests_max_in_1s as f64);
    /// Resident memory, megabytes; absent where the system does not say.
    MemoryMb, "memory, MB", |s| s.memory_bytes.map(|bytes| bytes as f64 / 1e6);
);

fn of_last(status: &RunStatus, measure: impl Fn(&CycleRecord) -> f64) -> Option<f64> {
    status.attempt.last.as_ref().map(measure)
}

fn sessions_down(status: &RunStatus) -> f64 {
    status.health.sessions.iter().filter(|session| session.standing == Standing::Down).count()
        as f64
}

/// What was seen of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whether it held.
    pub holds: bool,
    /// What there was instead, or just what there was.
    pub saw: String,
}

/// A run that is freezing is frozen already; `State(freezing)` tells the two apart.
fn look_at_state(status: &RunStatus, state: RunState) -> Seen {
    match status.state == state || status.state.kept() == state {
        true => Seen { holds: true, saw: state.as_str().to_owned() },
        false => Seen { holds: false, saw: state_in_words(status) },
    }
}

fn look_at_reason(status: &RunStatus, words: &str) -> Seen {
    let why = status.frozen.as_ref().map(FreezeReason::to_string);
    let holds = why.as_ref().is_some_and(|why| why.contains(words));
    Seen { holds, saw: why.unwrap_or_else(|| state_in_words(status)) }
}

fn look_at_session(status: &RunStatus, id: SessionId, standing: Standing) -> Seen {
    let session = status.health.sessions.iter().find(|session| session.id == id);
    let seen = session.map_or(Standing::Up, |session| session.standing);
    Seen { holds: seen == standing, saw: seen.as_str().to_owned() }
}

impl Expectation {
    /// Refuses what no run can show.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Self::Session(SessionId(id), _) = self
            && *id >= HTTP_SESSIONS
        {
            return Err(format!(
                "there is no HTTP session {id}: they are 0 to {}",
                HTTP_SESSIONS - 1
            ));
        }
        Ok(())
    }
}

fn number(seen: Option<f64>, bounds: Bounds) -> Seen {
    match seen {
        Some(number) => Seen { holds: bounds.holds(number), saw: tenths(number) },
        None => Seen { holds: false, saw: "none yet".to_owned() },
    }
}

fn tenths(number: f64) -> String {
    ((number * 10.0).round() / 10.0).to_string()
}

fn state_in_words(status: &RunStatus) -> String {
    match &status.frozen {
        Some(reason) => format!("frozen: {reason}"),
        None => status.state.as_str().to_owned(),
    }
}
