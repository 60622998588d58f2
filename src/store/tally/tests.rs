//! What a seal has of flows that are asked for again, lost, refused or late.

use questions::seals::{RowText, Sealed};

use super::*;

const CYCLE: Cycle = Cycle(3);
const ORIGINAL: ReplayNumber = ReplayNumber(0);

fn of(run: RunId) -> (RunId, Cycle, ReplayNumber) {
    (run, CYCLE, ORIGINAL)
}

fn one_row(name: &str) -> Sums {
    let mut text = RowText::of(Sealed::Orders);
    text.text(name);
    let mut sums = Sums::default();
    sums.add(Sealed::Orders, text.sum());
    sums
}

fn lost() -> StoreError {
    StoreError::Unavailable("no answer".into())
}

fn agents(entry: &Entry) -> Option<Vec<&str>> {
    Some(entry.agents.as_ref()?.iter().map(String::as_str).collect())
}

#[test]
fn a_flow_counts_once_however_often_it_was_asked_for() {
    let (tally, run) = (Tally::default(), RunId::fresh());
    for outcome in [Err(lost()), Ok(one_row("a")), Ok(one_row("a"))] {
        tally.begins(of(run), "a");
        tally.ends(of(run), "a", outcome.as_ref());
    }
    let entries = tally.close(of(run), false);
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].kind, agents(&entries[0])), (SealKind::Cycle, None));
    assert_eq!(entries[0].sums, one_row("a"));
}

#[test]
fn a_write_whose_outcome_nobody_knows_makes_the_seal_one_of_the_others() {
    let (tally, run) = (Tally::default(), RunId::fresh());
    for (agent, outcome) in [("a", Ok(one_row("a"))), ("b", Err(lost()))] {
        tally.begins(of(run), agent);
        tally.ends(of(run), agent, outcome.as_ref());
    }
    let entries = tally.close(of(run), false);
    assert_eq!(agents(&entries[0]), Some(vec!["a"]));
    // One that was refused was not made.
    let (tally, refused) = (Tally::default(), StoreError::NotOwner(run));
    tally.begins(of(run), "b");
    tally.ends(of(run), "b", Err(&refused));
    assert_eq!(agents(&tally.close(of(run), false)[0]), None);
}

#[test]
fn what_comes_after_its_seal_is_sealed_with_the_next_one() {
    let (tally, run) = (Tally::default(), RunId::fresh());
    let attempt = of(run);
    tally.close(attempt, true);
    tally.closed(attempt);
    tally.ends(of(run), "late", Ok(&one_row("late")));
    let next = tally.close((run, CYCLE.next(), ORIGINAL), false);
    assert_eq!(next.iter().map(|e| e.kind).collect::<Vec<_>>(), [SealKind::Cycle, SealKind::Late]);
    assert_eq!((next[1].cycle, agents(&next[1])), (3, Some(vec!["late"])));
    assert_eq!(next[1].sums, one_row("late"));
    assert!(tally.take_late(run).is_empty());
}

#[test]
fn a_seal_whose_acknowledgement_was_lost_is_the_same_when_it_is_asked_for_again() {
    let (tally, run) = (Tally::default(), RunId::fresh());
    let attempt = of(run);
    tally.ends(of(run), "a", Ok(&one_row("a")));
    let first = tally.close(attempt, false);
    tally.ends(of(run), "b", Ok(&one_row("b")));
    assert_eq!(tally.close(attempt, false), first);
    tally.closed(attempt);
    assert_eq!(tally.take_late(run).len(), 1, "what came between is late");
}

#[test]
fn what_is_forgotten_of_one_run_stays_of_others() {
    let (tally, one, other) = (Tally::default(), RunId::fresh(), RunId::fresh());
    tally.ends(of(one), "a", Ok(&one_row("a")));
    tally.ends(of(other), "a", Ok(&one_row("a")));
    tally.forget(one);
    assert!(tally.take_late(one).is_empty());
    assert_eq!(tally.take_late(other).len(), 1);
}
