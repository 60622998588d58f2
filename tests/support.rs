//! What several rooms of tests need: throwaway servers, builders, whole runs.

pub mod flows;
pub mod pgbouncer;
pub mod population;
pub mod postgres;
pub mod recording_store;
pub mod run;
pub mod scripted_shop;
pub mod server;
