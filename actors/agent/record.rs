//! The end of a flow: its record goes to the store, and what became of it is the agent's report.

use std::sync::Arc;

use actix::prelude::*;

use crate::coordinator::messages::Ending;
use crate::db_writer::messages::{CommitFlow, FailFlow, KeepRefs, OpenFlow};
use crate::domain::flow::{EndReason, FlowRecord, FlowStatus, OrderOutcome};
use crate::ports::store::StoreError;

/// The writes an agent may ask for.
#[derive(Clone)]
pub struct Writers {
    /// Before the first call of a flow that shops.
    pub open: Recipient<OpenFlow>,
    /// Before an order is placed that can be asked for.
    pub keep: Recipient<KeepRefs>,
    /// At the end of a flow.
    pub commit: Recipient<CommitFlow>,
    /// At the end of a failed one.
    pub fail: Recipient<FailFlow>,
}

impl Writers {
    /// Writes the record, and says what the Coordinator may count.
    pub async fn record(&self, record: FlowRecord) -> Ending {
        let cut = matches!(record.end_reason, EndReason::Frozen | EndReason::Stopped);
        if cut && !record.opened {
            return Ending::Unfinished;
        }
        let record = Arc::new(record);
        let committed = if record.status == FlowStatus::Failed {
            self.fail.send(FailFlow(Arc::clone(&record))).await
        } else {
            self.commit.send(CommitFlow(Arc::clone(&record))).await
        };
        match committed.unwrap_or(Err(StoreError::Closed)) {
            Ok(_) => Ending::Recorded {
                status: record.status,
                reason: record.end_reason,
                cause: record.failure.clone(),
            },
            Err(StoreError::Superseded { .. }) => Ending::Unrecorded {
                cause: "the flow's row had ended differently before".to_owned(),
            },
            Err(error) => self.record_store_failure(&record, &error).await,
        }
    }

    /// The whole flow could not be written: at least that it failed.
    async fn record_store_failure(&self, record: &FlowRecord, error: &StoreError) -> Ending {
        let cause = format!("store: {error}");
        let failed = FlowRecord {
            status: FlowStatus::Failed,
            end_reason: EndReason::Store,
            failure: Some(cause.clone()),
            order: None,
            // The shop has it all the same: it is found when the run is next resumed.
            order_outcome: match record.order {
                Some(_) => Some(OrderOutcome::Unknown),
                None => record.order_outcome,
            },
            ..record.clone()
        };
        match self.fail.send(FailFlow(Arc::new(failed))).await.unwrap_or(Err(StoreError::Closed)) {
            Ok(_) => Ending::Recorded {
                status: FlowStatus::Failed,
                reason: EndReason::Store,
                cause: Some(cause),
            },
            Err(_) => Ending::Unrecorded { cause },
        }
    }
}
