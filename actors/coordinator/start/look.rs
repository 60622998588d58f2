//! The Coordinator's own way to the shop: whole steps over one HTTP session, with retries.

use std::time::Instant;

use rand_xoshiro::Xoshiro256PlusPlus;

use crate::coordinator::messages::StartError;
use crate::coordinator::plan::RunPlan;
use crate::coordinator::services::Services;
use crate::domain::ids::SessionId;
use crate::domain::shop_notes::ShopNotes;
use crate::ports::shop_api::{
    ApiError, ApiErrorKind, Caller, IdempotencyMode, Part, ShopCall, ShopReply, ShopRequest,
};
use crate::rate_limiter::messages::{Asker, Place};
use crate::shop_door::retry::{self, Next};
use crate::shop_door::{ShopDoor, Stop};

/// The start-up check's own way to the shop, over one HTTP session.
pub(in crate::coordinator) struct Look {
    door: Option<ShopDoor>,
    pub(in crate::coordinator) caller: Caller,
    idempotency: IdempotencyMode,
    rng: Xoshiro256PlusPlus,
    asker: Asker,
    /// What of its answers did not fit.
    pub(in crate::coordinator) notes: ShopNotes,
}

impl Look {
    pub(in crate::coordinator) fn new(
        http_session: SessionId,
        services: &Services,
        plan: &RunPlan,
        caller: Caller,
    ) -> Self {
        Self {
            door: services.door(http_session),
            caller,
            idempotency: plan.shop.idempotency,
            rng: plan.entropy.stream("look", &http_session.to_string()),
            asker: Asker::Call,
            notes: ShopNotes::default(),
        }
    }

    /// Over and above the bound on calls in flight, which a shop that was lost has brought to 1.
    pub(in crate::coordinator) fn unseated(self) -> Self {
        Self { asker: Asker::Probe, ..self }
    }

    /// From here on in the name of this one.
    pub(in crate::coordinator) fn become_caller(&mut self, caller: Caller) {
        self.caller = caller;
    }

    pub(in crate::coordinator) async fn ask(
        &mut self,
        call: ShopCall,
    ) -> Result<ShopReply, StartError> {
        let Some(door) = &self.door else { return Err(session_gone(&call)) };
        let request = ShopRequest::new(Some(self.caller.clone()), call);
        let mut tries = 1;
        loop {
            // At the head: what its own failures make the breaker ask must not hold it back.
            let error = match door.whole(self.asker, request.clone(), Place::Head).await {
                Ok(answered) => {
                    let misreads = answered.misreads.into_iter();
                    misreads.for_each(|misread| self.notes.misread(misread));
                    return Ok(answered.reply);
                }
                Err(Stop::NoPermit(refused)) => return Err(StartError::Ended(refused.to_string())),
                Err(Stop::SessionGone) => return Err(session_gone(&request.call)),
                Err(Stop::Failed(error)) => error,
            };
            match retry::next(&request.call, &error, tries, self.idempotency, &mut self.rng) {
                Next::Again(wait) => tokio::time::sleep(wait).await,
                Next::GiveUp => return Err(StartError::Shop(error)),
            }
            tries += 1;
        }
    }
}

fn session_gone(call: &ShopCall) -> StartError {
    StartError::Shop(ApiError {
        call: call.name(),
        part: Part::Whole,
        kind: ApiErrorKind::Disconnected,
        detail: Some("the HTTP session is gone".to_owned()),
        sent_at: None,
        failed_at: Instant::now(),
    })
}
