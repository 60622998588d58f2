//! Where requests wait to be served: places of a [`Pace`], first come first served.
//!
//! Whoever waits keeps its turn though its client hangs up: a real server has taken the request.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::RngExt;
use tokio::sync::oneshot;

use super::pace::Pace;
use crate::practice_shop::route::Route;

/// The places and the line before them; clones share them.
#[derive(Clone, Debug)]
pub(in crate::practice_shop) struct Counter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pace: Pace,
    worked_us: AtomicU64,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    /// When the first request came.
    opened_at: Option<Instant>,
    busy: u32,
    /// As long as clients send at the same time.
    waiting: VecDeque<oneshot::Sender<Place>>,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(in crate::practice_shop) struct Place {
    counter: Counter,
}

impl Place {
    /// Takes the time that a request of this route takes.
    pub async fn work(&self, route: Route) {
        let open = self.counter.open(Instant::now());
        let chance = rand::rng().random_range(0.0..1.0);
        let service = self.counter.shared.pace.service(route, open, chance);
        tokio::time::sleep(service).await;
        let worked_us = u64::try_from(service.as_micros()).unwrap_or(u64::MAX);
        self.counter.shared.worked_us.fetch_add(worked_us, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.counter.leave(Instant::now());
    }
}

impl Counter {
    pub fn new(pace: Pace) -> Self {
        Self {
            shared: Arc::new(Shared { pace, worked_us: AtomicU64::new(0), line: Mutex::default() }),
        }
    }

    /// What all places have worked together.
    pub fn worked(&self) -> Duration {
        Duration::from_micros(self.shared.worked_us.load(Ordering::Relaxed))
    }

    /// Waits for a place; `None` when the shop closes.
    pub async fn place(&self) -> Option<Place> {
        match self.enter(Instant::now()) {
            Ok(place) => Some(place),
            Err(turn) => turn.await.ok(),
        }
    }

    /// A place at once, or the turn to wait for.
    fn enter(&self, now: Instant) -> Result<Place, oneshot::Receiver<Place>> {
        let mut line = self.shared.line.lock().unwrap_or_else(PoisonError::into_inner);
        let opened_at = *line.opened_at.get_or_insert(now);
        let places = self.shared.pace.at_once(now.duration_since(opened_at));
        if line.waiting.is_empty() && line.busy < places {
            line.busy += 1;
            return Ok(Place { counter: self.clone() });
        }
        let (sender, turn) = oneshot::channel();
        line.waiting.push_back(sender);
        Err(turn)
    }

    /// A place is free: those whose turn it is take what there is at this moment. Places that came
    /// by a change of pace are taken when the next one is left.
    fn leave(&self, now: Instant) {
        let mut turns = Vec::new();
        {
            let mut line = self.shared.line.lock().unwrap_or_else(PoisonError::into_inner);
            line.busy = line.busy.saturating_sub(1);
            let open = line.opened_at.map_or(Duration::ZERO, |opened| now.duration_since(opened));
            let places = self.shared.pace.at_once(open);
            while line.busy < places
                && let Some(turn) = line.waiting.pop_front()
            {
                line.busy += 1;
                turns.push(turn);
            }
        }
        // Outside of the lock: a place that nobody waits for any more is left at once.
        for turn in turns {
            drop(turn.send(Place { counter: self.clone() }));
        }
    }

    fn open(&self, now: Instant) -> Duration {
        let line = self.shared.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.opened_at.map_or(Duration::ZERO, |opened| now.duration_since(opened))
    }
}

#[cfg(test)]
mod tests {
    use super::super::pace::PaceChange;
    use super::*;

    fn waits(entered: &mut Result<Place, oneshot::Receiver<Place>>) -> bool {
        entered.as_mut().is_err_and(|turn| turn.try_recv().is_err())
    }

    #[test]
    fn places_go_to_those_who_wait_longest() {
        let counter = Counter::new(Pace::of(1, 0.0));
        let now = Instant::now();
        let first = counter.enter(now).expect("free");
        let mut line: Vec<_> = (0..3).map(|_| counter.enter(now)).collect();
        assert!(line.iter_mut().all(waits));
        drop(first);
        let place = line[0].as_mut().expect_err("it waited").try_recv().expect("its turn");
        assert!(waits(&mut line[1]) && waits(&mut line[2]));
        // The second has gone: the third is next.
        drop(line.remove(1));
        drop(place);
        assert!(line[1].as_mut().expect_err("it waited").try_recv().is_ok());
    }

    #[test]
    fn a_shop_that_falls_finishes_what_it_serves_and_grows_again_with_the_next_answer() {
        let change = |after_s, at_once| PaceChange { after_s, at_once, service_ms: 0.0 };
        let pace = Pace { changes: vec![change(10.0, 1), change(20.0, 3)], ..Pace::of(2, 0.0) };
        let counter = Counter::new(pace);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let served: Vec<_> = (0..2).map(|_| counter.enter(start).expect("free")).collect();
        let mut line: Vec<_> = (0..4).map(|_| counter.enter(start)).collect();
        served.into_iter().for_each(std::mem::forget);
        counter.leave(at(10));
        assert!(waits(&mut line[0]), "one is still served, and one is all");
        counter.leave(at(20));
        let turns = line.iter_mut().map(|turn| turn.as_mut().expect_err("it waited").try_recv());
        let taken: Vec<_> = turns.collect();
        assert_eq!(taken.iter().filter(|turn| turn.is_ok()).count(), 3);
    }
}
