//! A database that is older than its run's checkpoint: a restored backup, a file copied without its
//! `-wal`, a failover that lost its tail. It is named, and what it lost is lived again.

mod promoted;

use std::fs;

use actors::domain::cycle::{Cycle, ReplayNumber};
use actors::ports::store::{Borne, Lived, StoreError};
use serde_json::Value;
use store::{StoreOptions, StoreUrl, open};

use crate::support::binary::Place;
use crate::support::flows::{self, bought, cycle, key, wall};

const FAST: [&str; 6] = ["--time-scale", "max", "--rate", "unlimited", "--warm-up", "off"];
const RUN: [&str; 6] = ["run", "--mock-api", "--agents", "10", "--quiet", "--cycles"];

fn ran(place: &Place, cycles: &str) {
    place.expect(0, &[&RUN[..], &[cycles], &FAST[..]].concat());
}

/// The hours that `verify` finds lived, where it finds no problem.
fn lived(place: &Place) -> u64 {
    let (out, _) = place.expect(0, &["verify", "--json"]);
    let audit: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(audit["problems"].as_array().unwrap().len(), 0, "{out}");
    audit["hours_lived"].as_u64().unwrap_or_else(|| panic!("{out}"))
}

fn files(place: &Place) -> Vec<std::path::PathBuf> {
    let names = ["cartload.db", "cartload.db-wal", "cartload.db-shm"];
    names.map(|name| place.data().join(name)).into()
}

/// What is there now takes the place of what will be, when it is put back.
fn backup(place: &Place) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    files(place).into_iter().filter_map(|file| Some((file.clone(), fs::read(file).ok()?))).collect()
}

fn put_back(place: &Place, copies: &[(std::path::PathBuf, Vec<u8>)]) {
    files(place).iter().for_each(|file| drop(fs::remove_file(file)));
    copies.iter().for_each(|(file, bytes)| fs::write(file, bytes).unwrap());
}

#[test]
fn a_restored_backup_is_named_and_what_it_lost_is_lived_again() {
    let place = Place::new();
    ran(&place, "12");
    let old = backup(&place);
    place.expect(0, &["resume", "--cycles", "25", "--quiet"]);
    assert_eq!(place.count("runs WHERE resumes = 1"), 1);
    put_back(&place, &old);
    let (_, err) = place.expect(0, &["resume", "--cycles", "27", "--quiet"]);
    assert!(err.contains("the run had reached cycle 25, and cycle 12 has no closed hour"), "{err}");
    assert!(err.contains("resuming run") && err.contains("at cycle 12 "), "{err}");
    // Up to a checkpoint's interval after the last one the shop may have seen a cycle before.
    assert!(err.contains("cycles 12-34 are run again as replay 2"), "{err}");
    assert!(!err.contains("no cycle is run again"), "{err}");
    assert_eq!(lived(&place), 27);
    assert_eq!(place.count("shopping_sessions WHERE cycle BETWEEN 12 AND 26 AND NOT is_replay"), 0);
    assert_eq!(place.count("incidents WHERE kind = 'rows_lost'"), 1);
    assert_eq!(place.count("runs WHERE resumes = 2"), 1);
}

#[test]
fn a_backup_that_has_every_hour_but_not_the_last_resume_raises_the_number_above_it() {
    let place = Place::new();
    ran(&place, "4");
    let old = backup(&place);
    // It is resumed and comes no farther than its first checkpoint.
    place.sql("UPDATE runs SET resumes = 3");
    place.expect(0, &["resume", "--cycles", "5", "--quiet"]);
    let reached_by_then = place.checkpoints();
    put_back(&place, &old);
    assert!(!reached_by_then.is_empty());
    let (_, err) = place.expect(0, &["resume", "--cycles", "6", "--quiet"]);
    assert!(err.contains("as replay 5"), "{err}");
    assert_eq!(lived(&place), 6);
    assert_eq!(place.count("runs WHERE resumes = 5"), 1);
}

#[test]
fn a_file_that_was_copied_without_its_wal_goes_on_from_what_is_in_it() {
    let place = Place::new();
    ran(&place, "3");
    let (main, wal) = (place.data().join("cartload.db"), place.data().join("cartload.db-wal"));
    // A reader keeps the log from being moved into the file when the run ends.
    let reader = place.sqlite();
    drop(reader);
    let before = fs::read(&main).unwrap();
    place.expect(0, &["resume", "--cycles", "8", "--quiet"]);
    drop(fs::remove_file(wal));
    drop(fs::remove_file(place.data().join("cartload.db-shm")));
    fs::write(&main, before).unwrap();
    let (_, err) = place.expect(0, &["resume", "--cycles", "9", "--quiet"]);
    assert!(err.contains("at cycle 3 ") && err.contains("without its -wal"), "{err}");
    assert_eq!(lived(&place), 9);
}

#[test]
fn a_run_that_the_old_copy_does_not_know_is_refused_with_code_4() {
    let (place, other) = (Place::new(), Place::new());
    ran(&other, "1");
    ran(&place, "2");
    put_back(
        &place,
        &backup(&other)
            .into_iter()
            .map(|(file, bytes)| (place.data().join(file.file_name().unwrap()), bytes))
            .collect::<Vec<_>>(),
    );
    let (_, err) = place.expect(4, &["resume", "--cycles", "4"]);
    assert!(err.contains("is not in this database"), "{err}");
}

#[tokio::test]
async fn an_attempt_is_closed_only_where_its_flows_and_the_cycle_before_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("some.db").display());
    let opened = open(&StoreUrl::parse(&url).unwrap(), &StoreOptions::default()).await.unwrap();
    let run = flows::new_run();
    let owned = flows::Owned { run: run.run_id, owner: run.owner };
    opened.store.open_run(run).await.unwrap();
    let borne = |flows, follows| Borne {
        run_id: owned.run,
        cycle: Cycle(1),
        replay: ReplayNumber::ORIGINAL,
        flows,
        follows,
    };
    let ask = |flows, follows| opened.store.bear_out(borne(flows, follows));
    ask(0, false).await.unwrap();
    let lost = ask(0, true).await.unwrap_err();
    assert!(matches!(&lost, StoreError::RowsLost(why) if why == "the row of cycle 0 is gone"));
    opened.store.record_cycle(cycle(owned, 0, 0, true)).await.unwrap();
    assert!(ask(0, true).await.is_err(), "a broken attempt is no hour");
    opened.store.record_cycle(cycle(owned, 0, 1, false)).await.unwrap();
    ask(0, true).await.unwrap();
    opened.store.commit_flow(bought(key(owned, 1, 0, 1), false).into()).await.unwrap();
    ask(1, true).await.unwrap();
    let lost = ask(2, true).await.unwrap_err();
    assert!(lost.to_string().contains("cycle 1 has 1 flows of 2 acknowledged"), "{lost}");
}

#[tokio::test]
async fn a_new_attempt_answers_the_first_hour_that_was_lived_and_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("some.db").display());
    let opened = open(&StoreUrl::parse(&url).unwrap(), &StoreOptions::default()).await.unwrap();
    let run = flows::new_run();
    let owned = flows::Owned { run: run.run_id, owner: run.owner };
    opened.store.open_run(run).await.unwrap();
    for (number, broken) in [(0, false), (1, false), (2, true), (3, false)] {
        opened.store.record_cycle(cycle(owned, number, 0, broken)).await.unwrap();
    }
    let begin = |before, number| {
        let (before, until) = (Cycle(before), Cycle(before + 9));
        let lived = Lived { before, until, number: ReplayNumber(number) };
        opened.store.begin_replay(owned.run, owned.owner, lived, wall(1))
    };
    let whole = begin(2, 0).await.unwrap();
    assert_eq!((whole.lost_from, whole.number), (None, ReplayNumber(1)));
    assert_eq!(whole.last_cycle_with_rows, Some(Cycle(3)));
    let lost = begin(3, 1).await.unwrap();
    assert_eq!((lost.lost_from, lost.number), (Some(Cycle(2)), ReplayNumber(2)));
    assert_eq!(lost.last_cycle_with_rows, Some(Cycle(12)));
    let raised = begin(2, 7).await.unwrap();
    assert_eq!((raised.lost_from, raised.number), (None, ReplayNumber(8)));
    assert_eq!(raised.last_cycle_with_rows, Some(Cycle(11)), "a resume was lost: rows may be too");
}
