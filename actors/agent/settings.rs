//! What every agent of a run is told once.

use std::sync::Arc;

use crate::domain::behavior::Behavior;
use crate::domain::ids::{CohortName, OwnerToken, RunId, StoreId};
use crate::domain::offer::Coupon;
use crate::domain::usual_prices::UsualPrices;
use crate::ports::entropy::Entropy;
use crate::ports::pacing::Pacing;
use crate::ports::shop_api::ShopTraits;
use crate::rate_limiter::parked::ParkedTime;
use crate::rate_limiter::throttle::SharedThrottle;

/// What every agent of a run, or of an arm of its experiment, is told once.
#[derive(Clone)]
pub struct AgentSettings {
    /// The run.
    pub run_id: RunId,
    /// This process's right to write.
    pub owner: OwnerToken,
    /// The preset, or that of the agents' arm.
    pub behavior: Arc<Behavior>,
    /// What the shop is like.
    pub shop: ShopTraits,
    /// The branch all agents select; `None` spreads them.
    pub store_id: Option<StoreId>,
    /// The arm of agents whose persona names none.
    pub cohort: Option<CohortName>,
    /// The clocks.
    pub pacing: Arc<dyn Pacing>,
    /// How long the gate was closed.
    pub parked: ParkedTime,
    /// Whether the whole run waits for a shop that says 429.
    pub throttle: SharedThrottle,
    /// What each build of an agent draws from.
    pub entropy: Entropy,
    /// What the shop's products usually cost.
    pub prices: Arc<UsualPrices>,
    /// What the coupons say that cartload hands out (`wallet: engine`), or codes that shoppers know
    /// and the shop judges (`wallet: codes`).
    pub coupons: Arc<Vec<Coupon>>,
}
