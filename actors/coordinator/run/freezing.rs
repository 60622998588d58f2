//! A freeze: what it breaks, what it waits for, and how it comes to rest.

use std::path::PathBuf;

use serde_json::json;

use crate::circuit_breaker::messages::FreezeReason;
use crate::coordinator::agenda::Moment;
use crate::coordinator::command::Quit;
use crate::coordinator::messages::Service;
use crate::domain::cycle::Cycle;
use crate::domain::incident::IncidentKind;
use crate::ports::checkpoint_file::CheckpointError;

use super::action::Action;
use super::ending;
use super::shown;
use super::state::{
    Boundary, Closing, Freeze, Freezing, How, Owed, Reopening, Resting, Starting, State, Thaw,
};
use super::step::Step;

/// The breaker has frozen the run. A run that is told to end now is not: what fails while it ends,
/// and what the shop was being asked, decide nothing any more.
pub fn froze(state: State, reason: &FreezeReason, step: &mut Step<'_>) -> State {
    let ends_now = shown::quit(&state) == Some(Quit::Now);
    // What is being opened was frozen before, and stays so unless the shop is back.
    let is_reopening = matches!(state, State::Reopening(_));
    if ends_now && !is_reopening { state } else { freeze(state, reason, step) }
}

/// Freezes. A pause ends with it: one resume opens what is frozen.
fn freeze(state: State, reason: &FreezeReason, step: &mut Step<'_>) -> State {
    let freeze =
        Freeze { reason: reason.clone(), broken: None, from: step.at.cycle, for_good: false };
    match state {
        State::Starting(Starting { course, owed, frozen: None }) => {
            tell(reason, step);
            State::Starting(Starting { course, owed, frozen: Some(freeze) })
        }
        State::Resting(Resting::Waits { .. } | Resting::Parked) => {
            tell(reason, step);
            settle(newly(freeze, None, Owed::default(), Thaw::Row), step)
        }
        State::Cycling(cycling) => {
            tell(reason, step);
            step.at.pacer.resume(step.now);
            let (ends, cut_at) = (cycling.course.quit(), cycling.cut_at);
            let freezing = newly(freeze, ends, cycling.owed, Thaw::Flows);
            State::Freezing(Freezing { cut_at, ..freezing })
        }
        State::Closing(Closing { course, owed, closed, awaits }) => {
            tell(reason, step);
            step.at.pacer.resume(step.now);
            let freezing =
                |awaits| Freezing { closed, ..newly(freeze, course.quit(), owed, awaits) };
            match awaits {
                Boundary::Row => State::Freezing(freezing(Thaw::Row)),
                Boundary::Checkpoint => State::Freezing(freezing(Thaw::Boundary)),
                Boundary::Agenda => settle(freezing(Thaw::Row), step),
            }
        }
        State::Reopening(reopening) => {
            State::Reopening(Reopening { is_refrozen: true, ..reopening })
        }
        // It ends as it ends, without asking the shop for more.
        State::Ending(ending) => State::Ending(ending::hurry(ending)),
        // It is frozen already.
        State::Starting(_) | State::Freezing(_) | State::Frozen(_) | State::Ended(_) => state,
    }
}

/// Frozen from inside; the breaker stays the one that knows.
pub fn tripped(state: State, reason: &FreezeReason, step: &mut Step<'_>) -> State {
    if !matches!(state, State::Ending(_) | State::Ended(_)) {
        step.act(Action::Trip(reason.clone()));
    }
    freeze(state, reason, step)
}

/// A service died and was not rebuilt: nobody opens this run again in this process.
pub fn lost(state: State, service: Service, step: &mut Step<'_>) -> State {
    let reason = FreezeReason::ServiceDied { service: service.to_string() };
    let mut state = tripped(state, &reason, step);
    match &mut state {
        State::Starting(Starting { frozen: Some(freeze), .. })
        | State::Freezing(Freezing { freeze, .. })
        | State::Frozen(freeze)
        | State::Reopening(Reopening { freeze, .. }) => freeze.for_good = true,
        State::Starting(_)
        | State::Resting(_)
        | State::Cycling(_)
        | State::Closing(_)
        | State::Ending(_)
        | State::Ended(_) => {}
    }
    state
}

fn newly(freeze: Freeze, ends: Option<Quit>, owed: Owed, awaits: Thaw) -> Freezing {
    Freezing { freeze, ends, owed, cut_at: None, closed: None, awaits }
}

fn tell(reason: &FreezeReason, step: &mut Step<'_>) {
    let detail = serde_json::to_value(reason).unwrap_or(json!({}));
    step.act(Action::Incident(IncidentKind::Freeze, format!("frozen: {reason}"), detail));
    step.act(Action::ShowFailures(reason.clone()));
    step.publish();
}

/// Nobody is outstanding and no row is: the freeze is written down, or ends the run.
pub fn settle(freezing: Freezing, step: &mut Step<'_>) -> State {
    let Freezing { freeze, ends, owed, closed, .. } = freezing;
    if ends.is_some() {
        return at_rest(freeze, ends, owed, closed, step);
    }
    step.at.pacer.pause(step.now);
    step.act(Action::Save(freeze.saved()));
    let awaits = Thaw::Checkpoint;
    State::Freezing(Freezing { freeze, ends, owed, cut_at: None, closed, awaits })
}

/// A checkpoint is written: one from before the freeze, after which the freeze's own follows, or
/// that one, after which the run is at rest.
pub fn saved(
    freezing: Freezing,
    saved: &Result<PathBuf, CheckpointError>,
    step: &mut Step<'_>,
) -> State {
    match freezing.awaits {
        Thaw::Boundary => settle(freezing, step),
        Thaw::Checkpoint => {
            let Freezing { freeze, ends, owed, closed, .. } = freezing;
            owed.settle(saved, step);
            at_rest(freeze, ends, Owed::default(), closed, step)
        }
        Thaw::Flows | Thaw::Row => State::Freezing(freezing).unasked("a checkpoint"),
    }
}

/// The freeze is at rest: it waits for an operator, or it is how the run ends.
pub fn at_rest(
    freeze: Freeze,
    ends: Option<Quit>,
    owed: Owed,
    closed: Option<Cycle>,
    step: &mut Step<'_>,
) -> State {
    if let Some(cycle) = closed {
        step.at_last(Action::Follow(Moment::End(cycle)));
    }
    if ends.is_some() {
        return ending::begin(How::Frozen(freeze), ends, owed, step);
    }
    owed.write_at_once(freeze.saved(), step);
    State::Frozen(freeze)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::run::world::Event::*;
    use crate::coordinator::run::world::World;
    use crate::ports::store::RunState;

    #[test]
    fn a_freeze_breaks_the_cycle_under_way_and_no_cycle_at_rest() {
        let mut world = World::in_state("freezing");
        world.does(Barrier);
        assert!(world.wants(|a| matches!(a, Action::CloseCycle { broken: true })));
        world.do_all(&[Recorded, Saved]);
        let State::Frozen(freeze) = &world.run.state else { panic!("{:?}", world.run) };
        assert_eq!((freeze.broken, freeze.from), (Some(Cycle(1)), Cycle(1)));
        for state in ["resting", "parked"] {
            let mut world = World::in_state(state);
            world.do_all(&[Froze, StateWritten, Saved]);
            let State::Frozen(freeze) = &world.run.state else { panic!("{:?}", world.run) };
            assert_eq!((freeze.broken, freeze.from), (None, Cycle(1)), "{state}");
        }
    }

    #[test]
    fn a_freeze_after_the_barrier_waits_for_what_is_being_written_and_the_cycle_counts() {
        let mut world = World::in_state("closing");
        world.do_all(&[Froze, Recorded, Saved]);
        let State::Frozen(freeze) = &world.run.state else { panic!("{:?}", world.run) };
        assert_eq!((freeze.broken, freeze.from), (None, Cycle(2)));
    }

    #[test]
    fn a_cycle_whose_row_is_lost_is_lived_again() {
        let mut world = World::in_state("closing");
        world.does(RowLost);
        assert!(world.wants(|a| matches!(a, Action::Trip(_))));
        world.do_all(&[StateWritten, Saved]);
        let State::Frozen(freeze) = &world.run.state else { panic!("{:?}", world.run) };
        assert_eq!(freeze.from, Cycle(1));
    }

    #[test]
    fn a_freeze_ends_a_pause_and_one_resume_opens_the_run() {
        let mut world = World::in_state("cycling, parked");
        world.do_all(&[Froze, StateWritten, Barrier, Recorded, Saved, Resume, ShopIsBack]);
        assert!(world.said().starts_with("the frozen run goes on"), "{}", world.said());
        assert_eq!(world.run.shown(), RunState::Running);
    }

    #[test]
    fn a_run_that_is_told_to_end_now_ends_as_told_whatever_fails_meanwhile() {
        let mut world = World::in_state("stopping");
        world.do_all(&[Froze, Barrier, Recorded, Froze, Saved, StateWritten, Drained]);
        assert_eq!(world.end(), Some(RunState::Stopped));
    }

    #[test]
    fn a_run_that_is_to_end_and_freezes_ends_frozen_and_its_row_says_nothing_else() {
        for state in ["its last cycle", "its last cycle, parked"] {
            let mut world = World::in_state(state);
            world.do_all(&[Froze, StateWritten, Barrier, Recorded, Saved, StateWritten, Drained]);
            assert_eq!(world.end(), Some(RunState::Frozen), "{state}");
        }
    }
}
