//! What stands in a checkpoint file: readable JSON, with a checksum over the snapshot's compact
//! form.
//!
//! The checksum is over the meaning, not the bytes: reformatting a file changes nothing, changing a
//! digit does.

use std::path::Path;

use actors::domain::snapshot::{SNAPSHOT_VERSION, Snapshot};
use actors::ports::checkpoint_file::CheckpointError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use text::visible;

/// A file as it is written and first read: the snapshot's form is not yet known.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<T> {
    checksum: String,
    snapshot: T,
}

/// The text of a checkpoint file.
pub fn write(path: &Path, snapshot: &Snapshot) -> Result<Vec<u8>, CheckpointError> {
    let unwritable = |error: serde_json::Error| malformed(path, &error);
    let snapshot = serde_json::to_value(snapshot).map_err(unwritable)?;
    let envelope = Envelope { checksum: checksum(&snapshot), snapshot };
    let mut text = serde_json::to_vec_pretty(&envelope).map_err(unwritable)?;
    text.push(b'\n');
    Ok(text)
}

/// Reads the text of the file at `path`. `accept_edited`: an operator changed it on purpose, the
/// checksum is not looked at.
pub fn read(path: &Path, text: &[u8], accept_edited: bool) -> Result<Snapshot, CheckpointError> {
    let envelope: Envelope<Value> =
        serde_json::from_slice(text).map_err(|error| malformed(path, &error))?;
    if !accept_edited && envelope.checksum != checksum(&envelope.snapshot) {
        return Err(CheckpointError::Checksum { path: path.to_owned() });
    }
    // Before the form: another version's form is none of ours.
    let version = envelope.snapshot.get("version").and_then(Value::as_u64);
    if let Some(found) = version.filter(|found| *found != u64::from(SNAPSHOT_VERSION)) {
        return Err(CheckpointError::Version {
            path: path.to_owned(),
            found: u32::try_from(found).unwrap_or(u32::MAX),
            expected: SNAPSHOT_VERSION,
        });
    }
    // Again from the text, and not from the value: only so an error knows its line.
    serde_json::from_slice::<Envelope<Snapshot>>(text)
        .map(|envelope| envelope.snapshot)
        .map_err(|error| malformed(path, &error))
}

/// SHA-256 of the settings' compact JSON, hexadecimal: whether a resumed run has the same ones.
pub fn config_hash(settings: &Value) -> String {
    let digest = Sha256::digest(settings.to_string().as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn checksum(snapshot: &Value) -> String {
    format!("crc32:{:08x}", crc32fast::hash(snapshot.to_string().as_bytes()))
}

fn malformed(path: &Path, error: &serde_json::Error) -> CheckpointError {
    CheckpointError::Malformed {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        cause: visible::cut(&error.to_string()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_hash_of_settings_depends_on_their_content_and_not_on_the_order_of_keys() {
        let hash = config_hash(&json!({ "rate": 50.0, "agents": 372 }));
        assert_eq!(hash.len(), 64);
        assert_eq!(hash, config_hash(&json!({ "agents": 372, "rate": 50.0 })));
        assert_ne!(hash, config_hash(&json!({ "agents": 372, "rate": 51.0 })));
    }

    #[test]
    fn the_hash_is_plain_sha_256() {
        let of_empty_object = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(config_hash(&json!({})), of_empty_object);
    }

    #[test]
    fn a_text_that_is_no_checkpoint_is_refused_with_line_and_column() {
        let path = Path::new("data/checkpoints/x.json");
        let error = read(path, b"{\n  \"checksum\": 3\n}", false).unwrap_err();
        assert!(error.to_string().contains("x.json: line 2, column 15"), "{error}");
        for text in [&b""[..], b"null", b"[]", b"\xff\xfe", b"{\"a\":1}"] {
            let error = read(path, text, true).unwrap_err();
            assert!(matches!(error, CheckpointError::Malformed { .. }), "{error}");
        }
        let deep = "[".repeat(1_000_000);
        assert!(read(path, deep.as_bytes(), true).is_err());
    }
}
