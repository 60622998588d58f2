//! The way out: carts at the shop, the last checkpoint, the end in the database, every write that
//! is under way.
//!
//! An end is decided when it begins; nothing that happens on the way changes it. Carts are cleared
//! only where an operator has not asked for anything sooner and the shop may be asked: a quit that
//! does not wait, or a shop that goes away, ends that.

use std::path::PathBuf;

use crate::coordinator::command::Quit;
use crate::ports::checkpoint_file::CheckpointError;

use super::action::Action;
use super::state::{Ended, Ending, How, LastWord, Owed, State};
use super::step::Step;

/// Ends a run that may still ask the shop: what its flows left in carts is taken out first.
pub fn clear_carts(how: How, asked: Option<Quit>, owed: Owed, step: &mut Step<'_>) -> State {
    step.publish();
    step.at_last(Action::ClearCarts);
    State::Ending(Ending { how, asked, owed, awaits: LastWord::Carts })
}

/// Ends a run that is at rest, as this quit has it.
pub fn at_the_word_of(asked: Quit, how: How, owed: Owed, step: &mut Step<'_>) -> State {
    match asked {
        Quit::AfterCycle => clear_carts(how, Some(asked), owed, step),
        Quit::Now => begin(how, Some(asked), owed, step),
    }
}

/// Saves how it ends.
pub fn begin(how: How, asked: Option<Quit>, owed: Owed, step: &mut Step<'_>) -> State {
    step.act(Action::SayCarts);
    step.act(Action::Save(how.saved()));
    step.publish();
    State::Ending(Ending { how, asked, owed, awaits: LastWord::Checkpoint })
}

/// No cart is cleared any more; what is on its way to the shop ends.
pub fn hurry(ending: Ending) -> Ending {
    let awaits = match ending.awaits {
        LastWord::Carts => LastWord::LastClears,
        awaits
        @ (LastWord::LastClears | LastWord::Checkpoint | LastWord::Row | LastWord::Drain) => awaits,
    };
    Ending { awaits, ..ending }
}

/// The end, while it waits for one of these.
fn awaiting(state: State, words: &[LastWord]) -> Result<Ending, State> {
    match state {
        State::Ending(ending) if words.contains(&ending.awaits) => Ok(ending),
        State::Ending(_)
        | State::Starting(_)
        | State::Resting(_)
        | State::Cycling(_)
        | State::Closing(_)
        | State::Freezing(_)
        | State::Frozen(_)
        | State::Reopening(_)
        | State::Ended(_) => Err(state),
    }
}

/// The carts are cleared, as many as could be.
pub fn cleared(state: State, step: &mut Step<'_>) -> State {
    match awaiting(state, &[LastWord::Carts, LastWord::LastClears]) {
        Ok(Ending { how, asked, owed, .. }) => begin(how, asked, owed, step),
        Err(state) => state.unasked("cleared carts"),
    }
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
    match awaiting(state, &[LastWord::Row]) {
        Ok(ending) => {
            step.act(Action::Drain);
            State::Ending(Ending { awaits: LastWord::Drain, ..ending })
        }
        Err(state) => state.unasked("an end"),
    }
}

/// Nothing is written any more.
pub fn drained(state: State, step: &mut Step<'_>) -> State {
    match awaiting(state, &[LastWord::Drain]) {
        Ok(Ending { how, asked, .. }) => {
            step.at_last(Action::End(how.row()));
            State::Ended(Ended::As(how, asked))
        }
        Err(state) => state.unasked("a drained store"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::run::world::Event::*;
    use crate::coordinator::run::world::World;
    use crate::ports::store::RunState;
    use crate::rate_limiter::gate::Gate;
    use crate::rate_limiter::messages::Refused;

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
            world.do_all(&[Barrier, Recorded, CartsCleared, Saved, StateWritten, Drained]);
            assert_eq!(world.end(), Some(RunState::Completed), "{told:?}");
        }
    }

    fn clears(world: &World) -> bool {
        world.wants(|a| matches!(a, Action::ClearCarts))
    }

    #[test]
    fn carts_are_cleared_first_where_the_shop_may_be_asked_and_else_only_spoken_of() {
        for (state, events, may) in [
            ("resting", &[Quit][..], true),
            ("resting", &[QuitNow], false),
            ("parked", &[Quit], false),
            ("its last cycle", &[Barrier, Recorded], true),
            ("its last cycle, parked", &[Barrier, Recorded], false),
            ("stopping", &[Barrier, Recorded], false),
            ("frozen", &[Quit], false),
            ("reopening", &[Quit, ShopIsBack], true),
            ("reopening", &[QuitNow, ShopIsBack], false),
            ("reopening", &[Quit, ShopIsGone], false),
        ] {
            let mut world = World::in_state(state);
            world.do_all(events);
            assert_eq!(clears(&world), may, "{state}, {events:?}");
            let is_said = world.wants(|a| matches!(a, Action::SayCarts));
            assert_eq!(is_said, !may, "what is left is known after the clears: {state}");
        }
    }

    #[test]
    fn a_quit_that_does_not_wait_and_a_shop_that_goes_away_end_the_clearing_of_carts() {
        for event in [QuitNow, Froze, Tripped, ServiceLost] {
            let mut world = World::in_state("clearing carts");
            world.does(event);
            let refuses = |a: &Action| matches!(a, Action::Gate(Gate::Refusing(Refused::Stopped)));
            assert!(world.wants(refuses), "{event:?}");
            assert!(!world.may(Saved), "what is on its way is waited for");
            world.does(CartsCleared);
            assert!(world.wants(|a| matches!(a, Action::SayCarts)));
            world.do_all(&[Saved, StateWritten, Drained]);
            assert_eq!(world.end(), Some(RunState::Stopped), "{event:?}");
        }
    }

    #[test]
    fn what_does_not_hurry_the_clearing_of_carts_leaves_it_alone() {
        let mut world = World::in_state("clearing carts");
        for event in [Quit, Pause, Resume, Checkpoint] {
            world.does(event);
            assert!(!world.wants(|a| matches!(a, Action::Gate(_))), "{event:?}");
        }
        world.do_all(&[CartsCleared, Saved]);
        assert!(world.said().starts_with("a checkpoint is written"), "{}", world.said());
    }

    #[test]
    fn what_happens_on_the_way_changes_nothing() {
        let mut world = World::in_state("ending");
        world.do_all(&[Froze, Tripped, Pause, Resume, Quit, QuitNow, NotSaved]);
        world.do_all(&[StateWritten, Drained]);
        assert_eq!(world.end(), Some(RunState::Stopped));
    }
}
