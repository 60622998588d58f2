//! A persona as a row of `agents`.
//!
//! Column names are those an operator's own table of agents has, so that importing one is a matter
//! of names.

use chrono::NaiveDateTime;
use diesel::{Insertable, Queryable, Selectable};
use domain::ids::{AgentId, CohortName};
use domain::money::Cents;
use domain::persona::{AgentStatus, Persona, TimeOfDay};
use serde_json::Value;

use super::read;
use crate::error::Fault;
use crate::schema::agents;

/// Which agents to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentFilter {
    /// Only those of this status.
    pub status: Option<AgentStatus>,
    /// Only those of this arm.
    pub cohort: Option<CohortName>,
}

/// One agent.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = agents, treat_none_as_default_value = false)]
pub struct AgentRow {
    agent_id: String,
    user_id: String,
    status: String,
    cohort: Option<String>,
    archetype: Option<String>,
    age: i32,
    age_group: String,
    gender: String,
    income_bracket: String,
    household_size: i32,
    has_children: bool,
    location_region: String,
    price_sensitivity: f64,
    brand_loyalty: f64,
    impulsivity: f64,
    tech_savviness: f64,
    coupon_affinity: f64,
    preferred_categories: Value,
    weekly_budget_cents: i64,
    avg_cart_value_cents: i64,
    shopping_frequency: String,
    weekday_affinity: f64,
    weekend_affinity: f64,
    morning_share: f64,
    afternoon_share: f64,
    evening_share: f64,
    deal_seeking_behavior: String,
    backstory: Option<String>,
    is_simulated: bool,
    recorded_at: NaiveDateTime,
}

impl AgentRow {
    /// The persona's row.
    pub fn of(persona: &Persona, recorded_at: NaiveDateTime) -> Self {
        Self {
            agent_id: persona.agent_id.as_str().to_owned(),
            user_id: persona.user_id.to_string(),
            status: persona.status.as_str().to_owned(),
            cohort: persona.cohort.as_ref().map(|c| c.as_str().to_owned()),
            archetype: persona.archetype.clone(),
            age: i32::from(persona.age),
            age_group: persona.age_group.clone(),
            gender: persona.gender.clone(),
            income_bracket: persona.income_bracket.clone(),
            household_size: i32::from(persona.household_size),
            has_children: persona.has_children,
            location_region: persona.location_region.clone(),
            price_sensitivity: persona.price_sensitivity,
            brand_loyalty: persona.brand_loyalty,
            impulsivity: persona.impulsivity,
            tech_savviness: persona.tech_savviness,
            coupon_affinity: persona.coupon_affinity,
            preferred_categories: Value::from(persona.preferred_categories.clone()),
            weekly_budget_cents: persona.weekly_budget.0,
            avg_cart_value_cents: persona.avg_cart_value.0,
            shopping_frequency: persona.shopping_frequency.as_str().to_owned(),
            weekday_affinity: persona.weekday_affinity,
            weekend_affinity: persona.weekend_affinity,
            morning_share: persona.time_of_day.morning,
            afternoon_share: persona.time_of_day.afternoon,
            evening_share: persona.time_of_day.evening,
            deal_seeking_behavior: persona.deal_seeking.as_str().to_owned(),
            backstory: persona.backstory.clone(),
            is_simulated: true,
            recorded_at,
        }
    }

    /// The persona; an unreadable column is named with the agent.
    pub fn parse(self) -> Result<Persona, Fault> {
        let agent = self.agent_id.clone();
        self.persona().map_err(|fault| fault.of_agent(&agent))
    }

    fn persona(self) -> Result<Persona, Fault> {
        Ok(Persona {
            agent_id: AgentId::new(&self.agent_id),
            user_id: read("agents.user_id", &self.user_id)?,
            status: read("agents.status", &self.status)?,
            cohort: self.cohort.map(CohortName::new),
            archetype: self.archetype,
            age: small("agents.age", self.age)?,
            age_group: self.age_group,
            gender: self.gender,
            income_bracket: self.income_bracket,
            household_size: small("agents.household_size", self.household_size)?,
            has_children: self.has_children,
            location_region: self.location_region,
            price_sensitivity: self.price_sensitivity,
            brand_loyalty: self.brand_loyalty,
            impulsivity: self.impulsivity,
            tech_savviness: self.tech_savviness,
            coupon_affinity: self.coupon_affinity,
            preferred_categories: serde_json::from_value(self.preferred_categories).map_err(
                |e| Fault::Unreadable(format!("column agents.preferred_categories: {e}")),
            )?,
            weekly_budget: Cents(self.weekly_budget_cents),
            avg_cart_value: Cents(self.avg_cart_value_cents),
            shopping_frequency: read("agents.shopping_frequency", &self.shopping_frequency)?,
            weekday_affinity: self.weekday_affinity,
            weekend_affinity: self.weekend_affinity,
            time_of_day: TimeOfDay {
                morning: self.morning_share,
                afternoon: self.afternoon_share,
                evening: self.evening_share,
            },
            deal_seeking: read("agents.deal_seeking_behavior", &self.deal_seeking_behavior)?,
            backstory: self.backstory,
        })
    }
}

fn small(column: &'static str, value: i32) -> Result<u8, Fault> {
    u8::try_from(value)
        .map_err(|_| Fault::Unreadable(format!("column {column}: {value} is not within 0-255")))
}
