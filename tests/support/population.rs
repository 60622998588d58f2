//! Personas, presets and plans of whole runs, as the shipped configuration makes them.

use std::sync::Arc;
use std::time::Duration;

use actors::coordinator::plan::{Ends, RunPlan, WarmUp};
use actors::coordinator::ramp;
use actors::domain::behavior::{AddRule, Behavior, FrequencyBase};
use actors::domain::ids::{AgentId, OwnerToken, RunId};
use actors::domain::offer::OfferPolicy;
use actors::domain::persona::Persona;
use actors::domain::population::{Archetypes, generate};
use actors::domain::rate::Rate;
use actors::ports::entropy::Entropy;
use actors::ports::shop_api::ShopTraits;
use shops::practice_shop::catalog;
use text::ron_text;

use super::flows::start;

/// Personas agent_001 ... of the shipped archetypes, each population different.
pub fn personas(count: usize) -> Vec<Persona> {
    let text = include_str!("../../config/personas.ron");
    let archetypes: Archetypes = ron_text::parse("config/personas.ron", text).unwrap();
    let products = catalog::builtin().unwrap().products;
    let mut categories: Vec<String> = products.into_iter().map(|p| p.category).collect();
    categories.sort();
    categories.dedup();
    generate(count, &archetypes, &categories, &mut rand::rng())
}

/// The shipped preset `load`.
pub fn load() -> Behavior {
    let text = include_str!("../../config/behavior/load.ron");
    ron_text::parse("config/behavior/load.ron", text).unwrap()
}

/// The shipped preset `lifelike`.
pub fn lifelike() -> Behavior {
    let text = include_str!("../../config/behavior/lifelike.ron");
    ron_text::parse("config/behavior/lifelike.ron", text).unwrap()
}

/// `load`, but everybody shops in every hour.
pub fn always_shopping() -> Behavior {
    let base = 1e9;
    let shop_base = FrequencyBase { frequent: base, regular: base, occasional: base, rare: base };
    Behavior { shop_base, shop_probability_max: 1.0, ..load() }
}

/// Everybody shops in every hour and puts everything seen into the cart.
pub fn keen() -> Behavior {
    let add = AddRule {
        base: 1.0,
        price_weight_max: 0.0,
        over_budget_factor: 1.0,
        ..always_shopping().add
    };
    Behavior { add, ..always_shopping() }
}

/// All agents at once, as fast as work allows, without a limit, until stopped.
pub fn plan(shop: ShopTraits, behavior: Behavior) -> RunPlan {
    RunPlan {
        run_id: RunId::fresh(),
        owner: OwnerToken::fresh(),
        simulated_start: start(),
        interval: Duration::ZERO,
        ends: Ends::default(),
        warm_up: WarmUp { steps_percent: Vec::new(), cycles_per_step: 2 },
        rate: Rate::Unlimited,
        behavior: Arc::new(behavior),
        shop,
        agents_max: None,
        store_id: None,
        offers: OfferPolicy::default(),
        coupons: Arc::new(shops::coupon_book::builtin().unwrap()),
        experiment: None,
        checkpoint_every_cycles: 10,
        entropy: Entropy::System,
        settings: serde_json::json!({}),
        config_hash: String::new(),
        dirty_carts: Vec::new(),
        resume_from: None,
    }
}

/// The first `count` of `agents` agents that the warm-up releases.
pub fn first_released(agents: usize, count: usize) -> Vec<String> {
    let mut ids: Vec<AgentId> =
        (1..=agents).map(|n| AgentId::new(format!("agent_{n:03}"))).collect();
    ramp::order_for_release(&mut ids);
    ids.into_iter().take(count).map(|id| id.as_str().to_owned()).collect()
}
