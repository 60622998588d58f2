//! Settings of a run that a preset speaks for where nobody else does.

use serde::{Deserialize, Serialize};

/// What holds in place of a setting's own default; a file, a variable or a flag that names the
/// setting wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PresetDefaults {
    /// `shop.practice_prices`, whether they are `calendar`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar_prices: Option<bool>,
    /// `offers.frontstore_per_refresh`, coupons per agent and refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontstore_per_refresh: Option<u32>,
    /// `offers.targeted_per_refresh`, category and brand coupons per agent and refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targeted_per_refresh: Option<u32>,
    /// `offers.wallet_cap`, coupons an agent holds at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet_cap: Option<u32>,
    /// `offers.preferred_weight`, how much more readily a coupon of a preferred category is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_weight: Option<f64>,
}
