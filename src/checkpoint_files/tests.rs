//! Checkpoints against torn, edited and foreign files.

use std::collections::BTreeMap;

use actors::circuit_breaker::messages::FreezeReason;
use actors::domain::cycle::{Cycle, ReplayNumber};
use actors::domain::freeze_reason::ShopSeen;
use actors::domain::ids::AgentId;
use actors::domain::snapshot::{OffersState, SNAPSHOT_VERSION, SavedState, SealMark};
use actors::domain::totals::Totals;
use chrono::NaiveDateTime;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

const RUN: RunId = RunId(Uuid::from_u128(7));

fn snapshot(boundary: u32) -> Snapshot {
    let at = NaiveDateTime::default();
    let settings = json!({ "rate": 50.5, "shop": "practice", "note": "line\nbreak \"quoted\" é" });
    Snapshot {
        version: SNAPSHOT_VERSION,
        run_id: RUN,
        boundary: Cycle(boundary),
        simulated_at: Cycle(boundary).begins_at(at),
        simulated_start: at,
        resumes: ReplayNumber(2),
        state: SavedState::Frozen {
            reason: FreezeReason::FailuresInARow {
                failures: 19,
                causes: vec!["500 (19)".into()],
                shop: Some(ShopSeen::Slow),
            },
            broken_cycle: Some(Cycle(boundary)),
        },
        totals: Totals { cycles_completed: boundary, offers_assigned: 11_904, ..Totals::default() },
        offers: OffersState { offer_cycle: Some(1), assigned: 11_904 },
        crashes: BTreeMap::from([(AgentId::new("agent_007"), vec![Cycle(3), Cycle(4)])]),
        quarantined: vec![AgentId::new("agent_013")],
        agents: 372,
        population: Some("1:0f".to_owned()),
        seal: Some(SealMark { seq: 7, chain: "ab".to_owned() }),
        config_hash: config_hash(&settings),
        settings,
        written_at: at,
    }
}

fn folder() -> (TempDir, CheckpointFolder) {
    let directory = TempDir::new().unwrap();
    let folder = CheckpointFolder::open(directory.path().join("checkpoints"), 10).unwrap();
    (directory, folder)
}

fn boundaries(folder: &CheckpointFolder) -> Vec<u32> {
    folder.list().unwrap().into_iter().map(|entry| entry.name.boundary.0).collect()
}

fn latest(folder: &CheckpointFolder) -> LoadedCheckpoint {
    folder.load_latest().unwrap().unwrap()
}

#[test]
fn what_was_saved_is_loaded_and_readable() {
    let (_directory, folder) = folder();
    assert!(folder.load_latest().unwrap().is_none());
    let path = folder.save(&snapshot(10)).unwrap();
    let loaded = latest(&folder);
    assert_eq!((loaded.snapshot, &loaded.path), (snapshot(10), &path));
    assert!(loaded.refused.is_empty());
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("{\n  \"checksum\": \"crc32:"), "{text}");
    assert!(text.contains("\n    \"boundary\": 10,\n"), "{text}");
}

#[test]
fn an_empty_config_hash_is_filled_from_the_settings() {
    let (_directory, folder) = folder();
    folder.save(&Snapshot { config_hash: String::new(), ..snapshot(1) }).unwrap();
    assert_eq!(latest(&folder).snapshot, snapshot(1));
}

#[test]
fn the_newest_is_the_one_written_last_whatever_its_boundary() {
    let (_directory, folder) = folder();
    for boundary in [9, 100, 100, 20] {
        folder.save(&snapshot(boundary)).unwrap();
    }
    let paused = Snapshot { state: SavedState::Paused, ..snapshot(100) };
    folder.save(&paused).unwrap();
    assert_eq!(latest(&folder).snapshot, paused);
    assert_eq!(boundaries(&folder), [100, 20, 100, 100, 9]);
    folder.save(&snapshot(30)).unwrap();
    assert_eq!(latest(&folder).snapshot, snapshot(30), "resumed from an older file");
}

#[test]
fn a_file_torn_at_any_byte_is_refused_and_the_older_one_is_taken() {
    let (_directory, folder) = folder();
    folder.save(&snapshot(10)).unwrap();
    let newest = folder.save(&snapshot(20)).unwrap();
    let whole = fs::read(&newest).unwrap();
    // The last byte is the line's end: without it the JSON is whole.
    for length in 0..whole.len() - 1 {
        fs::write(&newest, &whole[..length]).unwrap();
        let loaded = latest(&folder);
        assert_eq!(loaded.snapshot, snapshot(10), "torn at {length}");
        assert_eq!(loaded.refused.len(), 1);
        assert!(loaded.refused[0].to_string().contains("0000000020-"), "{}", loaded.refused[0]);
    }
}

#[test]
fn ten_thousand_flipped_bits_are_refused_or_changed_nothing() {
    let (_directory, folder) = folder();
    let path = folder.save(&snapshot(10)).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut accepted = 0;
    for _ in 0..10_000 {
        let mut text = whole.clone();
        let place = rng.random_range(0..text.len());
        text[place] ^= 1 << rng.random_range(0..8);
        if let Ok(read) = content::read(&path, &text, false) {
            assert_eq!(read, snapshot(10), "byte {place}");
            accepted += 1;
        }
        // With the checksum out of the way anything may be read, but nothing may panic.
        let _ = content::read(&path, &text, true);
    }
    assert!(accepted < 100, "{accepted} of 10,000 flips went unnoticed");
}

#[test]
fn an_edited_file_is_refused_unless_the_operator_says_so() {
    let (_directory, folder) = folder();
    let path = folder.save(&snapshot(10)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"agents\": 372", "\"agents\": 371")).unwrap();
    let error = folder.load_latest().unwrap_err();
    assert!(error.to_string().contains("--accept-edited"), "{error}");
    assert!(matches!(load_file(&path, Trust::Whole), Err(CheckpointError::Checksum { .. })));
    assert_eq!(load_file(&path, Trust::Edited).unwrap().snapshot.agents, 371);
}

#[test]
fn a_mistake_in_an_edited_file_is_named_by_line() {
    let (_directory, folder) = folder();
    let path = folder.save(&snapshot(10)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"agents\": 372", "\"agents\": \"many\"")).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("\"agents\"")).unwrap();
    let error = load_file(&path, Trust::Edited).unwrap_err();
    assert!(error.to_string().contains(&format!("line {line}, column")), "{error}");
}

#[test]
fn a_reformatted_file_is_still_valid() {
    let (_directory, folder) = folder();
    let path = folder.save(&snapshot(10)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let compact: String = text.lines().map(str::trim_start).collect();
    fs::write(&path, compact).unwrap();
    assert_eq!(latest(&folder).snapshot, snapshot(10));
}

#[test]
fn another_version_is_refused_by_its_number() {
    let (_directory, folder) = folder();
    let path = folder.save(&Snapshot { version: 2, ..snapshot(10) }).unwrap();
    let error = load_file(&path, Trust::Whole).unwrap_err();
    assert!(matches!(error, CheckpointError::Version { found: 2, expected: 1, .. }), "{error}");
}

#[test]
fn foreign_files_are_ignored_and_false_checkpoints_refused_by_name() {
    let (_directory, folder) = folder();
    let ten = folder.save(&snapshot(10)).unwrap();
    fs::write(folder.folder.join("notes.txt"), "not ours").unwrap();
    fs::write(folder.folder.join("checkpoint-of-yesterday.json"), "{}").unwrap();
    let renamed = CheckpointName { run_id: RUN, boundary: Cycle(90), sequence: 9 };
    fs::copy(&ten, folder.folder.join(renamed.to_string())).unwrap();
    fs::create_dir(
        folder
            .folder
            .join(ten.file_name().unwrap().to_str().unwrap().replace("0000000010", "0000000080")),
    )
    .unwrap();
    let loaded = latest(&folder);
    assert_eq!(loaded.snapshot, snapshot(10));
    assert_eq!(loaded.refused.len(), 3, "{:?}", loaded.refused);
    fs::remove_file(ten).unwrap();
    let error = folder.load_latest().unwrap_err();
    assert!(matches!(error, CheckpointError::NoneValid { count: 3, .. }), "{error}");
}

#[test]
fn the_newest_ten_of_each_run_are_kept() {
    let (_directory, folder) = folder();
    let other = RunId(Uuid::from_u128(8));
    folder.save(&Snapshot { run_id: other, ..snapshot(5) }).unwrap();
    for boundary in 0..25 {
        folder.save(&snapshot(boundary)).unwrap();
    }
    let kept: Vec<_> = boundaries(&folder);
    assert_eq!(kept, [24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 5]);
    assert_eq!(latest(&folder).snapshot, snapshot(24));
    let of_run = folder.load_latest_of(Some(other), Trust::Whole).unwrap().unwrap();
    assert_eq!(of_run.snapshot.run_id, other);
    folder.save(&Snapshot { run_id: other, ..snapshot(6) }).unwrap();
    assert_eq!(latest(&folder).snapshot.run_id, other, "the run that was saved last");
}

#[test]
fn a_torn_newest_file_does_not_bring_back_another_run() {
    let (_directory, folder) = folder();
    let other = RunId(Uuid::from_u128(8));
    folder.save(&snapshot(5)).unwrap();
    let torn = folder.save(&Snapshot { run_id: other, ..snapshot(0) }).unwrap();
    fs::write(&torn, "{").unwrap();
    let error = folder.load_latest().unwrap_err();
    assert!(matches!(error, CheckpointError::NoneValid { count: 1, .. }), "{error}");
    assert_eq!(folder.remove_run(other).unwrap(), 1);
    assert_eq!(latest(&folder).snapshot, snapshot(5));
}

#[test]
fn files_that_only_pose_as_a_newer_run_do_not_hide_the_run_that_was_saved() {
    let (_directory, folder) = folder();
    let saved = folder.save(&snapshot(5)).unwrap();
    let posing = |run: u128, sequence| {
        let run_id = RunId(Uuid::from_u128(run));
        folder.folder.join(CheckpointName { run_id, boundary: Cycle(9), sequence }.to_string())
    };
    fs::copy(&saved, posing(8, 50)).unwrap();
    fs::create_dir(posing(9, 60)).unwrap();
    File::create(posing(10, 70)).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
    fs::copy(&saved, posing(11, u64::MAX)).unwrap();
    let loaded = latest(&folder);
    assert_eq!(loaded.snapshot, snapshot(5));
    assert_eq!(loaded.refused.len(), 4, "{:?}", loaded.refused);
    let next = folder.save(&snapshot(6)).unwrap();
    assert!(next.to_string_lossy().ends_with("-000071.json"), "{}", next.display());
    assert_eq!(latest(&folder).snapshot, snapshot(6));
}

#[test]
fn a_checkpoint_of_the_greatest_size_is_read_and_a_pipe_is_refused_at_once() {
    let (_directory, folder) = folder();
    let path = folder.save(&snapshot(5)).unwrap();
    let mut text = fs::read(&path).unwrap();
    text.resize(usize::try_from(FILE_BYTES_MAX).unwrap(), b' ');
    fs::write(&path, &text).unwrap();
    assert_eq!(latest(&folder).snapshot, snapshot(5));
    text.push(b' ');
    fs::write(&path, &text).unwrap();
    let error = load_file(&path, Trust::Whole).unwrap_err();
    assert!(error.to_string().contains("more than the 33554432 bytes"), "{error}");
    fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let error = load_file(&path, Trust::Whole).unwrap_err();
    assert!(error.to_string().contains("a pipe"), "{error}");
}

#[test]
fn an_edited_boundary_is_accepted_with_the_name_it_had_and_another_run_is_not() {
    let (_directory, folder) = folder();
    let path = folder.save(&snapshot(10)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"boundary\": 10", "\"boundary\": 4")).unwrap();
    let edited = folder.load_latest_of(None, Trust::Edited).unwrap().unwrap();
    assert_eq!(edited.snapshot.boundary, Cycle(4));
    let other = RunId(Uuid::from_u128(8)).to_string();
    fs::write(&path, text.replace(&RUN.to_string(), &other)).unwrap();
    assert!(folder.load_latest_of(None, Trust::Edited).is_err());
}

#[test]
fn a_run_resumed_from_an_older_boundary_keeps_what_it_saves() {
    let directory = TempDir::new().unwrap();
    let folder = CheckpointFolder::open(directory.path(), 2).unwrap();
    for boundary in [30, 40, 10] {
        let path = folder.save(&snapshot(boundary)).unwrap();
        assert!(path.exists());
    }
    assert_eq!(boundaries(&folder), [10, 40]);
    assert_eq!(latest(&folder).snapshot, snapshot(10));
}

#[test]
fn leftovers_of_a_save_that_died_are_ignored_and_cleared_once_they_are_old() {
    let (_directory, folder) = folder();
    folder.save(&snapshot(10)).unwrap();
    let old = folder.folder.join(".checkpoint-abc.tmp");
    let fresh = folder.folder.join(".checkpoint-def.tmp");
    for path in [&old, &fresh] {
        fs::write(path, "{ half").unwrap();
    }
    let an_hour_ago = std::time::SystemTime::now() - Duration::from_secs(3_600);
    File::options().write(true).open(&old).unwrap().set_modified(an_hour_ago).unwrap();
    assert_eq!(latest(&folder).snapshot, snapshot(10));
    CheckpointFolder::open(&folder.folder, 10).unwrap();
    assert!(!old.exists() && fresh.exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = CheckpointFolder::open(file.join("checkpoints"), 10).unwrap_err();
    assert!(error.to_string().contains("file/checkpoints"), "{error}");
    let folder = CheckpointFolder::open(directory.path().join("removed"), 10).unwrap();
    fs::remove_dir(directory.path().join("removed")).unwrap();
    let error = folder.save(&snapshot(1)).unwrap_err();
    assert!(error.to_string().contains("removed"), "{error}");
    assert!(error.to_string().contains("permissions"), "{error}");
}

#[test]
fn saves_from_two_threads_get_names_of_their_own() {
    let (_directory, folder) = folder();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..5).for_each(|_| drop(folder.save(&snapshot(3)).unwrap())));
        }
    });
    assert_eq!(folder.list().unwrap().len(), 10);
}
