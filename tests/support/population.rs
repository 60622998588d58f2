//! Personas, presets and plans of whole runs, as the shipped configuration makes them.

use std::sync::Arc;

use actors::coordinator::plan::RunPlan;
use actors::coordinator::ramp;
use actors::domain::behavior::{AddRule, Behavior, FrequencyBase};
use actors::domain::ids::AgentId;
use actors::domain::persona::Persona;
use actors::ports::shop_api::ShopTraits;
use cartload::{presets, rehearsal};

use super::flows::start;

/// Personas agent_001 ... of the shipped archetypes, each population different.
pub fn personas(count: usize) -> Vec<Persona> {
    presets::personas(u32::try_from(count).unwrap(), &[], &mut rand::rng()).unwrap()
}

/// The shipped preset `load`.
pub fn load() -> Behavior {
    Arc::unwrap_or_clone(presets::behavior("load").unwrap())
}

/// The shipped preset `lifelike`.
pub fn lifelike() -> Behavior {
    Arc::unwrap_or_clone(presets::behavior("lifelike").unwrap())
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
        simulated_start: start(),
        behavior: Arc::new(behavior),
        settings: serde_json::json!({}),
        config_hash: String::new(),
        ..rehearsal::plan(shop, &[]).unwrap()
    }
}

/// The first `count` of `agents` agents that the warm-up releases.
pub fn first_released(agents: usize, count: usize) -> Vec<String> {
    let mut ids: Vec<AgentId> =
        (1..=agents).map(|n| AgentId::new(format!("agent_{n:03}"))).collect();
    ramp::order_for_release(&mut ids);
    ids.into_iter().take(count).map(|id| id.as_str().to_owned()).collect()
}
