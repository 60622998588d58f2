//! A persona as a JSON object by the column names of docs/personas.md: what `agents list --json`
//! prints and `agents import` reads back.

use actors::domain::money::Cents;
use actors::domain::persona::Persona;
use serde_json::{Value, json};

/// The object; money as a number of dollars with two places.
pub fn to_json(persona: &Persona) -> Value {
    json!({
        "agent_id": persona.agent_id,
        "user_id": persona.user_id,
        "status": persona.status,
        "cohort": persona.cohort,
        "archetype": persona.archetype,
        "age": persona.age,
        "age_group": persona.age_group,
        "gender": persona.gender,
        "income_bracket": persona.income_bracket,
        "household_size": persona.household_size,
        "has_children": persona.has_children,
        "location_region": persona.location_region,
        "price_sensitivity": persona.price_sensitivity,
        "brand_loyalty": persona.brand_loyalty,
        "impulsivity": persona.impulsivity,
        "tech_savviness": persona.tech_savviness,
        "coupon_affinity": persona.coupon_affinity,
        "preferred_categories": persona.preferred_categories,
        "weekly_budget": dollars(persona.weekly_budget),
        "avg_cart_value": dollars(persona.avg_cart_value),
        "shopping_frequency": persona.shopping_frequency,
        "weekday_affinity": persona.weekday_affinity,
        "weekend_affinity": persona.weekend_affinity,
        "pref_time_morning": persona.time_of_day.morning,
        "pref_time_afternoon": persona.time_of_day.afternoon,
        "pref_time_evening": persona.time_of_day.evening,
        "deal_seeking_behavior": persona.deal_seeking,
        "backstory": persona.backstory,
    })
}

/// A number by its text, so that 120.10 does not become 120.09999.
fn dollars(amount: Cents) -> Value {
    let number = amount.to_string().parse::<serde_json::Number>();
    number.map_or_else(|_| Value::String(amount.to_string()), Value::Number)
}
