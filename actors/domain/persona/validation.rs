//! The ranges of a persona. Generated ones lie inside by construction, imported ones are checked.
//!
//! Lengths are bounded too: an import must not grow memory or smuggle bytes into a header.

use std::fmt;
use std::ops::RangeInclusive;

use super::Persona;
use crate::money::Cents;

/// Longest id, in characters.
const ID_CHARS_MAX: usize = 64;
/// Longest free word (gender, region, category ...), in characters.
const WORD_CHARS_MAX: usize = 100;
/// Longest backstory, in characters.
const BACKSTORY_CHARS_MAX: usize = 4_000;
/// How far the shares of the day may be from summing to 1 (rounded imports).
const DAY_SUM_TOLERANCE: f64 = 0.005;

/// USD 20-300 a simulated week.
const WEEKLY_BUDGET: RangeInclusive<Cents> = Cents(2_000)..=Cents(30_000);
/// USD 8-150 a visit.
const AVG_CART_VALUE: RangeInclusive<Cents> = Cents(800)..=Cents(15_000);

/// Why a persona cannot shop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("agent `{agent}`: {field} is {value}, allowed is {allowed}")]
pub struct PersonaError {
    /// The agent's id, cut to 64 characters.
    pub agent: String,
    /// The column, as `weekly_budget`.
    pub field: &'static str,
    /// What was given, cut to 40 characters.
    pub value: String,
    /// The allowed range, in words.
    pub allowed: &'static str,
}

impl Persona {
    /// Checks every field against its range (docs/personas.md); answers the first that is
    /// outside. A not-a-number is outside of every range.
    pub fn validate(&self) -> Result<(), PersonaError> {
        self.check_identity()?;
        self.check_person()?;
        self.check_traits()?;
        self.check_money_and_time()
    }

    fn check_identity(&self) -> Result<(), PersonaError> {
        let id = self.agent_id.as_str();
        let is_plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        let fits = !id.is_empty() && id.len() <= ID_CHARS_MAX && is_plain;
        self.check(fits, "agent_id", id, "1-64 letters, digits, `_`, `-` or `.`")?;
        let words = [
            ("age_group", &self.age_group),
            ("gender", &self.gender),
            ("income_bracket", &self.income_bracket),
            ("location_region", &self.location_region),
        ];
        for (field, word) in words {
            self.check(fits_in(word, WORD_CHARS_MAX), field, word, "at most 100 characters")?;
        }
        let backstory = self.backstory.as_deref().unwrap_or_default();
        let fits = fits_in(backstory, BACKSTORY_CHARS_MAX);
        self.check(fits, "backstory", backstory, "at most 4000 characters")
    }

    fn check_person(&self) -> Result<(), PersonaError> {
        self.check((18..=80).contains(&self.age), "age", self.age, "18-80 years")?;
        let fits = (1..=6).contains(&self.household_size);
        self.check(fits, "household_size", self.household_size, "1-6 people")?;
        let count = self.preferred_categories.len();
        let field = "preferred_categories";
        self.check((2..=4).contains(&count), field, count, "2-4 categories")?;
        for category in &self.preferred_categories {
            let fits = !category.is_empty() && fits_in(category, WORD_CHARS_MAX);
            self.check(fits, field, category, "names of 1-100 characters")?;
        }
        Ok(())
    }

    fn check_traits(&self) -> Result<(), PersonaError> {
        for (field, share) in [
            ("price_sensitivity", self.price_sensitivity),
            ("brand_loyalty", self.brand_loyalty),
            ("impulsivity", self.impulsivity),
            ("tech_savviness", self.tech_savviness),
            ("coupon_affinity", self.coupon_affinity),
            ("weekday_affinity", self.weekday_affinity),
            ("weekend_affinity", self.weekend_affinity),
            ("pref_time_morning", self.time_of_day.morning),
            ("pref_time_afternoon", self.time_of_day.afternoon),
            ("pref_time_evening", self.time_of_day.evening),
        ] {
            self.check((0.0..=1.0).contains(&share), field, share, "0-1")?;
        }
        Ok(())
    }

    fn check_money_and_time(&self) -> Result<(), PersonaError> {
        let budget = self.weekly_budget;
        self.check(WEEKLY_BUDGET.contains(&budget), "weekly_budget", budget, "20-300 USD")?;
        let cart = self.avg_cart_value;
        self.check(AVG_CART_VALUE.contains(&cart), "avg_cart_value", cart, "8-150 USD")?;
        let day = self.time_of_day;
        let sum = day.morning + day.afternoon + day.evening;
        let fits = (sum - 1.0).abs() <= DAY_SUM_TOLERANCE;
        self.check(fits, "pref_time_*", sum, "a sum of 1 over morning, afternoon and evening")
    }

    fn check(
        &self,
        fits: bool,
        field: &'static str,
        value: impl fmt::Display,
        allowed: &'static str,
    ) -> Result<(), PersonaError> {
        if fits {
            return Ok(());
        }
        Err(PersonaError {
            agent: self.agent_id.as_str().chars().take(ID_CHARS_MAX).collect(),
            field,
            value: value.to_string().chars().take(40).collect(),
            allowed,
        })
    }
}

fn fits_in(text: &str, chars_max: usize) -> bool {
    text.chars().take(chars_max + 1).count() <= chars_max
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AgentId;
    use crate::presets;

    fn refused(change: impl FnOnce(&mut Persona)) -> Option<&'static str> {
        let mut persona = presets::population(1, 1).remove(0);
        change(&mut persona);
        persona.validate().err().map(|error| error.field)
    }

    #[test]
    fn both_ends_of_a_range_are_inside_and_the_next_value_is_not() {
        for (age, field) in [(17, Some("age")), (18, None), (80, None), (81, Some("age"))] {
            assert_eq!(refused(|p| p.age = age), field, "{age}");
        }
        for (cents, fits) in [(1_999, false), (2_000, true), (30_000, true), (30_001, false)] {
            assert_eq!(refused(|p| p.weekly_budget = Cents(cents)).is_none(), fits, "{cents}");
        }
        for (cents, fits) in [(799, false), (800, true), (15_000, true), (15_001, false)] {
            assert_eq!(refused(|p| p.avg_cart_value = Cents(cents)).is_none(), fits, "{cents}");
        }
        for (size, fits) in [(0, false), (1, true), (6, true), (7, false)] {
            assert_eq!(refused(|p| p.household_size = size).is_none(), fits, "{size}");
        }
        for (share, fits) in [(-0.001, false), (0.0, true), (1.0, true), (1.001, false)] {
            assert_eq!(refused(|p| p.impulsivity = share).is_none(), fits, "{share}");
            assert_eq!(refused(|p| p.weekend_affinity = share).is_none(), fits, "{share}");
        }
    }

    #[test]
    fn not_a_number_is_outside_of_every_range() {
        assert_eq!(refused(|p| p.coupon_affinity = f64::NAN), Some("coupon_affinity"));
        assert_eq!(refused(|p| p.time_of_day.evening = f64::NAN), Some("pref_time_evening"));
    }

    #[test]
    fn the_shares_of_the_day_must_sum_to_one() {
        let with_evening = |evening| {
            refused(move |p| {
                p.time_of_day.morning = 0.3;
                p.time_of_day.afternoon = 0.4;
                p.time_of_day.evening = evening;
            })
        };
        assert_eq!(with_evening(0.3), None);
        assert_eq!(with_evening(0.304), None);
        assert_eq!(with_evening(0.31), Some("pref_time_*"));
    }

    #[test]
    fn an_id_that_could_break_a_header_is_refused() {
        for id in ["", "a b", "a\r\nX: y", "ä", &"a".repeat(65)] {
            assert_eq!(refused(|p| p.agent_id = AgentId::new(id)), Some("agent_id"), "{id:?}");
        }
        assert_eq!(refused(|p| p.agent_id = AgentId::new("a".repeat(64))), None);
    }

    #[test]
    fn two_to_four_categories_are_needed() {
        for (count, fits) in [(1, false), (2, true), (4, true), (5, false)] {
            let categories = vec!["Dairy".to_owned(); count];
            assert_eq!(refused(|p| p.preferred_categories = categories).is_none(), fits);
        }
    }

    #[test]
    fn the_error_names_agent_field_value_and_what_is_allowed() {
        let mut persona = presets::population(1, 1).remove(0);
        persona.age = 7;
        let error = persona.validate().unwrap_err();
        assert_eq!(error.to_string(), "agent `agent_001`: age is 7, allowed is 18-80 years");
    }
}
