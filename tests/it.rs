//! The integration tests, one binary: cold builds link once. Each module is a room of behaviour.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report of a failure")]

mod store_contract;
mod store_open;
mod support;
mod tidy;
