//! The actor system of cartload; listing this folder lists the actors.
#![doc = include_str!("README.md")]

pub mod agent;
pub mod checkpointer;
pub mod circuit_breaker;
pub mod coordinator;
pub mod db_writer;
pub mod injection;
pub mod offer_refresher;
pub mod panic_words;
pub mod rate_limiter;
pub mod session_pool;
pub mod shop_door;
pub mod topology;
mod weighted_key;

pub use domain;
pub use ports;
pub use ports::failpoint;
