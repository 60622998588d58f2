//! The edge of cartload: adapters to shop, store and files, configuration and the command line.

pub mod alerts;
pub mod checkpoint_files;
pub mod cli;
pub mod cohorts;
pub mod config;
pub mod control;
pub mod coupon_book;
pub mod dashboard;
pub mod data_dir;
pub mod export;
pub mod injection;
pub mod logging;
pub mod personas;
pub mod practice_shop;
pub mod questions;
pub mod realism;
pub mod rehearsal;
pub mod report;
pub mod ron_text;
pub mod run_report;
pub mod scenario;
pub mod shop_api;
pub mod store;
pub mod trust;
pub mod verify;
pub mod web;
