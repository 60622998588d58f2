//! What dies and what follows: agents that panic or hang, HTTP sessions that break, services that
//! end. Whole runs on a paused clock.

mod agents;
mod services;
mod sessions;

use std::sync::Arc;

use actors::agent::messages::AgentInjection;
use actors::domain::flow::FlowRecord;

use crate::support::run::Live;

/// Waits until this cycle has closed; the next tick is some time away.
async fn until_closed(run: &mut Live, cycle: u32) {
    run.until(|s| s.attempt.last.as_ref().is_some_and(|last| last.cycle.0 >= cycle)).await;
}

async fn strike(run: &Live, agents: &[String], what: AgentInjection) {
    for agent in agents {
        run.drill(agent, what).await.unwrap();
    }
}

/// The flows of this cycle that ended, in order.
fn flows(run: &Live, cycle: u32) -> Vec<Arc<FlowRecord>> {
    run.store
        .read(|written| written.flows.iter().filter(|f| f.key.cycle.0 == cycle).cloned().collect())
}

/// Runs this by itself, with a clock of its own: a test of several runs calls it for each.
fn alone(run: impl Future<Output = ()>) {
    actix::System::new().block_on(run);
}
