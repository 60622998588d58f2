//! One who asks the shop, in the name of one agent after another, and what can be done where it
//! says no.

use std::sync::Arc;
use std::time::Duration;

use actors::domain::shop_notes::Misread;
use actors::ports::shop_api::{ApiError, ApiErrorKind, ShopCall, ShopReply, stranger, way};
use shops::shop_api::http::ShopSetup;
use shops::shop_api::profile::{Profile, StepName};

use super::heard::Heard;
use super::shapes;
use crate::doctor::population::People;
use crate::trial::door::Door;

/// A way to the shop.
pub(super) struct Visitor {
    door: Door,
    setup: Arc<ShopSetup>,
    heard: Heard,
}

impl Visitor {
    pub(super) fn new(door: Door, setup: Arc<ShopSetup>, heard: Heard) -> Self {
        Self { door, setup, heard }
    }

    /// From here on in the name of the agent at this place.
    pub(super) fn become_one(&mut self, people: &People, place: usize) {
        if let Some(persona) = people.personas.get(place) {
            self.door.become_caller(persona.agent_id.clone(), persona.user_id);
        }
    }

    pub(super) fn has(&self, step: StepName) -> bool {
        self.profile().has(step)
    }

    pub(super) fn profile(&self) -> &Profile {
        self.setup.profile()
    }

    pub(super) async fn ask(&mut self, call: ShopCall) -> Result<ShopReply, ApiError> {
        self.door.ask(call).await
    }

    /// What the last request took.
    pub(super) fn took(&self) -> Duration {
        self.heard.last_took()
    }

    /// What did not fit in answers, by step.
    pub(super) fn misreads(&mut self) -> Vec<(&'static str, Misread)> {
        std::mem::take(&mut self.door.misreads)
    }
}

/// What is to be done about a failure.
pub(super) fn fix(error: &ApiError, profile: &Profile, auth: Option<&str>) -> String {
    if let Some(advice) = way::advice(error) {
        return advice;
    }
    if let Some(advice) = stranger::advice(&error.to_string()) {
        let is_refused = matches!(error.kind, ApiErrorKind::Unauthorized(_));
        return if is_refused { profile.sign_in(auth) } else { advice };
    }
    match error.kind {
        ApiErrorKind::Unparsable { .. } | ApiErrorKind::BodyTruncated => shapes::FIX.to_owned(),
        ApiErrorKind::BodyTooLarge => {
            "write a smaller `size` into the profile's `paging`".to_owned()
        }
        ApiErrorKind::Invalid(_) | ApiErrorKind::UnexpectedStatus(_) => {
            "hold the step of the profile against the shop's API: `cartload profile try`".to_owned()
        }
        ApiErrorKind::ServerError(_) => "look into the shop's log".to_owned(),
        ApiErrorKind::RateLimited { .. } => {
            "the limit of the shop is used up: wait, or lift it for this client".to_owned()
        }
        ApiErrorKind::Refused(_)
        | ApiErrorKind::Unauthorized(_)
        | ApiErrorKind::EdgeDown(_)
        | ApiErrorKind::ConnectRefused
        | ApiErrorKind::ConnectTimeout
        | ApiErrorKind::Dns
        | ApiErrorKind::Tls
        | ApiErrorKind::CallTimeout
        | ApiErrorKind::Disconnected
        | ApiErrorKind::Unsent
        | ApiErrorKind::StaleConnection
        | ApiErrorKind::PermitExpired => {
            "look at whether the shop is up, and whether the address is its own".to_owned()
        }
    }
}
