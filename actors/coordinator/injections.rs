//! Developers' messages to services: where each goes, and the one incident that says so.

use actix::prelude::*;
use serde_json::json;

use crate::agent::Agent;
use crate::agent::drill::Shares;
use crate::agent::messages::Drill;
use crate::circuit_breaker::messages::CircuitBreakerInjection;
use crate::domain::ids::SessionId;
use crate::domain::incident::IncidentKind;
use crate::injection::Injection;
use crate::offer_refresher::messages::OfferRefresherInjection;
use crate::session_pool::messages::{SessionInjection, SessionPoolInjection};

use super::command::{CommandRefused, Done, Door};
use super::ledger::{About, Report};
use super::services::Services;
use super::shard::Shard;

/// Where developers' messages go that no other edge leads to.
#[derive(Clone)]
pub struct DrillDoors {
    /// Each HTTP session, session 0 first.
    pub sessions: Vec<Recipient<SessionInjection>>,
    /// The SessionPool.
    pub pool: Recipient<SessionPoolInjection>,
    /// The OfferRefresher.
    pub refresher: Recipient<OfferRefresherInjection>,
}

/// Sends a message on to agents or to its service; what is said to the Coordinator itself does not
/// come here.
#[expect(clippy::disallowed_methods, reason = "one per developer's message, or per agent")]
pub fn send_on(
    shard: &Shard<Addr<Agent>>,
    services: &Services,
    injection: Injection,
) -> Result<(), CommandRefused> {
    let sessions = &services.drills.sessions;
    let no_session = |http_session: SessionId| {
        Err(CommandRefused::NoSession { http_session, sessions: sessions.len() })
    };
    match injection {
        Injection::Agent(agent_id, what) => {
            shard.reach(&agent_id)?.do_send(Drill { what, shares: Shares::of(1) });
        }
        Injection::Agents(count, what) => {
            let shares = Shares::of(count);
            for agent in shard.reachable() {
                agent.do_send(Drill { what, shares: shares.clone() });
            }
        }
        Injection::Session(session, what) => match sessions.get(usize::from(session.0)) {
            Some(actor) => actor.do_send(what),
            None => return no_session(session),
        },
        Injection::SessionPool(SessionPoolInjection::MarkDown(session))
        | Injection::CircuitBreaker(CircuitBreakerInjection::SignalOutage(session))
            if usize::from(session.0) >= sessions.len() =>
        {
            return no_session(session);
        }
        Injection::SessionPool(what) => services.drills.pool.do_send(what),
        Injection::RateLimiter(what) => services.limiter.do_send(what),
        Injection::CircuitBreaker(what) => services.breaker.do_send(what),
        Injection::DbWriter(what) => services.writer.do_send(what),
        Injection::OfferRefresher(what) => services.drills.refresher.do_send(what),
        Injection::Checkpointer(what) => services.checkpointer.do_send(what),
        Injection::Shop(drill) => return drill.make().map_err(CommandRefused::ShopDrill),
        Injection::Coordinator(_) => {}
    }
    Ok(())
}

/// What is said of a message and of what became of it.
pub fn report(written: &str, door: Door, outcome: &Result<Done, CommandRefused>) -> Report {
    let (message, result) = match outcome {
        Ok(done) => (format!("{} (door: {door})", done.message), "done"),
        Err(why) => (format!("{written} was refused: {why} (door: {door})"), "refused"),
    };
    let detail = json!({ "door": door, "message": written, "outcome": result, "drill": true });
    (IncidentKind::Injection, message, detail)
}

/// There is nobody to whom it could go.
pub fn ended() -> CommandRefused {
    CommandRefused::WrongState { state: "ended", hint: "start or resume a run" }
}

/// Whom a message went to, for its incident.
pub fn about(injection: &Injection) -> About {
    match injection {
        Injection::Agent(agent_id, _) => (Some(agent_id.clone()), None),
        Injection::Session(session, _) => (None, Some(*session)),
        Injection::Agents(..)
        | Injection::SessionPool(_)
        | Injection::RateLimiter(_)
        | Injection::CircuitBreaker(_)
        | Injection::DbWriter(_)
        | Injection::OfferRefresher(_)
        | Injection::Checkpointer(_)
        | Injection::Coordinator(_)
        | Injection::Shop(_) => (None, None),
    }
}
