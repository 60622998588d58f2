//! Points at which a test has the process die, wait, fail or panic. A normal build passes them all.
//!
//! With the feature `failpoints` each does what the variable FAILPOINTS says of it, in the words of
//! the crate `fail`, as `flow_commit=5*off->return(kill);tick=sleep(100)`. `return(kill)` ends the
//! process at once, as kill -9 would: nothing is flushed, dropped or said. Any other `return(text)`
//! is an error that says this text. `panic(text)` panics, `sleep(ms)` holds up the thread.

use std::io::{self, Write};

/// A point that a test can arm, in the order in which a run comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failpoint {
    /// A resume has raised the replay number; not yet committed.
    ReplayBegin,
    /// It is committed; the answer is not yet sent.
    ReplayAcknowledge,
    /// The file of a checkpoint is there and empty.
    CheckpointWrite,
    /// Half of a checkpoint is written.
    CheckpointTear,
    /// All of a checkpoint is written and not yet synced.
    CheckpointSync,
    /// A checkpoint is synced and has not yet its name.
    CheckpointRename,
    /// A checkpoint has its name; its folder is not yet synced.
    CheckpointFolder,
    /// A cycle is about to begin.
    Tick,
    /// A flow's row is about to be inserted.
    FlowOpen,
    /// The row is committed; the answer is not yet sent.
    FlowOpenAcknowledge,
    /// A flow's row has its end; what hangs on it is about to be inserted.
    FlowInsert,
    /// All of a flow is inserted; not yet committed.
    FlowCommit,
    /// All of it is committed; the answer is not yet sent.
    FlowAcknowledge,
    /// A closed cycle's row is committed; the answer is not yet sent.
    CycleAcknowledge,
    /// The shop is about to be asked for an order that no row names.
    OrderAsk,
    /// An order that was found is inserted; not yet committed.
    OrderCommit,
    /// It is committed; the answer is not yet sent.
    OrderAcknowledge,
}

/// An error that a test asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Injected(
    /// What it says.
    String,
);

impl From<Injected> for io::Error {
    fn from(injected: Injected) -> Self {
        Self::other(injected)
    }
}

/// Why the points could not be armed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmError {
    /// Not of the form `point=actions`.
    #[error("FAILPOINTS: {0:?} is not of the form point=actions")]
    Form(
        /// The part between two semicolons.
        String,
    ),
    /// No such point.
    #[error("FAILPOINTS: there is no point {0:?}; they are in actors/ports/failpoint.rs")]
    Unknown(
        /// The name given.
        String,
    ),
    /// No such action.
    #[error("FAILPOINTS: {point}: {cause}")]
    Action {
        /// The point.
        point: &'static str,
        /// What is wrong with its actions.
        cause: String,
    },
}

impl Failpoint {
    /// Every point.
    pub const ALL: [Self; 17] = [
        Self::ReplayBegin,
        Self::ReplayAcknowledge,
        Self::CheckpointWrite,
        Self::CheckpointTear,
        Self::CheckpointSync,
        Self::CheckpointRename,
        Self::CheckpointFolder,
        Self::Tick,
        Self::FlowOpen,
        Self::FlowOpenAcknowledge,
        Self::FlowInsert,
        Self::FlowCommit,
        Self::FlowAcknowledge,
        Self::CycleAcknowledge,
        Self::OrderAsk,
        Self::OrderCommit,
        Self::OrderAcknowledge,
    ];

    /// The name in FAILPOINTS.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReplayBegin => "replay_begin",
            Self::ReplayAcknowledge => "replay_acknowledge",
            Self::CheckpointWrite => "checkpoint_write",
            Self::CheckpointTear => "checkpoint_tear",
            Self::CheckpointSync => "checkpoint_sync",
            Self::CheckpointRename => "checkpoint_rename",
            Self::CheckpointFolder => "checkpoint_folder",
            Self::Tick => "tick",
            Self::FlowOpen => "flow_open",
            Self::FlowOpenAcknowledge => "flow_open_acknowledge",
            Self::FlowInsert => "flow_insert",
            Self::FlowCommit => "flow_commit",
            Self::FlowAcknowledge => "flow_acknowledge",
            Self::CycleAcknowledge => "cycle_acknowledge",
            Self::OrderAsk => "order_ask",
            Self::OrderCommit => "order_commit",
            Self::OrderAcknowledge => "order_acknowledge",
        }
    }
}

/// Comes by a place that cannot fail: an error asked for there is a panic.
pub fn pass(point: Failpoint) {
    if let Err(injected) = reach(point) {
        panic!("{injected}");
    }
}

/// Writes all of `text`, and comes by `point` when half of it is written.
pub fn write_all(point: Failpoint, file: &mut impl Write, text: &[u8]) -> io::Result<()> {
    let (first, rest) =
        text.split_at(if cfg!(feature = "failpoints") { text.len() / 2 } else { 0 });
    file.write_all(first)?;
    reach(point)?;
    file.write_all(rest)
}

#[cfg(feature = "failpoints")]
pub use armed::{arm, reach};
#[cfg(not(feature = "failpoints"))]
pub use unarmed::{arm, reach};

#[cfg(not(feature = "failpoints"))]
mod unarmed {
    use super::{ArmError, Failpoint, Injected};

    /// Nothing is armed in a normal build.
    pub fn arm() -> Result<(), ArmError> {
        Ok(())
    }

    /// Goes on.
    #[inline(always)]
    pub fn reach(_: Failpoint) -> Result<(), Injected> {
        Ok(())
    }
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{ArmError, Failpoint, Injected};

    /// The variable that says what the points do.
    const VARIABLE: &str = "FAILPOINTS";
    /// What `return` is told to end the process.
    const KILL: &str = "kill";

    /// Whether any point does anything: benches and the other tests pay one load.
    static IS_ARMED: AtomicBool = AtomicBool::new(false);

    /// Has the points do what FAILPOINTS says.
    pub fn arm() -> Result<(), ArmError> {
        let Ok(text) = std::env::var(VARIABLE) else { return Ok(()) };
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((name, actions)) = part.split_once('=') else {
                return Err(ArmError::Form(part.to_owned()));
            };
            let known = Failpoint::ALL.into_iter().find(|point| point.name() == name.trim());
            let point = known.ok_or_else(|| ArmError::Unknown(name.to_owned()))?.name();
            fail::cfg(point, actions).map_err(|cause| ArmError::Action { point, cause })?;
            IS_ARMED.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Does what the point was armed with.
    pub fn reach(point: Failpoint) -> Result<(), Injected> {
        if IS_ARMED.load(Ordering::Relaxed) {
            fail::fail_point!(point.name(), |told: Option<String>| {
                let told = told.unwrap_or_default();
                if told == KILL {
                    std::process::abort();
                }
                Err(Injected(told))
            });
        }
        Ok(())
    }
}
