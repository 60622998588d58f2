//! The simulated world: shoppers who make one call at a time, the limiter's line, bucket and
//! seats, and a shop. One seed is always the same run.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::shop::{Done, NS_PER_S, Ns, Shop, ShopModel, ns};
use crate::domain::ids::SessionId;
use crate::domain::in_flight::InFlight;
use crate::domain::rate::Rate;
use crate::rate_limiter::bound::Bound;
use crate::rate_limiter::bucket::Bucket;
use crate::rate_limiter::seats::{CallEnd, Seats};

/// A visit, call by call, and whether the call may be sent again.
const STEPS: [(&str, bool); 6] = [
    ("list_products", true),
    ("view_product", true),
    ("add_item", false),
    ("eligible_coupons", true),
    ("read_cart", true),
    ("checkout", false),
];
const CHECKOUT: usize = 5;
const TRIES_MAX: u32 = 3;
const CALL_TIMEOUT_S: f64 = 10.0;
/// Shoppers who may shop, and those who do in an hour.
const AGENTS: usize = 372;
const SHOPPERS: std::ops::RangeInclusive<usize> = 140..=160;
/// What happens before this is the start, s.
pub const SETTLED_S: f64 = 60.0;

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub shop: ShopModel,
    pub bound: InFlight,
    /// Shortest time between two hours, s; 0: as fast as the work allows.
    pub interval_s: f64,
    pub length_s: f64,
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Answers a second after the start.
    pub per_second: f64,
    /// Their 95th percentile, s.
    pub p95_s: f64,
    /// Calls that timed out after the first hour.
    pub timeouts: usize,
    /// Most calls that left in one second.
    pub most_in_1s: usize,
    /// When an operator was told that the shop is slow, or keeps up again, s.
    pub told_s: Vec<(f64, bool)>,
    /// When so many answers a second were reached first, s.
    pub reached_s: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Hour,
    Wants(usize),
    Token,
    Arrives(usize),
    Finishes(u64),
    Answer(usize),
    TimesOut(usize),
}

/// A call that left.
struct Call {
    shopper: usize,
    step: usize,
    sent: Ns,
    in_flight: u32,
    is_open: bool,
    hour: usize,
}

#[derive(Clone, Copy, Default)]
struct Shopper {
    step: usize,
    tries: u32,
}

pub struct World {
    setup: Setup,
    epoch: Instant,
    now: Ns,
    events: BinaryHeap<Reverse<(Ns, u64, Event)>>,
    number: u64,
    rng: Xoshiro256PlusPlus,
    shop: Shop,
    finish: u64,
    bucket: Bucket,
    seats: Seats,
    line: VecDeque<usize>,
    token_at: Option<Ns>,
    shoppers: Vec<Shopper>,
    shopping: usize,
    hour: usize,
    hour_began: Ns,
    calls: Vec<Call>,
    times_s: Vec<f64>,
    sent: VecDeque<Ns>,
    answered: VecDeque<Ns>,
    outcome: Outcome,
}

/// Simulates it.
pub fn run(setup: Setup) -> Outcome {
    let epoch = Instant::now();
    let mut world = World {
        setup,
        epoch,
        now: 0,
        events: BinaryHeap::new(),
        number: 0,
        rng: Xoshiro256PlusPlus::seed_from_u64(setup.seed),
        shop: Shop::new(setup.shop),
        finish: 0,
        bucket: Bucket::new(Rate::DEFAULT, epoch),
        seats: Seats::new(Bound::new(setup.bound, AGENTS, epoch)),
        line: VecDeque::new(),
        token_at: None,
        shoppers: vec![Shopper::default(); AGENTS],
        shopping: 0,
        hour: 0,
        hour_began: 0,
        calls: Vec::new(),
        times_s: Vec::new(),
        sent: VecDeque::new(),
        answered: VecDeque::new(),
        outcome: Outcome::default(),
    };
    world.at(0, Event::Hour);
    world.live();
    world.outcome()
}

impl World {
    fn at(&mut self, when: Ns, event: Event) {
        self.number += 1;
        self.events.push(Reverse((when, self.number, event)));
    }

    fn instant(&self, ns: Ns) -> Instant {
        self.epoch + Duration::from_nanos(ns)
    }

    fn live(&mut self) {
        let end = ns(self.setup.length_s);
        while let Some(Reverse((when, _, event))) = self.events.pop()
            && when < end
        {
            self.now = when;
            match event {
                Event::Hour => self.begin_hour(),
                Event::Wants(shopper) => self.line.push_back(shopper),
                Event::Token => self.token_at = None,
                Event::Arrives(call) => self.arrive(call),
                Event::Finishes(number) if number == self.finish => self.finish_shared(),
                Event::Finishes(_) => {}
                Event::Answer(call) => self.answer(call),
                Event::TimesOut(call) => self.time_out(call),
            }
            self.serve();
            self.listen();
        }
    }

    fn begin_hour(&mut self) {
        (self.hour, self.hour_began) = (self.hour + 1, self.now);
        self.shopping = self.rng.random_range(SHOPPERS);
        for shopper in 0..self.shopping {
            self.shoppers[shopper] = Shopper::default();
            let late = ns(self.rng.random_range(0.0..0.05));
            self.at(self.now + late, Event::Wants(shopper));
        }
    }

    /// Grants what may go, as the limiter does.
    fn serve(&mut self) {
        let now = self.instant(self.now);
        while !self.line.is_empty() && self.seats.is_free() {
            match self.bucket.grant(now) {
                Ok(_) => self.send(),
                Err(at) => {
                    let at = u64::try_from((at - self.epoch).as_nanos()).unwrap();
                    if self.token_at.is_none() {
                        self.token_at = Some(at);
                        self.at(at, Event::Token);
                    }
                    break;
                }
            }
        }
        let waits = (!self.line.is_empty()).then(|| self.bucket.earliest());
        self.seats.wait(waits, now);
    }

    fn send(&mut self) {
        let shopper = self.line.pop_front().expect("somebody waits");
        self.shoppers[shopper].tries += 1;
        let in_flight = self.seats.take(self.instant(self.now));
        let (call, step) = (self.calls.len(), self.shoppers[shopper].step);
        let (sent, hour) = (self.now, self.hour);
        self.calls.push(Call { shopper, step, sent, in_flight, is_open: true, hour });
        let there = ns(self.setup.shop.away_ms / 2e3);
        self.at(self.now + there, Event::Arrives(call));
        self.at(self.now + ns(CALL_TIMEOUT_S), Event::TimesOut(call));
        self.sent.push_back(self.now);
        while self.now - self.sent[0] >= ns(1.0) {
            self.sent.pop_front();
        }
        self.outcome.most_in_1s = self.outcome.most_in_1s.max(self.sent.len());
    }

    fn arrive(&mut self, call: usize) {
        let is_checkout = self.calls[call].step == CHECKOUT;
        match self.shop.arrives(call, is_checkout, self.now, &mut self.rng) {
            Done::At(when) => self.answer_from(call, when),
            Done::Unknown => self.plan_finish(),
        }
    }

    fn plan_finish(&mut self) {
        self.finish += 1;
        if let Some(when) = self.shop.next_finish() {
            self.at(when.max(self.now), Event::Finishes(self.finish));
        }
    }

    fn finish_shared(&mut self) {
        for call in self.shop.finished(self.now) {
            self.answer_from(call, self.now);
        }
        self.plan_finish();
    }

    fn answer_from(&mut self, call: usize, when: Ns) {
        if !self.shop.loses(&mut self.rng) {
            self.at(when + ns(self.setup.shop.away_ms / 2e3), Event::Answer(call));
        }
    }

    fn answer(&mut self, call: usize) {
        let (sent, in_flight) = (self.calls[call].sent, self.calls[call].in_flight);
        if !std::mem::take(&mut self.calls[call].is_open) {
            return;
        }
        let (step, now) = (STEPS[self.calls[call].step].0, self.instant(self.now));
        let (http_session, sent_at) = (SessionId(0), self.instant(sent));
        let end = CallEnd::Answered { step, http_session, sent: sent_at, answered: now };
        self.seats.give_back(in_flight, end, now);
        if self.now >= ns(SETTLED_S) {
            self.times_s.push((self.now - sent) as f64 / NS_PER_S);
        }
        self.answered.push_back(self.now);
        while self.now - self.answered[0] >= ns(1.0) {
            self.answered.pop_front();
        }
        if self.answered.len() >= 45 && self.outcome.reached_s.is_none() {
            self.outcome.reached_s = Some(self.now as f64 / NS_PER_S);
        }
        let shopper = self.calls[call].shopper;
        let next = self.shoppers[shopper].step + 1;
        self.shoppers[shopper] = Shopper { step: next, tries: 0 };
        if next < STEPS.len() { self.line.push_back(shopper) } else { self.leave() }
    }

    fn time_out(&mut self, call: usize) {
        let Call { shopper, step, sent, in_flight, hour, .. } = self.calls[call];
        if !std::mem::take(&mut self.calls[call].is_open) {
            return;
        }
        let end = CallEnd::TimedOut { sent: self.instant(sent) };
        self.seats.give_back(in_flight, end, self.instant(self.now));
        self.outcome.timeouts += usize::from(hour > 1);
        let (_, is_repeatable) = STEPS[step];
        if is_repeatable && self.shoppers[shopper].tries < TRIES_MAX {
            let wait = ns(self.rng.random_range(0.1..0.4));
            self.at(self.now + wait, Event::Wants(shopper));
        } else {
            self.leave();
        }
    }

    fn leave(&mut self) {
        self.shopping -= 1;
        if self.shopping == 0 {
            let due = self.hour_began + ns(self.setup.interval_s);
            self.at(due.max(self.now), Event::Hour);
        }
    }

    /// Notes what an operator is told.
    fn listen(&mut self) {
        let is_slow = self.seats.is_slow();
        let told = self.outcome.told_s.last().is_some_and(|(_, slow)| *slow);
        if is_slow != told {
            self.outcome.told_s.push((self.now as f64 / NS_PER_S, is_slow));
        }
    }

    fn outcome(mut self) -> Outcome {
        let span_s = self.setup.length_s - SETTLED_S;
        self.outcome.per_second = self.times_s.len() as f64 / span_s;
        self.times_s.sort_by(f64::total_cmp);
        let rank = (self.times_s.len() as f64 * 0.95).ceil() as usize;
        self.outcome.p95_s = self.times_s.get(rank.saturating_sub(1)).copied().unwrap_or(0.0);
        self.outcome
    }
}
