//! What a search for the knee ends with.

use super::samples::Doubled;

/// How much a shop that says 429 lets through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    /// Requests between two reopenings.
    pub(super) requests: u64,
    /// The time between them, s.
    pub(super) seconds: f64,
}

impl Window {
    pub(super) fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds.max(f64::EPSILON)
    }
}

/// Why a rate is too high.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bad {
    /// Answers take twice as long.
    Doubled(Doubled),
    /// The shop says 429.
    Limited,
    /// Something broke.
    Harm(String),
    /// All agents wait for answers; there is nobody who could ask.
    Unreached,
}

/// Why the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The knee is known to a tenth, or the window is.
    Found,
    /// Nothing was too high, up to the cap.
    Cap,
    /// The time was over.
    Time,
    /// No order may be placed any more.
    Orders,
    /// Something broke, and the shop answers again.
    Harm,
    /// Something broke, and the shop answers no more.
    Gone,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    /// The highest rate that was good.
    pub(super) good: Option<f64>,
    /// The lowest that was not, and why.
    pub(super) bad: Option<(f64, Bad)>,
    /// What the shop lets through where it says 429.
    pub(super) window: Option<Window>,
    /// Why nothing more was tried.
    pub(super) end: End,
}
