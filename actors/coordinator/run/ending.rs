//! The way out: the last checkpoint, the end in the database, every write that is under way.
//!
//! An end is decided when it begins; nothing that happens on the way changes it.

use std::path::PathBuf;

use crate::coordinator::command::Quit;
use crate::ports::checkpoint_file::CheckpointError;

use super::action::Action;
use super::state::{Ended, Ending, How, LastWord, Owed, State};
use super::step::Step;

/// Saves how it ends.
pub fn begin(how: How, asked: Option<Quit>, owed: Owed, step: &mut Step<'_>) -> State {
    step.act(Action::Save(how.saved()));
    step.publish();
    State::Ending(Ending { how, asked, owed, awaits: LastWord::Checkpoint })
}

/// The last checkpoint is written, or could not be: the end is written as the last state.
pub fn saved(
    ending: Ending,
    saved: &Result<PathBuf, CheckpointError>,
    step: &mut Step<'_>,
) -> State {
    let Ending { how, asked, owed, awaits } = ending;
    if awaits != LastWord::Checkpoint {
        return State::Ending(Ending { how, asked, owed, awaits }).unasked("a checkpoint");
    }
    owed.settle(saved, step);
    State::Ending(Ending { how, asked, owed: Owed::default(), awaits: LastWord::Row })
}

/// The end is in the database: what is still being written is waited for.
pub fn written(state: State, step: &mut Step<'_>) -> State {
    match state {
        State::Ending(ending) if ending.awaits == LastWord::Row => {
            step.act(Action::Drain);
            State::Ending(Ending { awaits: LastWord::Drain, ..ending })
        }
        State::Ending(_)
        | State::Starting(_)
        | State::Resting(_)
        | State::Cycling(_)
        | State::Closing(_)
        | State::Freezing(_)
        | State::Frozen(_)
        | State::Reopening(_)
        | State::Ended(_) => state.unasked("an end"),
    }
}

/// Nothing is written any more.
pub fn drained(state: State, step: &mut Step<'_>) -> State {
    match state {
        State::Ending(Ending { how, asked, awaits: LastWord::Drain, .. }) => {
            step.at_last(Action::End(how.row()));
            State::Ended(Ended::As(how, asked))
        }
        State::Ending(_)
        | State::Starting(_)
        | State::Resting(_)
        | State::Cycling(_)
        | State::Closing(_)
        | State::Freezing(_)
        | State::Frozen(_)
        | State::Reopening(_)
        | State::Ended(_) => state.unasked("a drained store"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::run::world::Event::*;
    use crate::coordinator::run::world::World;
    use crate::ports::store::RunState;

    #[test]
    fn an_end_is_saved_then_written_after_every_other_state_then_drained() {
        let mut world = World::in_state("resting");
        // The state of the pause is still being written when the run ends.
        world.do_all(&[Pause, Quit, Saved]);
        assert!(!world.wants(|a| matches!(a, Action::WriteState(_))), "one at a time");
        world.does(StateWritten);
        assert!(world.wants(|a| matches!(a, Action::WriteState(RunState::Stopped))));
        world.does(StateWritten);
        assert!(world.wants(|a| matches!(a, Action::Drain)));
        world.does(Drained);
        assert!(world.wants(|a| matches!(a, Action::End(RunState::Stopped))));
    }

    #[test]
    fn a_run_at_its_planned_end_is_completed_even_if_it_was_told_to_end() {
        for told in [&[][..], &[Quit]] {
            let mut world = World::in_state("closing");
            world.do_all(&[Recorded, Saved, Woke]).do_all(told);
            world.do_all(&[Barrier, Recorded, Saved, StateWritten, Drained]);
            assert_eq!(world.end(), Some(RunState::Completed), "{told:?}");
        }
    }

    #[test]
    fn what_happens_on_the_way_changes_nothing() {
        let mut world = World::in_state("ending");
        world.do_all(&[Froze, Tripped, Pause, Resume, Quit, QuitNow, NotSaved]);
        world.do_all(&[StateWritten, Drained]);
        assert_eq!(world.end(), Some(RunState::Stopped));
    }
}
