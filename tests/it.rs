//! The integration tests, one binary: cold builds link once. Each module is a room of behaviour.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cli;
mod database_faults;
mod freezing;
mod full_cycle;
mod hostile_shop;
mod kill_and_resume;
mod limits;
mod lost_commit;
mod lost_order;
mod money;
mod practice_shop;
mod resume;
mod shop_api;
mod simulation;
mod store_contract;
mod store_open;
mod supervision;
mod support;
mod tidy;
mod verify;
