//! Every sequence of events over the real machine, breadth first, until no world is new.
//!
//! Worlds are finite because [`key`] leaves out what only counts: instants, attempts,
//! reasons and numbers of tickets decide nothing but by what the key keeps of them.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::rc::Rc;

use super::world::key::key;
use super::world::{EVENTS, Event, World};
use crate::ports::store::RunState;

/// How a world was reached.
struct Path(Event, Option<Rc<Path>>);

fn events(path: &Path) -> Vec<Event> {
    let mut events = vec![path.0];
    let mut before = &path.1;
    while let Some(path) = before {
        events.push(path.0);
        before = &path.1;
    }
    events.reverse();
    events
}

#[test]
fn no_sequence_of_events_leads_to_a_contradiction() {
    let mut seen = HashSet::from([key(&World::new())]);
    let mut worlds: VecDeque<(World, Option<Rc<Path>>)> = VecDeque::from([(World::new(), None)]);
    let mut wrong: BTreeMap<&'static str, Vec<Event>> = BTreeMap::new();
    let (mut steps, mut ends) = (0, BTreeMap::<&str, u32>::new());
    let begun = std::time::Instant::now();
    while let Some((world, path)) = worlds.pop_front() {
        for event in EVENTS.into_iter().filter(|event| world.may(*event)) {
            let mut next = world.clone();
            let found = next.happens(event);
            steps += 1;
            let is_new = seen.insert(key(&next));
            if found.is_empty() && !is_new {
                continue;
            }
            let path = Rc::new(Path(event, path.clone()));
            for what in found {
                wrong.entry(what).or_insert_with(|| events(&path));
            }
            if is_new {
                if let Some(end) = next.end() {
                    *ends.entry(end.as_str()).or_default() += 1;
                }
                worlds.push_back((next, Some(path)));
            }
        }
    }
    let found = format!(
        "{} states, {steps} steps, {} contradictions, {:?}; ends: {ends:?}",
        seen.len(),
        wrong.len(),
        begun.elapsed(),
    );
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{found}\n").as_bytes());
    assert!(wrong.is_empty(), "{found}\n{wrong:#?}");
    for end in [RunState::Completed, RunState::Stopped, RunState::Frozen] {
        assert!(ends.contains_key(end.as_str()), "{found}: no run ends {}", end.as_str());
    }
    assert!(seen.len() > 1_000 && steps > 10_000, "{found}: too few to be all");
}
