//! What failures mean, by the statuses that the document gives them.

use super::plan::Plan;
use super::ron::{Entry, Ron};

/// Rules: the step, the statuses, a word that must be in the body, what it is then.
const RULES: [(&str, &[u16], &str, &str); 9] = [
    ("view_product", &[404, 410], "", "product_gone"),
    ("add_item", &[404, 410], "", "product_gone"),
    ("add_item", &[409], "", "stock"),
    ("add_item", &[400, 422], "stock", "stock"),
    ("apply_coupon", &[400, 404, 409, 410, 422], "", "coupon"),
    ("checkout", &[402], "", "payment"),
    ("checkout", &[409], "", "stock"),
    ("checkout", &[400, 422], "stock", "stock"),
    ("checkout", &[400, 422], "empty", "cart_empty"),
];

/// The rules that fit what operations answer.
pub(super) fn rules(plan: &Plan<'_, '_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (name, statuses, word, refusal) in RULES {
        let step = plan.steps.iter().find(|step| step.name == name);
        let Some(operation) = step.and_then(|step| step.operation) else { continue };
        let told = statuses.iter().filter(|status| operation.errors.contains_key(status));
        let told: Vec<String> = told.map(u16::to_string).collect();
        let is_usual = operation.errors.is_empty();
        let statuses: Vec<String> = match is_usual {
            true => statuses.iter().map(u16::to_string).collect(),
            false => told,
        };
        if statuses.is_empty() {
            continue;
        }
        let mut rule = vec![
            Entry::bare("on", &format!("[{name}]")),
            Entry::bare("status", &format!("[{}]", statuses.join(", "))),
        ];
        if !word.is_empty() {
            rule.push(Entry::text("contains", word));
        }
        rule.push(Entry::bare("refusal", refusal));
        entries.push(Entry::new("", Ron::Struct(rule)));
    }
    // A token that has run out is got again.
    if plan.agent.iter().any(|call| call.capture.iter().any(|(name, _)| name == "token")) {
        let rule = vec![
            Entry::bare("status", "[401]"),
            Entry::new("forget", Ron::texts(&["token".to_owned()])),
            Entry::bare("failure", "true"),
        ];
        entries.push(Entry::new("", Ron::Struct(rule)));
    }
    if let Some(first) = entries.first_mut() {
        let note = "guessed by status: see what your shop answers where it says no (a 200, too)";
        *first = first.clone().noted([note.to_owned()]);
    }
    entries
}
