//! What was run again, and why: read from the incidents that the run wrote down.
//!
//! A process that dies writes nothing. That a crash was the cause is known from the rows it left
//! open (end_reason crash), and else from the silence.

use chrono::NaiveDateTime;
use ports::store::StoreError;
use questions::incidents::NoteRow;
use questions::replays::RowsRow;
use questions::runs::KnownRun;
use questions::{Ask, incidents, replays};
use serde_json::Value as Json;

use super::query::begin_of;
use super::value::{Value, micros};

/// What led to a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The run froze.
    Freeze,
    /// The process died.
    Crash,
    /// The run was stopped inside a cycle.
    Stop,
}

impl Cause {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Crash => "crash",
            Self::Stop => "stop",
        }
    }
}

/// One replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Its number, as in column `replay`.
    pub number: i32,
    /// The first cycle run again.
    pub first: i32,
    /// The last one.
    pub last: i32,
    /// Simulated begin of the first cycle.
    pub simulated_at: NaiveDateTime,
    /// Wall clock, microseconds.
    pub recorded_at: i64,
    /// What led to it.
    pub cause: Cause,
    /// In words.
    pub words: String,
    /// The checkpoint's file; `None` within a process.
    pub checkpoint: Option<String>,
    /// The checkpoint's cycle.
    pub boundary: Option<i32>,
    /// Rows of the attempts before it that broke.
    pub broken_flows: i64,
    /// Rows of the replay itself.
    pub replayed_flows: i64,
}

/// An incident that a replay may follow from.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// freeze, resume or replay.
    pub kind: String,
    /// In words.
    pub message: String,
    /// Details.
    pub detail: Json,
    /// Wall clock, microseconds.
    pub recorded_at: i64,
}

/// A replay as the incidents tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    number: i32,
    first: i32,
    last: i32,
    recorded_at: i64,
    freeze: Option<String>,
    checkpoint: Option<String>,
    boundary: Option<i32>,
}

/// The run's replays, in order.
pub async fn load(store: &impl Ask, run: &KnownRun) -> Result<Vec<Replay>, StoreError> {
    let notes: Vec<Note> =
        store.ask(incidents::notes(run.run_id)).await?.into_iter().map(Note::of).collect();
    let mut replays = Vec::new();
    for told in told(&notes) {
        let asked = replays::rows(run.run_id, told.number, (told.first, told.last));
        let rows = store.ask(asked).await?.into_iter().next().unwrap_or_default();
        replays.push(told.judged(run.simulated_start, rows));
    }
    Ok(replays)
}

impl Note {
    fn of(row: NoteRow) -> Self {
        let NoteRow { kind, message, detail, recorded_at } = row;
        let detail = serde_json::from_str(&detail).unwrap_or(Json::Null);
        Self { kind, message, detail, recorded_at: micros(recorded_at) }
    }
}

/// Which replays the notes tell of. A resume takes the freeze before it along, whether or not
/// something is run again.
fn told(notes: &[Note]) -> Vec<Told> {
    let mut replays = Vec::new();
    let (mut freeze, mut opened) = (None, None);
    let mut checkpoint: (Option<String>, Option<i32>) = (None, None);
    for note in notes {
        let number = |key: &str| {
            note.detail.get(key).and_then(Json::as_i64).and_then(|n| i32::try_from(n).ok())
        };
        let file = note.detail.get("checkpoint").and_then(Json::as_str).map(str::to_owned);
        match note.kind.as_str() {
            "freeze" => {
                // One that comes back frozen repeats what was said before.
                freeze.get_or_insert_with(|| note.message.clone());
                checkpoint = (file, number("boundary"));
            }
            "resume" => {
                opened = freeze.take();
                if file.is_some() {
                    checkpoint = (file, number("boundary"));
                }
            }
            _ => {
                let cycles = (number("first"), number("last"), number("replay"));
                if let (Some(first), Some(last), Some(number)) = cycles {
                    // A resume in the same process is noted after its replay.
                    let freeze = opened.take().or_else(|| freeze.take());
                    let recorded_at = note.recorded_at;
                    let (checkpoint, boundary) = std::mem::take(&mut checkpoint);
                    replays.push(Told {
                        number,
                        first,
                        last,
                        recorded_at,
                        freeze,
                        checkpoint,
                        boundary,
                    });
                }
            }
        }
    }
    replays
}

impl Told {
    fn judged(self, start: NaiveDateTime, rows: RowsRow) -> Replay {
        let RowsRow { replayed, broken, crashed, stopped } = rows;
        let (cause, words) = match &self.freeze {
            Some(message) => (Cause::Freeze, message.clone()),
            None if crashed > 0 => {
                (Cause::Crash, format!("crash: the process died with {crashed} visits open"))
            }
            None if stopped > 0 => {
                (Cause::Stop, format!("stop: {stopped} visits were ended inside their cycle"))
            }
            None => (
                Cause::Crash,
                "crash: the process ended after its last checkpoint, or an older checkpoint was \
                 chosen"
                    .to_owned(),
            ),
        };
        Replay {
            number: self.number,
            first: self.first,
            last: self.last,
            simulated_at: begin_of(start, self.first),
            recorded_at: self.recorded_at,
            cause,
            words,
            checkpoint: self.checkpoint,
            boundary: self.boundary,
            broken_flows: broken,
            replayed_flows: replayed,
        }
    }
}

impl Replay {
    /// A row of table `replays`.
    pub fn row(&self, run_id: &str) -> Vec<Value> {
        vec![
            Value::Text(run_id.to_owned()),
            Value::Integer(self.number.into()),
            Value::Integer(self.first.into()),
            Value::Integer(self.last.into()),
            Value::Instant(micros(self.simulated_at)),
            Value::Instant(self.recorded_at),
            Value::Text(self.cause.as_str().to_owned()),
            Value::Text(self.words.clone()),
            Value::of_text(self.checkpoint.clone()),
            self.boundary.map_or(Value::Null, |cycle| Value::Integer(cycle.into())),
            Value::Integer(self.broken_flows),
            Value::Integer(self.replayed_flows),
        ]
    }

    /// One line for people.
    pub fn line(&self) -> String {
        let cycles = match self.last - self.first {
            0 => format!("cycle {}", self.first),
            _ => format!("cycles {}-{}", self.first, self.last),
        };
        let from = match &self.checkpoint {
            Some(file) => format!("from {file}"),
            None => "in the same process".to_owned(),
        };
        format!(
            "replay {}: {cycles} run again {from}; why: {} ({} rows of broken attempts stay, {} \
             rows are the replay's)",
            self.number, self.words, self.broken_flows, self.replayed_flows
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn note(kind: &str, message: &str, detail: Json) -> Note {
        Note { kind: kind.into(), message: message.into(), detail, recorded_at: 7 }
    }

    fn replay(number: i32, first: i32, last: i32) -> Note {
        note("replay", "again", json!({ "replay": number, "first": first, "last": last }))
    }

    #[test]
    fn a_freeze_explains_the_replay_after_its_resume() {
        let notes = [
            note("freeze", "frozen: 19 of 372", json!({})),
            note("resume", "an operator", json!({})),
            replay(1, 4, 4),
        ];
        let told = told(&notes);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].number, told[0].first, told[0].last), (1, 4, 4));
        assert_eq!(told[0].freeze.as_deref(), Some("frozen: 19 of 372"));
        assert_eq!(told[0].checkpoint, None);
    }

    #[test]
    fn a_freeze_explains_a_replay_that_was_noted_before_its_resume() {
        let notes = [
            note("freeze", "frozen: 19 of 372", json!({})),
            replay(1, 67, 67),
            note("resume", "an operator", json!({})),
            replay(2, 90, 94),
        ];
        let told = told(&notes);
        assert_eq!(told[0].freeze.as_deref(), Some("frozen: 19 of 372"));
        assert_eq!(told[1].freeze, None);
    }

    #[test]
    fn a_freeze_at_a_boundary_does_not_explain_a_later_crash() {
        let notes = [
            note("freeze", "frozen at a boundary", json!({})),
            note("resume", "an operator", json!({})),
            note("resume", "goes on", json!({ "checkpoint": "c-20.json", "boundary": 20 })),
            replay(2, 20, 23),
        ];
        let told = told(&notes);
        assert_eq!(told[0].freeze, None);
        assert_eq!(told[0].checkpoint.as_deref(), Some("c-20.json"));
        assert_eq!(told[0].boundary, Some(20));
    }

    #[test]
    fn one_that_came_back_frozen_keeps_its_first_reason_and_its_checkpoint() {
        let notes = [
            note("freeze", "frozen: outage", json!({})),
            note("freeze", "came back frozen: outage", json!({ "checkpoint": "c-4.json" })),
            note("resume", "an operator", json!({ "was": null })),
            replay(3, 4, 4),
            note("resume", "goes on", json!({ "checkpoint": "c-9.json" })),
            replay(4, 9, 9),
        ];
        let told = told(&notes);
        assert_eq!(told[0].freeze.as_deref(), Some("frozen: outage"));
        assert_eq!(told[0].checkpoint.as_deref(), Some("c-4.json"));
        assert_eq!(told[1].freeze, None);
        assert_eq!(told[1].checkpoint.as_deref(), Some("c-9.json"));
    }

    #[test]
    fn without_a_freeze_the_rows_tell_a_crash_from_a_stop() {
        let told = told(&[replay(1, 4, 5)]).remove(0);
        let judge = |broken, crashed, stopped| {
            let rows = RowsRow { replayed: 9, broken, crashed, stopped };
            told.clone().judged(NaiveDateTime::default(), rows)
        };
        assert_eq!(judge(5, 2, 3).cause, Cause::Crash);
        assert_eq!(judge(5, 0, 3).cause, Cause::Stop);
        assert_eq!(judge(0, 0, 0).cause, Cause::Crash);
        assert!(judge(0, 0, 0).words.contains("older checkpoint"));
        assert_eq!((judge(5, 2, 3).broken_flows, judge(5, 2, 3).replayed_flows), (5, 9));
    }
}
