//! One visit of one agent to a shop by its profile, without a run: what each request was and meant,
//! refusals that are provoked on purpose, and the arithmetic of the order.
//!
//! What is tried is what runs use: requests go through their adapter, which tells of each, one at a
//! time, each with a permit of its own.

mod advice;
mod bill;
pub(crate) mod door;
mod looking;
mod ordering;
mod provoking;
mod report;
mod told;
mod visit;

use actors::domain::ids::{AgentId, StoreId};
use actors::domain::offer::Coupon;
use shops::practice_shop::RunningShop;
use shops::shop_api::http::{HttpShop, ShopSetup};
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

use crate::running::signals::Signal;
use crate::running::{Reached, RunError};

use self::door::Door;
pub use self::report::Report;
use self::told::Ears;
use self::visit::Visit;

/// Told of each line as it comes.
pub type Say = std::sync::Arc<dyn Fn(&str) + Send + Sync>;

/// A visit that is asked for.
pub struct Asked {
    /// Who comes.
    pub agent: AgentId,
    /// Its user at the shop; of tokens.
    pub user: Uuid,
    /// The branch; `None`: the first that is listed.
    pub store: Option<StoreId>,
    /// What the file of coupons defines for the shop.
    pub coupons: Vec<Coupon>,
    /// One of the profile's ways to sign in; `None`: its own choice.
    pub auth: Option<String>,
    /// Whether something is ordered.
    pub orders: bool,
}

/// How a visit ended.
pub struct Ended {
    /// What came of it.
    pub report: Report,
    /// What ended it early.
    pub signal: Option<Signal>,
}

/// Visits the shop, and leaves no cart behind, whatever happens.
pub async fn visit(asked: &Asked, (setup, practice): Reached, say: Say) -> Result<Ended, RunError> {
    let ears = Ears::new(Say::clone(&say));
    let setup = setup.observed(ears.observer());
    let ended = with_shop(asked, setup, ears, say).await?;
    practice.map_or(Ok(()), RunningShop::stop).map_err(RunError::PracticeShopOpen)?;
    Ok(ended)
}

async fn with_shop(
    asked: &Asked,
    setup: ShopSetup,
    ears: Ears,
    say: Say,
) -> Result<Ended, RunError> {
    let setup = std::sync::Arc::new(setup);
    let shop = HttpShop::new(std::sync::Arc::clone(&setup));
    let door = Door::new(shop, (asked.agent.clone(), asked.user), setup.profile());
    let mut visit = Visit::new(setup.profile(), asked, (door, ears), say);
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signals)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(RunError::Signals)?;
    let signal = tokio::select! {
        () = visit.go() => None,
        _ = tokio::signal::ctrl_c() => Some(Signal::Interrupted),
        _ = terminate.recv() => Some(Signal::Terminated),
        _ = hang_up.recv() => Some(Signal::HungUp),
    };
    visit.leave(signal).await;
    Ok(Ended { report: visit.into_report(), signal })
}
