//! Every statement, written once. Each macro body is expanded twice: asynchronous for Postgres,
//! plain for SQLite.
//!
//! Each function runs inside a transaction its caller began; none begins or ends one.

mod agents;
mod cycles;
mod dead_runs;
mod export;
mod flow;
mod flow_parts;
mod ledger;
mod memory;
mod offers;
mod runs;
mod summary;

/// Rows of one INSERT: the widest of these rows has 15 columns, and SQLite binds at most 32,766.
const ROWS_PER_INSERT: usize = 2_000;
/// Values of one IN list.
const VALUES_PER_LIST: usize = 10_000;

macro_rules! query_set {
    ($set:ident, $connection:ty, $backend:ty, $dsl:path, $($form:tt)*) => {
        /// The queries over one kind of connection.
        pub mod $set {
            use std::collections::HashMap;
            use std::sync::Arc;

            use domain::catalog::Product;
            use domain::cycle::{Cycle, CycleRecord};
            use domain::event::CouponStep;
            use domain::flow::{
                AgentMemory, EndReason, FlowKey, FlowRecord, FlowStatus,
            };
            use domain::ids::{AgentId, AssignmentId, CouponId, OwnerToken, RunId, StoreId};
            use domain::incident::{Incident, IncidentKind};
            use domain::money::Cents;
            use domain::offer::{Coupon, Wallet};
            use domain::persona::{AgentStatus, Persona};
            use ports::failpoint::{self, Failpoint};
            use ports::store::{
                Committed, DirtyCart, Holding, NewRun, OfferBatch, Orphans, Replay, RunState,
            };
            use chrono::NaiveDateTime;
            use diesel::prelude::*;
            use diesel::sql_types::{Integer, Text, Timestamp};
            use diesel::upsert::excluded;
            use serde_json::Value;
            use $dsl;

            use super::{ROWS_PER_INSERT, VALUES_PER_LIST};
            use crate::admin::audit::{LastVisit, Purge};
            use crate::admin::export::{Page, PageRows, Step};
            use crate::admin::{AgentFilter, RunSummary, TakeOver};
            use crate::error::{Answer, Fault};
            use crate::rows::agents::AgentRow;
            use crate::rows::cycles::{CycleRow, IncidentRow};
            use crate::rows::dead_runs::LastVisitRow;
            use crate::rows::dynamic::DynamicRow;
            use crate::rows::flow::{CutAttempt, Ending, SessionRow, Standing};
            use crate::rows::flow_parts::{
                InteractionRow, event_rows, interaction_row, item_rows, order_row,
            };
            use crate::rows::ledger::{
                AttemptRow, EventCount, Finding, FlowCount, Ledger, OfferLimits, OrderCount,
            };
            use crate::rows::offers::{
                AssignedBy, AssignmentRow, CouponRow, HeldRow, OfferCycleRow, ProductRow,
            };
            use crate::rows::runs::{
                BrandRow, DirtyRow, KnownRun, NamedCount, RunRow, VisitRow,
            };
            use crate::rows::{Tags, count, integer, large, read, replay};
            use crate::schema::{
                agents, coupon_assignments, coupon_interactions, coupons, cycles, incidents,
                offer_cycles, order_items, orders, products, runs, shopping_session_events,
                shopping_sessions,
            };
            use crate::statement::{Bind, Statement};

            type Conn = $connection;
            type Db = $backend;

            super::agents::agent_queries!($($form)*);
            super::cycles::cycle_queries!($($form)*);
            super::dead_runs::dead_run_queries!($($form)*);
            super::export::export_queries!($($form)*);
            super::flow::flow_queries!($($form)*);
            super::flow_parts::flow_part_queries!($($form)*);
            super::ledger::ledger_queries!($($form)*);
            super::memory::memory_queries!($($form)*);
            super::offers::offer_queries!($($form)*);
            super::runs::run_queries!($($form)*);
            super::summary::summary_queries!($($form)*);
        }
    };
}

query_set!(
    postgres,
    diesel_async::AsyncPgConnection,
    diesel::pg::Pg,
    diesel_async::RunQueryDsl,
    [async] [.await]
);
query_set!(
    sqlite,
    diesel::SqliteConnection,
    diesel::sqlite::Sqlite,
    diesel::RunQueryDsl,
    [] []
);
