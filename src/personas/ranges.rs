//! Whether a persona's numbers lie where the rules of behaviour expect them.

use actors::domain::money::Cents;
use actors::domain::persona::Persona;

use super::columns;
use super::mending::TRIPLES;

/// Money of a week and of a cart, cents.
const WEEKLY_BUDGET: (Cents, Cents) = (Cents(2_000), Cents(30_000));
const AVG_CART_VALUE: (Cents, Cents) = (Cents(800), Cents(15_000));
const AGE: (u8, u8) = (18, 80);
const HOUSEHOLD_SIZE: (u8, u8) = (1, 6);

/// The least and the greatest number of a column, as a file has it; `None` where it holds words.
pub fn range_of(column: &str) -> Option<(f64, f64)> {
    let dollars = |(from, to): (Cents, Cents)| (from.0 as f64 / 100.0, to.0 as f64 / 100.0);
    let whole = |(from, to): (u8, u8)| (f64::from(from), f64::from(to));
    match column {
        "weekly_budget" => Some(dollars(WEEKLY_BUDGET)),
        "avg_cart_value" => Some(dollars(AVG_CART_VALUE)),
        "age" => Some(whole(AGE)),
        "household_size" => Some(whole(HOUSEHOLD_SIZE)),
        "price_sensitivity" | "brand_loyalty" | "impulsivity" | "tech_savviness"
        | "coupon_affinity" | "weekday_affinity" | "weekend_affinity" => Some((0.0, 1.0)),
        _ if TRIPLES.iter().flatten().any(|share| *share == column) => Some((0.0, 1.0)),
        _ => None,
    }
}

/// A value out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{column} = {value} is impossible; allowed: {allowed}")]
pub struct RangeError {
    /// Which.
    pub column: &'static str,
    /// The value.
    pub value: String,
    /// What it may hold.
    pub allowed: &'static str,
}

/// The first value of `persona` that is out of its range.
pub fn check_ranges(persona: &Persona) -> Result<(), RangeError> {
    let refuse = |column, value: String, allowed| Err(RangeError { column, value, allowed });
    if !is_agent_id(persona.agent_id.as_str()) {
        return refuse("agent_id", persona.agent_id.to_string(), columns::AGENT_ID);
    }
    if !(AGE.0..=AGE.1).contains(&persona.age) {
        return refuse("age", persona.age.to_string(), columns::AGE);
    }
    if !(HOUSEHOLD_SIZE.0..=HOUSEHOLD_SIZE.1).contains(&persona.household_size) {
        let size = persona.household_size.to_string();
        return refuse("household_size", size, columns::HOUSEHOLD_SIZE);
    }
    for (column, share) in shares(persona) {
        if !(0.0..=1.0).contains(&share) {
            return refuse(column, share.to_string(), columns::SHARE);
        }
    }
    if !(2..=4).contains(&persona.preferred_categories.len()) {
        let given = persona.preferred_categories.join(";");
        return refuse("preferred_categories", given, columns::CATEGORIES);
    }
    if !(WEEKLY_BUDGET.0..=WEEKLY_BUDGET.1).contains(&persona.weekly_budget) {
        let budget = persona.weekly_budget.to_string();
        return refuse("weekly_budget", budget, columns::WEEKLY_BUDGET);
    }
    if !(AVG_CART_VALUE.0..=AVG_CART_VALUE.1).contains(&persona.avg_cart_value) {
        let value = persona.avg_cart_value.to_string();
        return refuse("avg_cart_value", value, columns::AVG_CART_VALUE);
    }
    Ok(())
}

fn shares(persona: &Persona) -> [(&'static str, f64); 10] {
    [
        ("price_sensitivity", persona.price_sensitivity),
        ("brand_loyalty", persona.brand_loyalty),
        ("impulsivity", persona.impulsivity),
        ("tech_savviness", persona.tech_savviness),
        ("coupon_affinity", persona.coupon_affinity),
        ("weekday_affinity", persona.weekday_affinity),
        ("weekend_affinity", persona.weekend_affinity),
        ("pref_time_morning", persona.time_of_day.morning),
        ("pref_time_afternoon", persona.time_of_day.afternoon),
        ("pref_time_evening", persona.time_of_day.evening),
    ]
}

fn is_agent_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    (1..=64).contains(&text.len()) && text.chars().all(allowed)
}
