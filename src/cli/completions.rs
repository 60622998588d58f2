//! `cartload completions`: what a shell needs to complete this command line.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, ExitCode, Result, output};

/// Print a script that completes this command line.
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  cartload completions bash > ~/.local/share/bash-completion/completions/cartload
  cartload completions zsh > ~/.zfunc/_cartload
  cartload completions fish > ~/.config/fish/completions/cartload.fish")]
pub struct CompletionsArgs {
    /// For which shell
    pub shell: Shell,
}

/// Does it.
pub fn execute(args: &CompletionsArgs) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "cartload", &mut script);
    output::data(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::Ok)
}
