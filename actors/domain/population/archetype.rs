//! Archetypes: the kinds of people a population is drawn from, read from config/personas.ron.
//!
//! An [`Archetypes`] that exists is valid: reading checks every range, so generating cannot fail.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::persona::TimeOfDay;

/// The content of config/personas.ron, checked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Archetypes {
    regions: Vec<String>,
    archetypes: Vec<Archetype>,
}

/// The content of the file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Archetypes")]
struct Unchecked {
    /// Names of regions, each equally frequent.
    regions: Vec<String>,
    /// At least one.
    archetypes: Vec<Archetype>,
}

/// One kind of people. Traits are medians of 0-1 around which agents scatter.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archetype {
    /// In snake case; stored with each persona.
    pub name: String,
    /// How many agents are of it, relative to the others.
    pub share: f64,
    /// Years.
    pub ages: AgeRange,
    /// Relative frequency of each income bracket.
    pub incomes: Incomes,
    /// People in the household; most likely this many, at most two more or fewer.
    pub household_size: u8,
    /// Chance of children in a household of two or more.
    pub children: f64,
    /// Median of 0-1; income lowers it, coupon affinity goes along with it.
    pub price_sensitivity: f64,
    /// Median of 0-1.
    pub brand_loyalty: f64,
    /// Median of 0-1.
    pub impulsivity: f64,
    /// Median of 0-1; age lowers it.
    pub tech_savviness: f64,
    /// Median of 0-1.
    pub coupon_affinity: f64,
    /// Median for a medium income, USD a week.
    pub weekly_budget_usd: f64,
    /// Median of avg_cart_value as a share of weekly_budget.
    pub cart_share: f64,
    /// Relative preference for the parts of the day.
    pub time_of_day: TimeOfDay,
    /// Added to the weekend affinity before the population is centred, -0.3 to 0.3.
    pub weekend_lean: f64,
    /// Relative weight of a category, by its name; those not named weigh 1.
    pub categories: BTreeMap<String, f64>,
    /// A sentence about such a person.
    pub backstory: String,
}

/// Both ends included, years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeRange {
    /// Youngest.
    pub min: u8,
    /// Oldest.
    pub max: u8,
}

/// Relative frequencies of the income brackets.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incomes {
    /// `low`.
    pub low: f64,
    /// `medium`.
    pub medium: f64,
    /// `high`.
    pub high: f64,
}

/// Why archetypes cannot make a population.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchetypeError {
    /// The list is empty.
    #[error("`{0}` is empty: name at least one")]
    Empty(
        /// The key.
        &'static str,
    ),
    /// A number is outside of its range.
    #[error("archetype `{archetype}`: {key} is {value}, allowed is {allowed}")]
    OutOfRange {
        /// Whose.
        archetype: String,
        /// The key.
        key: &'static str,
        /// What was given.
        value: String,
        /// The range, in words.
        allowed: &'static str,
    },
}

impl Archetypes {
    /// Names of regions; at least one.
    pub fn regions(&self) -> &[String] {
        &self.regions
    }

    /// The archetypes; at least one.
    pub fn archetypes(&self) -> &[Archetype] {
        &self.archetypes
    }
}

impl TryFrom<Unchecked> for Archetypes {
    type Error = ArchetypeError;

    fn try_from(file: Unchecked) -> Result<Self, ArchetypeError> {
        if file.regions.is_empty() {
            return Err(ArchetypeError::Empty("regions"));
        }
        if file.archetypes.is_empty() {
            return Err(ArchetypeError::Empty("archetypes"));
        }
        file.archetypes.iter().try_for_each(Archetype::check)?;
        Ok(Self { regions: file.regions, archetypes: file.archetypes })
    }
}

impl Archetype {
    fn check(&self) -> Result<(), ArchetypeError> {
        let AgeRange { min, max } = self.ages;
        let fits = 18 <= min && min <= max && max <= 80;
        self.require(fits, "ages", format!("{min}-{max}"), "min to max within 18-80")?;
        let fits = (1..=6).contains(&self.household_size);
        self.require(fits, "household_size", self.household_size.to_string(), "1-6")?;
        for (key, median) in [
            ("price_sensitivity", self.price_sensitivity),
            ("brand_loyalty", self.brand_loyalty),
            ("impulsivity", self.impulsivity),
            ("tech_savviness", self.tech_savviness),
            ("coupon_affinity", self.coupon_affinity),
            ("cart_share", self.cart_share),
        ] {
            let fits = (0.01..=0.99).contains(&median);
            self.require(fits, key, median.to_string(), "0.01-0.99")?;
        }
        let fits = (0.0..=1.0).contains(&self.children);
        self.require(fits, "children", self.children.to_string(), "0-1")?;
        let usd = self.weekly_budget_usd;
        let fits = (20.0..=300.0).contains(&usd);
        self.require(fits, "weekly_budget_usd", usd.to_string(), "20-300")?;
        let lean = self.weekend_lean;
        let fits = (-0.3..=0.3).contains(&lean);
        self.require(fits, "weekend_lean", lean.to_string(), "-0.3 to 0.3")?;
        self.check_weights()
    }

    fn check_weights(&self) -> Result<(), ArchetypeError> {
        let positive = "above 0, at most 1000";
        let incomes = [self.incomes.low, self.incomes.medium, self.incomes.high];
        let day = self.time_of_day;
        for (key, weight) in [
            ("share", self.share),
            ("incomes", incomes.iter().sum()),
            ("time_of_day.morning", day.morning),
            ("time_of_day.afternoon", day.afternoon),
            ("time_of_day.evening", day.evening),
        ] {
            let fits = weight > 0.0 && weight <= 1_000.0;
            self.require(fits, key, weight.to_string(), positive)?;
        }
        for (key, weights) in [
            ("incomes", incomes.to_vec()),
            ("categories", self.categories.values().copied().collect()),
        ] {
            for weight in weights {
                let fits = (0.0..=1_000.0).contains(&weight);
                self.require(fits, key, weight.to_string(), "0-1000")?;
            }
        }
        Ok(())
    }

    fn require(
        &self,
        fits: bool,
        key: &'static str,
        value: String,
        allowed: &'static str,
    ) -> Result<(), ArchetypeError> {
        if fits {
            return Ok(());
        }
        let archetype = self.name.chars().take(40).collect();
        Err(ArchetypeError::OutOfRange { archetype, key, value, allowed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presets;

    fn refusal(change: impl FnOnce(&mut Archetype)) -> Option<String> {
        let mut archetypes = presets::archetypes().archetypes;
        change(&mut archetypes[0]);
        let file = Unchecked { regions: vec!["west".to_owned()], archetypes };
        Archetypes::try_from(file).err().map(|error| error.to_string())
    }

    #[test]
    fn a_number_outside_of_its_range_is_refused_by_archetype_and_key() {
        assert_eq!(refusal(|_| {}), None);
        let name = presets::archetypes().archetypes[0].name.clone();
        assert_eq!(
            refusal(|a| a.impulsivity = 1.0),
            Some(format!("archetype `{name}`: impulsivity is 1, allowed is 0.01-0.99"))
        );
        assert!(refusal(|a| a.ages = AgeRange { min: 17, max: 30 }).is_some());
        assert!(refusal(|a| a.ages = AgeRange { min: 31, max: 30 }).is_some());
        assert!(refusal(|a| a.share = 0.0).is_some());
        assert!(refusal(|a| a.time_of_day.evening = f64::NAN).is_some());
        assert!(refusal(|a| a.weekly_budget_usd = 300.1).is_some());
        assert!(refusal(|a| a.incomes = Incomes { low: 0.0, medium: 0.0, high: 0.0 }).is_some());
        assert!(refusal(|a| a.categories = [("Pet".to_owned(), -1.0)].into()).is_some());
    }

    #[test]
    fn empty_lists_are_refused() {
        let refused = |regions, archetypes| {
            Archetypes::try_from(Unchecked { regions, archetypes }).unwrap_err().to_string()
        };
        let full = presets::archetypes();
        assert!(refused(full.regions.clone(), Vec::new()).contains("`archetypes` is empty"));
        assert!(refused(Vec::new(), full.archetypes).contains("`regions` is empty"));
    }

    #[test]
    fn every_category_named_is_one_of_the_practice_shop() {
        let known = presets::categories();
        for archetype in presets::archetypes().archetypes() {
            for category in archetype.categories.keys() {
                assert!(known.contains(category), "{}: {category}", archetype.name);
            }
        }
    }
}
