//! The constants of a preset (config/behavior/load.ron, lifelike.ron), each with its unit.
//!
//! Every number of docs/behavior.md that a preset may replace is a field here and nowhere else.

use serde::{Deserialize, Serialize};

use super::persona::{DealSeeking, ShoppingFrequency};

mod choice;
mod course;
mod defaults;

pub use choice::{ChoiceRule, MoneyRule};
pub use course::{CourseRule, IntentRule};
pub use defaults::PresetDefaults;

/// One preset: `load` is a load figure (9.6 visits a day), `lifelike` is for training data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behavior {
    /// The preset's name, stored with the run.
    pub name: String,
    /// Chance to shop in a neutral simulated hour, by frequency.
    pub shop_base: FrequencyBase,
    /// When in the day agents shop that have no preference of their own.
    pub hour_curve: HourCurve,
    /// What an agent does again and again.
    pub habit: HabitRule,
    /// p_shop is at most this.
    pub shop_probability_max: f64,
    /// Chance to browse without a cart in a neutral simulated hour.
    pub browse_base: f64,
    /// Products viewed when browsing only.
    pub browse_views: Range,
    /// Products looked at when shopping.
    pub look: LookRule,
    /// Whether each view calls the product instead of taking it from the list.
    pub view_calls: bool,
    /// Chance to add a product.
    pub add: AddRule,
    /// Chance and choice of coupons.
    pub coupon: CouponRule,
    /// Chance to check out.
    pub checkout: CheckoutRule,
    /// Simulated seconds between steps.
    pub think: ThinkTimes,
    /// Which products are wanted; none: evenly those of the list, weighed by `look`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<ChoiceRule>,
    /// How a visit is cut to the purse; none: by `look` and `add` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<MoneyRule>,
    /// What visits are for; none: a visit looks first, then fills its cart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<CourseRule>,
    /// Settings of the run that it speaks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defaults: Option<PresetDefaults>,
}

/// Chance to shop in a neutral hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrequencyBase {
    /// For frequent shoppers.
    pub frequent: f64,
    /// For regular shoppers.
    pub regular: f64,
    /// For occasional shoppers.
    pub occasional: f64,
    /// For rare shoppers.
    pub rare: f64,
}

impl FrequencyBase {
    /// The base for this frequency.
    pub fn of(&self, frequency: ShoppingFrequency) -> f64 {
        match frequency {
            ShoppingFrequency::Frequent => self.frequent,
            ShoppingFrequency::Regular => self.regular,
            ShoppingFrequency::Occasional => self.occasional,
            ShoppingFrequency::Rare => self.rare,
        }
    }
}

/// Weights of the hours of a day, 0..23 h; only their proportions count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct HourCurve([f64; 24]);

/// Why a list of numbers is no curve of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hour_curve must hold 24 numbers from 0 on, one for each hour from 0 to 23, not all 0")]
pub struct NoHourCurve;

impl HourCurve {
    /// The weights.
    pub fn weights(&self) -> [f64; 24] {
        self.0
    }
}

impl TryFrom<Vec<f64>> for HourCurve {
    type Error = NoHourCurve;

    fn try_from(weights: Vec<f64>) -> Result<Self, NoHourCurve> {
        let weights: [f64; 24] = weights.try_into().map_err(|_| NoHourCurve)?;
        let total: f64 = weights.iter().sum();
        let is_curve = weights.iter().all(|w| *w >= 0.0) && total > 0.0 && total.is_finite();
        if is_curve { Ok(Self(weights)) } else { Err(NoHourCurve) }
    }
}

impl From<HourCurve> for Vec<f64> {
    fn from(curve: HourCurve) -> Self {
        curve.0.to_vec()
    }
}

/// What the days of the week do to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HabitRule {
    /// Share of an agent's visits that goes to its own weekday on top of what that day gets
    /// anyway, 0-1.
    pub weekly: f64,
    /// How much of a persona's affinities shows: a day weighs 1 + this x (2 x affinity - 1).
    pub day_contrast: f64,
}

/// Both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Least.
    pub min: u32,
    /// Most.
    pub max: u32,
}

/// n = clamp(int(avg_cart_value in dollars / divisor x e^(sigma x a standard normal + agent_sigma x
/// the agent's own)), min, max).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookRule {
    /// Dollars of average cart value for each product looked at.
    pub dollars_per_product: f64,
    /// Sigma of the logarithm from visit to visit: now a quick trip, now the week's shopping.
    pub sigma: f64,
    /// Sigma of the logarithm from agent to agent, beside what their average cart values say: some
    /// always buy much.
    #[serde(default)]
    pub agent_sigma: f64,
    /// Bounds.
    pub products: Range,
    /// A product of a brand bought before weighs 1 + brand_loyalty x this when products are chosen
    /// from a list.
    pub loyal_brand_gain: f64,
}

/// p = base + impulsivity x gain, less the price's and the budget's weight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddRule {
    /// For an agent with impulsivity 0.
    pub base: f64,
    /// Added in full at impulsivity 1.
    pub impulsivity_gain: f64,
    /// p x (1 - price_sensitivity x min(price / (budget / 4), this)).
    pub price_weight_max: f64,
    /// p x this when the cart would exceed the budget.
    pub over_budget_factor: f64,
    /// The budget is what is left of this simulated week instead of `weekly_budget`.
    pub running_budget: bool,
    /// p of a brand bought before x (1 + brand_loyalty x this), capped at 1.
    pub loyal_brand_gain: f64,
    /// More than one unit with p = impulsivity x this; then 2 or 3 evenly.
    pub multiple_gain: f64,
}

/// Accepting and applying coupons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CouponChoice {
    /// The best accepted one (at most one call).
    Best,
    /// The best accepted one of each type.
    BestOfEachType,
}

/// How a follower of deals treats coupons.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DealRule {
    /// Chance to look at the wallet before the checkout.
    pub look: f64,
    /// The chance to accept an eligible coupon x this.
    pub accept: f64,
}

/// By deal_seeking_behavior.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DealRules {
    /// Takes what comes.
    pub passive: DealRule,
    /// Looks at offers.
    pub observer: DealRule,
    /// Looks for offers.
    pub active_hunter: DealRule,
    /// Shops for the offers.
    pub extreme: DealRule,
}

impl DealRules {
    /// The rule for this way to follow deals.
    pub fn of(&self, deal_seeking: DealSeeking) -> DealRule {
        match deal_seeking {
            DealSeeking::Passive => self.passive,
            DealSeeking::Observer => self.observer,
            DealSeeking::ActiveHunter => self.active_hunter,
            DealSeeking::Extreme => self.extreme,
        }
    }
}

/// p = (base + coupon_affinity x gain) x accept of its deal seeking, for each eligible coupon of a
/// wallet that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CouponRule {
    /// For an agent with coupon_affinity 0.
    pub base: f64,
    /// Added in full at coupon_affinity 1.
    pub affinity_gain: f64,
    /// How many of the accepted ones are applied.
    pub choice: CouponChoice,
    /// What following deals changes.
    pub deals: DealRules,
    /// What a coupon's content and age change; none: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentRule>,
}

/// The chance to accept a coupon, further x (depth / depth_usual)^depth_power x (1 - fade x share
/// of its life that is over) x the agent's standing propensity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentRule {
    /// Exponent of the depth: what the coupon takes off over the worth of the goods it is for.
    pub depth_power: f64,
    /// The depth at which it changes nothing, 0-1.
    pub depth_usual: f64,
    /// What a coupon at its end has lost, 0-1.
    pub fade: f64,
    /// Shape of the Gamma law of mean 1 that propensities follow over agents: the smaller, the
    /// fewer agents redeem most coupons.
    pub propensity_shape: f64,
    /// Added to what an agent wants of a category or brand that it holds a coupon for, x its chance
    /// to look at its wallet; in units of a standard Gumbel draw.
    pub pull: f64,
}

/// p = clamp(base + gain x impulsivity - loss x price_sensitivity + bonus if a coupon was applied).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckoutRule {
    /// For a neutral agent.
    pub base: f64,
    /// Added in full at impulsivity 1.
    pub impulsivity_gain: f64,
    /// Taken off in full at price_sensitivity 1.
    pub price_sensitivity_loss: f64,
    /// Added when a coupon was applied.
    pub coupon_bonus: f64,
    /// Least.
    pub min: f64,
    /// Most.
    pub max: f64,
}

/// A log-normal time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogNormalTime {
    /// Median, simulated seconds.
    pub median_s: f64,
    /// Sigma of the logarithm.
    pub sigma: f64,
}

/// Simulated seconds an agent takes; they never slow the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThinkTimes {
    /// Between product views.
    pub view: LogNormalTime,
    /// Before an add.
    pub add: LogNormalTime,
    /// Over the coupons.
    pub coupons: LogNormalTime,
    /// Before the checkout.
    pub checkout: LogNormalTime,
}

impl ThinkTimes {
    /// So many times as long.
    pub fn times(self, factor: f64) -> Self {
        let longer =
            |time: LogNormalTime| LogNormalTime { median_s: time.median_s * factor, ..time };
        let Self { view, add, coupons, checkout } = self;
        Self {
            view: longer(view),
            add: longer(add),
            coupons: longer(coupons),
            checkout: longer(checkout),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_24_numbers_that_are_not_all_zero() {
        assert!(HourCurve::try_from(vec![1.0; 24]).is_ok());
        let mut hostile = vec![vec![1.0; 23], vec![0.0; 24], vec![f64::MAX; 24]];
        for number in [-1.0, f64::NAN, f64::INFINITY] {
            let mut curve = vec![1.0; 24];
            curve[3] = number;
            hostile.push(curve);
        }
        for curve in hostile {
            assert_eq!(HourCurve::try_from(curve), Err(NoHourCurve));
        }
    }
}
