//! What is read about runs whose process may be dead.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text, Timestamp};
use domain::flow::ShopCart;
use domain::ids::{AgentId, RunId, StoreId};
use ports::store::DirtyCart;

use super::read;
use crate::error::Fault;

/// The last visit of one agent in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastVisit {
    /// The run.
    pub run_id: RunId,
    /// The agent and its cart at the shop.
    pub cart: DirtyCart,
    /// Wall clock, UTC.
    pub opened_at: NaiveDateTime,
    /// Whether the cart may hold items.
    pub is_dirty: bool,
}

/// It as a row.
#[derive(Clone, Debug, QueryableByName)]
pub struct LastVisitRow {
    /// The agent.
    #[diesel(sql_type = Text)]
    agent_id: String,
    /// Its user at the shop.
    #[diesel(sql_type = Text)]
    user_id: String,
    /// The run.
    #[diesel(sql_type = Text)]
    run_id: String,
    /// Wall clock, UTC.
    #[diesel(sql_type = Timestamp)]
    opened_at: NaiveDateTime,
    /// A [`ShopCart`].
    #[diesel(sql_type = Text)]
    shop_cart: String,
    /// The branch it last shopped at in this run.
    #[diesel(sql_type = Nullable<Text>)]
    store_id: Option<String>,
}

impl LastVisitRow {
    /// The visit.
    pub fn parse(self) -> Result<LastVisit, Fault> {
        Ok(LastVisit {
            run_id: RunId(read("shopping_sessions.run_id", &self.run_id)?),
            cart: DirtyCart {
                agent_id: AgentId::new(&self.agent_id),
                user_id: read("agents.user_id", &self.user_id)?,
                store_id: self.store_id.map(StoreId::new),
            },
            opened_at: self.opened_at,
            is_dirty: self.shop_cart == ShopCart::Dirty.as_str(),
        })
    }
}

/// How a purge ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purge {
    /// The run is gone.
    Purged {
        /// Over all tables.
        rows: u64,
    },
    /// Its owner lives: nothing was deleted.
    Owned {
        /// The owner's last sign of life; wall clock, UTC.
        heartbeat_at: NaiveDateTime,
    },
    /// There is no such run.
    Unknown,
}
