//! The real OfferRefresher on a thread of its own, for tests that are no actors.

use std::sync::Arc;
use std::thread::JoinHandle;

use actix::{Actor, Context, Handler, System};
use actors::coordinator::messages::OffersRefreshed;
use actors::db_writer::retry::RetryPolicy;
use actors::db_writer::retrying_store::RetryingStore;
use actors::domain::cycle::{Cycle, ReplayNumber};
use actors::domain::ids::AgentId;
use actors::domain::offer::OfferPolicy;
use actors::offer_refresher::OfferRefresher;
use actors::offer_refresher::messages::{Holder, RefreshOffers};
use actors::offer_refresher::policy::Policies;
use actors::ports::entropy::Entropy;
use actors::ports::pacing::SystemPacing;
use actors::ports::store::Store;
use tokio::sync::mpsc;

use super::flows::{Owned, start};

/// What is asked of it: who is due in which cycle.
type Ask = (Cycle, Vec<AgentId>);

pub struct Refresher {
    asks: Option<mpsc::UnboundedSender<Ask>>,
    reports: mpsc::UnboundedReceiver<OffersRefreshed>,
    thread: Option<JoinHandle<()>>,
}

struct Reports(mpsc::UnboundedSender<OffersRefreshed>);

impl Actor for Reports {
    type Context = Context<Self>;
}

impl Handler<OffersRefreshed> for Reports {
    type Result = ();

    fn handle(&mut self, report: OffersRefreshed, _: &mut Context<Self>) {
        self.0.send(report).unwrap();
    }
}

impl Refresher {
    /// Of this run, with the shipped coupons and the default policy.
    pub fn start(store: Arc<dyn Store>, owned: Owned) -> Self {
        let (asks, asked) = mpsc::unbounded_channel();
        let (told, reports) = mpsc::unbounded_channel();
        let thread = std::thread::spawn(move || {
            System::new().block_on(serve(store, owned, asked, told));
        });
        Self { asks: Some(asks), reports, thread: Some(thread) }
    }

    /// Asks for a refresh; does not wait.
    pub fn ask(&self, cycle: Cycle, due: Vec<AgentId>) {
        self.asks.as_ref().unwrap().send((cycle, due)).unwrap();
    }

    /// The outcome of the next refresh that ends: coupons handed out.
    pub async fn written(&mut self) -> u64 {
        self.reports.recv().await.unwrap().outcome.unwrap()
    }
}

impl Drop for Refresher {
    fn drop(&mut self) {
        drop(self.asks.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

async fn serve(
    store: Arc<dyn Store>,
    owned: Owned,
    mut asked: mpsc::UnboundedReceiver<Ask>,
    told: mpsc::UnboundedSender<OffersRefreshed>,
) {
    let policy = RetryPolicy::default();
    let retrying = RetryingStore::new(store, 4, policy, Arc::new(SystemPacing), Entropy::System);
    let coupons = Arc::new(shops::coupon_book::builtin().unwrap());
    let policies = Policies { of_run: OfferPolicy::default(), experiment: None };
    let refresher = OfferRefresher::new(retrying, coupons, policies, true, Entropy::System).start();
    let report_to = Reports(told).start().recipient();
    let persona =
        Arc::new(cartload::presets::personas(1, &[], &mut rand::rng()).unwrap().remove(0));
    let holder = Holder { persona, cohort: None };
    while let Some((cycle, due)) = asked.recv().await {
        let ask = RefreshOffers {
            run_id: owned.run,
            owner: owned.owner,
            cycle,
            replay: ReplayNumber::ORIGINAL,
            at: cycle.begins_at(start()),
            due: due.into_iter().map(|agent| (agent, holder.clone())).collect(),
            report_to: report_to.clone(),
        };
        refresher.send(ask).await.unwrap();
    }
}
