//! The binary: one crypto provider, one command, one exit code.

use actors::failpoint;
use cartload::cli::{self, Cli, ExitCode};
use clap::Parser;
use text::output;

fn main() -> std::process::ExitCode {
    // awc and the database's TLS must find exactly one provider; a second installation is refused.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        output::message("error: a crypto provider was installed before ring");
        return ExitCode::Unexpected.into();
    }
    if let Err(error) = failpoint::arm() {
        output::message(&format!("error: {error}"));
        return ExitCode::Usage.into();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(asked) => {
            // Help and version are answers, on stdout; the rest is usage.
            let _ = asked.print();
            return if asked.use_stderr() { ExitCode::Usage.into() } else { ExitCode::Ok.into() };
        }
    };
    match cli::execute(cli) {
        Ok(code) => code.into(),
        Err(failure) => {
            failure.lines().iter().for_each(|line| output::message(line));
            failure.code().into()
        }
    }
}
