//! The course of a visit: what it is for, and what follows from that.

use serde::{Deserialize, Serialize};

/// A visit has one hidden purpose, drawn before it begins: it buys what it came for, compares, or
/// looks around.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseRule {
    /// It came to buy.
    pub buy: IntentRule,
    /// It weighs one product against others; its share x (0.5 + price_sensitivity).
    pub compare: IntentRule,
    /// It looks around.
    pub browse: IntentRule,
    /// Chance that it is over after one page.
    pub bounce: f64,
    /// Chance that it begins with a search for what is wanted most.
    pub search: f64,
    /// Chance that what was left in a cart within 14 days is wanted before all else.
    pub readd: f64,
    /// p_shop x this within 24 hours after a cart was left.
    pub return_gain: f64,
}

/// What a visit of one purpose is like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentRule {
    /// Weight among the purposes.
    pub share: f64,
    /// Products considered x this, at least one.
    pub wanted: f64,
    /// Chance that the page of what is considered is opened; else the list is all that is seen.
    pub page: f64,
    /// Pages of others, first of the same category, opened for each page that is opened, mean of a
    /// geometric draw.
    pub others: f64,
    /// Chance that the page is opened again after those of others.
    pub again: f64,
    /// The chance to add x this.
    pub take: f64,
    /// Chance after an add that something is taken out of the cart again.
    pub removal: f64,
    /// The chance to order what is in the cart x this.
    pub checkout: f64,
    /// Think times x this.
    pub dwell: f64,
}
