//! The cookies of one agent. A cookie goes back to paths below its own until it expires; hosts do
//! not matter, since a profile has one.

use std::collections::BTreeMap;

use cookie::Cookie;
use cookie::time::OffsetDateTime;

/// Cookies of an agent at most.
const KEPT_MAX: usize = 64;

/// Cookies by name.
#[derive(Debug, Default)]
pub(super) struct Jar(BTreeMap<String, Kept>);

#[derive(Debug)]
struct Kept {
    value: String,
    path: String,
    expires: Option<OffsetDateTime>,
}

impl Jar {
    /// Takes in a `Set-Cookie`.
    pub(super) fn set(&mut self, header: &str, now: OffsetDateTime) {
        let Ok(cookie) = Cookie::parse(header) else { return };
        let by_age = cookie.max_age().map(|age| now + age);
        let expires = by_age.or_else(|| cookie.expires_datetime());
        if expires.is_some_and(|at| at <= now) {
            self.0.remove(cookie.name());
            return;
        }
        if self.0.len() < KEPT_MAX || self.0.contains_key(cookie.name()) {
            let path = cookie.path().unwrap_or("/").to_owned();
            let value = cookie.value().to_owned();
            self.0.insert(cookie.name().to_owned(), Kept { value, path, expires });
        }
    }

    /// The value of a cookie.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|kept| kept.value.clone())
    }

    /// What goes along with a request for this path; `None` for nothing.
    pub(super) fn header(&self, path: &str, now: OffsetDateTime) -> Option<String> {
        let is_sent = |kept: &Kept| {
            let is_below = path.strip_prefix(kept.path.trim_end_matches('/'));
            let is_below = is_below.is_some_and(|rest| {
                rest.is_empty() || rest.starts_with(['/', '?']) || kept.path == "/"
            });
            is_below && kept.expires.is_none_or(|at| at > now)
        };
        let sent = self.0.iter().filter(|(_, kept)| is_sent(kept));
        let pairs: Vec<String> =
            sent.map(|(name, kept)| format!("{name}={}", kept.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_cookie_goes_back_below_its_path_until_it_expires_or_is_taken_back() {
        let (now, mut jar) = (OffsetDateTime::UNIX_EPOCH, Jar::default());
        jar.set("session=a1; Path=/; HttpOnly", now);
        jar.set("cart=c9; Path=/shop; Max-Age=60", now);
        assert_eq!(jar.header("/shop/items?x=1", now).as_deref(), Some("cart=c9; session=a1"));
        assert_eq!(jar.header("/shopping", now).as_deref(), Some("session=a1"));
        let later = |s| now + Duration::from_secs(s);
        assert_eq!(jar.header("/shop", later(59)).as_deref(), Some("cart=c9; session=a1"));
        assert_eq!(jar.header("/shop", later(60)).as_deref(), Some("session=a1"));
        jar.set("session=gone; Max-Age=0", now);
        assert_eq!((jar.get("session"), jar.get("cart").as_deref()), (None, Some("c9")));
        jar.set("no cookie at all", now);
        assert_eq!(jar.header("/", now), None);
    }
}
