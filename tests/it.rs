//! The integration tests, one binary: cold builds link once. Each module is a room of behaviour.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alerts;
mod cli;
mod cohorts;
mod control;
mod crash_points;
mod dashboard;
mod database_faults;
mod events;
mod freezing;
mod full_cycle;
mod group_commit;
mod hostile_shop;
mod injection;
mod kill_and_resume;
mod limits;
mod lost_commit;
mod lost_order;
mod money;
mod numbers;
mod offer_statements;
mod practice_shop;
mod realism;
mod report;
mod resume;
mod running;
mod scenarios;
mod shop_api;
mod simulated_days;
mod simulation;
mod slow_shops;
mod stopping;
mod store_contract;
mod store_open;
mod supervision;
mod support;
mod throttle;
mod tidy;
mod two_runs;
mod unlucky_order;
mod upgrades;
mod verify;
mod web;
mod your_shop;
