//! The way to the shop: one request after the other, slowly, all parts of a step.

use std::time::Duration;

use actors::domain::flow::ShopRefs;
use actors::domain::ids::{AgentId, FlowId};
use actors::domain::permit::Permit;
use actors::domain::shop_notes::Misread;
use actors::ports::shop_api::{
    ApiError, ApiErrorKind, Caller, ShopApi, ShopCall, ShopReply, ShopRequest,
};
use shops::shop_api::http::HttpShop;
use shops::shop_api::profile::Profile;
use tokio::time::Instant;
use uuid::Uuid;

/// Between two requests, at least.
const GAP_MIN: Duration = Duration::from_millis(200);
/// Where a shop's own hint asks for more.
const GAP_MAX: Duration = Duration::from_secs(60);
/// How often a request is sent again that a shop was too busy for, or that never left.
const AGAIN_MAX: u32 = 3;
/// Where a busy shop does not say how long to wait.
const BUSY: Duration = Duration::from_secs(2);

/// The way of one agent.
pub(crate) struct Door {
    shop: HttpShop,
    agent: AgentId,
    user: Uuid,
    /// The visit.
    flow: Option<FlowId>,
    gap: Duration,
    /// How long it waits at most for a shop that is too busy.
    patience: Duration,
    last: Option<Instant>,
    /// What the last order can be asked for by.
    pub(crate) refs: ShopRefs,
    /// What did not fit in answers, by step.
    pub(crate) misreads: Vec<(&'static str, Misread)>,
}

impl Door {
    pub(crate) fn new(shop: HttpShop, (agent, user): (AgentId, Uuid), profile: &Profile) -> Self {
        let hint = profile.rate_hint_per_s.filter(|rate| *rate > 0.0);
        let hint = hint.and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok());
        Self {
            shop,
            agent,
            user,
            flow: None,
            gap: hint.unwrap_or(GAP_MIN).clamp(GAP_MIN, GAP_MAX),
            patience: GAP_MAX,
            last: None,
            refs: ShopRefs::default(),
            misreads: Vec::new(),
        }
    }

    /// One that waits no longer for a shop that is too busy.
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// From here on in the name of this one.
    pub(crate) fn become_caller(&mut self, agent: AgentId, user: Uuid) {
        (self.agent, self.user) = (agent, user);
    }

    /// From here on it is another visit, with a cart of its own where the shop has such.
    pub(crate) fn begin_visit(&mut self) {
        self.flow = Some(FlowId(Uuid::new_v4()));
    }

    /// The visit that it is, if it is one.
    pub(super) fn flow(&self) -> Option<FlowId> {
        self.flow
    }

    /// Asks, part after part.
    pub(crate) async fn ask(&mut self, call: ShopCall) -> Result<ShopReply, ApiError> {
        let (step, is_probe) = (call.name(), call == ShopCall::Probe);
        let caller =
            Caller { agent_id: self.agent.clone(), user_id: self.user, flow_id: self.flow };
        let mut request = ShopRequest::new((!is_probe).then_some(caller), call);
        let mut again = 0;
        loop {
            self.wait_for_turn().await;
            let permit = Permit::unlimited(std::time::Instant::now());
            match self.shop.call(permit, request.clone()).await {
                Ok(answered) => {
                    self.misreads.extend(answered.misreads.into_iter().map(|it| (step, it)));
                    if let ShopReply::NextOrders(refs) = answered.reply {
                        self.refs = refs;
                    } else if answered.reply != ShopReply::Next {
                        return Ok(answered.reply);
                    }
                }
                Err(error) => {
                    let wait = wait(&error.kind)
                        .filter(|wait| again < AGAIN_MAX && *wait <= self.patience);
                    let Some(wait) = wait else { return Err(error) };
                    again += 1;
                    tokio::time::sleep(wait).await;
                }
            }
            request.continues = true;
        }
    }

    async fn wait_for_turn(&mut self) {
        if let Some(last) = self.last {
            tokio::time::sleep_until(last + self.gap).await;
        }
        self.last = Some(Instant::now());
    }
}

/// How long to wait where the same request may be sent again.
fn wait(kind: &ApiErrorKind) -> Option<Duration> {
    match kind {
        ApiErrorKind::RateLimited { retry_after } => Some(retry_after.unwrap_or(BUSY)),
        ApiErrorKind::Unsent | ApiErrorKind::PermitExpired => Some(Duration::ZERO),
        ApiErrorKind::Refused(_)
        | ApiErrorKind::Unauthorized(_)
        | ApiErrorKind::Invalid(_)
        | ApiErrorKind::ServerError(_)
        | ApiErrorKind::EdgeDown(_)
        | ApiErrorKind::UnexpectedStatus(_)
        | ApiErrorKind::Unparsable { .. }
        | ApiErrorKind::BodyTooLarge
        | ApiErrorKind::BodyTruncated
        | ApiErrorKind::ConnectRefused
        | ApiErrorKind::ConnectTimeout
        | ApiErrorKind::Dns
        | ApiErrorKind::Tls
        | ApiErrorKind::CallTimeout
        | ApiErrorKind::Disconnected
        | ApiErrorKind::StaleConnection => None,
    }
}
