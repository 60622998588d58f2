//! The shop's faults as switches: what may go wrong, and the handle that changes it while it runs.
//!
//! A set of faults replaces the set before as a whole; `{}` is a healthy shop. The shop's own
//! /practice routes are never touched by any of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};

use super::route::Route;

/// Entries in each list of faults; more are refused.
const LIST_MAX: usize = 64;

/// Everything that goes wrong at one time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// 500 for `Bearer dev:...` on store, cart, eligible and order routes ("as found" no. 1).
    #[serde(skip_serializing_if = "is_default")]
    pub dev_tokens_rejected: bool,
    /// 429 above so many requests a minute.
    #[serde(skip_serializing_if = "is_default")]
    pub rate_limits: Vec<RateLimit>,
    /// Units of stock per store and product, never refilled; `None` is ample. A change of the
    /// number fills the shelves once.
    #[serde(skip_serializing_if = "is_default")]
    pub stock: Option<u32>,
    /// The order that takes a last unit is a 500, and nothing is ordered.
    #[serde(skip_serializing_if = "is_default")]
    pub last_unit_is_500: bool,
    /// Every answer takes so many milliseconds longer; the work is done at their begin.
    #[serde(skip_serializing_if = "is_default")]
    pub latency_ms: u64,
    /// Up to so many more, drawn evenly.
    #[serde(skip_serializing_if = "is_default")]
    pub latency_jitter_ms: u64,
    /// Errors by chance.
    #[serde(skip_serializing_if = "is_default")]
    pub errors: Vec<RouteError>,
    /// Every request is a 500 with JSON.
    #[serde(skip_serializing_if = "is_default")]
    pub all_500: bool,
    /// Every request is a 502 with HTML, as from an edge whose application is gone.
    #[serde(skip_serializing_if = "is_default")]
    pub edge_502: bool,
    /// Every coupon has expired: apply is a 404.
    #[serde(skip_serializing_if = "is_default")]
    pub coupons_expired: bool,
    /// Requests handled at the same time; the others wait in line.
    #[serde(skip_serializing_if = "is_default")]
    pub capacity: Option<u32>,
    /// Connections idle for so many milliseconds are closed unannounced.
    #[serde(skip_serializing_if = "is_default")]
    pub close_idle_after_ms: Option<u64>,
    /// Nothing is answered.
    #[serde(skip_serializing_if = "is_default")]
    pub down: Option<Down>,
    /// 2xx answers of these routes are cut in the middle of their JSON.
    #[serde(skip_serializing_if = "is_default")]
    pub malformed: Vec<Route>,
    /// 2xx answers lack a field.
    #[serde(skip_serializing_if = "is_default")]
    pub missing: Vec<MissingField>,
}

/// A limit in fixed windows of one minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Of one route; `None` is one count over all.
    #[serde(default)]
    pub route: Option<Route>,
    /// Requests let through in a window, of all clients together.
    pub per_minute: u32,
    /// Whether the 429 says when the window ends.
    #[serde(default)]
    pub retry_after: bool,
}

/// An error by chance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteError {
    /// Of one route; `None` is every route.
    #[serde(default)]
    pub route: Option<Route>,
    /// The status answered.
    pub status: u16,
    /// Of the requests, 0-100.
    pub percent: f64,
    /// Whether the work is done all the same: an order is placed although the answer is an error.
    #[serde(default)]
    pub after_work: bool,
}

/// How the shop is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Down {
    /// Connections are accepted, requests read, nothing is ever answered.
    Blackhole,
    /// Connections are closed without an answer.
    Reset,
}

/// A field that a route's answers lack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingField {
    /// Of which route.
    pub route: Route,
    /// A path as `order.totals.final_total`; in a list it is taken from each element.
    pub field: String,
}

/// Faults that cannot be switched on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("faults: `{key}` {why}")]
pub struct FaultError {
    /// The key.
    pub key: &'static str,
    /// What is wrong and what is allowed.
    pub why: String,
}

/// What is as it should be is not written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Faults {
    /// Refuses what would hang the shop or make no sense.
    pub fn check(&self) -> Result<(), FaultError> {
        let error = |key, why: &str| Err(FaultError { key, why: why.to_owned() });
        let lengths = [
            ("rate_limits", self.rate_limits.len()),
            ("errors", self.errors.len()),
            ("malformed", self.malformed.len()),
            ("missing", self.missing.len()),
        ];
        if let Some((key, _)) = lengths.into_iter().find(|(_, length)| *length > LIST_MAX) {
            return error(key, "has more than 64 entries");
        }
        if self.capacity == Some(0) {
            return error("capacity", "is 0: use `\"down\": \"blackhole\"`");
        }
        if self.latency_ms.max(self.latency_jitter_ms) > 600_000 {
            return error("latency_ms", "is above 600000 (10 minutes)");
        }
        if self.close_idle_after_ms == Some(0) {
            return error("close_idle_after_ms", "is 0: use at least 1");
        }
        if self.errors.iter().any(|e| !(0.0..=100.0).contains(&e.percent)) {
            return error("errors.percent", "is not within 0 and 100");
        }
        if self.errors.iter().any(|e| !(400..=599).contains(&e.status)) {
            return error("errors.status", "is not within 400 and 599");
        }
        Ok(())
    }
}

/// The faults in force; clones are handles to the same switches.
#[derive(Clone, Debug)]
pub struct FaultSwitches {
    current: Arc<watch::Sender<InForce>>,
}

/// A set of faults with what it needs while in force.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    pub faults: Arc<Faults>,
    /// One permit per request handled; of this set alone, so that a change takes effect at once.
    pub capacity: Option<Arc<Semaphore>>,
}

impl InForce {
    fn new(faults: Faults) -> Self {
        let places = faults.capacity.and_then(|c| usize::try_from(c).ok());
        let capacity = places.map(|p| Arc::new(Semaphore::new(p.min(Semaphore::MAX_PERMITS))));
        Self { faults: Arc::new(faults), capacity }
    }
}

impl FaultSwitches {
    /// Switches set to `faults`.
    pub fn new(faults: Faults) -> Result<Self, FaultError> {
        faults.check()?;
        Ok(Self { current: Arc::new(watch::Sender::new(InForce::new(faults))) })
    }

    /// What is wrong at this moment.
    pub fn get(&self) -> Arc<Faults> {
        Arc::clone(&self.current.borrow().faults)
    }

    /// Replaces all faults.
    pub fn set(&self, faults: Faults) -> Result<(), FaultError> {
        faults.check()?;
        self.current.send_replace(InForce::new(faults));
        Ok(())
    }

    /// Changes some faults and leaves the others.
    pub fn change(&self, change: impl FnOnce(&mut Faults)) -> Result<(), FaultError> {
        let mut faults = (*self.get()).clone();
        change(&mut faults);
        self.set(faults)
    }

    /// A healthy shop again.
    pub fn clear(&self) {
        self.current.send_replace(InForce::new(Faults::default()));
    }

    pub(super) fn in_force(&self) -> InForce {
        self.current.borrow().clone()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<InForce> {
        self.current.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_json_with_every_key_optional() {
        let faults: Faults = serde_json::from_str(
            r#"{"down": "blackhole", "latency_ms": 5,
                "errors": [{"route": "checkout", "status": 503, "percent": 12.5}],
                "missing": [{"route": "list_products", "field": "products.price"}]}"#,
        )
        .expect("valid");
        assert_eq!(faults.down, Some(Down::Blackhole));
        assert_eq!(faults.errors[0].percent, 12.5);
        assert_eq!(serde_json::from_str::<Faults>("{}").expect("valid"), Faults::default());
        assert!(serde_json::from_str::<Faults>(r#"{"latency": 5}"#).is_err());
    }

    #[test]
    fn what_would_make_no_sense_is_refused_and_changes_nothing() {
        let switches = FaultSwitches::new(Faults::default()).expect("healthy");
        let error = RouteError { route: None, status: 200, percent: 1.0, after_work: false };
        for bad in [
            Faults { capacity: Some(0), ..Faults::default() },
            Faults { errors: vec![error.clone()], ..Faults::default() },
            Faults {
                errors: vec![RouteError { status: 500, percent: f64::NAN, ..error }],
                ..Faults::default()
            },
            Faults { malformed: vec![Route::Checkout; LIST_MAX + 1], ..Faults::default() },
        ] {
            assert!(switches.set(bad).is_err());
        }
        assert_eq!(*switches.get(), Faults::default());
    }
}
