//! The SessionPool: tells each agent which of the ten HTTP sessions is its own (Q3.5).
//!
//! *Owns*: the list of sessions. *Accepts*: [`Lease`], [`Reseat`], [`SessionPoolInjection`].
//! *Sends*: nothing; it answers. *When it fails*: the run freezes. *Bounds*: one question an agent.
//! Calls go to the [`Session`](session::Session) itself, never through the pool.

pub mod assignment;
pub mod board;
pub mod health;
pub mod messages;
pub mod request_meter;
pub mod session;

use actix::prelude::*;

use self::assignment::session_of;
use self::board::HealthBoard;
use self::messages::{Call, Lease, Leased, Reseat, SessionPoolInjection};
use crate::panic_words;

/// Messages that may wait: every agent asks once, at the same moment.
const MAILBOX_CAPACITY: usize = 16_384;

/// Hands out HTTP sessions.
pub struct SessionPool {
    /// The sessions, indexed by their id; 1 to 255.
    sessions: Vec<Recipient<Call>>,
    /// Their standing, shared with the sessions; each lease carries its session's flag.
    board: HealthBoard,
}

impl SessionPool {
    /// A pool of these sessions, session 0 first. At least one, at most 255.
    pub fn new(sessions: Vec<Recipient<Call>>, board: HealthBoard) -> Self {
        assert!(
            (1..=255).contains(&sessions.len()),
            "1 to 255 HTTP sessions, not {}",
            sessions.len()
        );
        Self { sessions, board }
    }
}

impl Actor for SessionPool {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
    }
}

impl Handler<Lease> for SessionPool {
    type Result = Leased;

    fn handle(&mut self, lease: Lease, _: &mut Self::Context) -> Leased {
        let sessions = u8::try_from(self.sessions.len()).expect("new() takes at most 255");
        let session_id = session_of(&lease.agent_id, sessions);
        let calls = self.sessions[usize::from(session_id.0)].clone();
        Leased { session_id, calls, down: self.board.flag(session_id) }
    }
}

impl Handler<Reseat> for SessionPool {
    type Result = ();

    fn handle(&mut self, reseat: Reseat, _: &mut Self::Context) {
        if let Some(place) = self.sessions.get_mut(usize::from(reseat.session_id.0)) {
            *place = reseat.calls;
        }
    }
}

impl Handler<SessionPoolInjection> for SessionPool {
    type Result = ();

    fn handle(&mut self, injection: SessionPoolInjection, _: &mut Self::Context) {
        match injection {
            SessionPoolInjection::MarkDown(session) => {
                self.board.mark_down(session);
            }
            SessionPoolInjection::Die => {
                panic_words::drill("a drill: the session pool was told to die")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::AgentId;
    use crate::ports::shop_api::{Answered, ApiError};

    struct Stub;

    impl Actor for Stub {
        type Context = Context<Self>;
    }

    impl Handler<Call> for Stub {
        type Result = ResponseFuture<Result<Answered, ApiError>>;
        fn handle(&mut self, _: Call, _: &mut Context<Self>) -> Self::Result {
            Box::pin(std::future::pending())
        }
    }

    #[actix::test]
    async fn an_agent_gets_the_same_session_each_time() {
        let sessions: Vec<_> = (0..10).map(|_| Stub.start().recipient()).collect();
        let pool = SessionPool::new(sessions.clone(), HealthBoard::default()).start();
        for n in 1..=50 {
            let agent_id = AgentId::new(format!("agent_{n:03}"));
            let first = pool.send(Lease { agent_id: agent_id.clone() }).await.unwrap();
            let again = pool.send(Lease { agent_id }).await.unwrap();
            assert_eq!(first.session_id, again.session_id);
            assert!(first.calls == sessions[usize::from(first.session_id.0)]);
        }
    }

    #[actix::test]
    async fn a_reseated_session_is_what_its_agents_lease_next() {
        let sessions: Vec<_> = (0..2).map(|_| Stub.start().recipient()).collect();
        let pool = SessionPool::new(sessions.clone(), HealthBoard::default()).start();
        let fresh: Recipient<Call> = Stub.start().recipient();
        let agent_id = AgentId::new("agent_001");
        let before = pool.send(Lease { agent_id: agent_id.clone() }).await.unwrap();
        let session_id = before.session_id;
        pool.send(Reseat { session_id, calls: fresh.clone() }).await.unwrap();
        let after = pool.send(Lease { agent_id }).await.unwrap();
        assert!(after.session_id == session_id && after.calls == fresh);
    }
}
