//! The DbWriter: every write of a run goes through it, each retried with the same id (P1).
//!
//! *Owns*: nothing but the way to the store. *Accepts*: every [`StoreCall`], [`Drain`],
//! [`DbWriterInjection`]. *Sends*: nothing; it answers. *When it fails*: the asker gets the store's
//! last error after 120 s, and that costs its flow alone. *Bounds*: attempts at once (the pool's
//! size), one ask an agent.

pub mod drill;
pub mod in_flight;
pub mod messages;
pub mod retry;
pub mod retrying_store;
#[cfg(test)]
pub(crate) mod scripted_store;
mod store_calls;
pub mod trouble;

use std::rc::Rc;
use std::time::Duration;

use actix::prelude::*;

use self::drill::{Strike, WriteDrill};
use self::messages::{DbWriterInjection, Drain};
use self::retrying_store::RetryingStore;
use crate::panic_words;
use crate::ports::store::{Store, StoreError, StoreFuture};

/// Messages that may wait: above one ask of every agent.
const MAILBOX_CAPACITY: usize = 16_384;

/// A message that is one call of the store: the writer makes it, again with the same ids where it
/// fails, and answers what the store did.
pub trait StoreCall: Message<Result = Result<Self::Reply, StoreError>> + Send + 'static {
    /// What the store answers.
    type Reply: Send + 'static;

    /// Whether it is about one flow: a drill strikes these, never what is written of the run.
    const IS_OF_A_FLOW: bool = false;

    /// Asks the store, once.
    fn ask(&self, store: &dyn Store) -> StoreFuture<Self::Reply>;

    /// The store has it.
    fn acknowledged(&self) {}
}

/// Writes, and tries again.
pub struct DbWriter {
    /// The store with its bounds; shared with the OfferRefresher, so that a drain covers both.
    store: RetryingStore,
    /// What a developer does to writes of flows.
    drill: WriteDrill,
}

impl DbWriter {
    /// A writer to `store`.
    pub fn new(store: RetryingStore) -> Self {
        Self { store, drill: WriteDrill::default() }
    }
}

impl Actor for DbWriter {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
    }
}

impl<C: StoreCall> Handler<C> for DbWriter {
    type Result = ResponseFuture<Result<C::Reply, StoreError>>;

    fn handle(&mut self, call: C, _: &mut Self::Context) -> Self::Result {
        let (call, drill) = (Rc::new(call), self.drill.clone());
        let asked = Rc::clone(&call);
        let reply = self.store.ask(move |store| {
            let attempt = asked.ask(store);
            if C::IS_OF_A_FLOW { drill.over(attempt) } else { attempt }
        });
        Box::pin(async move {
            let reply = reply.await?;
            call.acknowledged();
            Ok(reply)
        })
    }
}

impl Handler<Drain> for DbWriter {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, _: Drain, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.store.drain())
    }
}

impl Handler<DbWriterInjection> for DbWriter {
    type Result = ();

    fn handle(&mut self, injection: DbWriterInjection, _: &mut Self::Context) {
        let (what, writes) = match injection {
            DbWriterInjection::Delay { ms, writes } => {
                (Strike::Delay(Duration::from_millis(ms.into())), writes)
            }
            DbWriterInjection::Fail { writes } => (Strike::Unavailable, writes),
            DbWriterInjection::Refuse { writes } => (Strike::Refused, writes),
            DbWriterInjection::Die => {
                panic_words::drill("a drill: the database writer was told to die")
            }
        };
        self.drill.set(what, writes);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use futures::future::join_all;
    use uuid::Uuid;

    use super::messages::{Heartbeat, OpenFlow};
    use super::retry::RetryPolicy;
    use super::scripted_store::{Script, ScriptedStore};
    use super::*;
    use crate::domain::cycle::{Cycle, ReplayNumber};
    use crate::domain::flow::FlowKey;
    use crate::domain::ids::{AgentId, FlowId, Incarnation, OwnerToken, RunId, SessionId};
    use crate::ports::pacing::{Pacing, SystemPacing};

    struct Bench {
        writer: Addr<DbWriter>,
        retrying: RetryingStore,
        store: Arc<ScriptedStore>,
    }

    /// A writer whose store does at its n-th call what the script says.
    fn bench(attempts_max: usize, script: impl Fn(u32) -> Script + Send + Sync + 'static) -> Bench {
        tokio::time::pause();
        let store = Arc::new(ScriptedStore::new(script));
        let pacing = Arc::new(SystemPacing);
        let retrying = RetryingStore::new(
            store.clone(),
            attempts_max,
            RetryPolicy::default(),
            pacing,
            crate::ports::entropy::Entropy::System,
        );
        Bench { writer: DbWriter::new(retrying.clone()).start(), retrying, store }
    }

    fn open_flow(agent: u32) -> OpenFlow {
        let (run_id, cycle, replay) = (RunId(Uuid::nil()), Cycle(0), ReplayNumber::ORIGINAL);
        let agent_id = AgentId::new(format!("agent_{agent:03}"));
        let now = SystemPacing.wall();
        OpenFlow(FlowKey {
            flow_id: FlowId::of((run_id, OwnerToken(Uuid::nil())), cycle, &agent_id, replay),
            run_id,
            owner: OwnerToken(Uuid::nil()),
            cycle,
            replay,
            agent_id,
            cohort: None,
            http_session: SessionId(0),
            incarnation: Incarnation(0),
            resumes: replay,
            simulated_at: now,
            opened_at: now,
        })
    }

    fn unavailable() -> Script {
        Script::Fail(StoreError::Unavailable("connection reset".to_owned()))
    }

    #[actix::test]
    async fn a_write_that_fails_is_tried_again_with_the_same_id() {
        let bench = bench(8, |n| if n < 3 { unavailable() } else { Script::Succeed });
        bench.writer.send(open_flow(1)).await.unwrap().unwrap();
        let flows = bench.store.flows();
        assert_eq!(flows.len(), 4);
        assert!(flows.iter().all(|flow| *flow == flows[0]));
        assert_eq!(bench.retrying.meter().retries(), 3);
        let retrying = bench.retrying.meter().time_retrying();
        assert!((350..1_410).contains(&retrying.as_millis()), "{retrying:?}");
    }

    #[actix::test]
    async fn an_error_that_no_retry_can_cure_is_answered_at_once() {
        let bench = bench(8, |_| Script::Fail(StoreError::NotOwner(RunId(Uuid::nil()))));
        let begin = SystemPacing.now();
        let error = bench.writer.send(open_flow(1)).await.unwrap().unwrap_err();
        assert!(matches!(error, StoreError::NotOwner(_)));
        assert_eq!(SystemPacing.now(), begin);
        assert_eq!(bench.store.flows().len(), 1);
        assert_eq!(bench.retrying.meter().time_retrying(), Duration::ZERO);
    }

    #[actix::test]
    async fn a_write_is_given_up_after_120_s_with_its_last_error() {
        let bench = bench(8, |_| unavailable());
        let begin = SystemPacing.now();
        let error = bench.writer.send(open_flow(1)).await.unwrap().unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)));
        let took = SystemPacing.now() - begin;
        assert!((120_000..120_100).contains(&took.as_millis()), "{took:?}");
    }

    #[actix::test]
    async fn an_attempt_that_hangs_is_cut_after_10_s() {
        let bench = bench(8, |n| if n == 0 { Script::Hang } else { Script::Succeed });
        let begin = SystemPacing.now();
        bench.writer.send(open_flow(1)).await.unwrap().unwrap();
        let took = SystemPacing.now() - begin;
        assert!((10_050..10_210).contains(&took.as_millis()), "{took:?}");
    }

    #[actix::test]
    async fn attempts_at_once_are_bounded_and_served_in_order() {
        let bench = bench(4, |_| Script::After(Duration::from_millis(100)));
        let begin = SystemPacing.now();
        let answers = join_all((0..12).map(|n| bench.writer.send(open_flow(n)))).await;
        assert!(answers.into_iter().all(|answer| answer.unwrap().is_ok()));
        assert!((300..310).contains(&(SystemPacing.now() - begin).as_millis()));
        assert_eq!(bench.store.at_once_max(), 4);
        let expected: Vec<_> = (0..12).map(|n| open_flow(n).0.flow_id).collect();
        assert_eq!(bench.store.flows(), expected);
    }

    #[actix::test]
    async fn a_write_that_waits_for_its_retry_holds_no_slot() {
        let bench = bench(1, |n| if n == 0 { unavailable() } else { Script::Succeed });
        let first = bench.writer.send(open_flow(1));
        let begin = SystemPacing.now();
        bench.writer.send(open_flow(2)).await.unwrap().unwrap();
        assert_eq!(SystemPacing.now(), begin);
        first.await.unwrap().unwrap();
    }

    #[actix::test]
    async fn a_drain_waits_for_writes_that_are_being_retried() {
        let bench = bench(8, |n| if n < 2 { unavailable() } else { Script::Succeed });
        let write = bench.writer.send(open_flow(1));
        let begin = SystemPacing.now();
        bench.writer.send(Drain).await.unwrap().unwrap();
        assert!(SystemPacing.now() - begin >= Duration::from_millis(150));
        assert_eq!(bench.store.flows().len(), 3);
        assert!(bench.store.is_drained());
        write.await.unwrap().unwrap();
    }

    #[actix::test]
    async fn a_store_that_falls_silent_at_the_end_is_waited_for_for_10_s() {
        let bench = bench(8, |_| Script::Succeed);
        bench.store.fall_silent();
        let begin = SystemPacing.now();
        let error = bench.writer.send(Drain).await.unwrap().unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)));
        let took = SystemPacing.now() - begin;
        assert!((10_000..10_050).contains(&took.as_millis()), "{took:?}");
    }

    #[actix::test]
    async fn a_panic_in_the_store_costs_its_write_alone() {
        let bench = bench(1, |n| if n == 0 { Script::Panic } else { Script::Succeed });
        assert!(bench.writer.send(open_flow(1)).await.is_err());
        bench.writer.send(open_flow(2)).await.unwrap().unwrap();
        bench.writer.send(Drain).await.unwrap().unwrap();
    }

    #[actix::test]
    async fn a_drill_strikes_a_flow_and_nothing_of_the_run() {
        let bench = bench(8, |_| Script::Succeed);
        bench.writer.send(DbWriterInjection::Refuse { writes: 1 }).await.unwrap();
        let (run_id, owner) = (RunId(Uuid::nil()), OwnerToken(Uuid::nil()));
        let beat = Heartbeat { run_id, owner, at: SystemPacing.wall() };
        bench.writer.send(beat).await.unwrap().unwrap();
        let refused = bench.writer.send(open_flow(1)).await.unwrap().unwrap_err();
        assert!(matches!(refused, StoreError::Refused(_)));
        bench.writer.send(open_flow(1)).await.unwrap().unwrap();
    }
}
