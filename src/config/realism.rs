//! What counts as believable: the bands of the scorecard, and which of them a run is held to.

use analysis::realism::band::Band;
use analysis::realism::measure::{Measure, TARGETS_ALLOWED};
use analysis::realism::yardstick::Yardstick;

use super::concern::concern;
use super::knob::value_from_str;

value_from_str!(Band, Measure);

concern!(
    /// `realism`: a judgement on published figures (docs/realism.md), of the reader and not of the
    /// run.
    Realism, "realism" {
        /// `realism.targets`, default none (those of the preset: `load` aims at the hours of the
        /// day and the time between pages, any other at every band): what a miss of is a miss.
        targets: Option<Vec<Measure>> = None,
            env "CARTLOAD_REALISM_TARGETS", unit "", decision "",
            allowed TARGETS_ALLOWED,
            check |targets| targets.iter().flatten().all(|target| is_banded(*target));
        /// `realism.hour_of_day`, default 0-0.08: KS distance of orders.
        hour_of_day: Band = Band::new(0.0, 0.08),
            env "CARTLOAD_REALISM_HOUR_OF_DAY", unit "KS", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.day_share`, default 55-70, % of orders from 09 to 16 h.
        day_share: Band = Band::new(55.0, 70.0),
            env "CARTLOAD_REALISM_DAY_SHARE", unit "% of orders", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.night_share`, default 0-4, % of orders from 00 to 05 h.
        night_share: Band = Band::new(0.0, 4.0),
            env "CARTLOAD_REALISM_NIGHT_SHARE", unit "% of orders", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.weekday_peak_to_trough`, default 1.1-1.5, on sessions.
        weekday_peak_to_trough: Band = Band::new(1.1, 1.5),
            env "CARTLOAD_REALISM_WEEKDAY_PEAK_TO_TROUGH", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.basket_median`, default 6-10, products of an order.
        basket_median: Band = Band::new(6.0, 10.0),
            env "CARTLOAD_REALISM_BASKET_MEDIAN", unit "items", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.single_item`, default 3-15, % of orders.
        single_item: Band = Band::new(3.0, 15.0),
            env "CARTLOAD_REALISM_SINGLE_ITEM", unit "% of orders", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.cart_abandonment`, default 62-78, % of sessions with an item in the cart.
        cart_abandonment: Band = Band::new(62.0, 78.0),
            env "CARTLOAD_REALISM_CART_ABANDONMENT", unit "% of carts", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.campaigns_redeeming`, default 4-20, % of offer cycles of an agent.
        campaigns_redeeming: Band = Band::new(4.0, 20.0),
            env "CARTLOAD_REALISM_CAMPAIGNS_REDEEMING", unit "% of campaigns",
            decision "", allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.coupons_redeemed`, default 0.4-4, % of coupons handed out.
        coupons_redeemed: Band = Band::new(0.4, 4.0),
            env "CARTLOAD_REALISM_COUPONS_REDEEMED", unit "% of coupons", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.view_gap`, default 20-40, simulated seconds between product pages.
        view_gap: Band = Band::new(20.0, 40.0),
            env "CARTLOAD_REALISM_VIEW_GAP", unit "simulated s", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
    }
);

impl Realism {
    /// What a scorecard is held against.
    pub fn yardstick(&self) -> Yardstick {
        let bands = vec![
            (Measure::HourOfDay, self.hour_of_day),
            (Measure::DayShare, self.day_share),
            (Measure::NightShare, self.night_share),
            (Measure::WeekdayPeakToTrough, self.weekday_peak_to_trough),
            (Measure::BasketMedian, self.basket_median),
            (Measure::SingleItem, self.single_item),
            (Measure::CartAbandonment, self.cart_abandonment),
            (Measure::CampaignsRedeeming, self.campaigns_redeeming),
            (Measure::CouponsRedeemed, self.coupons_redeemed),
            (Measure::ViewGap, self.view_gap),
        ];
        Yardstick { targets: self.targets.clone(), bands }
    }
}

/// Whether there is a band to aim at.
fn is_banded(measure: Measure) -> bool {
    TARGETS_ALLOWED.split([',', ' ']).any(|word| word == measure.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_what_has_a_band() {
        let settings = crate::config::Settings::load(crate::config::Sources::default());
        let realism = settings.unwrap().realism;
        let yardstick = realism.yardstick();
        for measure in Measure::ALL {
            assert_eq!(is_banded(*measure), yardstick.band(*measure).is_some(), "{measure}");
        }
        assert!(yardstick.is_target(Measure::SingleItem, "lifelike"));
        assert!(!yardstick.is_target(Measure::SingleItem, "load"));
        assert!(!yardstick.is_target(Measure::Conversion, "lifelike"));
        let chosen = Realism { targets: Some(vec![Measure::DayShare]), ..realism }.yardstick();
        assert!(chosen.is_target(Measure::DayShare, "load"));
        assert!(!chosen.is_target(Measure::SingleItem, "lifelike"));
    }
}
