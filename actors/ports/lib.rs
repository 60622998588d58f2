//! The four doors to the outside, each a trait with its typed error: the shop, the store, the
//! checkpoint files and the clock. Adapters live at the edge (`src`). Chance comes as a value.

pub mod checkpoint_file;
pub mod entropy;
pub mod failpoint;
pub mod pacing;
pub mod shop_api;
pub mod store;
