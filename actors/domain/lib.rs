//! What the shop's customers and their visits *are*: values and rules without actors, clocks or
//! I/O.
//!
//! Nothing in this crate imports actix, reads a clock or touches a file; whatever needs the
//! time takes it as an argument, whatever needs chance takes the generator.

pub mod behavior;
pub mod calendar;
pub mod call_histogram;
pub mod cart;
pub mod catalog;
pub mod cycle;
pub mod event;
pub mod experiment;
pub mod flow;
pub mod foreign_goods;
pub mod freeze_reason;
pub mod ids;
pub mod in_flight;
pub mod incident;
pub mod lost_order;
pub mod memory;
pub mod money;
pub mod number_or_word;
pub mod offer;
pub mod permit;
pub mod persona;
pub mod population;
#[cfg(any(test, feature = "presets"))]
pub mod presets;
pub mod rate;
pub mod shop_notes;
pub mod snapshot;
pub mod stable_hash;
pub mod time_scale;
pub mod timing;
pub mod totals;
pub mod usual_prices;
