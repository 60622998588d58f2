//! Commands that change numbers or agents, not what the run is doing.

use crate::domain::ids::AgentId;
use crate::domain::time_scale::TimeScale;

use super::action::{Action, Ticket, Tune};
use super::cycling;
use super::state::{Resting, State};
use super::step::Step;

/// A quarantined agent gets its ticks back.
pub fn revive(state: State, ticket: Ticket, agent_id: AgentId, step: &mut Step<'_>) -> State {
    if is_live(&state, ticket, step) {
        step.act(Action::Revive(ticket, agent_id));
    }
    state
}

/// Another limit or bound, from the next permit on.
pub fn rate(state: State, ticket: Ticket, tune: Tune, step: &mut Step<'_>) -> State {
    if is_live(&state, ticket, step) {
        step.act(Action::Tune(ticket, tune));
    }
    state
}

/// Another pace, from the tick on that is waited for.
pub fn time_scale(state: State, ticket: Ticket, scale: TimeScale, step: &mut Step<'_>) -> State {
    if !is_live(&state, ticket, step) {
        return state;
    }
    let was = step.at.pacer.interval().as_secs_f64();
    step.at.pacer.retune(scale.interval(), step.now);
    let seconds = scale.interval().as_secs_f64();
    step.act(Action::KeepTimeScale(scale));
    step.publish();
    step.done(
        ticket,
        format!("the time scale is {scale}: a cycle takes at least {seconds} s, it was {was} s"),
    );
    match state {
        State::Resting(Resting::Waits { .. }) => cycling::wait(step),
        State::Resting(Resting::Parked)
        | State::Starting(_)
        | State::Cycling(_)
        | State::Closing(_)
        | State::Freezing(_)
        | State::Frozen(_)
        | State::Reopening(_)
        | State::Ending(_)
        | State::Ended(_) => state,
    }
}

/// Whether there is a run to tune; refuses where there is none.
fn is_live(state: &State, ticket: Ticket, step: &mut Step<'_>) -> bool {
    let is_over = matches!(state, State::Ended(_));
    if is_over {
        step.refuse(ticket, "ended", "start or resume a run");
    }
    !is_over
}
