//! What a frozen run tells its operator: why, what to look at, and the way out.

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::status::RunStatus;
use actors::domain::freeze_reason::ShopSeen;
use serde::Serialize;

/// What an operator needs to know of a freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Why.
    pub why: String,
    /// Where the cause is most likely found.
    pub look_at: String,
}

/// For a run that is frozen.
pub fn advice(status: &RunStatus) -> Option<Advice> {
    let reason = status.frozen.as_ref()?;
    Some(Advice { why: reason.to_string(), look_at: look_at(reason) })
}

/// A few lines; empty for a run that is not frozen.
pub fn text(status: &RunStatus) -> String {
    let Some(advice) = advice(status) else { return String::new() };
    let lines = [
        format!(
            "FROZEN at cycle {}, simulated {}",
            status.attempt.cycle, status.attempt.simulated_at
        ),
        format!("  why      {}", advice.why),
        format!("  look at  {}", advice.look_at),
        "  then     it sends nothing until you open it: `cartload ctl resume` looks at the shop, \
         repeats the broken cycle and goes on; or Ctrl-C ends this process with a checkpoint, and \
         `cartload resume --unfreeze` does the same later"
            .to_owned(),
    ];
    lines.join("\n")
}

/// Where the cause is most likely found.
pub fn look_at(reason: &FreezeReason) -> String {
    match reason {
        FreezeReason::FailuresInCycle { shop, .. } | FreezeReason::FailuresInARow { shop, .. } => {
            match shop {
                Some(ShopSeen::Slow) => {
                    "the load of the shop at this time: it answers, but calls \
                    ran out of time; lower the rate (`cartload ctl rate N`) before you go on"
                }
                Some(ShopSeen::Silent) => "whether the shop is up and reachable from here",
                Some(ShopSeen::Answering) | None => {
                    "the calls named above, in the shop's own log at this time"
                }
            }
            .to_owned()
        }
        FreezeReason::Outage { http_session, .. } => format!(
            "whether the shop is up and reachable from here (first seen over HTTP session \
             {http_session})"
        ),
        FreezeReason::NothingAccepted { .. } => {
            "stock and the selected stores: the shop answers, but takes nothing into a cart"
                .to_owned()
        }
        FreezeReason::ServiceDied { .. } => {
            "the messages above: this is a fault of cartload itself, please report it".to_owned()
        }
        FreezeReason::Quarantines { .. } => {
            "the panics named in the incidents: agents crash again and again".to_owned()
        }
        FreezeReason::StoreFailed { .. } => {
            "the database: free space, rights, and whether it answers".to_owned()
        }
        FreezeReason::Tripped { .. } => "nothing: this is a drill".to_owned(),
    }
}
