//! What a run is doing, in one word that an operator reads first.

use actors::coordinator::command::Quit;
use actors::coordinator::status::RunStatus;
use actors::ports::store::RunState;

/// The word, worst first where several would fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// The breaker has frozen it; its last flows are ending.
    Freezing,
    /// Nothing is sent until an operator opens it.
    Frozen,
    /// The last flows end, nothing else begins.
    Stopping,
    /// The cycle under way is the last.
    Ending,
    /// An operator parked it.
    Paused,
    /// The shop and the agents are being looked at.
    Starting,
    /// A cycle is run again.
    Replaying,
    /// As planned.
    Running,
    /// Nothing follows.
    Ended,
}

impl Mood {
    /// What `status` shows.
    pub fn of(status: &RunStatus) -> Self {
        let is_begun = status.agents > 0;
        match (status.state, status.ending) {
            (RunState::Stopped | RunState::Completed, _) => Self::Ended,
            (RunState::Freezing, _) => Self::Freezing,
            (RunState::Frozen, _) => Self::Frozen,
            (_, Some(Quit::Now)) => Self::Stopping,
            (_, Some(Quit::AfterCycle)) => Self::Ending,
            (RunState::Paused, None) => Self::Paused,
            (RunState::Running, None) if !is_begun => Self::Starting,
            (RunState::Running, None) if status.attempt.replay.is_replay() => Self::Replaying,
            (RunState::Running, None) => Self::Running,
        }
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Freezing => "FREEZING",
            Self::Frozen => "FROZEN",
            Self::Stopping => "STOPPING",
            Self::Ending => "ENDING",
            Self::Paused => "PAUSED",
            Self::Starting => "STARTING",
            Self::Replaying => "REPLAYING",
            Self::Running => "RUNNING",
            Self::Ended => "ENDED",
        }
    }

    /// Whether nothing more can be expected.
    pub fn is_over(self) -> bool {
        self == Self::Ended
    }

    /// Whether ticks go out.
    pub fn is_going_on(self) -> bool {
        matches!(self, Self::Running | Self::Replaying | Self::Ending)
    }
}
