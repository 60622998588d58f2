//! Quit, after the cycle or now. The stronger of two counts; what is parked or at rest ends now.

use std::time::Duration;

use crate::coordinator::command::Quit;

use super::action::Ticket;
use super::ending;
use super::state::{
    Closing, Course, Cycling, Ending, Freezing, How, LastWord, Owed, Reopening, Resting, Starting,
    State, Thaw, stronger,
};
use super::step::Step;

/// Flows in flight get this long after a quit that does not wait.
pub const STOP_GRACE: Duration = Duration::from_secs(10);

/// Ends the run.
pub fn quit(state: State, ticket: Ticket, quit: Quit, step: &mut Step<'_>) -> State {
    match state {
        State::Starting(starting) => {
            // There is no cycle to be finished.
            let course = with(starting.course, Quit::Now, step);
            step.done(ticket, NOW);
            State::Starting(Starting { course, ..starting })
        }
        State::Resting(resting) => {
            let asked = match resting {
                Resting::Waits { .. } => quit,
                Resting::Parked => Quit::Now,
            };
            step.done(ticket, NOW);
            let is_planned = step.at.is_planned_end(step.now);
            let how = if is_planned { How::Completed } else { How::Stopped };
            ending::at_the_word_of(asked, how, Owed::default(), step)
        }
        State::Cycling(cycling) => quit_cycle(cycling, ticket, quit, step),
        State::Closing(closing) => {
            let course = with(closing.course, quit, step);
            step.done(ticket, NOW);
            State::Closing(Closing { course, ..closing })
        }
        State::Freezing(freezing) => quit_freeze(freezing, ticket, quit, step),
        State::Frozen(freeze) => {
            step.done(ticket, NOW);
            ending::begin(How::Frozen(freeze), Some(quit), Owed::default(), step)
        }
        State::Reopening(reopening) => {
            step.done(ticket, "the run ends when the shop has been looked at");
            let ends = stronger(reopening.ends, quit);
            State::Reopening(Reopening { ends, ..reopening })
        }
        State::Ending(ending) => State::Ending(quit_end(ending, ticket, quit, step)),
        State::Ended(_) => {
            step.refuse(ticket, "ended", "it has been saved");
            state
        }
    }
}

const NOW: &str = "the run ends now";
const ENDING: &str = "the run is ending";

/// What was parked is no longer: it ends.
fn with(course: Course, quit: Quit, step: &mut Step<'_>) -> Course {
    let after = course.with(quit);
    if course.is_parked() && !after.is_parked() {
        step.at.pacer.resume(step.now);
    }
    after
}

fn quit_cycle(cycling: Cycling, ticket: Ticket, quit: Quit, step: &mut Step<'_>) -> State {
    let course = with(cycling.course, quit, step);
    match (cycling.course, course) {
        (Course::EndsNow, _) => {
            step.done(ticket, ENDING);
            State::Cycling(cycling)
        }
        (_, Course::EndsNow) => {
            step.done(ticket, NOW);
            let cut_at = Some(step.now + STOP_GRACE);
            State::Cycling(Cycling { course, cut_at, ..cycling })
        }
        _ => {
            step.done(ticket, format!("the run ends after cycle {}", step.at.cycle));
            State::Cycling(Cycling { course, ..cycling })
        }
    }
}

/// Carts that are being cleared are what a quit does not wait for.
fn quit_end(ending: Ending, ticket: Ticket, quit: Quit, step: &mut Step<'_>) -> Ending {
    match (ending.awaits, quit) {
        (LastWord::Carts, Quit::Now) => {
            step.done(ticket, NOW);
            ending::hurry(Ending { asked: Some(quit), ..ending })
        }
        (LastWord::Carts, Quit::AfterCycle)
        | (
            LastWord::LastClears | LastWord::Checkpoint | LastWord::Row | LastWord::Drain,
            Quit::AfterCycle | Quit::Now,
        ) => {
            step.done(ticket, ENDING);
            ending
        }
    }
}

fn quit_freeze(freezing: Freezing, ticket: Ticket, quit: Quit, step: &mut Step<'_>) -> State {
    let ends = stronger(freezing.ends, quit);
    let has_flows = freezing.awaits == Thaw::Flows;
    let cut_at = match (freezing.ends, ends) {
        (Some(Quit::Now), _) => {
            step.done(ticket, ENDING);
            freezing.cut_at
        }
        (_, Some(Quit::Now)) => {
            step.done(ticket, NOW);
            has_flows.then(|| step.now + STOP_GRACE)
        }
        _ => {
            step.done(ticket, "the run ends, frozen, when its last flows have ended");
            freezing.cut_at
        }
    };
    State::Freezing(Freezing { ends, cut_at, ..freezing })
}

#[cfg(test)]
mod tests {
    use super::STOP_GRACE;
    use crate::coordinator::run::action::Action;
    use crate::coordinator::run::world::Event::{self, *};
    use crate::coordinator::run::world::World;
    use crate::ports::store::RunState;
    use crate::rate_limiter::gate::Gate;
    use crate::rate_limiter::messages::Refused;

    #[test]
    fn a_quit_that_does_not_wait_refuses_permits_cuts_after_ten_seconds_and_is_not_weakened() {
        let mut world = World::in_state("cycling");
        let begun = world.now;
        world.does(QuitNow);
        let refuses = |a: &Action| matches!(a, Action::Gate(Gate::Refusing(Refused::Stopped)));
        assert!(world.wants(refuses));
        for weaker in [Event::Quit, Pause, Resume] {
            world.does(weaker);
            assert_eq!(world.run.quit(), Some(crate::coordinator::command::Quit::Now));
        }
        world.does(Woke);
        assert_eq!(world.now - begun, STOP_GRACE);
        assert!(world.wants(|a| matches!(a, Action::CutFlows)));
        assert!(!world.may(Woke), "they are cut once");
        world.does(Barrier);
        assert!(world.wants(|a| matches!(a, Action::CloseCycle { broken: true })));
    }

    #[test]
    fn a_quit_of_a_parked_run_cuts_what_is_parked() {
        for state in ["cycling, parked", "its last cycle, parked"] {
            let mut world = World::in_state(state);
            world.does(Event::Quit);
            assert_eq!(world.run.quit(), Some(crate::coordinator::command::Quit::Now), "{state}");
            world.do_all(&[StateWritten, Barrier, Recorded, Saved, StateWritten, Drained]);
            assert_eq!(world.end(), Some(RunState::Stopped));
        }
    }

    #[test]
    fn a_quit_after_the_cycle_lets_it_end_unbroken() {
        let mut world = World::in_state("its last cycle");
        world.does(Barrier);
        assert!(world.wants(|a| matches!(a, Action::CloseCycle { broken: false })));
        world.do_all(&[Recorded, CartsCleared, Saved, StateWritten, Drained]);
        assert_eq!(world.end(), Some(RunState::Stopped));
    }
}
