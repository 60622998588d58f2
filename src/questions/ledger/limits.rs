//! What a run's offers were bound by, as its settings say.

use domain::offer::OfferPolicy;
use serde_json::{Map, Value};

/// Cycles in a simulated day.
const CYCLES_PER_DAY: i64 = 24;

/// A limit that arms of an experiment may have moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Of the run.
    pub of_run: i64,
    /// An object: of arms with one of their own, by name.
    pub by_arm: Value,
}

impl Limit {
    /// Open coupons of an agent.
    pub fn wallet_cap(settings: &Value) -> Self {
        Self::read(settings, "wallet_cap", OfferPolicy::default().wallet_cap, 1)
    }

    /// Cycles until a coupon may come back.
    pub fn no_repeat_cycles(settings: &Value) -> Self {
        let days = OfferPolicy::default().no_repeat_days;
        Self::read(settings, "no_repeat_days", days, CYCLES_PER_DAY)
    }

    /// For rows of this arm.
    pub fn of(&self, cohort: Option<&str>) -> i64 {
        let own = cohort.and_then(|cohort| self.by_arm.get(cohort)).and_then(Value::as_i64);
        own.unwrap_or(self.of_run)
    }

    fn read(settings: &Value, key: &str, default: u32, scale: i64) -> Self {
        let scaled = |value: &Value| value.as_i64().map(|n| n.saturating_mul(scale));
        let of_run = settings.pointer(&format!("/offers/{key}")).and_then(scaled);
        let arms = settings.pointer("/experiment/arms").and_then(Value::as_array);
        let of_arm = |arm: &Value| {
            let name = arm.get("name")?.as_str()?;
            let limit = arm.get("overrides")?.get(format!("offers.{key}")).and_then(scaled)?;
            Some((name.to_owned(), limit.into()))
        };
        Self {
            of_run: of_run.unwrap_or(i64::from(default).saturating_mul(scale)),
            by_arm: arms.into_iter().flatten().filter_map(of_arm).collect::<Map<_, _>>().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_arms_limit_is_that_of_its_rows_whatever_its_name() {
        let settings = json!({
            "offers": { "wallet_cap": 20 },
            "experiment": { "arms": [
                { "name": "control", "share": 0.5 },
                { "name": "bold", "share": 0.5, "overrides": { "offers.wallet_cap": 8 } },
                { "name": "x' OR '1", "share": 0.1, "overrides": { "offers.wallet_cap": 9 } },
            ] },
        });
        let cap = Limit::wallet_cap(&settings);
        assert_eq!(cap, Limit { of_run: 20, by_arm: json!({ "bold": 8, "x' OR '1": 9 }) });
        let repeat = Limit::no_repeat_cycles(&settings);
        assert_eq!(repeat, Limit { of_run: 672, by_arm: json!({}) });
        assert_eq!(Limit::wallet_cap(&json!({})).of_run, 32);
    }
}
