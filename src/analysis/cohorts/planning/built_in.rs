//! How agents spread before there is any run: measured on the `lifelike` preset, 372 built-in
//! personas, 28 simulated days at the practice shop.

use super::past::Known;
use super::{Metric, Spread};

/// Metric, mean, stays, evens out, explained; money in the practice shop's currency.
const MEASURED: [(Metric, [f64; 4]); 5] = [
    (Metric::OrdersPerAgentWeek, [0.4624, 0.1362, 2.6, 1.0]),
    (Metric::Conversion, [0.2724, 0.001305, 0.6423, 0.3641]),
    (Metric::RevenuePerAgentWeek, [46.83, 2_950.0, 25_330.0, 0.7411]),
    (Metric::Basket, [101.3, 5_487.0, 65_950.0, 0.5587]),
    (Metric::Redemption, [0.01201, 0.0004255, 0.0, 0.2974]),
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
