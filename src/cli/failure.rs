//! Why a command failed: what is said of it, and the code of the process.

use std::error::Error;

use super::exit_code::{ExitCode, HasCode};

/// What a command answers.
pub type Result<T = ExitCode, E = Failure> = std::result::Result<T, E>;

/// An error and its code. Made by `?` from every error that has one.
#[derive(Debug)]
pub struct Failure {
    code: ExitCode,
    error: Box<dyn Error + Send + Sync>,
}

/// What said no, and while what was tried.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
struct During {
    what: String,
    source: Box<dyn Error + Send + Sync>,
}

impl Failure {
    /// Said by the command itself.
    pub fn new(code: ExitCode, text: impl Into<String>) -> Self {
        Self { code, error: text.into().into() }
    }

    /// Something said no while `what` was tried.
    pub fn during<E: Into<Box<dyn Error + Send + Sync>>>(
        code: ExitCode,
        what: impl Into<String>,
    ) -> impl FnOnce(E) -> Self {
        move |source| Self {
            code,
            error: Box::new(During { what: what.into(), source: source.into() }),
        }
    }

    /// What the process ends with.
    pub fn code(&self) -> ExitCode {
        self.code
    }

    /// The error, then each cause that is not said already: a transparent error repeats its cause.
    pub fn lines(&self) -> Vec<String> {
        let mut said = self.error.to_string();
        let mut lines = vec![format!("error: {said}")];
        let mut cause = self.error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !said.contains(&text) {
                lines.push(format!("  caused by: {text}"));
                said = text;
            }
            cause = error.source();
        }
        lines
    }
}

impl<E: HasCode> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { code: error.code(), error: Box::new(error) }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use actors::coordinator::messages::StartError;
    use actors::ports::store::StoreError;

    use super::*;
    use crate::running::RunError;

    #[test]
    fn an_error_brings_its_code_and_says_each_cause_once() {
        let failure = Failure::from(RunError::Start(StartError::Store(StoreError::Closed)));
        assert_eq!(failure.code(), ExitCode::Database);
        assert_eq!(failure.lines(), [format!("error: {}", StoreError::Closed)]);
        let failure = Failure::from(RunError::PracticeShopOpen(io::Error::other("in use")));
        assert_eq!(failure.code(), ExitCode::Unexpected);
        assert_eq!(failure.lines(), ["error: closing the practice shop", "  caused by: in use"]);
        let failure = Failure::during(ExitCode::Usage, "none.ron")(io::Error::other("not there"));
        assert_eq!(failure.lines(), ["error: none.ron", "  caused by: not there"]);
    }
}
