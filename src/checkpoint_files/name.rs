//! The names of checkpoint files: `checkpoint-<run>-<boundary>-<sequence>.json`, numbers padded, so
//! that a listing of the folder is in order.

use std::fmt;
use std::str::FromStr;

use actors::domain::cycle::Cycle;
use actors::domain::ids::RunId;
use uuid::Uuid;

/// What every checkpoint's name begins with.
pub const PREFIX: &str = "checkpoint-";
/// What every checkpoint's name ends with.
pub const SUFFIX: &str = ".json";
/// What a file's name begins with until it is whole.
pub const TEMP_PREFIX: &str = ".checkpoint-";
/// What a file's name ends with until it is whole.
pub const TEMP_SUFFIX: &str = ".tmp";

/// No folder has more checkpoints behind it: what is counted higher was put there by hand, and
/// would be the newest for ever.
const SEQUENCE_MAX: u64 = 1_000_000_000_000;

/// A checkpoint's name. Ordered as a listing of the folder is: by run, boundary, sequence. Which
/// one is the newest the sequence alone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckpointName {
    /// The run.
    pub run_id: RunId,
    /// The next cycle to run.
    pub boundary: Cycle,
    /// Counts the checkpoints of the folder as they are written, from 1, over all runs.
    pub sequence: u64,
}

/// A name that no checkpoint has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a checkpoint's name is checkpoint-<run>-<boundary>-<sequence>.json")]
pub struct NameError;

impl fmt::Display for CheckpointName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run_id, boundary, sequence } = self;
        write!(f, "{PREFIX}{run_id}-{:010}-{sequence:06}{SUFFIX}", boundary.0)
    }
}

impl FromStr for CheckpointName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let stem = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
        let mut parts = stem.ok_or(NameError)?.rsplitn(3, '-');
        let mut part = || parts.next().ok_or(NameError);
        let sequence: u64 = part()?.parse().map_err(|_| NameError)?;
        if sequence > SEQUENCE_MAX {
            return Err(NameError);
        }
        let boundary = Cycle(part()?.parse().map_err(|_| NameError)?);
        let run_id = RunId(Uuid::parse_str(part()?).map_err(|_| NameError)?);
        let parsed = Self { run_id, boundary, sequence };
        // One name, one spelling: `+1` and other forms of a uuid would be a second one.
        if parsed.to_string() == name { Ok(parsed) } else { Err(NameError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(boundary: u32, sequence: u64) -> CheckpointName {
        CheckpointName { run_id: RunId(Uuid::max()), boundary: Cycle(boundary), sequence }
    }

    #[test]
    fn a_name_is_read_back_as_it_was_written() {
        for name in [name(0, 1), name(26_280, 2_628), name(u32::MAX, SEQUENCE_MAX)] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
    }

    #[test]
    fn names_sort_as_texts_as_they_do_as_checkpoints() {
        assert!(name(9, 30) < name(10, 2) && name(9, 30).to_string() < name(10, 2).to_string());
        assert!(name(10, 9) < name(10, 10) && name(10, 9).to_string() < name(10, 10).to_string());
    }

    #[test]
    fn other_names_are_refused() {
        let good = name(3, 4).to_string();
        for bad in [
            "",
            "checkpoint-.json",
            "notes.json",
            &good.replace(".json", ".json.bak"),
            &good.replace("000003", "+00003"),
            &good.to_uppercase(),
            &good.replace(".json", "-copy.json"),
            &name(3, SEQUENCE_MAX + 1).to_string(),
            &name(3, u64::MAX).to_string(),
        ] {
            assert_eq!(bad.parse::<CheckpointName>(), Err(NameError), "{bad}");
        }
    }
}
