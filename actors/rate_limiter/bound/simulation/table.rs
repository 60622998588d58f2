//! The shops, and what the bound is to make of each.

use super::shop::{Servers, ShopModel, Spread};
use Servers::{Endless, Queue, Shared};
use Spread::{Exponential, Fixed, LogNormal};

/// A shop, what it can do at best and what is expected.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub name: &'static str,
    pub shop: ShopModel,
    /// Answers a second under the best of 18 fixed bounds.
    pub best: f64,
    /// 95th percentile with one call in flight, s.
    pub alone_s: f64,
    /// Least share of `best`.
    pub share: f64,
    /// Most multiple of `alone_s`.
    pub p95: f64,
    /// Most timeouts after the first hour.
    pub timeouts: f64,
    /// How often an operator is told, both ways together; or [`ANY`].
    pub lines: usize,
}

/// A shop just as fast as the rate may be called slow or not.
pub const ANY: usize = usize::MAX;

const fn row(
    name: &'static str,
    [best, alone_s]: [f64; 2],
    [share, p95, timeouts]: [f64; 3],
    lines: usize,
    shop: ShopModel,
) -> Row {
    Row { name, shop, best, alone_s, share, p95, timeouts, lines }
}

const fn shop(servers: Servers, service_ms: f64, spread: Spread) -> ShopModel {
    ShopModel::of(servers, service_ms, spread)
}

const TWO_60: ShopModel = shop(Queue(2), 60.0, Fixed);
const TWO_60_EXP: ShopModel = shop(Queue(2), 60.0, Exponential);
const LOG: ShopModel = shop(Queue(3), 60.0, LogNormal);
const FAST: ShopModel = shop(Endless, 5.0, Fixed);
/// Slow from second 200 to second 320.
const fn slower(by: f64, shop: ShopModel) -> ShopModel {
    ShopModel { slower: Some((200.0, 320.0, by)), ..shop }
}
/// 5 a second from two servers at 60 ms.
const TO_5: f64 = 33.3 / 5.0;

/// The shops that the constants were tuned on.
pub const TUNED: [Row; 29] = [
    row("fast 5 ms", [50.0, 0.007], [0.98, 1.2, 0.0], 0, FAST),
    row(
        "far 300 ms",
        [49.45, 0.3],
        [0.98, 1.2, 0.0],
        0,
        ShopModel { away_ms: 300.0, ..shop(Endless, 0.0, Fixed) },
    ),
    row(
        "far 2 s",
        [45.02, 2.0],
        [0.98, 1.2, 0.0],
        0,
        ShopModel { away_ms: 2_000.0, ..shop(Endless, 0.0, Fixed) },
    ),
    row("2 x 60 ms fixed", [33.33, 0.062], [0.97, 2.2, 0.0], 1, TWO_60),
    row("2 x 60 ms exp", [33.32, 0.185], [0.96, 2.1, 0.0], 1, TWO_60_EXP),
    row("2 x 200 ms fixed", [10.0, 0.202], [0.95, 2.3, 0.0], 1, shop(Queue(2), 200.0, Fixed)),
    row("2 x 200 ms exp", [9.93, 0.615], [0.93, 2.4, 0.0], 1, shop(Queue(2), 200.0, Exponential)),
    row("1 x 500 ms fixed", [2.0, 0.502], [0.98, 2.3, 0.0], 1, shop(Queue(1), 500.0, Fixed)),
    row("1 x 500 ms exp", [2.0, 1.481], [0.91, 3.9, 0.0], 1, shop(Queue(1), 500.0, Exponential)),
    row("1 x 2 s", [0.5, 2.002], [0.98, 2.3, 0.0], 1, shop(Queue(1), 2_000.0, Fixed)),
    row(
        "20 x 500 ms exp",
        [37.64, 1.481],
        [0.92, 1.4, 0.0],
        1,
        shop(Queue(20), 500.0, Exponential),
    ),
    row(
        "shared 2 x 60 ms",
        [33.41, 0.185],
        [0.96, 2.6, 0.0],
        1,
        shop(Shared(2), 60.0, Exponential),
    ),
    row(
        "shared 1 x 200 ms",
        [4.96, 0.615],
        [0.97, 3.2, 0.0],
        1,
        shop(Shared(1), 200.0, Exponential),
    ),
    row(
        "checkout 10 x",
        [13.44, 0.602],
        [0.92, 2.3, 0.0],
        1,
        ShopModel { checkout: 10.0, ..TWO_60 },
    ),
    row(
        "checkout 10 x exp",
        [16.8, 1.649],
        [0.85, 2.1, 1.0],
        1,
        ShopModel { checkout: 10.0, ..shop(Queue(5), 125.0, Exponential) },
    ),
    row("33/s to 5/s fixed", [25.24, 0.402], [0.96, 1.8, 0.0], 1, slower(TO_5, TWO_60)),
    row("3 x 60 ms log", [30.57, 0.317], [0.94, 2.3, 0.0], 1, LOG),
    row(
        "3 x 60 ms log, pauses",
        [29.52, 0.319],
        [0.94, 2.2, 0.0],
        1,
        ShopModel { pauses: true, ..LOG },
    ),
    row(
        "2 x 60 ms fixed, pauses",
        [32.22, 0.062],
        [0.97, 2.2, 0.0],
        1,
        ShopModel { pauses: true, ..TWO_60 },
    ),
    row("2 x 5 ms exp", [50.0, 0.017], [0.98, 1.2, 0.0], 0, shop(Queue(2), 5.0, Exponential)),
    row("8 x 1 ms exp", [50.0, 0.005], [0.98, 1.2, 0.0], 0, shop(Queue(8), 1.0, Exponential)),
    row(
        "5/s to 33/s",
        [23.89, 0.402],
        [0.96, 2.3, 0.0],
        1,
        ShopModel { slower: Some((0.0, 200.0, TO_5)), ..TWO_60 },
    ),
    row("50 x slower for 120 s", [23.87, 0.192], [0.96, 6.4, 12.0], 1, slower(50.0, TWO_60_EXP)),
    row("33/s to 5/s exp", [25.11, 0.246], [0.95, 4.3, 0.0], 1, slower(TO_5, TWO_60_EXP)),
    row(
        "fast to 5/s",
        [37.15, 0.035],
        [0.97, 1.4, 0.0],
        2,
        slower(TO_5 * 6.0, shop(Queue(2), 10.0, Exponential)),
    ),
    row("10 x 150 ms log", [39.42, 0.788], [0.83, 1.3, 0.0], 1, shop(Queue(10), 150.0, LogNormal)),
    row(
        "half of the answers lost",
        [6.07, 0.062],
        [0.05, 18.4, 500.0],
        1,
        ShopModel { lost: 0.5, ..TWO_60 },
    ),
    row(
        "1 of 20 answers lost",
        [22.86, 0.062],
        [0.48, 9.8, 400.0],
        1,
        ShopModel { lost: 0.05, ..TWO_60 },
    ),
    row(
        "10 x slower for 30 s",
        [33.49, 0.184],
        [0.96, 4.2, 0.0],
        1,
        ShopModel { slower: Some((0.0, 30.0, 10.0)), ..TWO_60_EXP },
    ),
];

/// Shops that were looked at only after the constants were fixed.
pub const HELD_OUT: [Row; 12] = [
    row("5 x 120 ms exp", [41.38, 0.366], [0.94, 1.4, 0.0], 1, shop(Queue(5), 120.0, Exponential)),
    row("3 x 40 ms log", [45.89, 0.213], [0.9, 1.5, 0.0], 1, shop(Queue(3), 40.0, LogNormal)),
    row(
        "50 x 1 s exp",
        [38.83, 3.022],
        [0.73, 1.2, 3.0],
        ANY,
        shop(Queue(50), 1_000.0, Exponential),
    ),
    row("1 x 80 ms fixed", [12.5, 0.082], [0.98, 2.3, 0.0], 1, shop(Queue(1), 80.0, Fixed)),
    row("4 x 700 ms log", [3.37, 3.82], [0.76, 2.3, 10.0], 1, shop(Queue(4), 700.0, LogNormal)),
    row("1 x 1.2 s exp", [0.87, 3.438], [0.8, 2.6, 0.0], 1, shop(Queue(1), 1_200.0, Exponential)),
    row(
        "shared 4 x 100 ms",
        [39.94, 0.307],
        [0.94, 1.8, 0.0],
        1,
        shop(Shared(4), 100.0, Exponential),
    ),
    row(
        "3 x 30 ms, checkout 30 x",
        [15.33, 0.902],
        [0.94, 2.3, 0.0],
        1,
        ShopModel { checkout: 30.0, ..shop(Queue(3), 30.0, Fixed) },
    ),
    row(
        "8 x 300 ms exp, 3 x slower",
        [22.03, 1.123],
        [0.88, 2.6, 0.0],
        1,
        ShopModel { slower: Some((200.0, 300.0, 3.0)), ..shop(Queue(8), 300.0, Exponential) },
    ),
    row(
        "shared 2 x 100 ms log, 12 x slower",
        [9.35, 0.661],
        [0.91, 5.9, 20.0],
        1,
        ShopModel { slower: Some((150.0, 250.0, 12.0)), ..shop(Shared(2), 100.0, LogNormal) },
    ),
    row(
        "6 x 100 ms exp + 400 ms",
        [48.5, 0.696],
        [0.98, 1.3, 0.0],
        ANY,
        ShopModel { away_ms: 400.0, ..shop(Queue(6), 100.0, Exponential) },
    ),
    row(
        "3 x 50 ms exp, 20 x slower",
        [29.86, 0.202],
        [0.97, 1.6, 0.0],
        2,
        ShopModel { slower: Some((0.0, 240.0, 20.0)), ..shop(Queue(3), 50.0, Exponential) },
    ),
];

/// Shops of the field at which the bound was once too low for minutes: endless servers that turn
/// far slower, as a shop does whose own neighbour is slow.
pub const FOUND: [Row; 3] = [
    row("5 ms to 300 ms", [50.0, 0.302], [0.85, 1.2, 0.0], ANY, slower(60.0, FAST)),
    row("5 ms to 800 ms", [50.0, 0.802], [0.87, 1.2, 0.0], 2, slower(160.0, FAST)),
    row("5 ms to 3 s", [50.0, 3.002], [0.75, 1.2, 0.0], 2, slower(600.0, FAST)),
];
