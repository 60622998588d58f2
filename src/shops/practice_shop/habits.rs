//! What a sound shop does otherwise than the practice shop by itself: its habits.
//!
//! They are no faults ([`super::Faults`]): each is how some real shop works every day, and stays
//! while it is open.

pub(super) mod counter;
pub(super) mod database;
pub mod pace;

use secrecy::SecretString;

use self::pace::Pace;

/// Every habit; by default the practice shop as it is described in its profile.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// Percentages and the half of a pair are not rounded: `249.5`, `1148.503`. Without: each
    /// discount to the cent.
    pub unrounded_totals: bool,
    /// `applied_coupons` of an order is `{"item_level": [..], "frontstore": [..]}`, a coupon once a
    /// line that it helped. Without: one list, each coupon once.
    pub coupons_as_object: bool,
    /// A coupon stays in the wallet when it was redeemed.
    pub reusable_coupons: bool,
    /// A user exists from its first GET /api/auth/me on; before it, what concerns a user is a 500.
    pub first_visit_needed: bool,
    /// Every coupon of every wallet has expired: none is eligible, none ineligible, apply is a 404.
    pub wallets_expired: bool,
    /// What a customer may read of its orders.
    pub order_reads: OrderReads,
    /// How many requests are served at a time and how long each takes; `None` is at once.
    pub pace: Option<Pace>,
    /// The PostgreSQL to which each request opens a connection of its own, held while it is served.
    pub database: Option<SecretString>,
}

/// What a customer may read of its orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OrderReads {
    /// Each order names the shopping session that placed it, and the list can be asked for one.
    #[default]
    BySession,
    /// Orders are listed and shown without a session.
    Anonymous,
    /// The list is a 403, an order a 404.
    Refused,
}

/// A habit that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{habit}: {why}")]
pub struct HabitError {
    /// Which, as the command line calls it.
    pub habit: &'static str,
    /// What is wrong and what is allowed.
    pub why: String,
}
