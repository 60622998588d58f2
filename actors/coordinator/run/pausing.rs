//! Pause, and the resume of what is paused: calls in flight end, waiting permits stay queued.

use super::action::Ticket;
use super::cycling;
use super::reopening;
use super::state::{Closing, Course, Cycling, Resting, Starting, State};
use super::step::Step;

/// Parks.
pub fn pause(state: State, ticket: Ticket, step: &mut Step<'_>) -> State {
    match state {
        State::Starting(Starting { frozen: Some(_), .. }) => {
            refuse_frozen(ticket, step);
            state
        }
        State::Starting(starting) => {
            let course = park(starting.course, ticket, step);
            State::Starting(Starting { course, ..starting })
        }
        State::Resting(Resting::Waits { .. }) => {
            park(Course::GoesOn, ticket, step);
            State::Resting(Resting::Parked)
        }
        State::Resting(Resting::Parked) => {
            park(Course::Parked, ticket, step);
            state
        }
        State::Cycling(cycling) => {
            let course = park(cycling.course, ticket, step);
            State::Cycling(Cycling { course, ..cycling })
        }
        State::Closing(closing) => {
            let course = park(closing.course, ticket, step);
            State::Closing(Closing { course, ..closing })
        }
        State::Freezing(_) | State::Frozen(_) => {
            refuse_frozen(ticket, step);
            state
        }
        State::Reopening(_) => {
            step.refuse(ticket, "being opened", "pause it once its resume has been answered");
            state
        }
        State::Ending(_) => refuse_ending(state, ticket, step),
        State::Ended(_) => {
            step.refuse(ticket, "ended", "start or resume a run");
            state
        }
    }
}

fn park(course: Course, ticket: Ticket, step: &mut Step<'_>) -> Course {
    let parked = match course {
        Course::GoesOn => Course::Parked,
        Course::LastCycle => Course::LastCycleParked,
        Course::Parked | Course::LastCycleParked => {
            step.refuse(ticket, "paused", "resume continues it");
            return course;
        }
        Course::EndsNow => {
            step.refuse(ticket, "ending", ENDING);
            return course;
        }
    };
    step.at.pacer.pause(step.now);
    step.done(ticket, "the run is paused");
    parked
}

const ENDING: &str = "its flows are being stopped; `cartload resume` goes on with it afterwards";

fn refuse_frozen(ticket: Ticket, step: &mut Step<'_>) {
    step.refuse(ticket, "frozen", "it sends nothing; resume opens it");
}

fn refuse_ending(state: State, ticket: Ticket, step: &mut Step<'_>) -> State {
    step.refuse(ticket, "ending", "`cartload resume` goes on with it afterwards");
    state
}

/// Continues a paused run in the same cycle, or opens a frozen one.
pub fn resume(state: State, ticket: Ticket, step: &mut Step<'_>) -> State {
    match state {
        State::Starting(Starting { frozen: Some(_), .. }) => {
            step.refuse(ticket, "freezing", "it has not begun; try again in a few seconds");
            state
        }
        State::Starting(starting) => {
            let course = unpark(starting.course, ticket, step);
            State::Starting(Starting { course, ..starting })
        }
        State::Resting(Resting::Waits { .. }) => {
            unpark(Course::GoesOn, ticket, step);
            state
        }
        State::Resting(Resting::Parked) => {
            unpark(Course::Parked, ticket, step);
            cycling::wait(step)
        }
        State::Cycling(cycling) => {
            let course = unpark(cycling.course, ticket, step);
            State::Cycling(Cycling { course, ..cycling })
        }
        State::Closing(closing) => {
            let course = unpark(closing.course, ticket, step);
            State::Closing(Closing { course, ..closing })
        }
        State::Freezing(freezing) => {
            match (freezing.freeze.for_good, freezing.ends) {
                (true, _) => reopening::refuse_for_good(ticket, step),
                (false, None) => {
                    let hint = "its last flows are ending; try again in a few seconds";
                    step.refuse(ticket, "freezing", hint);
                }
                (false, Some(_)) => {
                    let hint = "`cartload resume --unfreeze` goes on with it afterwards";
                    step.refuse(ticket, "ending", hint);
                }
            }
            State::Freezing(freezing)
        }
        State::Frozen(freeze) => reopening::reopen(freeze, ticket, step),
        State::Reopening(_) => {
            step.refuse(ticket, "being opened", "its first resume is answered in a few seconds");
            state
        }
        State::Ending(_) => refuse_ending(state, ticket, step),
        State::Ended(_) => {
            step.refuse(ticket, "ended", "start or resume a run");
            state
        }
    }
}

fn unpark(course: Course, ticket: Ticket, step: &mut Step<'_>) -> Course {
    match course {
        Course::Parked => {
            step.at.pacer.resume(step.now);
            step.done(ticket, "the paused run goes on");
            Course::GoesOn
        }
        Course::LastCycleParked => {
            step.at.pacer.resume(step.now);
            step.done(ticket, "the paused run goes on to the end of its cycle");
            Course::LastCycle
        }
        Course::GoesOn | Course::LastCycle => {
            step.refuse(ticket, "running", "there is nothing to resume");
            course
        }
        Course::EndsNow => {
            step.refuse(ticket, "ending", ENDING);
            course
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::action::Action;
    use crate::coordinator::run::world::Event::{self, *};
    use crate::coordinator::run::world::World;
    use crate::ports::store::RunState;
    use crate::rate_limiter::gate::Gate;

    #[test]
    fn a_pause_closes_the_gate_and_is_shown_and_a_resume_undoes_it() {
        for state in ["starting", "resting", "cycling", "its last cycle", "closing"] {
            let mut world = World::in_state(state);
            world.does(Pause);
            assert_eq!(world.run.shown(), RunState::Paused, "{state}");
            assert!(world.wants(|a| matches!(a, Action::Gate(Gate::Closed))), "{state}");
            world.does(Resume);
            assert_eq!(world.run.shown(), RunState::Running, "{state}");
            assert!(world.wants(|a| matches!(a, Action::Gate(Gate::Open))), "{state}");
        }
    }

    #[test]
    fn a_parked_run_that_has_come_to_a_boundary_stays_there() {
        let mut world = World::in_state("cycling, parked");
        world.do_all(&[Barrier, Recorded, Saved]);
        assert!(!world.may(Woke), "no tick is waited for");
        world.do_all(&[Resume, Woke]);
        assert!(world.wants(|a| matches!(a, Action::Tick { .. })));
    }

    #[test]
    fn a_quit_asked_for_before_a_pause_ends_the_run_after_the_resumed_cycle() {
        let mut world = World::in_state("its last cycle, parked");
        let rest: [Event; 8] =
            [Resume, StateWritten, Barrier, Recorded, CartsCleared, Saved, StateWritten, Drained];
        world.do_all(&rest);
        assert_eq!(world.end(), Some(RunState::Stopped));
    }
}
