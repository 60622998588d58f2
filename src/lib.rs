//! The edge of cartload: the life of a run, its settings, whoever sees or reaches it from outside,
//! and the command line.

pub mod alerts;
pub mod checkpoint_files;
pub mod cli;
pub mod config;
pub mod control;
pub mod dashboard;
pub mod data_dir;
mod database;
pub mod doctor;
pub mod fit;
pub mod injection;
mod known_runs;
pub mod logging;
pub mod personas;
pub mod presets;
pub mod rehearsal;
pub mod resources;
mod run_report;
pub mod running;
pub mod scenario;
pub mod trial;
pub mod web;
