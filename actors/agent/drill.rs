//! A drill: a fault made on purpose, which waits in an agent for its moment.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crate::panic_words;
use crate::ports::shop_api::{ApiError, ApiErrorKind, Part, ShopCall};

use super::messages::{AgentInjection, Drill};

/// How many agents a drill may still strike; clones count together. An atomic: agents may live on
/// several threads.
#[derive(Clone, Debug)]
pub struct Shares(Arc<AtomicU32>);

impl Shares {
    /// So many.
    pub fn of(count: u32) -> Self {
        Self(Arc::new(AtomicU32::new(count)))
    }

    fn take(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }
}

/// The drill of one agent, shared by its actor and the flow under way.
#[derive(Clone, Debug, Default)]
pub struct SharedDrill(Rc<State>);

#[derive(Debug, Default)]
struct State {
    waiting: RefCell<Option<Drill>>,
    hangs: Cell<bool>,
}

impl SharedDrill {
    /// This drill waits from here on, in the place of any before it.
    pub fn set(&self, drill: Drill) {
        self.0.waiting.replace(Some(drill));
    }

    /// What strikes at this call, if it is the moment.
    pub fn at(&self, call: &ShopCall, has_cart: bool) -> Option<AgentInjection> {
        let is_moment = |drill: &mut Drill| match drill.what {
            AgentInjection::Crash | AgentInjection::Hang => has_cart,
            AgentInjection::FailNextCheckout { .. } => *call == ShopCall::Checkout,
            AgentInjection::FailNextCall { .. } => true,
        };
        let drill = self.0.waiting.borrow_mut().take_if(is_moment)?;
        drill.shares.take().then_some(drill.what)
    }

    /// Whether it has made a flow hang.
    pub fn hangs(&self) -> bool {
        self.0.hangs.get()
    }

    /// Does it: a panic is caught by the agent's actor, a hang by its watch.
    pub async fn strike(&self, what: AgentInjection, call: &'static str, now: Instant) -> ApiError {
        let status = match what {
            AgentInjection::Crash => panic_words::drill("a drill: this flow was told to crash"),
            AgentInjection::Hang => {
                self.0.hangs.set(true);
                std::future::pending::<()>().await;
                unreachable!("a pending future never ends")
            }
            AgentInjection::FailNextCheckout { status }
            | AgentInjection::FailNextCall { status } => status.get(),
        };
        let kind = match status {
            401 | 403 => ApiErrorKind::Unauthorized(status),
            422 => ApiErrorKind::Invalid(status),
            429 => ApiErrorKind::RateLimited { retry_after: None },
            500.. => ApiErrorKind::ServerError(status),
            _ => ApiErrorKind::UnexpectedStatus(status),
        };
        let detail = Some("a drill".to_owned());
        // As if it had been sent and answered: what follows must be what follows a real one.
        ApiError { call, part: Part::Whole, kind, detail, sent_at: Some(now), failed_at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::messages::ErrorStatus;

    fn drill(what: AgentInjection, shares: &Shares) -> SharedDrill {
        let shared = SharedDrill::default();
        shared.set(Drill { what, shares: shares.clone() });
        shared
    }

    #[test]
    fn each_fault_waits_for_its_moment_and_strikes_once() {
        let status = ErrorStatus::new(500).unwrap();
        let checkout = AgentInjection::FailNextCheckout { status };
        let once = drill(checkout, &Shares::of(1));
        assert_eq!(once.at(&ShopCall::Probe, true), None);
        assert_eq!(once.at(&ShopCall::Checkout, true), Some(checkout));
        assert_eq!(once.at(&ShopCall::Checkout, true), None);

        let crash = drill(AgentInjection::Crash, &Shares::of(1));
        assert_eq!(crash.at(&ShopCall::Probe, false), None);
        assert_eq!(crash.at(&ShopCall::Probe, true), Some(AgentInjection::Crash));
    }

    #[test]
    fn of_all_agents_told_only_so_many_are_struck() {
        let shares = Shares::of(2);
        let agents: Vec<_> = (0..5).map(|_| drill(AgentInjection::Hang, &shares)).collect();
        let struck = agents.iter().filter(|agent| agent.at(&ShopCall::Probe, true).is_some());
        assert_eq!(struck.count(), 2);
        assert!(agents.iter().all(|agent| agent.at(&ShopCall::Probe, true).is_none()));
    }
}
