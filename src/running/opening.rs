//! What a run works with, opened in the order in which it may fail and closed in the opposite one.
//!
//! What writes nothing is opened first: settings that cannot be used leave no trace.

use std::sync::Arc;

use actors::coordinator::plan::{ResumePoint, RunPlan};
use actors::domain::behavior::Behavior;
use actors::domain::ids::RunId;
use actors::domain::offer::Coupon;
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::shop_api::WalletMode;
use actors::session_pool::request_meter::SharedMeter;
use actors::topology::Ports;
use chrono::NaiveDateTime;
use questions::Ask;
use questions::orders::{self, OrderCounts};
use shops::coupon_book::CouponBook;

use super::books::Books;
use super::orphans::Leftovers;
use super::takeover::{self, Taker};
use super::target::{self, Target};
use super::watchers::Watchers;
use super::{Asked, Doors, Ended, RunError, orphans};
use crate::checkpoint_files::CheckpointFolder;
use crate::config::plan::PlanParts;
use crate::presets;

/// All of it.
pub(super) struct Opened {
    behavior: Arc<Behavior>,
    coupons: CouponBook,
    meter: SharedMeter,
    /// Who sees the run from outside.
    pub(super) watchers: Watchers,
    /// The shop.
    pub(super) target: Target,
    books: Books,
}

impl Opened {
    /// Opens what the settings name.
    pub(super) async fn open(asked: &Asked) -> Result<Self, RunError> {
        let settings = &asked.settings;
        let behavior = presets::behavior(&settings.population.preset)?;
        let coupons = presets::coupons(&settings.offers)?;
        let watchers = Watchers::open(asked)?;
        let meter = SharedMeter::default();
        match shop_and_books(asked, &coupons.offers, &meter).await {
            Ok((target, books)) => Ok(Self { behavior, coupons, meter, watchers, target, books }),
            Err(error) => {
                watchers.leave().await;
                Err(error)
            }
        }
    }

    /// What the run is to do, once what other processes left behind is settled.
    pub(super) async fn plan(&self, asked: &Asked, doors: &Doors) -> Result<RunPlan, RunError> {
        let now = SystemPacing.wall();
        let before = self.settle(asked, doors, now).await?;
        let mut plan = asked.settings.plan(PlanParts {
            run_id: before.run_id,
            owner: asked.owner,
            now,
            behavior: Arc::clone(&self.behavior),
            shop: self.target.traits,
            coupons: self.known_coupons(),
        })?;
        plan.resume_from = before.resume_from;
        plan.dirty_carts = before.left.carts;
        plan.dead_runs = before.left.runs;
        Ok(plan)
    }

    /// The coupons that count at this shop.
    fn known_coupons(&self) -> Arc<Vec<Coupon>> {
        let wallet = self.target.traits.wallet;
        let coupons = self.coupons.of(wallet);
        if wallet == WalletMode::Codes && coupons.is_empty() {
            tracing::warn!(
                "shoppers of this shop know codes, and there are none: write `codes` into the file \
                 of `offers.coupons_file`; none are used"
            );
        }
        coupons
    }

    /// The ports of the actors.
    pub(super) fn ports(&self, asked: &Asked) -> Result<Ports, RunError> {
        let keep = asked.settings.checkpoints.keep as usize;
        Ok(Ports {
            shop: Arc::clone(&self.target.factory),
            meter: self.meter.clone(),
            store: Arc::clone(&self.books.store),
            checkpoints: Arc::new(CheckpointFolder::open(asked.data.checkpoints()?, keep)?),
            pacing: Arc::new(SystemPacing),
            memory: || memory_stats::memory_stats().map(|seen| seen.physical_mem as u64),
        })
    }

    /// The orders of this run as its database counts them; `None` where there is none to ask.
    pub(super) async fn count_orders(&self, run: RunId) -> Option<OrderCounts> {
        let counted = self.books.admin.as_ref()?.ask(orders::counts(run)).await;
        match counted {
            Ok(rows) => rows.into_iter().next(),
            Err(error) => {
                tracing::warn!(%error, "the orders could not be counted in the database");
                None
            }
        }
    }

    /// Closes it; of several failures the one that loses most is told.
    pub(super) async fn close(self, outcome: Result<Ended, RunError>) -> Result<Ended, RunError> {
        // Nothing writes any more: what was accepted is waited for.
        let drained = self.books.store.drain().await;
        self.watchers.close(&outcome).await;
        if let Some(admin) = self.books.admin {
            admin.close().await;
        }
        let closed = self.target.practice.map_or(Ok(()), |practice| practice.stop());
        drained?;
        closed.map_err(RunError::PracticeShopOpen)?;
        outcome
    }

    /// Takes over the run that is resumed, and cleans up after dead ones.
    async fn settle(
        &self,
        asked: &Asked,
        doors: &Doors,
        at: NaiveDateTime,
    ) -> Result<Before, RunError> {
        let (settings, dead) = (&asked.settings, asked.lock.dead());
        let mut before =
            Before { run_id: RunId::fresh(), resume_from: None, left: Leftovers::default() };
        let Some(admin) = &self.books.admin else { return Ok(before) };
        if let Some(resume) = &asked.resume {
            let taker = Taker { owner: asked.owner, dead: dead.clone(), at };
            let taken = takeover::take_over(admin, settings, resume, &taker).await?;
            taken.says.iter().for_each(|line| doors.announce(settings.log.format, line));
            before.run_id = taken.from.snapshot.run_id;
            before.resume_from = Some(taken.from);
        }
        before.left = {
            let here = (settings, &self.target.traits);
            orphans::clean_up(admin, before.run_id, &dead, here, at).await?
        };
        Ok(before)
    }
}

async fn shop_and_books(
    asked: &Asked,
    coupons: &[Coupon],
    meter: &SharedMeter,
) -> Result<(Target, Books), RunError> {
    let target = target::open(&asked.settings, coupons, meter.on_sent())?;
    let books = Books::open(asked).await?;
    Ok((target, books))
}

/// What other processes left behind that this run must know of.
struct Before {
    run_id: RunId,
    resume_from: Option<ResumePoint>,
    left: Leftovers,
}
