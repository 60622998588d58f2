//! What befalls one simulated run: drawn from its seed, before it begins.
//!
//! Times are simulated seconds of the machine's clock since the first tick. After `heals_at` shop
//! and store are well, and an operator looks after the run until it has completed.

use std::fmt;
use std::time::Duration;

use actors::agent::messages::AgentInjection;
use actors::coordinator::command::{Command, Quit};
use actors::coordinator::messages::Service;
use actors::domain::behavior::Behavior;
use actors::domain::ids::{AgentId, SessionId};
use actors::domain::rate::Rate;
use actors::domain::time_scale::TimeScale;
use actors::ports::entropy::Entropy;
use actors::ports::shop_api::IdempotencyMode;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::support::population::{always_shopping, lifelike, load};

/// Limits of runs.
const RATES: [Rate; 5] = [
    Rate::Unlimited,
    Rate::Unlimited,
    Rate::PerSecond(50.0),
    Rate::PerSecond(20.0),
    Rate::PerSecond(7.5),
];

/// A run and its troubles.
pub struct Scenario {
    pub seed: u64,
    pub agents: usize,
    pub cycles: u32,
    pub interval: Duration,
    pub rate: Rate,
    pub behavior: Behavior,
    pub warm_up: bool,
    pub checkpoint_every_cycles: u32,
    pub idempotency: IdempotencyMode,
    pub shop: Vec<ShopTrouble>,
    pub store: Vec<StoreTrouble>,
    /// What operators and developers do, in order.
    pub acts: Vec<(Duration, Act)>,
    pub heals_at: Duration,
    /// When somebody sets the wall clock, and by how many seconds.
    pub steps: Vec<(Duration, i64)>,
    pub experiment: bool,
}

/// A time in which calls to the shop go wrong.
#[derive(Debug)]
pub struct ShopTrouble {
    from: Duration,
    until: Duration,
    /// Only over this HTTP session.
    session: Option<u8>,
    /// Only this step.
    call: Option<&'static str>,
    /// Of the calls that it concerns.
    share: f64,
    how: ShopFault,
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ShopFault {
    Refused,
    ConnectTimeout,
    CallTimeout,
    Reset,
    ServerError,
    EdgeDown,
    RateLimited(Option<Duration>),
    Unauthorized,
    Garbage,
    Truncated,
    Slow(Duration),
    AdapterPanics,
    FlowPanics,
}

/// A time in which calls of the store go wrong.
#[derive(Debug)]
pub struct StoreTrouble {
    from: Duration,
    until: Duration,
    share: f64,
    how: StoreFault,
}

/// How a call of the store goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StoreFault {
    /// Nothing is done.
    Unavailable,
    /// Nothing is done.
    Contention,
    /// It is done, and said not to be.
    LostAcknowledgement,
    /// It is done, and takes a while.
    Slow(Duration),
    /// It is done, and never answered.
    Silent,
}

/// What somebody does to the run.
#[derive(Clone, Debug)]
pub enum Act {
    Operate(Command),
    Strike(AgentId, AgentInjection),
    Lose(Service),
    /// The process ends at once; with `true` the next one opens a frozen run.
    Kill(bool),
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, agents, cycles, interval, rate, .. } = self;
        let (preset, idempotency) = (&self.behavior.name, self.idempotency);
        writeln!(f, "seed {seed}: {agents} agents of {preset}, {cycles} cycles of {interval:?}")?;
        writeln!(f, "  {rate:?}, {idempotency:?}, well from {:?} on", self.heals_at)?;
        let shop = self.shop.iter().map(|trouble| format!("{trouble:?}"));
        let store = self.store.iter().map(|trouble| format!("{trouble:?}"));
        let acts = self.acts.iter().map(|act| format!("{act:?}"));
        let steps = self.steps.iter().map(|step| format!("the clock is set {step:?}"));
        shop.chain(store).chain(acts).chain(steps).try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl Scenario {
    /// What this seed stands for.
    pub fn of(seed: u64) -> Self {
        let mut rng = Entropy::Seeded(seed).stream("scenario", "");
        let rng = &mut rng;
        let agents = rng.random_range(12..=40);
        let cycles = rng.random_range(4..=8);
        let interval = Duration::from_secs(pick(rng, &[0, 5, 20, 75]));
        let hours = Hours { cycles, each: interval.max(Duration::from_secs(4)) };
        let behavior = match rng.random_range(0..6) {
            0 => lifelike(),
            1 => load(),
            _ => always_shopping(),
        };
        let mut acts: Vec<_> =
            (0..rng.random_range(0..=10)).map(|_| (hours.moment(rng), act(rng, agents))).collect();
        acts.sort_by_key(|(at, _)| *at);
        Self {
            seed,
            agents,
            cycles,
            interval,
            rate: pick(rng, &RATES),
            behavior,
            warm_up: rng.random_bool(0.25),
            checkpoint_every_cycles: rng.random_range(1..=5),
            idempotency: pick(rng, &[IdempotencyMode::Honoured, IdempotencyMode::Ignored]),
            shop: shop_troubles(rng, hours),
            store: (0..rng.random_range(0..=3)).map(|_| store_trouble(rng, hours)).collect(),
            acts,
            heals_at: (hours.each * cycles).mul_f64(1.5),
            steps: Vec::new(),
            experiment: false,
        }
    }

    /// The same, on a machine whose clock is set now and then, with an experiment here and there.
    pub fn on_an_odd_clock(seed: u64) -> Self {
        let mut scenario = Self::of(seed);
        let mut rng = Entropy::Seeded(seed).stream("clock", "");
        let step = |_| {
            let at = scenario.heals_at.mul_f64(rng.random_range(0.0..1.0));
            (at, pick(&mut rng, &[-3_600, -3_600, -90, 90, 3_600]))
        };
        scenario.steps = (0..3).map(step).collect();
        scenario.steps.truncate(rng.random_range(0..=3));
        scenario.experiment = rng.random_bool(0.5);
        scenario
    }

    /// What befalls a call to the shop.
    pub fn shop_fault(
        &self,
        at: Duration,
        session: SessionId,
        call: &str,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Option<ShopFault> {
        let hit = self.shop.iter().find(|trouble| {
            (trouble.from..trouble.until).contains(&at)
                && trouble.session.is_none_or(|only| only == session.0)
                && trouble.call.is_none_or(|only| only == call)
                && rng.random_bool(trouble.share)
        });
        hit.map(|trouble| trouble.how)
    }

    /// What befalls a call of the store.
    pub fn store_fault(&self, at: Duration, rng: &mut Xoshiro256PlusPlus) -> Option<StoreFault> {
        let hit = self.store.iter().find(|trouble| {
            (trouble.from..trouble.until).contains(&at) && rng.random_bool(trouble.share)
        });
        hit.map(|trouble| trouble.how)
    }

    /// The most requests that may leave in any second, the limits that operators set included.
    pub fn window_max(&self) -> Option<usize> {
        let set = self.acts.iter().filter_map(|(_, act)| match act {
            Act::Operate(Command::Rate(rate)) => Some(*rate),
            Act::Operate(_) | Act::Strike(..) | Act::Lose(_) | Act::Kill(_) => None,
        });
        let all: Option<Vec<usize>> = set.chain([self.rate]).map(Rate::window_max).collect();
        all.and_then(|limits| limits.into_iter().max())
    }

    /// Whether the shop does this to any call.
    pub fn has(&self, how: ShopFault) -> bool {
        self.shop.iter().any(|trouble| trouble.how == how)
    }
}

fn pick<T: Copy>(rng: &mut Xoshiro256PlusPlus, from: &[T]) -> T {
    *from.choose(rng).unwrap()
}

/// The time in which something may happen.
#[derive(Clone, Copy)]
struct Hours {
    cycles: u32,
    each: Duration,
}

impl Hours {
    /// Mostly just after a tick: of a long interval only the first seconds are busy.
    fn moment(self, rng: &mut Xoshiro256PlusPlus) -> Duration {
        let within = if rng.random_bool(0.7) {
            Duration::from_millis(rng.random_range(0..4_000))
        } else {
            self.each.mul_f64(rng.random_range(0.0..1.0))
        };
        self.each * rng.random_range(0..=self.cycles) + within
    }

    /// A second or two, or up to some cycles.
    fn window(self, rng: &mut Xoshiro256PlusPlus) -> (Duration, Duration) {
        let longest = pick(rng, &[Duration::from_secs(3), self.each, self.each * 4]);
        let from = self.moment(rng);
        (from, from + longest.mul_f64(rng.random_range(0.05..1.0)))
    }
}

fn shop_troubles(rng: &mut Xoshiro256PlusPlus, hours: Hours) -> Vec<ShopTrouble> {
    let mut troubles: Vec<_> =
        (0..rng.random_range(0..=4)).map(|_| shop_trouble(rng, hours)).collect();
    if rng.random_bool(0.3) {
        troubles.extend(lost_orders(rng, hours));
    }
    troubles
}

/// The answers to checkouts are lost while connections break: the tries of one checkout end in
/// different ways.
fn lost_orders(rng: &mut Xoshiro256PlusPlus, hours: Hours) -> [ShopTrouble; 2] {
    use ShopFault as How;
    let (from, until) = hours.window(rng);
    let session = rng.random_bool(0.5).then(|| rng.random_range(0..10));
    let lost = pick(rng, &[How::CallTimeout, How::Reset, How::ServerError, How::Garbage]);
    let breaks = pick(rng, &[How::Refused, How::Reset, How::EdgeDown, How::Unauthorized]);
    let trouble = |call, share, how| ShopTrouble { from, until, session, call, share, how };
    [trouble(Some("checkout"), 0.5, lost), trouble(None, pick(rng, &[0.1, 0.4, 0.8]), breaks)]
}

fn shop_trouble(rng: &mut Xoshiro256PlusPlus, hours: Hours) -> ShopTrouble {
    use ShopFault as How;
    let seconds = |n| Some(Duration::from_secs(n));
    let slow = Duration::from_millis(rng.random_range(500..9_000));
    let how = pick(
        rng,
        &[
            How::Refused,
            How::ConnectTimeout,
            How::CallTimeout,
            How::CallTimeout,
            How::Reset,
            How::Reset,
            How::ServerError,
            How::EdgeDown,
            How::RateLimited(None),
            How::RateLimited(seconds(0)),
            How::RateLimited(seconds(3)),
            How::RateLimited(seconds(60)),
            How::Unauthorized,
            How::Garbage,
            How::Truncated,
            How::Slow(slow),
            How::AdapterPanics,
            How::FlowPanics,
        ],
    );
    let (from, until) = hours.window(rng);
    let session = rng.random_bool(0.4).then(|| rng.random_range(0..10));
    let calls =
        [Some("add_item"), Some("checkout"), Some("checkout"), Some("eligible_coupons"), None];
    let panics = matches!(how, How::AdapterPanics | How::FlowPanics);
    let shares = if panics { [0.01, 0.05, 0.2] } else { [0.1, 0.5, 1.0] };
    let share = pick(rng, &shares);
    ShopTrouble { from, until, session, call: pick(rng, &calls), share, how }
}

fn store_trouble(rng: &mut Xoshiro256PlusPlus, hours: Hours) -> StoreTrouble {
    use StoreFault as How;
    let slow = Duration::from_millis(rng.random_range(100..9_000));
    let all = [
        How::Unavailable,
        How::Contention,
        How::LostAcknowledgement,
        How::LostAcknowledgement,
        How::Slow(slow),
        How::Silent,
    ];
    let (from, until) = hours.window(rng);
    StoreTrouble { from, until, share: pick(rng, &[0.05, 0.3, 1.0]), how: pick(rng, &all) }
}

fn act(rng: &mut Xoshiro256PlusPlus, agents: usize) -> Act {
    let who = AgentId::new(format!("agent_{:03}", rng.random_range(1..=agents)));
    let scale = rng.random_range(40.0..2_000.0);
    match rng.random_range(0..24) {
        0 | 1 => Act::Operate(Command::Pause),
        2..=5 => Act::Operate(Command::Resume),
        6 => Act::Operate(Command::Checkpoint),
        7 | 8 => Act::Strike(who, AgentInjection::Crash),
        9 => Act::Strike(who, AgentInjection::Hang),
        10 => Act::Lose(Service::HttpSession(SessionId(rng.random_range(0..10)))),
        11 => Act::Lose(pick(rng, &[Service::OfferRefresher, Service::Checkpointer])),
        12 => {
            Act::Lose(pick(rng, &[Service::RateLimiter, Service::DbWriter, Service::SessionPool]))
        }
        13 => Act::Operate(Command::Quit(Quit::AfterCycle)),
        14 => Act::Operate(Command::Quit(Quit::Now)),
        15 => Act::Operate(Command::Revive(who)),
        16 => Act::Operate(Command::Rate(pick(rng, &RATES))),
        17 => Act::Operate(Command::TimeScale(TimeScale::Ratio(scale))),
        18 => Act::Kill(true),
        _ => Act::Kill(false),
    }
}
