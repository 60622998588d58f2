//! Everything that can be wrong before the first call is found here, before the actors start.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ports::shop_api::{ShopApiFactory, ShopRequest};
use secrecy::{ExposeSecret, SecretString};

use super::base_url::BaseUrl;
use super::credentials::{Credentials, no_secret};
use super::factory_of;
use super::memory::Values;
use super::proxy::Proxy;
use super::request::built_in;
use super::token::TokenSource;
use super::watched::Observer;
use crate::shop_api::profile::{Auth, Name, Profile, Var};
use crate::trust::{self, TrustError};
use text::redaction::Redactor;

/// Called with the time of each request right before it is sent: the meter behind P3.
pub type OnSent = Arc<dyn Fn(Instant) + Send + Sync>;

/// What a run's settings say about reaching the shop.
#[derive(Clone, Debug, Default)]
pub struct ShopOptions {
    /// In place of the profile's.
    pub base_url: Option<String>,
    /// Another of the profile's `auth_strategies`.
    pub auth: Option<String>,
    /// Certificates to trust instead of the platform's, a PEM file.
    pub ca_file: Option<PathBuf>,
}

/// Why a shop cannot be reached the way it is set up. None carries a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShopSetupError {
    /// Nobody said where it is.
    #[error(
        "shop `{shop}`: its address is not known; set `base_url` in the shop's settings or profile"
    )]
    NoBaseUrl {
        /// The profile's name.
        shop: String,
    },
    /// The address is wrong; it is not repeated, it may hold a password.
    #[error("the shop's base_url: {problem}")]
    BaseUrl {
        /// What is wrong and what to do.
        problem: &'static str,
    },
    /// No such strategy.
    #[error("shop `{shop}` has no auth strategy `{name}`; there are {known}")]
    UnknownAuth {
        /// The profile's name.
        shop: String,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The strategy needs a secret.
    #[error(
        "shop `{shop}`, {what}: no secret; set {env} to {meaning}, or {env}_FILE to a file \
         that holds it"
    )]
    NoSecret {
        /// The profile's name.
        shop: String,
        /// What it is for: the strategy, or the profile's value.
        what: String,
        /// The variable.
        env: String,
        /// What its value must be.
        meaning: String,
    },
    /// The secret's file cannot be read.
    #[error("the shop's secret: {path}: {cause}", path = path.display())]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The environment's proxy cannot be used; it is not repeated, it may hold a password.
    #[error("{variable}: {problem}; or set `shop.proxy` to `ignore`")]
    Proxy {
        /// The variable.
        variable: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The secret is no header value.
    #[error("the shop's secret has a character that no header may have; check for line breaks")]
    SecretForm,
    /// No trust can be set up.
    #[error("TLS to the shop: {0}")]
    Tls(
        /// What is wrong and what to do.
        #[from]
        TrustError,
    ),
}

pub(super) fn choose_auth<'p>(
    profile: &'p Profile,
    options: &'p ShopOptions,
) -> Result<(&'p str, &'p Auth), ShopSetupError> {
    let name = options.auth.as_deref().unwrap_or(&profile.auth);
    let auth = profile.auth_strategies.get(name).ok_or_else(|| ShopSetupError::UnknownAuth {
        shop: profile.name.clone(),
        name: name.to_owned(),
        known: profile.auth_strategies.keys().cloned().collect::<Vec<_>>().join(", "),
    })?;
    Ok((name, auth))
}

/// A shop that is ready to be called, shared by all HTTP sessions.
pub struct ShopSetup {
    profile: Arc<Profile>,
    base_url: BaseUrl,
    tokens: TokenSource,
    vars: BTreeMap<Arc<str>, SecretString>,
    /// What `setup.run` has left, for all sessions.
    run_values: Mutex<Values>,
    /// [`Profile::is_stateful`].
    is_stateful: bool,
    tls: Option<Arc<rustls::ClientConfig>>,
    redactor: Redactor,
    on_sent: OnSent,
    proxy: Option<Proxy>,
    observer: Option<Observer>,
}

impl ShopSetup {
    /// Checks everything that can be checked without a call.
    pub fn new(
        profile: Arc<Profile>,
        options: &ShopOptions,
        credentials: Credentials,
        on_sent: OnSent,
    ) -> Result<Self, ShopSetupError> {
        let base_url = options.base_url.as_deref().or(profile.base_url.as_deref());
        let base_url =
            base_url.ok_or_else(|| ShopSetupError::NoBaseUrl { shop: profile.name.clone() })?;
        let base_url = BaseUrl::parse(base_url, profile.allow_plain_http)?;
        let (name, auth) = choose_auth(&profile, options)?;
        let secret = match (auth.secret(), credentials.secret) {
            (None, _) => None,
            (Some(source), None) => {
                return Err(no_secret(&profile, &format!("auth `{name}`"), source));
            }
            (Some(_), Some(secret)) => Some(secret),
        };
        let vars = credentials.vars;
        let redactor = Redactor::new(secret.iter().chain(vars.values()).cloned().collect());
        let secret = secret.as_ref().map(|secret| secret.expose_secret());
        let tokens = TokenSource::new(auth, secret)?;
        let tls = match base_url.is_https() {
            true => Some(trust::client_config(options.ca_file.as_deref())?),
            false => None,
        };
        let run_values = Mutex::default();
        let is_stateful = profile.is_stateful();
        Ok(Self {
            base_url,
            tokens,
            vars,
            run_values,
            is_stateful,
            tls,
            redactor,
            on_sent,
            proxy: None,
            observer: None,
            profile,
        })
    }

    /// The same through this proxy, if any.
    pub fn through(self, proxy: Option<Proxy>) -> Self {
        Self { proxy, ..self }
    }

    /// The same, with someone more who is told of each request.
    pub fn observed(mut self, observer: Observer) -> Self {
        self.observer = Some(match self.observer.take() {
            None => observer,
            Some(first) => Arc::new(move |exchange| {
                first(exchange);
                observer(exchange);
            }),
        });
        self
    }

    /// Whether a proxy stands on the way.
    pub fn is_through_proxy(&self) -> bool {
        self.proxy.is_some()
    }

    /// The shop's address, for people.
    pub fn shown_address(&self) -> String {
        let scheme = if self.base_url.is_https() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.base_url.host_header(), self.base_url.path())
    }

    /// The path that the profile's begin with.
    pub fn root_path(&self) -> String {
        match self.base_url.path() {
            "" => "/".to_owned(),
            path => path.to_owned(),
        }
    }

    pub(super) fn observer(&self) -> Option<&Observer> {
        self.observer.as_ref()
    }

    /// The shop's profile.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(super) fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    pub(super) fn tokens(&self) -> &TokenSource {
        &self.tokens
    }

    pub(super) fn run_values(&self) -> MutexGuard<'_, Values> {
        self.run_values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_stateful(&self) -> bool {
        self.is_stateful
    }

    /// What the profile sets for this name; its text may hold what caller and call give.
    pub(super) fn var(&self, name: &str, request: &ShopRequest) -> Option<String> {
        match self.profile.vars.get(name)? {
            Var::Secret(_) => self.vars.get(name).map(|secret| secret.expose_secret().to_owned()),
            Var::Text(template) => {
                let fill = |name: &Name| match name {
                    Name::BuiltIn(placeholder) => built_in(request, *placeholder),
                    Name::Own(_) => None,
                };
                template.render(&fill, &str::to_owned).ok()
            }
        }
    }

    pub(super) fn tls(&self) -> Option<Arc<rustls::ClientConfig>> {
        self.tls.clone()
    }

    pub(super) fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    pub(super) fn count_as_sent(&self, at: Instant) {
        (self.on_sent)(at);
    }
}

/// Builds the adapters of a run's HTTP sessions. Whatever can fail fails here.
pub fn factory(
    profile: Arc<Profile>,
    options: &ShopOptions,
    credentials: Credentials,
    on_sent: OnSent,
) -> Result<ShopApiFactory, ShopSetupError> {
    factory_through(None, profile, options, credentials, on_sent)
}

/// The same through this proxy, if any.
pub fn factory_through(
    proxy: Option<Proxy>,
    profile: Arc<Profile>,
    options: &ShopOptions,
    credentials: Credentials,
    on_sent: OnSent,
) -> Result<ShopApiFactory, ShopSetupError> {
    Ok(factory_of(ShopSetup::new(profile, options, credentials, on_sent)?.through(proxy)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voiceoffers() -> Arc<Profile> {
        Arc::new(Profile::builtin("voiceoffers").unwrap())
    }

    fn options(auth: Option<&str>) -> ShopOptions {
        let base_url = Some("http://127.0.0.1:1".to_owned());
        ShopOptions { base_url, auth: auth.map(str::to_owned), ca_file: None }
    }

    fn refusal(options: &ShopOptions, credentials: Credentials) -> ShopSetupError {
        let factory = factory(voiceoffers(), options, credentials, Arc::new(|_| {}));
        factory.map(|_| ()).unwrap_err()
    }

    #[test]
    fn what_is_missing_is_said_before_any_call() {
        let error = refusal(&ShopOptions::default(), Credentials::default());
        assert_eq!(error, ShopSetupError::NoBaseUrl { shop: "voiceoffers".into() });
        let error = refusal(&options(None), Credentials::default()).to_string();
        assert!(error.contains("CARTLOAD_SHOP_JWT_SECRET to the server's SUPABASE_JWT_SECRET"));
        assert!(error.contains("CARTLOAD_SHOP_JWT_SECRET_FILE"), "{error}");
        let error = refusal(&options(Some("devv")), Credentials::default()).to_string();
        assert!(error.contains("`devv`; there are dev, jwt"), "{error}");
        let dev = options(Some("dev"));
        assert!(factory(voiceoffers(), &dev, Credentials::default(), Arc::new(|_| {})).is_ok());
    }
}
