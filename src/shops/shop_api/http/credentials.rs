//! The secrets that a profile needs: from the environment, or from files that it names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use text::bounded_file::{self, SECRET_BYTES_MAX};

use super::setup::{ShopOptions, ShopSetupError, choose_auth};
use crate::shop_api::profile::{Profile, SecretSource, Var};

/// The secret of the chosen strategy, where it needs one.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// Shown by nothing.
    pub secret: Option<SecretString>,
    /// Those of the profile's variables, by name.
    pub vars: BTreeMap<Arc<str>, SecretString>,
}

impl Credentials {
    /// The secret that the chosen strategy of `profile` needs, from the process's environment or a
    /// file; none where it needs none.
    pub fn from_environment(
        profile: &Profile,
        options: &ShopOptions,
    ) -> Result<Self, ShopSetupError> {
        Self::find(profile, options, &|name| std::env::var(name).ok())
    }

    /// As [`from_environment`](Self::from_environment), with variables from `variable`.
    pub fn find(
        profile: &Profile,
        options: &ShopOptions,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ShopSetupError> {
        let (name, auth) = choose_auth(profile, options)?;
        let find = |what: &str, source: &SecretSource| {
            let found = found(source, variable)?.filter(|secret| !secret.is_empty());
            found.map(SecretString::from).ok_or_else(|| no_secret(profile, what, source))
        };
        let secret = auth.secret().map(|source| find(&format!("auth `{name}`"), source));
        let vars = profile.vars.iter().filter_map(|(name, var)| match var {
            Var::Text(_) => None,
            Var::Secret(source) => {
                let secret = find(&format!("vars.{name}"), source);
                Some(secret.map(|secret| (Arc::clone(name), secret)))
            }
        });
        Ok(Self { secret: secret.transpose()?, vars: vars.collect::<Result<_, _>>()? })
    }
}

fn found(
    source: &SecretSource,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<String>, ShopSetupError> {
    let secret = variable(&source.env).filter(|value| !value.is_empty());
    let file = variable(&format!("{}_FILE", source.env)).map(PathBuf::from);
    match (secret, file.as_ref().or(source.file.as_ref())) {
        (Some(secret), _) => Ok(Some(secret)),
        (None, Some(file)) => read_secret(file).map(Some),
        (None, None) => Ok(None),
    }
}

fn read_secret(path: &Path) -> Result<String, ShopSetupError> {
    let text = bounded_file::text(path, SECRET_BYTES_MAX);
    text.map(|text| text.trim_end().to_owned()).map_err(|unread| ShopSetupError::SecretFile {
        path: path.to_owned(),
        cause: unread.to_string(),
    })
}

pub(super) fn no_secret(profile: &Profile, what: &str, source: &SecretSource) -> ShopSetupError {
    ShopSetupError::NoSecret {
        shop: profile.name.clone(),
        what: what.to_owned(),
        env: source.env.clone(),
        meaning: source.meaning().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_comes_from_its_variable_or_a_file() {
        let profile = Profile::builtin("voiceoffers").unwrap();
        let find = |variable: &dyn Fn(&str) -> Option<String>| {
            Credentials::find(&profile, &ShopOptions::default(), variable)
        };
        let from_env = find(&|name| (name == "CARTLOAD_SHOP_JWT_SECRET").then(|| "s3".into()));
        assert_eq!(from_env.unwrap().secret.unwrap().expose_secret(), "s3");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from-file\n").unwrap();
        let path = file.path().display().to_string();
        let from_file =
            find(&|name| (name == "CARTLOAD_SHOP_JWT_SECRET_FILE").then(|| path.clone()));
        assert_eq!(from_file.unwrap().secret.unwrap().expose_secret(), "from-file");
        assert!(matches!(find(&|_| None), Err(ShopSetupError::NoSecret { .. })));
        let nowhere = find(&|name| name.ends_with("_FILE").then(|| "/nowhere/x".into()));
        assert!(matches!(nowhere, Err(ShopSetupError::SecretFile { .. })));
    }

    #[test]
    fn credentials_do_not_show_their_secret() {
        let credentials = Credentials { secret: Some("SEKRET".into()), ..Credentials::default() };
        assert!(!format!("{credentials:?}").contains("SEKRET"));
    }
}
