//! What becomes of a service that died, of an agent that an operator revives, and of a developer's
//! drill.
//!
//! A service is rebuilt only where nothing is lost with it: an HTTP session, the OfferRefresher,
//! the Checkpointer. Any other death freezes the run for good: only `resume` in a fresh process
//! goes on.

use std::collections::{BTreeMap, BTreeSet};

use actix::prelude::*;
use serde_json::json;

use crate::agent::messages::Drill;
use crate::circuit_breaker::messages::FreezeReason;
use crate::domain::cycle::Cycle;
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::incident::IncidentKind;
use crate::rate_limiter::messages::{Refuse, Refused};

use super::Coordinator;
use super::command::{CommandRefused, Done};
use super::crash_log::CrashLog;
use super::messages::{Inject, Service};
use super::progress::Phase;
use super::services::Services;
use super::sessions::HeldReport;

/// Starts a dead service anew and puts it in its place; false where that is not safe. Given by the
/// topology, which alone starts actors.
pub type ServiceBuilder = Box<dyn Fn(Service, &mut Services) -> bool>;

/// What the Coordinator knows of those below it that are no agents.
pub struct Supervision {
    /// Rebuilds services.
    builder: ServiceBuilder,
    /// Which services died when.
    deaths: BTreeMap<Service, CrashLog>,
    /// A service that died and was not rebuilt: the run cannot go on in this process.
    lost: Option<Service>,
    /// Reports of call failures that wait until it is known whose fault they are; one an agent.
    pub(super) held: BTreeMap<SessionId, Vec<HeldReport>>,
    /// HTTP sessions that are being probed; one probe each.
    pub(super) trying: BTreeSet<SessionId>,
    /// When an adapter's rebuild was last written down: one incident a session and cycle.
    pub(super) adapters: BTreeMap<SessionId, Cycle>,
}

impl Supervision {
    /// Everything is alive.
    pub fn new(builder: ServiceBuilder) -> Self {
        Self {
            builder,
            deaths: BTreeMap::new(),
            lost: None,
            held: BTreeMap::new(),
            trying: BTreeSet::new(),
            adapters: BTreeMap::new(),
        }
    }
}

impl Coordinator {
    /// A service's actor is gone.
    pub(super) fn service_down(&mut self, service: Service, ctx: &mut Context<Self>) {
        if matches!(self.phase, Phase::Ended) {
            return;
        }
        let cycle = self.progress.cycle;
        let too_often = self.supervision.deaths.entry(service).or_default().record(cycle);
        let is_rebuilt = !too_often && (self.supervision.builder)(service, &mut self.services);
        if !is_rebuilt {
            self.lose(service, ctx);
            return;
        }
        self.progress.totals.restarts += 1;
        let message = format!("{service} died and was rebuilt");
        let http_session = match service {
            Service::HttpSession(id) => Some(id),
            Service::RateLimiter
            | Service::DbWriter
            | Service::SessionPool
            | Service::CircuitBreaker
            | Service::Checkpointer
            | Service::OfferRefresher => None,
        };
        self.note(IncidentKind::Restart, message, json!({}), None, http_session);
        if service == Service::OfferRefresher && matches!(self.phase, Phase::InCycle(_)) {
            // What it was doing is lost with it; offers that are there already are left alone.
            self.refresh_offers(cycle, ctx);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "once per service of a run")]
    fn lose(&mut self, service: Service, ctx: &mut Context<Self>) {
        self.supervision.lost = Some(service);
        self.trip(FreezeReason::ServiceDied { service: service.to_string() }, ctx);
        // The breaker does this on a freeze, unless it is the one that died.
        self.services.limiter.do_send(Refuse(Refused::Frozen));
    }

    /// Why an operator cannot open this run again, if so.
    pub(super) fn refuse_to_resume(&self) -> Option<CommandRefused> {
        self.supervision.lost.map(|_| CommandRefused::WrongState {
            state: "frozen for good",
            hint: "a part of it died; end it, then `cartload resume --unfreeze`",
        })
    }

    /// An operator gives a quarantined agent its ticks back.
    pub(super) fn revive(&mut self, agent_id: AgentId) -> Result<Done, CommandRefused> {
        if self.roster.persona(&agent_id).is_none() {
            return Err(CommandRefused::Agent { agent_id, why: "is no agent of this run" });
        }
        if !self.roster.revive(&agent_id) {
            return Err(CommandRefused::Agent { agent_id, why: "is not in quarantine" });
        }
        self.publish();
        Ok(Done::that(format!("{agent_id} is out of quarantine and shops from the next cycle on")))
    }

    /// A developer has a fault strike an agent.
    #[expect(clippy::disallowed_methods, reason = "one per developer's command")]
    pub(super) fn inject(&mut self, inject: Inject) -> Result<(), CommandRefused> {
        let Inject { agent_id, fault } = inject;
        let Some(agent) = self.roster.handle(&agent_id) else {
            return Err(CommandRefused::Agent { agent_id, why: "gets no ticks in this run" });
        };
        agent.do_send(Drill(fault));
        let message = format!("a developer has {fault:?} strike {agent_id}");
        self.incident(IncidentKind::Injection, message, json!({}), Some(agent_id));
        Ok(())
    }
}
