//! The plan of a run of the tests.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::coordinator::plan::{Ends, RunPlan, WarmUp};
use crate::domain::ids::{OwnerToken, RunId};
use crate::domain::in_flight::InFlight;
use crate::domain::offer::{CouponUse, OfferPolicy};
use crate::domain::presets;
use crate::domain::rate::Rate;
use crate::ports::entropy::Entropy;
use crate::ports::shop_api::{
    CartMode, CatalogMode, IdempotencyMode, OrderReads, PageBy, Paging, RequestCounts, ShopTraits,
    WalletMode,
};

/// Three cycles, a checkpoint after every second.
pub fn plan() -> RunPlan {
    RunPlan {
        run_id: RunId::fresh(),
        owner: OwnerToken::fresh(),
        simulated_start: chrono::NaiveDateTime::default(),
        interval: Duration::from_secs(75),
        ends: Ends { cycles: Some(3), real_time: None },
        warm_up: WarmUp::default(),
        rate: Rate::DEFAULT,
        in_flight: InFlight::Automatic,
        behavior: Arc::new(presets::load()),
        shop: ShopTraits {
            catalog: CatalogMode::Live,
            wallet: WalletMode::Engine,
            coupons: CouponUse::SingleUse,
            idempotency: IdempotencyMode::Honoured,
            first_visit: false,
            selects_store: false,
            carts: CartMode::Kept,
            is_real: true,
            orders: OrderReads {
                lists: false,
                names_flows: false,
                shows_one: false,
                finds: false,
                finds_by_refs: false,
                shown_for: None,
                settles_in: Duration::ZERO,
                is_own: false,
            },
            paging: Paging { by: PageBy::Offset, size: 100, first: 1 },
            clears: true,
            removes: false,
            searches: false,
            requests: RequestCounts::default(),
        },
        agents_max: None,
        store_id: None,
        offers: OfferPolicy::default(),
        coupons: Arc::default(),
        experiment: None,
        checkpoint_every_cycles: 2,
        entropy: Entropy::Seeded(1),
        settings: json!({}),
        config_hash: String::new(),
        resume_from: None,
        dirty_carts: Vec::new(),
        dead_runs: Vec::new(),
    }
}
