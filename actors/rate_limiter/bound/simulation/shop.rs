//! Simulated shops: so many servers with so slow answers, a speed that changes, answers that are
//! lost. A shop goes on with calls whose client has given up, which is what drowns a slow one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::RngExt;
use rand_distr::{Distribution, Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Nanoseconds since the simulation began.
pub type Ns = u64;

/// Nanoseconds in a second.
pub const NS_PER_S: f64 = 1e9;

/// How calls share the shop.
#[derive(Clone, Copy, Debug)]
pub enum Servers {
    /// None stands in another's way.
    Endless,
    /// So many at a time, in order of arrival.
    Queue(u32),
    /// All at once, sharing what so many servers give.
    Shared(u32),
}

/// How service times differ.
#[derive(Clone, Copy, Debug)]
pub enum Spread {
    /// Not at all.
    Fixed,
    /// Exponential around the mean.
    Exponential,
    /// Log-normal, sigma 1, around the median.
    LogNormal,
}

/// A shop by its figures.
#[derive(Clone, Copy, Debug)]
pub struct ShopModel {
    pub servers: Servers,
    pub service_ms: f64,
    pub spread: Spread,
    /// A checkout takes so many times as long.
    pub checkout: f64,
    /// Time on the way, there and back, in which the shop does not work.
    pub away_ms: f64,
    /// Slower by this factor, from this to that second.
    pub slower: Option<(f64, f64, f64)>,
    /// It stops for 2 s a minute.
    pub pauses: bool,
    /// Share of answers that are lost.
    pub lost: f64,
}

impl ShopModel {
    /// A plain shop, 2 ms away.
    pub const fn of(servers: Servers, service_ms: f64, spread: Spread) -> Self {
        let (slower, pauses) = (None, false);
        Self { servers, service_ms, spread, checkout: 1.0, away_ms: 2.0, slower, pauses, lost: 0.0 }
    }

    fn draw_work_s(&self, is_checkout: bool, rng: &mut Xoshiro256PlusPlus) -> f64 {
        let factor = match self.spread {
            Spread::Fixed => 1.0,
            Spread::Exponential => Exp1.sample(rng),
            Spread::LogNormal => {
                let normal: f64 = StandardNormal.sample(rng);
                normal.exp()
            }
        };
        self.service_ms / 1e3 * factor * if is_checkout { self.checkout } else { 1.0 }
    }

    /// The speed at `at_s`, and when it may change.
    fn speed(&self, at_s: f64) -> (f64, f64) {
        let mut changes = f64::INFINITY;
        let mut change = |when: f64| {
            if when > at_s + 1e-9 {
                changes = changes.min(when);
            }
        };
        let mut speed = 1.0;
        if let Some((from, to, factor)) = self.slower {
            [from, to].into_iter().for_each(&mut change);
            if at_s + 1e-9 >= from && at_s + 1e-9 < to {
                speed /= factor;
            }
        }
        if self.pauses {
            let minute = ((at_s + 1e-9) / 60.0).floor() * 60.0;
            [minute + 58.0, minute + 60.0].into_iter().for_each(&mut change);
            if at_s + 1e-9 >= minute + 58.0 {
                speed = 0.0;
            }
        }
        (speed, changes)
    }

    /// When `work_s` is done that is begun at `from_s` and alone has its server.
    fn done_s(&self, from_s: f64, work_s: f64) -> f64 {
        let (mut at_s, mut left_s) = (from_s, work_s);
        loop {
            let (speed, change_s) = self.speed(at_s);
            if speed > 0.0 && at_s + left_s / speed <= change_s {
                return at_s + left_s / speed;
            }
            left_s -= (change_s - at_s) * speed;
            at_s = change_s;
        }
    }
}

/// When a call will be done.
pub enum Done {
    /// At this moment.
    At(Ns),
    /// When [`Shop::finished`] names it.
    Unknown,
}

/// A shop at work.
pub struct Shop {
    pub model: ShopModel,
    /// When each server of a queue is free, seconds as bits: they order as the numbers do.
    free: BinaryHeap<Reverse<u64>>,
    sharing: Sharing,
}

/// Calls that share servers: all go at one speed, so that one clock of work done orders them.
#[derive(Default)]
struct Sharing {
    /// Work done on each by now, s.
    done_s: f64,
    /// At this time.
    at_s: f64,
    /// Each call by the work at which it is done, as bits.
    ends: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Shop {
    pub fn new(model: ShopModel) -> Self {
        let free = match model.servers {
            Servers::Queue(servers) => (0..servers).map(|_| Reverse(0)).collect(),
            Servers::Endless | Servers::Shared(_) => BinaryHeap::new(),
        };
        Self { model, free, sharing: Sharing::default() }
    }

    /// A call arrives.
    pub fn arrives(
        &mut self,
        call: usize,
        is_checkout: bool,
        now: Ns,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Done {
        let now_s = now as f64 / NS_PER_S;
        let work_s = self.model.draw_work_s(is_checkout, rng);
        match self.model.servers {
            Servers::Endless => Done::At(ns(self.model.done_s(now_s, work_s))),
            Servers::Queue(_) => {
                let Reverse(free) = self.free.pop().expect("a queue has servers");
                let done_s = self.model.done_s(f64::from_bits(free).max(now_s), work_s);
                self.free.push(Reverse(done_s.to_bits()));
                Done::At(ns(done_s))
            }
            Servers::Shared(_) => {
                self.share_until(now_s);
                let end_s = self.sharing.done_s + work_s;
                self.sharing.ends.push(Reverse((end_s.to_bits(), call)));
                Done::Unknown
            }
        }
    }

    /// When the next of the sharing calls is done, if nothing else comes.
    pub fn next_finish(&self) -> Option<Ns> {
        let Reverse((end, _)) = self.sharing.ends.peek()?;
        let left_s = (f64::from_bits(*end) - self.sharing.done_s).max(0.0);
        Some(ns(self.model.done_s(self.sharing.at_s, left_s / self.share())))
    }

    /// The sharing calls that are done by `now`.
    pub fn finished(&mut self, now: Ns) -> Vec<usize> {
        self.share_until(now as f64 / NS_PER_S);
        let mut finished = Vec::new();
        while let Some(Reverse((end, call))) = self.sharing.ends.peek().copied()
            && f64::from_bits(end) <= self.sharing.done_s + 1e-7
        {
            self.sharing.ends.pop();
            finished.push(call);
        }
        finished
    }

    /// Whether the answer is lost on its way.
    pub fn loses(&self, rng: &mut Xoshiro256PlusPlus) -> bool {
        self.model.lost > 0.0 && rng.random_range(0.0..1.0) < self.model.lost
    }

    /// What each sharing call gets of a server.
    fn share(&self) -> f64 {
        let Servers::Shared(servers) = self.model.servers else { return 1.0 };
        (f64::from(servers) / self.sharing.ends.len().max(1) as f64).min(1.0)
    }

    fn share_until(&mut self, now_s: f64) {
        let share = self.share();
        while self.sharing.at_s < now_s {
            let (speed, change_s) = self.model.speed(self.sharing.at_s);
            let until_s = change_s.min(now_s);
            self.sharing.done_s += (until_s - self.sharing.at_s) * speed * share;
            self.sharing.at_s = until_s;
        }
    }
}

/// Seconds as nanoseconds, rounded up: a moment that has come has come.
pub fn ns(s: f64) -> Ns {
    (s * NS_PER_S).ceil() as Ns
}
