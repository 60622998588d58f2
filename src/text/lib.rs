//! Text in and out: files up to a size, RON whose mistakes have a place, numbers as people read
//! them, stdout without dying of a closed pipe, and no secret in any of it.

pub mod bounded_file;
pub mod output;
pub mod redaction;
pub mod ron_text;
pub mod units;
pub mod visible;
