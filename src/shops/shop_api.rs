//! Reaching a shop: the profile that describes it, the adapter that speaks HTTP to it, and the one
//! that answers in its place under `--mock-api`.
//!
//! No path and no field name of any shop stands in code: another shop is another profile.

pub mod http;
pub mod mock;
pub mod profile;
