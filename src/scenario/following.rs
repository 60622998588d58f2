//! Following a step's expectations from picture to picture until they are decided. Pure: pictures
//! and times are given.

use std::time::{Duration, Instant};

use actors::coordinator::status::RunStatus;

use super::expectation::{Expectation, Seen};
use super::step::{Span, Watch};

/// The expectations of one step, not decided yet.
#[derive(Clone, Debug)]
pub struct Following {
    expect: Vec<Expectation>,
    watch: Watch,
    /// Cycles closed when the step began, broken ones included.
    closed: u32,
    /// Requests sent when the step began.
    sent: u64,
    began: Instant,
}

impl Following {
    /// From this picture on.
    pub fn new(expect: Vec<Expectation>, watch: Watch, first: &RunStatus, now: Instant) -> Self {
        Self { expect, watch, closed: closed(first), sent: first.traffic.requests_sent, began: now }
    }

    /// What was seen of each expectation, once that is decided.
    pub fn look(&self, picture: &RunStatus, now: Instant) -> Option<Vec<Seen>> {
        let seen = self.seen(picture);
        let is_decided = match self.watch {
            Watch::AtOnce => true,
            Watch::Within(span) => self.is_over(span, picture, now) || seen.iter().all(holds),
            Watch::Hold(span) => self.is_over(span, picture, now) || !seen.iter().all(holds),
        };
        is_decided.then_some(seen)
    }

    /// What was seen when nothing follows this picture; `None` where it should have held longer.
    pub fn give_up(&self, picture: &RunStatus) -> Option<Vec<Seen>> {
        match self.watch {
            Watch::AtOnce | Watch::Within(_) => Some(self.seen(picture)),
            Watch::Hold(_) => None,
        }
    }

    /// When to look again even if the picture does not change.
    pub fn deadline(&self) -> Option<Instant> {
        match self.watch {
            Watch::Within(Span::Seconds(n)) | Watch::Hold(Span::Seconds(n)) => {
                Some(self.began + seconds(n))
            }
            Watch::AtOnce | Watch::Within(Span::Cycles(_)) | Watch::Hold(Span::Cycles(_)) => None,
        }
    }

    fn seen(&self, picture: &RunStatus) -> Vec<Seen> {
        self.expect.iter().map(|expectation| expectation.look(picture, self.sent)).collect()
    }

    fn is_over(&self, span: Span, picture: &RunStatus, now: Instant) -> bool {
        match span {
            Span::Cycles(n) => closed(picture).saturating_sub(self.closed) >= n,
            Span::Seconds(n) => now >= self.began + seconds(n),
        }
    }
}

fn holds(seen: &Seen) -> bool {
    seen.holds
}

fn seconds(n: u32) -> Duration {
    Duration::from_secs(n.into())
}

fn closed(picture: &RunStatus) -> u32 {
    picture.totals.cycles_completed + picture.totals.broken_cycles
}

#[cfg(test)]
mod tests {
    use actors::ports::store::RunState;

    use super::*;
    use crate::dashboard::sample;

    fn picture(state: RunState, cycles: u32) -> RunStatus {
        let mut status = sample::running();
        (status.state, status.totals.cycles_completed) = (state, cycles);
        status
    }

    fn following(watch: Watch, now: Instant) -> Following {
        let expect = vec![Expectation::State(RunState::Frozen)];
        Following::new(expect, watch, &picture(RunState::Running, 5), now)
    }

    fn held(seen: Option<Vec<Seen>>) -> Option<bool> {
        seen.map(|seen| seen.iter().all(holds))
    }

    #[test]
    fn at_once_is_decided_by_the_first_picture() {
        let now = Instant::now();
        let at_once = following(Watch::AtOnce, now);
        assert_eq!(held(at_once.look(&picture(RunState::Running, 5), now)), Some(false));
        assert_eq!(held(at_once.look(&picture(RunState::Frozen, 5), now)), Some(true));
    }

    #[test]
    fn within_so_many_cycles_the_last_of_them_still_counts() {
        let now = Instant::now();
        let within = following(Watch::Within(Span::Cycles(2)), now);
        assert_eq!(held(within.look(&picture(RunState::Running, 6), now)), None);
        assert_eq!(held(within.look(&picture(RunState::Frozen, 7), now)), Some(true));
        assert_eq!(held(within.look(&picture(RunState::Running, 7), now)), Some(false));
    }

    #[test]
    fn what_must_hold_is_lost_by_one_picture_and_won_at_the_end() {
        let now = Instant::now();
        let hold = following(Watch::Hold(Span::Seconds(3)), now);
        let second = Duration::from_secs(1);
        assert_eq!(held(hold.look(&picture(RunState::Frozen, 5), now + second)), None);
        assert_eq!(held(hold.look(&picture(RunState::Running, 5), now + second)), Some(false));
        assert_eq!(held(hold.look(&picture(RunState::Frozen, 5), now + 3 * second)), Some(true));
        assert_eq!(hold.deadline(), Some(now + 3 * second));
        assert!(hold.give_up(&picture(RunState::Frozen, 5)).is_none());
    }
}
