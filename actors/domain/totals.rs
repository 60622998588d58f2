//! What a run has done so far, over all unbroken attempts; what the summary and a checkpoint hold.

use serde::{Deserialize, Serialize};

use super::cycle::{CycleCounts, CycleRecord, CycleVolume};

/// Sums over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Closed, unbroken attempts: the hours claimed (P8).
    pub cycles_completed: u32,
    /// Attempts with a replay number above 0 that closed unbroken.
    pub replayed_cycles: u32,
    /// Attempts that a freeze or a stop broke.
    pub broken_cycles: u32,
    /// Agents, over all closed attempts, broken ones included: each has its row.
    pub counts: CycleCounts,
    /// Things, over all closed attempts, broken ones included.
    pub volume: CycleVolume,
    /// Rows of coupon_assignments.
    pub offers_assigned: u64,
    /// Agents' actors rebuilt.
    pub restarts: u64,
    /// Checkpoints written.
    pub checkpoints: u64,
}

impl Totals {
    /// Takes in one closed attempt.
    pub fn close(&mut self, record: &CycleRecord) {
        if record.broken {
            self.broken_cycles += 1;
        } else {
            self.cycles_completed += 1;
            self.replayed_cycles += u32::from(record.replay.is_replay());
        }
        self.counts.add(&record.counts);
        self.volume.add(&record.volume);
    }
}

impl CycleCounts {
    /// Adds another attempt's counts to these.
    pub fn add(&mut self, other: &Self) {
        self.released += other.released;
        self.shopped += other.shopped;
        self.completed += other.completed;
        self.abandoned += other.abandoned;
        self.browsed += other.browsed;
        self.idle += other.idle;
        self.failed += other.failed;
        self.failed_unrecorded += other.failed_unrecorded;
        self.skipped_session_down += other.skipped_session_down;
        self.skipped_quarantined += other.skipped_quarantined;
        self.unfinished += other.unfinished;
    }
}

impl CycleVolume {
    /// Adds another attempt's volume to this.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.orders += other.orders;
        // A shop may answer any total: a sum that overflowed would end the Coordinator.
        self.revenue_cents = self.revenue_cents.saturating_add(other.revenue_cents);
        self.requests += other.requests;
        self.retries += other.retries;
        self.attempts += other.attempts;
        self.refusals += other.refusals;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_totals_of_a_shop_are_summed_without_a_panic() {
        let order = CycleVolume { revenue_cents: i64::MAX, orders: 1, ..CycleVolume::default() };
        let mut volume = order;
        volume.add(&order);
        assert_eq!((volume.revenue_cents, volume.orders), (i64::MAX, 2));
    }
}
