//! Facts of visits, made into rows that no SQL makes fast: lists unfolded place by place, products
//! gathered over a visit, prices over a day.
//!
//! The facts of a visit come together, its events first: whatever a row says of a visit is known
//! when its last fact is. Events are told by their words, so that a database with kinds of another
//! release is read all the same.

mod fact;
mod impressions;
mod prices;
mod visit_products;

use std::collections::HashMap;
use std::sync::Arc;

use questions::any_row::AnyRow;
use questions::products::ProductRow;

use self::fact::{Fact, Visit};
use self::prices::DayPrices;
use super::ExportError;
use super::computing::Computing;
use super::query::Query;
use super::value::{Row, Value, micros};

/// What facts are made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfold {
    /// A row for each thing shown.
    Impressions,
    /// A row for each product of a visit.
    VisitProducts,
    /// A row for each price of a product on a day.
    Prices,
}

/// Products by their id; a run keeps 50,000 at most.
type Goods = HashMap<String, ProductRow>;

/// Makes rows of the facts of one run, page after page.
pub struct Unfolding<'a> {
    of: Unfold,
    query: &'a Query,
    computing: Computing<'a>,
    goods: Goods,
    prices: DayPrices,
}

impl<'a> Unfolding<'a> {
    /// Nothing was read yet.
    pub fn new(of: Unfold, query: &'a Query, goods: Vec<ProductRow>) -> Self {
        let goods = goods.into_iter().map(|row| (row.product_id.clone(), row)).collect();
        let computing = Computing::new(query);
        Self { of, query, computing, goods, prices: DayPrices::default() }
    }

    /// The rows of a page of facts. Its last visit is whole: pages end between visits.
    pub fn rows(&mut self, facts: Vec<AnyRow>) -> Result<Vec<Row>, ExportError> {
        let table = self.query.table.name;
        let mut rows = Vec::new();
        let mut open: Option<(Arc<Visit>, Vec<Fact>)> = None;
        for row in facts {
            let (key, fact) = fact::read(table, row)?;
            match &mut open {
                Some((visit, facts)) if visit.is(&key) => facts.push(fact),
                Some(_) | None => {
                    if let Some((visit, facts)) = open.take() {
                        self.visit(&visit, &facts, &mut rows);
                    }
                    open = Some((Arc::new(Visit::of(key)), vec![fact]));
                }
            }
        }
        if let Some((visit, facts)) = open {
            self.visit(&visit, &facts, &mut rows);
        }
        rows.iter_mut().for_each(|row| self.computing.fill(row));
        Ok(rows)
    }

    /// The rows that wait for what follows, once nothing does.
    pub fn rest(&mut self) -> Vec<Row> {
        let mut rows = std::mem::take(&mut self.prices).rows(&self.query.scope.run_id);
        rows.iter_mut().for_each(|row| self.computing.fill(row));
        rows
    }

    fn visit(&mut self, visit: &Visit, facts: &[Fact], rows: &mut Vec<Row>) {
        let run = &self.query.scope.run_id;
        let (since, until) = (self.query.filter.since, self.query.filter.until);
        let (since, until) = (since.map(micros), until.map(micros));
        let is_asked =
            |at: i64| since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until);
        match self.of {
            Unfold::Impressions => {
                impressions::rows((run, visit), facts, &self.goods, is_asked, rows);
            }
            Unfold::VisitProducts => {
                visit_products::rows((run, visit), facts, &self.goods, is_asked, rows);
            }
            Unfold::Prices => {
                for fact in facts.iter().filter(|fact| is_asked(fact.simulated_at)) {
                    rows.extend(self.prices.see(run, fact));
                }
            }
        }
    }
}

/// flow_id, or not; run_id, cycle, replay, is_replay, is_simulated, agent_id, cohort, and room for
/// split, period and held_out.
fn tags(run: &str, visit: &Visit) -> [Value; 10] {
    [
        Value::Text(run.to_owned()),
        Value::Integer(visit.cycle),
        Value::Integer(visit.replay),
        Value::Bool(visit.replay > 0),
        Value::Bool(true),
        Value::Text(visit.agent_id.clone()),
        Value::of_text(visit.cohort.clone()),
        Value::Null,
        Value::Null,
        Value::Null,
    ]
}

/// Its category and its brand, as the run saw them last.
fn kind_of(goods: &Goods, product: &str) -> [Value; 2] {
    let known = goods.get(product);
    [
        Value::of_text(known.map(|row| row.category.clone())),
        Value::of_text(known.and_then(|row| row.brand.clone())),
    ]
}

/// A number, or nothing.
fn number(value: Option<i64>) -> Value {
    value.map_or(Value::Null, Value::Integer)
}
