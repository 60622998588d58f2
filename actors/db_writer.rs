//! The DbWriter: every write of a run goes through it, each retried with the same id (P1).
//!
//! *Owns*: nothing but the way to the store. *Accepts*: [`OpenRun`], [`SetRunState`],
//! [`Heartbeat`], [`BeginReplay`], [`LoadAgents`], [`LoadMemories`], [`OpenFlow`], [`CommitFlow`],
//! [`FailFlow`], [`RecordCycle`], [`RecordIncident`], [`RecordSeen`], [`AbandonOrphans`],
//! [`Drain`].
//! *Sends*: nothing; it answers. *When it fails*: the asker gets the store's last error after 120
//! s, and that costs its flow alone. *Bounds*: attempts at once (the pool's size), one ask an
//! agent.

pub mod in_flight;
pub mod messages;
pub mod retry;
pub mod retrying_store;
#[cfg(test)]
pub(crate) mod scripted_store;

use std::collections::HashMap;
use std::sync::Arc;

use actix::prelude::*;

use self::messages::{
    AbandonOrphans, BeginReplay, CommitFlow, Drain, FailFlow, Heartbeat, LoadAgents, LoadMemories,
    OpenFlow, OpenRun, RecordCycle, RecordIncident, RecordSeen, SetRunState,
};
use self::retrying_store::RetryingStore;
use crate::domain::flow::{AgentMemory, FlowRecord};
use crate::domain::ids::AgentId;
use crate::domain::offer::Wallet;
use crate::domain::persona::Persona;
use crate::ports::store::{Committed, Orphans, Replay, StoreError};

/// Messages that may wait: above one ask of every agent.
const MAILBOX_CAPACITY: usize = 16_384;

/// What a store call answers through the writer.
type Answer<T> = ResponseFuture<Result<T, StoreError>>;

/// Writes, and tries again.
pub struct DbWriter {
    /// The store with its bounds; shared with the OfferRefresher, so that a drain covers both.
    store: RetryingStore,
}

impl DbWriter {
    /// A writer to `store`.
    pub fn new(store: RetryingStore) -> Self {
        Self { store }
    }
}

impl Actor for DbWriter {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
    }
}

impl Handler<OpenRun> for DbWriter {
    type Result = Answer<()>;

    fn handle(&mut self, OpenRun(run): OpenRun, _: &mut Self::Context) -> Answer<()> {
        Box::pin(self.store.ask(move |store| store.open_run(run.clone())))
    }
}

impl Handler<SetRunState> for DbWriter {
    type Result = Answer<()>;

    fn handle(&mut self, set: SetRunState, _: &mut Self::Context) -> Answer<()> {
        let SetRunState { run_id, owner, state, at } = set;
        Box::pin(self.store.ask(move |store| store.set_run_state(run_id, owner, state, at)))
    }
}

impl Handler<Heartbeat> for DbWriter {
    type Result = Answer<()>;

    fn handle(&mut self, beat: Heartbeat, _: &mut Self::Context) -> Answer<()> {
        let Heartbeat { run_id, owner, at } = beat;
        Box::pin(self.store.ask(move |store| store.heartbeat(run_id, owner, at)))
    }
}

impl Handler<BeginReplay> for DbWriter {
    type Result = Answer<Replay>;

    fn handle(&mut self, begin: BeginReplay, _: &mut Self::Context) -> Answer<Replay> {
        let BeginReplay { run_id, owner, at } = begin;
        Box::pin(self.store.ask(move |store| store.begin_replay(run_id, owner, at)))
    }
}

impl Handler<LoadAgents> for DbWriter {
    type Result = Answer<Vec<Persona>>;

    fn handle(&mut self, _: LoadAgents, _: &mut Self::Context) -> Answer<Vec<Persona>> {
        Box::pin(self.store.ask(|store| store.load_agents()))
    }
}

impl Handler<LoadMemories> for DbWriter {
    type Result = Answer<HashMap<AgentId, AgentMemory>>;

    fn handle(&mut self, load: LoadMemories, _: &mut Self::Context) -> Self::Result {
        let LoadMemories { run_id, before, agents } = load;
        Box::pin(self.store.ask(move |store| store.load_memories(run_id, before, agents.clone())))
    }
}

impl Handler<OpenFlow> for DbWriter {
    type Result = Answer<Wallet>;

    fn handle(&mut self, OpenFlow(flow): OpenFlow, _: &mut Self::Context) -> Answer<Wallet> {
        Box::pin(self.store.ask(move |store| store.open_flow(flow.clone())))
    }
}

impl Handler<CommitFlow> for DbWriter {
    type Result = Answer<Committed>;

    fn handle(&mut self, CommitFlow(record): CommitFlow, _: &mut Self::Context) -> Self::Result {
        let asked = Arc::clone(&record);
        let committed = self.store.ask(move |store| store.commit_flow(Arc::clone(&asked)));
        Box::pin(acknowledged(record, committed))
    }
}

impl Handler<FailFlow> for DbWriter {
    type Result = Answer<Committed>;

    fn handle(&mut self, FailFlow(record): FailFlow, _: &mut Self::Context) -> Self::Result {
        let asked = Arc::clone(&record);
        let failed = self.store.ask(move |store| store.fail_flow(Arc::clone(&asked)));
        Box::pin(acknowledged(record, failed))
    }
}

impl Handler<RecordCycle> for DbWriter {
    type Result = Answer<()>;

    fn handle(&mut self, RecordCycle(record): RecordCycle, _: &mut Self::Context) -> Answer<()> {
        Box::pin(self.store.ask(move |store| store.record_cycle(record.clone())))
    }
}

impl Handler<RecordIncident> for DbWriter {
    type Result = Answer<()>;

    fn handle(
        &mut self,
        RecordIncident(incident): RecordIncident,
        _: &mut Self::Context,
    ) -> Answer<()> {
        Box::pin(self.store.ask(move |store| store.record_incident(incident.clone())))
    }
}

impl Handler<RecordSeen> for DbWriter {
    type Result = Answer<()>;

    fn handle(&mut self, seen: RecordSeen, _: &mut Self::Context) -> Answer<()> {
        let RecordSeen { run_id, products, coupons, at } = seen;
        Box::pin(
            self.store
                .ask(move |store| store.record_seen(run_id, products.clone(), coupons.clone(), at)),
        )
    }
}

impl Handler<AbandonOrphans> for DbWriter {
    type Result = Answer<Orphans>;

    fn handle(&mut self, abandon: AbandonOrphans, _: &mut Self::Context) -> Answer<Orphans> {
        let AbandonOrphans { run_id, at } = abandon;
        Box::pin(self.store.ask(move |store| store.abandon_orphans(run_id, at)))
    }
}

impl Handler<Drain> for DbWriter {
    type Result = Answer<()>;

    fn handle(&mut self, _: Drain, _: &mut Self::Context) -> Answer<()> {
        Box::pin(self.store.drain())
    }
}

/// A line in the log for each flow that the database has: what it says was written stays written,
/// however the process ends after it. `CARTLOAD_LOG=actors::db_writer=debug` shows it.
async fn acknowledged(
    record: Arc<FlowRecord>,
    asked: impl Future<Output = Result<Committed, StoreError>>,
) -> Result<Committed, StoreError> {
    let committed = asked.await?;
    let FlowRecord { key, status, end_reason, events, .. } = record.as_ref();
    tracing::debug!(
        flow.id = %key.flow_id,
        flow.replay = key.replay.0,
        flow.status = status.as_str(),
        flow.end_reason = end_reason.as_str(),
        flow.events = events.len(),
        "acknowledged"
    );
    Ok(committed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::future::join_all;
    use uuid::Uuid;

    use super::retry::RetryPolicy;
    use super::scripted_store::{Script, ScriptedStore};
    use super::*;
    use crate::domain::cycle::{Cycle, ReplayNumber};
    use crate::domain::flow::FlowKey;
    use crate::domain::ids::{FlowId, Incarnation, OwnerToken, RunId, SessionId};
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
            flow_id: FlowId::of(run_id, cycle, &agent_id, replay),
            run_id,
            owner: OwnerToken(Uuid::nil()),
            cycle,
            replay,
            agent_id,
            cohort: None,
            http_session: SessionId(0),
            incarnation: Incarnation(0),
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
    async fn a_panic_in_the_store_costs_its_write_alone() {
        let bench = bench(1, |n| if n == 0 { Script::Panic } else { Script::Succeed });
        assert!(bench.writer.send(open_flow(1)).await.is_err());
        bench.writer.send(open_flow(2)).await.unwrap().unwrap();
        bench.writer.send(Drain).await.unwrap().unwrap();
    }
}
