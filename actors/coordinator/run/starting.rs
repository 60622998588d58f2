//! From the start to the first tick, or to the freeze that a run comes back to.

use std::path::PathBuf;

use crate::circuit_breaker::messages::FreezeReason;
use crate::coordinator::messages::StartError;
use crate::ports::checkpoint_file::CheckpointError;
use crate::ports::store::Replay;

use super::action::Action;
use super::state::{Ended, Freeze, Freezing, Starting, State, Thaw};
use super::step::Step;
use super::{checkpointing, cycling, freezing};

/// Shop and store have answered: boundary 0, or the one that is gone on from, is saved.
pub fn prepared(
    state: State,
    prepared: Result<Option<Replay>, StartError>,
    step: &mut Step<'_>,
) -> State {
    let State::Starting(starting) = state else { return state.unasked("a start") };
    match prepared {
        Ok(replay) => {
            if let Some(replay) = replay {
                step.begin_attempt(replay);
            }
            let state = State::Starting(starting);
            step.act(Action::Save(checkpointing::saved(&state)));
            state
        }
        Err(error) => not_begun(starting, error, step),
    }
}

/// Without its first checkpoint a run does not begin.
pub fn saved(
    starting: Starting,
    saved: &Result<PathBuf, CheckpointError>,
    step: &mut Step<'_>,
) -> State {
    if let Err(error) = saved {
        return not_begun(starting, error.clone().into(), step);
    }
    let Starting { course, owed, frozen } = starting;
    step.act(Action::Started(Ok(())));
    match frozen {
        None => {
            owed.settle(saved, step);
            step.at.begin(step.now, course.is_parked());
            cycling::follow(course, step)
        }
        Some(freeze) => {
            step.at.begin(step.now, false);
            let ends = course.quit();
            let awaits = Thaw::Boundary;
            freezing::settle(
                Freezing { freeze, ends, owed, cut_at: None, closed: None, awaits },
                step,
            )
        }
    }
}

/// The process before left it frozen: nothing is sent, not even a look.
pub fn came_back(state: State, reason: FreezeReason, step: &mut Step<'_>) -> State {
    let State::Starting(Starting { course, owed, frozen }) = state else {
        return state.unasked("a frozen start");
    };
    step.at.begin(step.now, true);
    step.act(Action::Trip(reason.clone()));
    step.act(Action::ShowFailures(reason.clone()));
    step.act(Action::Started(Ok(())));
    let freeze = Freeze {
        reason,
        broken: step.at.broken_before,
        from: step.at.cycle,
        for_good: frozen.is_some_and(|freeze| freeze.for_good),
    };
    freezing::at_rest(freeze, course.quit(), owed, None, step)
}

fn not_begun(starting: Starting, error: StartError, step: &mut Step<'_>) -> State {
    for ticket in starting.owed.0 {
        step.refuse(ticket, "ended", "it could not start");
    }
    step.act(Action::Started(Err(error)));
    State::Ended(Ended::NotBegun)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::run::world::Event::*;
    use crate::coordinator::run::world::World;
    use crate::ports::store::RunState;

    #[test]
    fn a_run_begins_when_its_first_checkpoint_is_written_and_else_not_at_all() {
        let mut world = World::new();
        world.do_all(&[Checkpoint, Prepared, Saved]);
        assert!(world.wants(|a| matches!(a, Action::Started(Ok(())))));
        assert!(world.wants(|a| matches!(a, Action::Tick { .. })));
        for end in [&[CannotStart][..], &[Prepared, NotSaved]] {
            let mut world = World::new();
            world.does(Checkpoint).do_all(end);
            assert!(world.wants(|a| matches!(a, Action::Started(Err(_)))));
            assert_eq!(world.said(), "refused: the run is ended: it could not start");
        }
    }

    #[test]
    fn a_run_that_comes_back_frozen_sends_nothing_until_an_operator_opens_it() {
        let mut world = World::new();
        world.does(CameBack);
        assert!(world.wants(|a| matches!(a, Action::Trip(_))));
        assert!(world.wants(|a| matches!(a, Action::WriteState(RunState::Frozen))));
        world.do_all(&[StateWritten, Resume]);
        assert!(world.wants(|a| matches!(a, Action::Look(_))));
    }

    #[test]
    fn what_is_said_before_the_first_tick_holds_at_the_first_tick() {
        let mut world = World::after(&[Pause, Prepared, Saved, StateWritten]);
        assert_eq!(world.run.shown(), RunState::Paused);
        world.does(Resume);
        assert!(world.wants(|a| matches!(a, Action::Tick { .. })));
        let mut world = World::after(&[Quit, Prepared, Saved]);
        // Nobody has shopped yet: there is no cart to clear.
        world.do_all(&[Saved, StateWritten, Drained]);
        assert_eq!(world.end(), Some(RunState::Stopped));
        let world = World::after(&[Froze, Prepared, Saved, Saved]);
        assert_eq!(world.run.shown(), RunState::Frozen);
    }
}
