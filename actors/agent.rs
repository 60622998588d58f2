//! (front door, being built)
pub mod decision;
pub mod memory;
pub mod messages;
pub mod temporal;
