//! One HTTP session's way to a shop. One request a call, one time limit around send and body.
//!
//! The order of judgement is what one would get wrong: status first, body second. A 2xx counts only
//! if the profile names it and the body is whole and holds what the profile says.

mod base_url;
mod body;
mod classify;
mod connector;
mod head;
pub mod proxy;
mod reading;
mod request;
mod setup;
mod stream;
mod token;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use awc::error::SendRequestError;
use awc::{ClientRequest, Connector};
use domain::permit::Permit;
use futures::future::LocalBoxFuture;
use ports::shop_api::{
    Answered, ApiError, ApiErrorKind, ShopApi, ShopCall, ShopReply, ShopRequest,
};

use self::body::{BodyFault, Received};
use self::token::TokenCache;
use super::profile::{Step, StepName};

pub use self::head::{HEAD_BYTES_MAX, HEADER_LINES_MAX};
pub use self::reading::{Reading, Unparsable, read};
pub use self::setup::{
    Credentials, OnSent, ShopOptions, ShopSetup, ShopSetupError, factory, factory_through,
};

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
        let tokens = RefCell::new(TokenCache::default());
        Self { session: Rc::new(HttpSession { setup, client, tokens }) }
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

fn answered(reading: Reading, sent_at: Instant, answered_at: Instant) -> Answered {
    Answered { reply: reading.reply, sent_at, answered_at, misreads: reading.misreads }
}

/// What makes the answer to a list smaller.
fn smaller_pages(call: &ShopCall) -> Option<String> {
    let ShopCall::ListProducts { limit, .. } = call else { return None };
    Some(format!("write a `page_size` below {limit} in the shop's profile"))
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl HttpSession {
    async fn call(&self, permit: Permit, request: &ShopRequest) -> Result<Answered, ApiError> {
        let call = request.call.name();
        let unsent =
            |kind, detail| ApiError { call, kind, detail, sent_at: None, failed_at: now() };
        let step_name = StepName::of(&request.call);
        let prepared = self.setup.profile().steps.get(step_name).map_or_else(
            || Err("the shop's profile does not have this step".to_owned()),
            |step| Ok((step, request::build(&self.setup, &self.client, &self.tokens, request)?)),
        );
        let (step, (prepared, body)) = prepared.map_err(|problem| {
            // 0: no status, there was no request.
            unsent(ApiErrorKind::Invalid(0), Some(self.setup.redactor().detail(&problem)))
        })?;

        let sent_at = now();
        if !permit.is_sendable(sent_at) {
            return Err(unsent(ApiErrorKind::PermitExpired, None));
        }
        self.setup.count_as_sent(sent_at);
        let limit = Duration::from_millis(self.setup.profile().timeouts.call_ms);
        let exchange = tokio::time::timeout(limit, exchange(prepared, body)).await;
        let answered_at = now();

        let outcome = match exchange {
            Err(_) => Err((ApiErrorKind::CallTimeout, Some(classify::limit(limit)))),
            Ok(Err(error)) => Err(classify::send_error(&error, self.setup.profile().timeouts)),
            Ok(Ok(received)) => self.judge(step, request, received),
        };
        outcome.map(|reading| answered(reading, sent_at, answered_at)).map_err(|(kind, detail)| {
            let detail = detail.map(|text| self.setup.redactor().detail(&text));
            let mut error = ApiError { call, kind, detail, sent_at: None, failed_at: answered_at };
            if !error.is_provably_unsent() {
                error.sent_at = Some(sent_at);
            }
            error
        })
    }

    /// What the answer means: the reply, or the failure and the shop's words.
    fn judge(
        &self,
        step: &Step,
        request: &ShopRequest,
        received: Received,
    ) -> Result<Reading, (ApiErrorKind, Option<String>)> {
        if !step.ok.contains(&received.status) {
            let step = StepName::of(&request.call);
            return Err(classify::status(self.setup.profile(), step, &received));
        }
        let body = match received.body {
            Ok(body) => body,
            Err(BodyFault::TooLarge) => {
                return Err((ApiErrorKind::BodyTooLarge, smaller_pages(&request.call)));
            }
            Err(BodyFault::Truncated) => return Err((ApiErrorKind::BodyTruncated, None)),
            Err(BodyFault::Broken(cause)) => return Err((ApiErrorKind::Disconnected, Some(cause))),
            Err(BodyFault::Packing(cause)) => {
                return Err((ApiErrorKind::Unparsable { field: "body".to_owned() }, Some(cause)));
            }
        };
        let mut reading =
            read(self.setup.profile(), &request.call, &body).map_err(|mut fault| {
                if let (true, Some(content_type)) = (fault.is_no_json, &received.content_type) {
                    let problem = fault.problem.unwrap_or_default();
                    fault.problem = Some(format!("{problem}; Content-Type: {content_type}"));
                }
                // Without a declared length a body that stops early looks complete; JSON tells.
                if fault.ended_early && !received.length_declared {
                    return (ApiErrorKind::BodyTruncated, fault.problem);
                }
                (ApiErrorKind::Unparsable { field: fault.field }, fault.problem)
            })?;
        if let ShopReply::LatestOrders { shop_clock, .. } = &mut reading.reply {
            *shop_clock = received.date;
        }
        Ok(reading)
    }
}

/// Sends and takes the whole body in.
async fn exchange(
    request: ClientRequest,
    body: Option<Vec<u8>>,
) -> Result<Received, SendRequestError> {
    let response = match body {
        Some(body) => request.send_body(body).await?,
        None => request.send().await?,
    };
    Ok(body::receive(response).await)
}
