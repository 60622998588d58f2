//! What dead runs left behind, cleaned up before a run begins: shopping sessions still active,
//! carts still full at the shop, and runs whose lost orders are to be looked for there.
//!
//! A run with a living owner is never touched, and the agents' table neither. The run that is about
//! to begin or go on sees to its own rows itself.

use std::collections::BTreeMap;

use actors::domain::ids::{AgentId, OwnerToken, RunId};
use actors::ports::shop_api::ShopTraits;
use actors::ports::store::{DirtyCart, StoreError};
use chrono::NaiveDateTime;
use serde_json::Value;
use store::Admin;
use store::admin::audit::LastVisit;

use crate::config::Settings;
use crate::config::shop::ShopTarget;

/// What dead runs left at this run's shop.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    /// Carts that are full.
    pub(super) carts: Vec<DirtyCart>,
    /// Runs whose visits may have orders that no row names.
    pub(super) runs: Vec<RunId>,
}

/// Ends the active rows of dead runs; answers what they left at this run's shop.
pub(super) async fn clean_up(
    admin: &Admin,
    own: RunId,
    dead: &[OwnerToken],
    (settings, shop): (&Settings, &ShopTraits),
    at: NaiveDateTime,
) -> Result<Leftovers, StoreError> {
    for run in admin.runs_with_active_rows().await? {
        if run == own {
            continue;
        }
        if let Some(abandoned @ 1..) = admin.abandon_dead(run, dead.to_vec(), at).await? {
            tracing::warn!(
                dead_run = %run,
                abandoned,
                "clean-up after a dead process: its open shopping sessions are abandoned"
            );
        }
    }
    // Carts and orders in a process's own shop died with it.
    let ShopTarget::Remote { .. } = settings.shop.target() else { return Ok(Leftovers::default()) };
    let here = settings.as_json();
    let runs = admin.list_runs().await?;
    let is_dead = |run: RunId| {
        let known = runs.iter().find(|known| known.run_id == run);
        run != own
            && known.is_some_and(|k| !k.is_owned(dead, at) && is_same_shop(&k.settings, &here))
    };
    // Carts that were a flow's own died with it.
    let visits = if shop.keeps_carts() { admin.last_visits().await? } else { Vec::new() };
    let carts = left_full(visits, is_dead);
    if !carts.is_empty() {
        tracing::warn!(
            carts = carts.len(),
            "earlier runs left carts full at this shop: they are cleared before anything is put in"
        );
    }
    let doubtful = admin.runs_with_lost_orders().await?;
    Ok(Leftovers { carts, runs: doubtful.into_iter().filter(|run| is_dead(*run)).collect() })
}

/// The carts whose agent visited last in a dead run and left items.
fn left_full(visits: Vec<LastVisit>, is_dead: impl Fn(RunId) -> bool) -> Vec<DirtyCart> {
    let mut last: BTreeMap<AgentId, LastVisit> = BTreeMap::new();
    for visit in visits {
        let known = last.get(&visit.cart.agent_id);
        if known.is_none_or(|known| known.opened_at <= visit.opened_at) {
            last.insert(visit.cart.agent_id.clone(), visit);
        }
    }
    let left = last.into_values().filter(|visit| visit.is_dirty && is_dead(visit.run_id));
    left.map(|visit| visit.cart).collect()
}

fn is_same_shop(settings: &Value, here: &Value) -> bool {
    let shop = |settings: &Value, key: &str| settings.get("shop")?.get(key).cloned();
    let is_mock = |settings: &Value| shop(settings, "mock") == Some(Value::Bool(true));
    !is_mock(settings)
        && ["api", "profile"].iter().all(|key| shop(settings, key) == shop(here, key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn visit(run: u128, agent: &str, second: i64, is_dirty: bool) -> LastVisit {
        let agent_id = AgentId::new(agent);
        LastVisit {
            run_id: RunId(Uuid::from_u128(run)),
            cart: DirtyCart { agent_id, user_id: Uuid::nil(), store_id: None },
            opened_at: NaiveDateTime::default() + chrono::TimeDelta::seconds(second),
            is_dirty,
        }
    }

    #[test]
    fn only_the_last_visit_of_an_agent_says_whether_its_cart_is_full() {
        let visits = vec![
            visit(1, "cleared_since", 1, true),
            visit(2, "cleared_since", 2, false),
            visit(1, "left_full", 1, false),
            visit(2, "left_full", 2, true),
            visit(2, "order_of_rows_does_not_count", 9, true),
            visit(1, "order_of_rows_does_not_count", 3, false),
            visit(1, "shops_in_a_living_run", 1, true),
            visit(3, "shops_in_a_living_run", 5, true),
        ];
        let carts = left_full(visits, |run| run != RunId(Uuid::from_u128(3)));
        let names: Vec<&str> = carts.iter().map(|cart| cart.agent_id.as_str()).collect();
        assert_eq!(names, ["left_full", "order_of_rows_does_not_count"]);
    }

    #[test]
    fn a_shop_is_its_address_and_profile() {
        let shop = |api: &str, profile: Value, mock: bool| {
            let shop = json!({ "api": api, "profile": profile, "mock": mock });
            json!({ "shop": shop })
        };
        let here = shop("http://a", Value::Null, false);
        assert!(is_same_shop(&shop("http://a", Value::Null, false), &here));
        assert!(!is_same_shop(&shop("http://b", Value::Null, false), &here));
        assert!(!is_same_shop(&shop("http://a", json!("practice"), false), &here));
        assert!(!is_same_shop(&shop("http://a", Value::Null, true), &here));
        assert!(!is_same_shop(&json!({}), &here));
    }
}
