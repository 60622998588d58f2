//! The statistics of a history: what each is, how it is estimated and what it needs at least.

use serde::Serialize;

/// A value with its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// The value.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// What it was taken on.
    pub n: u64,
}

/// Why there is no figure, as "needs 8 weeks, has 3".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{0}")]
pub struct Lack(pub String);

impl Lack {
    /// The first of these that is not enough: what, how many are needed, how many there are.
    pub fn first(needs: &[(&str, f64, f64)]) -> Result<(), Self> {
        match needs.iter().find(|(_, least, has)| has < least) {
            None => Ok(()),
            Some((what, least, has)) => {
                Err(Self(format!("needs {least} {what}, has {}", has.floor())))
            }
        }
    }
}

/// A number of a history or a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Mean of the customers' rates.
    OrdersPerWeek,
    /// Shape of the gamma distribution of rates.
    RateShape,
    /// Orders on Saturday and Sunday.
    WeekendShare,
    /// Share of a customer's orders that it keeps for a weekday of its own.
    OwnWeekday,
    /// Lines of an order.
    LinesMean,
    /// Orders of one line.
    SingleLine,
    /// SD of ln(lines) within customers.
    LinesSpread,
    /// Units of a line.
    LineUnits,
    /// Value of an order.
    OrderValue,
    /// Value of a customer's week with an order.
    WeekValue,
    /// Slope of ln(units) on ln(rank), upper half.
    ZipfSlope,
    /// Lines bought again over those shared with somebody else.
    HabitLift,
    /// Slope of ln(units) on ln(price).
    Elasticity,
    /// Orders with something taken off.
    Discounted,
}

impl Statistic {
    /// All, in the order of the report.
    pub const ALL: [Self; 14] = [
        Self::OrdersPerWeek,
        Self::RateShape,
        Self::WeekendShare,
        Self::OwnWeekday,
        Self::LinesMean,
        Self::SingleLine,
        Self::LinesSpread,
        Self::LineUnits,
        Self::OrderValue,
        Self::WeekValue,
        Self::ZipfSlope,
        Self::HabitLift,
        Self::Elasticity,
        Self::Discounted,
    ];

    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrdersPerWeek => "orders_per_week",
            Self::RateShape => "rate_shape",
            Self::WeekendShare => "weekend_share",
            Self::OwnWeekday => "own_weekday",
            Self::LinesMean => "lines_mean",
            Self::SingleLine => "single_line",
            Self::LinesSpread => "lines_spread",
            Self::LineUnits => "line_units",
            Self::OrderValue => "order_value",
            Self::WeekValue => "week_value",
            Self::ZipfSlope => "zipf_slope",
            Self::HabitLift => "habit_lift",
            Self::Elasticity => "elasticity",
            Self::Discounted => "discounted",
        }
    }

    /// How it is estimated.
    pub fn method(self) -> &'static str {
        match self {
            Self::OrdersPerWeek | Self::RateShape => "NBD of repeat orders, maximum likelihood",
            Self::WeekendShare | Self::SingleLine | Self::Discounted => "share of orders",
            Self::OwnWeekday => "pairs of a customer's orders on one weekday, above chance",
            Self::LinesMean | Self::LineUnits | Self::OrderValue | Self::WeekValue => "mean",
            Self::LinesSpread => "pooled within customers of 2 orders or more",
            Self::ZipfSlope => "least squares on the upper half of ranks",
            Self::HabitLift => "previous order of one's own over another's of equal size",
            Self::Elasticity => "least squares within products and weeks, clustered by product",
        }
    }

    /// What of the preset or the personas it moves; `None`: it is only shown.
    pub fn carried_by(self) -> Option<&'static str> {
        match self {
            Self::OrdersPerWeek | Self::RateShape => Some("shop_base"),
            Self::WeekendShare => Some("weekend_affinity"),
            Self::OwnWeekday => Some("habit.weekly"),
            Self::LinesMean => Some("look.dollars_per_product"),
            Self::LinesSpread => Some("look.sigma"),
            Self::OrderValue => Some("avg_cart_value"),
            Self::WeekValue => Some("weekly_budget"),
            Self::ZipfSlope => Some("choice.zipf"),
            Self::HabitLift => Some("choice.habit"),
            Self::Elasticity => Some("choice.elasticity"),
            Self::Discounted => Some("coupon_affinity"),
            Self::SingleLine | Self::LineUnits => None,
        }
    }
}

/// A distribution, compared as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Orders by hour of the day.
    Hours,
    /// Orders by weekday.
    Weekdays,
    /// Orders by lines.
    Lines,
    /// Orders by value.
    Values,
}

impl Shape {
    /// All, in the order of the report.
    pub const ALL: [Self; 4] = [Self::Hours, Self::Weekdays, Self::Lines, Self::Values];

    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hours => "hours",
            Self::Weekdays => "weekdays",
            Self::Lines => "lines",
            Self::Values => "values",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lack_is_said_and_the_border_is_enough() {
        assert_eq!(Lack::first(&[("weeks", 8.0, 8.0)]), Ok(()));
        let lack = Lack::first(&[("customers", 100.0, 100.0), ("weeks", 8.0, 3.9)]).unwrap_err();
        assert_eq!(lack.to_string(), "needs 8 weeks, has 3");
    }
}
