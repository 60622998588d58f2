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
                                   view_gap, product_gini, zipf_slope, habit_lift, \
                                   buys_again_1_of_5, buys_again_5_of_5, pair_lift_categories, \
                                   pair_lift_products, price_elasticity, promotion_lift, \
                                   lines_discounted, weeks_over_budget, order_to_avg_cart, \
                                   order_value_cv, order_value_icc, lines_cv, lines_icc, \
                                   orders_with_coupon, depth_response, top_decile_redemptions, \
                                   day_7_peak, own_weekday, next_event_entropy, view_to_add, \
                                   session_auc, return_after_abandon, separated by commas";

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
    /// How unevenly units spread over products.
    ProductGini = "product_gini": "Unevenness of products",
        "Gini of the units of all products that the run saw",
        unit "", of "units ordered",
        persona "", constant "choice.zipf and choice.taste",
        how "popularity and tastes make few products sell much";
    /// How steeply popularity falls.
    ZipfSlope = "zipf_slope": "Popularity of products",
        "slope of ln units on ln rank, upper half of the ranks",
        unit "", of "units ordered",
        persona "", constant "choice.zipf",
        how "the exponent of popularity, flattened by what is looked at";
    /// How much more an agent repeats itself than others.
    HabitLift = "habit_lift": "Habit",
        "lines that were in the previous order, over: in an order of equal size of another agent",
        unit "", of "lines of orders after the first",
        persona "brand_loyalty", constant "choice.taste and choice.habit",
        how "standing tastes and what was bought before";
    /// Bought once in five orders, and in the next.
    BuysAgain1Of5 = "buys_again_1_of_5": "Again after 1 of 5 orders",
        "share in the next order",
        unit "%", of "products in one of the last 5 orders",
        persona "", constant "choice.taste",
        how "without tastes what was bought once is as good as never";
    /// Bought in all of five orders, and in the next.
    BuysAgain5Of5 = "buys_again_5_of_5": "Again after 5 of 5 orders",
        "share in the next order",
        unit "%", of "products in all of the last 5 orders",
        persona "", constant "choice.habit and choice.taste",
        how "what is bought often comes to be bought oftener";
    /// How categories go together.
    PairLiftCategories = "pair_lift_categories": "Categories bought together",
        "deviation of ln(seen / by chance) above Poisson noise",
        unit "", of "pairs of categories that chance gives 5 times",
        persona "", constant "choice.missions and choice.whim",
        how "hidden missions of a visit draw several categories";
    /// How products go together.
    PairLiftProducts = "pair_lift_products": "Products bought together",
        "deviation of ln(seen / by chance) above Poisson noise",
        unit "", of "pairs of products that chance gives 5 times",
        persona "", constant "choice.missions and choice.taste",
        how "missions and tastes draw products of a kind";
    /// What a price moves.
    PriceElasticity = "price_elasticity": "Price elasticity",
        "slope of ln units on ln price, with effects of products and weeks",
        unit "", of "weeks of products with 5 units a week",
        persona "price_sensitivity", constant "choice.elasticity",
        how "how much a price above the usual one repels";
    /// What a promotion moves.
    PromotionLift = "promotion_lift": "Units on promotion",
        "units in promotion weeks / in as many other weeks of the product",
        unit "", of "promotion weeks of products",
        persona "price_sensitivity", constant "choice.elasticity and the shop",
        how "how deep the shop cuts and how much agents care";
    /// How much is bought below the usual price.
    LinesDiscounted = "lines_discounted": "Lines on promotion",
        "share at least 5 % below the usual price",
        unit "%", of "lines of all orders",
        persona "price_sensitivity", constant "the shop and choice.elasticity",
        how "how often the shop cuts prices";
    /// Weeks in which more was spent than planned.
    WeeksOverBudget = "weeks_over_budget": "Weeks over budget",
        "share that cost more than the weekly budget",
        unit "%", of "weeks of an agent with an order",
        persona "weekly_budget", constant "money.overspend_max",
        how "where the hard stop lies";
    /// What an order costs against what it is to cost.
    OrderToAvgCart = "order_to_avg_cart": "Order against the persona",
        "median of what was paid / the average cart of the persona",
        unit "", of "orders",
        persona "avg_cart_value", constant "money.prices_per_product and look.dollars_per_product",
        how "how a visit is sized by the persona";
    /// How much orders differ.
    OrderValueCv = "order_value_cv": "Spread of order values",
        "standard deviation / mean",
        unit "", of "orders",
        persona "avg_cart_value", constant "look.sigma",
        how "how much sizes of visits differ";
    /// How much agents differ in what orders cost.
    OrderValueIcc = "order_value_icc": "Order values of one agent",
        "part of the variance of ln value between agents",
        unit "", of "orders of agents with 8 or more",
        persona "avg_cart_value", constant "look.sigma",
        how "personas differ; visits of one agent do too";
    /// How much orders differ in lines.
    LinesCv = "lines_cv": "Spread of lines",
        "standard deviation / mean",
        unit "", of "orders",
        persona "avg_cart_value", constant "look.sigma",
        how "how much sizes of visits differ";
    /// How much agents differ in lines.
    LinesIcc = "lines_icc": "Lines of one agent",
        "part of the variance of ln lines between agents",
        unit "", of "orders of agents with 8 or more",
        persona "avg_cart_value", constant "look.sigma",
        how "personas differ; visits of one agent do too";
    /// Orders with a redemption.
    OrdersWithCoupon = "orders_with_coupon": "Orders with a coupon",
        "share",
        unit "%", of "orders",
        persona "coupon_affinity and deal_seeking_behavior",
        constant "coupon.base and coupon.affinity_gain",
        how "acceptance of an eligible one";
    /// What a deeper coupon moves.
    DepthResponse = "depth_response": "Response to the discount",
        "redemption above 25 % off / of up to 8 %",
        unit "", of "percent coupons of both kinds whose life ended in the run",
        persona "coupon_affinity", constant "coupon",
        how "how acceptance grows with what is taken off";
    /// How much redemptions gather on few agents.
    TopDecileRedemptions = "top_decile_redemptions": "Coupons of the top tenth",
        "share",
        unit "%", of "redemptions of agents with a coupon",
        persona "coupon_affinity and deal_seeking_behavior", constant "coupon.deals",
        how "how far propensities are apart";
    /// How much a week is a habit.
    Day7Peak = "day_7_peak": "Peak of returns on day 7",
        "returns on day 7 / mean of days 6 and 8",
        unit "", of "returns on days 6 to 8",
        persona "shopping_frequency", constant "habit.weekly",
        how "the share of visits that go to the own weekday";
    /// How much agents have a weekday.
    OwnWeekday = "own_weekday": "Weekday of one agent",
        "visits on its most frequent weekday / what chance gives",
        unit "", of "shopping visits of agents with 8 or more",
        persona "weekday_affinity and weekend_affinity", constant "habit.weekly",
        how "the share of visits that go to the own weekday";
    /// How open a visit is.
    NextEventEntropy = "next_event_entropy": "Course of a visit",
        "entropy of the next event given the one before",
        unit "bits", of "events",
        persona "", constant "look and add",
        how "views, adds and removals that alternate";
    /// Pages that lead to an add.
    ViewToAdd = "view_to_add": "Products put in the cart",
        "share whose product goes into the cart later in the visit",
        unit "%", of "product pages",
        persona "impulsivity", constant "course and add.base",
        how "how much is looked at for what is taken";
    /// Whether the visit tells its end.
    SessionAuc = "session_auc": "Fate of a filled cart",
        "AUC of a logistic regression on the visit, two halves",
        unit "", of "filled carts",
        persona "impulsivity", constant "checkout.base",
        how "whether an intent shows before the checkout";
    /// Whether a cart that was left calls back.
    ReturnAfterAbandon = "return_after_abandon": "Back after a cart left",
        "returns within 24 h after a cart left / after an order",
        unit "", of "carts left",
        persona "shopping_frequency", constant "shop_base",
        how "whether a cart that was left is remembered";
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
