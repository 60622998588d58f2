//! What the run itself lets through: a function of its state, and nobody else's to set.

use super::messages::Refused;

/// The run's own hold on the limiter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    /// Permits are given as the rate allows.
    #[default]
    Open,
    /// Waiters stay queued, none is given (pause).
    Closed,
    /// Waiters and later callers are told why there will be none (freeze, stop).
    Refusing(Refused),
}
