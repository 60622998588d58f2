//! The active shoppers of a database, who belong to no run.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Nullable, Text};

use super::Question;

/// All of them.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct MeansRow {
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub active: i64,
    /// Mean budget of a week.
    #[diesel(sql_type = Nullable<Double>)]
    pub weekly_budget_cents: Option<f64>,
    /// Mean worth of a cart.
    #[diesel(sql_type = Nullable<Double>)]
    pub cart_value_cents: Option<f64>,
}

const MEANS: &str = "\
SELECT COUNT(*) AS active,
  CAST(AVG(weekly_budget_cents) AS DOUBLE PRECISION) AS weekly_budget_cents,
  CAST(AVG(avg_cart_value_cents) AS DOUBLE PRECISION) AS cart_value_cents
FROM agents WHERE status = 'active'";

/// How many there are and what they spend.
pub fn means() -> Question<MeansRow> {
    Question::new("shoppers", MEANS)
}

/// Shoppers who share a word.
#[derive(Clone, Debug, QueryableByName)]
pub struct WordRow {
    /// The column that holds it.
    #[diesel(sql_type = Text)]
    pub trait_name: String,
    /// The word.
    #[diesel(sql_type = Text)]
    pub word: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub agents: i64,
}

const WORDS: &str = "\
SELECT t.trait_name, t.word, COUNT(*) AS agents FROM (
  SELECT 'archetype' AS trait_name, status, archetype AS word FROM agents
  UNION ALL SELECT 'age_group', status, age_group FROM agents
  UNION ALL SELECT 'income_bracket', status, income_bracket FROM agents
  UNION ALL SELECT 'location_region', status, location_region FROM agents
  UNION ALL SELECT 'shopping_frequency', status, shopping_frequency FROM agents
  UNION ALL SELECT 'deal_seeking_behavior', status, deal_seeking_behavior FROM agents
  UNION ALL SELECT 'cohort', status, cohort FROM agents) t
WHERE t.status = 'active' AND t.word IS NOT NULL GROUP BY t.trait_name, t.word";

/// How many there are of each word of the columns that hold few.
pub fn words() -> Question<WordRow> {
    Question::new("traits of shoppers", WORDS)
}
