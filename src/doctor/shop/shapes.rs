//! Answers against the profile: what did not fit, what it asks for and no answer has, how money is
//! written, and whether the shop says that nothing is simulated.

use std::collections::BTreeSet;

use actors::domain::shop_notes::Misread;
use serde_json::Value;
use shops::shop_api::profile::{Field, Nothing};

use super::heard::Answer;
use super::{AREA, Shop};
use crate::doctor::finding::{Finding, Findings};

/// What is to be done about a misfit.
pub(super) const FIX: &str =
    "say in the profile where it is: `cartload profile try` shows each answer";
/// Misfits that are told.
const TOLD_MAX: usize = 3;
/// Digits of most currencies behind the point.
const MINOR_DIGITS: usize = 2;
/// How deep a flag may stand.
const DEPTH_MAX: usize = 4;
/// What the shops of operators call it.
const FLAG: &str = "is_simulated";

/// What was seen of answers so far.
pub(super) fn look(shop: &Shop, misreads: Vec<(&'static str, Misread)>, findings: &mut Findings) {
    if misreads.is_empty() {
        findings.push(Finding::ok(AREA, "shapes", "answers have the profile's shapes"));
    } else {
        let told: BTreeSet<String> =
            misreads.iter().map(|(step, misread)| format!("{step}: {}", misread.says())).collect();
        let said = told.iter().take(TOLD_MAX).cloned().collect::<Vec<_>>().join("; ");
        findings.push(Finding::warn(AREA, "shapes", said, FIX));
    }
    if let Some(finding) = unread(shop) {
        findings.push(finding);
    }
}

/// Places that the profile names and no listed product has.
fn unread(shop: &Shop) -> Option<Finding> {
    let answers = &shop.profile().answers;
    let (products, item) = (answers.products.as_ref()?, answers.item.as_ref()?);
    let lists = shop.heard.bodies(&["list_products"]);
    let items: Vec<Value> = lists
        .iter()
        .filter_map(|Answer { body, .. }| match products.list.find(body, &Nothing) {
            Some(shops::shop_api::profile::Found::Value(Value::Array(items))) => {
                Some(items.clone())
            }
            Some(_) | None => None,
        })
        .flatten()
        .collect();
    if items.is_empty() {
        return None;
    }
    let optional = [("brand", item.brand.as_ref()), ("in_stock", item.in_stock.as_ref())];
    let missing: Vec<String> = optional
        .into_iter()
        .filter_map(|(name, field)| field.map(|field| (name, field)))
        .filter(|(_, field)| !field.looks_around() && is_nowhere(field, &items))
        .map(|(name, field)| format!("answers.item.{name} (`{}`)", field.as_str()))
        .collect();
    if missing.is_empty() {
        let says = "what the profile names of products is there";
        return Some(Finding::ok(AREA, "fields", says));
    }
    let says = format!("no listed product has {}", missing.join(" and "));
    let fix = "correct the place, or leave the key out: all are taken as without";
    Some(Finding::warn(AREA, "fields", says, fix))
}

fn is_nowhere(field: &Field, items: &[Value]) -> bool {
    items.iter().all(|item| field.find(item, &Nothing).is_none())
}

/// How money stands in these answers, and whether they say that nothing is simulated.
pub(super) fn of_orders(answers: &[Answer], findings: &mut Findings) {
    if answers.is_empty() {
        return;
    }
    let digits = answers.iter().map(|answer| digits(&answer.body, DEPTH_MAX)).max().unwrap_or(0);
    findings.push(match digits > MINOR_DIGITS {
        true => {
            let says = format!(
                "sums have up to {digits} digits behind the point: they are not \
                                rounded, and are held against each other within a cent a line"
            );
            Finding::ok(AREA, "decimals", says)
        }
        false => Finding::ok(AREA, "decimals", "sums are written to the cent"),
    });
    let flags: Vec<bool> = answers.iter().filter_map(|a| flag(&a.body, DEPTH_MAX)).collect();
    if flags.is_empty() {
        let why = format!("its answers do not have {FLAG}");
        findings.push(Finding::skip(AREA, "simulated", why));
    } else if flags.contains(&false) {
        let says = format!("the shop says {FLAG} = false of what agents ordered");
        let fix = "its own figures count agents as people: `cartload shop mark` after the run, \
                   where both share a database";
        findings.push(Finding::warn(AREA, "simulated", says, fix));
    } else {
        findings.push(Finding::ok(AREA, "simulated", format!("orders are {FLAG} = true")));
    }
}

/// The most digits behind the point of any number.
fn digits(value: &Value, depth: usize) -> usize {
    let Some(depth) = depth.checked_sub(1) else { return 0 };
    match value {
        Value::Number(number) => {
            number.to_string().split_once('.').map_or(0, |(_, behind)| behind.len())
        }
        Value::Object(fields) => fields.values().map(|v| digits(v, depth)).max().unwrap_or(0),
        Value::Array(items) => items.iter().map(|v| digits(v, depth)).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::String(_) => 0,
    }
}

fn flag(value: &Value, depth: usize) -> Option<bool> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Object(fields) => {
            let here = fields.get(FLAG).and_then(Value::as_bool);
            here.or_else(|| fields.values().find_map(|value| flag(value, depth)))
        }
        Value::Array(items) => items.iter().find_map(|value| flag(value, depth)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::doctor::finding::{Area, State};

    fn states(body: Value) -> (bool, Findings) {
        let mut findings = Findings::new(Arc::new(|_| {}));
        of_orders(&[Answer { step: "checkout", body }], &mut findings);
        (findings.is(Area::Shop, "simulated", State::Warn), findings)
    }

    #[test]
    fn an_order_that_says_it_is_not_simulated_is_told() {
        assert!(states(json!({"order": {"is_simulated": false}})).0);
        assert!(!states(json!({"order": {"is_simulated": true}})).0);
        let (_, findings) = states(json!({"order": {"id": 1}}));
        assert!(findings.is(Area::Shop, "simulated", State::Skip));
    }

    #[test]
    fn digits_behind_the_point_are_counted_as_written() {
        let body: Value = serde_json::from_str(r#"{"a": [8.9925, 3.5], "b": 7}"#).unwrap();
        assert_eq!(digits(&body, DEPTH_MAX), 4);
        assert_eq!(digits(&json!(3), DEPTH_MAX), 0);
    }
}
