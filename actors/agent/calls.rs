//! What an agent adds to the way to the shop: the retries, the three clocks of each try, the mark
//! of its progress, and that it stops where its HTTP session is down.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDateTime;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::domain::flow::EndReason;
use crate::domain::shop_notes::Misread;
use crate::domain::timing::CallTiming;
use crate::ports::pacing::Pacing;
use crate::ports::shop_api::{
    ApiError, ApiErrorKind, Caller, IdempotencyMode, Part, ShopCall, ShopReply, ShopRequest,
};
use crate::rate_limiter::messages::{Place, Refused};
use crate::rate_limiter::parked::ParkedTime;
use crate::rate_limiter::throttle::SharedThrottle;
use crate::session_pool::board::DownFlag;
use crate::shop_door::retry::{self, Next};
use crate::shop_door::{ShopDoor, Stage, Stop};

use super::draft::FlowEnding;
use super::progress::ProgressMark;

/// Requests of one step at most.
const PARTS_MAX: u32 = 64;

/// An agent's way to the shop during one flow.
pub struct Calls {
    /// Over the agent's HTTP session.
    pub door: ShopDoor,
    /// Whether that session is down.
    pub down: DownFlag,
    /// Marked at each step.
    pub progress: ProgressMark,
    /// The clocks.
    pub pacing: Arc<dyn Pacing>,
    /// What an operator's pause takes out of every wait.
    pub parked: ParkedTime,
    /// Whether the whole run waits for a shop that says 429: such tries do not count.
    pub throttle: SharedThrottle,
    /// Who the shop sees.
    pub caller: Caller,
    /// The simulated hour of the flow.
    pub simulated_at: NaiveDateTime,
    /// What the shop makes of a repeated checkout.
    pub idempotency: IdempotencyMode,
    /// Each try's times; bounded by the steps of one flow times [`retry::TRIES_MAX`], and by one
    /// more for each hold of the run in the two minutes in which a 429 does not count.
    pub timings: Vec<CallTiming>,
    /// Requests sent.
    pub requests: u64,
    /// Of `requests`: tries after the first of a call.
    pub retries: u64,
    /// What of the last answer did not fit; a few at most.
    pub misreads: Vec<Misread>,
}

/// Why a flow cannot go on with its calls.
#[derive(Clone, Debug)]
pub enum CallStop {
    /// No more permits: the run froze or is being stopped.
    NoPermit(Refused),
    /// The call failed, retries included, or was refused by the shop.
    Api(ApiError),
    /// A try of the checkout may have placed the order, and no later one told: its error.
    Uncertain(ApiError),
    /// The HTTP session is down: no call can be made until it is back.
    SessionDown,
    /// The HTTP session's actor is gone.
    SessionGone,
}

impl Calls {
    /// Makes one call, with its retries.
    pub async fn ask(
        &mut self,
        call: ShopCall,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<ShopReply, CallStop> {
        self.parts(self.request(call), rng).await
    }

    /// Goes on with a call whose next part places the order ([`ShopReply::NextOrders`]).
    pub async fn go_on(
        &mut self,
        call: ShopCall,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<ShopReply, CallStop> {
        self.parts(ShopRequest { continues: true, ..self.request(call) }, rng).await
    }

    fn request(&self, call: ShopCall) -> ShopRequest {
        let simulated_at = Some(self.simulated_at);
        ShopRequest { simulated_at, ..ShopRequest::new(Some(self.caller.clone()), call) }
    }

    async fn parts(
        &mut self,
        mut request: ShopRequest,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<ShopReply, CallStop> {
        // What ends the tries of a checkout must not hide that an earlier one may have ordered.
        let mut uncertain = None;
        for _ in 0..PARTS_MAX {
            let asked = self.try_until_known(&mut request, rng, &mut uncertain).await;
            let reply =
                asked.map_err(|stop| uncertain.clone().map_or(stop, CallStop::Uncertain))?;
            if reply != ShopReply::Next {
                return Ok(reply);
            }
            request.continues = true;
        }
        Err(CallStop::Api(self.endless(&request.call)))
    }

    /// A shop that answers each part with another one.
    fn endless(&self, call: &ShopCall) -> ApiError {
        let now = self.pacing.now();
        ApiError {
            call: call.name(),
            part: Part::Whole,
            kind: ApiErrorKind::Invalid(0),
            detail: Some(format!("it has more than {PARTS_MAX} parts")),
            sent_at: None,
            failed_at: now,
        }
    }

    async fn try_until_known(
        &mut self,
        request: &mut ShopRequest,
        rng: &mut Xoshiro256PlusPlus,
        uncertain: &mut Option<ApiError>,
    ) -> Result<ShopReply, CallStop> {
        // Of `sends` those count as tries that the whole run did not wait for.
        let (mut tries, mut sends, mut place) = (1, 1, Place::Tail);
        loop {
            if self.down.is_set() {
                return Err(CallStop::SessionDown);
            }
            let wanted = Wanted::at(self.pacing.now(), &self.parked);
            let answer = self.door.call_watched(request, place, |s| self.mark(s)).await;
            self.step();
            // What failed is gone on with where it failed, and not from the step's begin.
            request.continues = true;
            let error = match answer {
                Ok(answered) => {
                    if answered.was_sent {
                        self.sent(sends, wanted, answered.sent_at, answered.answered_at);
                    }
                    self.misreads = answered.misreads;
                    return Ok(answered.reply);
                }
                Err(Stop::Failed(error)) => error,
                Err(Stop::NoPermit(refused)) => return Err(CallStop::NoPermit(refused)),
                Err(Stop::SessionGone) => return Err(CallStop::SessionGone),
            };
            if let Some(sent_at) = error.sent_at {
                self.sent(sends, wanted, sent_at, error.failed_at);
            }
            let is_order = request.call == ShopCall::Checkout && error.may_place_order();
            if is_order && error.may_have_ordered() {
                uncertain.get_or_insert_with(|| error.clone());
            }
            let is_turned_back = matches!(error.kind, ApiErrorKind::RateLimited { .. });
            place = if is_turned_back { Place::Returned } else { Place::Tail };
            sends += 1;
            match retry::next(&request.call, &error, tries, self.idempotency, rng) {
                // The limiter holds it as long as everybody.
                Next::Again(_) | Next::GiveUp if is_turned_back && self.is_uncounted() => {}
                Next::Again(_) | Next::GiveUp if self.down.is_set() && error.is_session_fault() => {
                    return Err(CallStop::SessionDown);
                }
                Next::Again(wait) => {
                    tries += 1;
                    self.progress.wait();
                    tokio::time::sleep(wait).await;
                    self.step();
                }
                Next::GiveUp => return Err(CallStop::Api(error)),
            }
        }
    }

    /// A permit may take as long as the gate is closed; what follows it may not.
    fn mark(&self, stage: Stage) {
        match stage {
            Stage::InLine => self.progress.wait(),
            Stage::Sending => self.step(),
        }
    }

    /// Something has come that was waited for.
    pub fn step(&self) {
        let now = self.pacing.now();
        self.progress.step(now, self.parked.total(now));
    }

    fn is_uncounted(&self) -> bool {
        self.throttle.with(|throttle| throttle.is_uncounted(self.pacing.now()))
    }

    fn sent(&mut self, sends: u32, wanted: Wanted, sent: Instant, ended: Instant) {
        self.requests += 1;
        self.retries += u64::from(sends > 1);
        let parked = self.parked.total(sent).saturating_sub(wanted.parked);
        self.timings.push(CallTiming {
            queued: sent.saturating_duration_since(wanted.at).saturating_sub(parked),
            service: ended.saturating_duration_since(sent),
        });
    }
}

/// When a request was wanted, and how long the gate had been closed by then.
#[derive(Clone, Copy)]
struct Wanted {
    at: Instant,
    parked: Duration,
}

impl Wanted {
    fn at(now: Instant, parked: &ParkedTime) -> Self {
        Self { at: now, parked: parked.total(now) }
    }
}

impl CallStop {
    /// How a flow ends that it stops; `reason` where the call is to blame.
    pub fn ending(self, reason: EndReason) -> FlowEnding {
        match self {
            Self::NoPermit(Refused::Frozen) => FlowEnding::abandoned(EndReason::Frozen),
            Self::NoPermit(Refused::Stopped | Refused::Gone) => {
                FlowEnding::abandoned(EndReason::Stopped)
            }
            Self::Api(error) | Self::Uncertain(error) => {
                FlowEnding::failed(reason, error.to_string())
            }
            // Either way the flow cannot reach the shop, and the shop is not to blame.
            Self::SessionDown | Self::SessionGone => FlowEnding::abandoned(EndReason::SessionDown),
        }
    }

    /// Whether the last try may have reached the shop.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Api(error) | Self::Uncertain(error) => error.sent_at.is_some(),
            Self::NoPermit(_) | Self::SessionDown | Self::SessionGone => false,
        }
    }

    /// The refusal, where the shop said no for reasons of business.
    pub fn refusal(&self) -> Option<crate::ports::shop_api::Refusal> {
        match self {
            Self::Api(ApiError { kind: ApiErrorKind::Refused(refusal), .. }) => Some(*refusal),
            Self::Api(_)
            | Self::Uncertain(_)
            | Self::NoPermit(_)
            | Self::SessionDown
            | Self::SessionGone => None,
        }
    }
}
