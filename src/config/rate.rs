//! How many requests a second the shop may get, and how many at once.

use actors::domain::in_flight::InFlight;
use actors::domain::rate::Rate;
use shops::shop_api::profile::Profile;

use super::concern::concern;
use super::knob::Origin;
use super::shop::{Shop, ShopTarget};

concern!(
    /// `rate`: the limit over all HTTP sessions; burst and window follow from it (Q6.2); and the
    /// bound on calls in flight.
    RateLimit, "rate" {
        /// `rate.per_second`, default what the shop's profile hints at, or 50, requests per real
        /// second, retries and probes included (Q6.1).
        per_second: Rate = Rate::DEFAULT,
            flag "rate" as Option<Rate>, place 1, (value_name = "N|unlimited")
                "Requests per second to the shop, over all connections [default: what its profile \
                 says, or 50]",
            env "CARTLOAD_RATE", unit "requests per real s", decision "Q6.1",
            allowed Rate::ALLOWED, check |_| true;
        /// `rate.in_flight`, default auto: calls under way at once. Automatic, it follows what the
        /// shop works on, so that one slower than the rate is used in full and not drowned.
        in_flight: InFlight = InFlight::Automatic,
            flag "in-flight" as Option<InFlight>, place 1, (value_name = "auto|off|N")
                "Calls under way at once: as many as the shop keeps up with, any, or N \
                 [default: auto]",
            env "CARTLOAD_IN_FLIGHT", unit "calls", decision "",
            allowed InFlight::ALLOWED, check |_| true;
    }
);

/// What the profile of the shop hints at: the limit where nobody names one. A profile that cannot
/// be read is told of when the shop is opened.
pub(super) fn hint(shop: &Shop) -> Option<(Rate, Origin)> {
    let ShopTarget::Remote { profile: named, .. } = shop.target() else { return None };
    let profile = Profile::resolve(&named).ok()?;
    let rate = Rate::per_second(profile.rate_hint_per_s?).ok()?;
    Some((rate, Origin::Profile { name: profile.name }))
}
