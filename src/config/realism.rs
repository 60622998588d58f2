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
        /// day and the time between pages, any other at those of docs/realism.md): what a miss of
        /// is a miss.
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
        /// `realism.basket_median`, default 6-11, products of an order.
        basket_median: Band = Band::new(6.0, 11.0),
            env "CARTLOAD_REALISM_BASKET_MEDIAN", unit "items", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.single_item`, default 10-22, % of orders.
        single_item: Band = Band::new(10.0, 22.0),
            env "CARTLOAD_REALISM_SINGLE_ITEM", unit "% of orders", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.cart_abandonment`, default 62-78, % of sessions with an item in the cart.
        cart_abandonment: Band = Band::new(62.0, 78.0),
            env "CARTLOAD_REALISM_CART_ABANDONMENT", unit "% of carts", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.campaigns_redeeming`, default 1.5-8, % of offer cycles of an agent.
        campaigns_redeeming: Band = Band::new(1.5, 8.0),
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
        /// `realism.product_gini`, default 0.3-0.5: unevenness of products.
        product_gini: Band = Band::new(0.3, 0.5),
            env "CARTLOAD_REALISM_PRODUCT_GINI", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.zipf_slope`, default -0.75 to -0.4: popularity of products.
        zipf_slope: Band = Band::new(-0.75, -0.4),
            env "CARTLOAD_REALISM_ZIPF_SLOPE", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.habit_lift`, default 1.35-2.1: habit.
        habit_lift: Band = Band::new(1.35, 2.1),
            env "CARTLOAD_REALISM_HABIT_LIFT", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.buys_again_1_of_5`, default 10-20: bought again after 1 of 5 orders.
        buys_again_1_of_5: Band = Band::new(10.0, 20.0),
            env "CARTLOAD_REALISM_BUYS_AGAIN_1_OF_5", unit "%", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.buys_again_5_of_5`, default 55-75: bought again after 5 of 5 orders.
        buys_again_5_of_5: Band = Band::new(55.0, 75.0),
            env "CARTLOAD_REALISM_BUYS_AGAIN_5_OF_5", unit "%", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.pair_lift_categories`, default 0.14-0.33: categories bought together.
        pair_lift_categories: Band = Band::new(0.14, 0.33),
            env "CARTLOAD_REALISM_PAIR_LIFT_CATEGORIES", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.pair_lift_products`, default 0.2-0.45: products bought together.
        pair_lift_products: Band = Band::new(0.2, 0.45),
            env "CARTLOAD_REALISM_PAIR_LIFT_PRODUCTS", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.price_elasticity`, default -2.3 to -1.4: price elasticity.
        price_elasticity: Band = Band::new(-2.3, -1.4),
            env "CARTLOAD_REALISM_PRICE_ELASTICITY", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.promotion_lift`, default 1.4-1.8: units on promotion.
        promotion_lift: Band = Band::new(1.4, 1.8),
            env "CARTLOAD_REALISM_PROMOTION_LIFT", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.lines_discounted`, default 35-55: lines on promotion.
        lines_discounted: Band = Band::new(35.0, 55.0),
            env "CARTLOAD_REALISM_LINES_DISCOUNTED", unit "% of lines of all orders", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.weeks_over_budget`, default 0-10: weeks over budget.
        weeks_over_budget: Band = Band::new(0.0, 10.0),
            env "CARTLOAD_REALISM_WEEKS_OVER_BUDGET", unit "% of weeks", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.order_to_avg_cart`, default 0.75-1.2: order against the persona.
        order_to_avg_cart: Band = Band::new(0.75, 1.2),
            env "CARTLOAD_REALISM_ORDER_TO_AVG_CART", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.order_value_cv`, default 0.9-1.4: spread of order values.
        order_value_cv: Band = Band::new(0.9, 1.4),
            env "CARTLOAD_REALISM_ORDER_VALUE_CV", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.order_value_icc`, default 0.15-0.4: order values of one agent.
        order_value_icc: Band = Band::new(0.15, 0.4),
            env "CARTLOAD_REALISM_ORDER_VALUE_ICC", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.lines_cv`, default 0.85-1.4: spread of lines.
        lines_cv: Band = Band::new(0.85, 1.4),
            env "CARTLOAD_REALISM_LINES_CV", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.lines_icc`, default 0.15-0.36: lines of one agent.
        lines_icc: Band = Band::new(0.15, 0.36),
            env "CARTLOAD_REALISM_LINES_ICC", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.orders_with_coupon`, default 4-9: orders with a coupon.
        orders_with_coupon: Band = Band::new(4.0, 9.0),
            env "CARTLOAD_REALISM_ORDERS_WITH_COUPON", unit "% of orders", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.depth_response`, default 2-10: response to the discount.
        depth_response: Band = Band::new(2.0, 10.0),
            env "CARTLOAD_REALISM_DEPTH_RESPONSE", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.top_decile_redemptions`, default 65-80: redemptions of the top tenth.
        top_decile_redemptions: Band = Band::new(65.0, 80.0),
            env "CARTLOAD_REALISM_TOP_DECILE_REDEMPTIONS", unit "% of redemptions", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.day_7_peak`, default 1.1-1.3: peak of returns on day 7.
        day_7_peak: Band = Band::new(1.1, 1.3),
            env "CARTLOAD_REALISM_DAY_7_PEAK", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.own_weekday`, default 1.04-1.2: weekday of one agent.
        own_weekday: Band = Band::new(1.04, 1.2),
            env "CARTLOAD_REALISM_OWN_WEEKDAY", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.next_event_entropy`, default 1-1.8: course of a visit.
        next_event_entropy: Band = Band::new(1.0, 1.8),
            env "CARTLOAD_REALISM_NEXT_EVENT_ENTROPY", unit "bits", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.view_to_add`, default 5-25: products put in the cart.
        view_to_add: Band = Band::new(5.0, 25.0),
            env "CARTLOAD_REALISM_VIEW_TO_ADD", unit "% of product pages", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.session_auc`, default 0.62-0.85: fate of a filled cart.
        session_auc: Band = Band::new(0.62, 0.85),
            env "CARTLOAD_REALISM_SESSION_AUC", unit "ratio", decision "",
            allowed Band::ALLOWED, check Band::is_possible;
        /// `realism.return_after_abandon`, default 1.3-5: back after a cart left.
        return_after_abandon: Band = Band::new(1.3, 5.0),
            env "CARTLOAD_REALISM_RETURN_AFTER_ABANDON", unit "ratio", decision "",
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
            (Measure::ProductGini, self.product_gini),
            (Measure::ZipfSlope, self.zipf_slope),
            (Measure::HabitLift, self.habit_lift),
            (Measure::BuysAgain1Of5, self.buys_again_1_of_5),
            (Measure::BuysAgain5Of5, self.buys_again_5_of_5),
            (Measure::PairLiftCategories, self.pair_lift_categories),
            (Measure::PairLiftProducts, self.pair_lift_products),
            (Measure::PriceElasticity, self.price_elasticity),
            (Measure::PromotionLift, self.promotion_lift),
            (Measure::LinesDiscounted, self.lines_discounted),
            (Measure::WeeksOverBudget, self.weeks_over_budget),
            (Measure::OrderToAvgCart, self.order_to_avg_cart),
            (Measure::OrderValueCv, self.order_value_cv),
            (Measure::OrderValueIcc, self.order_value_icc),
            (Measure::LinesCv, self.lines_cv),
            (Measure::LinesIcc, self.lines_icc),
            (Measure::OrdersWithCoupon, self.orders_with_coupon),
            (Measure::DepthResponse, self.depth_response),
            (Measure::TopDecileRedemptions, self.top_decile_redemptions),
            (Measure::Day7Peak, self.day_7_peak),
            (Measure::OwnWeekday, self.own_weekday),
            (Measure::NextEventEntropy, self.next_event_entropy),
            (Measure::ViewToAdd, self.view_to_add),
            (Measure::SessionAuc, self.session_auc),
            (Measure::ReturnAfterAbandon, self.return_after_abandon),
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
        assert!(yardstick.is_target(Measure::BasketMedian, "lifelike"));
        assert!(!yardstick.is_target(Measure::BasketMedian, "load"));
        assert!(!yardstick.is_target(Measure::Conversion, "lifelike"));
        let chosen = Realism { targets: Some(vec![Measure::DayShare]), ..realism }.yardstick();
        assert!(chosen.is_target(Measure::DayShare, "load"));
        assert!(!chosen.is_target(Measure::SingleItem, "lifelike"));
    }
}
