//! What tells two worlds apart, in as little as decides anything.

use super::owed::owed;
use super::{Event, Jobs, World};
use crate::coordinator::command::Quit;
use crate::coordinator::run::rows::Rows;
use crate::coordinator::run::state::{Boundary, Course, Ended, LastWord, Resting, State, Thaw};
use crate::domain::cycle::Cycle;
use crate::domain::snapshot::SavedState;
use crate::ports::store::RunState;

/// What tells two worlds apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    state: (u8, Option<Course>, Option<Step>, u8),
    quit: Option<Quit>,
    cycle: Cycle,
    freeze: Option<(bool, Option<Cycle>)>,
    flags: [bool; 5],
    rows: Rows,
    jobs: Jobs,
    owed: usize,
    asked: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Boundary(Boundary),
    Thaw(Thaw),
    Last(LastWord),
    Parked,
}

/// What tells it apart from others.
pub fn key(world: &World) -> Key {
    let state = &world.run.state;
    let none = |tag| (tag, None, None, 0);
    let at = match state {
        State::Starting(s) => (0, Some(s.course), None, u8::from(s.frozen.is_some())),
        State::Resting(Resting::Waits { .. }) => none(1),
        State::Resting(Resting::Parked) => (1, None, Some(Step::Parked), 0),
        State::Cycling(c) => (2, Some(c.course), None, u8::from(c.cut_at.is_some())),
        State::Closing(c) => {
            (3, Some(c.course), Some(Step::Boundary(c.awaits)), u8::from(c.closed.is_some()))
        }
        State::Freezing(f) => (4, None, Some(Step::Thaw(f.awaits)), {
            u8::from(f.cut_at.is_some()) + 2 * u8::from(f.closed.is_some())
        }),
        State::Frozen(_) => none(5),
        State::Reopening(r) => (6, None, None, u8::from(r.is_refrozen)),
        State::Ending(e) => (7, None, Some(Step::Last(e.awaits)), how(e.how.row())),
        State::Ended(Ended::As(end, _)) => (8, None, None, how(end.row())),
        State::Ended(Ended::NotBegun) => none(9),
    };
    let freeze = match state {
        State::Starting(s) => s.frozen.as_ref(),
        State::Freezing(f) => Some(&f.freeze),
        State::Frozen(freeze) => Some(freeze),
        State::Reopening(r) => Some(&r.freeze),
        State::Resting(_)
        | State::Cycling(_)
        | State::Closing(_)
        | State::Ending(_)
        | State::Ended(_) => None,
    };
    Key {
        state: at,
        quit: world.run.quit(),
        cycle: world.run.at.cycle,
        freeze: freeze.map(|freeze| (freeze.for_good, freeze.broken)),
        flags: [
            world.is_over,
            world.is_closed,
            world.alarm.is_some(),
            world.row == Some(RunState::Frozen),
            matches!(world.saved, Some(SavedState::Frozen { .. })),
        ],
        rows: world.run.rows,
        jobs: world.jobs,
        owed: owed(state).len(),
        asked: world.asked.values().copied().collect(),
    }
}

fn how(end: RunState) -> u8 {
    match end {
        RunState::Completed => 1,
        RunState::Stopped => 2,
        RunState::Frozen => 3,
        RunState::Running | RunState::Paused | RunState::Freezing => 0,
    }
}
