//! `cartload profile`: the profiles that there are, a first draft of your own, and whether it can
//! work.

mod init;

mod trying;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use shops::shop_api::profile::Profile;
use text::bounded_file::{self, WRITTEN_BYTES_MAX};

use super::{ExitCode, Failure, GlobalArgs, Result, output};

/// Look at profiles of shops, begin your own, check it and try it.
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  cartload profile list                     the profiles in the binary
  cartload profile show practice > my.ron   one of them, to start your own from
  cartload profile init --openapi https://shop.example/openapi.json --output my.ron
                                            a draft of one, from what the shop says of itself
  cartload profile check my.ron             every mistake of it, without a shop
  cartload profile try my.ron --api https://shop.example   one visit by it; it orders something
How they are written: docs/profiles.md")]
pub struct ProfileArgs {
    /// What to do.
    #[command(subcommand)]
    command: ProfileCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum ProfileCommand {
    /// Print the names of the profiles in the binary
    List {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Print the text of one of them
    Show {
        /// Which
        name: String,
    },
    /// Begin a profile from an OpenAPI document: fill in what it says, mark the rest
    #[command(before_help = init::EXAMPLES)]
    Init(init::InitArgs),
    /// Check a profile without a shop: every mistake with its key, not the first alone; code 3
    Check {
        /// The file
        file: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Visit a shop once by a profile, without a run: what each call was and meant, refusals that
    /// are provoked on purpose, the order's arithmetic; code 5 where something does not work
    #[command(before_help = trying::EXAMPLES)]
    Try(Box<trying::TryArgs>),
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &ProfileArgs) -> Result {
    match &args.command {
        ProfileCommand::List { json } => list(*json),
        ProfileCommand::Show { name } => show(name),
        ProfileCommand::Init(args) => init::execute(args),
        ProfileCommand::Check { file, json } => check(file, *json),
        ProfileCommand::Try(args) => trying::execute(global, args),
    }
}

fn list(json: bool) -> Result {
    let names: Vec<&str> = Profile::builtin_names().collect();
    output::data(&if json { serde_json::to_string(&names)? } else { names.join("\n") })?;
    Ok(ExitCode::Ok)
}

fn show(name: &str) -> Result {
    let text = Profile::builtin_text(name).ok_or_else(|| {
        let known = Profile::builtin_names().collect::<Vec<_>>().join(", ");
        let problem = format!("no profile `{name}` in the binary: there are {known}");
        Failure::new(ExitCode::Usage, problem)
    })?;
    output::data(text.trim_end())?;
    Ok(ExitCode::Ok)
}

fn check(file: &Path, json: bool) -> Result {
    let origin = file.display().to_string();
    let text = bounded_file::text(file, WRITTEN_BYTES_MAX)
        .map_err(|unread| Failure::new(ExitCode::Config, format!("{origin}: {unread}")))?;
    let mistakes: Vec<String> =
        Profile::mistakes(&origin, &text).iter().map(ToString::to_string).collect();
    if json {
        let report = json!({ "file": origin, "fine": mistakes.is_empty(), "mistakes": mistakes });
        output::data(&report.to_string())?;
    } else if mistakes.is_empty() {
        output::data(&format!("{origin}: fine"))?;
    }
    match (mistakes.is_empty(), json) {
        (true, _) => Ok(ExitCode::Ok),
        (false, true) => Ok(ExitCode::Config),
        (false, false) => {
            mistakes.iter().for_each(|mistake| output::message(mistake));
            let count = mistakes.len();
            let says =
                if count == 1 { "a mistake".to_owned() } else { format!("{count} mistakes") };
            Err(Failure::new(ExitCode::Config, format!("{origin}: {says}")))
        }
    }
}
