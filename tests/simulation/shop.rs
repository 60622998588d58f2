//! The simulated shop: it outlives the processes that call it, carries out what it was asked even
//! where its answer is lost, and remembers whose every order is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::domain::catalog::Catalog;
use actors::domain::flow::Order;
use actors::domain::ids::{FlowId, OrderId, SessionId};
use actors::domain::permit::Permit;
use actors::ports::entropy::Entropy;
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::shop_api::{
    Answered, ApiError, ApiErrorKind, IdempotencyMode, Part, ShopApi, ShopApiFactory, ShopCall,
    ShopReply, ShopRequest, ShopTraits,
};
use actors::session_pool::request_meter::SharedMeter;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;
use shops::practice_shop::catalog;
use shops::prices::Prices;
use shops::shop_api::mock::{MockGoods, MockShop};

use super::scenario::{Scenario, ShopFault};
use super::trace::{Clock, Trace};

/// After a broken connection the shop may be at work for so long; less than an agent looks.
const LATE_MAX: Duration = Duration::from_millis(2_500);

thread_local! {
    /// The carts, behind each HTTP session's calls; a run and all its processes are one thread.
    static MOCKS: RefCell<BTreeMap<SessionId, Rc<MockShop>>> = RefCell::default();
}

pub struct SimulatedShop {
    scenario: Arc<Scenario>,
    clock: Arc<Clock>,
    trace: Arc<Trace>,
    goods: MockGoods,
    rng: Mutex<Xoshiro256PlusPlus>,
    /// When each request left, over all processes.
    sent: Mutex<Vec<Duration>>,
    orders: Mutex<BTreeMap<FlowId, Vec<Order>>>,
}

impl SimulatedShop {
    pub fn open(scenario: Arc<Scenario>, clock: Arc<Clock>, trace: Arc<Trace>) -> Arc<Self> {
        MOCKS.with_borrow_mut(BTreeMap::clear);
        let catalog = catalog::builtin().unwrap();
        let goods = MockGoods {
            stores: catalog.stores.into_iter().map(|store| store.id).collect(),
            catalog: Arc::new(Catalog { products: catalog.products }),
            coupons: shops::coupon_book::builtin().unwrap().into(),
            prices: Prices::Fixed,
        };
        let rng = Mutex::new(Entropy::Seeded(scenario.seed).stream("shop", ""));
        let (sent, orders) = (Mutex::default(), Mutex::default());
        Arc::new(Self { scenario, clock, trace, goods, rng, sent, orders })
    }

    pub fn traits(&self) -> ShopTraits {
        let idempotency = self.scenario.idempotency;
        ShopTraits { is_real: true, idempotency, ..MockShop::traits() }
    }

    /// The way of a process to it.
    pub fn factory(self: &Arc<Self>, meter: &SharedMeter) -> ShopApiFactory {
        let (shop, on_sent) = (Arc::clone(self), meter.on_sent());
        Arc::new(move |session| {
            let (shop, on_sent) = (Arc::clone(&shop), Arc::clone(&on_sent));
            Box::new(Door { shop, session, on_sent })
        })
    }

    /// Requests that reached it so far.
    pub fn calls(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    /// The most requests that left within one second, over all processes.
    pub fn most_in_a_second(&self) -> usize {
        let sent = self.sent.lock().unwrap();
        let second = Duration::from_secs(1);
        let within = |(n, at): (usize, &Duration)| {
            sent[n..].iter().take_while(|later| **later < *at + second).count()
        };
        sent.iter().enumerate().map(within).max().unwrap_or(0)
    }

    /// Every order, by the flow that placed it.
    pub fn orders(&self) -> Vec<(FlowId, OrderId)> {
        let orders = self.orders.lock().unwrap();
        let each = orders.iter().flat_map(|(flow, o)| o.iter().map(|o| (*flow, o.id.clone())));
        each.collect()
    }

    fn mock(&self, session: SessionId) -> Rc<MockShop> {
        MOCKS.with_borrow_mut(|mocks| {
            let mock = mocks.entry(session).or_insert_with(|| {
                let rng = Entropy::Seeded(self.scenario.seed).stream("mock", &session.to_string());
                Rc::new(MockShop::new(self.goods.clone(), Arc::new(|_| {}), rng))
            });
            Rc::clone(mock)
        })
    }

    /// Carries out what was asked.
    async fn carry_out(
        self: Arc<Self>,
        session: SessionId,
        request: ShopRequest,
    ) -> Result<Answered, ApiError> {
        let flow = request.caller.as_ref().and_then(|caller| caller.flow_id);
        let is_checkout = request.call == ShopCall::Checkout;
        let now = SystemPacing.now();
        if is_checkout && self.scenario.idempotency == IdempotencyMode::Honoured {
            let earlier = flow.and_then(|flow| self.orders.lock().unwrap().get(&flow).cloned());
            if let Some(order) = earlier.and_then(|mut orders| orders.pop()) {
                let reply = ShopReply::OrderPlaced(Box::new(order));
                return Ok(Answered::new(reply, now, now));
            }
        }
        let answered = self.mock(session).call(Permit::unlimited(now), request).await?;
        if let (ShopReply::OrderPlaced(order), Some(flow)) = (&answered.reply, flow) {
            self.orders.lock().unwrap().entry(flow).or_default().push(Order::clone(order));
        }
        Ok(answered)
    }
}

/// One HTTP session's way to it.
struct Door {
    shop: Arc<SimulatedShop>,
    session: SessionId,
    on_sent: shops::shop_api::http::OnSent,
}

/// What was drawn for a call.
struct Drawn {
    fault: Option<ShopFault>,
    latency: Duration,
    /// Where the answer is lost: whether the shop did as asked, and how much later.
    is_done: bool,
    late: Duration,
}

impl ShopApi for Door {
    fn call(
        &self,
        permit: Permit,
        request: ShopRequest,
    ) -> LocalBoxFuture<'static, Result<Answered, ApiError>> {
        let (shop, session, call) = (Arc::clone(&self.shop), self.session, request.call.name());
        let now = SystemPacing.now();
        let error = move |kind, sent_at| {
            let failed_at = SystemPacing.now();
            ApiError { call, part: Part::Whole, kind, detail: None, sent_at, failed_at }
        };
        if !permit.is_sendable(now) {
            let expired = error(ApiErrorKind::PermitExpired, None);
            return Box::pin(async move { Err(expired) });
        }
        let drawn = self.draw(call);
        let agent = request.caller.as_ref().map_or("", |caller| caller.agent_id.as_str());
        let line = format!("shop {session} {agent} {call} {:?}", drawn.fault);
        shop.trace.note(shop.clock.elapsed(), &line);
        shop.sent.lock().unwrap().push(shop.clock.elapsed());
        (self.on_sent)(now);
        assert_ne!(drawn.fault, Some(ShopFault::AdapterPanics), "drawn: the adapter panics");
        Box::pin(async move {
            let Some(fault) = drawn.fault else {
                let mut answered = shop.carry_out(session, request).await?;
                tokio::time::sleep(drawn.latency).await;
                (answered.sent_at, answered.answered_at) = (now, SystemPacing.now());
                return Ok(answered);
            };
            if let ShopFault::Slow(slow) = fault {
                let mut answered = shop.carry_out(session, request).await?;
                tokio::time::sleep(slow).await;
                (answered.sent_at, answered.answered_at) = (now, SystemPacing.now());
                return Ok(answered);
            }
            let (kind, wait) = failure(fault, drawn.latency);
            if drawn.is_done && error(kind.clone(), Some(now)).may_have_ordered() {
                // Only an order is late: what else comes late would land in the next flow's cart.
                let is_order = request.call == ShopCall::Checkout;
                let late = if is_order { drawn.late } else { Duration::ZERO };
                let doing = shop.carry_out(session, request);
                actix::spawn(tokio::time::sleep(late).then(|()| doing).map(drop));
            }
            tokio::time::sleep(wait).await;
            let is_unsent = error(kind.clone(), None).is_provably_unsent();
            Err(error(kind, (!is_unsent).then_some(now)))
        })
    }
}

impl Door {
    fn draw(&self, call: &str) -> Drawn {
        let mut rng = self.shop.rng.lock().unwrap();
        let at = self.shop.clock.elapsed();
        Drawn {
            fault: self.shop.scenario.shop_fault(at, self.session, call, &mut rng),
            latency: Duration::from_micros(rng.random_range(3_000..120_000)),
            is_done: rng.random_bool(0.5),
            late: LATE_MAX.mul_f64(rng.random_range(0.0..1.0)),
        }
    }
}

/// What the caller hears, and after how long.
fn failure(fault: ShopFault, latency: Duration) -> (ApiErrorKind, Duration) {
    let (at_once, at_last) = (Duration::ZERO, Duration::from_secs(10));
    match fault {
        ShopFault::Refused => (ApiErrorKind::ConnectRefused, at_once),
        ShopFault::ConnectTimeout => (ApiErrorKind::ConnectTimeout, Duration::from_secs(2)),
        ShopFault::CallTimeout => (ApiErrorKind::CallTimeout, at_last),
        ShopFault::Reset => (ApiErrorKind::Disconnected, latency),
        ShopFault::ServerError => (ApiErrorKind::ServerError(500), latency),
        ShopFault::EdgeDown => (ApiErrorKind::EdgeDown(502), latency),
        ShopFault::RateLimited(retry_after) => (ApiErrorKind::RateLimited { retry_after }, latency),
        ShopFault::Unauthorized => (ApiErrorKind::Unauthorized(401), latency),
        ShopFault::Garbage => (ApiErrorKind::Unparsable { field: "body".to_owned() }, latency),
        ShopFault::Truncated => (ApiErrorKind::BodyTruncated, latency),
        // The adapter breaks its word (it caps `retry_after`): the agent's sum overflows.
        ShopFault::FlowPanics => {
            (ApiErrorKind::RateLimited { retry_after: Some(Duration::MAX) }, latency)
        }
        ShopFault::Slow(_) | ShopFault::AdapterPanics => unreachable!("handled before"),
    }
}
