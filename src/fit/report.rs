//! What a fit says: one report, as JSON for programs and as Markdown for people.

use fitting::estimate::{Figure, Lack};
use fitting::population::Drawn;
use fitting::portrait::Portrait;
use fitting::preset::Carried;
use fitting::score::Row;
use serde::Serialize;

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The form of this report.
    pub schema: &'static str,
    /// Rows of the history.
    pub rows: u64,
    /// Broken ones.
    pub rows_left_out: u64,
    /// Some of them, with line, column and value.
    pub left_out: Vec<String>,
    /// What each half has.
    pub halves: Halves,
    /// How often an even half of the customers was forgotten to bound memory.
    pub forgotten_halvings: u32,
    /// What could be estimated from the fitting half, and what could not.
    pub estimates: Vec<Estimate>,
    /// Constants that differ from `lifelike`.
    pub constants: Vec<Carried>,
    /// How personas were drawn; `None`: from the archetypes alone.
    pub personas: Option<Drawn>,
    /// What was run.
    pub runs: Runs,
    /// Before and after, beside the scoring half.
    pub scorecard: Vec<Row>,
}

/// Customers, split by a stable hash of their names.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Halves {
    /// Customers fitted to.
    pub fit_customers: u64,
    /// Their orders.
    pub fit_orders: u64,
    /// Customers that only score.
    pub score_customers: u64,
    /// Their orders.
    pub score_orders: u64,
    /// Weeks of the fitting half.
    pub weeks: f64,
}

impl Halves {
    /// Of these two.
    pub fn of(fit: &Portrait, score: &Portrait) -> Self {
        Self {
            fit_customers: fit.customers,
            fit_orders: fit.orders,
            score_customers: score.customers,
            score_orders: score.orders,
            weeks: fit.weeks,
        }
    }
}

/// A statistic of the fitting half.
#[derive(Clone, Debug, Serialize)]
pub struct Estimate {
    /// Which.
    pub name: &'static str,
    /// The value, its standard error and what it was taken on.
    pub figure: Option<Figure>,
    /// Why there is none: the constant stays as shipped.
    pub lack: Option<Lack>,
    /// How it is estimated.
    pub method: &'static str,
    /// What carries it; `None`: it is only shown.
    pub carried_by: Option<&'static str>,
}

/// Runs at the mock shop.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Runs {
    /// Agents of each.
    pub agents: u32,
    /// Simulated days of each.
    pub days: u32,
    /// Runs by which constants were moved.
    pub pilots: u32,
}

/// A table in Markdown.
fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let rule = format!("|{}\n", "---|".repeat(heads.len()));
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{rule}{rows}", line(&heads))
}

/// Four digits that matter.
fn shown(number: f64) -> String {
    let whole = number.abs().max(1e-9).log10().floor() as i32;
    let places = usize::try_from(3 - whole).unwrap_or(0).min(7);
    format!("{number:.places$}")
}

fn maybe(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), shown)
}

/// What could be estimated and what could not, as a table in Markdown.
pub fn estimates_table(estimates: &[Estimate]) -> String {
    let row = |estimate: &Estimate| {
        let value = match (&estimate.figure, &estimate.lack) {
            (Some(figure), _) => {
                [shown(figure.value), shown(figure.se), figure.n.to_string()].map(String::from)
            }
            (None, Some(lack)) => [lack.to_string(), "-".to_owned(), "-".to_owned()],
            (None, None) => ["-", "-", "-"].map(str::to_owned),
        };
        let [value, se, n] = value;
        let carried = estimate.carried_by.unwrap_or("only shown").to_owned();
        vec![estimate.name.to_owned(), value, se, n, carried, estimate.method.to_owned()]
    };
    let rows: Vec<Vec<String>> = estimates.iter().map(row).collect();
    table(&["statistic", "value", "standard error", "n", "carried by", "method"], &rows)
}

impl Report {
    /// For people.
    pub fn markdown(&self) -> String {
        let Halves { fit_customers, fit_orders, score_customers, score_orders, weeks } =
            self.halves;
        let Runs { agents, days, pilots } = self.runs;
        let mut text = format!(
            "# Fit of an order history\n\n{} rows, {} left out; {weeks:.0} weeks. Fitted to \
             {fit_customers} customers with {fit_orders} orders, scored on {score_customers} \
             others with {score_orders}.\n\n",
            self.rows, self.rows_left_out,
        );
        for left_out in &self.left_out {
            text += &format!("- left out: {left_out}\n");
        }
        if self.forgotten_halvings > 0 {
            let times = self.forgotten_halvings;
            text += &format!("- an even half of the customers was forgotten {times} times\n");
        }
        text += &format!("\n## Estimates\n\n{}", estimates_table(&self.estimates));
        let constants: Vec<Vec<String>> = self
            .constants
            .iter()
            .map(|it| vec![format!("`{}`", it.key), shown(it.from), shown(it.to)])
            .collect();
        text += &format!(
            "\n## Constants that differ from `lifelike`\n\n{}",
            table(&["constant", "lifelike", "fitted"], &constants)
        );
        text += &match self.personas {
            Some(drawn) => format!(
                "\nPersonas come from {} buckets of {} customers or more; {} carts and budgets \
                 were taken to the nearest end of what a persona may have.\n",
                drawn.buckets, drawn.smallest, drawn.clamped
            ),
            None => "\nPersonas come from the archetypes alone.\n".to_owned(),
        };
        text += &format!(
            "\n## Before and after\n\n{pilots} pilot runs, then one of {agents} agents over {days} \
             days, in memory at the mock shop; its products and prices are not the history's. A \
             distance is |run - history| / |history| (relative) or the largest distance of the \
             sums (ks); noise is the same between the two halves of the history.\n\n{}",
            self.scorecard_table()
        );
        text
    }

    fn scorecard_table(&self) -> String {
        let row = |row: &Row| {
            let mut cells = vec![row.name.to_owned()];
            let numbers = [
                row.history,
                row.before,
                row.after,
                row.distance_before,
                row.distance_after,
                row.noise,
            ];
            cells.extend(numbers.map(maybe));
            cells.push(row.measure.to_owned());
            cells
        };
        let rows: Vec<Vec<String>> = self.scorecard.iter().map(row).collect();
        let heads = [
            "statistic",
            "history",
            "before",
            "after",
            "distance before",
            "distance after",
            "noise",
            "measure",
        ];
        table(&heads, &rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_by_the_four_digits_that_matter() {
        for (number, expected) in [
            (1234.56, "1235"),
            (12.3456, "12.35"),
            (0.0123456, "0.01235"),
            (-0.5, "-0.5000"),
            (0.0, "0.0000000"),
        ] {
            assert_eq!(shown(number), expected);
        }
    }
}
