//! An operator opens a frozen run: every HTTP session is checked, then its broken cycle is repeated
//! as replay. Nothing else opens one.

use crate::coordinator::command::CommandRefused;
use crate::domain::incident::IncidentKind;
use crate::domain::snapshot::SavedState;

use super::action::{Action, Ticket};
use super::ending;
use super::input::Reopened;
use super::state::{Boundary, Closing, Course, Freeze, How, Owed, Reopening, State};
use super::step::Step;

/// Has the shop looked at; the answer comes with what was seen.
pub fn reopen(freeze: Freeze, resume: Ticket, step: &mut Step<'_>) -> State {
    if freeze.for_good {
        refuse_for_good(resume, step);
        return State::Frozen(freeze);
    }
    step.act(Action::Reset);
    step.act(Action::Look(freeze.from));
    let (is_refrozen, ends, owed) = (false, None, Owed::default());
    State::Reopening(Reopening { freeze, resume, is_refrozen, ends, owed })
}

/// Why an operator cannot open this run in this process.
pub fn refuse_for_good(resume: Ticket, step: &mut Step<'_>) {
    let hint = "a part of it died; end it, then `cartload resume --unfreeze`";
    step.refuse(resume, "frozen for good", hint);
}

/// The shop has been looked at.
pub fn looked(state: State, looked: Result<Box<Reopened>, String>, step: &mut Step<'_>) -> State {
    let State::Reopening(reopening) = state else { return state.unasked("a look at the shop") };
    match looked {
        _ if reopening.freeze.for_good => frozen_again(reopening, None, step),
        // A look that fails then fails for want of permits: the freeze is the cause.
        _ if reopening.is_refrozen => {
            frozen_again(reopening, Some("the shop failed its probe again".to_owned()), step)
        }
        Ok(reopened) => open(reopening, reopened, step),
        Err(cause) => frozen_again(reopening, Some(cause), step),
    }
}

fn open(reopening: Reopening, reopened: Box<Reopened>, step: &mut Step<'_>) -> State {
    let Reopening { freeze, resume, ends, owed, .. } = reopening;
    step.at.cycle = freeze.from;
    step.at.pacer.resume(step.now);
    if freeze.broken.is_some() {
        step.at.pacer.repeat_tick();
    }
    step.begin_attempt(reopened.replay);
    let orders = reopened.orders.says();
    if let Some(says) = &orders {
        let detail = reopened.orders.detail();
        step.act(Action::Incident(IncidentKind::OrderFound, says.clone(), detail));
    }
    step.act(Action::Rebuild(reopened));
    step.act(Action::ForgetFailures);
    if let Some(asked) = ends {
        let hint = "it was told to end meanwhile; `cartload resume` goes on with it";
        step.refuse(resume, "ending", hint);
        return ending::at_the_word_of(asked, How::Stopped, owed, step);
    }
    let orders = orders.map(|says| format!("; {says}")).unwrap_or_default();
    let goes_on = format!("the frozen run goes on; it was frozen: {}{orders}", freeze.reason);
    step.done(resume, goes_on);
    // Else a crash before the next regular checkpoint would bring the run back frozen.
    step.act(Action::Save(SavedState::Running));
    let (course, closed, awaits) = (Course::GoesOn, None, Boundary::Checkpoint);
    State::Closing(Closing { course, owed, closed, awaits })
}

/// The shop is not back: the gate closes again, the run stays frozen.
fn frozen_again(reopening: Reopening, cause: Option<String>, step: &mut Step<'_>) -> State {
    let Reopening { freeze, resume, ends, owed, .. } = reopening;
    step.act(Action::Trip(freeze.reason.clone()));
    if ends.is_some() {
        step.refuse(resume, "ending", "`cartload resume --unfreeze` goes on with it afterwards");
        return ending::begin(How::Frozen(freeze), ends, owed, step);
    }
    match cause {
        Some(cause) => step.answer(resume, Err(CommandRefused::Shop(cause))),
        None => refuse_for_good(resume, step),
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

    fn reopening() -> World {
        World::in_state("reopening")
    }

    #[test]
    fn a_shop_that_is_back_repeats_the_broken_cycle_with_every_agent_built_anew() {
        let mut world = reopening();
        world.does(ShopIsBack);
        assert!(world.wants(|a| matches!(a, Action::Rebuild(_))));
        assert_eq!(world.run.shown(), RunState::Running);
        world.does(Saved);
        assert!(world.wants(|a| matches!(a, Action::Tick { .. })), "it is due at once");
        assert_eq!(world.run.at().cycle.0, 1);
    }

    #[test]
    fn a_shop_that_is_away_or_fails_again_leaves_the_run_frozen_and_says_why() {
        for (events, why) in [
            (&[ShopIsGone][..], "nobody answers; the run stays frozen"),
            (&[Froze, ShopIsBack], "the shop failed its probe again; the run stays frozen"),
            (&[Froze, ShopIsGone], "the shop failed its probe again; the run stays frozen"),
            (&[ServiceLost, ShopIsBack], "the run is frozen for good"),
            (&[ServiceLost, ShopIsGone], "the run is frozen for good"),
        ] {
            let mut world = reopening();
            world.do_all(events);
            assert!(world.said().starts_with(&format!("refused: {why}")), "{}", world.said());
            assert_eq!(world.run.shown(), RunState::Frozen);
            assert!(world.wants(|a| matches!(a, Action::Trip(_))), "the breaker was reset");
        }
    }

    #[test]
    fn a_checkpoint_asked_for_meanwhile_is_answered_either_way() {
        let mut world = reopening();
        world.do_all(&[Checkpoint, ShopIsGone]);
        assert!(world.wants(|a| matches!(a, Action::Checkpoint(..))));
        let mut world = reopening();
        world.do_all(&[Checkpoint, ShopIsBack, Saved]);
        assert!(world.said().starts_with("a checkpoint is written"), "{}", world.said());
    }

    #[test]
    fn a_quit_meanwhile_ends_it_as_the_shop_is_found() {
        for (look, end) in [
            (&[ShopIsBack, CartsCleared][..], RunState::Stopped),
            (&[ShopIsGone], RunState::Frozen),
        ] {
            let mut world = reopening();
            world.does(Quit).do_all(look);
            assert!(world.said().starts_with("refused: the run is ending"), "{}", world.said());
            world.do_all(&[Saved, StateWritten, Drained]);
            assert_eq!(world.end(), Some(end));
        }
    }
}
