//! (front door, being built)
pub mod messages;
