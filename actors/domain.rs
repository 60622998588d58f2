//! What the shop's customers and their visits *are*: values and rules without actors, clocks or
//! I/O.
//!
//! Nothing below this module imports actix, reads a clock or touches a file; whatever needs the
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
pub mod ids;
pub mod incident;
pub mod money;
pub mod number_or_word;
pub mod offer;
pub mod persona;
pub mod population;
#[cfg(test)]
pub(crate) mod presets;
pub mod pricing;
pub mod rate;
pub mod stable_hash;
pub mod time_scale;
pub mod timing;
pub mod totals;
