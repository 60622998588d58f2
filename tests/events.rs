//! `cartload events`: what is exported is what the database holds, in every form; what was run
//! again is told apart, with its reason.
//!
//! One clean run and one that was killed and resumed are made once; the tests read them.

mod answers;
pub mod backends;
mod commands;
mod days;
mod formats;
mod histories;
mod learning;
mod payloads;
mod readers;
mod replays;
mod shown;
mod whole;

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::binary::Place;

static CLEAN: OnceLock<Place> = OnceLock::new();
static INTERRUPTED: OnceLock<Place> = OnceLock::new();

/// A finished run of a day and a half with orders and redeemed coupons.
pub fn clean() -> &'static Place {
    CLEAN.get_or_init(|| {
        let place = Place::new();
        let args = ["run", "--agents", "25", "--cycles", "18", "--time-scale", "max"];
        let more = ["--rate", "unlimited", "--warm-up", "off", "--start", "2026-01-05T14:00"];
        place.expect(0, &[&args[..], &more[..]].concat());
        for table in ["orders", "coupon_interactions WHERE assignment_id IS NOT NULL"] {
            assert!(place.count(table) > 2, "{table}");
        }
        place
    })
}

/// A run that was killed with visits open, past its checkpoint, and resumed to its end.
pub fn interrupted() -> &'static Place {
    INTERRUPTED.get_or_init(|| {
        let place = Place::new();
        let begin = ["run", "--agents", "25", "--time-scale", "max", "--rate", "unlimited"];
        let more = ["--warm-up", "off", "--start", "2026-01-05T14:00", "--cycles", "500"];
        let mut command = place.command(&[&begin[..], &more[..]].concat());
        command.env("CARTLOAD_CHECKPOINTS_EVERY_CYCLES", "4");
        let process = place.start_of(&mut command);
        place.wait_for("shopping_sessions WHERE cycle >= 6 AND status = 'active'");
        process.kill();
        let reached: i64 = place.count("(SELECT DISTINCT cycle FROM shopping_sessions)");
        place.expect(0, &["resume", "--cycles", &(reached + 3).to_string(), "--quiet"]);
        place
    })
}

/// The rows that these options print, as JSON.
#[track_caller]
fn rows(place: &Place, args: &[&str]) -> Vec<Value> {
    let (out, _) = place.expect(0, &[&["events", "--json"][..], args].concat());
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The sum of a column.
fn sum(rows: &[Value], column: &str) -> i64 {
    rows.iter().map(|row| row[column].as_i64().unwrap_or(0)).sum()
}

/// Rows by the text of a column.
fn by<'a>(rows: &'a [Value], column: &str) -> HashMap<&'a str, Vec<&'a Value>> {
    let mut found: HashMap<&str, Vec<&Value>> = HashMap::new();
    for row in rows {
        found.entry(row[column].as_str().unwrap_or_default()).or_default().push(row);
    }
    found
}
