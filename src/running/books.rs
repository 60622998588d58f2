//! The store that a run writes into: the database with its agents, or the dry one (`--mock-db`).

use std::sync::Arc;

use actors::domain::persona::{AgentStatus, Persona};
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::store::{Store, StoreError};
use store::admin::AgentFilter;
use store::dry::DryStore;
use store::{Admin, OpenStore};

use super::{Asked, RunError};
use crate::{database, presets};

/// What is written into.
pub(super) struct Books {
    /// For the run.
    pub(super) store: Arc<dyn Store>,
    /// For what surrounds it; the dry store has none.
    pub(super) admin: Option<Admin>,
}

impl Books {
    /// Opens what the settings name; agents are made where there are none.
    pub(super) async fn open(asked: &Asked) -> Result<Self, RunError> {
        let settings = &asked.settings;
        let count = settings.population.agents.unwrap_or(presets::AGENTS_GENERATED);
        if settings.store.mock {
            let personas = match existing(asked).await? {
                Some(personas) => personas,
                None => presets::personas(count, &[], &mut rand::rng())?,
            };
            return Ok(Self { store: Arc::new(DryStore::new(personas)), admin: None });
        }
        if asked.resume.is_some() {
            database::must_be_there(settings)?;
        }
        let OpenStore { store, admin, pool } = database::open(settings, &asked.data).await?;
        if let Some(pool) = pool {
            tracing::info!("{pool}");
        }
        if admin.count_agents(None).await? == 0 {
            let personas = presets::personas(count, &[], &mut rand::rng())?;
            let written = admin.insert_agents(personas, false, SystemPacing.wall()).await?;
            tracing::info!(agents = written, "the database had no agents; they were generated");
        }
        Ok(Self { store, admin: Some(admin) })
    }
}

/// The agents of the database, which a dry run may read, where there is one with some (Q9.3).
async fn existing(asked: &Asked) -> Result<Option<Vec<Persona>>, StoreError> {
    // A SQLite file that is not there would be made by opening it: a dry run writes nothing.
    let is_there = asked.settings.store.url.is_some() || asked.data.sqlite_file().exists();
    if !is_there {
        return Ok(None);
    }
    match database::open_to_read(&asked.settings).await {
        Ok(admin) => {
            let active = AgentFilter { status: Some(AgentStatus::Active), cohort: None };
            let personas = admin.list_agents(active).await?;
            admin.close().await;
            Ok(Some(personas).filter(|personas| !personas.is_empty()))
        }
        Err(error) => {
            tracing::warn!("agents are generated: {error}");
            Ok(None)
        }
    }
}
