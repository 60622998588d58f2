//! The token that opens commands: given by the operator, or made at the start and left in a file
//! that only its owner can read. Compared in constant time; never shown.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::secret::Secret;
use crate::data_dir::DataDir;

/// The generated token's file in the data directory.
pub const TOKEN_FILE: &str = "web.token";

/// What is kept of a token: enough to know it again.
#[derive(Clone)]
pub struct Token([u8; 32]);

/// Why the generated token could not be left for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {cause}", path = path.display())]
pub struct TokenError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub cause: io::Error,
}

impl Token {
    /// The operator's own.
    pub fn of(secret: &Secret) -> Self {
        Self(digest(secret.expose()))
    }

    /// One of 256 random bits, written into [`TOKEN_FILE`], which is readable by its owner only.
    pub fn generate(data: &DataDir) -> Result<(Self, PathBuf), TokenError> {
        let bits: [u8; 32] = rand::random();
        let text: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = data.path().join(TOKEN_FILE);
        let write = || -> io::Result<()> {
            // A temporary file is its owner's only, and takes the old one's place whole.
            let mut file = tempfile::NamedTempFile::new_in(data.path())?;
            writeln!(file, "{text}")?;
            file.persist(&path)?;
            Ok(())
        };
        match write() {
            Ok(()) => Ok((Self(digest(&text)), path)),
            Err(cause) => Err(TokenError { path, cause }),
        }
    }

    /// Whether `given` is it. Takes the same time whatever is given: digests are compared.
    pub fn is(&self, given: &str) -> bool {
        bool::from(digest(given).ct_eq(&self.0))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_token_is_the_one_in_the_file_and_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let (token, path) = Token::generate(&data).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.trim().len(), 64);
        assert!(token.is(text.trim()) && !token.is(&text) && !token.is(""));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let (other, _) = Token::generate(&data).unwrap();
        assert!(!other.is(text.trim()), "each start has its own");
        assert_eq!(format!("{token:?}"), "Token(***)");
    }
}
