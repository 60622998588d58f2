//! The agents at the shop: who asks next, what is under way, what came of it.
//!
//! As in a run requests go over ten HTTP sessions, and an agent asks one thing at a time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actors::ports::shop_api::{Answered, ApiError, ApiErrorKind, Caller, ShopApi};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use shops::shop_api::http::{HttpShop, ShopSetup};

use super::samples::{Baseline, Part};
use super::turns::Turns;
use super::visitor::{Came, Visitor, Ways};

/// HTTP sessions, as a run has.
const SESSIONS: usize = 10;
/// Agents who take turns even where one could do it alone: a shop may count by agent.
const TURNING: usize = 10;
/// How often in a row a request is sent again that never left.
const AGAIN_MAX: u32 = 5;

type Outcome = (usize, Part, Instant, Result<Answered, ApiError>);

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Settled {
    /// An answer, also one that refuses.
    Answered { part: Part, sent_at: Instant, took: Duration },
    /// 429.
    Limited { retry_after: Option<Duration> },
    /// Nothing was sent.
    Unsent,
    /// Something broke.
    Harm(String),
}

/// What the shop was asked in all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) requests: u64,
    /// Orders that it placed.
    pub(super) orders: u64,
    /// Checkouts whose answer was lost.
    pub(super) unknown: u64,
}

/// The agents, and their way to the shop.
pub(super) struct Field {
    shops: Vec<HttpShop>,
    ways: Ways,
    visitors: Vec<Visitor>,
    /// Who has not come yet, from this one on.
    fresh: usize,
    /// Who is between two visits.
    idle: VecDeque<usize>,
    /// Who waits for a turn.
    ready: VecDeque<usize>,
    answers: FuturesUnordered<LocalBoxFuture<'static, Outcome>>,
    under_way: BTreeMap<usize, (Instant, Part)>,
    pub(super) turns: Turns,
    /// Orders that visits may still be drawn for.
    orders_left: u64,
    is_ordering: bool,
    unsent: u32,
    /// When the shop wants to be asked again, by its last 429.
    again_at: Option<Instant>,
    pub(super) counts: Counts,
    rng: SmallRng,
}

impl Field {
    /// With at most so many orders.
    pub(super) fn new(
        setup: &Arc<ShopSetup>,
        callers: Vec<Caller>,
        ways: Ways,
        orders: Option<u64>,
    ) -> Self {
        Self {
            shops: (0..SESSIONS).map(|_| HttpShop::new(Arc::clone(setup))).collect(),
            ways,
            visitors: callers.into_iter().map(Visitor::new).collect(),
            fresh: 0,
            idle: VecDeque::new(),
            ready: VecDeque::new(),
            answers: FuturesUnordered::new(),
            under_way: BTreeMap::new(),
            turns: Turns::new(now()),
            orders_left: orders.unwrap_or(0),
            is_ordering: orders.is_some(),
            unsent: 0,
            again_at: None,
            counts: Counts::default(),
            rng: SmallRng::from_rng(&mut rand::rng()),
        }
    }

    /// Whether no further order may be placed.
    pub(super) fn is_spent(&self) -> bool {
        self.is_ordering && self.orders_left == 0
    }

    pub(super) fn agents(&self) -> usize {
        self.visitors.len()
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Requests under way that are slow already.
    pub(super) fn overdue(&self, unloaded: &Baseline) -> usize {
        let now = now();
        let is_slow = |(sent_at, part): &&(Instant, Part)| {
            unloaded.is_overdue(*part, now.saturating_duration_since(*sent_at).as_secs_f64())
        };
        self.under_way.values().filter(is_slow).count()
    }

    /// Whether somebody could ask.
    pub(super) fn has_somebody(&self) -> bool {
        !self.ready.is_empty() || !self.idle.is_empty() || self.fresh < self.visitors.len()
    }

    /// Sends the next request, where it is time and there is somebody.
    pub(super) fn send(&mut self) -> bool {
        let now = now();
        if self.turns.due() > now {
            return false;
        }
        let Some(who) = self.somebody() else { return false };
        let Some((request, part)) = self.visitors[who].next(&self.ways) else {
            self.idle.push_back(who);
            return false;
        };
        let Some(permit) = self.turns.take(now) else {
            self.ready.push_front(who);
            return false;
        };
        let granted_at = permit.granted_at();
        let call = self.shops[who % SESSIONS].call(permit, request);
        self.under_way.insert(who, (now, part));
        self.answers.push(Box::pin(async move { (who, part, granted_at, call.await) }));
        true
    }

    /// The next answer; none where nothing is under way.
    pub(super) async fn answer(&mut self) -> Option<Settled> {
        let (who, part, granted_at, result) = self.answers.next().await?;
        self.under_way.remove(&who);
        let settled = self.settle(who, part, granted_at, result);
        match &settled {
            // Before all others: what the shop counts is the same request.
            Settled::Limited { .. } | Settled::Unsent => self.ready.push_front(who),
            Settled::Answered { .. } | Settled::Harm(_) => self.ready.push_back(who),
        }
        Some(settled)
    }

    /// How long the last 429 wants to be waited for, s.
    pub(super) fn retry_after(&self) -> Option<f64> {
        self.again_at.map(|at| at.saturating_duration_since(now()).as_secs_f64())
    }

    /// Whoever may have something in its cart has only that to do.
    pub(super) fn leave(&mut self) {
        self.ready.clear();
        self.idle.clear();
        self.fresh = self.visitors.len();
        self.is_ordering = false;
        for (who, visitor) in self.visitors.iter_mut().enumerate() {
            if visitor.is_dirty() && !self.under_way.contains_key(&who) {
                visitor.leave();
                self.ready.push_back(who);
            }
        }
    }

    /// Carts that may hold something.
    pub(super) fn dirty(&self) -> usize {
        self.visitors.iter().filter(|visitor| visitor.is_dirty()).count()
    }

    /// Whether carts that are not ordered stay as they are.
    pub(super) fn keeps_no_carts(&self) -> bool {
        !self.ways.traits.clears
    }

    fn somebody(&mut self) -> Option<usize> {
        if let Some(who) = self.ready.pop_front() {
            if self.visitors[who].next(&self.ways).is_some() {
                return Some(who);
            }
            self.idle.push_back(who);
        }
        let is_early = self.fresh < TURNING.min(self.visitors.len());
        let known = if is_early { None } else { self.idle.pop_front() };
        let who = known.or_else(|| {
            let who = self.fresh;
            self.fresh += usize::from(who < self.visitors.len());
            (who < self.visitors.len()).then_some(who)
        })?;
        let may_order = self.is_ordering && self.orders_left > 0;
        self.visitors[who].begin(&self.ways, may_order, &mut self.rng);
        self.orders_left -= u64::from(may_order && self.visitors[who].wants_order());
        Some(who)
    }

    fn settle(
        &mut self,
        who: usize,
        part: Part,
        granted_at: Instant,
        result: Result<Answered, ApiError>,
    ) -> Settled {
        let visitor = &mut self.visitors[who];
        let error = match result {
            Ok(answered) => {
                self.counts.orders +=
                    u64::from(visitor.answered(&self.ways, &answered.reply) == Came::Ordered);
                if !answered.was_sent {
                    self.turns.take_back(granted_at);
                    return Settled::Unsent;
                }
                self.counts.requests += 1;
                self.unsent = 0;
                let took = answered.answered_at.saturating_duration_since(answered.sent_at);
                return Settled::Answered { part, sent_at: answered.sent_at, took };
            }
            Err(error) => error,
        };
        self.counts.requests += u64::from(error.sent_at.is_some());
        if visitor.may_order() && error.may_place_order() && error.may_have_ordered() {
            self.counts.unknown += 1;
        }
        match (&error.kind, error.sent_at) {
            (ApiErrorKind::RateLimited { retry_after }, _) => {
                visitor.again();
                self.again_at = retry_after.map(|wait| now() + wait);
                Settled::Limited { retry_after: *retry_after }
            }
            (ApiErrorKind::Refused(_), Some(sent_at)) => {
                visitor.go_on(&self.ways);
                let took = error.failed_at.saturating_duration_since(sent_at);
                Settled::Answered { part, sent_at, took }
            }
            (ApiErrorKind::PermitExpired | ApiErrorKind::Unsent, _) if self.unsent < AGAIN_MAX => {
                self.unsent += 1;
                visitor.again();
                self.turns.take_back(granted_at);
                Settled::Unsent
            }
            (ApiErrorKind::StaleConnection, _) if self.unsent < AGAIN_MAX => {
                self.unsent += 1;
                match visitor.is_repeatable() {
                    true => visitor.again(),
                    false => visitor.go_on(&self.ways),
                }
                Settled::Unsent
            }
            _ => {
                visitor.go_on(&self.ways);
                Settled::Harm(error.to_string())
            }
        }
    }
}

/// The clock that timers follow.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
