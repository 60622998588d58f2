//! How many requests a second the shop may get, and how many at once.

use actors::domain::in_flight::InFlight;
use actors::domain::rate::Rate;

use super::concern::concern;

concern!(
    /// `rate`: the limit over all HTTP sessions; burst and window follow from it (Q6.2); and the
    /// bound on calls in flight.
    RateLimit, "rate" {
        /// `rate.per_second`, default 50, requests per real second, retries and probes included
        /// (Q6.1).
        per_second: Rate = Rate::DEFAULT,
            flag "rate" as Option<Rate>, place 1, (value_name = "N|unlimited")
                "Requests per second to the shop, over all connections [default: 50]",
            env "CARTLOAD_RATE", unit "requests per real s", decision "Q6.1",
            allowed Rate::ALLOWED, check |_| true;
        /// `rate.in_flight`, default auto: calls under way at once. Automatic, it follows what the
        /// shop works on, so that one slower than the rate is used in full and not drowned.
        in_flight: InFlight = InFlight::Automatic,
            flag "in-flight" as Option<InFlight>, place 1, (value_name = "auto|off|N")
                "Calls under way at once: as many as the shop keeps up with, any, or N [default: auto]",
            env "CARTLOAD_IN_FLIGHT", unit "calls", decision "",
            allowed InFlight::ALLOWED, check |_| true;
    }
);
