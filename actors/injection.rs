//! Messages that a developer injects into a live run: typed, at least one for every actor.
//!
//! Each actor owns what it accepts (`<actor>/messages.rs`); this is the envelope with the address.
//! The Coordinator delivers it, at once or at the tick of a cycle, and writes down that it did:
//! nobody who reads the rows may take a drill for a fault.

pub mod examples;

use std::fmt;
use std::sync::Arc;

use ron::extensions::Extensions;
use ron::value::RawValue;
use serde::{Deserialize, Serialize};

use crate::agent::messages::AgentInjection;
use crate::checkpointer::messages::CheckpointerInjection;
use crate::circuit_breaker::messages::CircuitBreakerInjection;
use crate::coordinator::command::Command;
use crate::db_writer::messages::DbWriterInjection;
use crate::domain::ids::{AgentId, SessionId};
use crate::offer_refresher::messages::OfferRefresherInjection;
use crate::rate_limiter::messages::RateLimiterInjection;
use crate::session_pool::messages::{SessionInjection, SessionPoolInjection};

/// A message and the actor it goes to, as RON: `Agent("agent_017", Crash)`. `S` is what may be
/// done to the shop, which only the edge knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Injection<S = ShopDrill> {
    /// To one agent.
    Agent(AgentId, AgentInjection),
    /// To as many agents, whichever come to the moment first.
    Agents(u32, AgentInjection),
    /// To one of the ten HTTP sessions.
    Session(SessionId, SessionInjection),
    /// To the SessionPool.
    SessionPool(SessionPoolInjection),
    /// To the RateLimiter.
    RateLimiter(RateLimiterInjection),
    /// To the CircuitBreaker.
    CircuitBreaker(CircuitBreakerInjection),
    /// To the DbWriter.
    DbWriter(DbWriterInjection),
    /// To the OfferRefresher.
    OfferRefresher(OfferRefresherInjection),
    /// To the Checkpointer.
    Checkpointer(CheckpointerInjection),
    /// To the Coordinator: what an operator may say.
    Coordinator(Command),
    /// To the shop, where it can be told to fail.
    Shop(S),
}

impl<S> Injection<S> {
    /// The same message with the shop's part made into another.
    pub fn try_map_shop<T, E>(
        self,
        map: impl FnOnce(S) -> Result<T, E>,
    ) -> Result<Injection<T>, E> {
        Ok(match self {
            Self::Agent(agent, what) => Injection::Agent(agent, what),
            Self::Agents(count, what) => Injection::Agents(count, what),
            Self::Session(session, what) => Injection::Session(session, what),
            Self::SessionPool(what) => Injection::SessionPool(what),
            Self::RateLimiter(what) => Injection::RateLimiter(what),
            Self::CircuitBreaker(what) => Injection::CircuitBreaker(what),
            Self::DbWriter(what) => Injection::DbWriter(what),
            Self::OfferRefresher(what) => Injection::OfferRefresher(what),
            Self::Checkpointer(what) => Injection::Checkpointer(what),
            Self::Coordinator(command) => Injection::Coordinator(command),
            Self::Shop(shop) => Injection::Shop(map(shop)?),
        })
    }
}

/// As it is written.
impl<S: Serialize> fmt::Display for Injection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&as_written().to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// RON as people write it: no double parentheses.
fn as_written() -> ron::Options {
    let extensions = Extensions::UNWRAP_VARIANT_NEWTYPES | Extensions::IMPLICIT_SOME;
    ron::Options::default().with_default_extension(extensions)
}

/// A change at a shop, made ready by the edge that knows the shop.
#[derive(Clone)]
pub struct ShopDrill {
    /// The change as RON.
    written: Box<RawValue>,
    change: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
}

impl ShopDrill {
    /// A change that is written as `written` and made by `change`, which answers why not.
    pub fn new(
        written: &impl Serialize,
        change: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Result<Self, ron::Error> {
        let written = RawValue::from_boxed_ron(as_written().to_string(written)?.into())
            .map_err(|error| error.code)?;
        Ok(Self { written, change: Arc::new(change) })
    }

    /// Makes it.
    pub fn make(&self) -> Result<(), String> {
        (self.change)()
    }
}

impl fmt::Debug for ShopDrill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.written.get_ron())
    }
}

impl Serialize for ShopDrill {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_shown_as_it_is_written() {
        let agent = Injection::<()>::Agent(AgentId::new("agent_017"), AgentInjection::Crash);
        assert_eq!(agent.to_string(), r#"Agent("agent_017",Crash)"#);
        let drill = ShopDrill::new(&Some(7), || Ok(())).unwrap();
        assert_eq!(Injection::Shop(drill).to_string(), "Shop(7)", "without its Some");
    }
}
