//! One HTTP session's way to a shop. One request a call, one time limit around send and body.
//!
//! The order of judgement is what one would get wrong: status first, body second. A 2xx counts only
//! if the profile names it and the body is whole and holds what the profile says.

mod base_url;
mod body;
mod classify;
mod connector;
mod cookies;
mod credentials;
mod head;
pub mod inspection;
mod judge;
mod memory;
pub mod proxy;
mod reading;
mod request;
mod setup;
mod stream;
mod token;
pub mod watched;

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use awc::error::SendRequestError;
use awc::{ClientRequest, Connector};
use cookie::time::OffsetDateTime;
use domain::permit::Permit;
use futures::future::LocalBoxFuture;
use ports::shop_api::{
    Answered, ApiError, ApiErrorKind, Part, ShopApi, ShopApiFactory, ShopReply, ShopRequest,
};

use self::body::Received;
use self::memory::{Known, Memories, Next};
use self::token::TokenCache;
use self::watched::{Notes, Told};
use super::profile::{Around, Fill, Filled, Name, Request, StepName};

pub use self::credentials::Credentials;
pub use self::head::{HEAD_BYTES_MAX, HEADER_LINES_MAX};
pub use self::reading::{Reading, Unparsable, read};
pub use self::setup::{OnSent, ShopOptions, ShopSetup, ShopSetupError, factory, factory_through};

/// Bytes of an answer, packed or unpacked (P5).
pub const BODY_MAX_BYTES: usize = 1024 * 1024;
/// A connection is given up after this, however busy; edges end one after some 10,000 requests.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(600);

/// awc's own limit for connecting, in ours: it is around TCP, tunnel and TLS, ours around each.
const AWC_CONNECT_FACTOR: u32 = 4;

/// The adapter of one HTTP session. Built inside the session's arbiter; shares no connection.
pub struct HttpShop {
    session: Rc<HttpSession>,
}

struct HttpSession {
    /// Shared by all sessions of a run.
    setup: Arc<ShopSetup>,
    /// This session's connections; bounded by the session's in-flight cap, not here: a call that
    /// waited here would hold a permit.
    client: awc::Client,
    /// Tokens of this session's agents; bounded inside.
    tokens: RefCell<TokenCache>,
    /// What calls have left of this session's agents; bounded inside.
    memories: RefCell<Memories>,
    /// Of the answer that is being judged, where somebody observes.
    notes: RefCell<Notes>,
}

impl HttpShop {
    /// The adapter that `setup` describes. Call it inside the arbiter it will live in.
    pub fn new(setup: Arc<ShopSetup>) -> Self {
        let timeouts = setup.profile().timeouts;
        let connect = Duration::from_millis(timeouts.connect_ms);
        let connector = Connector::new()
            .connector(connector::connector(setup.tls(), setup.proxy().cloned(), connect))
            .timeout(connect * AWC_CONNECT_FACTOR)
            .conn_keep_alive(Duration::from_secs_f64(setup.profile().keep_alive_s))
            .conn_lifetime(CONNECTION_LIFETIME)
            .limit(0);
        // awc's own limit ends at the response head; the one around the exchange does not.
        let client = awc::Client::builder()
            .connector(connector)
            .disable_timeout()
            .disable_redirects()
            .add_default_header(("User-Agent", concat!("cartload/", env!("CARGO_PKG_VERSION"))))
            .finish();
        let (tokens, memories) = (RefCell::default(), RefCell::default());
        let notes = RefCell::default();
        Self { session: Rc::new(HttpSession { setup, client, tokens, memories, notes }) }
    }
}

impl ShopApi for HttpShop {
    fn call(
        &self,
        permit: Permit,
        request: ShopRequest,
    ) -> LocalBoxFuture<'static, Result<Answered, ApiError>> {
        let session = Rc::clone(&self.session);
        Box::pin(async move { session.call(permit, &request).await })
    }
}

/// Builds the adapters of the HTTP sessions to this shop.
pub fn factory_of(setup: ShopSetup) -> ShopApiFactory {
    let setup = Arc::new(setup);
    Arc::new(move |_session| Box::new(HttpShop::new(Arc::clone(&setup))) as Box<dyn ShopApi>)
}

fn answered(reading: Reading, sent_at: Instant, answered_at: Instant) -> Answered {
    let misreads = reading.misreads;
    Answered { misreads, ..Answered::new(reading.reply, sent_at, answered_at) }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// What is to be done for a request.
enum Prepared<'p> {
    /// Something is sent.
    Ready(Box<Ready<'p>>),
    /// Nothing: this is known without.
    Known(ShopReply),
}

/// A request that is ready to be sent.
struct Ready<'p> {
    next: Next<'p>,
    prepared: ClientRequest,
    body: Option<Vec<u8>>,
    /// What an observer is told of it.
    told: Option<Told>,
}

impl HttpSession {
    async fn call(&self, permit: Permit, request: &ShopRequest) -> Result<Answered, ApiError> {
        let call = request.call.name();
        let unsent = |kind, detail| ApiError {
            call,
            part: Part::Whole,
            kind,
            detail,
            sent_at: None,
            failed_at: now(),
        };
        let ready = self.prepare(request).map_err(|problem| {
            // 0: no status, there was no request.
            unsent(ApiErrorKind::Invalid(0), Some(self.setup.redactor().detail(&problem)))
        })?;
        let sent_at = now();
        let Ready { next, prepared, body, told } = match ready {
            Prepared::Ready(ready) => *ready,
            Prepared::Known(reply) => return Ok(Answered::unsent(reply, sent_at)),
        };
        if !permit.is_sendable(sent_at) {
            return Err(unsent(ApiErrorKind::PermitExpired, None));
        }
        self.setup.count_as_sent(sent_at);
        let limit = Duration::from_millis(self.setup.profile().timeouts.call_ms);
        let keeps_headers = self.setup.is_stateful() || self.setup.observer().is_some();
        let exchange = exchange(prepared, body, keeps_headers);
        let exchange = tokio::time::timeout(limit, exchange).await;
        let answered_at = now();

        let mut seen = (None, None);
        let outcome = match exchange {
            Err(_) => Err((ApiErrorKind::CallTimeout, Some(classify::limit(limit)))),
            Ok(Err(error)) => Err(classify::send_error(&error, self.setup.profile().timeouts)),
            Ok(Ok(received)) => {
                seen = (Some(received.status), received.body.as_ref().ok().map(Vec::len));
                self.note(|notes| notes.see(&received));
                self.judge(next, request, received)
            }
        };
        let outcome = outcome.map_err(|(kind, detail)| {
            let detail = detail.map(|text| self.setup.redactor().detail(&text));
            let part = next.call.part;
            let mut error =
                ApiError { call, part, kind, detail, sent_at: None, failed_at: answered_at };
            if !error.is_provably_unsent() {
                error.sent_at = Some(sent_at);
            }
            error
        });
        if let (Some(told), Some(observer)) = (told, self.setup.observer()) {
            let of = (call, answered_at.saturating_duration_since(sent_at));
            told.tell(observer, &self.notes.take(), seen, of, outcome.as_ref());
        }
        outcome.map(|reading| answered(reading, sent_at, answered_at))
    }

    /// Notes something of the answer that is being judged, where somebody observes.
    fn note(&self, what: impl FnOnce(&mut Notes)) {
        if self.setup.observer().is_some() {
            what(&mut self.notes.borrow_mut());
        }
    }

    /// What an observer is told of this call.
    fn told(&self, next: Next<'_>, sent: &Request, fill: Fill<'_, '_>) -> Option<Told> {
        self.setup.observer()?;
        let is_hidden = |name: &str| watched::hides(&self.setup, name);
        let target = request::shown(sent, fill, (&is_hidden, watched::hidden()));
        Some(Told {
            is_setup: next.step.is_none(),
            method: sent.method,
            target: self.setup.redactor().clean(&target),
            operation: watched::operation(sent),
        })
    }

    fn prepare(&self, request: &ShopRequest) -> Result<Prepared<'_>, String> {
        let name = StepName::of(&request.call);
        let step = self.setup.profile().steps.get(name);
        let step = step.ok_or("the shop's profile does not have this step")?;
        let tools = (&*self.setup, &self.client, &self.tokens);
        if !self.setup.is_stateful() {
            let call = step.calls.first().ok_or("the step has no call")?;
            let sent = call.request.as_ref().ok_or("the step sends nothing")?;
            let fill = |name: &Name| match name {
                Name::BuiltIn(placeholder) => request::built_in(request, *placeholder),
                Name::Own(own) => {
                    let kept = request::kept(&request.call, own).map(Cow::Borrowed);
                    let value = kept.or_else(|| self.setup.var(own, request).map(Cow::Owned));
                    value.map(Filled::Text)
                }
            };
            let built = request::build(tools, request, (sent, Some(name)), (&fill, &|_| None))?;
            let next = Next { call, step: Some(name) };
            let ((prepared, body), told) = (built, self.told(next, sent, &fill));
            return Ok(Prepared::Ready(Box::new(Ready { next, prepared, body, told })));
        }
        let mut memories = self.memories.borrow_mut();
        let memory = memories.of(request);
        let Some(next) = memory.next(&self.setup, step, request)? else {
            let reply = reading::done(&request.call);
            memory.ended(&reply);
            return Ok(Prepared::Known(reply));
        };
        if let Some(refs) = memory.refs_of_order(&self.setup, next, request) {
            return Ok(Prepared::Known(ShopReply::NextOrders(refs)));
        }
        let sent = next.call.request.as_ref().ok_or("the call sends nothing")?;
        let known = Known { setup: &self.setup, memory, request, call: Some(next.call) };
        let cookies = |path: &str| {
            let keeps = self.setup.profile().keeps_cookies;
            keeps.then(|| memory.cookies.header(path, OffsetDateTime::now_utc())).flatten()
        };
        let fill = |name: &Name| known.value(name);
        let (prepared, body) =
            request::build(tools, request, (sent, next.step), (&fill, &cookies))?;
        let told = self.told(next, sent, &fill);
        Ok(Prepared::Ready(Box::new(Ready { next, prepared, body, told })))
    }
}

/// Sends and takes the whole body in.
async fn exchange(
    request: ClientRequest,
    body: Option<Vec<u8>>,
    keeps_headers: bool,
) -> Result<Received, SendRequestError> {
    let response = match body {
        Some(body) => request.send_body(body).await?,
        None => request.send().await?,
    };
    Ok(body::receive(response, keeps_headers).await)
}
