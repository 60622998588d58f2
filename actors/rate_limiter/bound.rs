//! The bound on calls in flight: as many as the shop works on, and half as many more, so that a
//! shop slower than the rate is used in full and never drowned.
//!
//! The work under way is known without asking the shop: what the answered calls take when they do
//! not queue (their baselines), over the time in which they were answered. Nothing here follows the
//! answer times themselves: a controller that compares them with those of a moment ago follows its
//! own queue upwards. All is done when an answer or a timeout comes; there is no timer.

mod baselines;
mod lost;
mod notice;
mod recent;
mod samples;
#[cfg(test)]
mod simulation;
mod window;

use std::time::{Duration, Instant};

use self::baselines::Baselines;
use self::lost::Lost;
use self::notice::Notice;
use self::recent::{QUEUED_FROM, Recent};
use self::samples::Samples;
use self::window::{Closed, Window};
use crate::domain::ids::SessionId;
use crate::domain::in_flight::InFlight;

pub use self::recent::Answering;
pub use self::samples::Step;

/// Where a bound begins: two calls tell more than one and cost a small shop nothing.
const START: f64 = 2.0;
/// Calls in flight for each that the shop works on: the rest waits there, so that it never idles.
const HEADROOM: f64 = 1.5;
/// In one window the bound grows by no more than this factor...
const GROWTH: f64 = 1.5;
/// ...and this, which lets a bound of 1 grow at all.
const GROWTH_LEAST: f64 = 0.5;
/// The part of the bound that is left in a dip; as few calls count as unqueued at any time.
const DIP_SHARE: f64 = 0.25;
/// Answers that end a dip...
const DIP_ANSWERS: usize = 16;
/// ...or these, once it has lasted so long.
const DIP_ANSWERS_FEW: usize = 2;
const DIP_MAX: Duration = Duration::from_secs(5);
/// Held back by the bound, baselines are renewed this often...
const DIP_EVERY: Duration = Duration::from_secs(60);
/// ...or where answers take this multiple of them...
const HOT_FROM: f64 = 2.5;
/// ...for so long, s...
const HOT_S: f64 = 3.0;
/// ...but not again before this.
const HOT_DIP_EVERY: Duration = Duration::from_secs(5);
/// After so long without a call nothing is known of the shop but its baselines.
const COLD_AFTER: Duration = Duration::from_secs(600);

/// A call that the shop answered: 2xx to 4xx, no 429, no probe.
#[derive(Clone, Copy, Debug)]
pub struct AnsweredCall {
    /// Which call of the profile.
    pub step: Step,
    /// Over which HTTP session.
    pub http_session: SessionId,
    /// When it left.
    pub sent: Instant,
    /// When its answer was complete.
    pub answered: Instant,
    /// Calls in flight when it left, itself included.
    pub in_flight: u32,
}

/// What the bound is doing.
#[derive(Clone, Debug)]
enum Phase {
    /// Doubling until answers queue: of a shop that is new, or has turned far slower.
    Start,
    /// Following the work.
    Run,
    /// Few calls at a time, to see what they take without a queue.
    Dip {
        since: Instant,
        /// How many times their baselines answers took before.
        slowness: f64,
        answered: Samples,
    },
}

/// The bound. In memory only: a cold start costs less than a second.
#[derive(Clone, Debug)]
pub struct Bound {
    mode: InFlight,
    /// Calls in flight are below this, taken down to a whole number.
    calls: f64,
    /// There are no more callers than this.
    callers: f64,
    phase: Phase,
    baselines: Baselines,
    window: Window,
    /// What an answer of the last window had waited at the shop, s in the mean.
    wait_s: f64,
    /// For how long answers have been far above their baselines, s.
    hot_s: f64,
    last_dip: Option<Instant>,
    last_cut: Option<Instant>,
    recent: Recent,
    lost: Lost,
    notice: Notice,
}

impl Bound {
    /// A bound that knows nothing yet, for so many callers.
    pub fn new(mode: InFlight, callers: usize, now: Instant) -> Self {
        let mut bound = Self {
            mode,
            calls: START,
            callers: callers.max(1) as f64,
            phase: Phase::Start,
            baselines: Baselines::default(),
            window: Window::open(now),
            wait_s: 0.0,
            hot_s: 0.0,
            last_dip: None,
            last_cut: None,
            recent: Recent::default(),
            lost: Lost::default(),
            notice: Notice::default(),
        };
        bound.set_mode(mode, now);
        bound
    }

    /// Another kind of bound from here on. What is known of the steps stays.
    pub fn set_mode(&mut self, mode: InFlight, now: Instant) {
        self.mode = mode;
        self.notice.clear();
        self.begin(now);
    }

    /// There are so many callers now.
    pub fn set_callers(&mut self, callers: usize) {
        self.callers = callers.max(1) as f64;
    }

    /// What kind it is.
    pub fn mode(&self) -> InFlight {
        self.mode
    }

    /// Most calls in flight at this moment; `None` where there is no bound.
    pub fn calls_max(&self) -> Option<u32> {
        let calls = match (self.mode, &self.phase) {
            (InFlight::Off, _) => return None,
            (_, Phase::Dip { .. }) => self.calls * DIP_SHARE,
            (_, Phase::Start | Phase::Run) => self.calls,
        };
        Some(calls.max(1.0) as u32)
    }

    /// The bound itself, which a dip leaves as it is; `None` where there is none.
    pub fn calls(&self) -> Option<u32> {
        (self.mode != InFlight::Off).then_some(self.calls as u32)
    }

    /// Whether an operator should know that it holds calls back.
    pub fn is_slow(&self) -> bool {
        self.notice.is_slow()
    }

    /// How the shop has been answering.
    pub fn answering(&self, now: Instant) -> Answering {
        self.recent.answering(now)
    }

    /// Whether calls over other HTTP sessions, sent since `sent`, show a queue in which a call may
    /// have waited for `waited`; `None` where none of them was answered.
    pub fn queue_elsewhere(&self, sent: Instant, waited: Duration, but: SessionId) -> Option<bool> {
        self.recent.since(sent, Some(but)).map(|since| since.explains(waited))
    }

    /// Takes in an answer.
    pub fn answered(&mut self, call: &AnsweredCall, now: Instant) {
        let time_s = call.answered.saturating_duration_since(call.sent).as_secs_f64();
        if call.in_flight <= self.unqueued_max() {
            self.baselines.unqueued(call.step, time_s);
            if let Phase::Dip { since, answered, .. } = &mut self.phase
                && call.sent >= *since
            {
                answered.add(call.step, time_s);
            }
        } else {
            self.baselines.queued(call.step, time_s, self.wait_s);
        }
        self.recent.push(call, self.baselines.of(call.step));
        self.window.add(call.step, time_s);
        match &self.phase {
            Phase::Dip { .. } => self.end_dip(now),
            Phase::Start | Phase::Run => self.close_window(now),
        }
    }

    /// Takes in that a call sent at `sent` was not answered in its time.
    pub fn timed_out(&mut self, sent: Instant, now: Instant) {
        let waited = now.saturating_duration_since(sent);
        if !self.recent.is_queued(sent, waited) {
            // It held its place all the while.
            self.lost.push(waited, now);
            return;
        }
        let is_cut = self.last_cut.is_some_and(|cut| sent <= cut);
        if is_cut || self.mode != InFlight::Automatic {
            return;
        }
        self.last_cut = Some(now);
        self.calls = (self.calls / 2.0).max(1.0);
        self.phase = Phase::Run;
        self.window = Window::open(now);
    }

    /// Calls waited for `demand`, for `blocked` of it only because of the bound.
    pub fn waited(&mut self, demand: Duration, blocked: Duration) {
        self.window.blocked(blocked);
        if self.mode == InFlight::Automatic {
            self.notice.note(demand, blocked, self.calls);
        }
    }

    /// A call leaves. Where no other is under way, one last was at `idle_since`.
    pub fn leaves(&mut self, idle_since: Option<Instant>, now: Instant) {
        self.recent.leaves(now);
        let is_cold = idle_since.is_some_and(|at| now.saturating_duration_since(at) >= COLD_AFTER);
        if is_cold {
            self.begin(now);
        }
        if idle_since.is_some() {
            self.window.slide(now);
        }
    }

    /// No more permits for now: what was being looked at would be seen half.
    pub fn drop_window(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Dip { .. }) {
            self.phase = Phase::Run;
        }
        self.hot_s = 0.0;
        self.window = Window::open(now);
    }

    /// Where the bound begins, as far as it is one that moves.
    fn begin(&mut self, now: Instant) {
        (self.calls, self.phase) = match self.mode {
            InFlight::Automatic => (self.calls.min(START), Phase::Start),
            InFlight::Fixed(calls) => (f64::from(calls), Phase::Run),
            InFlight::Off => (1.0, Phase::Run),
        };
        self.drop_window(now);
    }

    /// With so few in flight no call of ours stands in another's way.
    fn unqueued_max(&self) -> u32 {
        match self.phase {
            Phase::Start => 1,
            Phase::Run | Phase::Dip { .. } => (self.calls * DIP_SHARE).max(1.0) as u32,
        }
    }

    fn end_dip(&mut self, now: Instant) {
        let Phase::Dip { since, slowness, answered } = &self.phase else { return };
        let is_long = now.saturating_duration_since(*since) > DIP_MAX;
        let enough = if is_long { DIP_ANSWERS_FEW } else { DIP_ANSWERS };
        if answered.answers() < enough {
            return;
        }
        let has_turned = self.baselines.renew(answered, *slowness);
        self.phase = if has_turned { Phase::Start } else { Phase::Run };
        self.last_dip = Some(now);
        self.hot_s = 0.0;
        self.window = Window::open(now);
    }

    fn close_window(&mut self, now: Instant) {
        let is_start = matches!(self.phase, Phase::Start);
        if !self.window.is_full(is_start, self.calls, now) {
            return;
        }
        let closed = self.window.close(&self.baselines, now);
        self.wait_s = closed.wait_s;
        self.baselines.lower(&self.window.answered);
        if self.mode == InFlight::Automatic && closed.is_limited() {
            self.follow(&closed, now);
            self.maybe_dip(&closed, now);
        }
        self.window = Window::open(now);
    }

    /// Moves the bound to what the window showed.
    fn follow(&mut self, closed: &Closed, now: Instant) {
        let target = 1.0 + HEADROOM * (closed.at_work + self.lost.held(now));
        match self.phase {
            Phase::Start if closed.slowness < QUEUED_FROM => self.calls *= 2.0,
            Phase::Start => {
                self.phase = Phase::Run;
                self.calls = self.calls.min(target);
            }
            Phase::Run | Phase::Dip { .. } if target > self.calls => {
                self.calls = target.min(self.calls * GROWTH + GROWTH_LEAST);
            }
            Phase::Run | Phase::Dip { .. } if closed.is_hard_limited() => {
                self.calls = f64::midpoint(self.calls, target);
            }
            Phase::Run | Phase::Dip { .. } => {}
        }
        self.calls = self.calls.clamp(1.0, self.callers);
    }

    /// Begins a dip where the baselines are old, or look wrong.
    fn maybe_dip(&mut self, closed: &Closed, now: Instant) {
        let is_hard = closed.is_hard_limited();
        let is_hot = is_hard && closed.slowness > HOT_FROM;
        self.hot_s = if is_hot { self.hot_s + closed.length_s } else { 0.0 };
        let is_due = |every: Duration| {
            self.last_dip.is_none_or(|dip| now.saturating_duration_since(dip) >= every)
        };
        let wants = self.hot_s >= HOT_S && is_due(HOT_DIP_EVERY) || is_hard && is_due(DIP_EVERY);
        if wants && matches!(self.phase, Phase::Run) {
            let (slowness, answered) = (closed.slowness, Samples::default());
            self.phase = Phase::Dip { since: now, slowness, answered };
        }
    }
}

#[cfg(test)]
mod tests;
