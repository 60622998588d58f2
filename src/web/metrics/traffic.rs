//! What goes to the shop, and what holds it back.

use actors::coordinator::status::Traffic;
use actors::rate_limiter::throttle::ThrottleSum;

use super::families::Families;

/// Requests against what holds them back: the limit, the bound on calls in flight, the shop's 429.
pub fn requests(page: &mut Families, traffic: &Traffic) {
    page.counter(
        "cartload_requests_total",
        "Requests sent by this process, retries and probes included.",
        traffic.requests_sent as f64,
    );
    page.gauge(
        "cartload_requests_per_second",
        "Requests sent in the last second.",
        traffic.requests_per_second.into(),
    );
    page.gauge(
        "cartload_requests_per_second_max",
        "The most requests sent in any 1 s window.",
        traffic.requests_max_in_1s as f64,
    );
    page.gauge_if(
        "cartload_rate_limit_requests_per_second",
        "The limit; absent: unlimited.",
        traffic.rate_limit,
    );
    page.gauge(
        "cartload_permit_waiters",
        "Callers that wait for a permit.",
        traffic.waiting_for_permit.into(),
    );
    page.gauge(
        "cartload_calls_in_flight",
        "Calls to the shop under way, probes apart.",
        traffic.calls_in_flight.into(),
    );
    page.gauge_if(
        "cartload_calls_in_flight_max",
        "The bound on them at this moment; absent: there is none.",
        traffic.calls_in_flight_max.map(f64::from),
    );
    page.gauge(
        "cartload_held_back",
        "1 while the shop is slower than the limit, so that calls are held back.",
        traffic.held_back.into(),
    );
    throttle(page, &traffic.throttle);
}

fn throttle(page: &mut Families, throttle: &ThrottleSum) {
    page.counter(
        "cartload_throttled_calls_total",
        "Calls that the shop turned back with 429, or 503 and Retry-After.",
        throttle.calls as f64,
    );
    page.counter(
        "cartload_throttle_holds_total",
        "Times that the whole run was held for it.",
        throttle.holds as f64,
    );
    page.counter(
        "cartload_throttle_held_seconds_total",
        "For so long it was held in all.",
        throttle.held_ms as f64 / 1_000.0,
    );
}
