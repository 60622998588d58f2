//! Rows of a table, page after page: while one page is written, the next one is read.

use questions::any_row::{AnyRow, Cell};
use questions::{Ask, Bind, products, shoppers};
use tokio::sync::mpsc;

use super::ExportError;
use super::agent_days::{self, Held, Shopper, Visit};
use super::computing::Computing;
use super::query::{KeysetPage, Query};
use super::tables::{Origin, Source};
use super::unfold::{self, Unfolding};
use super::value::{Row, Value, micros};

/// Pages read ahead.
const PAGES_AHEAD: usize = 1;
/// Shoppers whose coupons are read at a time.
const AGENTS_PER_PAGE: usize = 8;
/// Shoppers whose days are read at a time: each may have made a visit an hour for years.
const AGENTS_PER_FOLD: usize = 2;

/// A page of rows, or why there is none.
pub type PageOfRows = Result<Vec<Row>, ExportError>;

/// Begins to read; the end of the channel is the end of the rows. Whoever drops it ends the
/// reading.
pub fn stream<A: Ask + 'static>(store: A, query: Query) -> mpsc::Receiver<PageOfRows> {
    let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
    tokio::spawn(async move {
        let read = match query.table.source {
            Source::Keyset { driver, select } => {
                let first = KeysetPage::new(query.clone(), driver, select, None);
                keyset(&store, &query, first, &sender).await
            }
            Source::Unfolded { driver, select, of } => {
                let first = KeysetPage::new(query.clone(), driver, select, None);
                unfolded(&store, &query, (first, of), &sender).await
            }
            Source::Agents { select } => agents(&store, &query, select, &sender).await,
            Source::AgentDays => days(&store, &query, &sender).await,
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
    store: &impl Ask,
    query: &Query,
    first: KeysetPage,
    sender: &mpsc::Sender<PageOfRows>,
) -> Result<(), ExportError> {
    let mut page = first;
    loop {
        let read = store.at_once(page.clone()).await?;
        if !send(sender, query.typed(read.rows)).await {
            return Ok(());
        }
        let Some(end) = read.end else { return Ok(()) };
        page = page.after(end.0.iter().filter_map(Bind::of_cell).collect());
    }
}

/// Facts of visits, page by page, made into rows as they come.
async fn unfolded(
    store: &impl Ask,
    query: &Query,
    (first, of): (KeysetPage, unfold::Unfold),
    sender: &mpsc::Sender<PageOfRows>,
) -> Result<(), ExportError> {
    let goods = store.ask(products::known(query.scope.run.run_id)).await?;
    let mut unfolding = Unfolding::new(of, query, goods);
    let mut page = first;
    loop {
        let read = store.at_once(page.clone()).await?;
        if !send(sender, unfolding.rows(read.rows)).await {
            return Ok(());
        }
        let Some(end) = read.end else { break };
        page = page.after(end.0.iter().filter_map(Bind::of_cell).collect());
    }
    send(sender, Ok(unfolding.rest())).await;
    Ok(())
}

async fn agents(
    store: &impl Ask,
    query: &Query,
    select: &'static str,
    sender: &mpsc::Sender<PageOfRows>,
) -> Result<(), ExportError> {
    for agents in agents_of(store, query).await?.chunks(AGENTS_PER_PAGE) {
        let rows = store.at_once(query.of_agents(select, ends(agents))).await?;
        if !send(sender, query.typed(rows)).await {
            break;
        }
    }
    Ok(())
}

async fn agents_of(store: &impl Ask, query: &Query) -> Result<Vec<String>, ExportError> {
    let rows = store.ask(shoppers::names(query.scope.run.run_id)).await?;
    let asked = &query.filter.agents;
    let is_asked = |agent: &String| asked.is_empty() || asked.contains(agent);
    Ok(rows.into_iter().map(|row| row.agent_id).filter(is_asked).collect())
}

/// The first and the last of them.
fn ends(agents: &[String]) -> (&str, &str) {
    match agents {
        [] => ("", ""),
        [first, ..] => (first, agents.last().map_or(first, |last| last)),
    }
}

async fn days(
    store: &impl Ask,
    query: &Query,
    sender: &mpsc::Sender<PageOfRows>,
) -> Result<(), ExportError> {
    let scope = &query.scope;
    let lived = agent_days::days_lived(scope);
    let mut computing = Computing::new(query);
    let (since, until) = (query.filter.since, query.filter.until);
    let is_asked = |row: &Row| {
        let Some(day) = row.get(DAY).and_then(Value::day) else { return false };
        let begin = chrono::NaiveDate::from_epoch_days(day).unwrap_or_default();
        let begin = begin.and_time(chrono::NaiveTime::MIN);
        since.is_none_or(|since| begin >= since) && until.is_none_or(|until| begin < until)
    };
    for agents in agents_of(store, query).await?.chunks(AGENTS_PER_FOLD) {
        let mut page = Vec::new();
        for shopper in shoppers_of(store, query, agents).await? {
            let mut rows = agent_days::rows(scope, &shopper, &lived);
            rows.iter_mut().for_each(|row| computing.fill(row));
            page.extend(rows);
        }
        page.retain(is_asked);
        if !send(sender, Ok(page)).await {
            break;
        }
    }
    Ok(())
}

/// The place of the day among the columns of `agent_days`.
const DAY: usize = 6;

async fn shoppers_of(
    store: &impl Ask,
    query: &Query,
    agents: &[String],
) -> Result<Vec<Shopper>, ExportError> {
    let (run, ends) = (query.scope.run.run_id, ends(agents));
    let mut found: Vec<Shopper> = agents
        .iter()
        .map(|agent| Shopper { agent_id: agent.clone(), ..Shopper::default() })
        .collect();
    let mut with = |agent: &str, change: &mut dyn FnMut(&mut Shopper)| {
        found.iter_mut().filter(|shopper| shopper.agent_id == agent).for_each(change);
    };
    for row in store.ask(shoppers::budgets(ends)).await? {
        let budget = Some(row.weekly_budget_cents);
        with(&row.agent_id, &mut |shopper| shopper.weekly_budget = budget);
    }
    for row in store.ask(shoppers::visits(run, ends, query.scope.closed_at)).await? {
        let day = agent_days::day_of(micros(row.simulated_at));
        let visit = Visit { day, browsed: row.status == "browsed", paid: row.paid };
        with(&row.agent_id, &mut |shopper| {
            shopper.cohort.clone_from(&row.cohort);
            shopper.visits.push(visit.clone());
        });
    }
    for row in store.ask(shoppers::coupons(run, ends)).await? {
        let (from, until) = (micros(row.assigned_at), micros(row.expires_at));
        let held = Held { from, until, redeemed: row.redeemed_at.map(micros) };
        with(&row.agent_id, &mut |shopper| shopper.coupons.push(held.clone()));
    }
    Ok(found)
}

impl Query {
    /// The rows with the types of their columns, computed columns filled in.
    fn typed(&self, rows: Vec<AnyRow>) -> PageOfRows {
        let mut computing = Computing::new(self);
        rows.into_iter().map(|row| self.row(row, &mut computing)).collect()
    }

    fn row(&self, row: AnyRow, computing: &mut Computing<'_>) -> Result<Row, ExportError> {
        let mut cells = row.0.into_iter();
        let mut typed = Vec::with_capacity(self.table.columns.len());
        for column in &self.table.columns {
            if matches!(column.origin, Origin::Computed(_)) {
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
        computing.fill(&mut typed);
        Ok(typed)
    }
}
