//! Plays visits at the shop as the search asks for them, and leaves nothing behind.

use std::time::{Duration, Instant};

use actors::ports::shop_api::Caller;
use shops::shop_api::http::ShopSetup;
use tokio::time::sleep_until;

use super::field::{Counts, Field, Settled, now};
use super::heard::Signals;
use super::knee::{Bounds, Knee, Measured, Next};
use super::samples::{Baseline, Times};
use super::verdict::{Verdict, Window};
use super::visitor::Ways;
use super::window::{Ask, WindowSearch};
use crate::running::signals::Signal;

/// How often it is looked whether a rate is lost already.
const LOOK: Duration = Duration::from_millis(100);
/// Windows of a minute take longer to see than the search may: so much of its time.
const WINDOW_TIME: f64 = 1.25;
/// Carts are cleared at this rate at most, requests a second.
const CLEAR_RATE: f64 = 10.0;
/// For so long, where the shop closes its window for a minute in between ...
const CLEAR_MAX: Duration = Duration::from_secs(75);
/// ... and after a signal.
const CLEAR_SIGNALLED: Duration = Duration::from_secs(20);
/// How long to wait where a busy shop does not say it.
const BUSY: Duration = Duration::from_secs(1);
/// How often the clearing of carts may break.
const BROKEN_MAX: u32 = 3;
/// Answers that clearing a cart may take, those of visits that were under way too.
const CLEAR_ANSWERS: usize = 10;

/// What the ramp is made of.
pub(super) struct Course {
    pub(super) setup: std::sync::Arc<ShopSetup>,
    pub(super) callers: Vec<Caller>,
    pub(super) ways: Ways,
    pub(super) bounds: Bounds,
    /// Orders at most; `None`: none.
    pub(super) orders: Option<u64>,
}

/// How it went.
pub(super) struct Went {
    /// `None`: a signal ended it before there was one.
    pub(super) verdict: Option<Verdict>,
    /// What requests took one at a time.
    pub(super) unloaded: Option<Times>,
    pub(super) counts: Counts,
    /// Carts that may hold something still.
    pub(super) left: usize,
    /// Whether the profile's clear leaves carts as they are.
    pub(super) keeps_no_carts: bool,
    /// What ended it early.
    pub(super) signal: Option<Signal>,
}

/// One rate, or one request at a time.
struct Stint<'a> {
    rate: f64,
    at_once: usize,
    requests: usize,
    /// `None`: this is what others are held against.
    unloaded: Option<&'a Baseline>,
    most: Duration,
}

struct Ramp<'a> {
    field: Field,
    signals: Signals,
    /// What ended it early.
    signal: Option<Signal>,
    began: Instant,
    seconds: f64,
    say: &'a dyn Fn(&str),
}

/// Makes the ramp; `say` hears of each rate.
pub(super) async fn climb(course: Course, say: &dyn Fn(&str)) -> std::io::Result<Went> {
    let Course { setup, callers, ways, bounds, orders } = course;
    let mut ramp = Ramp {
        field: Field::new(&setup, callers, ways, orders),
        signals: Signals::listen()?,
        signal: None,
        began: now(),
        seconds: bounds.seconds,
        say,
    };
    let mut knee = Knee::new(bounds);
    let verdict = ramp.search(&mut knee).await;
    let good = verdict.as_ref().and_then(|verdict| verdict.good);
    ramp.clear(good.unwrap_or(1.0).min(CLEAR_RATE)).await;
    let Ramp { field, signal, .. } = ramp;
    Ok(Went {
        verdict,
        unloaded: knee.unloaded().map(|unloaded| unloaded.times.clone()),
        counts: field.counts,
        left: field.dirty(),
        keeps_no_carts: field.keeps_no_carts(),
        signal,
    })
}

impl Ramp<'_> {
    async fn search(&mut self, knee: &mut Knee) -> Option<Verdict> {
        loop {
            let spent_s = now().saturating_duration_since(self.began).as_secs_f64();
            let measured = match knee.next(spent_s) {
                Next::Done(verdict) => return Some(*verdict),
                Next::Alone { rate, requests, most_s } => {
                    let most = Duration::from_secs_f64(most_s);
                    let stint = Stint { rate, at_once: 1, requests, unloaded: None, most };
                    self.measure(stint).await
                }
                Next::Level { rate, requests } => {
                    let at_once = self.field.agents();
                    let unloaded = knee.unloaded();
                    let left = Duration::from_secs_f64((self.seconds - spent_s).max(1.0));
                    self.measure(Stint { rate, at_once, requests, unloaded, most: left }).await
                }
                Next::Rest(seconds) => {
                    self.rest(Duration::from_secs_f64(seconds)).await;
                    Measured::default()
                }
                Next::Window { rate } => {
                    let window = self.window(rate).await;
                    self.told_window(window);
                    if self.signal.is_none() {
                        knee.take_window(window);
                    }
                    Measured::default()
                }
            };
            if self.signal.is_some() {
                return None;
            }
            if measured.wanted > 0.0 {
                self.told(&measured, knee.unloaded().is_none());
                knee.take(measured);
            }
        }
    }

    /// Holds one rate, and waits for the last answer.
    async fn measure(&mut self, stint: Stint<'_>) -> Measured {
        let begun = now();
        self.field.turns.pace(stint.rate, begun);
        let mut measured = Measured { wanted: stint.rate, ..Measured::default() };
        let (mut sent, mut last_sent) = (0_usize, begun);
        let mut is_open = true;
        loop {
            let spent = now().saturating_duration_since(begun);
            is_open &= sent < stint.requests && spent < stint.most && !self.field.is_spent();
            let answered = measured.times.count();
            match stint.unloaded {
                None => is_open &= !Knee::is_enough_alone(answered, spent.as_secs_f64()),
                Some(unloaded) if is_open => {
                    let overdue = self.field.overdue(unloaded);
                    measured.is_lost = unloaded.is_lost(&measured.times, overdue, stint.requests);
                    is_open &= !measured.is_lost;
                }
                Some(_) => {}
            }
            if !is_open && self.field.under_way() == 0 {
                break;
            }
            let may_send =
                is_open && self.field.under_way() < stint.at_once && self.field.has_somebody();
            let (due, look) = (self.field.turns.due(), now() + LOOK);
            tokio::select! {
                biased;
                signal = self.signals.next() => {
                    self.signal = Some(signal);
                    is_open = false;
                }
                Some(settled) = self.field.answer() => {
                    is_open &= note(&mut measured, settled);
                }
                () = sleep_until(due.into()), if may_send => {
                    if self.field.send() {
                        (sent, last_sent) = (sent + 1, now());
                    }
                }
                () = sleep_until(look.into()) => {}
            }
        }
        let took = last_sent.saturating_duration_since(begun).as_secs_f64();
        measured.sent = sent.saturating_sub(1) as f64 / took.max(1e-3);
        measured.is_spent = self.field.is_spent();
        measured
    }

    /// Finds out how much the shop lets through.
    async fn window(&mut self, rate: f64) -> Option<Window> {
        (self.say)("             429: it is seen how many requests come through, and how often");
        let began = self.began;
        let at = |moment: Instant| moment.saturating_duration_since(began).as_secs_f64();
        self.field.turns.pace(rate, now());
        let mut search =
            WindowSearch::new(at(now()), self.seconds * WINDOW_TIME, self.field.retry_after());
        loop {
            let (one_at, at_once) = match search.ask(at(now())) {
                Ask::Over(window) => return window,
                Ask::OneAt(moment) => (began + Duration::from_secs_f64(moment.max(0.0)), 1),
                Ask::Freely => (now(), usize::MAX),
            };
            let may_send = self.field.under_way() < at_once && self.field.has_somebody();
            let may_send = may_send && self.signal.is_none();
            let due = self.field.turns.due().max(one_at);
            let look = now() + LOOK;
            tokio::select! {
                biased;
                signal = self.signals.next() => {
                    self.signal = Some(signal);
                    return None;
                }
                Some(settled) = self.field.answer() => match settled {
                    Settled::Answered { sent_at, .. } => search.let_through(at(sent_at)),
                    Settled::Limited { retry_after } => {
                        search.refused(at(now()), retry_after.map(|wait| wait.as_secs_f64()));
                    }
                    Settled::Unsent => {}
                    Settled::Harm(_) => return None,
                },
                () = sleep_until(due.into()), if may_send => {
                    self.field.send();
                }
                () = sleep_until(look.into()) => {}
            }
        }
    }

    async fn rest(&mut self, time: Duration) {
        tokio::select! {
            signal = self.signals.next() => self.signal = Some(signal),
            () = tokio::time::sleep(time) => {}
        }
    }

    /// Waits for what is under way, and empties the carts.
    async fn clear(&mut self, rate: f64) {
        let most = if self.signal.is_some() { CLEAR_SIGNALLED } else { CLEAR_MAX };
        let until = now() + most;
        self.field.turns.pace(rate, now());
        let (mut not_before, mut broken) = (now(), 0);
        let mut answers_left = CLEAR_ANSWERS * (self.field.dirty() + 1);
        while now() < until && broken < BROKEN_MAX && answers_left > 0 {
            if self.field.under_way() == 0 {
                self.field.leave();
                if self.field.dirty() == 0 {
                    return;
                }
            }
            let may_send = self.field.under_way() == 0;
            let due = self.field.turns.due().max(not_before).min(until);
            tokio::select! {
                biased;
                signal = self.signals.next() => {
                    // Asked once more: at once.
                    if self.signal.replace(signal).is_some() {
                        return;
                    }
                }
                Some(settled) = self.field.answer() => match settled {
                    Settled::Limited { retry_after } => {
                        not_before = now() + retry_after.unwrap_or(BUSY);
                    }
                    Settled::Harm(_) => {
                        broken += 1;
                        not_before = now() + BUSY;
                    }
                    Settled::Answered { .. } => answers_left -= 1,
                    Settled::Unsent => {}
                },
                () = sleep_until(due.into()), if may_send => {
                    self.field.send();
                }
                () = sleep_until(until.into()) => {}
            }
        }
    }

    fn told(&self, measured: &Measured, is_alone: bool) {
        let Some(p95_s) = measured.times.percentile(0.95) else { return };
        let count = measured.times.count();
        let p50_s = measured.times.percentile(0.5).unwrap_or_default();
        let (p50, p95) = (p50_s * 1_000.0, p95_s * 1_000.0);
        let at = match is_alone {
            true => "one request at a time".to_owned(),
            false => format!("{:.1}/s", measured.wanted),
        };
        let lost = if measured.is_lost { ", too slow" } else { "" };
        (self.say)(&format!(
            "             {at}: {count} answers, half of them within {p50:.0} ms, 95 % \
             within {p95:.0} ms{lost}"
        ));
    }

    fn told_window(&self, window: Option<Window>) {
        if let Some(window) = window {
            let Window { requests, seconds } = window;
            (self.say)(&format!("             {requests} requests came through in {seconds:.1} s"));
        }
    }
}

/// Notes what came of a request; answers whether more may be sent.
fn note(measured: &mut Measured, settled: Settled) -> bool {
    match settled {
        Settled::Answered { part, took, .. } => {
            measured.times.push(part, took.as_secs_f64());
            true
        }
        Settled::Unsent => true,
        Settled::Limited { .. } => {
            measured.is_limited = true;
            false
        }
        Settled::Harm(harm) => {
            measured.harm.get_or_insert(harm);
            false
        }
    }
}
