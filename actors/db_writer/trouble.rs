//! Whether the store takes what it is given: which calls fail at this moment, and since when.
//!
//! A call counts from its first failure to its end, so that no read which happens to succeed
//! between failing writes hides them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ports::store::StoreError;

/// Calls that fail for so long are told of: a restart of a server's pooler is over by then, and
/// every door says so within 5 s.
pub const TOLD_AFTER: Duration = Duration::from_secs(2);

/// A store that does not take what it is given.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// Since when.
    pub since: Instant,
    /// What it said last.
    pub error: StoreError,
}

/// Noted by whoever asks the store, read by whoever shows it. Clones share what is noted.
#[derive(Clone, Debug, Default)]
pub struct TroubleBoard(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    /// Calls that have failed and are tried again, by their first failure: no more than callers.
    failing: BTreeSet<(Instant, u64)>,
    /// Calls so far that have failed at least once.
    count: u64,
    /// What a failing call was told last.
    last: Option<StoreError>,
    /// Since when calls fail for good, until one succeeds that began later.
    lost: Option<(Instant, StoreError)>,
}

/// One call of the store, until it ends in any way.
#[derive(Debug)]
pub struct NotedCall {
    board: TroubleBoard,
    began: Instant,
    failing: Option<(Instant, u64)>,
}

impl TroubleBoard {
    /// A call begins.
    pub fn call(&self, now: Instant) -> NotedCall {
        NotedCall { board: self.clone(), began: now, failing: None }
    }

    /// What is wrong now, where it is to be told.
    pub fn at(&self, now: Instant) -> Option<Trouble> {
        let noted = self.noted();
        let oldest = noted.failing.first().map(|(since, _)| *since);
        let oldest = oldest.filter(|since| now.saturating_duration_since(*since) >= TOLD_AFTER);
        if let Some((since, error)) = &noted.lost {
            let since = oldest.map_or(*since, |oldest| oldest.min(*since));
            return Some(Trouble { since, error: error.clone() });
        }
        let (since, error) = oldest.zip(noted.last.clone())?;
        Some(Trouble { since, error })
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NotedCall {
    /// An attempt failed, and another one follows. Answers when the first one did.
    pub fn failed(&mut self, now: Instant, error: &StoreError) -> Instant {
        let mut noted = self.board.noted();
        noted.last = Some(error.clone());
        let (since, _) = *self.failing.get_or_insert_with(|| {
            noted.count += 1;
            let call = (now, noted.count);
            noted.failing.insert(call);
            call
        });
        since
    }

    /// It came to its end.
    pub fn ended<T>(&self, now: Instant, result: &Result<T, StoreError>) {
        let mut noted = self.board.noted();
        match result {
            Ok(_) => {
                if noted.lost.as_ref().is_some_and(|(since, _)| *since <= self.began) {
                    noted.lost = None;
                }
            }
            Err(error) if error.is_retryable() || error.is_of_the_place() => {
                let since = self.failing.map_or(now, |(since, _)| since);
                let since = noted.lost.as_ref().map_or(since, |(earlier, _)| *earlier);
                noted.lost = Some((since, error.clone()));
            }
            // It is of this call alone.
            Err(_) => {}
        }
    }
}

impl Drop for NotedCall {
    fn drop(&mut self) {
        if let Some(call) = self.failing {
            self.board.noted().failing.remove(&call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> StoreError {
        StoreError::CannotWrite("database or disk is full".into())
    }

    fn says(board: &TroubleBoard, now: Instant) -> Option<String> {
        board.at(now).map(|trouble| trouble.error.to_string())
    }

    #[test]
    fn a_call_that_fails_for_two_seconds_is_told_of_until_it_ends() {
        let (board, begin) = (TroubleBoard::default(), Instant::now());
        let after = |ms| begin + Duration::from_millis(ms);
        let mut call = board.call(begin);
        assert_eq!(call.failed(after(10), &full()), after(10));
        assert_eq!(says(&board, after(2_009)), None);
        assert_eq!(says(&board, after(2_010)), Some(full().to_string()));
        // Another call that succeeds meanwhile hides nothing.
        board.call(after(2_010)).ended(after(2_011), &Ok(()));
        assert_eq!(call.failed(after(2_500), &full()), after(10));
        assert_eq!(board.at(after(2_500)).map(|trouble| trouble.since), Some(after(10)));
        call.ended(after(2_600), &Ok(()));
        drop(call);
        assert_eq!(says(&board, after(9_000)), None);
    }

    #[test]
    fn what_was_given_up_is_told_of_until_a_call_succeeds_that_began_later() {
        let (board, begin) = (TroubleBoard::default(), Instant::now());
        let after = |s| begin + Duration::from_secs(s);
        let early = board.call(begin);
        let mut call = board.call(begin);
        call.failed(after(1), &full());
        call.ended(after(120), &Err::<(), _>(full()));
        drop(call);
        early.ended(after(121), &Ok(()));
        assert_eq!(board.at(after(122)).map(|trouble| trouble.since), Some(after(1)));
        board.call(after(122)).ended(after(123), &Ok(()));
        assert_eq!(says(&board, after(123)), None);
    }

    #[test]
    fn a_database_that_is_gone_is_told_of_at_once_and_a_refused_statement_never() {
        let (board, now) = (TroubleBoard::default(), Instant::now());
        board.call(now).ended(now, &Err::<(), _>(StoreError::Refused("no such table".into())));
        assert_eq!(says(&board, now), None);
        let damaged = StoreError::Damaged("file is not a database".into());
        board.call(now).ended(now, &Err::<(), _>(damaged.clone()));
        assert_eq!(says(&board, now), Some(damaged.to_string()));
    }

    #[test]
    fn a_call_that_is_dropped_is_forgotten() {
        let (board, begin) = (TroubleBoard::default(), Instant::now());
        let mut call = board.call(begin);
        call.failed(begin, &full());
        drop(call);
        assert_eq!(says(&board, begin + Duration::from_secs(60)), None);
    }
}
