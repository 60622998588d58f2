//! Percentiles of calls by three clocks: the last 1,000, the cycle under way and the whole run.

use std::cell::Cell;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::domain::call_histogram::CallHistograms;
use crate::domain::timing::{CallTiming, LatencySummary, Percentiles};

use super::status::Calls;

/// Samples of the rolling window (Q6.4).
pub const ROLLING_SAMPLES: usize = 1_000;

/// Longest time told apart, microseconds: one hour.
const LONGEST_US: u64 = 3_600_000_000;

/// Three clocks over three spans.
#[derive(Clone, Debug)]
pub struct Latency {
    rolling: Rolling,
    cycle: Spread,
    run: Spread,
    histograms: CallHistograms,
    /// The rolling and the whole run's summary since the last call: asked for each second, also
    /// when nobody calls.
    summed_up: Cell<Option<(LatencySummary, LatencySummary)>>,
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            rolling: Rolling::default(),
            cycle: Spread::new(),
            run: Spread::new(),
            histograms: CallHistograms::default(),
            summed_up: Cell::new(None),
        }
    }
}

impl Latency {
    /// Takes in one call.
    pub fn record(&mut self, timing: CallTiming) {
        self.rolling.record(timing);
        self.cycle.record(timing);
        self.run.record(timing);
        self.histograms.record(timing);
        self.summed_up.set(None);
    }

    /// The cycle's percentiles; the next cycle starts empty.
    pub fn close_cycle(&mut self) -> LatencySummary {
        let summary = self.cycle.summary();
        self.cycle.clear();
        summary
    }

    /// All three spans, for the picture: rolling over the last [`ROLLING_SAMPLES`].
    pub fn calls(&self) -> Calls {
        let (rolling, whole_run) = self.summaries();
        Calls { rolling, whole_run, call_histograms: self.histograms }
    }

    fn summaries(&self) -> (LatencySummary, LatencySummary) {
        let summaries =
            self.summed_up.get().unwrap_or_else(|| (self.rolling.summary(), self.run.summary()));
        self.summed_up.set(Some(summaries));
        summaries
    }
}

/// A ring of the latest samples, sorted only when somebody looks.
#[derive(Clone, Debug, Default)]
struct Rolling {
    samples: Vec<CallTiming>,
    next: usize,
}

impl Rolling {
    fn record(&mut self, timing: CallTiming) {
        if self.samples.len() < ROLLING_SAMPLES {
            self.samples.push(timing);
        } else {
            self.samples[self.next] = timing;
        }
        self.next = (self.next + 1) % ROLLING_SAMPLES;
    }

    fn summary(&self) -> LatencySummary {
        let by = |clock: fn(&CallTiming) -> Duration| {
            let mut sorted: Vec<Duration> = self.samples.iter().map(clock).collect();
            sorted.sort_unstable();
            let at = |share: f64| {
                let rank = (share * sorted.len() as f64).ceil() as usize;
                sorted.get(rank.saturating_sub(1)).map_or(0.0, |d| millis(micros(*d)))
            };
            Percentiles { p50: at(0.50), p95: at(0.95), p99: at(0.99) }
        };
        LatencySummary {
            service: by(|t| t.service),
            queued: by(|t| t.queued),
            felt: by(|t| t.felt()),
        }
    }
}

/// One histogram a clock, 1 us to 1 h at three significant digits.
#[derive(Clone, Debug)]
struct Spread {
    service: Histogram<u32>,
    queued: Histogram<u32>,
    felt: Histogram<u32>,
}

impl Spread {
    fn new() -> Self {
        let histogram = || {
            Histogram::new_with_bounds(1, LONGEST_US, 3).expect("the bounds are fixed and valid")
        };
        Self { service: histogram(), queued: histogram(), felt: histogram() }
    }

    fn record(&mut self, timing: CallTiming) {
        self.service.saturating_record(micros(timing.service));
        self.queued.saturating_record(micros(timing.queued));
        self.felt.saturating_record(micros(timing.felt()));
    }

    fn clear(&mut self) {
        self.service.clear();
        self.queued.clear();
        self.felt.clear();
    }

    fn summary(&self) -> LatencySummary {
        let of = |h: &Histogram<u32>| Percentiles {
            p50: millis(h.value_at_quantile(0.50)),
            p95: millis(h.value_at_quantile(0.95)),
            p99: millis(h.value_at_quantile(0.99)),
        };
        LatencySummary {
            service: of(&self.service),
            queued: of(&self.queued),
            felt: of(&self.felt),
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).min(LONGEST_US)
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(queued_ms: u64, service_ms: u64) -> CallTiming {
        CallTiming {
            queued: Duration::from_millis(queued_ms),
            service: Duration::from_millis(service_ms),
        }
    }

    #[test]
    fn the_rolling_window_forgets_all_but_the_last_thousand() {
        let mut latency = Latency::default();
        for _ in 0..1_000 {
            latency.record(call(0, 500));
        }
        for _ in 0..1_000 {
            latency.record(call(0, 5));
        }
        assert_eq!(latency.calls().rolling.service.p99, 5.0);
        assert!((latency.calls().whole_run.service.p99 - 500.0).abs() < 1.0);
    }

    #[test]
    fn felt_is_queued_and_service_together() {
        let mut latency = Latency::default();
        latency.record(call(30, 12));
        assert_eq!(latency.calls().rolling.felt.p50, 42.0);
        assert!((latency.calls().whole_run.felt.p50 - 42.0).abs() < 0.1);
    }

    #[test]
    fn a_cycle_starts_empty() {
        let mut latency = Latency::default();
        latency.record(call(0, 100));
        assert!((latency.close_cycle().service.p50 - 100.0).abs() < 0.1);
        assert_eq!(latency.close_cycle(), LatencySummary::default());
    }
}
