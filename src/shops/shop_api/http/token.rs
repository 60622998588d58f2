//! The `Authorization` header of each agent. Signed tokens are kept until near their end.

use std::collections::HashMap;

use awc::http::header::HeaderValue;
use domain::ids::AgentId;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ports::shop_api::Caller;
use serde::Serialize;

use super::request::{caller_value, header_text};
use super::setup::ShopSetupError;
use crate::shop_api::profile::{Auth, Name, Template};

/// A token is valid this long.
const LIFETIME_S: i64 = 3_600;
/// `iat` lies this far back: a shop whose clock is behind refuses tokens of the future.
const BACK_DATED_S: i64 = 30;
/// A token is replaced this long before its end.
const RENEWED_BEFORE_S: i64 = 300;
/// Tokens kept per HTTP session; far above its share of the population at the planned sizes.
const KEPT_MAX: usize = 4_096;

/// How headers are made.
pub(super) enum TokenSource {
    None,
    Template(Template),
    Fixed(HeaderValue),
    Jwt { aud: String, email: Template, key: EncodingKey },
}

/// One HTTP session's tokens with the seconds (Unix) at which each is renewed.
#[derive(Default)]
pub(super) struct TokenCache {
    tokens: HashMap<AgentId, (HeaderValue, i64)>,
}

#[derive(Serialize)]
struct Claims<'c> {
    aud: &'c str,
    sub: String,
    email: String,
    iat: i64,
    exp: i64,
}

impl TokenSource {
    /// The source that `auth` describes; `secret` is its secret where it has one.
    pub(super) fn new(auth: &Auth, secret: Option<&str>) -> Result<Self, ShopSetupError> {
        let secret = secret.unwrap_or_default();
        Ok(match auth {
            Auth::None => Self::None,
            Auth::DevToken(template) => Self::Template(template.clone()),
            Auth::Bearer(_) => Self::Fixed(bearer(secret).ok_or(ShopSetupError::SecretForm)?),
            Auth::Jwt(jwt) => Self::Jwt {
                aud: jwt.aud.clone(),
                email: jwt.email.clone(),
                key: EncodingKey::from_secret(secret.as_bytes()),
            },
        })
    }

    /// The header for `caller` at `unix_s`; `None` where calls go without one.
    pub(super) fn header(
        &self,
        cache: &mut TokenCache,
        caller: Option<&Caller>,
        unix_s: i64,
    ) -> Result<Option<HeaderValue>, String> {
        match (self, caller) {
            (Self::None, _) => Ok(None),
            (Self::Fixed(header), _) => Ok(Some(header.clone())),
            (Self::Template(_) | Self::Jwt { .. }, None) => Ok(None),
            (Self::Template(template), Some(caller)) => {
                let token = header_text(template, Some(caller)).ok_or("no value for the token")?;
                bearer(&token).map(Some).ok_or_else(|| "the token is no header value".to_owned())
            }
            (Self::Jwt { aud, email, key }, Some(caller)) => {
                if let Some(header) = cache.get(&caller.agent_id, unix_s) {
                    return Ok(Some(header));
                }
                let (header, renewed_at) = sign(aud, email, key, caller, unix_s)?;
                cache.put(caller.agent_id.clone(), header.clone(), renewed_at, unix_s);
                Ok(Some(header))
            }
        }
    }
}

fn sign(
    aud: &str,
    email: &Template,
    key: &EncodingKey,
    caller: &Caller,
    unix_s: i64,
) -> Result<(HeaderValue, i64), String> {
    let fill = |name: &Name| match name {
        Name::BuiltIn(placeholder) => caller_value(caller, *placeholder),
        Name::Own(_) => None,
    };
    let email = email
        .render(&fill, &str::to_owned)
        .map_err(|name| format!("no value for {{{}}}", name.as_str()))?;
    let exp = unix_s + LIFETIME_S;
    let sub = caller.user_id.to_string();
    let claims = Claims { aud, sub, email, iat: unix_s - BACK_DATED_S, exp };
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, key)
        .map_err(|_| "the token cannot be signed".to_owned())?;
    let header = bearer(&token).ok_or("the token is no header value")?;
    Ok((header, exp - RENEWED_BEFORE_S))
}

/// Marked sensitive: its `Debug` shows nothing.
fn bearer(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

impl TokenCache {
    fn get(&self, agent: &AgentId, unix_s: i64) -> Option<HeaderValue> {
        let (header, renewed_at) = self.tokens.get(agent)?;
        // A clock set back must not keep a token for ever.
        let is_fresh = (*renewed_at - LIFETIME_S..*renewed_at).contains(&unix_s);
        is_fresh.then(|| header.clone())
    }

    fn put(&mut self, agent: AgentId, header: HeaderValue, renewed_at: i64, unix_s: i64) {
        if self.tokens.len() >= KEPT_MAX {
            self.tokens.retain(|_, (_, renewed_at)| unix_s < *renewed_at);
            if self.tokens.len() >= KEPT_MAX {
                self.tokens.clear();
            }
        }
        self.tokens.insert(agent, (header, renewed_at));
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode};
    use uuid::Uuid;

    use super::*;
    use crate::shop_api::profile::{Jwt, SecretSource};

    fn source() -> TokenSource {
        let secret = SecretSource { env: "X".into(), file: None, is: None };
        let email = Template::try_from("{agent_id}@example.com".to_owned()).unwrap();
        TokenSource::new(&Auth::Jwt(Jwt { aud: "a".into(), email, secret }), Some("k")).unwrap()
    }

    fn caller(name: &str) -> Caller {
        Caller { agent_id: AgentId::new(name), user_id: Uuid::max(), flow_id: None }
    }

    fn token(cache: &mut TokenCache, name: &str, at: i64) -> String {
        let header = source().header(cache, Some(&caller(name)), at).unwrap().unwrap();
        assert_eq!(format!("{header:?}"), "Sensitive");
        header.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
    }

    #[test]
    fn a_token_says_who_calls_and_is_back_dated() {
        let at = chrono::Utc::now().timestamp();
        let token = token(&mut TokenCache::default(), "agent_001", at);
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["a"]);
        let decoded =
            decode::<serde_json::Value>(&token, &DecodingKey::from_secret(b"k"), &validation);
        let claims = decoded.unwrap().claims;
        assert_eq!(claims["sub"], Uuid::max().to_string());
        assert_eq!(claims["email"], "agent_001@example.com");
        assert_eq!(claims["iat"].as_i64(), Some(at - 30));
        assert_eq!(claims["exp"].as_i64(), Some(at + 3_600));
    }

    #[test]
    fn a_token_is_kept_until_near_its_end() {
        let mut cache = TokenCache::default();
        let first = token(&mut cache, "agent_001", 1_000_000);
        assert_eq!(token(&mut cache, "agent_001", 1_003_299), first);
        assert_ne!(token(&mut cache, "agent_001", 1_003_300), first);
        assert_ne!(token(&mut cache, "agent_002", 1_003_299), first);
        assert_ne!(token(&mut cache, "agent_001", 900_000), first);
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut cache = TokenCache::default();
        for n in 0..2 * KEPT_MAX {
            let header = HeaderValue::from_static("x");
            cache.put(AgentId::new(format!("agent_{n}")), header, 10, 0);
            assert!(cache.tokens.len() <= KEPT_MAX);
        }
    }
}
