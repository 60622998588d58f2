//! Rows between the domain and the tables, one declaration for both dialects.
//!
//! `treat_none_as_default_value = false` on every insertable row: only then does SQLite take many
//! rows in one statement.

pub(crate) mod agents;
pub(crate) mod cycles;
pub(crate) mod dead_runs;
pub(crate) mod flow;
pub(crate) mod flow_parts;
pub(crate) mod lost_orders;
pub(crate) mod offers;
pub(crate) mod runs;
pub(crate) mod seals;

use std::str::FromStr;

use domain::cycle::ReplayNumber;
use domain::flow::FlowKey;
use questions::seals::{Sealed, Sum, Sums};

use super::error::Fault;

/// What every row of a flow carries, as text and integers.
#[derive(Clone, Debug)]
pub struct Tags {
    /// The flow.
    pub flow_id: String,
    /// The run.
    pub run_id: String,
    /// The cycle.
    pub cycle: i32,
    /// The attempt.
    pub replay: i32,
    /// Whether the attempt is a replay.
    pub is_replay: bool,
    /// The agent.
    pub agent_id: String,
    /// The experiment arm.
    pub cohort: Option<String>,
    /// Whether its order was found after it had ended.
    pub recovered: bool,
}

impl Tags {
    /// The tags of a flow's rows.
    pub fn of(key: &FlowKey) -> Self {
        Self {
            flow_id: key.flow_id.to_string(),
            run_id: key.run_id.to_string(),
            cycle: integer(key.cycle.0),
            replay: integer(key.replay.0),
            is_replay: key.replay.is_replay(),
            agent_id: key.agent_id.as_str().to_owned(),
            cohort: key.cohort.as_ref().map(|c| c.as_str().to_owned()),
            recovered: false,
        }
    }

    /// The tags of what is found of a flow that has ended.
    pub fn of_found(key: &FlowKey) -> Self {
        Self { recovered: true, ..Self::of(key) }
    }
}

/// A row whose leading columns are a flow's tags.
macro_rules! flow_row {
    ($(#[$doc:meta])* $name:ident in $table:ident, sealed as $sealed:ident {
        $($(#[$fdoc:meta])* $field:ident: $ty:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, diesel::Insertable)]
        #[diesel(table_name = $table, treat_none_as_default_value = false)]
        pub struct $name<'a> {
            /// The flow.
            pub flow_id: &'a str,
            /// The run.
            pub run_id: &'a str,
            /// The cycle.
            pub cycle: i32,
            /// The attempt.
            pub replay: i32,
            /// Whether the attempt is a replay.
            pub is_replay: bool,
            /// Always true: every row is made by a simulated shopper (Q8.4).
            pub is_simulated: bool,
            /// The agent.
            pub agent_id: &'a str,
            /// The experiment arm.
            pub cohort: Option<&'a str>,
            $($(#[$fdoc])* pub $field: $ty,)*
        }

        $crate::rows::sealed_row!($name<'_>, in $sealed: flow_id, run_id, cycle, replay, is_replay,
            is_simulated, agent_id, cohort, $($field),*);
    };
}
pub(crate) use flow_row;

/// A row that is sealed: its columns in the order of the seal, free ones among them.
pub(crate) trait SealedRow {
    /// Its table.
    const TABLE: Sealed;

    /// What it adds to a sum.
    fn sum(&self) -> Sum;
}

/// Columns of sealed rows that change by design.
pub(crate) const FREE: [&str; 2] = ["shop_cart", "order_outcome"];

macro_rules! sealed_row {
    ($name:ty, in $table:ident: $($field:ident),+ $(,)?) => {
        impl $crate::rows::SealedRow for $name {
            const TABLE: questions::seals::Sealed = questions::seals::Sealed::$table;

            fn sum(&self) -> questions::seals::Sum {
                let mut text = questions::seals::RowText::of(Self::TABLE);
                $(if !$crate::rows::FREE.contains(&stringify!($field)) {
                    questions::seals::SealedValue::seal(&self.$field, &mut text);
                })+
                text.sum()
            }
        }
    };
}
pub(crate) use sealed_row;

/// What these rows add up to.
pub(crate) fn summed<R: SealedRow>(rows: &[R]) -> Sums {
    let mut sums = Sums::default();
    rows.iter().for_each(|row| sums.add(R::TABLE, row.sum()));
    sums
}

/// Fills a row's tags.
macro_rules! tagged {
    ($name:ident, $tags:expr, { $($field:ident: $value:expr),* $(,)? }) => {
        $name {
            flow_id: &$tags.flow_id,
            run_id: &$tags.run_id,
            cycle: $tags.cycle,
            replay: $tags.replay,
            is_replay: $tags.is_replay,
            is_simulated: true,
            agent_id: &$tags.agent_id,
            cohort: $tags.cohort.as_deref(),
            $($field: $value,)*
        }
    };
}
pub(crate) use tagged;

/// A count as a column holds it; saturating, so that a hostile number cannot panic.
pub fn integer(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A large count as a column holds it; saturating.
pub fn big(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count read from a column; below zero reads as zero.
pub fn count(column: i32) -> u32 {
    u32::try_from(column).unwrap_or(0)
}

/// A large count read from a column; below zero reads as zero.
pub fn large(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}

/// The attempt read from a column.
pub fn replay(column: i32) -> ReplayNumber {
    ReplayNumber(count(column))
}

/// A word or id read from a column; names the column when it cannot be read.
pub fn read<T: FromStr>(column: &'static str, text: &str) -> Result<T, Fault>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|e: T::Err| Fault::Unreadable(format!("column {column}: {e}")))
}
