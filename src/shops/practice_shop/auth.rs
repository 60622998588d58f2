//! Who calls: `Bearer dev:<agent_id>` (case-sensitive) or a JWT.
//!
//! Without a secret in the config a JWT's signature is not checked, its claims are: the shop is for
//! practice and listens on loopback only.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use uuid::Uuid;

use super::refusal::Refusal;

/// Characters of an agent id in a dev token.
const AGENT_ID_CHARS_MAX: usize = 64;

/// Who calls.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The agent id of a dev token, the user id of a JWT.
    pub name: Arc<str>,
    /// The user at the shop; of a dev token uuid v5 of the agent id.
    pub user_id: Uuid,
    /// Whether it is a dev token.
    pub is_dev: bool,
}

/// What tokens are checked against.
pub(super) struct Authority {
    key: DecodingKey,
    validation: Validation,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    iat: Option<i64>,
}

impl Authority {
    pub fn new(jwt_secret: Option<&SecretString>) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["authenticated"]);
        validation.set_required_spec_claims(&["aud", "exp", "sub"]);
        validation.leeway = 0;
        if jwt_secret.is_none() {
            validation.insecure_disable_signature_validation();
        }
        let secret = jwt_secret.map(ExposeSecret::expose_secret).unwrap_or_default();
        Self { key: DecodingKey::from_secret(secret.as_bytes()), validation }
    }

    /// The caller of a request with these headers at `now` (seconds since 1970).
    pub fn identify(&self, headers: &HeaderMap, now: i64) -> Result<Caller, Refusal> {
        let header =
            headers.get(AUTHORIZATION).ok_or(Refusal::Unauthorized("Not authenticated"))?;
        let token = header
            .to_str()
            .ok()
            .and_then(|text| text.strip_prefix("Bearer "))
            .ok_or(Refusal::Unauthorized("Invalid authorization header"))?;
        match token.strip_prefix("dev:") {
            Some(agent) => dev_caller(agent),
            None => self.jwt_caller(token, now),
        }
    }

    fn jwt_caller(&self, token: &str, now: i64) -> Result<Caller, Refusal> {
        let invalid = Refusal::Unauthorized("Invalid token");
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation)
            .map_err(|_| invalid.clone())?
            .claims;
        if claims.iat.is_some_and(|iat| iat > now) {
            return Err(Refusal::Unauthorized("Token is not yet valid (iat)"));
        }
        let user_id = Uuid::parse_str(&claims.sub).map_err(|_| invalid)?;
        Ok(Caller { name: Arc::from(user_id.to_string()), user_id, is_dev: false })
    }
}

fn dev_caller(agent: &str) -> Result<Caller, Refusal> {
    let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if agent.is_empty() || agent.len() > AGENT_ID_CHARS_MAX || !agent.chars().all(is_id) {
        return Err(Refusal::Unauthorized("Invalid dev token"));
    }
    let name = format!("cartload/agent/{agent}");
    let user_id = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
    Ok(Caller { name: Arc::from(agent), user_id, is_dev: true })
}

impl FromRequest for Caller {
    type Error = Refusal;
    type Future = Ready<Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // The gate identified the caller already, for the ledger.
        let known = request.extensions().get::<Result<Self, Refusal>>().cloned();
        ready(known.unwrap_or(Err(Refusal::Unauthorized("Not authenticated"))))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_750_000_000;
    const USER: &str = "6f0e5b1c-8a1f-4d0e-9a53-2f1f6f5f0a11";

    fn identify(secret: Option<&str>, header: &str) -> Result<Caller, Refusal> {
        let secret = secret.map(SecretString::from);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(header).expect("a header"));
        Authority::new(secret.as_ref()).identify(&headers, NOW)
    }

    fn jwt(secret: &str, claims: Value) -> String {
        let key = EncodingKey::from_secret(secret.as_bytes());
        let token = jsonwebtoken::encode(&Header::default(), &claims, &key).expect("a token");
        format!("Bearer {token}")
    }

    fn claims() -> Value {
        json!({ "sub": USER, "aud": "authenticated", "exp": 4_000_000_000_i64, "iat": NOW - 30 })
    }

    #[test]
    fn dev_tokens_name_the_agent_and_are_case_sensitive() {
        let caller = identify(None, "Bearer dev:agent_001").expect("valid");
        assert_eq!((&*caller.name, caller.is_dev), ("agent_001", true));
        for bad in ["Bearer dev:", "Bearer DEV:agent_001", "bearer dev:agent_001", "dev:agent_001"]
        {
            assert!(identify(None, bad).is_err(), "{bad}");
        }
        assert!(identify(None, &format!("Bearer dev:{}", "a".repeat(64))).is_ok());
        assert!(identify(None, &format!("Bearer dev:{}", "a".repeat(65))).is_err());
    }

    #[test]
    fn a_jwt_names_the_user_and_its_signature_counts_when_there_is_a_secret() {
        let header = jwt("right", claims());
        let caller = identify(Some("right"), &header).expect("valid");
        assert_eq!((&*caller.name, caller.is_dev), (USER, false));
        assert!(identify(Some("wrong"), &header).is_err());
        assert!(identify(None, &header).is_ok());
    }

    #[test]
    fn a_jwt_of_the_past_of_the_future_or_of_another_audience_is_refused() {
        for (key, value) in [
            ("exp", json!(1_000_000_000)),
            ("aud", json!("anon")),
            ("iat", json!(NOW + 1)),
            ("sub", json!("agent_001")),
        ] {
            let mut claims = claims();
            claims[key] = value;
            assert!(identify(None, &jwt("x", claims)).is_err(), "{key}");
        }
        let mut at_the_second = claims();
        at_the_second["iat"] = json!(NOW);
        assert!(identify(None, &jwt("x", at_the_second)).is_ok());
        assert!(identify(None, "Bearer abc.def").is_err());
    }
}
