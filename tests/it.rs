//! The integration tests, one binary: cold builds link once. Each module is a room of behaviour.

mod practice_shop;
mod support;
mod tidy;
