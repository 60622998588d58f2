//! The flags of `cartload shop` that say how the shop works: one a habit, and the pace.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as WordError;
use shops::practice_shop::catalog::CatalogSize;
use shops::practice_shop::{
    Faults, Habits, OrderReads, Pace, PaceChange, PracticeConfig, RateLimit, Route,
};
use shops::prices::Prices;

/// How the shop works.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Habits of a real shop")]
pub struct HabitArgs {
    /// Do not round discounts: totals like 8.9925
    #[arg(long)]
    unrounded_totals: bool,

    /// Answer a checkout with applied_coupons as {"item_level": [..], "frontstore": [..]}
    #[arg(long)]
    coupons_as_object: bool,

    /// Let a coupon be redeemed again and again
    #[arg(long)]
    reusable_coupons: bool,

    /// Know no user before its first GET /api/auth/me: a 500 with the database's words
    #[arg(long)]
    first_visit_needed: bool,

    /// Let every coupon of every wallet be expired
    #[arg(long)]
    expired_wallets: bool,

    /// Fill a wallet up to so many coupons at GET /api/auth/me
    #[arg(long, value_name = "COUPONS", default_value_t = 0)]
    wallet: usize,

    /// What a customer may read of its orders
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Reads::BySession)]
    order_reads: Reads,

    /// Open a connection to this PostgreSQL for each request; 500 when it has none left
    #[arg(long, value_name = "URL")]
    database: Option<SecretString>,

    /// Serve so many requests at a time, in the order in which they come
    #[arg(long, value_name = "N")]
    at_once: Option<u32>,

    /// What a request takes, ms
    #[arg(long, value_name = "MS", default_value_t = 0.0, requires = "at_once")]
    service_ms: f64,

    /// Take that as the mean of an exponential spread
    #[arg(long, requires = "at_once")]
    exponential: bool,

    /// A route that takes so many times as long, as checkout:10; may be repeated
    #[arg(long, value_name = "ROUTE:TIMES", requires = "at_once")]
    slower: Vec<Slower>,

    /// Round trips to the database a request ...
    #[arg(long, value_name = "N", default_value_t = 0, requires = "at_once")]
    round_trips: u32,

    /// ... of so many ms each
    #[arg(long, value_name = "MS", default_value_t = 0.0, requires = "round_trips")]
    round_trip_ms: f64,

    /// Work otherwise from a second on, as 60:1:500 for 1 at a time of 500 ms each; may be repeated
    #[arg(long, value_name = "SECOND:AT_ONCE:MS", requires = "at_once")]
    then: Vec<Then>,

    /// Prices: fixed, or calendar, which goes by the X-Simulated-At of a request
    #[arg(long, value_name = "fixed|calendar", default_value = "fixed")]
    prices: Prices,

    /// What it sells: small (72 products) or large (1,000)
    #[arg(long, value_name = "small|large", default_value = "small")]
    catalog: CatalogSize,

    /// Answer 429 to all above so many requests a minute
    #[arg(long, value_name = "N")]
    per_minute: Option<u32>,

    /// Say in the 429 when the minute ends
    #[arg(long, requires = "per_minute")]
    retry_after: bool,
}

/// What a customer may read of its orders.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Reads {
    /// Orders name their shopping session
    BySession,
    /// Orders name no session
    Anonymous,
    /// No order can be read
    Refused,
}

/// A route and how much slower it is.
#[derive(Clone, Copy, Debug)]
struct Slower(Route, f64);

impl FromStr for Slower {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, times) = text.split_once(':').ok_or("write ROUTE:TIMES, as checkout:10")?;
        let route: Result<Route, WordError> = Route::deserialize(word.into_deserializer());
        let times = times.parse().map_err(|_| format!("`{times}` is no number"))?;
        Ok(Self(route.map_err(|error| error.to_string())?, times))
    }
}

/// A change of pace.
#[derive(Clone, Copy, Debug)]
struct Then(PaceChange);

impl FromStr for Then {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let [after, at_once, service] = parts[..] else {
            return Err("write SECOND:AT_ONCE:MS, as 60:1:500".to_owned());
        };
        let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is no number"));
        let at_once = at_once.parse().map_err(|_| format!("`{at_once}` is no whole number"))?;
        let (after_s, service_ms) = (number(after)?, number(service)?);
        Ok(Self(PaceChange { after_s, at_once, service_ms }))
    }
}

impl HabitArgs {
    /// The shop that these flags describe, on this port.
    pub fn config(&self, port: u16) -> PracticeConfig {
        let limit =
            |per_minute| RateLimit { route: None, per_minute, retry_after: self.retry_after };
        let habits = Habits {
            unrounded_totals: self.unrounded_totals,
            coupons_as_object: self.coupons_as_object,
            reusable_coupons: self.reusable_coupons,
            first_visit_needed: self.first_visit_needed,
            wallets_expired: self.expired_wallets,
            order_reads: match self.order_reads {
                Reads::BySession => OrderReads::BySession,
                Reads::Anonymous => OrderReads::Anonymous,
                Reads::Refused => OrderReads::Refused,
            },
            pace: self.at_once.map(|at_once| self.pace(at_once)),
            database: self.database.clone(),
        };
        let rate_limits = self.per_minute.map(limit).into_iter().collect();
        PracticeConfig {
            port,
            habits,
            faults: Faults { rate_limits, ..Faults::default() },
            wallet_fill: self.wallet,
            prices: self.prices,
            catalog: self.catalog,
            ..PracticeConfig::default()
        }
    }

    fn pace(&self, at_once: u32) -> Pace {
        Pace {
            at_once,
            service_ms: self.service_ms,
            exponential: self.exponential,
            factors: self.slower.iter().map(|Slower(route, times)| (*route, *times)).collect(),
            round_trips: self.round_trips,
            round_trip_ms: self.round_trip_ms,
            changes: self.then.iter().map(|Then(change)| *change).collect(),
        }
    }
}
