//! When a call that failed may be sent again, and after how long.
//!
//! A read may be repeated; a write only when it provably never left, or at a shop that honours the
//! idempotency key. 429 is honoured with jitter, so that 372 agents do not come back at once.

use std::time::Duration;

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Exp1};

use crate::ports::shop_api::{ApiError, ApiErrorKind, IdempotencyMode, Part, ShopCall};

/// Tries of one call, the first included.
pub const TRIES_MAX: u32 = 3;

/// First wait between tries; doubles.
const BACKOFF_FIRST: Duration = Duration::from_millis(200);

/// Wait after a 429 that names no time.
const RATE_LIMITED_DEFAULT: Duration = Duration::from_secs(1);

/// Mean of the time added to what Retry-After asks for, as a share of it.
const SPREAD_MEAN: f64 = 0.6;

/// Nor is more than this share of it added, so that a wait stays below four times the asked one.
const SPREAD_MAX: f64 = 2.9;

/// What to do about a failed try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Wait so long, then try again.
    Again(Duration),
    /// It stays failed.
    GiveUp,
}

/// Decides after try number `tries` (1-based) of `call` failed with `error`.
pub fn next(
    call: &ShopCall,
    error: &ApiError,
    tries: u32,
    idempotency: IdempotencyMode,
    rng: &mut impl Rng,
) -> Next {
    if tries >= TRIES_MAX || !error.is_transient() {
        return Next::GiveUp;
    }
    let is_order = *call == ShopCall::Checkout && error.may_place_order();
    if error.kind == ApiErrorKind::StaleConnection && !is_order && tries == 1 {
        // A server says 408 to what it has no whole request of; only an order wants more proof.
        return Next::Again(Duration::ZERO);
    }
    if let ApiErrorKind::RateLimited { retry_after } = error.kind {
        // A 429 was answered before the shop did anything, so any call may follow it.
        let wait = retry_after.unwrap_or(RATE_LIMITED_DEFAULT * tries);
        return Next::Again(wait + spread(wait.max(RATE_LIMITED_DEFAULT), rng));
    }
    let is_honoured = idempotency == IdempotencyMode::Honoured;
    let is_repeatable = match error.part {
        Part::Whole => call.is_repeatable() || (*call == ShopCall::Checkout && is_honoured),
        Part::Repeatable => true,
        Part::Once => false,
        Part::PlacesOrder => is_honoured,
    };
    let safe = is_repeatable || error.is_provably_unsent();
    if !safe {
        return Next::GiveUp;
    }
    let cap = BACKOFF_FIRST * 2_u32.pow(tries);
    Next::Again(cap / 4 + jitter(cap * 3 / 4, rng))
}

/// Uniform in 0..`range`.
fn jitter(range: Duration, rng: &mut impl Rng) -> Duration {
    range.mul_f64(rng.random_range(0.0..1.0))
}

/// How long after the moment the shop named: exponential, so that agents told the same time arrive
/// as independent customers do. A uniform spread of the same mean would leave them half as far
/// apart (coefficient of variation 0.22 of the whole wait, against 0.35).
fn spread(wait: Duration, rng: &mut impl Rng) -> Duration {
    let drawn: f64 = Exp1.sample(rng);
    wait.mul_f64((drawn * SPREAD_MEAN).min(SPREAD_MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rand_xoshiro::Xoshiro256PlusPlus;
    use rand_xoshiro::rand_core::SeedableRng;

    use super::*;
    use crate::domain::ids::ProductId;

    fn error(kind: ApiErrorKind) -> ApiError {
        ApiError {
            call: "x",
            part: Part::Whole,
            kind,
            detail: None,
            sent_at: None,
            failed_at: Instant::now(),
        }
    }

    fn decide(call: &ShopCall, kind: ApiErrorKind, tries: u32, mode: IdempotencyMode) -> Next {
        next(call, &error(kind), tries, mode, &mut Xoshiro256PlusPlus::seed_from_u64(7))
    }

    fn add() -> ShopCall {
        ShopCall::AddItem { product: ProductId::new("p").into(), quantity: 1 }
    }

    #[test]
    fn a_read_is_tried_three_times_and_not_four() {
        let mode = IdempotencyMode::Ignored;
        let kind = ApiErrorKind::ServerError(500);
        assert!(matches!(decide(&ShopCall::ReadCart, kind.clone(), 1, mode), Next::Again(_)));
        assert!(matches!(decide(&ShopCall::ReadCart, kind.clone(), 2, mode), Next::Again(_)));
        assert_eq!(decide(&ShopCall::ReadCart, kind, 3, mode), Next::GiveUp);
    }

    #[test]
    fn a_write_is_repeated_only_when_it_never_left() {
        let mode = IdempotencyMode::Honoured;
        assert_eq!(decide(&add(), ApiErrorKind::CallTimeout, 1, mode), Next::GiveUp);
        assert!(matches!(decide(&add(), ApiErrorKind::ConnectRefused, 1, mode), Next::Again(_)));
    }

    #[test]
    fn what_met_an_idle_connections_end_is_sent_once_again_at_once_but_no_checkout() {
        let (mode, kind) = (IdempotencyMode::Ignored, ApiErrorKind::StaleConnection);
        assert_eq!(decide(&add(), kind.clone(), 1, mode), Next::Again(Duration::ZERO));
        assert_eq!(decide(&add(), kind.clone(), 2, mode), Next::GiveUp);
        assert!(matches!(decide(&ShopCall::ReadCart, kind.clone(), 2, mode), Next::Again(_)));
        assert_eq!(decide(&ShopCall::Checkout, kind, 1, mode), Next::GiveUp);
    }

    #[test]
    fn an_uncertain_checkout_is_repeated_only_where_its_key_is_honoured() {
        let kind = ApiErrorKind::Disconnected;
        let honoured = decide(&ShopCall::Checkout, kind.clone(), 1, IdempotencyMode::Honoured);
        let ignored = decide(&ShopCall::Checkout, kind, 1, IdempotencyMode::Ignored);
        assert!(matches!(honoured, Next::Again(_)));
        assert_eq!(ignored, Next::GiveUp);
    }

    #[test]
    fn a_429_waits_at_least_what_the_shop_asked_for() {
        let asked = Duration::from_secs(7);
        let kind = ApiErrorKind::RateLimited { retry_after: Some(asked) };
        match decide(&add(), kind, 1, IdempotencyMode::Ignored) {
            Next::Again(wait) => assert!(wait >= asked && wait < asked * 4, "{wait:?}"),
            Next::GiveUp => panic!("it gave up"),
        }
    }

    /// The waits of many agents that the shop told the same, in seconds.
    fn waits(retry_after: Option<Duration>, tries: u32) -> Vec<f64> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
        let error = error(ApiErrorKind::RateLimited { retry_after });
        let wait = |_| match next(&add(), &error, tries, IdempotencyMode::Ignored, &mut rng) {
            Next::Again(wait) => wait.as_secs_f64(),
            Next::GiveUp => panic!("it gave up"),
        };
        (0..10_000).map(wait).collect()
    }

    #[test]
    fn agents_that_were_told_the_same_time_come_back_far_apart_and_never_before_it() {
        for asked in [None, Some(0), Some(1), Some(7), Some(60)] {
            let waits = waits(asked.map(Duration::from_secs), 1);
            let earliest = asked.unwrap_or(1) as f64;
            assert!(waits.iter().all(|wait| *wait >= earliest && *wait < 4.0 * earliest.max(1.0)));
            let mean = waits.iter().sum::<f64>() / waits.len() as f64;
            let variance = waits.iter().map(|wait| (wait - mean).powi(2)).sum::<f64>();
            let variation = (variance / waits.len() as f64).sqrt() / mean;
            assert!(variation >= 0.3, "{asked:?}: {variation}");
        }
    }

    #[test]
    fn a_refusal_and_a_broken_body_are_final() {
        let mode = IdempotencyMode::Honoured;
        let gone = ApiErrorKind::Refused(crate::ports::shop_api::Refusal::ProductGone);
        assert_eq!(decide(&ShopCall::ReadCart, gone, 1, mode), Next::GiveUp);
        let broken = ApiErrorKind::Unparsable { field: "x".into() };
        assert_eq!(decide(&ShopCall::ReadCart, broken, 1, mode), Next::GiveUp);
    }
}
