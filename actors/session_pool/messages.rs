//! What the [`SessionPool`](super::SessionPool) and its [`Session`](super::session::Session)s
//! accept.

use actix::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{AgentId, SessionId};
use crate::domain::permit::Permit;
use crate::ports::shop_api::{Answered, ApiError, ShopRequest};

use super::board::DownFlag;

/// Sent by an Agent once, before its first flow. Answers the same HTTP session each time.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Leased")]
pub struct Lease {
    /// Whose.
    pub agent_id: AgentId,
}

/// The HTTP session of an agent.
#[derive(Clone, Debug)]
pub struct Leased {
    /// Which of the ten.
    pub session_id: SessionId,
    /// Where to send its calls.
    pub calls: Recipient<Call>,
    /// Whether it is down: then no flow begins, and one under way ends.
    pub down: DownFlag,
}

impl Leased {
    /// Whether it is still that of its actor: one whose actor died has been rebuilt behind another
    /// address.
    pub fn is_good(&self) -> bool {
        self.calls.connected()
    }
}

impl<A, M> actix::dev::MessageResponse<A, M> for Leased
where
    A: Actor,
    M: Message<Result = Leased>,
{
    fn handle(self, _: &mut A::Context, reply: Option<actix::dev::OneshotSender<Leased>>) {
        if let Some(reply) = reply {
            // The agent may have died while it waited; nobody else wants the answer.
            let _ = reply.send(self);
        }
    }
}

/// Sent by the topology when it has rebuilt a session whose actor had died; agents lease anew.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Reseat {
    /// Which of the ten.
    pub session_id: SessionId,
    /// Where its calls go from here on.
    pub calls: Recipient<Call>,
}

/// Sent by an Agent or a probe for every request; carries its permit.
#[derive(Debug, Message)]
#[rtype(result = "Result<Answered, ApiError>")]
pub struct Call {
    /// Consumed by sending.
    pub permit: Permit,
    /// What is asked.
    pub request: ShopRequest,
}

/// Sent by the Coordinator for a developer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Message)]
#[rtype(result = "()")]
pub enum SessionPoolInjection {
    /// This HTTP session counts as down until a probe of it is answered.
    MarkDown(SessionId),
    /// The actor panics; the run freezes for good.
    Die,
}

/// Sent by the Coordinator for a developer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Message)]
#[rtype(result = "()")]
pub enum SessionInjection {
    /// Its calls fail as if the connection broke; nothing is sent.
    Break {
        /// For so long, real seconds.
        for_s: u32,
    },
    /// Its calls take longer.
    Delay {
        /// By so much, milliseconds.
        ms: u32,
        /// For so long, real seconds.
        for_s: u32,
    },
    /// The actor panics and is built anew.
    Die,
}
