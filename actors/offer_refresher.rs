//! The OfferRefresher: hands out coupons beside the shopping, never instead of it (Q9.6).
//!
//! *Owns*: the coupon definitions, the chance, who is still due. *Accepts*: [`RefreshOffers`],
//! [`OfferRefresherInjection`]. *Sends*: [`OffersRefreshed`] to whoever asked, once a refresh that
//! was carried out; asks that were merged share one. *When it fails*: the store's last error is
//! reported, and the agents are part of the next refresh. *Bounds*: one refresh runs, one waits.

pub mod backlog;
pub mod due;
pub mod messages;
pub mod policy;
pub mod single_flight;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::prelude::*;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use self::backlog::Backlog;
use self::due::offer_cycle;
use self::messages::{OfferRefresherInjection, RefreshOffers};
use self::policy::{Handout, Policies, no_repeat_since};
use self::single_flight::SingleFlight;
use crate::coordinator::messages::OffersRefreshed;
use crate::db_writer::retrying_store::RetryingStore;
use crate::domain::ids::{AgentId, CohortName};
use crate::domain::offer::{Coupon, is_held_out};
use crate::panic_words;
use crate::ports::entropy::Entropy;
use crate::ports::store::{Holding, OfferBatch, StoreError};

/// Hands out coupons.
pub struct OfferRefresher {
    /// The store with its bounds, shared with the DbWriter.
    store: RetryingStore,
    /// What there is to hand out; shared, never changed.
    definitions: Arc<Vec<Coupon>>,
    /// How much is handed out, and to whom.
    policies: Policies,
    /// Whether anything is handed out: false where the shop assigns (`wallet: shop`).
    writes: bool,
    /// What chance draws from; each run differs (Q9.7).
    rng: Xoshiro256PlusPlus,
    /// The refresh that runs and the one that waits.
    flight: SingleFlight<RefreshOffers>,
    /// Who is still due, and the arms.
    backlog: Backlog,
    /// Refreshes that a developer still wants to fail.
    failing: u32,
}

impl OfferRefresher {
    /// A refresher; with `writes` false it answers 0 to every refresh.
    pub fn new(
        store: RetryingStore,
        definitions: Arc<Vec<Coupon>>,
        policies: Policies,
        writes: bool,
        entropy: Entropy,
    ) -> Self {
        let rng = entropy.stream("offers", "");
        let (flight, backlog) = (SingleFlight::default(), Backlog::default());
        Self { store, definitions, policies, writes, rng, flight, backlog, failing: 0 }
    }
}

impl Actor for OfferRefresher {
    type Context = Context<Self>;
}

impl Handler<RefreshOffers> for OfferRefresher {
    type Result = ();

    fn handle(&mut self, ask: RefreshOffers, ctx: &mut Self::Context) {
        if let Some(refresh) = self.flight.offer(ask, merge) {
            self.begin(refresh, ctx);
        }
    }
}

impl Handler<OfferRefresherInjection> for OfferRefresher {
    type Result = ();

    fn handle(&mut self, injection: OfferRefresherInjection, _: &mut Self::Context) {
        match injection {
            OfferRefresherInjection::Refresh => {}
            OfferRefresherInjection::Fail { refreshes } => self.failing = refreshes,
            OfferRefresherInjection::Die => {
                panic_words::drill("a drill: the refresher was told to die")
            }
        }
    }
}

impl OfferRefresher {
    fn begin(&mut self, mut refresh: RefreshOffers, ctx: &mut Context<Self>) {
        if !self.writes || (refresh.due.is_empty() && self.backlog.is_empty()) {
            return self.end(refresh, Ok(0), ctx);
        }
        refresh.due = self.backlog.join(refresh.due);
        if let Some(left) = self.failing.checked_sub(1) {
            self.failing = left;
            self.backlog.put_back(refresh.due.clone());
            return self.end(refresh, Err(StoreError::Refused("a drill".to_owned())), ctx);
        }
        let rng = Xoshiro256PlusPlus::from_rng(&mut self.rng);
        let work = carry_out(
            self.store.clone(),
            Arc::clone(&self.definitions),
            self.policies.clone(),
            rng,
            refresh.clone(),
        );
        ctx.spawn(work.into_actor(self).map(|outcome, refresher, ctx| {
            if outcome.is_err() {
                refresher.backlog.put_back(refresh.due.clone());
            }
            refresher.end(refresh, outcome, ctx);
        }));
    }

    #[expect(clippy::disallowed_methods, reason = "one a refresh, and a cycle asks for one")]
    fn end(
        &mut self,
        refresh: RefreshOffers,
        outcome: Result<u64, StoreError>,
        ctx: &mut Context<Self>,
    ) {
        refresh.report_to.do_send(OffersRefreshed {
            cycle: refresh.cycle,
            offer_cycle: offer_cycle(refresh.cycle, &self.policies.of_run),
            outcome,
        });
        if let Some(next) = self.flight.finished() {
            self.begin(next, ctx);
        }
    }
}

/// The later ask with the agents of both.
fn merge(waiting: RefreshOffers, ask: RefreshOffers) -> RefreshOffers {
    let mut due = waiting.due;
    due.extend(ask.due);
    RefreshOffers { due, ..ask }
}

/// Reads what the agents hold, draws, writes; answers the rows written. Agents of one arm are
/// served together: a statement an arm reads, all are written at once.
async fn carry_out(
    store: RetryingStore,
    definitions: Arc<Vec<Coupon>>,
    policies: Policies,
    mut rng: Xoshiro256PlusPlus,
    refresh: RefreshOffers,
) -> Result<u64, StoreError> {
    let RefreshOffers { run_id, owner, cycle, replay, at, due, report_to: _ } = refresh;
    let (held_out, agents): (Vec<_>, Vec<_>) =
        due.keys().cloned().partition(|agent| is_held_out(agent, &policies.of_run));
    let offer_cycle = offer_cycle(cycle, &policies.of_run);
    let due_agents = u32::try_from(agents.len()).unwrap_or(u32::MAX);
    let mut arms: BTreeMap<Option<&CohortName>, Vec<AgentId>> = BTreeMap::new();
    for agent in agents {
        let cohort = due.get(&agent).and_then(|holder| holder.cohort.as_ref());
        arms.entry(cohort).or_default().push(agent);
    }
    let mut assignments = Vec::new();
    for (cohort, agents) in arms {
        let policy = policies.of(cohort);
        let (since, asked) = (no_repeat_since(at, policy), agents.clone());
        let holdings =
            store.ask(move |store| store.holdings(run_id, asked.clone(), at, since)).await?;
        let handout = Handout::new(run_id, offer_cycle, at, &definitions, policy);
        let nothing = Holding::default();
        assignments.extend(agents.iter().flat_map(|agent| {
            let preferred = due.get(agent).map(|holder| &*holder.persona.preferred_categories);
            let holding = holdings.get(agent).unwrap_or(&nothing);
            handout.assign(agent, preferred.unwrap_or_default(), holding, &mut rng)
        }));
    }
    let batch = OfferBatch {
        run_id,
        owner,
        cycle,
        replay,
        offer_cycle,
        due_agents,
        held_out: u32::try_from(held_out.len()).unwrap_or(u32::MAX),
        at,
        recorded_at: store.pacing().wall(),
        cohorts: due.into_iter().filter_map(|(a, holder)| Some((a, holder.cohort?))).collect(),
        assignments,
    };
    store.ask(move |store| store.assign_offers(batch.clone())).await
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;
    use std::time::Duration;

    use chrono::{NaiveDateTime, TimeDelta};
    use uuid::Uuid;

    use super::messages::Holder;
    use super::*;
    use crate::db_writer::retry::RetryPolicy;
    use crate::db_writer::scripted_store::{Script, ScriptedStore};
    use crate::domain::cycle::{Cycle, ReplayNumber};
    use crate::domain::ids::{CouponId, OwnerToken, RunId};
    use crate::domain::money::{Cents, Percent};
    use crate::domain::offer::{CouponKind, Discount, OfferPolicy};
    use crate::ports::pacing::SystemPacing;

    struct Reports(Arc<Mutex<Vec<OffersRefreshed>>>);

    impl Actor for Reports {
        type Context = Context<Self>;
    }

    impl Handler<OffersRefreshed> for Reports {
        type Result = ();
        fn handle(&mut self, report: OffersRefreshed, _: &mut Context<Self>) {
            self.0.lock().unwrap().push(report);
        }
    }

    struct Bench {
        refresher: Addr<OfferRefresher>,
        store: Arc<ScriptedStore>,
        report_to: Recipient<OffersRefreshed>,
        reports: Arc<Mutex<Vec<OffersRefreshed>>>,
    }

    fn bench(writes: bool, script: impl Fn(u32) -> Script + Send + Sync + 'static) -> Bench {
        tokio::time::pause();
        let store = Arc::new(ScriptedStore::new(script));
        let policy = RetryPolicy::default();
        let retrying =
            RetryingStore::new(store.clone(), 4, policy, Arc::new(SystemPacing), Entropy::System);
        let definitions = (0..257).map(|n| Coupon {
            id: CouponId::new(format!("coupon_{n}")),
            kind: if n < 20 { CouponKind::Frontstore } else { CouponKind::Category },
            target: None,
            discount: Discount::PercentOff(Percent(1_000)),
            min_purchase: Cents::ZERO,
            max_discount: None,
        });
        let definitions = Arc::new(definitions.collect());
        let offers = Policies { of_run: OfferPolicy::default(), experiment: None };
        let refresher =
            OfferRefresher::new(retrying, definitions, offers, writes, Entropy::System).start();
        let reports = Arc::default();
        let report_to = Reports(Arc::clone(&reports)).start().recipient();
        Bench { refresher, store, report_to, reports }
    }

    impl Bench {
        async fn refresh(&self, cycle: u32, due: &[AgentId]) {
            let ask = RefreshOffers {
                run_id: RunId(Uuid::nil()),
                owner: OwnerToken(Uuid::nil()),
                cycle: Cycle(cycle),
                replay: ReplayNumber::ORIGINAL,
                at: NaiveDateTime::default() + TimeDelta::hours(cycle.into()),
                due: due.iter().map(|agent| (agent.clone(), holder())).collect(),
                report_to: self.report_to.clone(),
            };
            self.refresher.send(ask).await.unwrap();
        }

        fn outcomes(&self) -> Vec<(u32, Option<u64>)> {
            let reports = self.reports.lock().unwrap();
            reports.iter().map(|r| (r.cycle.0, r.outcome.as_ref().ok().copied())).collect()
        }
    }

    fn holder() -> Holder {
        let persona = Arc::new(crate::domain::presets::population(1, 1).remove(0));
        Holder { persona, cohort: None }
    }

    fn agents(range: std::ops::Range<u32>) -> Vec<AgentId> {
        range.map(|n| AgentId::new(format!("agent_{n:03}"))).collect()
    }

    fn served(due: &[AgentId]) -> u64 {
        due.iter().filter(|agent| !is_held_out(agent, &OfferPolicy::default())).count() as u64
    }

    async fn settle() {
        tokio::time::sleep(Duration::from_secs(300)).await;
    }

    #[actix::test]
    async fn the_first_refresh_fills_every_wallet_but_those_held_out() {
        let bench = bench(true, |_| Script::Succeed);
        let due = agents(1..373);
        bench.refresh(0, &due).await;
        settle().await;
        assert_eq!(bench.outcomes(), [(0, Some(served(&due) * 32))]);
        let batch = &bench.store.batches()[0];
        assert_eq!(u64::from(batch.due_agents), served(&due));
        assert_eq!(batch.due_agents + batch.held_out, 372);
        let policy = OfferPolicy::default();
        assert!(batch.assignments.iter().all(|a| !is_held_out(&a.agent_id, &policy)));
    }

    #[actix::test]
    async fn eight_weeks_of_refreshes_keep_the_cap_and_repeat_nothing_within_28_days() {
        let bench = bench(true, |_| Script::Succeed);
        let (all, policy) = (agents(1..41), OfferPolicy::default());
        for cycle in 0..8 * 168 {
            let due = due::due_agents(&all, Cycle(cycle), &policy);
            if !due.is_empty() {
                bench.refresh(cycle, &due).await;
                settle().await;
            }
        }
        let mut by_agent: HashMap<AgentId, Vec<_>> = HashMap::new();
        for assignment in bench.store.batches().into_iter().flat_map(|batch| batch.assignments) {
            by_agent.entry(assignment.agent_id.clone()).or_default().push(assignment);
        }
        assert_eq!(by_agent.len() as u64, served(&all));
        for log in by_agent.values() {
            for (n, a) in log.iter().enumerate() {
                let open = log[..=n].iter().filter(|b| b.expires_at > a.assigned_at).count();
                assert!(open <= 32);
                assert!(log[..n].iter().all(|b| b.coupon_id != a.coupon_id
                    || a.assigned_at - b.assigned_at >= TimeDelta::days(28)));
            }
            assert!(log.len() > 64, "{}", log.len());
        }
    }

    #[actix::test]
    async fn one_refresh_runs_and_those_that_come_meanwhile_become_one() {
        let bench = bench(true, |_| Script::After(Duration::from_secs(1)));
        bench.refresh(0, &agents(1..11)).await;
        bench.refresh(1, &agents(11..21)).await;
        bench.refresh(2, &agents(15..31)).await;
        bench.refresh(3, &agents(31..41)).await;
        settle().await;
        let due: Vec<_> =
            bench.store.batches().iter().map(|b| (b.cycle.0, u64::from(b.due_agents))).collect();
        assert_eq!(due, [(0, served(&agents(1..11))), (3, served(&agents(11..41)))]);
        assert_eq!(bench.store.at_once_max(), 1);
        assert_eq!(bench.outcomes().len(), 2);
    }

    #[actix::test]
    async fn where_the_shop_assigns_nothing_is_read_or_written() {
        let bench = bench(false, |_| Script::Panic);
        bench.refresh(0, &agents(1..373)).await;
        bench.refresh(1, &[]).await;
        settle().await;
        assert_eq!(bench.outcomes(), [(0, Some(0)), (1, Some(0))]);
        assert_eq!(bench.store.calls(), 0);
    }

    #[actix::test]
    async fn a_store_that_comes_back_costs_time_only() {
        let down = || Script::Fail(StoreError::Unavailable("restarting".to_owned()));
        let bench = bench(true, move |n| if n < 5 { down() } else { Script::Succeed });
        let due = agents(1..11);
        bench.refresh(0, &due).await;
        settle().await;
        assert_eq!(bench.outcomes(), [(0, Some(served(&due) * 32))]);
    }

    #[actix::test]
    async fn agents_of_a_refresh_that_failed_are_part_of_the_next() {
        let refused = || Script::Fail(StoreError::Refused("no such table".to_owned()));
        let bench = bench(true, move |n| if n == 0 { refused() } else { Script::Succeed });
        bench.refresh(0, &agents(1..11)).await;
        settle().await;
        bench.refresh(1, &agents(11..21)).await;
        settle().await;
        let both = served(&agents(1..21)) * 32;
        assert_eq!(bench.outcomes(), [(0, None), (1, Some(both))]);
    }
}
