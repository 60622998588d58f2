//! Columns: name, type, meaning, and where the value comes from. Those that many tables share stand
//! here once.

use crate::export::value::Kind;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it can be empty.
    pub nullable: bool,
    /// What it says, with its unit.
    pub meaning: &'static str,
    /// Where the value comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The column of this name of table `t`.
    Stored,
    /// This SQL.
    Sql(&'static str),
    /// Other values of the row, and what is known of the run.
    Computed(Computed),
}

/// What is computed from a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Computed {
    /// `train` or `validation`, by agent.
    Split,
    /// `train`, `gap` or `test`, by the day of this column.
    Period(&'static str),
    /// Whether the run's policy gives the agent no offers.
    HeldOut,
    /// Why the row's attempt was made.
    ReplayCause,
    /// From which checkpoint.
    ReplayCheckpoint,
    /// When, by the wall clock, the cycle closed in which an unused coupon expired.
    ExpiredRecordedAt,
}

impl Column {
    /// It may be empty.
    pub const fn or_null(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// It comes from this SQL.
    pub const fn sql(self, sql: &'static str) -> Self {
        Self { origin: Origin::Sql(sql), ..self }
    }

    /// It is computed.
    pub const fn computed(self, what: Computed) -> Self {
        Self { origin: Origin::Computed(what), ..self }
    }
}

/// What a column of words may hold, as they are declared: `a, b or c`.
pub fn one_of(words: impl IntoIterator<Item = &'static str>) -> String {
    let words: Vec<_> = words.into_iter().collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// A column of table `t` that is never empty.
pub const fn column(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, nullable: false, meaning, origin: Origin::Stored }
}

/// Text.
pub const fn text(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::Text, meaning)
}

/// One of a few words.
pub const fn word(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::Word, meaning)
}

/// A uuid that cartload made.
pub const fn uuid(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::Uuid, meaning)
}

/// A count.
pub const fn int(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::Integer, meaning)
}

/// A large count, or cents.
pub const fn big(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::BigInt, meaning)
}

/// A fraction.
pub const fn double(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::Double, meaning)
}

/// True or false.
pub const fn flag(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::Bool, meaning)
}

/// A timestamp.
pub const fn instant(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::Instant, meaning)
}

/// The run.
pub const RUN_ID: Column = uuid("run_id", "the run (uuid)");
/// Always true.
pub const IS_SIMULATED: Column =
    flag("is_simulated", "always true: made by a simulated shopper, never a real customer's");
/// The simulated clock.
pub const SIMULATED_AT: Column = instant("simulated_at", "when, on the simulated clock");
/// The wall clock.
pub const RECORDED_AT: Column = instant("recorded_at", "when, on the wall clock");
/// The arm.
pub const COHORT: Column = text("cohort", "arm of an experiment; empty without one").or_null();
/// The agent.
pub const AGENT_ID: Column = text("agent_id", "the shopper; joins agents.agent_id");

/// run_id, cycle, replay, is_replay, is_simulated.
pub const fn attempt() -> [Column; 5] {
    [
        RUN_ID,
        int("cycle", "the simulated hour since the start of the run, from 0"),
        int("replay", "0: the first attempt at the cycle; else the number of the replay"),
        flag("is_replay", "whether replay > 0"),
        IS_SIMULATED,
    ]
}

/// The split by agent.
pub const SPLIT: Column =
    word("split", "train or validation: 80 % of the agents train, by a fixed hash of agent_id")
        .computed(Computed::Split);

/// The split by the simulated day of this column of the row.
pub const fn period(time: &'static str) -> Column {
    word("period", "train, gap or test: by the simulated day, at the dates of the data card")
        .computed(Computed::Period(time))
}

/// Both splits, of a row with a shopper and this time.
pub const fn splits(time: &'static str) -> [Column; 2] {
    [SPLIT, period(time)]
}

/// Splits and holdout, for learning.
pub const fn partition(time: &'static str) -> [Column; 3] {
    [
        SPLIT,
        period(time),
        flag(
            "held_out",
            "the agent is in the holdout that gets no offers, decided by a hash of agent_id \
             before the first assignment (offers.holdout_percent)",
        )
        .computed(Computed::HeldOut),
    ]
}

/// Why rows were run again.
pub const fn causes() -> [Column; 2] {
    [
        text("replay_cause", "why the cycle was run again: the freeze, crash or stop before it")
            .or_null()
            .computed(Computed::ReplayCause),
        text("replay_checkpoint", "the checkpoint it was run again from; empty within a process")
            .or_null()
            .computed(Computed::ReplayCheckpoint),
    ]
}
