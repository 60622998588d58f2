//! The standing of all HTTP sessions, side by side: whether one is down can only be told from what
//! the others saw.
//!
//! A session is judged at its own tries, never at another's success: when a shop comes back after
//! a moment, the first session that gets through must not condemn the nine others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::domain::ids::SessionId;

use super::health::{SessionHealth, Tried};

/// Whether one HTTP session is down, read by its agents before each call. An atomic: set on the
/// session's thread, read on the agents'.
#[derive(Clone, Debug, Default)]
pub struct DownFlag(Arc<AtomicBool>);

impl DownFlag {
    /// Whether it is down.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Sets it; answers what it was.
    fn set(&self, down: bool) -> bool {
        self.0.swap(down, Ordering::AcqRel)
    }
}

/// What is known of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its last try was no fault.
    Up,
    /// Its last try was a fault; whether that is its own fault is open.
    InDoubt,
    /// Its own connections are broken.
    Down,
}

impl Standing {
    /// The word used in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::InDoubt => "in_doubt",
            Self::Down => "down",
        }
    }
}

/// One HTTP session as readers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionStatus {
    /// Which of the ten.
    pub id: SessionId,
    /// What is known of it.
    pub standing: Standing,
    /// Tries that the shop answered, whatever it said.
    pub answered: u64,
    /// Tries that failed by refusal, reset, TLS or timeout.
    pub faults: u64,
}

/// A session's standing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is down.
    Down,
    /// It is back.
    Back,
}

/// One board for all HTTP sessions. A std mutex: held for a microsecond, never over an await.
#[derive(Clone, Debug, Default)]
pub struct HealthBoard(Arc<Mutex<Vec<Place>>>);

/// One session's place; there are as many as the highest id seen, 256 at most.
#[derive(Debug, Default)]
struct Place {
    health: SessionHealth,
    down: DownFlag,
    answered: u64,
    faults: u64,
}

impl Place {
    fn count(&mut self, tried: Tried) {
        match tried {
            Tried::Answered => self.answered += 1,
            Tried::Fault | Tried::TimedOut(_) => self.faults += 1,
            Tried::Other => {}
        }
    }

    fn standing(&self) -> Standing {
        match self {
            place if place.down.is_set() => Standing::Down,
            place if place.health.is_in_doubt() => Standing::InDoubt,
            _ => Standing::Up,
        }
    }
}

impl HealthBoard {
    /// Takes in a try of `session` that ended at `at`; asked whether others wait in a queue, as
    /// [`SessionHealth::is_down`] is. Only an answered probe brings a session back: flows that were
    /// still under way say nothing of the next connection.
    pub fn record(
        &self,
        session: SessionId,
        at: Instant,
        tried: Tried,
        is_probe: bool,
        has_queue_elsewhere: impl Fn(Instant, Duration) -> Option<bool>,
    ) -> Option<Change> {
        self.with(session, |places, own| {
            places[own].health.record(at, tried);
            places[own].count(tried);
            let elsewhere = places.iter().enumerate().filter(|(n, _)| *n != own);
            let success = elsewhere.filter_map(|(_, place)| place.health.last_success()).max();
            let place = &places[own];
            if place.health.is_down(success, has_queue_elsewhere) {
                return (!place.down.set(true)).then_some(Change::Down);
            }
            let is_back = is_probe && tried == Tried::Answered;
            (is_back && place.down.set(false)).then_some(Change::Back)
        })
    }

    /// Down whatever its tries say (a check before the first tick); answers whether it was up.
    pub fn mark_down(&self, session: SessionId) -> bool {
        self.with(session, |places, own| !places[own].down.set(true))
    }

    /// What is known of `session`.
    pub fn standing(&self, session: SessionId) -> Standing {
        self.with(session, |places, own| places[own].standing())
    }

    /// The flag of `session`, for its agents.
    pub fn flag(&self, session: SessionId) -> DownFlag {
        self.with(session, |places, own| places[own].down.clone())
    }

    /// The sessions that are down, ascending.
    pub fn down(&self) -> Vec<SessionId> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let down = (0..=u8::MAX).zip(places.iter()).filter(|(_, place)| place.down.is_set());
        down.map(|(n, _)| SessionId(n)).collect()
    }

    /// Every session that has a place, ascending.
    pub fn all(&self) -> Vec<SessionStatus> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let status = |(n, place): (u8, &Place)| SessionStatus {
            id: SessionId(n),
            standing: place.standing(),
            answered: place.answered,
            faults: place.faults,
        };
        (0..=u8::MAX).zip(places.iter()).map(status).collect()
    }

    fn with<R>(&self, session: SessionId, look: impl FnOnce(&mut [Place], usize) -> R) -> R {
        // Each step leaves the places whole: one that panicked meanwhile left nothing half done.
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = usize::from(session.0);
        if places.len() <= own {
            places.resize_with(own + 1, Place::default);
        }
        look(&mut places, own)
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    const A: SessionId = SessionId(0);
    const B: SessionId = SessionId(9);

    struct Rig {
        board: HealthBoard,
        start: Instant,
    }

    impl Rig {
        fn new() -> Self {
            Self { board: HealthBoard::default(), start: Instant::now() }
        }

        fn try_at(&self, second: u64, session: SessionId, tried: Tried) -> Option<Change> {
            let at = self.start + Duration::from_secs(second);
            self.board.record(session, at, tried, false, |_, _| None)
        }

        fn probe_at(&self, second: u64, session: SessionId, tried: Tried) -> Option<Change> {
            let at = self.start + Duration::from_secs(second);
            self.board.record(session, at, tried, true, |_, _| None)
        }
    }

    #[test]
    fn the_fifth_fault_is_down_when_another_got_through_since_the_first_and_the_fourth_is_not() {
        let rig = Rig::new();
        assert_eq!(rig.try_at(1, A, Tried::Fault), None);
        assert_eq!(rig.try_at(2, B, Tried::Answered), None);
        for second in 3..=5 {
            assert_eq!(rig.try_at(second, A, Tried::Fault), None);
        }
        assert_eq!(rig.board.standing(A), Standing::InDoubt);
        assert_eq!(rig.try_at(6, A, Tried::Fault), Some(Change::Down));
        assert_eq!(rig.try_at(7, A, Tried::Fault), None, "told once");
        assert_eq!((rig.board.standing(A), rig.board.down()), (Standing::Down, vec![A]));
        assert!(rig.board.flag(A).is_set() && !rig.board.flag(B).is_set());
    }

    #[test]
    fn an_outage_of_all_takes_none_down_and_its_end_condemns_nobody() {
        let rig = Rig::new();
        rig.try_at(0, A, Tried::Answered);
        rig.try_at(0, B, Tried::Answered);
        for second in 1..=8 {
            assert_eq!(rig.try_at(second, A, Tried::Fault), None);
            assert_eq!(rig.try_at(second, B, Tried::Fault), None);
        }
        assert_eq!(rig.try_at(9, A, Tried::Answered), None);
        assert_eq!(rig.try_at(10, B, Tried::Answered), None);
        assert_eq!(rig.board.standing(B), Standing::Up);
    }

    #[test]
    fn the_board_counts_answers_and_faults_of_each_session() {
        let rig = Rig::new();
        for (second, tried) in [Tried::Answered, Tried::Fault, Tried::Other].iter().enumerate() {
            rig.try_at(second as u64, A, *tried);
        }
        rig.try_at(5, SessionId(2), Tried::Fault);
        let all = rig.board.all();
        assert_eq!(all.len(), 3, "up to the highest that was seen");
        assert_eq!((all[0].answered, all[0].faults, all[0].standing), (1, 1, Standing::Up));
        assert_eq!((all[2].faults, all[2].standing), (1, Standing::InDoubt));
    }

    #[test]
    fn only_an_answered_probe_brings_a_session_back() {
        let rig = Rig::new();
        assert!(rig.board.mark_down(A) && !rig.board.mark_down(A));
        assert_eq!(rig.try_at(1, A, Tried::Answered), None);
        assert_eq!(rig.probe_at(2, A, Tried::Fault), None);
        assert_eq!(rig.probe_at(2, A, Tried::Other), None);
        assert_eq!(rig.board.standing(A), Standing::Down);
        assert_eq!(rig.probe_at(3, A, Tried::Answered), Some(Change::Back));
        assert_eq!(rig.probe_at(4, A, Tried::Answered), None, "told once");
        assert!(rig.board.down().is_empty());
    }
}
