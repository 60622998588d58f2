//! The drop-guard of an agent's actor: whatever ends the actor, the Coordinator hears of it.
//!
//! actix does not restart an actor that panicked and tells nobody; dropping a field is the one
//! thing that always happens. It must never panic itself: that would abort the process.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix::prelude::*;

use crate::coordinator::messages::{AgentDown, Exit};
use crate::domain::flow::{EndReason, FlowRecord};
use crate::domain::ids::{AgentId, Incarnation};
use crate::ports::pacing::Pacing;

use super::draft::FlowEnding;
use super::flow::SharedDraft;

/// Tells the Coordinator when its agent's actor is gone.
pub struct Monitor {
    report_to: Recipient<AgentDown>,
    agent_id: AgentId,
    incarnation: Incarnation,
    draft: SharedDraft,
    pacing: Arc<dyn Pacing>,
    /// Set before a deliberate stop; else the actor is taken to have panicked.
    panic: Rc<RefCell<Option<String>>>,
    dismissed: bool,
}

impl Monitor {
    /// Watches over one build of one agent.
    pub fn new(
        report_to: Recipient<AgentDown>,
        agent_id: AgentId,
        incarnation: Incarnation,
        pacing: Arc<dyn Pacing>,
    ) -> Self {
        Self {
            report_to,
            agent_id,
            incarnation,
            draft: SharedDraft::default(),
            pacing,
            panic: Rc::default(),
            dismissed: false,
        }
    }

    /// The flow under way, for the visit to fill.
    pub fn draft(&self) -> SharedDraft {
        Rc::clone(&self.draft)
    }

    /// Keeps the message of a panic that was caught.
    pub fn note_panic(&self, message: String) {
        if let Ok(mut slot) = self.panic.try_borrow_mut() {
            *slot = Some(message);
        }
    }

    /// The actor ends because it was told to: nothing to report.
    pub fn dismiss(&mut self) {
        self.dismissed = true;
    }

    fn open_flow(&self, cause: &str) -> Option<Arc<FlowRecord>> {
        let draft = self.draft.try_borrow_mut().ok()?.take()?;
        let ending = FlowEnding::failed(EndReason::Panic, cause);
        Some(Arc::new(draft.finish(ending, self.pacing.wall())))
    }
}

impl Drop for Monitor {
    #[expect(clippy::disallowed_methods, reason = "once per build of an agent's actor")]
    fn drop(&mut self) {
        if self.dismissed {
            return;
        }
        let caught = self.panic.try_borrow_mut().ok().and_then(|mut slot| slot.take());
        let message = caught.unwrap_or_else(|| "the actor panicked".to_owned());
        self.report_to.do_send(AgentDown {
            agent_id: self.agent_id.clone(),
            incarnation: self.incarnation,
            open_flow: self.open_flow(&message),
            exit: Exit::Panicked(message),
        });
    }
}
