//! What several rooms of tests need: throwaway servers, whole runs and builders.

pub mod flows;
pub mod pgbouncer;
pub mod postgres;
pub mod proxy;
pub mod server;
pub mod whole_run;

/// How much of something a test does: what the variable says, else a few, for CI.
pub fn amount(variable: &str, otherwise: usize) -> usize {
    let told = std::env::var(variable).ok();
    told.map_or(otherwise, |text| text.parse().unwrap_or_else(|e| panic!("{variable}: {e}")))
}
