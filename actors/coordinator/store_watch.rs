//! Looks each second at what the calls of the store note of the database; where that is gone the
//! run is frozen at once. The heartbeat is the call that finds out while nothing else is written.

use actix::prelude::*;

use crate::circuit_breaker::messages::FreezeReason;
use crate::db_writer::messages::Heartbeat;
use crate::db_writer::trouble::Trouble;

use super::Coordinator;
use super::ledger::NOBODY;
use super::run::input::Input;

/// Each second.
pub(super) fn look(coordinator: &mut Coordinator, ctx: &mut Context<Coordinator>) {
    if !coordinator.run.is_live() {
        return;
    }
    let now = coordinator.clock.now();
    let trouble = coordinator.services.trouble.at(now);
    if let Some(report) = coordinator.ledger.store_news.look(trouble.as_ref(), now) {
        coordinator.note(report, NOBODY);
    }
    let gone = trouble.filter(|trouble| trouble.error.is_of_the_place());
    if let Some(Trouble { error, .. }) = gone
        && coordinator.run.frozen().is_none()
    {
        let reason = FreezeReason::StoreFailed { cause: error.to_string() };
        coordinator.feed(Input::Tripped(reason), ctx);
    }
}

/// Says that the run's owner lives; one at a time, as one may be tried for minutes.
pub(super) fn beat(coordinator: &mut Coordinator, ctx: &mut Context<Coordinator>) {
    if !coordinator.run.is_live() || coordinator.ledger.store_news.is_beating {
        return;
    }
    let (plan, at) = (&coordinator.ledger.plan, coordinator.clock.wall());
    let beat = Heartbeat { run_id: plan.run_id, owner: plan.owner, at };
    let beaten = coordinator.services.clone().beat(beat);
    coordinator.ledger.store_news.is_beating = true;
    coordinator.after(beaten, ctx, |(), act, _| act.ledger.store_news.is_beating = false);
}
