//! What shoppers met at the shop that an operator should hear the reason of: refusals by reason,
//! wallets without a coupon, answers of another shape than the profile says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Different misfits that are kept of one cycle.
const MISREADS_MAX: usize = 8;

/// A part of an answer that does not fit the profile; the rest of the answer was of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misread {
    /// Where, as `order.applied_coupons.item_level`.
    pub path: String,
    /// What the profile says is there.
    pub expected: String,
    /// What was there.
    pub came: String,
}

impl Misread {
    /// The same place of every answer: without the places of items in lists.
    pub fn place(&self) -> String {
        let is_number = |part: &&str| !part.bytes().all(|byte| byte.is_ascii_digit());
        self.path.split('.').filter(is_number).collect::<Vec<_>>().join(".")
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
    /// By [`Misread::place`], the first of each.
    misreads: BTreeMap<String, Misread>,
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
            self.misreads.entry(misread.place()).or_insert(misread);
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

    /// The misfits, each place once.
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
        Misread { path: path.to_owned(), expected: "a list".into(), came: "an object".into() }
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
