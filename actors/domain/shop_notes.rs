//! What shoppers met at the shop that an operator should hear the reason of: refusals by reason,
//! wallets without a coupon, answers of another shape than the profile says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::catalog::PartialCatalog;

/// Different misfits that are kept of one cycle.
const MISREADS_MAX: usize = 8;

/// What became of an answer of which a part did not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An order is one; which coupons counted in it is unknown.
    #[default]
    CouponsUnknown,
    /// The rest of the list was taken.
    LeftOut,
    /// An order is one; the figure was reckoned from its others.
    Reckoned,
    /// A checkout was answered well; its order is what the shop's reads show of it.
    LookedUp,
    /// A character that no database keeps was replaced.
    Replaced,
    /// A product is as the list showed it.
    AsListed,
}

impl Outcome {
    /// In words.
    pub fn says(self) -> &'static str {
        match self {
            Self::CouponsUnknown => {
                "which coupons counted is unknown, all that were applied are taken as used where \
                 something was taken off"
            }
            Self::LeftOut => "it is left out, the rest of the list is taken",
            Self::Reckoned => "the order is kept, the figure is reckoned from its others",
            Self::LookedUp => {
                "the order is kept as the shop's list of orders and the visit itself tell of it"
            }
            Self::Replaced => "each NUL in it is kept as U+FFFD: no database keeps it",
            Self::AsListed => "the product is taken as it was listed",
        }
    }
}

/// A part of an answer that does not fit the profile; the rest of the answer was of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misread {
    /// Where, as `order.applied_coupons.item_level`.
    pub path: String,
    /// What the profile says is there.
    pub expected: String,
    /// What was there.
    pub came: String,
    /// The id of what it is a part of, where a list has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What became of it.
    #[serde(default)]
    pub outcome: Outcome,
}

impl Misread {
    /// The same place of every answer: without the places of items in lists.
    pub fn place(&self) -> String {
        let is_number = |part: &&str| !part.bytes().all(|byte| byte.is_ascii_digit());
        self.path.split('.').filter(is_number).collect::<Vec<_>>().join(".")
    }

    /// What is told once: the place, of each id.
    pub fn key(&self) -> String {
        format!("{} {}", self.place(), self.id.as_deref().unwrap_or_default())
    }

    /// What does not fit, and what became of it.
    pub fn says(&self) -> String {
        let of = self.id.as_ref().map_or(String::new(), |id| format!(" of `{id}`"));
        let (path, expected, came) = (&self.path, &self.expected, &self.came);
        let outcome = self.outcome.says();
        format!("`{path}`{of} should be {expected} and is {came}; {outcome}")
    }
}

/// Of one flow, or of all flows of a cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShopNotes {
    /// Adds and checkouts that the shop refused, by the word of its reason.
    refused: BTreeMap<&'static str, u64>,
    /// Wallets asked for that should have held something.
    pub wallets: u64,
    /// Of them: without one coupon.
    pub empty_wallets: u64,
    /// By [`Misread::key`], the first of each.
    misreads: BTreeMap<String, Misread>,
    /// What was read before the first tick is not all that the shop has.
    pub catalog: Option<PartialCatalog>,
}

impl ShopNotes {
    /// The shop refused an add or a checkout.
    pub fn refuse(&mut self, reason: &'static str) {
        *self.refused.entry(reason).or_default() += 1;
    }

    /// A wallet that should hold something was shown.
    pub fn saw_wallet(&mut self, is_empty: bool) {
        self.wallets += 1;
        self.empty_wallets += u64::from(is_empty);
    }

    /// An answer did not fit.
    pub fn misread(&mut self, misread: Misread) {
        if self.misreads.len() < MISREADS_MAX {
            self.misreads.entry(misread.key()).or_insert(misread);
        }
    }

    /// Adds those of another flow.
    pub fn add(&mut self, other: &Self) {
        for (reason, times) in &other.refused {
            *self.refused.entry(reason).or_default() += times;
        }
        self.wallets += other.wallets;
        self.empty_wallets += other.empty_wallets;
        for misread in other.misreads.values() {
            self.misread(misread.clone());
        }
    }

    /// The misfits, each place of each id once.
    pub fn misreads(&self) -> impl Iterator<Item = &Misread> {
        self.misreads.values()
    }

    /// The reasons of refusals with how often, the most frequent first.
    pub fn reasons(&self) -> Vec<(&'static str, u64)> {
        let mut reasons: Vec<_> = self.refused.iter().map(|(reason, n)| (*reason, *n)).collect();
        reasons.sort_by_key(|(reason, times)| (std::cmp::Reverse(*times), *reason));
        reasons
    }

    /// The same in words: `stock 41, product gone 2`.
    pub fn reasons_in_words(&self) -> String {
        let words = |(reason, times): (&str, u64)| format!("{} {times}", reason.replace('_', " "));
        self.reasons().into_iter().map(words).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misread(path: &str) -> Misread {
        let (expected, came) = ("a list".into(), "an object".into());
        Misread { path: path.to_owned(), expected, came, id: None, outcome: Outcome::default() }
    }

    #[test]
    fn reasons_are_told_the_most_frequent_first() {
        let mut cycle = ShopNotes::default();
        assert_eq!(cycle.reasons_in_words(), "");
        for reason in ["product_gone", "stock", "stock", "cart_empty"] {
            let mut flow = ShopNotes::default();
            flow.refuse(reason);
            cycle.add(&flow);
        }
        assert_eq!(cycle.reasons_in_words(), "stock 2, cart empty 1, product gone 1");
    }

    #[test]
    fn a_misfit_of_one_place_is_kept_once_and_not_without_bound() {
        let mut notes = ShopNotes::default();
        notes.misread(misread("order.coupons.0.id"));
        notes.misread(misread("order.coupons.7.id"));
        assert_eq!(notes.misreads().collect::<Vec<_>>(), [&misread("order.coupons.0.id")]);
        for n in 0..100 {
            notes.misread(misread(&format!("field_{n}")));
        }
        assert_eq!(notes.misreads().count(), MISREADS_MAX);
    }
}
