//! What of a plan an operator may change while it runs, and the settings as they are with it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::domain::in_flight::InFlight;
use crate::domain::rate::Rate;
use crate::domain::time_scale::TimeScale;

use super::plan::RunPlan;

/// The plan's numbers as operators have changed them since.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// The limit.
    pub rate: Rate,
    /// The bound on calls in flight.
    pub in_flight: InFlight,
    /// Real time between two ticks; zero for `max`.
    pub interval: Duration,
    /// Every setting that is not secret, for checkpoints: a resumed run goes on with these.
    pub settings: Value,
    /// Of `settings`; empty once they were changed, whoever writes the checkpoint works it out.
    pub config_hash: String,
}

impl Tuning {
    /// As planned.
    pub fn of(plan: &RunPlan) -> Self {
        Self {
            rate: plan.rate,
            in_flight: plan.in_flight,
            interval: plan.interval,
            settings: plan.settings.clone(),
            config_hash: plan.config_hash.clone(),
        }
    }

    /// Another limit, another bound on calls in flight, or both; answers what is true from here
    /// on.
    pub fn tell(&mut self, rate: Option<Rate>, in_flight: Option<InFlight>) -> String {
        let mut said = Vec::new();
        if let Some(rate) = rate {
            let was = std::mem::replace(&mut self.rate, rate);
            self.set("rate", "per_second", json!(rate));
            said.push(format!("the rate limit is {rate} requests a second, it was {was}"));
        }
        if let Some(bound) = in_flight {
            let was = std::mem::replace(&mut self.in_flight, bound);
            self.set("rate", "in_flight", json!(bound));
            said.push(format!("the bound on calls in flight is {bound}, it was {was}"));
        }
        said.join("; ")
    }

    /// Another time scale.
    pub fn set_time_scale(&mut self, scale: TimeScale) {
        self.interval = scale.interval();
        self.set("time", "scale", json!(scale));
    }

    fn set(&mut self, section: &str, key: &str, value: Value) {
        let Some(sections) = self.settings.as_object_mut() else { return };
        let section = sections.entry(section).or_insert_with(|| Value::Object(Map::new()));
        if let Some(keys) = section.as_object_mut() {
            keys.insert(key.to_owned(), value);
        }
        self.config_hash.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_number_is_a_changed_setting_and_leaves_the_others_alone() {
        let mut tuning = Tuning {
            rate: Rate::DEFAULT,
            in_flight: InFlight::Automatic,
            interval: Duration::from_secs(75),
            settings: json!({ "rate": { "per_second": 50.0 }, "shop": { "mock": true } }),
            config_hash: "abc".to_owned(),
        };
        let said = tuning.tell(Some(Rate::Unlimited), Some(InFlight::Off));
        assert_eq!(
            said,
            "the rate limit is unlimited requests a second, it was 50; \
             the bound on calls in flight is off, it was auto"
        );
        tuning.set_time_scale(TimeScale::Ratio(720.0));
        assert_eq!(tuning.interval, Duration::from_secs(5));
        let expected = json!({
            "rate": { "per_second": "unlimited", "in_flight": "off" }, "shop": { "mock": true },
            "time": { "scale": 720.0 }
        });
        assert_eq!((tuning.settings, tuning.config_hash.as_str()), (expected, ""));
    }
}
