//! From a boundary to the next barrier.

use std::time::Instant;

use super::action::Action;
use super::ending;
use super::state::{Boundary, Closing, Course, Cycling, Freezing, How, Owed, Resting, State, Thaw};
use super::step::Step;

/// What follows a boundary at which nothing is owed.
pub fn follow(course: Course, step: &mut Step<'_>) -> State {
    let is_planned = step.at.is_planned_end(step.now);
    match course {
        Course::LastCycle | Course::LastCycleParked | Course::EndsNow => {
            let how = if is_planned { How::Completed } else { How::Stopped };
            end(how, course, step)
        }
        Course::GoesOn | Course::Parked if is_planned => end(How::Completed, course, step),
        Course::Parked => State::Resting(Resting::Parked),
        Course::GoesOn => wait(step),
    }
}

/// What is parked, or ends now, asks the shop for nothing more.
fn end(how: How, course: Course, step: &mut Step<'_>) -> State {
    match course {
        Course::GoesOn | Course::LastCycle => {
            ending::clear_carts(how, course.quit(), Owed::default(), step)
        }
        Course::Parked | Course::LastCycleParked | Course::EndsNow => {
            ending::begin(how, course.quit(), Owed::default(), step)
        }
    }
}

/// Waits for the next tick, which may be due.
pub fn wait(step: &mut Step<'_>) -> State {
    let due = step.at.pacer.next_due(step.now);
    if due > step.now { State::Resting(Resting::Waits { due }) } else { tick(due, step) }
}

fn tick(due: Instant, step: &mut Step<'_>) -> State {
    let lateness = step.at.pacer.tick(due, step.now);
    step.at_last(Action::Tick { lateness });
    let (course, owed) = (Course::GoesOn, Owed::default());
    State::Cycling(Cycling { course, owed, cut_at: None })
}

/// The alarm went off: a tick is due, or the time of those who were to stop is over.
pub fn woke(state: State, step: &mut Step<'_>) -> State {
    match state {
        State::Resting(Resting::Waits { due }) if due <= step.now => tick(due, step),
        // The real time is up, or the alarm was early.
        State::Resting(Resting::Waits { .. }) => follow(Course::GoesOn, step),
        State::Cycling(cycling) if cycling.cut_at.is_some_and(|at| at <= step.now) => {
            step.act(Action::CutFlows);
            State::Cycling(Cycling { cut_at: None, ..cycling })
        }
        State::Freezing(freezing) if freezing.cut_at.is_some_and(|at| at <= step.now) => {
            step.act(Action::CutFlows);
            State::Freezing(Freezing { cut_at: None, ..freezing })
        }
        State::Cycling(_)
        | State::Freezing(_)
        | State::Starting(_)
        | State::Resting(Resting::Parked)
        | State::Closing(_)
        | State::Frozen(_)
        | State::Reopening(_)
        | State::Ending(_)
        | State::Ended(_) => state,
    }
}

/// Everybody is through: the attempt becomes a row.
pub fn barrier(state: State, step: &mut Step<'_>) -> State {
    let cycle = step.at.cycle;
    match state {
        State::Cycling(Cycling { course, owed, .. }) => {
            step.act(Action::CloseCycle { broken: course == Course::EndsNow });
            let awaits = Boundary::Row;
            State::Closing(Closing { course, owed, closed: Some(cycle), awaits })
        }
        State::Freezing(freezing) if freezing.awaits == Thaw::Flows => {
            step.act(Action::CloseCycle { broken: true });
            let (cut_at, awaits, closed) = (None, Thaw::Row, Some(cycle));
            State::Freezing(Freezing { cut_at, awaits, closed, ..freezing })
        }
        State::Freezing(_)
        | State::Starting(_)
        | State::Resting(_)
        | State::Closing(_)
        | State::Frozen(_)
        | State::Reopening(_)
        | State::Ending(_)
        | State::Ended(_) => state.unasked("a barrier"),
    }
}
