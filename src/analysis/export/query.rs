//! From a table, a filter and a run to the statements of its pages.

use std::sync::Arc;

use chrono::{NaiveDateTime, TimeDelta};
use questions::any_row::AnyRow;
use questions::{Bind, Inquiry, Moment, QuestionError, Statement};

use super::filter::{Filter, ReplayFilter};
use super::scope::Scope;
use super::tables::{Attempts, Driver, Origin, Source, Table};

/// What is read, of one run.
#[derive(Clone, Debug)]
pub struct Query {
    /// The table.
    pub table: Arc<Table>,
    /// Which rows.
    pub filter: Arc<Filter>,
    /// Of which run.
    pub scope: Arc<Scope>,
}

/// The part of it that one statement reads.
#[derive(Clone, Debug, Default)]
struct Slice {
    /// After this key, not included.
    after: Option<Vec<Bind>>,
    /// Up to this key, included.
    through: Option<Vec<Bind>>,
    /// From this agent to that one, both included.
    agents: Option<(String, String)>,
}

/// The page of a keyset after a key.
#[derive(Clone, Debug)]
pub struct KeysetPage {
    query: Query,
    driver: Driver,
    select: &'static str,
    after: Option<Vec<Bind>>,
}

impl KeysetPage {
    /// The page after this key; the first one for none.
    pub fn new(
        query: Query,
        driver: Driver,
        select: &'static str,
        after: Option<Vec<Bind>>,
    ) -> Self {
        Self { query, driver, select, after }
    }

    /// The page after this key.
    pub fn after(self, key: Vec<Bind>) -> Self {
        Self { after: Some(key), ..self }
    }
}

/// What a page holds.
#[derive(Clone, Debug)]
pub struct PageRows {
    /// Its rows.
    pub rows: Vec<AnyRow>,
    /// The key of its last row; `None`: nothing comes after it.
    pub end: Option<AnyRow>,
}

impl Inquiry for KeysetPage {
    type Answers = PageRows;

    /// The key of its last row is read before its rows: a page ends where the database says.
    async fn read<M: Moment>(self, moment: &mut M) -> Result<PageRows, M::Fault> {
        let end = moment.rows(self.end()).await?.into_iter().next();
        let rows = moment.rows(self.rows(end.as_ref())?).await?;
        Ok(PageRows { rows, end })
    }
}

impl KeysetPage {
    /// Answers the key of the page's last row; no row where no full page is left.
    fn end(&self) -> Statement {
        let mut statement = Statement::default();
        let key = columns_of(self.driver.key, "d");
        statement.push(&format!("SELECT {key} FROM {} d WHERE ", self.driver.table));
        let slice = Slice { after: self.after.clone(), ..Slice::default() };
        self.query.driver_rows(&mut statement, self.driver, &slice);
        let rows = self.driver.page_rows - 1;
        statement.push(&format!(" ORDER BY {key} LIMIT 1 OFFSET {rows}"));
        statement
    }

    /// The rows up to that key, or all that are left.
    fn rows(&self, end: Option<&AnyRow>) -> Result<Statement, QuestionError> {
        let through = end.map(|end| end.0.iter().filter_map(Bind::of_cell).collect());
        let slice = Slice { after: self.after.clone(), through, agents: None };
        self.query.statement(self.select, &slice)
    }
}

/// The rows of some agents.
#[derive(Clone, Debug)]
pub struct AgentsPage {
    query: Query,
    select: &'static str,
    agents: (String, String),
}

impl Inquiry for AgentsPage {
    type Answers = Vec<AnyRow>;

    async fn read<M: Moment>(self, moment: &mut M) -> Result<Vec<AnyRow>, M::Fault> {
        let slice = Slice { agents: Some(self.agents), ..Slice::default() };
        moment.rows(self.query.statement(self.select, &slice)?).await
    }
}

impl Query {
    /// The rows of the agents from the first to the last, both included.
    pub fn of_agents(&self, select: &'static str, (first, last): (&str, &str)) -> AgentsPage {
        let agents = (first.to_owned(), last.to_owned());
        AgentsPage { query: self.clone(), select, agents }
    }

    fn statement(&self, select: &str, slice: &Slice) -> Result<Statement, QuestionError> {
        let mut statement = Statement::default();
        self.expand(&mut statement, select, slice)?;
        Ok(statement)
    }

    /// Writes a template with its places filled.
    fn expand(
        &self,
        out: &mut Statement,
        template: &str,
        slice: &Slice,
    ) -> Result<(), QuestionError> {
        out.expand(template, |out, place| {
            let (name, alias) = place.split_once(' ').unwrap_or((place, ""));
            match (name, self.table.source) {
                ("driver", Source::Keyset { driver, .. } | Source::Unfolded { driver, .. }) => {
                    out.push(&format!("SELECT d.* FROM {} d WHERE ", driver.table));
                    self.driver_rows(out, driver, slice);
                }
                ("key", Source::Keyset { driver, .. } | Source::Unfolded { driver, .. }) => {
                    out.push(&columns_of(driver.key, alias));
                }
                ("columns", _) => self.columns(out, slice)?,
                ("rows", _) => self.filters(out, |column| !column.starts_with("d.")),
                ("of", _) => self.of(out, alias, slice),
                ("canonical", _) => self.canonical(out, alias),
                ("counted", _) => self.counted(out, alias),
                ("now", _) => {
                    out.bind(Bind::Instant(self.scope.lived_until()));
                }
                _ => {
                    let (says, name) = (self.table.name, place.to_owned());
                    return Err(QuestionError::Missing { says, name });
                }
            }
            Ok(())
        })
    }

    fn columns(&self, out: &mut Statement, slice: &Slice) -> Result<(), QuestionError> {
        let mut separator = "";
        for column in &self.table.columns {
            let sql = match column.origin {
                Origin::Stored => &format!("t.{}", column.name),
                Origin::Sql(sql) => sql,
                Origin::Computed(_) => continue,
            };
            out.push(separator);
            self.expand(out, sql, slice)?;
            out.push(" AS ").push(column.name);
            separator = ", ";
        }
        Ok(())
    }

    fn of(&self, out: &mut Statement, alias: &str, slice: &Slice) {
        out.push(&format!("{alias}.run_id = ")).bind(Bind::Text(self.scope.run_id.clone()));
        if let Some((first, last)) = &slice.agents {
            out.push(&format!(" AND {alias}.agent_id >= ")).bind(Bind::Text(first.clone()));
            out.push(&format!(" AND {alias}.agent_id <= ")).bind(Bind::Text(last.clone()));
        }
    }

    /// What was found of a visit after it had ended is in no count of its cycle: it stands beside
    /// what counts.
    fn counted(&self, out: &mut Statement, alias: &str) {
        match self.filter.replay {
            ReplayFilter::All | ReplayFilter::Exclude | ReplayFilter::Only => out.push("1 = 1"),
            ReplayFilter::Canonical => out.push(&format!("NOT {alias}.recovered")),
        };
    }

    /// By a look at the key of `cycles` per row: the view would be made anew for each page. What
    /// has closed since the export began stays out, so that its tables fit each other.
    fn canonical(&self, out: &mut Statement, alias: &str) {
        out.push(&format!(
            "{alias}.replay = (SELECT MIN(k.replay) FROM cycles k WHERE k.run_id = {alias}.run_id \
             AND k.cycle = {alias}.cycle AND NOT k.broken AND k.recorded_at <= "
        ));
        out.bind(Bind::Instant(self.scope.closed_at));
        out.push(")");
    }

    /// The rows of the driver on this slice.
    fn driver_rows(&self, out: &mut Statement, driver: Driver, slice: &Slice) {
        out.push("1 = 1");
        if driver.has_run {
            out.push(" AND d.run_id = ").bind(Bind::Text(self.scope.run_id.clone()));
        }
        if driver.has_cycle {
            let (first, last) = self.cycles(driver);
            if let Some(first) = first {
                out.push(" AND d.cycle >= ").bind(Bind::Integer(first));
            }
            if let Some(last) = last {
                out.push(" AND d.cycle <= ").bind(Bind::Integer(last));
            }
        }
        self.attempts(out);
        out.push(" AND ");
        self.filters(out, |column| column.starts_with("d."));
        for (key, comparison) in [(&slice.after, " > "), (&slice.through, " <= ")] {
            let Some(key) = key else { continue };
            let columns = columns_of(driver.key, "d");
            out.push(&format!(" AND ({columns}){comparison}")).bind_list(key.iter().cloned());
        }
    }

    fn attempts(&self, out: &mut Statement) {
        match (self.table.attempts, self.filter.replay) {
            (Attempts::None, _)
            | (_, ReplayFilter::All)
            | (Attempts::Log, ReplayFilter::Canonical) => {}
            (Attempts::Each | Attempts::CanonicalOnly, ReplayFilter::Canonical) => {
                out.push(" AND ");
                self.canonical(out, "d");
            }
            (Attempts::Each | Attempts::Log | Attempts::CanonicalOnly, ReplayFilter::Exclude) => {
                out.push(" AND NOT d.is_replay");
            }
            (Attempts::Each | Attempts::Log | Attempts::CanonicalOnly, ReplayFilter::Only) => {
                out.push(" AND d.is_replay");
            }
        }
    }

    /// The filters whose column is one of these.
    fn filters(&self, out: &mut Statement, of: impl Fn(&str) -> bool) {
        let (filter, filters) = (&self.filter, &self.table.filters);
        out.push("1 = 1");
        let lists = [
            (filters.agent, &filter.agents),
            (filters.cohort, &filter.cohorts),
            (filters.kind, &filter.kinds),
            (filters.outcome, &filter.outcomes),
        ];
        for (column, values) in lists {
            if let Some(column) = column.filter(|column| of(column) && !values.is_empty()) {
                out.push(&format!(" AND {column} IN "));
                out.bind_list(values.iter().cloned().map(Bind::Text));
            }
        }
        if let (Some(column), Some(accepted)) =
            (filters.accepted.filter(|column| of(column)), filter.accepted)
        {
            out.push(if accepted { " AND (" } else { " AND NOT (" }).push(column).push(")");
        }
        let ends = [(" >= ", filter.since), (" < ", filter.until)];
        for (comparison, at) in ends {
            if let (Some(column), Some(at)) = (filters.time.filter(|column| of(column)), at) {
                out.push(&format!(" AND {column}{comparison}")).bind(Bind::Instant(at));
            }
        }
    }

    /// The cycles that can hold what is asked for. Rows stay inside the hour of their cycle.
    fn cycles(&self, driver: Driver) -> (Option<i32>, Option<i32>) {
        let (mut first, mut last) = match &self.filter.cycles {
            Some(cycles) => (Some(*cycles.start()), Some(*cycles.end())),
            None => (None, None),
        };
        if driver.is_by_day() {
            let since = self.filter.since.map(|at| self.scope.cycle_at(at));
            // `until` is not included; on a full hour its cycle holds nothing that is asked for,
            // and reading it costs little.
            let until = self.filter.until.map(|at| self.scope.cycle_at(at));
            first = first.max(since);
            last = match (last, until) {
                (Some(last), Some(until)) => Some(last.min(until)),
                (one, other) => one.or(other),
            };
        }
        (first, last)
    }
}

/// `a.x, a.y`.
fn columns_of(names: &[&str], alias: &str) -> String {
    names.iter().map(|name| format!("{alias}.{name}")).collect::<Vec<_>>().join(", ")
}

/// The simulated begin of a cycle.
pub fn begin_of(start: NaiveDateTime, cycle: i32) -> NaiveDateTime {
    start.checked_add_signed(TimeDelta::hours(cycle.into())).unwrap_or(NaiveDateTime::MAX)
}
