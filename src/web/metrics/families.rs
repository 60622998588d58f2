//! Metric families made from numbers that somebody else has counted: nothing is counted here, so a
//! metric is never another number than the picture it comes from.

use actors::domain::call_histogram::{BOUNDS_MS, CallHistogram};
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType,
};

/// Names with their values, in the order of the text.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

/// The families of one picture.
#[derive(Debug, Default)]
pub struct Families(Vec<MetricFamily>);

impl Families {
    /// A number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.gauges(name, help, [(&[] as Labels, value)]);
    }

    /// As `gauge`, absent where there is no number.
    pub fn gauge_if(&mut self, name: &str, help: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.gauge(name, help, value);
        }
    }

    /// Numbers that go up and down, by labels.
    pub fn gauges<'a>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'a>, f64)>,
    ) {
        let samples = samples.into_iter().map(|(labels, value)| {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            let mut metric = Metric::from_label(pairs(labels));
            metric.set_gauge(gauge);
            metric
        });
        self.add(name, help, MetricType::GAUGE, samples.collect());
    }

    /// A number that only goes up in a process.
    pub fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.counters(name, help, [(&[] as Labels, value)]);
    }

    /// Numbers that only go up in a process, by labels.
    pub fn counters<'a>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'a>, f64)>,
    ) {
        let samples = samples.into_iter().map(|(labels, value)| {
            let mut counter = Counter::default();
            counter.set_value(value);
            let mut metric = Metric::from_label(pairs(labels));
            metric.set_counter(counter);
            metric
        });
        self.add(name, help, MetricType::COUNTER, samples.collect());
    }

    /// Calls in buckets, by labels, in seconds.
    pub fn histograms<'a>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'a>, CallHistogram)>,
    ) {
        let samples = samples.into_iter().map(|(labels, calls)| {
            let mut metric = Metric::from_label(pairs(labels));
            metric.set_histogram(histogram(&calls));
            metric
        });
        self.add(name, help, MetricType::HISTOGRAM, samples.collect());
    }

    fn add(&mut self, name: &str, help: &str, kind: MetricType, samples: Vec<Metric>) {
        // The text form has no family without samples.
        if samples.is_empty() {
            return;
        }
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        family.set_metric(samples);
        self.0.push(family);
    }

    /// All of them.
    pub fn into_inner(self) -> Vec<MetricFamily> {
        self.0
    }
}

fn pairs(labels: Labels) -> Vec<LabelPair> {
    let pair = |(name, value): &(&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*value).to_owned());
        pair
    };
    labels.iter().map(pair).collect()
}

fn histogram(calls: &CallHistogram) -> Histogram {
    let mut below = 0;
    let buckets = BOUNDS_MS.iter().zip(calls.buckets).map(|(bound_ms, n)| {
        below += n;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*bound_ms as f64 / 1_000.0);
        bucket.set_cumulative_count(below);
        bucket
    });
    let buckets = buckets.collect();
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets);
    histogram.set_sample_count(calls.count);
    histogram.set_sample_sum(calls.sum_us as f64 / 1e6);
    histogram
}
