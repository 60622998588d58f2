//! What becomes of a service that died.
//!
//! A service is rebuilt only where nothing is lost with it: an HTTP session, the OfferRefresher,
//! the Checkpointer. Any other death freezes the run for good: only `resume` in a fresh process
//! goes on.

use std::collections::BTreeMap;

use crate::domain::cycle::Cycle;
use crate::domain::ids::SessionId;

use super::crash_log::CrashLog;
use super::messages::Service;
use super::services::Services;

/// Starts a dead service anew and puts it in its place; false where that is not safe. Given by the
/// topology, which alone starts actors.
pub type ServiceBuilder = Box<dyn Fn(Service, &mut Services) -> bool>;

/// The services below the Coordinator, as things that die.
pub struct Wards {
    /// Rebuilds services.
    builder: ServiceBuilder,
    /// Which died when.
    deaths: BTreeMap<Service, CrashLog>,
    /// When an adapter's rebuild was last written down: one incident a session and cycle.
    adapters: BTreeMap<SessionId, Cycle>,
}

impl Wards {
    /// Everything is alive.
    pub fn new(builder: ServiceBuilder) -> Self {
        Self { builder, deaths: BTreeMap::new(), adapters: BTreeMap::new() }
    }

    /// A service's actor is gone; answers whether it was rebuilt.
    pub fn rebuild(&mut self, service: Service, cycle: Cycle, services: &mut Services) -> bool {
        let too_often = self.deaths.entry(service).or_default().record(cycle);
        !too_often && (self.builder)(service, services)
    }

    /// A session's adapter was built anew; answers whether that is news in this cycle.
    pub fn is_news(&mut self, http_session: SessionId, cycle: Cycle) -> bool {
        self.adapters.insert(http_session, cycle) != Some(cycle)
    }
}
