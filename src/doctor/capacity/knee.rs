//! Where the knee is: the highest rate at which the 95th percentile has not doubled.
//!
//! Pure: it takes what was measured, and answers what is to be measured next, or the verdict. First
//! one request at a time, then rates that double, then the middle between the last good and the
//! first bad one until they are a tenth apart. No rate is above the cap.

#[cfg(test)]
mod queues;
#[cfg(test)]
mod tests;

use super::samples::{Baseline, Times};
use super::verdict::{Bad, End, Verdict, Window};

/// Requests one at a time, at most ...
const ALONE_REQUESTS: usize = 200;
/// ... at least, however slow the shop is ...
const ALONE_REQUESTS_MIN: usize = 30;
/// ... and for how long, s.
const ALONE_S: f64 = 12.0;
const ALONE_MAX_S: f64 = 25.0;
/// A rate is held until it has so many requests ...
const LEVEL_REQUESTS: f64 = 120.0;
/// ... for so long, s.
const LEVEL_S: (f64, f64) = (5.0, 12.0);
/// The first rate, as a share of what one request at a time is answered at ...
const FIRST_SHARE: f64 = 0.5;
/// ... and at most this share of the cap.
const FIRST_OF_CAP: f64 = 0.25;
/// The search ends where the first bad rate is at most so many times the last good one.
const NEAR: f64 = 1.1;
/// A rate is lost beyond doubt where answers take so many times as long; else it is tried again.
const FAR_ABOVE: f64 = 5.0;
/// Below this share of the rate that was wanted, the rate was not reached.
const REACHED: f64 = 0.85;
/// Windows shorter than this are inside of a measurement: rates find them.
const WINDOW_SHORT_S: f64 = 5.0;
/// A shop that was harmed is asked once more, at this share of the last good rate.
const BACK: f64 = 0.5;
/// No rate is lower, requests a second.
const RATE_MIN: f64 = 0.05;

/// What bounds the search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    /// Requests a second, never more.
    pub(super) cap: f64,
    /// It takes no longer, s.
    pub(super) seconds: f64,
    /// Requests at one rate, where orders are counted.
    pub(super) requests_max: Option<f64>,
}

/// What is to be measured next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    /// One request at a time, until so many are answered, and no faster than this.
    Alone { rate: f64, requests: usize, most_s: f64 },
    /// So many requests at this rate.
    Level { rate: f64, requests: usize },
    /// How much the shop lets through, asked at this rate.
    Window { rate: f64 },
    /// Nothing for so long, s: the shop's window is shut.
    Rest(f64),
    /// Nothing.
    Done(Box<Verdict>),
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Measured {
    /// The rate that was wanted.
    pub(super) wanted: f64,
    /// The rate at which requests left.
    pub(super) sent: f64,
    /// What answers took.
    pub(super) times: Times,
    /// Whether it was given up early because answers are slow.
    pub(super) is_lost: bool,
    /// Whether a 429 came.
    pub(super) is_limited: bool,
    /// What broke: a 5xx, no answer, no connection.
    pub(super) harm: Option<String>,
    /// Whether no order may be placed any more.
    pub(super) is_spent: bool,
}

/// How often requests were sent one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alone {
    Once,
    /// Once, and it is to be done again.
    Wanted,
    Twice,
}

/// The search.
#[derive(Clone, Debug)]
pub(super) struct Knee {
    bounds: Bounds,
    /// What requests take one at a time.
    unloaded: Option<Baseline>,
    alone: Alone,
    first: f64,
    /// Rates that were good, rising.
    good: Vec<f64>,
    /// Whether the highest of them was so twice.
    is_sure: bool,
    bad: Option<(f64, Bad)>,
    /// What was measured at a rate that was bad once.
    doubted: Option<Measured>,
    window: Option<Window>,
    /// The rate at which a 429 came that nobody has looked into yet.
    limited_at: Option<f64>,
    /// How long its window may be shut, s.
    rest: Option<f64>,
    /// After harm.
    backed: bool,
    end: Option<End>,
}

impl Knee {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            unloaded: None,
            alone: Alone::Once,
            first: 0.0,
            good: Vec::new(),
            is_sure: false,
            bad: None,
            doubted: None,
            window: None,
            limited_at: None,
            rest: None,
            backed: false,
            end: None,
        }
    }

    /// What requests take one at a time; nothing before that was measured.
    pub(super) fn unloaded(&self) -> Option<&Baseline> {
        self.unloaded.as_ref()
    }

    /// What is to be measured next, `spent_s` after the begin.
    pub(super) fn next(&mut self, spent_s: f64) -> Next {
        let left_s = self.bounds.seconds - spent_s;
        if let Some(end) = self.end {
            return self.done(end);
        }
        if let Some(rate) = self.limited_at {
            return Next::Window { rate };
        }
        if let Some(seconds) = self.rest.take() {
            return Next::Rest(seconds.min(left_s.max(0.0)));
        }
        if self.wants_alone() {
            let rate = self.bounds.cap * FIRST_OF_CAP;
            let requests = self.bounds.requests_max.map_or(ALONE_REQUESTS, |most| most as usize);
            return Next::Alone { rate, requests, most_s: ALONE_MAX_S.min(left_s.max(1.0)) };
        }
        let Some(rate) = self.rate() else {
            let end = if self.bad.is_none() { End::Cap } else { End::Found };
            return self.done(end);
        };
        let (requests, takes_s) = self.length(rate);
        match takes_s > left_s {
            true => self.done(End::Time),
            false => Next::Level { rate, requests },
        }
    }

    /// Whether requests one at a time have told enough after so long.
    pub(super) fn is_enough_alone(requests: usize, after_s: f64) -> bool {
        requests >= ALONE_REQUESTS_MIN && after_s >= ALONE_S
    }

    /// Takes in what was measured.
    pub(super) fn take(&mut self, mut measured: Measured) {
        let at = measured.wanted;
        let is_spent = measured.is_spent;
        if let Some(harm) = measured.harm {
            self.harmed(at, harm);
            return;
        }
        if measured.is_limited {
            match self.window {
                None => self.limited_at = Some(at),
                Some(window) => {
                    self.rest = Some(window.seconds);
                    self.too_high(at, Bad::Limited);
                }
            }
        } else if self.backed {
            self.end = Some(End::Harm);
        } else if !self.wants_alone() {
            self.judge(std::mem::take(&mut measured));
        }
        if self.wants_alone() && measured.times.count() > 0 {
            self.took_alone(measured.times);
        }
        if is_spent && self.end.is_none() {
            self.end = Some(End::Orders);
        }
    }

    /// Takes in what the shop lets through; `None`: the time was over before that was known.
    pub(super) fn take_window(&mut self, window: Option<Window>) {
        let at = self.limited_at.take();
        self.window = window;
        match window {
            None => self.end = Some(End::Time),
            Some(window) if window.seconds >= WINDOW_SHORT_S => self.end = Some(End::Found),
            Some(window) => {
                self.rest = Some(window.seconds);
                // Rates that bursts of the window let pass are none that it bears.
                self.good.retain(|good| *good <= window.rate() * NEAR);
                self.first = self.first.min(window.rate() * BACK);
                if let Some(at) = at.filter(|at| *at > self.first) {
                    self.too_high(at, Bad::Limited);
                }
            }
        }
    }

    /// Whether it is to be known better what requests take one at a time.
    fn wants_alone(&self) -> bool {
        self.unloaded.is_none() || self.alone == Alone::Wanted
    }

    fn took_alone(&mut self, times: Times) {
        let mut all = self.unloaded.take().map(|before| before.times).unwrap_or_default();
        all.merge(times);
        let mean_s = all.mean().unwrap_or_default();
        let first = FIRST_SHARE / mean_s.max(f64::EPSILON);
        self.first = first.min(self.bounds.cap * FIRST_OF_CAP);
        self.unloaded = Some(all.baseline());
        if self.alone == Alone::Wanted {
            self.alone = Alone::Twice;
        }
    }

    fn judge(&mut self, measured: Measured) {
        let Some(unloaded) = &self.unloaded else { return };
        let at = measured.wanted;
        let bad = why_bad(&measured, unloaded);
        let Some(first) = self.doubted.take_if(|first| first.wanted == at) else {
            match bad {
                None => self.bears(at),
                Some(Bad::Doubled(doubled)) if doubled.times() < FAR_ABOVE => {
                    self.doubted = Some(measured);
                }
                Some(bad) => self.too_high(at, bad),
            }
            return;
        };
        // What was given up early is all slow: no measure of a rate that was held in the end.
        let bad = match first.is_lost && !measured.is_lost {
            true => bad,
            false => {
                let mut both = measured;
                both.times.merge(first.times);
                why_bad(&both, unloaded)
            }
        };
        match bad {
            None => self.bears(at),
            // Half of what is answered one at a time is no load: it may not be known what that is.
            Some(_) if self.good.is_empty() && self.alone == Alone::Once => {
                self.alone = Alone::Wanted;
            }
            Some(bad) => self.too_high(at, bad),
        }
    }

    fn bears(&mut self, at: f64) {
        self.is_sure = self.good.last() == Some(&at);
        if !self.is_sure {
            self.good.push(at);
        }
    }

    fn too_high(&mut self, at: f64, bad: Bad) {
        self.doubted = None;
        // What was good at a rate that is too high now was luck.
        self.good.retain(|good| *good < at);
        self.is_sure = false;
        self.bad = Some((at, bad));
    }

    fn harmed(&mut self, at: f64, harm: String) {
        if self.backed || self.wants_alone() {
            self.end = Some(End::Gone);
        }
        if self.bad.is_none() || !self.backed {
            self.too_high(at, Bad::Harm(harm));
        }
        self.backed = true;
    }

    /// The rate that is to be tried; `None`: none is left.
    fn rate(&self) -> Option<f64> {
        let good = self.good.last().copied();
        let lowest = self.first.clamp(RATE_MIN, self.bounds.cap);
        if self.backed {
            return Some((good.unwrap_or(lowest) * BACK).max(RATE_MIN));
        }
        if let Some(doubted) = &self.doubted {
            return Some(doubted.wanted);
        }
        match (good, self.bad.as_ref().map(|(rate, _)| *rate)) {
            (None, None) => Some(lowest),
            (Some(good), None) => {
                let next = (good * 2.0).min(self.bounds.cap);
                (next > good).then_some(next)
            }
            (Some(good), Some(bad)) if bad > good * NEAR => Some((good * bad).sqrt()),
            // Once may have been luck.
            (Some(good), Some(_)) => (!self.is_sure).then_some(good),
            (None, Some(bad)) => {
                let next = bad * BACK;
                (next >= RATE_MIN).then_some(next)
            }
        }
    }

    /// Requests at a rate, and what they take, s.
    fn length(&self, rate: f64) -> (usize, f64) {
        let (least, most) = LEVEL_S;
        let seconds = (LEVEL_REQUESTS / rate).clamp(least, most);
        let requests = (rate * seconds).min(self.bounds.requests_max.unwrap_or(f64::INFINITY));
        let requests = requests.max(4.0).ceil();
        (requests as usize, requests / rate)
    }

    fn done(&self, end: End) -> Next {
        let Self { good, bad, window, .. } = self;
        let (good, bad, window) = (good.last().copied(), bad.clone(), *window);
        Next::Done(Box::new(Verdict { good, bad, window, end }))
    }
}

/// Why the rate is too high, if it is.
fn why_bad(measured: &Measured, unloaded: &Baseline) -> Option<Bad> {
    let worst = || unloaded.worst_there(&measured.times).filter(|_| measured.is_lost);
    if let Some(doubled) = unloaded.doubled(&measured.times).or_else(worst) {
        return Some(Bad::Doubled(doubled));
    }
    (measured.sent < REACHED * measured.wanted).then_some(Bad::Unreached)
}
