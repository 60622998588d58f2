//! How many requests a second the shop may get.

use actors::domain::rate::Rate;

use super::concern::concern;

concern!(
    /// `rate`: the limit over all HTTP sessions; burst and window follow from it (Q6.2).
    RateLimit, "rate" {
        /// `rate.per_second`, default 50, requests per real second, retries and probes included
        /// (Q6.1).
        per_second: Rate = Rate::DEFAULT,
            flag "rate" as Option<Rate>, place 1, (value_name = "N|unlimited")
                "Requests per second to the shop, over all connections [default: 50]",
            env "CARTLOAD_RATE", unit "requests per real s", decision "Q6.1",
            allowed Rate::ALLOWED, check |_| true;
    }
);
