//! From settings to what a run is asked to do: the parts of a [`RunPlan`] that need no other room.

use std::sync::Arc;
use std::time::Duration;

use actors::coordinator::plan::{Ends, RunPlan, WarmUp};
use actors::domain::behavior::Behavior;
use actors::domain::experiment::Experiment;
use actors::domain::ids::{OwnerToken, RunId, StoreId};
use actors::domain::offer::Coupon;
use actors::ports::entropy::Entropy;
use actors::ports::shop_api::ShopTraits;
use chrono::NaiveDateTime;
use serde_json::{Map, Value};

use super::{ConfigError, Settings};

/// Real seconds of an hour.
const HOUR_S: f64 = 3600.0;
/// Cycles in a simulated day.
const CYCLES_PER_DAY: u32 = 24;

/// What a plan needs besides the settings.
#[derive(Clone, Debug)]
pub struct PlanParts {
    /// The run's id.
    pub run_id: RunId,
    /// This process's right to write.
    pub owner: OwnerToken,
    /// Wall clock, UTC; decides which week's Monday is meant.
    pub now: NaiveDateTime,
    /// The preset that the settings name, read.
    pub behavior: Arc<Behavior>,
    /// What the profile says.
    pub shop: ShopTraits,
    /// Coupon definitions.
    pub coupons: Arc<Vec<Coupon>>,
}

impl Settings {
    /// The plan of a new run.
    pub fn plan(&self, parts: PlanParts) -> Result<RunPlan, ConfigError> {
        let simulated_start = self.time.start.resolve(parts.now);
        let experiment = self.arms(&parts.behavior)?;
        Ok(RunPlan {
            run_id: parts.run_id,
            owner: parts.owner,
            simulated_start,
            interval: self.interval(),
            ends: self.ends(simulated_start)?,
            warm_up: self.warm_up_steps(),
            rate: self.rate.per_second,
            in_flight: self.rate.in_flight,
            behavior: parts.behavior,
            shop: parts.shop,
            agents_max: self.population.agents.and_then(|n| usize::try_from(n).ok()),
            store_id: self.shop.store_id.as_deref().map(StoreId::new),
            offers: self.offers.policy(),
            coupons: parts.coupons,
            experiment: experiment.map(Arc::new),
            checkpoint_every_cycles: self.checkpoints.every_cycles,
            entropy: Entropy::System,
            config_hash: crate::checkpoint_files::config_hash(&self.as_json()),
            settings: self.as_json(),
            resume_from: None,
            dirty_carts: Vec::new(),
            dead_runs: Vec::new(),
        })
    }

    /// The experiment on top of this preset; `None` where there is none.
    pub fn arms(&self, behavior: &Behavior) -> Result<Option<Experiment>, ConfigError> {
        let arms = self.experiment.arms_of(behavior, &self.offers);
        arms.map_err(|fault| fault.at(self.origin_of("experiment.arms").clone()))
    }

    /// Real time between two ticks: 3600 s / time_scale (Q6.3); zero for `max`.
    pub fn interval(&self) -> Duration {
        self.time.scale.interval()
    }

    /// Where a run that begins at `start` ends: the first reached of all ends that are set.
    pub fn ends(&self, start: NaiveDateTime) -> Result<Ends, ConfigError> {
        let days = self.time.days.map(|days| days.saturating_mul(CYCLES_PER_DAY));
        let until = self.time.until.map(|until| self.cycles_until(start, until.0)).transpose()?;
        Ok(Ends {
            cycles: [self.time.cycles, days, until].into_iter().flatten().min(),
            real_time: self.time.hours.map(|hours| Duration::from_secs_f64(hours * HOUR_S)),
        })
    }

    fn cycles_until(&self, start: NaiveDateTime, until: NaiveDateTime) -> Result<u32, ConfigError> {
        let cycles = u32::try_from((until - start).num_hours()).unwrap_or(0);
        if cycles == 0 {
            let origin = self.origin_of("time.until").clone();
            return Err(ConfigError::EndsBeforeStart { origin, until, start });
        }
        Ok(cycles)
    }

    /// The steps of the warm-up; none when it is off.
    pub fn warm_up_steps(&self) -> WarmUp {
        let steps = if self.warm_up.enabled { self.warm_up.steps_percent.clone() } else { vec![] };
        WarmUp { steps_percent: steps, cycles_per_step: self.warm_up.cycles_per_step }
    }

    /// Every setting by section and key, without secrets: for `runs.settings` and checkpoints.
    pub fn as_json(&self) -> Value {
        let mut sections = Map::new();
        for shown in &self.shown {
            let Some((section, key)) = shown.key.split_once('.') else { continue };
            let entry = sections.entry(section).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(keys) = entry {
                keys.insert(key.to_owned(), shown.value.clone());
            }
        }
        Value::Object(sections)
    }
}
