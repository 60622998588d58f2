//! The four doors to the outside, each a trait with its typed error: the shop, the store, the
//! checkpoint files and the clock. Adapters live at the edge (`src`).

pub mod checkpoint_file;
pub mod pacing;
pub mod shop_api;
pub mod store;
