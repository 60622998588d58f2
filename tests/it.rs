//! The integration tests, one binary: cold builds link once. Each module is a room of behaviour.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cli;
mod practice_shop;
mod resume;
mod shop_api;
mod store_contract;
mod store_open;
mod support;
mod tidy;
mod verify;
