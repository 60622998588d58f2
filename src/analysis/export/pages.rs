//! Rows of a table, page after page: while one page is written, the next one is read.

use std::sync::Arc;

use store::Admin;
use store::admin::export::{Bind, Cell, DynamicRow, Statement};
use tokio::sync::mpsc;

use super::ExportError;
use super::agent_days::{self, Held, Shopper, Visit};
use super::query::{KeysetPage, Query};
use super::split::split_of;
use super::tables::{Computed, Origin, Source};
use super::value::{Kind, Row, Value};

/// Pages read ahead.
const PAGES_AHEAD: usize = 1;
/// Shoppers whose coupons are read at a time.
const AGENTS_PER_PAGE: usize = 8;
/// Shoppers whose days are read at a time: each may have made a visit an hour for years.
const AGENTS_PER_FOLD: usize = 2;

/// The shoppers of a run: every one that left a row.
const AGENTS: &str = "SELECT DISTINCT t.agent_id FROM shopping_sessions t WHERE {of t} \
                      UNION SELECT DISTINCT t.agent_id FROM coupon_assignments t WHERE {of t} \
                      ORDER BY agent_id";
const VISITS: &str = "SELECT s.agent_id, s.cohort, s.simulated_at, s.status, o.final_total_cents \
                      FROM shopping_sessions s LEFT JOIN orders o ON o.flow_id = s.flow_id \
                      WHERE {of s} AND {canonical s} ORDER BY s.agent_id, s.cycle";
const COUPONS: &str = "SELECT t.agent_id, t.assigned_at, t.expires_at, t.redeemed_at \
                       FROM coupon_assignments t WHERE {of t} ORDER BY t.agent_id, t.assigned_at";
const BUDGETS: &str = "SELECT agent_id, weekly_budget_cents FROM agents WHERE agent_id IN ";

/// A page of rows, or why there is none.
pub type PageOfRows = Result<Vec<Row>, ExportError>;

/// Begins to read; the end of the channel is the end of the rows. Whoever drops it ends the
/// reading.
pub fn stream(admin: Admin, query: Query) -> mpsc::Receiver<PageOfRows> {
    let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
    tokio::spawn(async move {
        let read = match query.table.source {
            Source::Keyset { driver, select } => {
                let first = KeysetPage::new(query.clone(), driver, select, None);
                keyset(&admin, &query, first, &sender).await
            }
            Source::Agents { select } => agents(&admin, &query, select, &sender).await,
            Source::AgentDays => days(&admin, &query, &sender).await,
            Source::Replays => {
                let scope = &query.scope;
                let rows = scope.replays.iter().map(|replay| replay.row(&scope.run_id)).collect();
                send(&sender, Ok(rows)).await;
                Ok(())
            }
        };
        if let Err(error) = read {
            send(&sender, Err(error)).await;
        }
    });
    receiver
}

/// False: nobody reads on.
async fn send(sender: &mpsc::Sender<PageOfRows>, page: PageOfRows) -> bool {
    sender.send(page).await.is_ok()
}

async fn keyset(
    admin: &Admin,
    query: &Query,
    first: KeysetPage,
    sender: &mpsc::Sender<PageOfRows>,
) -> Result<(), ExportError> {
    let mut page = first;
    loop {
        let read = admin.page(Arc::new(page.clone())).await?;
        if !send(sender, query.typed(read.rows)).await {
            return Ok(());
        }
        let Some(end) = read.end else { return Ok(()) };
        page = page.after(end.0.iter().filter_map(Bind::of_cell).collect());
    }
}

async fn agents(
    admin: &Admin,
    query: &Query,
    select: &str,
    sender: &mpsc::Sender<PageOfRows>,
) -> Result<(), ExportError> {
    for agents in agents_of(admin, query).await?.chunks(AGENTS_PER_PAGE) {
        let rows = admin.rows(query.of_agents(select, ends(agents))).await?;
        if !send(sender, query.typed(rows)).await {
            break;
        }
    }
    Ok(())
}

async fn agents_of(admin: &Admin, query: &Query) -> Result<Vec<String>, ExportError> {
    let rows = admin.rows(query.of_agents(AGENTS, None)).await?;
    let names = rows.into_iter().filter_map(|row| row.0.into_iter().next());
    let mut agents: Vec<String> = names.filter_map(text).collect();
    let asked = &query.filter.agents;
    agents.retain(|agent| asked.is_empty() || asked.contains(agent));
    Ok(agents)
}

/// The first and the last of them.
fn ends(agents: &[String]) -> Option<(&str, &str)> {
    Some((agents.first()?.as_str(), agents.last()?.as_str()))
}

async fn days(
    admin: &Admin,
    query: &Query,
    sender: &mpsc::Sender<PageOfRows>,
) -> Result<(), ExportError> {
    let scope = &query.scope;
    let lived = agent_days::days_lived(scope);
    let (since, until) = (query.filter.since, query.filter.until);
    let is_asked = |row: &Row| {
        let Some(day) = row.get(DAY).and_then(Value::day) else { return false };
        let begin = chrono::NaiveDate::from_epoch_days(day).unwrap_or_default();
        let begin = begin.and_time(chrono::NaiveTime::MIN);
        since.is_none_or(|since| begin >= since) && until.is_none_or(|until| begin < until)
    };
    for agents in agents_of(admin, query).await?.chunks(AGENTS_PER_FOLD) {
        let mut page = Vec::new();
        for shopper in shoppers(admin, query, agents).await? {
            let agent = &shopper.agent_id;
            let flags = (split_of(agent), scope.holds_out(agent));
            page.extend(agent_days::rows(scope, &shopper, &lived, flags));
        }
        page.retain(is_asked);
        if !send(sender, Ok(page)).await {
            break;
        }
    }
    Ok(())
}

/// The place of the day among the columns of `agent_days`.
const DAY: usize = 5;

async fn shoppers(
    admin: &Admin,
    query: &Query,
    agents: &[String],
) -> Result<Vec<Shopper>, ExportError> {
    let ends = ends(agents);
    let mut shoppers: Vec<Shopper> = agents
        .iter()
        .map(|agent| Shopper { agent_id: agent.clone(), ..Shopper::default() })
        .collect();
    let mut budgets = Statement::default();
    budgets.push(BUDGETS).bind_list(agents.iter().cloned().map(Bind::Text));
    for row in admin.rows(budgets).await? {
        let mut cells = Cells::of("agents", row);
        let (agent, budget) = (cells.text()?, cells.integer("weekly_budget_cents")?);
        with(&mut shoppers, &agent, |shopper| shopper.weekly_budget = budget);
    }
    for row in admin.rows(query.of_agents(VISITS, ends)).await? {
        let mut cells = Cells::of("shopping_sessions", row);
        let (agent, cohort) = (cells.text()?, cells.text()?);
        let (at, status) = (cells.instant("simulated_at")?.unwrap_or(0), cells.text()?);
        let paid = cells.integer("final_total_cents")?;
        let visit = Visit { day: agent_days::day_of(at), browsed: status == "browsed", paid };
        with(&mut shoppers, &agent, |shopper| {
            shopper.cohort = (!cohort.is_empty()).then_some(cohort);
            shopper.visits.push(visit);
        });
    }
    for row in admin.rows(query.of_agents(COUPONS, ends)).await? {
        let mut cells = Cells::of("coupon_assignments", row);
        let agent = cells.text()?;
        let from = cells.instant("assigned_at")?.unwrap_or(i64::MAX);
        let until = cells.instant("expires_at")?.unwrap_or(i64::MIN);
        let redeemed = cells.instant("redeemed_at")?;
        with(&mut shoppers, &agent, |shopper| shopper.coupons.push(Held { from, until, redeemed }));
    }
    Ok(shoppers)
}

fn with(shoppers: &mut [Shopper], agent: &str, change: impl FnOnce(&mut Shopper)) {
    if let Some(shopper) = shoppers.iter_mut().find(|shopper| shopper.agent_id == agent) {
        change(shopper);
    }
}

/// The cells of a row, one after the other.
struct Cells {
    table: &'static str,
    cells: std::vec::IntoIter<Cell>,
}

impl Cells {
    fn of(table: &'static str, row: DynamicRow) -> Self {
        Self { table, cells: row.0.into_iter() }
    }

    fn next(&mut self, kind: Kind, column: &str) -> Result<Value, ExportError> {
        kind.read(self.table, column, self.cells.next().unwrap_or(Cell::Null))
    }

    fn text(&mut self) -> Result<String, ExportError> {
        Ok(self.next(Kind::Text, "a text")?.text())
    }

    fn integer(&mut self, column: &str) -> Result<Option<i64>, ExportError> {
        Ok(self.next(Kind::BigInt, column)?.integer())
    }

    fn instant(&mut self, column: &str) -> Result<Option<i64>, ExportError> {
        Ok(self.next(Kind::Instant, column)?.instant())
    }
}

fn text(cell: Cell) -> Option<String> {
    if let Cell::Text(text) = cell { Some(text) } else { None }
}

impl Query {
    /// The rows with the types of their columns, computed columns filled in.
    fn typed(&self, rows: Vec<DynamicRow>) -> PageOfRows {
        rows.into_iter().map(|row| self.row(row)).collect()
    }

    fn row(&self, row: DynamicRow) -> Result<Row, ExportError> {
        let mut cells = row.0.into_iter();
        let mut typed = Vec::with_capacity(self.table.columns.len());
        let mut has_computed = false;
        for column in &self.table.columns {
            if matches!(column.origin, Origin::Computed(_)) {
                has_computed = true;
                typed.push(Value::Null);
                continue;
            }
            let cell = cells.next().unwrap_or(Cell::Null);
            if cell == Cell::Null && !column.nullable {
                return Err(ExportError::Unreadable {
                    table: self.table.name,
                    column: column.name.to_owned(),
                    kind: column.kind.as_str(),
                    given: "NULL".to_owned(),
                });
            }
            typed.push(column.kind.read(self.table.name, column.name, cell)?);
        }
        if has_computed {
            self.compute(&mut typed);
        }
        Ok(typed)
    }

    fn compute(&self, row: &mut Row) {
        let at = |name: &str, row: &Row| self.table.place(name).and_then(|at| row.get(at).cloned());
        for place in 0..row.len() {
            let Origin::Computed(what) = self.table.columns[place].origin else { continue };
            let agent = || at("agent_id", row).map_or(String::new(), |agent| agent.text());
            row[place] = match what {
                Computed::Split => Value::Text(split_of(&agent()).to_owned()),
                Computed::HeldOut => Value::Bool(self.scope.holds_out(&agent())),
                Computed::ReplayCause => self.cause(row, |replay| Some(replay.words.clone())),
                Computed::ReplayCheckpoint => self.cause(row, |replay| replay.checkpoint.clone()),
                Computed::ExpiredRecordedAt => self.expired(row),
            };
        }
    }

    fn cause(&self, row: &Row, of: impl Fn(&super::replays::Replay) -> Option<String>) -> Value {
        let number = self.table.place("replay").and_then(|at| row.get(at)?.integer());
        let mut replays = self.scope.replays.iter().rev();
        let found = replays.find(|replay| Some(i64::from(replay.number)) == number);
        Value::of_text(found.and_then(of))
    }

    /// Of one that was not used, once its hour has been lived.
    fn expired(&self, row: &Row) -> Value {
        let at = |name: &str| self.table.place(name).and_then(|at| row.get(at));
        if at("redeemed_at") != Some(&Value::Null) {
            return Value::Null;
        }
        let expires = at("expires_at").and_then(Value::instant);
        let expires = expires.and_then(chrono::DateTime::from_timestamp_micros);
        let closed = expires.and_then(|at| self.scope.closing_of(at.naive_utc()));
        closed.map_or(Value::Null, Value::Instant)
    }
}
