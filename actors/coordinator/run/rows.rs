//! The one writer of `runs.state`: one write at a time, so in order; the end last, once.

use crate::ports::store::RunState;

/// What the run's row should say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Whatever it says.
    Leave,
    /// This.
    Keep(RunState),
    /// This, and nothing after it.
    Close(RunState),
}

/// What has been written, and whether a write is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rows {
    says: Option<RunState>,
    is_writing: bool,
    is_closed: bool,
}

impl Rows {
    /// What is to be written now; what changes while a write is under way waits for its end.
    pub fn next(&mut self, row: Row) -> Option<RunState> {
        if self.is_writing || self.is_closed {
            return None;
        }
        let state = match row {
            Row::Leave => return None,
            Row::Keep(state) if self.says == Some(state) => return None,
            Row::Keep(state) => state,
            Row::Close(state) => {
                self.is_closed = true;
                state
            }
        };
        self.says = Some(state);
        self.is_writing = true;
        Some(state)
    }

    /// A write has ended; answers whether it was the last.
    pub fn written(&mut self) -> bool {
        self.is_writing = false;
        self.is_closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_waits_for_the_write_before_it_and_the_end_is_written_once() {
        let mut rows = Rows::default();
        assert_eq!(rows.next(Row::Leave), None);
        assert_eq!(rows.next(Row::Keep(RunState::Running)), Some(RunState::Running));
        assert_eq!(rows.next(Row::Keep(RunState::Paused)), None, "one at a time");
        assert!(!rows.written());
        assert_eq!(rows.next(Row::Keep(RunState::Running)), None, "it says so already");
        assert_eq!(rows.next(Row::Close(RunState::Running)), Some(RunState::Running));
        assert!(rows.written());
        assert_eq!(rows.next(Row::Close(RunState::Stopped)), None);
        assert_eq!(rows.next(Row::Keep(RunState::Paused)), None);
    }
}
