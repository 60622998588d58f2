//! What a run has done so far, counted and written down: totals, latency, incidents, settings.
//!
//! It decides nothing; checkpoints and the picture are drawn from it.

mod shop_news;
mod store_news;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDateTime;
use serde_json::{Value, json};

use crate::circuit_breaker::messages::FreezeReason;
use crate::domain::cycle::CycleRecord;
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::incident::{Incident, IncidentKind, LogLevel};
use crate::domain::shop_notes::ShopNotes;
use crate::domain::snapshot::{OffersState, SNAPSHOT_VERSION, SavedState, SealMark, Snapshot};
use crate::domain::timing::CallTiming;
use crate::domain::totals::Totals;
use crate::ports::store::Borne;
use crate::rate_limiter::seats::SeatsTaken;

use super::journal::{Journal, JournalLine};
use super::latency::Latency;
use super::messages::{Ending, OffersRefreshed};
use super::plan::RunPlan;
use super::run::position::Position;
use super::shard::barrier::CycleUnderWay;
use super::shard::roster::Roster;
use super::slow_shop::SlowShop;
use super::status::{Attempt, Clock, Saved};
use super::tuning::Tuning;

use self::shop_news::ShopNews;
use self::store_news::StoreNews;

/// Ticks whose lateness is remembered for the trend.
const LATENESS_KEPT: usize = 32;

/// Refused adds and checkouts above this percentage of a cycle's are an incident.
const REFUSALS_MAX_PERCENT: u64 = 50;

/// What an incident says: its kind, one sentence, and the same in numbers.
pub type Report = (IncidentKind, String, Value);

/// Whom an incident is about.
pub type About = (Option<AgentId>, Option<SessionId>);

/// It is about the run itself.
pub const NOBODY: About = (None, None);

/// What has been done.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// What was asked for.
    pub plan: Arc<RunPlan>,
    /// Rate, time scale and settings as operators have changed them.
    pub tuning: Tuning,
    /// Sums over closed attempts.
    pub totals: Totals,
    /// Percentiles.
    pub latency: Latency,
    /// Offers so far.
    offers: OffersState,
    /// When this process began the run, by the wall clock, UTC.
    pub began_at: NaiveDateTime,
    /// The last seal when that attempt was closed.
    pub seal: Option<SealMark>,
    /// The last closed attempt.
    last: Option<CycleRecord>,
    /// Lateness at the last ticks, oldest first; 32 of them are kept.
    lateness_ms: VecDeque<i64>,
    /// Failures in the cycle, and how many it may have.
    pub failures: (u32, u32),
    /// The newest checkpoint, and when it was written by the wall clock.
    last_checkpoint: Option<(PathBuf, NaiveDateTime)>,
    /// Why the one after it could not be.
    pub checkpoint_failed: Option<String>,
    /// Orders of this process with goods that their flows did not put in.
    pub foreign_orders: u64,
    /// What happened last.
    pub journal: Journal,
    /// What was said of how the shop keeps up.
    slow_shop: SlowShop,
    /// What was said of how the shop is.
    pub shop_news: ShopNews,
    /// What was said of how the database is.
    pub store_news: StoreNews,
}

impl Ledger {
    /// Of a new run, or as a checkpoint has it.
    pub fn new(plan: Arc<RunPlan>, wall: NaiveDateTime) -> Self {
        let saved = plan.resume_from.as_ref().map(|point| &point.snapshot);
        Self {
            tuning: Tuning::of(&plan),
            totals: saved.map_or_else(Totals::default, |s| s.totals),
            latency: Latency::default(),
            offers: saved.map_or_else(OffersState::default, |s| s.offers),
            began_at: wall,
            seal: None,
            last: None,
            lateness_ms: VecDeque::new(),
            failures: (0, 0),
            last_checkpoint: None,
            checkpoint_failed: None,
            foreign_orders: 0,
            journal: Journal::default(),
            slow_shop: SlowShop::default(),
            shop_news: ShopNews::default(),
            store_news: StoreNews::default(),
            plan,
        }
    }

    /// Looks at how the shop keeps up; what is to be said where that changed.
    pub fn look_at(&mut self, seats: &SeatsTaken) -> Option<Report> {
        self.slow_shop.look(seats, self.tuning.rate)
    }

    /// Tells watchers of an incident; whoever calls writes it down.
    pub fn incident(
        &mut self,
        at: &Position,
        wall: NaiveDateTime,
        (kind, message, detail): Report,
        (agent_id, http_session): About,
    ) -> Incident {
        match kind.log_level() {
            LogLevel::Info => tracing::info!(kind = kind.as_str(), "{message}"),
            LogLevel::Warn => tracing::warn!(kind = kind.as_str(), "{message}"),
        }
        let incident = Incident {
            run_id: self.plan.run_id,
            cycle: at.cycle,
            replay: at.replay(),
            kind,
            agent_id,
            http_session,
            message,
            detail,
            simulated_at: at.simulated_at(),
            recorded_at: wall,
        }
        .cut();
        self.journal.add(JournalLine::of(&incident));
        incident
    }

    /// The failures that froze the run stand beside their border for as long as it is frozen: the
    /// breaker that counted them counts no more.
    pub fn show_failures(&mut self, reason: &FreezeReason) {
        if let FreezeReason::FailuresInCycle { failures, allowed, .. } = reason {
            self.failures = (*failures, *allowed);
        }
    }

    /// Calls of an agent.
    pub fn calls(&mut self, timings: &[CallTiming]) {
        for timing in timings {
            self.latency.record(*timing);
        }
    }

    /// A tick goes out, so late; answers it in milliseconds.
    pub fn tick(&mut self, lateness: Duration) -> i64 {
        let lateness_ms = i64::try_from(lateness.as_millis()).unwrap_or(i64::MAX);
        if self.lateness_ms.len() == LATENESS_KEPT {
            self.lateness_ms.pop_front();
        }
        self.lateness_ms.push_back(lateness_ms);
        lateness_ms
    }

    /// An attempt has closed and is a row. The failures that froze it go on being shown.
    pub fn close(&mut self, record: CycleRecord, is_frozen: bool) {
        self.totals.close(&record);
        self.last = Some(record);
        if !is_frozen {
            self.failures.0 = 0;
        }
    }

    /// What the database must show before an attempt is closed; nothing of a broken one.
    pub fn borne(&self, record: &CycleRecord) -> Option<Borne> {
        let counts = &record.counts;
        let failed = counts.failed.saturating_sub(counts.failed_unrecorded);
        let is_next = |last: &CycleRecord| !last.broken && last.cycle.next() == record.cycle;
        (!record.broken).then(|| Borne {
            run_id: record.run_id,
            cycle: record.cycle,
            replay: record.replay,
            flows: counts.shopped + counts.browsed + failed,
            follows: self.last.as_ref().is_some_and(is_next),
        })
    }

    /// Offers were refreshed; or why not.
    pub fn refreshed(&mut self, refreshed: &OffersRefreshed) -> Result<(), String> {
        match &refreshed.outcome {
            Ok(written) => {
                self.offers.assigned += written;
                self.offers.offer_cycle = Some(refreshed.offer_cycle);
                self.totals.offers_assigned += written;
                Ok(())
            }
            Err(error) => Err(format!("offers were not refreshed: {error}")),
        }
    }

    /// A checkpoint is written.
    pub fn saved(&mut self, path: PathBuf, wall: NaiveDateTime) {
        self.totals.checkpoints += 1;
        self.last_checkpoint = Some((path, wall));
        self.checkpoint_failed = None;
    }

    /// What a checkpoint of the last clean boundary holds.
    pub fn snapshot<H>(
        &self,
        at: &Position,
        roster: &Roster<H>,
        state: SavedState,
        wall: NaiveDateTime,
    ) -> Snapshot {
        Snapshot {
            version: SNAPSHOT_VERSION,
            run_id: self.plan.run_id,
            boundary: at.cycle,
            simulated_at: at.simulated_at(),
            simulated_start: self.plan.simulated_start,
            resumes: at.resumes(),
            state,
            totals: self.totals,
            offers: self.offers,
            crashes: roster.crash_history(at.cycle),
            quarantined: roster.quarantined(),
            agents: u32::try_from(roster.len()).unwrap_or(u32::MAX),
            population: Some(roster.population().to_owned()),
            seal: self.seal.clone(),
            settings: self.tuning.settings.clone(),
            config_hash: self.tuning.config_hash.clone(),
            written_at: wall,
        }
    }

    /// The attempt under way or next, for the picture.
    pub fn attempt(&self, at: &Position, under_way: Option<&CycleUnderWay>) -> Attempt {
        Attempt {
            cycle: at.cycle,
            replay: at.replay(),
            cycles_planned: self.plan.ends.cycles,
            simulated_start: self.plan.simulated_start,
            simulated_at: at.simulated_at(),
            outstanding: under_way.map_or(0, CycleUnderWay::outstanding),
            current: under_way.map(|cycle| cycle.counts).unwrap_or_default(),
            current_volume: under_way.map(|cycle| cycle.volume).unwrap_or_default(),
            last: self.last.clone(),
        }
    }

    /// The pace, for the picture, with the real time that is `left`.
    pub fn clock(&self, interval: Duration, left: Option<Duration>) -> Clock {
        Clock {
            lateness_ms: self.lateness_ms.back().copied().unwrap_or(0),
            lateness_history_ms: self.lateness_ms.iter().copied().collect(),
            interval_ms: u64::try_from(interval.as_millis()).unwrap_or(u64::MAX),
            eta_s: left.map(|left| left.as_secs_f64()),
        }
    }

    /// The newest checkpoint, for the picture.
    pub fn newest(&self) -> Saved {
        let (path, written_at) = self.last_checkpoint.clone().unzip();
        Saved {
            last_checkpoint: path.map(|path| path.display().to_string()),
            last_checkpoint_at: written_at,
            checkpoint_failed: self.checkpoint_failed.clone(),
        }
    }
}

/// A flow of which the database knows nothing is an incident.
pub fn unrecorded(agent_id: &AgentId, ending: &Ending) -> Option<Report> {
    let Ending::Unrecorded { cause } = ending else { return None };
    let message = format!("a flow of {agent_id} could not be recorded: {cause}");
    Some((IncidentKind::Unrecorded, message, json!({})))
}

/// More refusals than half are an incident. Also answers how many adds and checkouts there were
/// where none was accepted at all: the run must freeze.
pub fn refusals(record: &CycleRecord, notes: &ShopNotes) -> Option<(Report, Option<u64>)> {
    let (tried, refused) = (record.volume.attempts, record.volume.refusals);
    if record.broken || refused * 100 <= tried * REFUSALS_MAX_PERCENT {
        return None;
    }
    // A quiet preset's single refused add says nothing: as many as one cycle may fail do.
    let border = u64::from((record.counts.released / 20).max(1));
    let reasons: BTreeMap<_, _> = notes.reasons().into_iter().collect();
    let why = notes.reasons_in_words();
    let message = format!("the shop refused {refused} of {tried} adds and checkouts: {why}");
    let detail = json!({ "tried": tried, "refused": refused, "reasons": reasons });
    let nothing_accepted = (refused == tried && tried > border).then_some(tried);
    Some(((IncidentKind::Refusals, message, detail), nothing_accepted))
}
