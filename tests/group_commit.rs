//! Flows of a run share the COMMITs of its SQLite file: counted in the write-ahead log, the file's
//! own book of what was committed.

use std::fs;
use std::path::Path;

use diesel::connection::SimpleConnection;

use crate::support::binary::Place;

#[test]
fn a_whole_run_makes_fewer_commits_than_flows() {
    let place = Place::new();
    place.expect(0, &["migrate"]);
    // Without a checkpoint the log keeps each frame of the run: nothing is copied back while this
    // reader looks at the file as it was before.
    let mut reader = place.sqlite();
    reader.batch_execute("BEGIN; SELECT count(*) FROM runs;").unwrap();
    let run = ["run", "--mock-api", "--time-scale", "max", "--rate", "unlimited"];
    place.expect(0, &[&run[..], &["--cycles", "6", "--warm-up", "off", "--json"]].concat());
    let commits = commits(&place.data().join("cartload.db-wal"));
    drop(reader);
    let flows = place.count("shopping_sessions");
    assert!(flows > 600, "{flows} flows are enough to share");
    assert!(commits > 6, "each cycle commits at least its row: {commits}");
    assert!(commits * 4 < flows, "{commits} commits for {flows} flows");
}

/// Frames that end a transaction: <https://www.sqlite.org/fileformat2.html#walformat>.
fn commits(log: &Path) -> i64 {
    const HEADER: usize = 32;
    const FRAME_HEADER: usize = 24;
    let bytes = fs::read(log).unwrap();
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let page_size = usize::try_from(number(8)).unwrap();
    let salt = (number(16), number(20));
    let frames = (HEADER..).step_by(FRAME_HEADER + page_size);
    let whole = frames.take_while(|at| at + FRAME_HEADER + page_size <= bytes.len());
    let current = whole.take_while(|at| (number(at + 8), number(at + 12)) == salt);
    i64::try_from(current.filter(|at| number(at + 4) != 0).count()).unwrap()
}
