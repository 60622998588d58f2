//! Who waits for a permit, first come first served. A waiter that has gone away costs no permit.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::grant::Grant;
use super::messages::{Asker, Place, Refused};

/// Below so many waiters the line is not searched for those that have gone.
const SWEEP_FROM: usize = 1_024;

/// Somebody who waits for a permit.
#[derive(Debug)]
pub struct Waiter {
    /// For what.
    pub asker: Asker,
    /// Where it hears of it.
    pub answer: oneshot::Sender<Result<Grant, Refused>>,
}

/// The line. Bounded by its callers (one waiter an agent); those that went away are swept out.
#[derive(Debug)]
pub struct Line {
    /// One queue a [`Place`], in the order in which they are served.
    queues: [VecDeque<Waiter>; 3],
    /// Length at which the gone ones are searched for; keeps the search cheap on average.
    sweep_at: usize,
}

/// Who is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// Whoever is next.
    Everybody,
    /// Whoever stands at the head: probes.
    Probes,
}

impl Default for Line {
    fn default() -> Self {
        Self { queues: Default::default(), sweep_at: SWEEP_FROM }
    }
}

impl Line {
    /// Takes a place.
    pub fn join(&mut self, place: Place, waiter: Waiter) {
        if self.waiting() >= self.sweep_at {
            self.queues
                .iter_mut()
                .for_each(|queue| queue.retain(|waiter| !waiter.answer.is_closed()));
            self.sweep_at = SWEEP_FROM.max(self.waiting() * 2);
        }
        let queue = match place {
            Place::Head => 0,
            Place::Returned => 1,
            Place::Tail => 2,
        };
        self.queues[queue].push_back(waiter);
    }

    /// How many wait; some may have gone.
    pub fn waiting(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }

    /// Who of these is next of those who are still there; those in front who have gone are dropped.
    pub fn next(&mut self, who: Served) -> Option<Asker> {
        self.served(who).iter_mut().find_map(|queue| {
            while queue.front().is_some_and(|waiter| waiter.answer.is_closed()) {
                queue.pop_front();
            }
            queue.front().map(|waiter| waiter.asker)
        })
    }

    /// Takes who of these is next out of the line.
    pub fn pop(&mut self, who: Served) -> Option<Waiter> {
        self.served(who).iter_mut().find_map(VecDeque::pop_front)
    }

    /// Tells everybody that there will be none.
    pub fn refuse_all(&mut self, why: Refused) {
        for waiter in self.queues.iter_mut().flat_map(|queue| queue.drain(..)) {
            // Whoever has gone needs no answer.
            drop(waiter.answer.send(Err(why)));
        }
    }

    fn served(&mut self, who: Served) -> &mut [VecDeque<Waiter>] {
        match who {
            Served::Everybody => &mut self.queues,
            Served::Probes => &mut self.queues[..1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answer = oneshot::Receiver<Result<Grant, Refused>>;

    fn waiter(asker: Asker) -> (Waiter, Answer) {
        let (answer, receiver) = oneshot::channel();
        (Waiter { asker, answer }, receiver)
    }

    #[test]
    fn a_waiter_that_went_away_is_passed_over() {
        let mut line = Line::default();
        let (gone, receiver) = waiter(Asker::Call);
        line.join(Place::Tail, gone);
        drop(receiver);
        assert_eq!(line.next(Served::Everybody), None);
        let (gone, receiver) = waiter(Asker::Call);
        line.join(Place::Tail, gone);
        let (there, _answer) = waiter(Asker::Probe);
        line.join(Place::Tail, there);
        drop(receiver);
        assert_eq!(line.next(Served::Everybody), Some(Asker::Probe));
        assert!(line.pop(Served::Everybody).is_some_and(|w| w.asker == Asker::Probe));
    }

    #[test]
    fn a_line_of_the_gone_does_not_grow() {
        let mut line = Line::default();
        for _ in 0..100_000 {
            line.join(Place::Tail, waiter(Asker::Call).0);
        }
        assert!(line.waiting() <= 2 * SWEEP_FROM, "{}", line.waiting());
    }

    /// Joins one a place, last place first, and answers who of them are served, in order.
    fn order(who: Served) -> Vec<&'static str> {
        let mut line = Line::default();
        let places = [
            (Place::Tail, "tail"),
            (Place::Returned, "returned"),
            (Place::Head, "head"),
            (Place::Returned, "returned later"),
        ];
        let mut answers: Vec<_> = places
            .map(|(place, name)| {
                let (waiter, answer) = waiter(Asker::Call);
                line.join(place, waiter);
                (name, answer)
            })
            .into();
        let mut order = Vec::new();
        while line.next(who).is_some() {
            drop(line.pop(who).unwrap().answer.send(Err(Refused::Gone)));
            answers.retain_mut(|(name, answer)| {
                let is_served = answer.try_recv().is_ok();
                if is_served {
                    order.push(*name);
                }
                !is_served
            });
        }
        order
    }

    #[test]
    fn probes_come_first_then_what_a_429_turned_back_each_in_the_order_of_coming() {
        assert_eq!(order(Served::Everybody), ["head", "returned", "returned later", "tail"]);
        assert_eq!(order(Served::Probes), ["head"]);
    }
}
