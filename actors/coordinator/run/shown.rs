//! What is seen of a run: functions of its state, compared after each input.

use std::time::Instant;

use crate::circuit_breaker::messages::FreezeReason;
use crate::coordinator::command::Quit;
use crate::ports::store::RunState;
use crate::rate_limiter::gate::Gate;
use crate::rate_limiter::messages::Refused;

use super::Run;
use super::rows::Row;
use super::state::{Course, Ended, How, LastWord, Resting, State, Thaw};

/// The limiter's gate. A start that is told to end asks the shop nothing more; one that has asked
/// all it had to is let to its end.
pub fn gate(state: &State) -> Gate {
    match state {
        State::Starting(starting) if starting.frozen.is_some() => Gate::Refusing(Refused::Frozen),
        State::Starting(starting) if starting.course.is_parked() => Gate::Closed,
        State::Starting(starting) if starting.course.quit() == NOW => {
            Gate::Refusing(Refused::Stopped)
        }
        State::Starting(_) | State::Resting(Resting::Waits { .. }) => Gate::Open,
        State::Resting(Resting::Parked) => Gate::Closed,
        State::Cycling(cycling) => under_way(cycling.course),
        State::Closing(closing) => under_way(closing.course),
        State::Freezing(freezing) => frozen(freezing.ends),
        State::Frozen(_) => frozen(None),
        State::Reopening(reopening) if reopening.is_refrozen || reopening.ends == NOW => {
            frozen(reopening.ends)
        }
        State::Reopening(_) => Gate::Open,
        State::Ending(ending) if ending.awaits == LastWord::Carts => Gate::Open,
        State::Ending(ending) => ended(&ending.how, ending.asked),
        State::Ended(Ended::As(how, asked)) => ended(how, *asked),
        State::Ended(Ended::NotBegun) => Gate::Refusing(Refused::Stopped),
    }
}

const NOW: Option<Quit> = Some(Quit::Now);

fn under_way(course: Course) -> Gate {
    match course {
        Course::GoesOn | Course::LastCycle => Gate::Open,
        Course::Parked | Course::LastCycleParked => Gate::Closed,
        Course::EndsNow => Gate::Refusing(Refused::Stopped),
    }
}

fn frozen(ends: Option<Quit>) -> Gate {
    Gate::Refusing(if ends == NOW { Refused::Stopped } else { Refused::Frozen })
}

fn ended(how: &How, asked: Option<Quit>) -> Gate {
    match how {
        How::Frozen(_) => frozen(asked),
        How::Completed | How::Stopped => Gate::Refusing(Refused::Stopped),
    }
}

/// What `runs.state` should say. A run that froze says so until a look at the shop went well.
pub fn row(state: &State) -> Row {
    match state {
        State::Starting(_) | State::Ended(_) => Row::Leave,
        State::Resting(_) | State::Cycling(_) | State::Closing(_) => Row::Keep(shown(state)),
        State::Freezing(_) | State::Frozen(_) | State::Reopening(_) => Row::Keep(RunState::Frozen),
        State::Ending(ending) => match (ending.awaits, &ending.how) {
            (LastWord::Carts | LastWord::LastClears | LastWord::Checkpoint, How::Frozen(_)) => {
                Row::Keep(RunState::Frozen)
            }
            (
                LastWord::Carts | LastWord::LastClears | LastWord::Checkpoint,
                How::Completed | How::Stopped,
            ) => Row::Leave,
            (LastWord::Row, how) => Row::Close(how.row()),
            (LastWord::Drain, _) => Row::Leave,
        },
    }
}

/// What watchers are told that it does.
pub fn shown(state: &State) -> RunState {
    let of = |course: Course| match course.is_parked() {
        true => RunState::Paused,
        false => RunState::Running,
    };
    match state {
        State::Starting(starting) if starting.frozen.is_some() => RunState::Freezing,
        State::Starting(starting) => of(starting.course),
        State::Resting(Resting::Waits { .. }) => RunState::Running,
        State::Resting(Resting::Parked) => RunState::Paused,
        State::Cycling(cycling) => of(cycling.course),
        State::Closing(closing) => of(closing.course),
        State::Freezing(_) => RunState::Freezing,
        State::Frozen(_) | State::Reopening(_) => RunState::Frozen,
        State::Ending(ending) => match ending.how {
            How::Completed | How::Stopped => RunState::Running,
            How::Frozen(_) => RunState::Frozen,
        },
        State::Ended(Ended::As(how, _)) => how.row(),
        State::Ended(Ended::NotBegun) => RunState::Running,
    }
}

/// The quit that has been asked for.
pub fn quit(state: &State) -> Option<Quit> {
    match state {
        State::Starting(starting) => starting.course.quit(),
        State::Cycling(cycling) => cycling.course.quit(),
        State::Closing(closing) => closing.course.quit(),
        State::Freezing(freezing) => freezing.ends,
        State::Reopening(reopening) => reopening.ends,
        State::Ending(ending) => ending.asked,
        State::Ended(Ended::As(_, asked)) => *asked,
        State::Resting(_) | State::Frozen(_) | State::Ended(Ended::NotBegun) => None,
    }
}

/// Why it is frozen, if it is.
pub fn reason(state: &State) -> Option<&FreezeReason> {
    let freeze = match state {
        State::Starting(starting) => starting.frozen.as_ref()?,
        State::Freezing(freezing) => &freezing.freeze,
        State::Frozen(freeze) => freeze,
        State::Reopening(reopening) => &reopening.freeze,
        State::Ending(ending) => frozen_end(&ending.how)?,
        State::Ended(Ended::As(how, _)) => frozen_end(how)?,
        State::Resting(_)
        | State::Cycling(_)
        | State::Closing(_)
        | State::Ended(Ended::NotBegun) => return None,
    };
    Some(&freeze.reason)
}

fn frozen_end(how: &How) -> Option<&super::state::Freeze> {
    match how {
        How::Frozen(freeze) => Some(freeze),
        How::Completed | How::Stopped => None,
    }
}

/// When the run must hear that time has passed.
pub fn alarm(run: &Run) -> Option<Instant> {
    match &run.state {
        // Where the real time is up before the next tick, the boundary is looked at again then.
        State::Resting(Resting::Waits { due }) => {
            Some(run.at.real_end().map_or(*due, |end| end.min(*due)))
        }
        State::Cycling(cycling) => cycling.cut_at,
        State::Freezing(freezing) => freezing.cut_at,
        State::Starting(_)
        | State::Resting(Resting::Parked)
        | State::Closing(_)
        | State::Frozen(_)
        | State::Reopening(_)
        | State::Ending(_)
        | State::Ended(_) => None,
    }
}

/// Whether real time stands for the run: what passes is no lateness.
pub fn stands(state: &State) -> bool {
    match state {
        State::Starting(starting) => starting.course.is_parked(),
        State::Resting(Resting::Parked) | State::Frozen(_) | State::Reopening(_) => true,
        State::Resting(Resting::Waits { .. }) => false,
        State::Cycling(cycling) => cycling.course.is_parked(),
        State::Closing(closing) => closing.course.is_parked(),
        State::Freezing(freezing) => freezing.awaits == Thaw::Checkpoint,
        // The clock is not looked at again.
        State::Ending(_) | State::Ended(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::run::world::World;

    #[test]
    fn the_gate_the_row_and_the_word_of_each_state() {
        use Gate::{Closed, Open, Refusing};
        let keep = |state| Row::Keep(state);
        for (name, gate_is, row_is, word) in [
            ("starting", Open, Row::Leave, RunState::Running),
            ("resting", Open, keep(RunState::Running), RunState::Running),
            ("parked", Closed, keep(RunState::Paused), RunState::Paused),
            ("cycling", Open, keep(RunState::Running), RunState::Running),
            ("cycling, parked", Closed, keep(RunState::Paused), RunState::Paused),
            ("stopping", Refusing(Refused::Stopped), keep(RunState::Running), RunState::Running),
            ("freezing", Refusing(Refused::Frozen), keep(RunState::Frozen), RunState::Freezing),
            ("frozen", Refusing(Refused::Frozen), keep(RunState::Frozen), RunState::Frozen),
            ("reopening", Open, keep(RunState::Frozen), RunState::Frozen),
            ("clearing carts", Open, Row::Leave, RunState::Running),
            ("ending", Refusing(Refused::Stopped), Row::Leave, RunState::Running),
            ("ended", Refusing(Refused::Stopped), Row::Leave, RunState::Stopped),
        ] {
            let world = World::in_state(name);
            let state = &world.run.state;
            assert_eq!((gate(state), row(state), shown(state)), (gate_is, row_is, word), "{name}");
        }
    }
}
