//! The constants of a preset (config/behavior/load.ron, lifelike.ron), each with its unit.
//!
//! Every number of behavior.md that a preset may replace is a field here and nowhere else.

use serde::{Deserialize, Serialize};

use super::persona::ShoppingFrequency;

/// One preset: `load` is a load figure (9.6 visits a day), `lifelike` is for training data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behavior {
    /// The preset's name, stored with the run.
    pub name: String,
    /// Chance to shop in a neutral simulated hour, by frequency.
    pub shop_base: FrequencyBase,
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

/// Both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Least.
    pub min: u32,
    /// Most.
    pub max: u32,
}

/// n = clamp(int(avg_cart_value in dollars / divisor), min, max).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookRule {
    /// Dollars of average cart value for each product looked at.
    pub dollars_per_product: f64,
    /// Bounds.
    pub products: Range,
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

/// p = base + coupon_affinity x gain for each eligible coupon.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CouponRule {
    /// For an agent with coupon_affinity 0.
    pub base: f64,
    /// Added in full at coupon_affinity 1.
    pub affinity_gain: f64,
    /// How many of the accepted ones are applied.
    pub choice: CouponChoice,
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
