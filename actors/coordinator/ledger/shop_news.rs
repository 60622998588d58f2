//! What is said once a run of how the shop is: that every wallet is empty, that an answer has
//! another shape than the profile says.
//!
//! Pure: it is told what a cycle met, and answers what is new.

use std::collections::BTreeMap;

use serde_json::json;

use crate::domain::catalog::PartialCatalog;
use crate::domain::incident::IncidentKind;
use crate::domain::shop_notes::{Misread, ShopNotes};

use super::Report;

/// Wallets that must be empty one after the other before it is said; fewer agents, fewer wallets.
const WALLETS_MIN: u64 = 10;
/// One empty wallet says nothing of the others.
const WALLETS_LEAST: u64 = 2;
/// Places of answers that are told of in a run.
const PLACES_MAX: usize = 16;
/// Of one place, so many things that do not fit are told of, each with its id.
const TOLD_MAX: usize = 3;

/// What has been said.
#[derive(Clone, Debug, Default)]
pub struct ShopNews {
    /// Wallets in a row without a coupon, over cycles.
    empty_in_a_row: u64,
    /// Whether that was told.
    wallets_told: bool,
    /// The places of answers that were told not to fit, and of what in them.
    misfits_told: BTreeMap<String, Vec<String>>,
    /// What was told of the catalogue.
    catalog_told: Option<PartialCatalog>,
}

impl ShopNews {
    /// A cycle of so many agents has met this.
    pub fn hear(&mut self, notes: &ShopNotes, released: u32) -> Vec<Report> {
        let mut news = Vec::new();
        for misread in notes.misreads() {
            if let Some(last) = self.is_new(misread) {
                let says = misread.says();
                let message = format!("the shop's answer does not fit its profile: {says}{last}");
                news.push((IncidentKind::AnswerShape, message, json!(misread)));
            }
        }
        if let Some(partial) = &notes.catalog
            && self.catalog_told.replace(partial.clone()).as_ref() != Some(partial)
        {
            news.push((IncidentKind::CatalogShort, partial.says(), json!(partial)));
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

    /// Whether it is to be told, and what is added where it is the last of its place.
    fn is_new(&mut self, misread: &Misread) -> Option<&'static str> {
        let (place, key) = (misread.place(), misread.key());
        if self.misfits_told.len() == PLACES_MAX && !self.misfits_told.contains_key(&place) {
            return None;
        }
        let told = self.misfits_told.entry(place).or_default();
        if told.len() == TOLD_MAX || told.contains(&key) {
            return None;
        }
        told.push(key);
        Some(if told.len() == TOLD_MAX { " (more of this kind are not told)" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shop_notes::Outcome;

    fn wallets(empty: u32, full: u32) -> ShopNotes {
        let mut notes = ShopNotes::default();
        (0..empty).for_each(|_| notes.saw_wallet(true));
        (0..full).for_each(|_| notes.saw_wallet(false));
        notes
    }

    fn of(path: &str, id: Option<&str>) -> ShopNotes {
        let mut notes = ShopNotes::default();
        notes.misread(Misread {
            path: path.to_owned(),
            expected: "a list".into(),
            came: "an object".into(),
            id: id.map(str::to_owned),
            outcome: Outcome::default(),
        });
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
        let misread = |path: &str| of(path, None);
        let mut news = ShopNews::default();
        let told = news.hear(&misread("order.coupons.3.id"), 372);
        assert_eq!(kinds(&told), [IncidentKind::AnswerShape]);
        assert!(told[0].1.contains("`order.coupons.3.id` should be a list and is an object"));
        assert_eq!(told[0].2["came"], "an object");
        assert!(news.hear(&misread("order.coupons.9.id"), 372).is_empty());
        let more = (0..100).map(|n| news.hear(&misread(&format!("f_{n}")), 372).len());
        assert_eq!(more.sum::<usize>(), PLACES_MAX - 1);
    }

    #[test]
    fn three_things_of_a_list_are_told_by_their_ids_and_no_more_of_that_place() {
        let mut news = ShopNews::default();
        let told = news.hear(&of("products.3.price", Some("milk")), 372);
        assert!(told[0].1.contains("`products.3.price` of `milk` should be"), "{}", told[0].1);
        assert_eq!(told[0].2["id"], "milk");
        assert!(news.hear(&of("products.9.price", Some("milk")), 372).is_empty());
        assert_eq!(news.hear(&of("products.3.price", Some("salt")), 372).len(), 1);
        let last = news.hear(&of("products.3.price", Some("eel")), 372);
        assert!(last[0].1.ends_with("(more of this kind are not told)"), "{}", last[0].1);
        assert!(news.hear(&of("products.3.price", Some("tea")), 372).is_empty());
        assert_eq!(news.hear(&of("products.3.name", Some("tea")), 372).len(), 1);
    }
}
