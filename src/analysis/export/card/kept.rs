//! Scorecards of ended runs for data cards, kept in files: the rows of such a run do not change,
//! and to score it reads all of them.
//!
//! A file's name holds what its content hangs on: release, bands, the run's row and its hours. One
//! that does not fit is made anew, and nothing depends on whether one can be written.

use std::fs;
use std::path::{Path, PathBuf};

use questions::Ask;
use sha2::{Digest, Sha256};

use super::lifelike::{self, CardDimension};
use crate::export::ExportError;
use crate::export::place::write_file;
use crate::export::scope::Scope;
use crate::realism;
use crate::realism::yardstick::Yardstick;

/// Bytes of the hash in a file's name.
const NAME_BYTES: usize = 8;

/// The dimensions of a run: the kept ones where they fit, else reckoned, and kept if it has ended.
pub async fn dimensions(
    store: &impl Ask,
    scope: &Scope,
    yardstick: &Yardstick,
    folder: Option<&Path>,
) -> Result<Vec<CardDimension>, ExportError> {
    let folder = folder.filter(|_| scope.run.state.is_end());
    let path = folder.map(|folder| folder.join(name(scope, yardstick)));
    if let Some(kept) = path.as_deref().and_then(read) {
        return Ok(kept);
    }
    let scorecard = realism::score(store, &scope.run, yardstick).await?;
    let dimensions = lifelike::of(&scorecard);
    if let Some(path) = path {
        keep(&path, &dimensions);
    }
    Ok(dimensions)
}

/// `RUN-0123456789abcdef.json`.
fn name(scope: &Scope, yardstick: &Yardstick) -> PathBuf {
    let hangs_on = format!(
        "{} {yardstick:?} {:?} {:?}",
        env!("CARGO_PKG_VERSION"),
        scope.run,
        scope.canonical
    );
    let hash = Sha256::digest(hangs_on.as_bytes());
    let hash: String = hash.iter().take(NAME_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{hash}.json", scope.run_id).into()
}

fn read(path: &Path) -> Option<Vec<CardDimension>> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn keep(path: &Path, dimensions: &[CardDimension]) {
    let (Some(folder), Ok(text)) = (path.parent(), serde_json::to_string(dimensions)) else {
        return;
    };
    // The data directory itself is made by runs: where there is none nothing is kept. A folder that
    // takes nothing costs the next export the same sums again.
    let _ = fs::create_dir(folder);
    let _ = write_file(path, true, &text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realism::band::Band;
    use crate::realism::measure::Measure;

    #[test]
    fn what_is_kept_is_read_to_the_last_digit_and_damage_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scorecards").join("run.json");
        let dimension = CardDimension {
            name: Measure::HourOfDay,
            value: Some(29.50819672131147),
            sampling_error: Some(9.206641935059409),
            unit: "".into(),
            denominator: "orders".into(),
            n: 7,
            band: Band::new(0.0, 1.0 / 3.0),
            verdict: "met".into(),
        };
        assert_eq!(read(&path), None);
        keep(&path, std::slice::from_ref(&dimension));
        assert_eq!(read(&path), Some(vec![dimension.clone()]));
        fs::write(&path, "[{").unwrap();
        assert_eq!(read(&path), None);
        keep(&path, std::slice::from_ref(&dimension));
        assert_eq!(read(&path), Some(vec![dimension]));
        // No data directory: nothing is made.
        let nowhere = folder.path().join("none").join("scorecards").join("run.json");
        keep(&nowhere, &[]);
        assert!(!folder.path().join("none").exists());
    }
}
