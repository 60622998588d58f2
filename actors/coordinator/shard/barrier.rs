//! The cycle under way: who is outstanding, and what the others did.
//!
//! The barrier opens when nobody is outstanding; an agent that died is accounted for by its row.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::NaiveDateTime;

use crate::domain::cycle::{Cycle, CycleCounts, CycleRecord, CycleVolume, ReplayNumber};
use crate::domain::flow::FlowStatus;
use crate::domain::ids::{AgentId, RunId};
use crate::domain::rate::Rate;
use crate::domain::shop_notes::ShopNotes;
use crate::domain::timing::LatencySummary;

use crate::coordinator::messages::Ending;

/// One attempt at one cycle, from tick to barrier.
#[derive(Clone, Debug)]
pub struct CycleUnderWay {
    /// The cycle.
    pub cycle: Cycle,
    /// The attempt.
    pub replay: ReplayNumber,
    /// Whether a freeze or a stop broke it.
    pub broken: bool,
    /// The agents so far.
    pub counts: CycleCounts,
    /// The things so far.
    pub volume: CycleVolume,
    /// What was met at the shop so far.
    pub notes: ShopNotes,
    outstanding: BTreeSet<AgentId>,
    began: Instant,
    started_at: NaiveDateTime,
    lateness_ms: i64,
}

/// What was true at the tick.
#[derive(Clone, Copy, Debug)]
pub struct TickTime {
    /// Monotonic.
    pub now: Instant,
    /// Wall clock, UTC.
    pub wall: NaiveDateTime,
    /// Milliseconds.
    pub lateness_ms: i64,
}

impl CycleUnderWay {
    /// The attempt begins with these agents outstanding.
    pub fn open(
        cycle: Cycle,
        replay: ReplayNumber,
        ticked: impl IntoIterator<Item = AgentId>,
        quarantined: u32,
        time: TickTime,
    ) -> Self {
        let outstanding: BTreeSet<AgentId> = ticked.into_iter().collect();
        let released = u32::try_from(outstanding.len()).unwrap_or(u32::MAX) + quarantined;
        Self {
            cycle,
            replay,
            broken: false,
            counts: CycleCounts {
                released,
                skipped_quarantined: quarantined,
                ..CycleCounts::default()
            },
            volume: CycleVolume::default(),
            notes: ShopNotes::default(),
            outstanding,
            began: time.now,
            started_at: time.wall,
            lateness_ms: time.lateness_ms,
        }
    }

    /// Whether this agent has yet to end.
    pub fn awaits(&self, agent: &AgentId) -> bool {
        self.outstanding.contains(agent)
    }

    /// Agents that have yet to end.
    pub fn outstanding(&self) -> u32 {
        u32::try_from(self.outstanding.len()).unwrap_or(u32::MAX)
    }

    /// Who has yet to end.
    pub fn awaited(&self) -> impl Iterator<Item = &AgentId> {
        self.outstanding.iter()
    }

    /// Takes in what an agent did; its place at the barrier is given up by [`Self::leave`].
    pub fn account(&mut self, ending: &Ending, volume: &CycleVolume) {
        self.volume.add(volume);
        let counts = &mut self.counts;
        match ending {
            Ending::Idle => counts.idle += 1,
            Ending::SkippedSessionDown => counts.skipped_session_down += 1,
            Ending::Unfinished => counts.unfinished += 1,
            Ending::Unrecorded { .. } => {
                counts.failed += 1;
                counts.failed_unrecorded += 1;
            }
            Ending::Recorded { status, .. } => match status {
                FlowStatus::Completed => {
                    counts.shopped += 1;
                    counts.completed += 1;
                }
                FlowStatus::Abandoned => {
                    counts.shopped += 1;
                    counts.abandoned += 1;
                }
                FlowStatus::Browsed => counts.browsed += 1,
                FlowStatus::Failed | FlowStatus::Active => counts.failed += 1,
            },
        }
    }

    /// The agent is through; answers whether it was outstanding.
    pub fn leave(&mut self, agent: &AgentId) -> bool {
        self.outstanding.remove(agent)
    }

    /// Whether nobody is outstanding.
    pub fn is_complete(&self) -> bool {
        self.outstanding.is_empty()
    }

    /// Closes the attempt as the row that `cycles` keeps.
    pub fn close(
        self,
        run_id: RunId,
        simulated_at: NaiveDateTime,
        now: Instant,
        ended_at: NaiveDateTime,
        latency: LatencySummary,
        rate: Rate,
    ) -> CycleRecord {
        let took = now.saturating_duration_since(self.began);
        CycleRecord {
            run_id,
            cycle: self.cycle,
            replay: self.replay,
            simulated_at,
            started_at: self.started_at,
            ended_at,
            broken: self.broken,
            counts: self.counts,
            volume: self.volume,
            lateness_ms: self.lateness_ms,
            requests_per_second: per_second(self.volume.requests, took, rate),
            latency,
        }
    }
}

/// Requests per second over `took`. A limit is one of whole seconds: the burst of a shorter cycle
/// is no higher rate.
fn per_second(requests: u64, took: Duration, rate: Rate) -> f64 {
    let counted = match rate {
        Rate::PerSecond(_) => took.max(Duration::from_secs(1)),
        Rate::Unlimited => took,
    };
    if counted.is_zero() { 0.0 } else { requests as f64 / counted.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::flow::EndReason;

    fn open(agents: u32) -> CycleUnderWay {
        let time = TickTime {
            now: Instant::now(),
            wall: chrono::DateTime::UNIX_EPOCH.naive_utc(),
            lateness_ms: 0,
        };
        let ticked = (0..agents).map(|n| AgentId::new(format!("agent_{n:03}")));
        CycleUnderWay::open(Cycle(0), ReplayNumber::ORIGINAL, ticked, 2, time)
    }

    #[test]
    fn released_is_the_sum_of_what_the_agents_did() {
        let mut cycle = open(5);
        let recorded = |status| Ending::Recorded { status, reason: EndReason::Done, cause: None };
        let endings = [
            recorded(FlowStatus::Completed),
            recorded(FlowStatus::Abandoned),
            recorded(FlowStatus::Browsed),
            Ending::Idle,
            Ending::Unrecorded { cause: "store".into() },
        ];
        for (n, ending) in endings.iter().enumerate() {
            cycle.account(ending, &CycleVolume::default());
            assert!(cycle.leave(&AgentId::new(format!("agent_{n:03}"))));
        }
        assert!(cycle.is_complete());
        assert_eq!(cycle.counts.released, 7);
        assert_eq!(cycle.counts.accounted(), 7);
        assert_eq!(cycle.counts.shopped, 2);
    }

    #[test]
    fn the_burst_of_a_short_cycle_is_no_rate_above_the_limit() {
        let short = Duration::from_millis(20);
        assert_eq!(per_second(60, short, Rate::PerSecond(600.0)), 60.0);
        assert_eq!(per_second(60, short, Rate::Unlimited), 3_000.0);
        assert_eq!(per_second(900, Duration::from_secs(2), Rate::PerSecond(600.0)), 450.0);
        assert_eq!(per_second(0, Duration::ZERO, Rate::Unlimited), 0.0);
    }

    #[test]
    fn an_agent_leaves_the_barrier_once() {
        let mut cycle = open(2);
        assert!(cycle.leave(&AgentId::new("agent_000")));
        assert!(!cycle.leave(&AgentId::new("agent_000")));
        assert_eq!(cycle.outstanding(), 1);
    }
}
