//! What is said once a run of how the shop is: that every wallet is empty, that an answer has
//! another shape than the profile says.
//!
//! Pure: it is told what a cycle met, and answers what is new.

use std::collections::BTreeSet;

use serde_json::json;

use crate::domain::incident::IncidentKind;
use crate::domain::shop_notes::ShopNotes;

use super::Report;

/// Wallets that must be empty one after the other before it is said; fewer agents, fewer wallets.
const WALLETS_MIN: u64 = 10;
/// One empty wallet says nothing of the others.
const WALLETS_LEAST: u64 = 2;
/// Different misfits that are told of a run.
const TOLD_MAX: usize = 16;

/// What has been said.
#[derive(Clone, Debug, Default)]
pub struct ShopNews {
    /// Wallets in a row without a coupon, over cycles.
    empty_in_a_row: u64,
    /// Whether that was told.
    wallets_told: bool,
    /// The places of answers that were told not to fit.
    misfits_told: BTreeSet<String>,
}

impl ShopNews {
    /// A cycle of so many agents has met this.
    pub fn hear(&mut self, notes: &ShopNotes, released: u32) -> Vec<Report> {
        let mut news = Vec::new();
        for misread in notes.misreads() {
            let is_new = self.misfits_told.len() < TOLD_MAX;
            if is_new && self.misfits_told.insert(misread.place()) {
                let message = format!(
                    "the shop's answer does not fit its profile: `{}` should be {} and is {}; \
                     which coupons counted is unknown, all that were applied are taken as used \
                     where something was taken off",
                    misread.path, misread.expected, misread.came
                );
                news.push((IncidentKind::AnswerShape, message, json!(misread)));
            }
        }
        if notes.empty_wallets == notes.wallets {
            self.empty_in_a_row += notes.wallets;
        } else {
            self.empty_in_a_row = 0;
        }
        let least = WALLETS_MIN.min(u64::from(released)).max(WALLETS_LEAST);
        if !self.wallets_told && self.empty_in_a_row >= least {
            self.wallets_told = true;
            let wallets = self.empty_in_a_row;
            let message = format!(
                "all {wallets} wallets asked were empty: coupons at the shop are expired or not \
                 assigned"
            );
            news.push((IncidentKind::WalletsEmpty, message, json!({ "wallets": wallets })));
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shop_notes::Misread;

    fn wallets(empty: u32, full: u32) -> ShopNotes {
        let mut notes = ShopNotes::default();
        (0..empty).for_each(|_| notes.saw_wallet(true));
        (0..full).for_each(|_| notes.saw_wallet(false));
        notes
    }

    fn kinds(news: &[Report]) -> Vec<IncidentKind> {
        news.iter().map(|(kind, ..)| *kind).collect()
    }

    #[test]
    fn empty_wallets_are_told_once_when_enough_in_a_row_were_empty() {
        let mut news = ShopNews::default();
        assert!(news.hear(&ShopNotes::default(), 372).is_empty());
        assert!(news.hear(&wallets(9, 0), 372).is_empty());
        let told = news.hear(&wallets(1, 0), 372);
        assert_eq!(kinds(&told), [IncidentKind::WalletsEmpty]);
        let sentence = "all 10 wallets asked were empty: coupons at the shop are expired or not \
                        assigned";
        assert_eq!((told[0].1.as_str(), &told[0].2), (sentence, &json!({ "wallets": 10 })));
        assert!(news.hear(&wallets(500, 0), 372).is_empty(), "once");
    }

    #[test]
    fn one_coupon_anywhere_ends_the_row_and_coupons_that_run_out_later_are_told() {
        let mut news = ShopNews::default();
        assert!(news.hear(&wallets(200, 1), 372).is_empty());
        assert!(news.hear(&wallets(9, 0), 372).is_empty());
        assert_eq!(news.hear(&wallets(1, 0), 372).len(), 1);
    }

    #[test]
    fn a_few_agents_need_fewer_wallets_but_one_is_none() {
        let mut news = ShopNews::default();
        assert!(news.hear(&wallets(2, 0), 3).is_empty());
        assert_eq!(news.hear(&wallets(1, 0), 3).len(), 1);
        let mut alone = ShopNews::default();
        assert!(alone.hear(&wallets(1, 0), 1).is_empty());
        assert_eq!(alone.hear(&wallets(1, 0), 1).len(), 1);
    }

    #[test]
    fn each_misfit_is_told_once_with_what_was_expected_and_what_came() {
        let misread = |path: &str| {
            let mut notes = ShopNotes::default();
            notes.misread(Misread {
                path: path.to_owned(),
                expected: "a list".into(),
                came: "an object".into(),
            });
            notes
        };
        let mut news = ShopNews::default();
        let told = news.hear(&misread("order.coupons.3.id"), 372);
        assert_eq!(kinds(&told), [IncidentKind::AnswerShape]);
        assert!(told[0].1.contains("`order.coupons.3.id` should be a list and is an object"));
        assert_eq!(told[0].2["came"], "an object");
        assert!(news.hear(&misread("order.coupons.9.id"), 372).is_empty());
        let more = (0..100).map(|n| news.hear(&misread(&format!("f_{n}")), 372).len());
        assert_eq!(more.sum::<usize>(), TOLD_MAX - 1);
    }
}
