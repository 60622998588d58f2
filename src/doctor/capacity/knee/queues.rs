//! Shops as queues, on a clock of their own, for tests of the search.

use std::collections::VecDeque;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::super::samples::{Baseline, Part};
use super::super::verdict::{Verdict, Window};
use super::super::window::{Ask, WindowSearch};
use super::{Bounds, Knee, Measured, Next};

/// What a request of a visit is, of a hundred.
pub(super) const MIX: [(Part, f64); 5] = [
    (("list_products", 0), 0.24),
    (("view_product", 0), 0.35),
    (("add_item", 0), 0.18),
    (("eligible_coupons", 0), 0.14),
    (("checkout", 0), 0.09),
];

/// How a shop works on what came in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Service {
    /// So many at a time, in the order in which they came.
    Fifo { at_once: usize },
    /// All at the same time, each the slower the more there are above so many.
    Shared { at_once: usize },
}

/// How long a request takes it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Work {
    Fixed(f64),
    Exponential(f64),
    /// As the first, and so many times as long at a checkout.
    SlowCheckout(f64, f64),
}

/// What it refuses with 429.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    None,
    /// So many in windows of so many seconds.
    Fixed(usize, f64),
    /// So many in any so many seconds.
    Sliding(usize, f64),
}

/// A shop.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    pub(super) service: Service,
    pub(super) work: Work,
    pub(super) limit: Limit,
    pub(super) says_when: bool,
    /// The first seconds are so many times as slow.
    pub(super) slow_start: (f64, f64),
    /// Of the answers so many a hundred take 0.3 s more, whatever is asked.
    pub(super) noise_percent: f64,
    /// Above so many requests under way it breaks.
    pub(super) breaks_at: usize,
    /// From that moment on it is gone.
    pub(super) gone_after: f64,
    /// Moments at which its places are free again, or all that is under way ends.
    pub(super) busy: Vec<f64>,
    pub(super) under_way: Vec<f64>,
    pub(super) passed: VecDeque<f64>,
    pub(super) rng: SmallRng,
}

/// What became of a request.
enum Came {
    Answered(f64),
    Limited(Option<f64>),
    Broke,
}

impl Shop {
    pub(super) fn of(service: Service, work: Work) -> Self {
        Self {
            service,
            work,
            limit: Limit::None,
            says_when: false,
            slow_start: (0.0, 1.0),
            noise_percent: 0.0,
            breaks_at: usize::MAX,
            gone_after: f64::INFINITY,
            busy: Vec::new(),
            under_way: Vec::new(),
            passed: VecDeque::new(),
            rng: SmallRng::seed_from_u64(7),
        }
    }

    pub(super) fn limited(limit: Limit, says_when: bool) -> Self {
        let service = Service::Fifo { at_once: 100 };
        Self { limit, says_when, ..Self::of(service, Work::Fixed(0.01)) }
    }

    pub(super) fn seeded(mut self, seed: u64) -> Self {
        self.rng = SmallRng::seed_from_u64(seed);
        self
    }

    fn part(&mut self) -> Part {
        let mut chance = self.rng.random_range(0.0..1.0);
        for (part, share) in MIX {
            chance -= share;
            if chance < 0.0 {
                return part;
            }
        }
        MIX[0].0
    }

    /// A request that comes at `now`; the clock never goes back.
    fn serve(&mut self, now: f64, part: Part) -> Came {
        if now >= self.gone_after {
            return Came::Broke;
        }
        if let Some(wait) = self.refused(now) {
            return Came::Limited(self.says_when.then_some(wait));
        }
        self.under_way.retain(|end| *end > now);
        if self.under_way.len() >= self.breaks_at {
            return Came::Broke;
        }
        let mut work = match self.work {
            Work::Fixed(s) => s,
            Work::Exponential(s) => -s * (1.0 - self.rng.random_range(0.0..1.0_f64)).ln(),
            Work::SlowCheckout(s, times) if part.0 == "checkout" => s * times,
            Work::SlowCheckout(s, _) => s,
        };
        let (slow_s, times) = self.slow_start;
        if now < slow_s {
            work *= times;
        }
        let mut end = match self.service {
            Service::Fifo { at_once } => {
                self.busy.resize(at_once, 0.0);
                let place = self.busy.iter_mut().min_by(|a, b| a.total_cmp(b)).unwrap();
                *place = place.max(now) + work;
                *place
            }
            // Near enough: as slow as it is crowded when the request comes.
            Service::Shared { at_once } => {
                let crowd = (self.under_way.len() + 1) as f64 / at_once as f64;
                now + work * crowd.max(1.0)
            }
        };
        self.under_way.push(end);
        if self.rng.random_range(0.0..100.0) < self.noise_percent {
            end += 0.3;
        }
        Came::Answered(end - now)
    }

    /// How long the limit wants to be waited for.
    fn refused(&mut self, now: f64) -> Option<f64> {
        let (most, from, reopens) = match self.limit {
            Limit::None => return None,
            Limit::Fixed(most, s) => (most, (now / s).floor() * s, ((now / s).floor() + 1.0) * s),
            Limit::Sliding(most, s) => {
                let oldest = self.passed.iter().rev().nth(most - 1);
                (most, now - s, oldest.map_or(now, |at| at + s))
            }
        };
        while self.passed.front().is_some_and(|at| *at < from) {
            self.passed.pop_front();
        }
        if self.passed.len() >= most {
            return Some((reopens - now).max(0.0));
        }
        self.passed.push_back(now);
        None
    }
}

/// What the search found, how long it took and the fastest that it asked.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) verdict: Verdict,
    pub(super) took_s: f64,
    pub(super) rate_max: f64,
    pub(super) requests: usize,
}

/// Lets the search ask this shop.
pub(super) fn find(mut shop: Shop, bounds: Bounds) -> Found {
    let mut knee = Knee::new(bounds);
    let (mut now, mut rate_max, mut requests) = (0.0, 0.0_f64, 0);
    loop {
        let measured = match knee.next(now) {
            Next::Done(verdict) => {
                return Found { verdict: *verdict, took_s: now, rate_max, requests };
            }
            Next::Alone { rate, requests: most, most_s } => {
                alone(&mut shop, &mut now, rate, most, most_s)
            }
            Next::Level { rate, requests } => {
                rate_max = rate_max.max(rate);
                level(&mut shop, &mut now, rate, requests, knee.unloaded().unwrap())
            }
            Next::Rest(seconds) => {
                now += seconds;
                continue;
            }
            Next::Window { rate } => {
                knee.take_window(window(&mut shop, &mut now, rate, bounds.seconds * 1.25));
                continue;
            }
        };
        requests += measured.times.count();
        knee.take(measured);
    }
}

fn alone(shop: &mut Shop, now: &mut f64, rate: f64, most: usize, most_s: f64) -> Measured {
    let begun = *now;
    let mut measured = Measured { wanted: rate, sent: rate, ..Measured::default() };
    while measured.times.count() < most
        && *now - begun < most_s
        && !Knee::is_enough_alone(measured.times.count(), *now - begun)
    {
        let part = shop.part();
        match shop.serve(*now, part) {
            Came::Answered(took) => {
                measured.times.push(part, took);
                *now += took.max(1.0 / rate);
            }
            Came::Limited(_) => {
                measured.is_limited = true;
                break;
            }
            Came::Broke => {
                measured.harm = Some("500".to_owned());
                break;
            }
        }
    }
    measured
}

fn level(
    shop: &mut Shop,
    now: &mut f64,
    rate: f64,
    requests: usize,
    unloaded: &Baseline,
) -> Measured {
    let begun = *now;
    let mut measured = Measured { wanted: rate, sent: rate, ..Measured::default() };
    let mut under_way: Vec<(f64, f64, Part)> = Vec::new();
    for n in 0..requests {
        *now = begun + n as f64 / rate;
        under_way.retain(|(sent, end, part)| {
            let is_over = *end <= *now;
            if is_over {
                measured.times.push(*part, end - sent);
            }
            !is_over
        });
        let overdue =
            under_way.iter().filter(|(sent, _, part)| unloaded.is_overdue(*part, *now - sent));
        measured.is_lost = unloaded.is_lost(&measured.times, overdue.count(), requests);
        if measured.is_lost {
            break;
        }
        let part = shop.part();
        match shop.serve(*now, part) {
            Came::Answered(took) => under_way.push((*now, *now + took, part)),
            Came::Limited(_) => measured.is_limited = true,
            Came::Broke => measured.harm = Some("500".to_owned()),
        }
        if measured.is_limited || measured.harm.is_some() {
            break;
        }
    }
    for (sent, end, part) in under_way {
        measured.times.push(part, end - sent);
        *now = now.max(end);
    }
    measured
}

fn window(shop: &mut Shop, now: &mut f64, rate: f64, until: f64) -> Option<Window> {
    let mut search = WindowSearch::new(*now, until, None);
    loop {
        match search.ask(*now) {
            Ask::Over(window) => return window,
            Ask::OneAt(at) => *now = now.max(at).max(*now + 1.0 / rate),
            Ask::Freely => *now += 1.0 / rate,
        }
        let part = shop.part();
        match shop.serve(*now, part) {
            Came::Answered(_) => search.let_through(*now),
            Came::Limited(wait) => search.refused(*now, wait),
            Came::Broke => return None,
        }
    }
}
