//! What is made of a run's rows: exports, the report, the scorecard, cohorts and the audit.

pub mod cohorts;
pub mod export;
pub mod realism;
pub mod report;
pub mod verify;
