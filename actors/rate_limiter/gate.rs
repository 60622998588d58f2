//! Whether permits are given at all. Refusing outranks closed: a pause must not reopen the way to a
//! shop for a frozen run, only [`Gate::open`] does.

use super::messages::Refused;

/// The state of the limiter's gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    /// Permits are given as the rate allows.
    #[default]
    Open,
    /// Waiters stay queued, none is given (pause).
    Closed,
    /// Waiters and later callers are told why there will be none (freeze, stop).
    Refusing(Refused),
}

impl Gate {
    /// Opens, whatever it was.
    pub fn open(&mut self) {
        *self = Self::Open;
    }

    /// Closes an open gate; one that refuses goes on refusing.
    pub fn close(&mut self) {
        match self {
            Self::Open | Self::Closed => *self = Self::Closed,
            Self::Refusing(_) => {}
        }
    }

    /// Refuses from here on; the last reason given counts.
    pub fn refuse(&mut self, why: Refused) {
        *self = Self::Refusing(why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_does_not_undo_a_refusal_and_opening_does() {
        let mut gate = Gate::default();
        gate.close();
        assert_eq!(gate, Gate::Closed);
        gate.refuse(Refused::Frozen);
        gate.close();
        assert_eq!(gate, Gate::Refusing(Refused::Frozen));
        gate.open();
        assert_eq!(gate, Gate::Open);
    }
}
