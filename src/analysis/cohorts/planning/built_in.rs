//! How agents spread before there is any run: measured on the `lifelike` preset, 372 built-in
//! personas, 28 simulated days at the practice shop.

use super::past::Known;
use super::{Metric, Spread};

/// Metric, mean, stays, evens out, explained; money in the practice shop's currency.
const MEASURED: [(Metric, [f64; 4]); 5] = [
    (Metric::OrdersPerAgentWeek, [1.0, 0.5, 7.0, 0.4]),
    (Metric::Conversion, [0.4, 0.01, 0.4, 0.2]),
    (Metric::RevenuePerAgentWeek, [60.0, 2_500.0, 60_000.0, 0.4]),
    (Metric::Basket, [60.0, 400.0, 9_000.0, 0.3]),
    (Metric::Redemption, [0.04, 0.001, 0.03, 0.3]),
];
const AGENTS: usize = 372;
const DAYS: f64 = 28.0;

/// The table.
pub fn known() -> Known {
    let spread = |(metric, [mean, stays, evens_out, explained]): (Metric, [f64; 4])| Spread {
        metric,
        mean,
        stays,
        evens_out,
        explained,
    };
    Known { agents: AGENTS, days: DAYS, spreads: MEASURED.map(spread).to_vec() }
}
