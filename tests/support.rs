//! What several rooms of tests need: throwaway servers, builders, whole runs.

pub mod acknowledged;
pub mod agents_table;
pub mod binary;
pub mod browser;
pub mod flows;
pub mod mutant;
pub mod pgbouncer;
pub mod population;
pub mod postgres;
pub mod proxy;
pub mod python;
pub mod real_run;
pub mod recording_store;
pub mod refresher;
pub mod run;
pub mod scripted_server;
pub mod scripted_shop;
pub mod served;
pub mod server;
pub mod small_disk;
pub mod tmux;
pub mod tunnel;
pub mod whole_run;

/// How much of something a test does: what the variable says, else a few, for CI.
pub fn amount(variable: &str, otherwise: usize) -> usize {
    let told = std::env::var(variable).ok();
    told.map_or(otherwise, |text| text.parse().unwrap_or_else(|e| panic!("{variable}: {e}")))
}
