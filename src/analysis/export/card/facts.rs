//! What a card says about runs and shoppers beyond the rows exported.

use std::collections::BTreeMap;

use domain::ids::RunId;
use ports::store::StoreError;
use questions::orders::OrderCounts;
use questions::population::{means, words};
use questions::{Ask, Inquiry, Moment, cycles, orders};
use serde::Serialize;

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

/// Orders of a run by which count they are in.
pub async fn orders(store: &impl Ask, run: RunId) -> Result<OrderCounts, StoreError> {
    Ok(store.ask(orders::counts(run)).await?.into_iter().next().unwrap_or_default())
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
    pub by: BTreeMap<String, BTreeMap<String, i64>>,
}

/// Attempts and visits of a run.
pub async fn attempted(store: &impl Ask, run: RunId) -> Result<Attempted, StoreError> {
    let row = store.ask(cycles::attempted(run)).await?.into_iter().next().unwrap_or_default();
    let cycles::AttemptedRow { attempts, broken, replays, visits, replayed_visits } = row;
    Ok(Attempted { attempts, broken, replays, visits, replayed_visits })
}

/// The active shoppers.
pub async fn population(store: &impl Ask) -> Result<Population, StoreError> {
    store.at_once(Shoppers).await
}

/// The questions about them.
struct Shoppers;

impl Inquiry for Shoppers {
    type Answers = Population;

    async fn read<M: Moment>(self, moment: &mut M) -> Result<Population, M::Fault> {
        let all = moment.one(means()).await?;
        let mut by: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for row in moment.ask(words()).await? {
            by.entry(row.trait_name).or_default().insert(row.word, row.agents);
        }
        Ok(Population {
            active: all.active,
            mean_weekly_budget_cents: all.weekly_budget_cents,
            mean_cart_value_cents: all.cart_value_cents,
            by,
        })
    }
}
