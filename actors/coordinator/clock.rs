//! Both clocks, the gaps in them, and the one alarm that is set on them.

use std::sync::Arc;
use std::time::Instant;

use actix::prelude::*;
use chrono::NaiveDateTime;

use crate::ports::pacing::Pacing;

use super::Coordinator;
use super::gaps::Gaps;
use super::run::input::Input;

/// What time it is, and when to be woken.
pub struct Clock {
    /// The clocks.
    pub pacing: Arc<dyn Pacing>,
    /// Where time was lost.
    pub gaps: Gaps,
    /// At most one; another takes its place.
    alarm: Option<SpawnHandle>,
}

impl Clock {
    /// With no alarm.
    pub fn new(pacing: Arc<dyn Pacing>) -> Self {
        Self { pacing, gaps: Gaps::default(), alarm: None }
    }

    /// Monotonic.
    pub fn now(&self) -> Instant {
        self.pacing.now()
    }

    /// Of the wall, UTC.
    pub fn wall(&self) -> NaiveDateTime {
        self.pacing.wall()
    }

    /// Wakes the run then, and at no other time.
    pub fn set(&mut self, at: Option<Instant>, ctx: &mut Context<Coordinator>) {
        if let Some(alarm) = self.alarm.take() {
            ctx.cancel_future(alarm);
        }
        let Some(at) = at else { return };
        let wait = at.saturating_duration_since(self.now());
        self.alarm = Some(ctx.run_later(wait, |act, ctx| {
            act.clock.alarm = None;
            act.feed(Input::Woke, ctx);
        }));
    }
}
