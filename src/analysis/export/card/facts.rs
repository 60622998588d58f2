//! What a card says about runs and shoppers beyond the rows exported.

use std::collections::BTreeMap;

use serde::Serialize;
use store::Admin;
use store::admin::export::{Bind, Cell, DynamicRow, Statement};

use crate::export::ExportError;
use crate::export::scope::Scope;
use crate::export::value::{Kind, Value};

/// Attempts at cycles, and the visits of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Attempted {
    /// Closed attempts.
    pub attempts: i64,
    /// Of them broken.
    pub broken: i64,
    /// Of them replays.
    pub replays: i64,
    /// Rows of visits in all attempts.
    pub visits: i64,
    /// Of them in replays.
    pub replayed_visits: i64,
}

/// The active shoppers of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Population {
    /// How many.
    pub active: i64,
    /// Mean budget of a week, cents.
    pub mean_weekly_budget_cents: Option<f64>,
    /// Mean worth of a cart, cents.
    pub mean_cart_value_cents: Option<f64>,
    /// How many have each word, by column.
    pub by: BTreeMap<&'static str, BTreeMap<String, i64>>,
}

const ATTEMPTED: &str = "SELECT COUNT(*) AS a, COUNT(CASE WHEN broken THEN 1 END) AS b, \
    COUNT(CASE WHEN is_replay THEN 1 END) AS c, \
    CAST(COALESCE(SUM(completed + abandoned + browsed + failed - failed_unrecorded), 0) AS BIGINT) \
    AS d, CAST(COALESCE(SUM(CASE WHEN is_replay THEN completed + abandoned + browsed + failed \
    - failed_unrecorded END), 0) AS BIGINT) AS e FROM cycles WHERE run_id = ";
const MEANS: &str = "SELECT COUNT(*) AS a, \
    CAST(AVG(weekly_budget_cents) AS DOUBLE PRECISION) AS b, \
    CAST(AVG(avg_cart_value_cents) AS DOUBLE PRECISION) AS c FROM agents WHERE status = 'active'";
/// Columns of words, few of them each.
const WORDS: [&str; 7] = [
    "archetype",
    "age_group",
    "income_bracket",
    "location_region",
    "shopping_frequency",
    "deal_seeking_behavior",
    "cohort",
];

/// Attempts and visits of a run.
pub async fn attempted(admin: &Admin, scope: &Scope) -> Result<Attempted, ExportError> {
    let mut statement = Statement::default();
    statement.push(ATTEMPTED).bind(Bind::Text(scope.run_id.clone()));
    let row = first(admin.rows(statement).await?);
    let number = |at: usize| integer("cycles", row.get(at));
    Ok(Attempted {
        attempts: number(0)?,
        broken: number(1)?,
        replays: number(2)?,
        visits: number(3)?,
        replayed_visits: number(4)?,
    })
}

/// The active shoppers.
pub async fn population(admin: &Admin) -> Result<Population, ExportError> {
    let mut statement = Statement::default();
    statement.push(MEANS);
    let row = first(admin.rows(statement).await?);
    let mean = |at: usize| -> Result<Option<f64>, ExportError> {
        let cell = row.get(at).cloned().unwrap_or(Cell::Null);
        let value = Kind::Double.read("agents", "a mean", cell)?;
        Ok(if let Value::Double(mean) = value { Some(mean) } else { None })
    };
    let mut by = BTreeMap::new();
    for column in WORDS {
        let mut statement = Statement::default();
        statement.push(&format!(
            "SELECT {column} AS a, COUNT(*) AS b FROM agents WHERE status = 'active' \
             AND {column} IS NOT NULL GROUP BY {column} ORDER BY {column}"
        ));
        let mut words = BTreeMap::new();
        for row in admin.rows(statement).await? {
            let word = row.0.first().cloned().unwrap_or(Cell::Null);
            let word = Kind::Text.read("agents", column, word)?.text();
            words.insert(word, integer("agents", row.0.get(1))?);
        }
        if !words.is_empty() {
            by.insert(column, words);
        }
    }
    Ok(Population {
        active: integer("agents", row.first())?,
        mean_weekly_budget_cents: mean(1)?,
        mean_cart_value_cents: mean(2)?,
        by,
    })
}

fn first(rows: Vec<DynamicRow>) -> Vec<Cell> {
    rows.into_iter().next().map_or(Vec::new(), |row| row.0)
}

fn integer(table: &'static str, cell: Option<&Cell>) -> Result<i64, ExportError> {
    let value = Kind::BigInt.read(table, "a count", cell.cloned().unwrap_or(Cell::Null))?;
    Ok(value.integer().unwrap_or(0))
}
