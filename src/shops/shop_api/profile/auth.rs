//! How a caller proves who it is. The profile says where a secret is, never the secret.

use std::path::PathBuf;

use serde::Deserialize;

use super::template::Template;

/// One way to prove who calls.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer <template>`; no secret is needed.
    DevToken(
        /// As `dev:{agent_id}`.
        Template,
    ),
    /// `Authorization: Bearer <JWT>`, HS256, one for each agent.
    Jwt(Jwt),
    /// `Authorization: Bearer <secret>`, the same for all.
    Bearer(SecretSource),
}

/// What is in the tokens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// `aud`.
    pub aud: String,
    /// `email`.
    pub email: Template,
    /// What they are signed with.
    pub secret: SecretSource,
}

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSource {
    /// The environment variable that holds it; the variable with `_FILE` after its name may name a
    /// file instead.
    pub env: String,
    /// A file that holds it, where neither variable is set.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// What it must be, as `the server's SUPABASE_JWT_SECRET`; said where it is missing or refused.
    #[serde(default)]
    pub is: Option<String>,
}

impl SecretSource {
    /// What it must be.
    pub fn meaning(&self) -> &str {
        self.is.as_deref().unwrap_or("the server's own secret")
    }
}

impl Auth {
    /// Where its secret is, if it needs one.
    pub fn secret(&self) -> Option<&SecretSource> {
        match self {
            Self::None | Self::DevToken(_) => None,
            Self::Jwt(jwt) => Some(&jwt.secret),
            Self::Bearer(source) => Some(source),
        }
    }

    /// The template whose placeholders the caller must fill, if there is one.
    pub fn template(&self) -> Option<&Template> {
        match self {
            Self::None | Self::Bearer(_) => None,
            Self::DevToken(template) => Some(template),
            Self::Jwt(jwt) => Some(&jwt.email),
        }
    }
}
