//! A checkpoint that an operator asks for: at the boundary while running, else at once.

use crate::domain::snapshot::SavedState;

use super::action::{Action, Ticket};
use super::state::{
    Closing, Cycling, Ended, Ending, Freezing, Reopening, Resting, Starting, State,
};
use super::step::Step;

/// Has one written, or notes who waits for the next.
pub fn checkpoint(state: State, ticket: Ticket, step: &mut Step<'_>) -> State {
    match state {
        State::Resting(_) | State::Frozen(_) => {
            step.act(Action::Checkpoint(saved(&state), vec![ticket]));
            state
        }
        State::Cycling(ref cycling) if cycling.course.is_parked() => {
            step.act(Action::Checkpoint(saved(&state), vec![ticket]));
            state
        }
        State::Starting(Starting { owed, course, frozen }) => {
            State::Starting(Starting { owed: owed.and(ticket), course, frozen })
        }
        State::Cycling(Cycling { owed, course, cut_at }) => {
            State::Cycling(Cycling { owed: owed.and(ticket), course, cut_at })
        }
        State::Closing(Closing { owed, course, closed, awaits }) => {
            State::Closing(Closing { owed: owed.and(ticket), course, closed, awaits })
        }
        State::Freezing(freezing) => {
            let owed = freezing.owed.and(ticket);
            State::Freezing(Freezing { owed, ..freezing })
        }
        State::Reopening(reopening) => {
            let owed = reopening.owed.and(ticket);
            State::Reopening(Reopening { owed, ..reopening })
        }
        State::Ending(ending) if ending.awaits.is_before_the_checkpoint() => {
            let owed = ending.owed.and(ticket);
            State::Ending(Ending { owed, ..ending })
        }
        State::Ending(_) => {
            step.refuse(ticket, "ending", "its checkpoint is saved");
            state
        }
        State::Ended(_) => {
            step.refuse(ticket, "ended", "its checkpoint is saved");
            state
        }
    }
}

/// The state as a checkpoint of the last clean boundary keeps it.
pub fn saved(state: &State) -> SavedState {
    match state {
        State::Starting(starting) => match &starting.frozen {
            Some(freeze) => freeze.saved(),
            None => starting.course.saved(),
        },
        State::Resting(Resting::Waits { .. }) => SavedState::Running,
        State::Resting(Resting::Parked) => SavedState::Paused,
        State::Cycling(cycling) => cycling.course.saved(),
        State::Closing(closing) => closing.course.saved(),
        State::Freezing(freezing) => freezing.freeze.saved(),
        State::Frozen(freeze) => freeze.saved(),
        State::Reopening(reopening) => reopening.freeze.saved(),
        State::Ending(ending) => ending.how.saved(),
        State::Ended(Ended::As(how, _)) => how.saved(),
        State::Ended(Ended::NotBegun) => SavedState::Running,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::run::world::Event;
    use crate::coordinator::run::world::World;

    #[test]
    fn while_agents_are_under_way_it_is_the_boundarys_and_else_it_is_written_at_once() {
        for state in ["resting", "parked", "frozen", "cycling, parked"] {
            let mut world = World::in_state(state);
            world.does(Event::Checkpoint);
            assert!(world.wants(|a| matches!(a, Action::Checkpoint(..))), "{state}");
        }
        for (state, events) in [
            ("cycling", &[Event::Barrier, Event::Recorded, Event::Saved][..]),
            ("closing", &[Event::Recorded, Event::Saved]),
            ("freezing", &[Event::Barrier, Event::Recorded, Event::Saved]),
            ("ending", &[Event::Saved]),
        ] {
            let mut world = World::in_state(state);
            world.does(Event::Checkpoint).do_all(events);
            assert!(world.said().starts_with("a checkpoint is written"), "{state}");
        }
    }

    #[test]
    fn one_that_cannot_be_written_is_said_to_whoever_waits() {
        let mut world = World::in_state("cycling");
        world.do_all(&[Event::Checkpoint, Event::Barrier, Event::Recorded, Event::NotSaved]);
        assert!(world.said().starts_with("refused: "), "{}", world.said());
    }
}
