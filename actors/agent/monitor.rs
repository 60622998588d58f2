//! The drop-guard of an agent's actor: whatever ends the actor, the Coordinator hears of it.
//!
//! actix does not restart an actor that panicked and tells nobody; dropping a field is the one
//! thing that always happens. It must never panic itself: that would abort the process.

use std::rc::Rc;
use std::sync::Arc;

use actix::prelude::*;

use crate::coordinator::messages::{AgentDown, Exit, hang};
use crate::domain::flow::{EndReason, FlowRecord, ShopCart};
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
    exit: Option<Exit>,
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
            exit: None,
            dismissed: false,
        }
    }

    /// The flow under way, for the visit to fill.
    pub fn draft(&self) -> SharedDraft {
        Rc::clone(&self.draft)
    }

    /// Keeps what ends the actor, to be told when it is dropped.
    pub fn note_exit(&mut self, exit: Exit) {
        self.exit = Some(exit);
    }

    /// The actor ends because it was told to: nothing to report.
    pub fn dismiss(&mut self) {
        self.dismissed = true;
    }

    fn open_flow(&self, exit: &Exit) -> Option<Arc<FlowRecord>> {
        let mut draft = self.draft.try_borrow_mut().ok()?.take()?;
        if !matches!(exit, Exit::Cut) {
            // What it had sent when it broke is not known.
            draft.shop_cart = ShopCart::Dirty;
        }
        let ending = match exit {
            Exit::Panicked(message) => FlowEnding::failed(EndReason::Panic, message),
            Exit::Stopped => FlowEnding::failed(EndReason::Panic, "the actor stopped"),
            Exit::Hung { by_drill } => FlowEnding::failed(EndReason::Hang, hang(*by_drill)),
            Exit::Cut => draft.cut_ending(),
        };
        Some(Arc::new(draft.finish(ending, self.pacing.wall())))
    }
}

impl Drop for Monitor {
    #[expect(clippy::disallowed_methods, reason = "once per build of an agent's actor")]
    fn drop(&mut self) {
        if self.dismissed {
            return;
        }
        let exit = self.exit.take();
        let exit = exit.unwrap_or_else(|| Exit::Panicked("the actor panicked".to_owned()));
        self.report_to.do_send(AgentDown {
            agent_id: self.agent_id.clone(),
            incarnation: self.incarnation,
            open_flow: self.open_flow(&exit),
            exit,
        });
    }
}
