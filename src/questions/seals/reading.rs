//! Sealed rows as they are read back: of some cycles, of an agent's visit, of a run, of all agents.

use std::ops::Range;

use chrono::NaiveDateTime;

use super::{RowText, Sealed, SealedValue, Sum};
use crate::any_row::{AnyRow, Cell};
use crate::{Bind, Statement};

/// A sealed row and whose seal it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// The cycle of its visit, or of itself.
    pub cycle: i32,
    /// The attempt.
    pub replay: i32,
    /// The agent of its visit; empty for what no visit wrote.
    pub agent_id: String,
    /// Whether it is of an order that was found after its flow had ended.
    pub recovered: bool,
    /// What it adds to a sum.
    pub sum: Sum,
}

/// Cells that come before the sealed ones: `cycle`, `replay`, `agent_id`, `recovered`.
const KEYS: usize = 4;

impl SealedRow {
    /// A row of one of these statements.
    pub fn of(table: Sealed, row: AnyRow) -> Self {
        let number = |at: usize| match row.0.get(at) {
            Some(Cell::Integer(number)) => i32::try_from(*number).unwrap_or(-1),
            Some(Cell::Bool(is)) => i32::from(*is),
            Some(Cell::Null | Cell::Double(_) | Cell::Text(_) | Cell::Instant(_)) | None => 0,
        };
        let (cycle, replay, recovered) = (number(0), number(1), number(3) != 0);
        let agent_id =
            if let Some(Cell::Text(agent)) = row.0.get(2) { agent.clone() } else { String::new() };
        let mut text = RowText::of(table);
        for (cell, (_, is_instant)) in row.0.iter().skip(KEYS).zip(table.columns()) {
            seal(cell, is_instant, &mut text);
        }
        Self { cycle, replay, agent_id, recovered, sum: text.sum() }
    }
}

fn seal(cell: &Cell, is_instant: bool, text: &mut RowText) {
    match cell {
        Cell::Null => text.nothing(),
        Cell::Bool(is) => is.seal(text),
        Cell::Integer(number) => number.seal(text),
        Cell::Double(fraction) => fraction.seal(text),
        Cell::Instant(at) => at.seal(text),
        Cell::Text(instant) if is_instant => {
            match NaiveDateTime::parse_from_str(instant, "%Y-%m-%d %H:%M:%S%.f") {
                Ok(at) => at.seal(text),
                // Nothing that cartload wrote: it is another row for that.
                Err(_) => text.text(instant),
            }
        }
        Cell::Text(plain) => text.text(plain),
    }
}

/// What belongs to whom, before the sealed columns of `t`.
fn select(table: Sealed, keys: &str) -> Statement {
    let mut sql = format!("SELECT {keys}");
    for (column, _) in table.columns() {
        sql.push_str(", t.");
        sql.push_str(column);
    }
    let mut statement = Statement::saying(table.name());
    statement.push(&sql);
    statement.push(" FROM ");
    statement.push(table.name());
    statement.push(" t");
    statement
}

fn keys(table: Sealed) -> &'static str {
    match table {
        Sealed::ShoppingSessions => "t.cycle, t.replay, t.agent_id, FALSE",
        Sealed::ShoppingSessionEvents => "s.cycle, s.replay, s.agent_id, FALSE",
        Sealed::Orders | Sealed::OrderItems | Sealed::CouponInteractions => {
            "s.cycle, s.replay, s.agent_id, t.recovered"
        }
        Sealed::CouponAssignments => {
            "t.cycle, t.replay, CASE t.source WHEN 'shop' THEN t.agent_id ELSE '' END, FALSE"
        }
        Sealed::OfferCycles | Sealed::Cycles | Sealed::Incidents => "t.cycle, t.replay, '', FALSE",
        Sealed::Runs | Sealed::Agents | Sealed::Products | Sealed::Coupons => "0, 0, '', FALSE",
    }
}

/// The tables of a visit.
pub const OF_VISITS: [Sealed; 5] = [
    Sealed::ShoppingSessions,
    Sealed::ShoppingSessionEvents,
    Sealed::Orders,
    Sealed::OrderItems,
    Sealed::CouponInteractions,
];

/// Rows of a table of visits, of those that have ended and began in these cycles of a run.
pub fn of_cycles(table: Sealed, run: &str, cycles: Range<i32>) -> Statement {
    let mut statement = select(table, keys(table));
    let visit = if table == Sealed::ShoppingSessions { "t" } else { "s" };
    if visit == "s" {
        statement.push(" JOIN shopping_sessions s ON s.flow_id = t.flow_id");
    }
    statement.push(&format!(" WHERE {visit}.run_id = "));
    statement.bind(Bind::Text(run.to_owned()));
    statement.push(&format!(" AND {visit}.cycle >= "));
    statement.bind(cycles.start.into());
    statement.push(&format!(" AND {visit}.cycle < "));
    statement.bind(cycles.end.into());
    statement.push(&format!(" AND {visit}.status <> 'active'"));
    statement
}

/// Of these, those of one agent's visit in one attempt.
pub fn of_visit(table: Sealed, run: &str, (cycle, replay): (i32, i32), agent: &str) -> Statement {
    let mut statement = of_cycles(table, run, cycle..cycle.saturating_add(1));
    let visit = if table == Sealed::ShoppingSessions { "t" } else { "s" };
    statement.push(&format!(" AND {visit}.replay = "));
    statement.bind(replay.into());
    statement.push(&format!(" AND {visit}.agent_id = "));
    statement.bind(Bind::Text(agent.to_owned()));
    statement
}

/// Coupons handed out to agents from `first` to `last`, in all cycles of a run.
pub fn assignments_of(run: &str, (first, last): (&str, &str)) -> Statement {
    let mut statement = of_run(Sealed::CouponAssignments, run);
    statement.push(" AND t.agent_id >= ");
    statement.bind(Bind::Text(first.to_owned()));
    statement.push(" AND t.agent_id <= ");
    statement.bind(Bind::Text(last.to_owned()));
    statement
}

/// All rows of a run.
pub fn of_run(table: Sealed, run: &str) -> Statement {
    let mut statement = select(table, keys(table));
    statement.push(" WHERE t.run_id = ");
    statement.bind(Bind::Text(run.to_owned()));
    statement
}

/// Every agent.
pub fn agents() -> Statement {
    select(Sealed::Agents, keys(Sealed::Agents))
}
