//! Who waits for an answer that a state owes.

use crate::coordinator::run::action::Ticket;
use crate::coordinator::run::state::{Owed, State};

/// Everybody whose answer lies in the state.
pub fn owed(state: &State) -> Vec<Ticket> {
    let (Owed(owed), resume) = match state {
        State::Starting(s) => (&s.owed, None),
        State::Cycling(c) => (&c.owed, None),
        State::Closing(c) => (&c.owed, None),
        State::Freezing(f) => (&f.owed, None),
        State::Reopening(r) => (&r.owed, Some(r.resume)),
        State::Ending(e) => (&e.owed, None),
        State::Resting(_) | State::Frozen(_) | State::Ended(_) => return Vec::new(),
    };
    owed.iter().copied().chain(resume).collect()
}
