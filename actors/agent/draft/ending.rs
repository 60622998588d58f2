//! How a flow ends.

use crate::domain::flow::{EndReason, FlowStatus};

/// How a flow ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowEnding {
    /// The final status.
    pub status: FlowStatus,
    /// Why.
    pub reason: EndReason,
    /// What failed, redacted; only for `Failed`.
    pub cause: Option<String>,
}

impl FlowEnding {
    /// An order, or browsing done.
    pub fn done(status: FlowStatus) -> Self {
        Self { status, reason: EndReason::Done, cause: None }
    }

    /// Left without an order.
    pub fn abandoned(reason: EndReason) -> Self {
        Self { status: FlowStatus::Abandoned, reason, cause: None }
    }

    /// Did not come to an end of its own.
    pub fn failed(reason: EndReason, cause: impl Into<String>) -> Self {
        Self { status: FlowStatus::Failed, reason, cause: Some(cause.into()) }
    }
}
