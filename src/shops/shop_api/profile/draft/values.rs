//! Where the values are that calls want and nobody has: in lists, in the cart.

use super::drafted::Drafted;
use super::fields;
use super::naming;
use super::plan::{Plan, Planner, first_of};
use super::roles::Role;
use super::schema::{Kind, Place};
use super::wanted::ID;
use super::words::{has_any, is_word_of, words};
use crate::shop_api::profile::call::Method;

/// Calls of a setup block.
const SETUP_CALLS_MAX: usize = 12;
/// Values of cartload's own.
const BUILT_IN: &str = "agent_id user_id flow_id category limit offset page cursor product_id \
    variant_id quantity coupon_code order_id store_id";

impl<'r, 'd> Planner<'r, 'd> {
    /// The values that calls want and nobody has.
    pub(super) fn unknown(plan: &Plan<'r, 'd>) -> Vec<String> {
        let of_steps = plan.steps.iter().flat_map(|step| &step.calls);
        let calls = of_steps.chain(&plan.run).chain(&plan.agent).chain(&plan.cart);
        let captured: Vec<&String> =
            calls.clone().flat_map(|call| &call.capture).map(|(name, _)| name).collect();
        let each: Vec<&String> =
            calls.clone().filter_map(|call| call.each.as_ref()).map(|(name, _)| name).collect();
        let mut unknown: Vec<String> = Vec::new();
        for name in calls.flat_map(Drafted::wants) {
            let is_set = naming::OWN_VARS.iter().any(|(known, _)| *known == name);
            let is_known = captured.contains(&&name) || each.contains(&&name) || is_set;
            let is_built_in = is_word_of(&name, BUILT_IN);
            if !is_known && !is_built_in && !unknown.contains(&name) {
                unknown.push(name);
            }
        }
        unknown
    }

    /// Lists that have what calls want, called once a run; and the cart's own answer.
    pub(super) fn look_for_values(&mut self) {
        for name in Self::unknown(&self.plan) {
            let noun: Vec<String> = words(&name)
                .into_iter()
                .filter(|word| !["id", "selected"].contains(&word.as_str()))
                .collect();
            // The first of these would be somebody else's.
            let is_own = has_any(&noun, &["cart", "customer", "user", "order", "account"]);
            if noun.is_empty()
                || is_own
                || !name.ends_with("_id")
                || self.plan.run.len() >= SETUP_CALLS_MAX
            {
                continue;
            }
            if !self.take_from_cart(&name, &noun) {
                self.take_from_list(&name, &noun);
            }
        }
    }

    fn take_from_list(&mut self, name: &str, noun: &[String]) {
        let document = self.document();
        let mut lists = document
            .operations
            .iter()
            .filter(|op| op.method == Method::Get && op.values() == 0 && op.noun().ends_with(noun));
        let found = lists.find_map(|operation| {
            let listed = fields::list(&document.schemas, operation.answer?, &[])?;
            let places = document.schemas.places(listed.item, 1, false);
            let id = fields::pick(&places, &ID)?.written();
            Some((operation, first_of(&listed.place.written(), &id)))
        });
        let Some((operation, place)) = found else { return };
        let mut call = self.draft(Role::Health, operation);
        call.capture.push((name.to_owned(), place));
        call.notes.push(format!("{name}: the first of them; choose another one by its values"));
        self.plan.run.push(call);
        self.plan.used.push(operation);
    }

    /// A list in the cart, read before the order: `fulfillments.0.id`.
    fn take_from_cart(&mut self, name: &str, noun: &[String]) -> bool {
        let steps = &self.plan.steps;
        let wants = |call: &Drafted| call.wants().iter().any(|wanted| wanted == name);
        let read = steps.iter().find(|step| step.name == "read_cart");
        let Some(operation) = read.and_then(|step| step.operation) else { return false };
        let Some(answer) = operation.answer else { return false };
        let places = self.document().schemas.places(answer, 5, true);
        let is_it = |place: &&Place<'d>| match place.path.as_slice() {
            [.., list, "0", "id"] => place.kind != Kind::Object && words(list).ends_with(noun),
            _ => false,
        };
        let Some(place) = places.iter().find(is_it).map(Place::written) else {
            return false;
        };
        let call = self.draft(Role::ReadCart, operation);
        let checkout = self.plan.steps.iter_mut().find(|step| step.name == "checkout");
        let Some(checkout) = checkout else { return false };
        let Some(at) = checkout.calls.iter().position(wants) else { return false };
        let before = at.checked_sub(1).and_then(|before| checkout.calls.get_mut(before));
        match before.filter(|before| before.path == call.path && before.method == call.method) {
            Some(before) => before.capture.push((name.to_owned(), place)),
            None => {
                let capture = vec![(name.to_owned(), place)];
                checkout.calls.insert(at, Drafted { capture, ..call });
            }
        }
        true
    }
}
