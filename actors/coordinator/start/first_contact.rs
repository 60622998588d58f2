//! Before the first tick: does the shop take agents as its users, and do they reach their branch?
//!
//! One user that the shop does not know is that agent's failure and no reason not to begin: a few
//! are asked, and one that is taken is enough.

use crate::agent::messages::ShopFacts;
use crate::domain::persona::Persona;
use crate::ports::shop_api::{ApiError, ApiErrorKind, Caller, ShopCall};

use super::Look;
use crate::coordinator::messages::StartError;
use crate::coordinator::plan::RunPlan;

/// Agents asked, at most.
const ASKED_MAX: usize = 3;

/// Those who are asked.
pub fn callers<'a>(personas: impl IntoIterator<Item = &'a Persona>) -> Vec<Caller> {
    let personas: Vec<&Persona> = personas.into_iter().collect();
    let asked = asked_first(personas.len()).into_iter().filter_map(|place| personas.get(place));
    let caller = |persona: &&Persona| Caller {
        agent_id: persona.agent_id.clone(),
        user_id: persona.user_id,
        flow_id: None,
    };
    asked.map(caller).collect()
}

/// Of so many the first, one from the middle, the last: the places of those who are asked.
pub fn asked_first(count: usize) -> Vec<usize> {
    let Some(last) = count.checked_sub(1) else { return Vec::new() };
    let mut places: Vec<usize> = (0..ASKED_MAX).map(|n| n * last / (ASKED_MAX - 1)).collect();
    places.dedup();
    places
}

/// Makes the first calls of an agent, in the name of one after another until one is taken; `look`
/// goes on as that one. What none of them may do is told as it was said to the first.
pub(in crate::coordinator) async fn meet(
    look: &mut Look,
    callers: &[Caller],
    plan: &RunPlan,
    shop: &ShopFacts,
) -> Result<(), StartError> {
    let mut refused = None;
    for caller in callers {
        look.become_caller(caller.clone());
        match visit(look, caller, plan, shop).await {
            Ok(()) => return Ok(()),
            Err(StartError::Shop(error)) if error.doubt().is_none() => {
                refused.get_or_insert(StartError::Shop(error));
            }
            Err(ended) => return Err(ended),
        }
    }
    refused.map_or(Ok(()), Err)
}

async fn visit(
    look: &mut Look,
    caller: &Caller,
    plan: &RunPlan,
    shop: &ShopFacts,
) -> Result<(), StartError> {
    if plan.shop.first_visit {
        match look.ask(ShopCall::FirstVisit).await {
            // A shop that says no for reasons of business has said who it knows.
            Err(StartError::Shop(ApiError { kind: ApiErrorKind::Refused(_), .. })) | Ok(_) => {}
            Err(error) => return Err(error),
        }
    }
    let store = plan.store_id.clone().or_else(|| shop.store_of(&caller.agent_id));
    if let Some(store) = store.filter(|_| plan.shop.selects_store) {
        look.ask(ShopCall::SelectStore { store }).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_are_asked_from_end_to_end_and_nobody_twice() {
        assert_eq!(asked_first(372), [0, 185, 371]);
        assert_eq!(asked_first(3), [0, 1, 2]);
        assert_eq!(asked_first(2), [0, 1]);
        assert_eq!(asked_first(1), [0]);
        assert_eq!(asked_first(0), [0; 0]);
    }
}
