//! The realism scorecard: what it counts on both databases, and the preset `lifelike` held to it.

mod backends;
mod expectation;
mod runs;

use analysis::realism::yardstick::Yardstick;
use cartload::config::{Settings, Sources};

/// The bands as they are without a config file of the tester's.
fn bands() -> Yardstick {
    let config = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/config/cartload.ron").into());
    Settings::load(Sources { config, ..Sources::default() }).unwrap().realism.yardstick()
}
