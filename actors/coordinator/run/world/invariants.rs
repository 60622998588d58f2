//! What must hold after any event.

use super::owed::owed;
use super::{Event, Jobs, World};
use crate::coordinator::command::{self, Done, Quit};
use crate::coordinator::run::action::Action;
use crate::coordinator::run::shown;
use crate::coordinator::run::state::{Ended, Resting, State};
use crate::ports::store::RunState;
use crate::rate_limiter::gate::Gate;

/// The quit, whether it was frozen, and whether it was over, before the event.
pub type Before = (Option<Quit>, bool, bool);

/// What is wrong with a world to which this has just happened.
pub fn broken(world: &World, event: Event, before: Before) -> Vec<&'static str> {
    let (quit_before, was_frozen, was_over) = before;
    let (quit, now) = (world.run.quit(), Some(Quit::Now));
    let state = &world.run.state;
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what| {
        if !holds {
            wrong.push(what);
        }
    };
    let is_begun = !matches!(state, State::Ended(Ended::NotBegun));
    must(!is_begun || quit_before != now || quit == now, "quit --now is weakened");
    must(!is_begun || quit_before.is_none() || quit.is_some(), "a quit is forgotten");
    let is_starting = matches!(state, State::Starting(_));
    must(quit != now || world.gate != Gate::Open || is_starting, "open after quit --now");
    must(world.gate == shown::gate(state), "the gate is not as the state has it");
    must(world.alarm == shown::alarm(&world.run), "the alarm is not as the state has it");
    let is_going = !matches!(state, State::Ending(_) | State::Ended(_));
    must(
        !is_going || world.run.at.pacer.is_paused() == shown::stands(state),
        "the clock runs while the run stands, or stands while it runs",
    );
    let is_parked = world.run.shown() == RunState::Paused;
    must(is_parked == (world.gate == Gate::Closed), "parked with an open gate");
    let is_frozen = world.run.frozen().is_some();
    let is_open = matches!(event, Event::ShopIsBack | Event::CannotStart | Event::NotSaved);
    must(!was_frozen || is_frozen || is_open, "a freeze is forgotten");
    let says_frozen = world.jobs.state || is_starting || world.row == Some(RunState::Frozen);
    must(!is_frozen || says_frozen, "a frozen run whose row says something else");
    must(!was_over || world.wanted.iter().all(is_answer), "something is done after the end");
    let owed = owed(state);
    must(owed.len() == world.asked.len(), "an answer is owed by nobody");
    must(owed.iter().all(|ticket| world.asked.contains_key(ticket)), "an answer is owed twice");
    if world.jobs == Jobs::default() && world.alarm.is_none() {
        must(world.asked.is_empty(), "somebody waits for ever");
        let is_stable =
            matches!(state, State::Resting(Resting::Parked) | State::Frozen(_) | State::Ended(_));
        must(is_stable, "nothing follows");
    }
    if let State::Ended(Ended::As(how, _)) = state {
        must(world.is_over && world.saved.as_ref() == Some(&how.saved()), "an end is not saved");
    }
    wrong
}

fn is_answer(action: &Action) -> bool {
    matches!(action, Action::Answer(..))
}

/// Whether a command was told what is so.
pub fn is_true(world: &World, event: Event, done: &Done) -> bool {
    use Event::*;
    let (state, quit) = (world.run.shown(), world.run.quit());
    match event {
        Pause => state == RunState::Paused && world.gate == Gate::Closed,
        Resume if done.message.ends_with("to the end of its cycle") => {
            state == RunState::Running && quit == Some(command::Quit::AfterCycle)
        }
        Resume => state == RunState::Running && quit.is_none() && world.gate == Gate::Open,
        Quit | QuitNow => quit.is_some() || matches!(world.run.state, State::Ending(_)),
        Checkpoint | TimeScale => true,
        Prepared | CannotStart | CameBack | Woke | Barrier | Recorded | NothingAccepted
        | RowLost | Saved | NotSaved | ShopIsBack | ShopIsGone | StateWritten | CartsCleared
        | Drained | Froze | Tripped | ServiceLost => false,
    }
}
