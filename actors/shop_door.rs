//! The one way to the shop: a permit, then the call that consumes it over one HTTP session.
//!
//! Whoever calls the shop (agents, probes, the first look) calls it here, so that P3 is shown in
//! one place: each request that leaves has taken a permit of its own, by value. A permit that
//! expired unsent is nobody's failure: another is asked for. Retries are callers', by [`retry`].
//! Here a call gives its seat at the shop back, and says how it ended.

pub mod retry;

use actix::prelude::*;

use crate::domain::ids::SessionId;
use crate::ports::shop_api::{Answered, ApiError, ApiErrorKind, ShopCall, ShopReply, ShopRequest};
use crate::rate_limiter::grant::Grant;
use crate::rate_limiter::messages::{Asker, Place, Refused, TakePermit};
use crate::rate_limiter::seats::CallEnd;
use crate::session_pool::messages::Call;

/// Permits that one probe may let expire: a process too busy to send must not probe for ever.
pub const PERMITS_PER_PROBE_MAX: u32 = 3;

/// Sends of one call that took not one byte to the shop and cost nobody a try.
const UNSENT_MAX: u32 = 2;

/// A way to the shop over one HTTP session.
#[derive(Clone, Debug)]
pub struct ShopDoor {
    /// Every request takes a permit here first.
    pub permits: Recipient<TakePermit>,
    /// The HTTP session that carries it...
    pub session: Recipient<Call>,
    /// ...and which of the ten that is.
    pub http_session: SessionId,
}

/// Why a request has no answer.
#[derive(Clone, Debug)]
pub enum Stop {
    /// No more permits: the run froze or is being stopped.
    NoPermit(Refused),
    /// It was sent, or tried to be, and failed.
    Failed(ApiError),
    /// The HTTP session's actor is gone.
    SessionGone,
}

/// How far a request has come; for callers who watch their own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// In line for a permit, which may take as long as the gate is closed.
    InLine,
    /// With a permit, on its way to the session.
    Sending,
}

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// The shop is there, whatever it says.
    Answered,
    /// It was sent, and nobody answered, or an edge without its application.
    Failed,
    /// It never left: its permits expired, or the session's actor is gone.
    Unsent,
    /// The limiter refuses: the run is frozen or ends anyway.
    NoPermit,
}

impl ShopDoor {
    /// Sends one request, once.
    pub async fn call(&self, request: &ShopRequest, place: Place) -> Result<Answered, Stop> {
        self.whole(Asker::Call, request.clone(), place).await
    }

    /// As [`call`](Self::call), and tells `watch` of each stage.
    pub async fn call_watched(
        &self,
        request: &ShopRequest,
        place: Place,
        watch: impl Fn(Stage),
    ) -> Result<Answered, Stop> {
        self.call_as(Asker::Call, request, place, watch).await
    }

    /// As [`call_as`](Self::call_as), all parts of the step, each with a permit of its own.
    pub async fn whole(
        &self,
        asker: Asker,
        mut request: ShopRequest,
        place: Place,
    ) -> Result<Answered, Stop> {
        loop {
            let answered = self.call_as(asker, &request, place, |_| {}).await?;
            if !matches!(answered.reply, ShopReply::Next | ShopReply::NextOrders(_)) {
                return Ok(answered);
            }
            request.continues = true;
        }
    }

    /// As [`call_watched`](Self::call_watched); as a [probe](Asker::Probe) beside the bound on
    /// calls in flight: what asks whether the shop is back must not wait for lost calls.
    pub async fn call_as(
        &self,
        asker: Asker,
        request: &ShopRequest,
        place: Place,
        watch: impl Fn(Stage),
    ) -> Result<Answered, Stop> {
        let mut unsent = 0;
        loop {
            watch(Stage::InLine);
            let grant = self.permit(place, asker).await.map_err(Stop::NoPermit)?;
            watch(Stage::Sending);
            match self.send(grant, request.clone()).await {
                Err(Stop::Failed(error)) if is_expired(&error) => {}
                Err(Stop::Failed(error))
                    if error.kind == ApiErrorKind::Unsent && unsent < UNSENT_MAX =>
                {
                    unsent += 1;
                }
                end => return end,
            }
        }
    }

    /// Asks whether the shop is there, and tells `watch` of each stage; the session's own limits
    /// end it.
    pub async fn probe(&self, place: Place, watch: impl Fn(Stage)) -> Probed {
        for _ in 0..PERMITS_PER_PROBE_MAX {
            watch(Stage::InLine);
            let Ok(grant) = self.permit(place, Asker::Probe).await else {
                return Probed::NoPermit;
            };
            watch(Stage::Sending);
            let request = ShopRequest::new(None, ShopCall::Probe);
            match self.send(grant, request).await {
                Ok(_) => return Probed::Answered,
                Err(Stop::Failed(error)) if error.shows_life() => return Probed::Answered,
                Err(Stop::Failed(error))
                    if is_expired(&error) || error.kind == ApiErrorKind::Unsent => {}
                Err(Stop::Failed(_)) => return Probed::Failed,
                Err(Stop::SessionGone | Stop::NoPermit(_)) => return Probed::Unsent,
            }
        }
        Probed::Unsent
    }

    async fn permit(&self, place: Place, asker: Asker) -> Result<Grant, Refused> {
        self.permits.send(TakePermit { place, asker }).await.unwrap_or(Err(Refused::Gone))
    }

    async fn send(&self, grant: Grant, request: ShopRequest) -> Result<Answered, Stop> {
        let (step, (permit, seat)) = (request.call.name(), grant.send());
        let sent = self.session.send(Call { permit, request }).await;
        let end = sent.map_err(|_| Stop::SessionGone)?.map_err(Stop::Failed);
        match &end {
            Err(Stop::Failed(error)) if is_expired(error) => seat.unsent(),
            Ok(answered) if !answered.was_sent => seat.unsent(),
            _ => seat.ended(call_end(step, self.http_session, &end)),
        }
        end
    }
}

/// What the end of a call says of how fast the shop works. An error that comes quickly says
/// nothing, nor does a connection that was never made.
fn call_end(step: &'static str, http_session: SessionId, end: &Result<Answered, Stop>) -> CallEnd {
    let (sent, answered) = match end {
        Ok(Answered { sent_at, answered_at, .. }) => (*sent_at, *answered_at),
        Err(Stop::Failed(error)) => match error.sent_at {
            Some(sent) if error.is_answer() => (sent, error.failed_at),
            Some(sent) if error.kind == ApiErrorKind::CallTimeout => {
                return CallEnd::TimedOut { sent };
            }
            Some(_) | None => return CallEnd::Other,
        },
        Err(Stop::NoPermit(_) | Stop::SessionGone) => return CallEnd::Other,
    };
    CallEnd::Answered { step, http_session, sent, answered }
}

/// Whether the permit was too old to be sent: nothing left, and it says nothing of the shop.
fn is_expired(error: &ApiError) -> bool {
    error.kind == ApiErrorKind::PermitExpired
}

#[cfg(test)]
mod tests;
