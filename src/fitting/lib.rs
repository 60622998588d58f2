//! What an order history says of its shoppers: read in one pass, estimated with its errors, carried
//! into a preset and personas. docs/fit.md has the formulas.
//!
//! Nothing here runs a simulation: whoever does hands its order lines to a [`ledger::Ledger`] and
//! has them judged by the same figures as the history.

pub mod columns;
pub mod customer;
pub mod estimate;
pub mod frequency;
pub mod history;
pub mod ledger;
pub mod line;
pub mod popularity;
pub mod population;
pub mod portrait;
pub mod preset;
pub mod score;

/// Every persona and draw of a fit belongs to at least so many customers.
pub const CUSTOMERS_MIN: usize = 5;

#[cfg(test)]
mod recovery_tests;
