//! What is measured: the dimensions of the scorecard, each with its statistic, its denominator and
//! what drives it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::band::NotAllowed;

/// The dimensions that a run may be held to, as they are written.
pub const TARGETS_ALLOWED: &str = "none, or of hour_of_day, day_share, night_share, \
                                   weekday_peak_to_trough, basket_median, single_item, \
                                   cart_abandonment, campaigns_redeeming, coupons_redeemed, \
                                   view_gap, separated by commas";

/// What to look at when a dimension misses its band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Driver {
    /// The field of a persona (column of table agents); empty where none drives it.
    pub persona: &'static str,
    /// The key of the behaviour preset or the setting.
    pub constant: &'static str,
    /// How they move it.
    pub how: &'static str,
}

/// A dimension before anything is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// For people.
    pub title: &'static str,
    /// How the value comes about.
    pub statistic: &'static str,
    /// Of the value; empty for a ratio or distance.
    pub unit: &'static str,
    /// What is counted as one.
    pub denominator: &'static str,
    /// What moves it.
    pub driver: Driver,
}

macro_rules! measures {
    ($(
        $(#[$doc:meta])*
        $variant:ident = $word:literal: $title:literal, $statistic:literal,
            unit $unit:literal, of $denominator:literal,
            persona $persona:literal, constant $constant:literal, how $how:literal;
    )+) => {
        /// A dimension of the scorecard.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Measure {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl Measure {
            /// Every dimension, in the order of the scorecard.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word used in files and JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What is known of it before anything is measured.
            pub const fn definition(self) -> Definition {
                match self {
                    $(Self::$variant => Definition {
                        title: $title,
                        statistic: $statistic,
                        unit: $unit,
                        denominator: $denominator,
                        driver: Driver { persona: $persona, constant: $constant, how: $how },
                    },)+
                }
            }
        }
    };
}

measures!(
    /// KS distance of orders by hour of day.
    HourOfDay = "hour_of_day": "Hour of day, orders",
        "Kolmogorov-Smirnov distance to the reference curve", unit "", of "orders",
        persona "time_of_day", constant "hour_curve",
        how "the preset's curve of the day, moved by each persona's morning, afternoon and evening";
    /// The same of sessions.
    HourOfDaySessions = "hour_of_day_sessions": "Hour of day, sessions",
        "Kolmogorov-Smirnov distance to the reference curve", unit "", of "sessions",
        persona "time_of_day", constant "hour_curve",
        how "as orders; more than orders where browsing follows another curve";
    /// Orders from 09:00 to 16:59.
    DayShare = "day_share": "Orders from 09 to 16 h", "share", unit "%", of "orders",
        persona "time_of_day", constant "hour_curve",
        how "what the curve puts into these hours";
    /// Orders from 00:00 to 05:59.
    NightShare = "night_share": "Orders from 00 to 05 h", "share", unit "%", of "orders",
        persona "time_of_day", constant "hour_curve",
        how "what the curve puts into these hours; evening people also shop from 00 to 04 h";
    /// The busiest weekday over the quietest.
    WeekdayPeakToTrough = "weekday_peak_to_trough": "Weekday, peak to trough",
        "sessions of the busiest weekday / of the quietest", unit "", of "sessions",
        persona "weekend_affinity and weekday_affinity", constant "habit.day_contrast",
        how "they make the weekend; the habits of few agents add noise";
    /// The whole week against the reference.
    WeekdayProfile = "weekday_profile": "Weekday, orders",
        "total variation distance to the reference week", unit "", of "orders",
        persona "weekend_affinity and weekday_affinity", constant "habit.day_contrast",
        how "the reference is a week of trips to shops; a visit online is spread more evenly";
    /// Lines of an order.
    BasketMedian = "basket_median": "Products of an order", "median of the lines", unit "items",
        of "orders", persona "avg_cart_value, impulsivity and weekly_budget",
        constant "look.dollars_per_product, look.products and add.base",
        how "products looked at x the chance to add one; what is left of the budget bounds both";
    /// Orders of one product.
    SingleItem = "single_item": "Orders of one product", "share", unit "%", of "orders",
        persona "avg_cart_value, impulsivity and weekly_budget",
        constant "look.products.min and add.base",
        how "small carts come from few products looked at or a budget that is used up";
    /// Carts with an item that are not ordered.
    CartAbandonment = "cart_abandonment": "Carts left", "share", unit "%",
        of "sessions with an item in the cart", persona "impulsivity and price_sensitivity",
        constant "checkout.base", how "the chance to order a cart";
    /// Agent-weeks with a redemption.
    CampaignsRedeeming = "campaigns_redeeming": "Campaigns redeemed",
        "share with a redemption", unit "%", of "offer cycles of an agent with offers",
        persona "coupon_affinity and deal_seeking_behavior",
        constant "coupon.base, coupon.affinity_gain and checkout.base",
        how "orders a week x the chance that a coupon is on one";
    /// Coupons handed out that are redeemed.
    CouponsRedeemed = "coupons_redeemed": "Coupons redeemed", "share", unit "%",
        of "coupons whose life ended in the run",
        persona "coupon_affinity and deal_seeking_behavior",
        constant "coupon.base, coupon.affinity_gain and offers.targeted_per_refresh",
        how "acceptance of an eligible one, over all that are handed out";
    /// Seconds between page views.
    ViewGap = "view_gap": "Time between product pages", "median", unit "s",
        of "pairs of product pages in a session", persona "", constant "think.view.median_s",
        how "the think time between views; visits too long for their hour are shortened";
    /// Items bought before.
    ReorderShare = "reorder_share": "Products bought again", "share", unit "%",
        of "lines of all orders", persona "brand_loyalty and preferred_categories",
        constant "look.loyal_brand_gain and add.loyal_brand_gain",
        how "loyalty repeats a brand; it grows with the run, as histories do";
    /// Returns within a week.
    ReturnWithin7Days = "return_within_7_days": "Returns within 7 days", "share", unit "%",
        of "orders with an earlier one", persona "shopping_frequency",
        constant "shop_base and checkout.base",
        how "orders a week; a short run sees only short returns";
    /// Returns after a week.
    ReturnOnDay7 = "return_on_day_7": "Returns on day 7", "share", unit "%",
        of "orders with an earlier one", persona "shopping_frequency", constant "habit.weekly",
        how "the share of visits that go to the agent's own weekday";
    /// Units of the most sold products.
    TopProducts = "top_products": "Units of the top 1 % of products", "share", unit "%",
        of "units ordered", persona "preferred_categories", constant "the shop's catalogue",
        how "draws within a list are even; a catalogue below 100 products has one on top";
    /// From assignment to redemption.
    CouponLag = "coupon_lag": "Days from coupon to redemption", "median", unit "days",
        of "redemptions", persona "shopping_frequency", constant "offers.coupon_life_days",
        how "a life of two weeks cannot give the lag of campaigns of eight";
    /// The same as part of the coupon's life.
    CouponWindowPosition = "coupon_window_position": "Redemption within the coupon's life",
        "median of the part of its life that had passed", unit "", of "redemptions",
        persona "shopping_frequency", constant "offers.coupon_life_days",
        how "agents shop as before with a coupon; none hurries";
    /// Sessions that order.
    Conversion = "conversion": "Sessions with an order", "share", unit "%", of "sessions",
        persona "impulsivity and price_sensitivity", constant "browse_base and checkout.base",
        how "browsing sessions dilute, carts left reduce";
    /// Product pages of a session.
    ViewsPerSession = "views_per_session": "Product pages of a session", "median",
        unit "pages", of "sessions with a product page", persona "avg_cart_value",
        constant "look.products and browse_views", how "sessions that only browse see 1 to 3";
);

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Measure {
    type Err = NotAllowed;

    fn from_str(text: &str) -> Result<Self, NotAllowed> {
        let found = Self::ALL.iter().copied().find(|measure| measure.as_str() == text);
        found.ok_or(NotAllowed(TARGETS_ALLOWED))
    }
}
