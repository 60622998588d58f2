//! Which products a shopper wants, and what it can pay: the knobs of the product-choice rule.
//!
//! Utilities are in units of a standard Gumbel draw, so that a term of ln 2 doubles the odds.

use serde::{Deserialize, Serialize};

/// The wanted products of a visit are the k largest of
///
/// `-zipf ln(v) + T + ln(1 + habit n) + M.z + e - elasticity' ln(price / usual) + ...` + Gumbel.
///
/// v is the product's stable share in 0..1, T the agent's standing taste for it, n the orders among
/// those remembered that held it, M.z and e belong to its category. Fitted to real baskets: see
/// docs/realism.md.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceRule {
    /// Exponent of the shop's popularity by rank; 0: every product is as popular.
    pub zipf: f64,
    /// SD of an agent's standing taste for a product.
    pub taste: f64,
    /// ln(1 + this x n) is added for a product that n remembered orders held.
    pub habit: f64,
    /// SD of what a category weighs in each of three hidden missions of a visit.
    pub missions: f64,
    /// SD of what a category weighs in one visit.
    pub whim: f64,
    /// Taken off x (0.5 + price_sensitivity) x ln(price / usual price); the usual price is the
    /// median seen in the run.
    pub elasticity: f64,
    /// Added for a preferred category.
    pub preferred: f64,
    /// Taken off x ln(1 + place), the first place of a list being 0: attention falls off.
    pub attention: f64,
    /// ln(1 + brand_loyalty x this) is added for a brand bought before.
    pub loyal_brand_gain: f64,
}

/// How a visit is cut to the purse.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoneyRule {
    /// Nothing is added that takes the spending of the week beyond this x weekly_budget.
    pub overspend_max: f64,
    /// Products looked at: avg_cart_value / (mean price shown x this), in place of
    /// `look.dollars_per_product` once prices were seen; none: that alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices_per_product: Option<f64>,
}
