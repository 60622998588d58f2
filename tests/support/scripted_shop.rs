//! A shop that does at each call what a test's script says; behind it a mock answers.
//!
//! Every call that reaches the adapter is in its log, refused connections included, so that
//! "nothing is sent" can be counted.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use actors::coordinator::status::RunStatus;
use actors::domain::catalog::Catalog;
use actors::domain::ids::SessionId;
use actors::domain::permit::Permit;
use actors::ports::entropy::Entropy;
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::shop_api::{
    Answered, ApiError, ApiErrorKind, Part, ShopApi, ShopApiFactory, ShopReply, ShopRequest,
    ShopTraits,
};
use actors::session_pool::request_meter::SharedMeter;
use futures::future::LocalBoxFuture;
use shops::practice_shop::catalog;
use shops::prices::Prices;
use shops::shop_api::http::OnSent;
use shops::shop_api::mock::{MockGoods, MockShop};
use tokio::sync::watch;

/// One call, as the script sees it.
pub struct Ask<'a> {
    /// Who calls; empty for calls without auth (probes).
    pub agent: &'a str,
    /// The step's name.
    pub call: &'static str,
    /// Over which HTTP session.
    pub session: SessionId,
    /// The cycle under way; 0 before the first tick.
    pub cycle: u32,
    /// The attempt at it.
    pub replay: u32,
    /// Whether it is part of a flow; the start-up look and probes are not.
    pub in_flow: bool,
}

/// What a call comes to.
pub enum Act {
    /// The mock's answer, at once.
    Answer,
    /// The mock's answer, so much later.
    After(Duration),
    /// This failure, at once.
    Fail(ApiErrorKind),
    /// This failure, so much later.
    FailAfter(Duration, ApiErrorKind),
    /// The mock does it, and its answer is lost: this failure.
    Lose(ApiErrorKind),
    /// This answer, at once, and nothing is done.
    Say(ShopReply),
    /// The adapter panics.
    PanicAdapter,
    /// The flow of the agent panics: the adapter breaks its word (it caps `retry_after` at 60 s),
    /// and the agent's sum of waits overflows.
    PanicFlow,
}

/// One call that reached the adapter.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: Instant,
    pub agent: String,
    pub call: &'static str,
    pub failed: bool,
}

type Script = Arc<dyn Fn(&Ask) -> Act + Send + Sync>;

/// The shop of one run, all HTTP sessions.
#[derive(Clone)]
pub struct ScriptedShop {
    script: Script,
    goods: MockGoods,
    meter: SharedMeter,
    log: Arc<Mutex<Vec<Sent>>>,
    status: Arc<OnceLock<watch::Receiver<RunStatus>>>,
}

impl ScriptedShop {
    pub fn new(script: Script, meter: SharedMeter) -> Self {
        let catalog = catalog::builtin().unwrap();
        let goods = MockGoods {
            stores: catalog.stores.into_iter().map(|store| store.id).collect(),
            catalog: Arc::new(Catalog { products: catalog.products }),
            coupons: shops::coupon_book::builtin().unwrap().into(),
            prices: Prices::Fixed,
        };
        Self { script, goods, meter, log: Arc::default(), status: Arc::default() }
    }

    /// As a real shop: flows are opened before their first call.
    pub fn traits() -> ShopTraits {
        ShopTraits { is_real: true, ..MockShop::traits() }
    }

    pub fn factory(&self) -> ShopApiFactory {
        let shop = self.clone();
        Arc::new(move |session| {
            let on_sent: OnSent = shop.meter.on_sent();
            let rng = Entropy::System.stream("mock", &session.to_string());
            let mock = MockShop::new(shop.goods.clone(), Arc::clone(&on_sent), rng);
            Box::new(Counter { shop: shop.clone(), session, mock, on_sent })
        })
    }

    /// From here on the script knows the cycle.
    pub fn watch(&self, status: watch::Receiver<RunStatus>) {
        assert!(self.status.set(status).is_ok(), "one run a shop");
    }

    /// Every call so far, in order.
    pub fn log(&self) -> Vec<Sent> {
        self.log.lock().unwrap().clone()
    }

    /// Calls so far.
    pub fn calls(&self) -> usize {
        self.log.lock().unwrap().len()
    }
}

/// The way of one HTTP session to the shop.
struct Counter {
    shop: ScriptedShop,
    session: SessionId,
    mock: MockShop,
    on_sent: OnSent,
}

impl ShopApi for Counter {
    fn call(
        &self,
        permit: Permit,
        request: ShopRequest,
    ) -> LocalBoxFuture<'static, Result<Answered, ApiError>> {
        let (now, call) = (SystemPacing.now(), request.call.name());
        let caller = request.caller.as_ref();
        let agent = caller.map_or(String::new(), |c| c.agent_id.as_str().to_owned());
        let at = self.shop.status.get().map_or((0, 0), |status| {
            let seen = status.borrow();
            (seen.attempt.cycle.0, seen.attempt.replay.0)
        });
        let act = (self.shop.script)(&Ask {
            agent: &agent,
            call,
            session: self.session,
            cycle: at.0,
            replay: at.1,
            in_flow: caller.is_some_and(|c| c.flow_id.is_some()),
        });
        if !permit.is_sendable(now) {
            let (kind, detail) = (ApiErrorKind::PermitExpired, None);
            let error =
                ApiError { call, part: Part::Whole, kind, detail, sent_at: None, failed_at: now };
            return Box::pin(async move { Err(error) });
        }
        let failed = !matches!(act, Act::Answer | Act::After(_) | Act::Say(_));
        self.shop.log.lock().unwrap().push(Sent { at: now, agent, call, failed });
        match act {
            Act::Answer => self.mock.call(permit, request),
            Act::After(wait) => {
                let answering = self.mock.call(permit, request);
                Box::pin(async move {
                    let mut answered = answering.await?;
                    tokio::time::sleep(wait).await;
                    answered.answered_at = SystemPacing.now();
                    Ok(answered)
                })
            }
            Act::Lose(kind) => {
                drop(self.mock.call(permit, request));
                self.fail(call, now, Duration::ZERO, kind)
            }
            Act::Say(reply) => {
                (self.on_sent)(now);
                let said = Answered::new(reply, now, now);
                Box::pin(async move { Ok(said) })
            }
            Act::Fail(kind) => self.fail(call, now, Duration::ZERO, kind),
            Act::FailAfter(wait, kind) => self.fail(call, now, wait, kind),
            Act::PanicAdapter => panic!("the script says so"),
            Act::PanicFlow => {
                let kind = ApiErrorKind::RateLimited { retry_after: Some(Duration::MAX) };
                self.fail(call, now, Duration::ZERO, kind)
            }
        }
    }
}

impl Counter {
    fn fail(
        &self,
        call: &'static str,
        now: Instant,
        wait: Duration,
        kind: ApiErrorKind,
    ) -> LocalBoxFuture<'static, Result<Answered, ApiError>> {
        let mut error =
            ApiError { call, part: Part::Whole, kind, detail: None, sent_at: None, failed_at: now };
        if !error.is_provably_unsent() {
            error.sent_at = Some(now);
            (self.on_sent)(now);
        }
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            error.failed_at = SystemPacing.now();
            Err(error)
        })
    }
}
