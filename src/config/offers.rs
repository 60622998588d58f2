//! How offers are handed out.

use std::path::PathBuf;

use actors::domain::behavior::PresetDefaults;
use actors::domain::offer::OfferPolicy;
use serde_json::Value;

use super::concern::concern;

concern!(
    /// `offers`: refreshed concurrently with shopping (Q9.6).
    Offers, "offers" {
        /// `offers.refresh_every_days`, default 7, simulated days.
        refresh_every_days: u32 = 7,
            env "CARTLOAD_OFFERS_REFRESH_EVERY_DAYS", unit "simulated days", decision "",
            allowed "a whole number from 1 to 365", check |n| (1..=365).contains(n);
        /// `offers.coupon_life_days`, default 14, simulated days.
        coupon_life_days: u32 = 14,
            env "CARTLOAD_OFFERS_COUPON_LIFE_DAYS", unit "simulated days", decision "",
            allowed "a whole number from 1 to 3650", check |n| (1..=3650).contains(n);
        /// `offers.frontstore_per_refresh`, default 2, coupons per agent and refresh.
        frontstore_per_refresh: u32 = 2,
            env "CARTLOAD_OFFERS_FRONTSTORE_PER_REFRESH", unit "coupons", decision "",
            allowed "a whole number from 0 to 1000", check |n| *n <= 1000;
        /// `offers.targeted_per_refresh`, default 30, category and brand coupons per agent and
        /// refresh.
        targeted_per_refresh: u32 = 30,
            env "CARTLOAD_OFFERS_TARGETED_PER_REFRESH", unit "coupons", decision "",
            allowed "a whole number from 0 to 1000", check |n| *n <= 1000;
        /// `offers.wallet_cap`, default 32, coupons an agent holds at most.
        wallet_cap: u32 = 32,
            env "CARTLOAD_OFFERS_WALLET_CAP", unit "coupons", decision "",
            allowed "a whole number from 1 to 32", check |n| (1..=32).contains(n);
        /// `offers.no_repeat_days`, default 28, simulated days until an agent gets a coupon again.
        no_repeat_days: u32 = 28,
            env "CARTLOAD_OFFERS_NO_REPEAT_DAYS", unit "simulated days", decision "",
            allowed "a whole number from 0 to 3650", check |n| *n <= 3650;
        /// `offers.preferred_weight`, default 1: how much more readily a coupon of a category that
        /// the agent prefers is drawn.
        preferred_weight: f64 = 1.0,
            env "CARTLOAD_OFFERS_PREFERRED_WEIGHT", unit "times as readily", decision "",
            allowed "a number from 0 to 1000", check |n| (0.0..=1_000.0).contains(n);
        /// `offers.holdout_percent`, default 10, percent of agents that get none, by stable hash.
        holdout_percent: f64 = 10.0,
            env "CARTLOAD_OFFERS_HOLDOUT_PERCENT", unit "% of agents", decision "",
            allowed "a number from 0 to 100", check |n| (0.0..=100.0).contains(n);
        /// `offers.coupons_file`, default none (the coupons that ship with cartload): definitions.
        coupons_file: Option<PathBuf> = None,
            env "CARTLOAD_OFFERS_COUPONS_FILE", unit "file", decision "",
            allowed "the path of a .ron file, or none", check |_| true;
    }
);

impl Offers {
    /// Takes what the preset says of the setting `key`, and answers it; `None` where it says
    /// nothing.
    pub(super) fn take(&mut self, key: &str, preset: &PresetDefaults) -> Option<Value> {
        let count = |place: &mut u32, said: Option<u32>| said.map(|n| (*place = n, n.into()).1);
        match key {
            "offers.frontstore_per_refresh" => {
                count(&mut self.frontstore_per_refresh, preset.frontstore_per_refresh)
            }
            "offers.targeted_per_refresh" => {
                count(&mut self.targeted_per_refresh, preset.targeted_per_refresh)
            }
            "offers.wallet_cap" => count(&mut self.wallet_cap, preset.wallet_cap),
            "offers.preferred_weight" => {
                self.preferred_weight = preset.preferred_weight?;
                Some(self.preferred_weight.into())
            }
            _ => None,
        }
    }

    /// The policy the OfferRefresher follows.
    pub fn policy(&self) -> OfferPolicy {
        OfferPolicy {
            refresh_every_days: self.refresh_every_days,
            coupon_life_days: self.coupon_life_days,
            frontstore_per_refresh: self.frontstore_per_refresh,
            targeted_per_refresh: self.targeted_per_refresh,
            wallet_cap: self.wallet_cap,
            no_repeat_days: self.no_repeat_days,
            preferred_weight: self.preferred_weight,
            holdout_percent: self.holdout_percent,
        }
    }
}
