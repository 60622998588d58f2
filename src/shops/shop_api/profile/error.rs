//! Why a profile was refused.

use std::path::PathBuf;

use text::ron_text::RonError;
use text::visible;

use super::Profile;

/// Why a profile was refused. None carries a secret: profiles have none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not RON, or not of a profile's form.
    #[error(transparent)]
    Form(#[from] RonError),
    /// The file cannot be read.
    #[error("shop profile {path}: {cause}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// No such profile in the binary.
    #[error("no shop profile `{name}`: the built-in ones are {known}; or give a file, as ./my.ron")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Well-formed, but it cannot work.
    #[error("{origin}: {}: {}", visible::cut(key), visible::cut(problem))]
    Semantic {
        /// The file, or what the text came from.
        origin: String,
        /// The key, as `steps.checkout.path`.
        key: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

impl ProfileError {
    pub(super) fn unknown(name: String) -> Self {
        let known = Profile::builtin_names().collect::<Vec<_>>().join(", ");
        Self::Unknown { name, known }
    }
}
