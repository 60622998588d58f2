//! What the practice shop asks for a product: always the same, or by the week.
//!
//! A price of the calendar is a function of the product and the simulated week alone, so that a
//! flow, its replay and its order see one price, in every process.

use std::str::FromStr;

use chrono::{Datelike, NaiveDateTime};
use domain::catalog::Product;
use domain::money::{Cents, Percent};
use domain::stable_hash::{blend, share_of, stable_hash_of};
use serde::{Deserialize, Serialize};

/// The everyday price of the calendar in hundredths of a percent of the catalogue's. The catalogue
/// is dear against the personas' purses: its prices lie at 4.29, 7.99 and 19.99 for p10, p50 and
/// p90, those of real lines at 0.68, 1.99 and 4.53.
const EVERYDAY: Percent = Percent(4_800);

/// The share of a product's weeks in which it is on promotion.
const PROMOTED: f64 = 0.35;

/// Depths of promotions in percent, by their quantile; between two of them they lie on a line.
const DEPTHS: [(f64, f64); 7] =
    [(0.0, 5.0), (0.10, 8.0), (0.25, 15.0), (0.50, 24.0), (0.75, 37.0), (0.90, 47.0), (1.0, 55.0)];

/// How prices are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prices {
    /// Those of the catalogue, for ever.
    #[default]
    Fixed,
    /// A part of the catalogue's, and less in weeks of promotion.
    Calendar,
}

impl Prices {
    /// What a setting or a flag may say.
    pub const ALLOWED: &'static str = "fixed or calendar";

    /// The price of one unit of a product of the catalogue; without a moment it is on no promotion.
    pub fn of(self, product: &Product, simulated_at: Option<NaiveDateTime>) -> Cents {
        match self {
            Self::Fixed => product.price,
            Self::Calendar => {
                let everyday = product.price.percent(EVERYDAY);
                let off = simulated_at.and_then(|at| promotion(product, at));
                off.map_or(everyday, |off| everyday.percent(Percent(10_000 - off.0)))
            }
        }
    }

    /// The product at that price.
    pub fn shown(self, product: &Product, simulated_at: Option<NaiveDateTime>) -> Product {
        Product { price: self.of(product, simulated_at), ..product.clone() }
    }
}

/// What is off in the ISO week of this moment; `None`: the product is on no promotion in it.
fn promotion(product: &Product, at: NaiveDateTime) -> Option<Percent> {
    let week = at.iso_week();
    let week = stable_hash_of("week", &format!("{}-{}", week.year(), week.week()));
    let share = share_of(blend(stable_hash_of("promotion", product.id.as_str()), week));
    (share < PROMOTED).then(|| depth(share / PROMOTED))
}

/// The depth at this quantile.
fn depth(quantile: f64) -> Percent {
    let pieces = DEPTHS.iter().zip(DEPTHS.iter().skip(1));
    let mut around = pieces.filter(|(_, (end, _))| quantile <= *end);
    let Some(((begin, low), (end, high))) = around.next() else { return Percent(0) };
    let percent = low + (high - low) * (quantile - begin) / (end - begin);
    Percent((percent * 100.0).round() as i64)
}

/// A word that says nothing about prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed: {}", Prices::ALLOWED)]
pub struct NoPrices;

impl FromStr for Prices {
    type Err = NoPrices;

    fn from_str(word: &str) -> Result<Self, NoPrices> {
        match word {
            "fixed" => Ok(Self::Fixed),
            "calendar" => Ok(Self::Calendar),
            _ => Err(NoPrices),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, TimeDelta};
    use domain::ids::ProductId;

    use super::*;

    const WEEKS: i64 = 520;

    fn product(id: u32, price: i64) -> Product {
        Product {
            id: ProductId::new(format!("p{id}")),
            name: "n".to_owned(),
            category: "c".to_owned(),
            brand: None,
            price: Cents(price),
            in_stock: true,
            handle: Default::default(),
        }
    }

    /// Monday 00:00 of the first ISO week of 2026.
    fn monday() -> NaiveDateTime {
        NaiveDate::from_isoywd_opt(2026, 1, chrono::Weekday::Mon)
            .unwrap()
            .and_hms_opt(0, 0, 0)
            .unwrap()
    }

    /// Percent off in each of 520 weeks, of those with a promotion.
    fn promotions(product: &Product) -> Vec<f64> {
        let weeks = (0..WEEKS).map(|n| monday() + TimeDelta::weeks(n));
        weeks.filter_map(|at| promotion(product, at)).map(|off| off.0 as f64 / 100.0).collect()
    }

    #[test]
    fn fixed_prices_are_the_catalogues_whatever_the_week() {
        let milk = product(1, 479);
        for week in 0..WEEKS {
            let at = Some(monday() + TimeDelta::weeks(week));
            assert_eq!(Prices::Fixed.of(&milk, at), Cents(479));
        }
        assert_eq!(Prices::Fixed.of(&milk, None), Cents(479));
    }

    #[test]
    fn a_week_has_one_price_from_its_monday_to_its_sunday() {
        let milk = product(1, 1_999);
        let mut prices = std::collections::HashSet::new();
        for week in 0..100 {
            let monday = monday() + TimeDelta::weeks(week);
            let price = Prices::Calendar.of(&milk, Some(monday));
            prices.insert(price);
            let last = monday + TimeDelta::days(7) - TimeDelta::seconds(1);
            assert_eq!(Prices::Calendar.of(&milk, Some(last)), price);
        }
        assert!(prices.len() > 20, "{}", prices.len());
        assert_eq!(Prices::Calendar.shown(&milk, None).price, Cents(960), "0.48 of 19.99");
    }

    #[test]
    fn the_turn_of_a_year_lies_within_a_week() {
        let at = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap().and_hms_opt(9, 0, 0);
        for id in 0..50 {
            let product = product(id, 10_000);
            assert_eq!(
                promotion(&product, at(2026, 12, 31).unwrap()),
                promotion(&product, at(2027, 1, 3).unwrap())
            );
        }
    }

    #[test]
    fn about_35_percent_of_the_weeks_are_promotions_as_deep_as_real_ones() {
        let mut all = Vec::new();
        for id in 0..100 {
            let of_one = promotions(&product(id, 1_000));
            let share = of_one.len() as f64 / WEEKS as f64;
            assert!((0.27..0.43).contains(&share), "{id}: {share}");
            all.extend(of_one);
        }
        let share = all.len() as f64 / (100 * WEEKS) as f64;
        assert!((0.34..0.36).contains(&share), "{share}");
        all.sort_by(f64::total_cmp);
        for (quantile, depth) in [(0.10, 8.0), (0.25, 15.0), (0.5, 24.0), (0.75, 37.0), (0.9, 47.0)]
        {
            let found = all[(all.len() as f64 * quantile) as usize];
            assert!((found - depth).abs() < 1.0, "{quantile}: {found} for {depth}");
        }
    }

    #[test]
    fn a_promotion_is_below_the_everyday_price_to_the_cent() {
        for id in 0..200 {
            let product = product(id, 249);
            let everyday = Prices::Calendar.of(&product, None);
            assert_eq!(everyday, Cents(120));
            let off = promotion(&product, monday());
            let price = Prices::Calendar.of(&product, Some(monday()));
            match off {
                None => assert_eq!(price, everyday),
                Some(off) => assert_eq!(price, everyday.percent(Percent(10_000 - off.0))),
            }
            assert!(price > Cents::ZERO && (off.is_none() || price < everyday), "{price}");
        }
    }

    #[test]
    fn the_ends_of_the_depths_are_depths_too() {
        assert_eq!((depth(0.0), depth(1.0)), (Percent(500), Percent(5_500)));
        assert_eq!(depth(0.5), Percent(2_400));
    }

    #[test]
    fn words_are_read_and_others_refused() {
        assert_eq!("calendar".parse(), Ok(Prices::Calendar));
        assert_eq!("fixed".parse(), Ok(Prices::Fixed));
        assert_eq!("Calendar".parse::<Prices>(), Err(NoPrices));
    }
}
