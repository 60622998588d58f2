//! What was shown, a row each: lists unfolded place by place, bought or not.

use std::collections::{HashMap, HashSet};

use super::fact::{Fact, Visit, What};
use super::{Goods, kind_of, number, tags};
use crate::export::value::{Row, Value};

/// What became of a coupon in a visit.
#[derive(Default)]
struct Used<'a> {
    assignment: Option<&'a str>,
    applied: bool,
    redeemed: bool,
}

/// What a visit did with what it was shown: the labels.
struct Done<'a> {
    carted: HashSet<&'a str>,
    bought: HashSet<&'a str>,
    used: HashMap<&'a str, Used<'a>>,
}

impl<'a> Done<'a> {
    fn of(facts: &'a [Fact]) -> Self {
        let (mut carted, mut bought, mut used) = (HashSet::new(), HashSet::new(), HashMap::new());
        for fact in facts {
            match &fact.what {
                What::Event(word, details) => {
                    if word == "cart_add_item" && details.accepted == Some(true) {
                        carted.extend(fact.product_id.as_deref());
                    }
                }
                What::Line { .. } => bought.extend(fact.product_id.as_deref()),
                What::Step { step, assignment } => {
                    let Some(coupon) = fact.coupon_id.as_deref() else { continue };
                    let used: &mut Used<'_> = used.entry(coupon).or_default();
                    used.assignment = used.assignment.max(assignment.as_deref());
                    used.applied |= step == "applied";
                    used.redeemed |= step == "redeemed";
                }
            }
        }
        Self { carted, bought, used }
    }
}

/// The rows of one visit.
pub fn rows(
    (run, visit): (&str, &Visit),
    facts: &[Fact],
    goods: &Goods,
    is_asked: impl Fn(i64) -> bool,
    rows: &mut Vec<Row>,
) {
    let done = Done::of(facts);
    for fact in facts.iter().filter(|fact| is_asked(fact.simulated_at)) {
        let What::Event(word, details) = &fact.what else { continue };
        let mut show = |surface: &str,
                        place: usize,
                        (product, price): (Option<&str>, Option<i64>),
                        coupon: Option<&str>| {
            let mut row = Vec::with_capacity(COLUMNS);
            row.extend([
                Value::Text(visit.flow_id.clone()),
                Value::Integer(fact.seq),
                Value::Text(surface.to_owned()),
                Value::Integer(i64::try_from(place).unwrap_or(i64::MAX)),
            ]);
            row.extend(tags(run, visit));
            row.extend([Value::of_text(product), Value::of_text(coupon)]);
            let used = coupon.and_then(|coupon| done.used.get(coupon));
            row.push(Value::of_text(used.and_then(|used| used.assignment)));
            row.extend(product.map_or([Value::Null, Value::Null], |id| kind_of(goods, id)));
            let known = product.and_then(|id| goods.get(id)).map(|row| row.price_cents);
            row.push(number(price.or(known)));
            let asked = details.category.as_deref().filter(|_| word == "product_list");
            row.push(Value::of_text(asked));
            row.extend([Value::Instant(fact.simulated_at), Value::Instant(fact.recorded_at)]);
            row.extend(match product {
                Some(id) => [done.carted.contains(id), done.bought.contains(id)].map(Value::Bool),
                None => {
                    let is = |of: fn(&Used<'_>) -> bool| Value::Bool(used.is_some_and(of));
                    [is(|used| used.applied), is(|used| used.redeemed)]
                }
            });
            rows.push(row);
        };
        match word.as_str() {
            "product_list" | "product_search" => {
                for (place, id) in details.product_ids.iter().flatten().enumerate() {
                    let price = details.prices_cents.as_ref().and_then(|all| all.get(place));
                    show(word, place, (Some(id), price.copied()), None);
                }
            }
            "view_product" => {
                show("product_view", 0, (fact.product_id.as_deref(), details.price_cents), None);
            }
            "view_coupons" => {
                for (place, id) in details.eligible_coupon_ids.iter().flatten().enumerate() {
                    show("coupons_eligible", place, (None, None), Some(id));
                }
                for (place, id) in details.ineligible_coupon_ids.iter().flatten().enumerate() {
                    show("coupons_ineligible", place, (None, None), Some(id));
                }
            }
            _ => {}
        }
    }
}

/// Values of a row.
pub const COLUMNS: usize = 25;
