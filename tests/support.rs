//! What several rooms of tests need: throwaway servers and builders.

pub mod binary;
pub mod flows;
pub mod pgbouncer;
pub mod postgres;
pub mod server;
