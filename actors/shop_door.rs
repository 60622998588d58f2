//! The one way to the shop: a permit, then the call that consumes it over one HTTP session.
//!
//! Whoever calls the shop (agents, probes, the first look) calls it here, so that P3 is shown in
//! one place: each request that leaves has taken a permit of its own, by value. A permit that
//! expired unsent is nobody's failure: another is asked for. Retries are callers', by [`retry`].

pub mod retry;

use actix::prelude::*;

use crate::domain::permit::Permit;
use crate::ports::shop_api::{Answered, ApiError, ApiErrorKind, ShopCall, ShopRequest};
use crate::rate_limiter::messages::{Place, Refused, TakePermit};
use crate::session_pool::messages::Call;

/// Permits that one probe may let expire: a process too busy to send must not probe for ever.
pub const PERMITS_PER_PROBE_MAX: u32 = 3;

/// A way to the shop over one HTTP session.
#[derive(Clone, Debug)]
pub struct ShopDoor {
    /// Every request takes a permit here first.
    pub permits: Recipient<TakePermit>,
    /// The HTTP session that carries it.
    pub session: Recipient<Call>,
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
        self.call_watched(request, place, |_| {}).await
    }

    /// As [`call`](Self::call), and tells `watch` of each stage.
    pub async fn call_watched(
        &self,
        request: &ShopRequest,
        place: Place,
        watch: impl Fn(Stage),
    ) -> Result<Answered, Stop> {
        loop {
            watch(Stage::InLine);
            let permit = self.permit(place).await.map_err(Stop::NoPermit)?;
            watch(Stage::Sending);
            match self.send(permit, request.clone()).await {
                Err(Stop::Failed(error)) if is_expired(&error) => {}
                end => return end,
            }
        }
    }

    /// Asks whether the shop is there, and tells `watch` of each stage; the session's own limits end
    /// it.
    pub async fn probe(&self, place: Place, watch: impl Fn(Stage)) -> Probed {
        for _ in 0..PERMITS_PER_PROBE_MAX {
            watch(Stage::InLine);
            let Ok(permit) = self.permit(place).await else { return Probed::NoPermit };
            watch(Stage::Sending);
            let request = ShopRequest { caller: None, call: ShopCall::Probe };
            match self.send(permit, request).await {
                Ok(_) => return Probed::Answered,
                Err(Stop::Failed(error)) if error.shows_life() => return Probed::Answered,
                Err(Stop::Failed(error)) if is_expired(&error) => {}
                Err(Stop::Failed(_)) => return Probed::Failed,
                Err(Stop::SessionGone | Stop::NoPermit(_)) => return Probed::Unsent,
            }
        }
        Probed::Unsent
    }

    async fn permit(&self, place: Place) -> Result<Permit, Refused> {
        self.permits.send(TakePermit { place }).await.unwrap_or(Err(Refused::Gone))
    }

    async fn send(&self, permit: Permit, request: ShopRequest) -> Result<Answered, Stop> {
        let sent = self.session.send(Call { permit, request }).await;
        sent.map_err(|_| Stop::SessionGone)?.map_err(Stop::Failed)
    }
}

/// Whether the permit was too old to be sent: nothing left, and it says nothing of the shop.
fn is_expired(error: &ApiError) -> bool {
    error.kind == ApiErrorKind::PermitExpired
}

#[cfg(test)]
mod tests;
