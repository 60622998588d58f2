//! From the barrier to what follows: the cycle's row, the checkpoint, the moment it makes.

use std::path::PathBuf;

use crate::circuit_breaker::messages::FreezeReason;
use crate::coordinator::agenda::Moment;
use crate::ports::checkpoint_file::CheckpointError;

use super::action::Action;
use super::input::Closed;
use super::state::{Boundary, Closing, Owed, State, Thaw};
use super::step::Step;
use super::{cycling, freezing};

/// The cycle's row is written: the run is one cycle further, unless the attempt was broken. Without
/// its row the hour would be claimed unproven: it is repeated instead, after a freeze.
pub fn recorded(state: State, recorded: Result<Closed, String>, step: &mut Step<'_>) -> State {
    match state {
        State::Closing(closing) if closing.awaits == Boundary::Row => match recorded {
            Ok(closed) => {
                advance(closed, step);
                let Some(attempts) = closed.nothing_accepted else {
                    return save_if_due(closing, step);
                };
                let awaits = Closing { awaits: Boundary::Agenda, ..closing };
                freezing::tripped(
                    State::Closing(awaits),
                    &FreezeReason::NothingAccepted { attempts },
                    step,
                )
            }
            Err(cause) => {
                let lost = State::Closing(Closing { awaits: Boundary::Agenda, ..closing });
                freezing::tripped(lost, &FreezeReason::StoreFailed { cause }, step)
            }
        },
        State::Freezing(mut freezing) if freezing.awaits == Thaw::Row => {
            if let Ok(closed) = recorded {
                freezing.freeze.broken = advance(closed, step);
            }
            freezing.freeze.from = step.at.cycle;
            freezing::settle(freezing, step)
        }
        State::Closing(_)
        | State::Freezing(_)
        | State::Starting(_)
        | State::Resting(_)
        | State::Cycling(_)
        | State::Frozen(_)
        | State::Reopening(_)
        | State::Ending(_)
        | State::Ended(_) => state.unasked("a cycle's row"),
    }
}

/// Answers the cycle where it was broken.
fn advance(closed: Closed, step: &mut Step<'_>) -> Option<crate::domain::cycle::Cycle> {
    if closed.broken {
        return Some(step.at.cycle);
    }
    step.at.cycle = step.at.cycle.next();
    None
}

fn save_if_due(closing: Closing, step: &mut Step<'_>) -> State {
    step.publish();
    let is_due = step.at.is_saved_here() && closing.course.quit().is_none();
    if !is_due && closing.owed.is_empty() {
        return follow_agenda(closing, step);
    }
    step.act(Action::Save(closing.course.saved()));
    State::Closing(Closing { awaits: Boundary::Checkpoint, ..closing })
}

/// The boundary's checkpoint is written, or the run does without.
pub fn saved(
    closing: Closing,
    saved: &Result<PathBuf, CheckpointError>,
    step: &mut Step<'_>,
) -> State {
    let Closing { course, owed, closed, awaits } = closing;
    if awaits != Boundary::Checkpoint {
        return State::Closing(Closing { course, owed, closed, awaits }).unasked("a checkpoint");
    }
    owed.settle(saved, step);
    follow_agenda(Closing { course, owed: Owed::default(), closed, awaits }, step)
}

fn follow_agenda(closing: Closing, step: &mut Step<'_>) -> State {
    let Some(cycle) = closing.closed else { return cycling::follow(closing.course, step) };
    step.at_last(Action::Follow(Moment::End(cycle)));
    State::Closing(Closing { awaits: Boundary::Agenda, ..closing })
}

/// What waited for a moment has been done; where the run is at rest for it, it goes on.
pub fn followed(state: State, step: &mut Step<'_>) -> State {
    match state {
        State::Closing(Closing { course, owed, awaits: Boundary::Agenda, .. }) => {
            owed.write_at_once(course.saved(), step);
            cycling::follow(course, step)
        }
        State::Closing(_)
        | State::Starting(_)
        | State::Resting(_)
        | State::Cycling(_)
        | State::Freezing(_)
        | State::Frozen(_)
        | State::Reopening(_)
        | State::Ending(_)
        | State::Ended(_) => state,
    }
}
