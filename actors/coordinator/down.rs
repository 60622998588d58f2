//! An agent's actor is gone: its row is closed, and what became of its flow is known.

use std::sync::Arc;

use serde_json::json;

use crate::db_writer::messages::{Drain, FailFlow, LoadMemories};
use crate::domain::cycle::{Cycle, CycleVolume};
use crate::domain::flow::{AgentMemory, EndReason, FlowRecord, FlowStatus, ShopCart};
use crate::domain::ids::{AgentId, RunId};
use crate::domain::incident::IncidentKind;
use crate::ports::store::StoreError;

use super::ledger::Report;
use super::messages::{AgentDown, Ending, Exit, hang};
use super::services::Services;
use super::shard::roster::AfterCrash;

/// Closes the row of an agent that crashed; answers how its cycle ended and what it remembers.
pub async fn close_crashed(
    services: Services,
    down: AgentDown,
    run_id: RunId,
    next: Cycle,
) -> (AgentDown, Ending, AgentMemory) {
    let (reason, cause) = cause(&down.exit);
    let recorded = match &down.open_flow {
        Some(record) => Some(services.write(FailFlow(Arc::clone(record))).await),
        None => None,
    };
    let ending = match recorded {
        Some(Ok(_)) => {
            let (status, cause) = (FlowStatus::Failed, Some(cause));
            Ending::Recorded { status, reason, cause }
        }
        Some(Err(_)) | None => Ending::Unrecorded { cause },
    };
    let load = LoadMemories { run_id, before: next, agents: vec![down.agent_id.clone()] };
    let memories = services.write(load).await;
    let memory = memories.ok().and_then(|mut memories| memories.remove(&down.agent_id));
    // What its last flow left at the shop is not known: the next one clears it first.
    let memory = AgentMemory { shop_cart: ShopCart::Dirty, ..memory.unwrap_or_default() };
    (down, ending, memory)
}

/// Why an agent's actor ended, and the same in words.
pub fn cause(exit: &Exit) -> (EndReason, String) {
    match exit {
        Exit::Panicked(message) => (EndReason::Panic, format!("panic: {message}")),
        Exit::Stopped | Exit::Cut => (EndReason::Panic, "the actor stopped".to_owned()),
        Exit::Hung { by_drill } => (EndReason::Hang, format!("hang: {}", hang(*by_drill))),
    }
}

/// What is said of an agent that was restarted, and of one that crashes too often.
pub fn reports(agent_id: &AgentId, cause: &str, after: AfterCrash) -> Vec<Report> {
    let restarted = format!("{agent_id} was restarted: {cause}");
    let mut reports = vec![(IncidentKind::Restart, restarted, json!({}))];
    if after == AfterCrash::Quarantine {
        let message = format!("{agent_id} crashed four times in ten cycles and gets no more ticks");
        reports.push((IncidentKind::Quarantine, message, json!({})));
    }
    reports
}

/// Ends a flow that was cut as stopped, with its events so far and the cart as it was left.
pub async fn close_cut(services: Services, down: AgentDown) -> (AgentDown, Ending, CycleVolume) {
    // What has no row is not given one: it has not begun.
    let flow = down.open_flow.clone().filter(|record| record.opened);
    let unfinished = (Ending::Unfinished, CycleVolume::default());
    let (ending, volume) = match end_cut(&services, flow).await {
        Ok(Some(record)) => {
            let (status, reason) = (record.status, record.end_reason);
            let volume = CycleVolume {
                requests: u64::from(record.calls),
                events: record.events.len() as u64,
                ..CycleVolume::default()
            };
            (Ending::Recorded { status, reason, cause: None }, volume)
        }
        Ok(None) | Err(StoreError::Superseded { .. }) => unfinished,
        Err(error) => {
            tracing::error!(agent.id = %down.agent_id, %error, "a flow was cut, its row is open");
            unfinished
        }
    };
    (down, ending, volume)
}

async fn end_cut(
    services: &Services,
    flow: Option<Arc<FlowRecord>>,
) -> Result<Option<Arc<FlowRecord>>, StoreError> {
    // A record of its own may be on its way, or its row may be: these come first.
    services.write(Drain).await?;
    let Some(record) = flow else { return Ok(None) };
    services.write(FailFlow(Arc::clone(&record))).await?;
    Ok(Some(record))
}
