//! Who was handed coupons although the run holds it out: only the hash of its name knows.

use domain::ids::AgentId;
use domain::offer::OfferPolicy;
use domain::offer::is_held_out;
use questions::ledger::checks::{Finding, SHOWN_MAX};
use serde_json::Value;

/// The check of whoever was handed coupons: nobody of the holdout may be among them.
pub fn held_out(
    settings: &Value,
    holders: &[Finding],
) -> (&'static str, &'static str, Vec<Finding>) {
    let percent = settings.pointer("/offers/holdout_percent").and_then(Value::as_f64);
    let default = OfferPolicy::default();
    let holdout_percent = percent.unwrap_or(default.holdout_percent);
    let policy = OfferPolicy { holdout_percent, ..default };
    let is_out = |row: &&Finding| is_held_out(&AgentId::new(&row.subject), &policy);
    let total = holders.iter().filter(is_out).count();
    let total = i64::try_from(total).unwrap_or(i64::MAX);
    let shown = holders.iter().filter(is_out).take(SHOWN_MAX.unsigned_abs() as usize);
    let found = shown.map(|row| Finding { total, ..row.clone() }).collect();
    ("holdout", "an agent of the holdout that was handed coupons", found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_the_holders_those_of_the_holdout_are_wrong_and_all_of_them_are_counted() {
        let row = |n: usize| Finding {
            cycle: 0,
            replay: 0,
            subject: format!("agent_{n:03}"),
            found: "32 coupons".to_owned(),
            total: 0,
        };
        let holders: Vec<Finding> = (0..200).map(row).collect();
        let of = |percent| held_out(&json!({ "offers": { "holdout_percent": percent } }), &holders);
        let (name, _, found) = of(50.0);
        assert_eq!((name, found.len()), ("holdout", 20));
        assert!((70..130).contains(&found[0].total), "{}", found[0].total);
        assert_eq!(of(0.0).2, []);
        assert!(!held_out(&json!({}), &holders).2.is_empty(), "one in ten by default");
    }
}
