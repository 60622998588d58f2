//! Long random sequences of events, in any order, each to its end.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::world::{EVENTS, Event, World};

/// What comes by itself: jobs that end, time that passes.
const BY_ITSELF: [Event; 10] = [
    Event::Prepared,
    Event::Barrier,
    Event::Recorded,
    Event::Saved,
    Event::ShopIsBack,
    Event::StateWritten,
    Event::CartsCleared,
    Event::Drained,
    Event::Woke,
    Event::Resume,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_happens_in_whatever_order_nothing_is_contradicted_and_a_quit_ends_it(
        picks in prop::collection::vec((any::<Index>(), any::<bool>()), 1..400),
        quit in select(vec![Event::Quit, Event::QuitNow]),
    ) {
        let mut world = World::new();
        for (pick, by_itself) in picks {
            let from: &[Event] = if by_itself { &BY_ITSELF } else { &EVENTS };
            let can: Vec<Event> = from.iter().copied().filter(|e| world.may(*e)).collect();
            if can.is_empty() {
                break;
            }
            let event = can[pick.index(can.len())];
            let wrong = world.happens(event);
            prop_assert!(wrong.is_empty(), "{event:?}: {wrong:?}");
        }
        world.happens(quit);
        // No operator says anything any more: it ends by itself.
        for _ in 0..20 {
            let by_itself = BY_ITSELF.into_iter().filter(|event| *event != Event::Resume);
            let Some(event) = by_itself.into_iter().find(|event| world.may(*event)) else { break };
            let wrong = world.happens(event);
            prop_assert!(wrong.is_empty(), "{event:?}: {wrong:?}");
        }
        prop_assert!(world.run.is_over(), "{:?}", world.run);
    }
}
