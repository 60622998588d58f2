//! Before the first tick of a run that goes on: one probe and one product list over each HTTP
//! session.
//!
//! A run must not go back to work over connections that no longer carry anything; two sessions with
//! outage-class failures mean that the shop is not back, and so does a check that none passes.

use futures::future::join_all;

use crate::domain::ids::SessionId;
use crate::ports::shop_api::{ApiError, Caller, Page, Paging, ShopCall};

use super::messages::StartError;
use super::plan::RunPlan;
use super::services::Services;
use super::start::Look;

/// Sessions with outage-class failures that mean an outage.
const OUTAGES_MAX: usize = 2;

/// Checks all sessions side by side.
pub async fn all(services: &Services, plan: &RunPlan, caller: &Caller) -> Result<(), StartError> {
    let checks = (0..services.sessions.len()).map(|number| {
        let session = SessionId(u8::try_from(number).unwrap_or(u8::MAX));
        let look = Look::new(session, services, plan, caller.clone()).unseated();
        one(session, look, plan.shop.paging)
    });
    let mut passed = 0;
    let mut failed: Vec<(SessionId, ApiError)> = Vec::new();
    for (session, checked) in join_all(checks).await {
        match checked {
            Ok(()) => passed += 1,
            Err(StartError::Shop(error)) => failed.push((session, error)),
            Err(ended) => return Err(ended),
        }
    }
    let outages = failed.iter().filter(|(_, error)| error.doubt().is_some());
    // What the shop says over every session is no session's fault.
    if outages.clone().count() >= OUTAGES_MAX || passed == 0 {
        let told = outages.chain(&failed).map(|(_, error)| error.clone()).next();
        return told.map_or(Ok(()), |error| Err(StartError::Shop(error)));
    }
    for (session, error) in failed {
        keep_out(services, session, &error);
    }
    Ok(())
}

/// One session's failure is that session's: it begins as down, and is tried again each cycle.
fn keep_out(services: &Services, session: SessionId, error: &ApiError) {
    services.board.mark_down(session);
    tracing::warn!(http_session = session.0, %error, "an HTTP session fails its check: it is down");
}

async fn one(
    session: SessionId,
    mut look: Look,
    paging: Paging,
) -> (SessionId, Result<(), StartError>) {
    let page = Page { limit: 1, ..paging.first_page() };
    let list = ShopCall::ListProducts { category: None, page };
    for call in [ShopCall::Probe, list] {
        if let Err(error) = look.ask(call).await {
            return (session, Err(error));
        }
    }
    (session, Ok(()))
}
