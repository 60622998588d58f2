//! (front door, being built)
pub mod messages;
pub mod permit;
