//! Places for connections: half of them for those that have not been answered yet, half for those
//! that have. One that comes always gets a place: where its half is full, that one of it goes that
//! has done nothing for longest. Who asks and takes its answers, as a health check or a reader of
//! the page, never waits behind those that only hold on.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Context, Waker};

/// By when each last did something, the one that did nothing for longest first.
type Half = BTreeMap<u64, Rc<Occupant>>;

/// The places of one server; a thread has it to itself.
#[derive(Clone)]
pub struct Places(Rc<Shared>);

struct Shared {
    /// Of each half.
    max: usize,
    new: RefCell<Half>,
    answered: RefCell<Half>,
    /// Counts what happens: an order in time.
    now: Cell<u64>,
}

#[derive(Default)]
struct Occupant {
    is_answered: Cell<bool>,
    is_gone: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// A place that is taken, until it is dropped.
pub struct Place {
    shared: Rc<Shared>,
    since: Cell<u64>,
    occupant: Rc<Occupant>,
}

impl Places {
    /// So many in each half.
    pub fn new(max: usize) -> Self {
        let half = RefCell::<Half>::default;
        Self(Rc::new(Shared { max, new: half(), answered: half(), now: Cell::new(0) }))
    }

    /// A place for one more connection, which may cost another one its own.
    pub fn take(&self) -> Place {
        let (shared, occupant) = (Rc::clone(&self.0), Rc::new(Occupant::default()));
        let since = Cell::new(shared.seat(Rc::clone(&occupant)));
        Place { shared, since, occupant }
    }
}

impl Shared {
    fn half(&self, occupant: &Occupant) -> &RefCell<Half> {
        if occupant.is_answered.get() { &self.answered } else { &self.new }
    }

    /// Gives it the newest place of its half; answers since when it has it.
    fn seat(&self, occupant: Rc<Occupant>) -> u64 {
        let now = self.now.get() + 1;
        self.now.set(now);
        let mut half = self.half(&occupant).borrow_mut();
        if half.len() >= self.max
            && let Some((_, idlest)) = half.pop_first()
        {
            idlest.is_gone.set(true);
            idlest.waker.take().into_iter().for_each(Waker::wake);
        }
        half.insert(now, occupant);
        now
    }

    fn leave(&self, since: u64, occupant: &Occupant) {
        if !occupant.is_gone.get() {
            self.half(occupant).borrow_mut().remove(&since);
        }
    }
}

impl Place {
    /// Something of an answer was taken.
    pub fn answered(&self) {
        if self.occupant.is_gone.get() {
            return;
        }
        self.shared.leave(self.since.get(), &self.occupant);
        self.occupant.is_answered.set(true);
        self.since.set(self.shared.seat(Rc::clone(&self.occupant)));
    }

    /// Whether it is still this connection's; if so, it is woken when that changes.
    pub fn is_kept(&self, cx: &Context<'_>) -> bool {
        let is_kept = !self.occupant.is_gone.get();
        if is_kept {
            self.occupant.waker.replace(Some(cx.waker().clone()));
        }
        is_kept
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.leave(self.since.get(), &self.occupant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(places: &[Place]) -> Vec<bool> {
        let cx = Context::from_waker(Waker::noop());
        places.iter().map(|place| place.is_kept(&cx)).collect()
    }

    #[test]
    fn one_more_than_there_are_places_costs_the_oldest_that_was_not_answered_its_own() {
        let places = Places::new(2);
        let mut taken = vec![places.take()];
        taken[0].answered();
        taken.extend([places.take(), places.take()]);
        assert_eq!(kept(&taken), [true; 3]);
        taken.push(places.take());
        assert_eq!(kept(&taken), [true, false, true, true]);
    }

    #[test]
    fn of_those_that_were_answered_the_one_goes_that_took_nothing_for_longest() {
        let places = Places::new(2);
        let taken: Vec<Place> = (0..3)
            .map(|_| {
                let place = places.take();
                place.answered();
                place
            })
            .collect();
        assert_eq!(kept(&taken), [false, true, true]);
        taken[1].answered();
        let newest = places.take();
        assert_eq!(kept(&taken), [false, true, true], "whoever comes costs them nothing");
        newest.answered();
        assert_eq!(kept(&taken), [false, true, false]);
    }

    #[test]
    fn a_place_that_is_given_back_costs_nobody_anything() {
        let places = Places::new(2);
        let mut taken = vec![places.take(), places.take()];
        drop(taken.remove(0));
        taken.push(places.take());
        assert_eq!(kept(&taken), [true, true]);
    }
}
