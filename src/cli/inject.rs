//! `cartload inject`: sends a developer's message to any actor of a live run.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use text::bounded_file;

use super::ctl::data_dir;
use super::{ExitCode, Failure, GlobalArgs, Result, output};
use crate::control::{Client, ControlError};
use crate::injection::{self, MESSAGE_CHARS_MAX};

const EXAMPLES: &str = "\
Examples:
  cartload inject 'Agent(\"agent_017\", Crash)'
  cartload inject 'CircuitBreaker(Trip(reason: \"drill\"))' --at-cycle 12
  cartload inject 'Shop(Fault(latency_ms: 800))'
  echo 'Session(4, Break(for_s: 30))' | cartload inject -
  cartload inject --list                      every message with an example

Each message is one row of `incidents` (kind injection). Codes: 0 delivered, 2 no such message, 8 no
run there, 9 the run refused it and says why.";

/// Send a message to any actor of a live run.
#[derive(Clone, Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct InjectArgs {
    /// The message, as RON; `-` reads it from stdin
    #[arg(value_name = "MESSAGE", required_unless_present_any = ["file", "list"])]
    pub message: Option<String>,
    /// Read the message from a file
    #[arg(long, value_name = "FILE", conflicts_with = "message")]
    pub file: Option<PathBuf>,
    /// Deliver it at the tick of this cycle, before any agent hears of it
    #[arg(long, value_name = "N")]
    pub at_cycle: Option<u32>,
    /// Print every message with an example and what it does
    #[arg(long, conflicts_with_all = ["message", "file", "at_cycle"])]
    pub list: bool,
    /// Answer as JSON on stdout
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &InjectArgs) -> Result {
    if args.list {
        return list(args.json);
    }
    let (origin, text) = match (&args.file, args.message.as_deref()) {
        (Some(file), _) => (file.display().to_string(), read_file(file)?),
        (None, Some("-")) => ("stdin".to_owned(), read(io::stdin().lock(), "stdin")?),
        (None, text) => ("message".to_owned(), text.unwrap_or_default().to_owned()),
    };
    // A mistake is found here, with its place, whether a run lives or not.
    injection::parse(&origin, &text).map_err(ControlError::Message)?;
    let mut run = Client::connect(&data_dir(global)?)?;
    let done = run.inject(&text, args.at_cycle)?;
    output::data(&if args.json { serde_json::to_string(&done)? } else { done.message })?;
    Ok(ExitCode::Ok)
}

fn list(json: bool) -> Result {
    let text = match json {
        true => {
            let messages: Vec<_> = injection::examples()
                .map(|e| serde_json::json!({ "message": e.message, "effect": e.effect }))
                .collect();
            serde_json::to_string(&messages)?
        }
        false => {
            let rows: Vec<_> = injection::examples()
                .map(|example| vec![example.message.to_owned(), example.effect.to_owned()])
                .collect();
            output::table(&rows)
        }
    };
    output::data(&text)?;
    Ok(ExitCode::Ok)
}

fn read_file(path: &Path) -> Result<String> {
    let text = bounded_file::text(path, bytes_max());
    text.map_err(Failure::during(ExitCode::Usage, path.display().to_string()))
}

/// One character above what a message may have is enough to refuse it.
fn bytes_max() -> u64 {
    4 * (MESSAGE_CHARS_MAX as u64 + 1)
}

fn read(from: impl Read, origin: &str) -> Result<String> {
    let mut text = String::new();
    let read = from.take(bytes_max()).read_to_string(&mut text);
    let unread = Failure::during(ExitCode::Usage, format!("{origin}: it cannot be read"));
    read.map_err(unread)?;
    Ok(text)
}
