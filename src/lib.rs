//! The edge of cartload: adapters to shop, store and files, configuration and the command line.

pub mod alerts;
pub mod checkpoint_files;
pub mod cli;
pub mod config;
pub mod control;
pub mod dashboard;
pub mod data_dir;
pub mod injection;
pub mod logging;
pub mod personas;
pub mod rehearsal;
pub mod run_report;
pub mod scenario;
pub mod web;
