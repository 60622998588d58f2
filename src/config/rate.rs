//! How many requests a second the shop may get.

use actors::domain::rate::Rate;

use super::knob::concern;

concern!(
    /// `rate`: the limit over all HTTP sessions; burst and window follow from it (Q6.2).
    RateLimit, RateLayer, "rate" {
        /// `rate.per_second`, default 50, requests per real second, retries and probes included
        /// (Q6.1).
        per_second: Rate = Rate::DEFAULT,
            flag "rate", env "CARTLOAD_RATE", unit "requests per real s", decision "Q6.1",
            allowed Rate::ALLOWED, check |_| true;
    }
);
