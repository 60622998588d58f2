//! Runs and flows as the dry store remembers them: the rules of the real tables, in memory.
//!
//! Ended flows are forgotten, the oldest first; a flow that is asked about again is recent.

use std::collections::{HashMap, VecDeque};

use chrono::NaiveDateTime;
use domain::cycle::{Cycle, CycleRecord, ReplayNumber};
use domain::event::CouponStep;
use domain::flow::{AgentMemory, EndReason, FlowKey, FlowRecord, FlowStatus, ShopCart, ShopRefs};
use domain::ids::{AgentId, FlowId, OwnerToken, RunId};
use domain::offer::Wallet;
use domain::persona::Persona;
use ports::store::{
    Committed, DirtyCart, Lived, NewRun, OfferBatch, Orphans, Replay, SettledOrder, StoreError,
};

use super::DryCounts;
use super::lost_orders::LostOrders;
use super::memory::{Memory, Visit};
use super::wallets::Wallets;

/// Flows remembered: a hundred cycles of 372 agents.
const FLOWS_KEPT: usize = 40_000;

/// All of it.
#[derive(Default)]
pub(super) struct Ledger {
    runs: HashMap<RunId, DryRun>,
    flows: HashMap<FlowId, DryFlow>,
    /// In the order they were begun, for forgetting.
    begun: VecDeque<FlowId>,
    pub(super) wallets: Wallets,
    pub(super) lost: LostOrders,
    pub(super) memory: Memory,
    pub(super) counts: DryCounts,
}

pub(super) struct DryRun {
    owner: OwnerToken,
    resumes: u32,
    simulated_start: NaiveDateTime,
    last_cycle: Option<Cycle>,
}

struct DryFlow {
    key: FlowKey,
    status: FlowStatus,
    end_reason: Option<EndReason>,
}

impl Ledger {
    pub(super) fn open_run(&mut self, run: &NewRun) -> Result<(), StoreError> {
        let known = self.runs.entry(run.run_id).or_insert(DryRun {
            owner: run.owner,
            resumes: 0,
            simulated_start: run.simulated_start,
            last_cycle: None,
        });
        if known.owner == run.owner { Ok(()) } else { Err(StoreError::NotOwner(run.run_id)) }
    }

    pub(super) fn owned(
        &mut self,
        run: RunId,
        owner: OwnerToken,
    ) -> Result<&mut DryRun, StoreError> {
        let owned = self.runs.get_mut(&run).filter(|r| r.owner == owner);
        owned.ok_or(StoreError::NotOwner(run))
    }

    pub(super) fn begin_replay(
        &mut self,
        run: RunId,
        owner: OwnerToken,
        lived: Lived,
        at: NaiveDateTime,
    ) -> Result<Replay, StoreError> {
        let known = self.owned(run, owner)?;
        known.resumes = known.resumes.max(lived.number.0) + 1;
        let (number, last) = (ReplayNumber(known.resumes), known.last_cycle);
        let ended_rows = self.end_active(run, at);
        Ok(Replay { number, last_cycle_with_rows: last, ended_rows, lost_from: None })
    }

    pub(super) fn open_flow(&mut self, key: &FlowKey) -> Result<Wallet, StoreError> {
        self.owned(key.run_id, key.owner)?;
        match self.flows.get(&key.flow_id).map(|f| (f.status, f.end_reason)) {
            None => {
                self.begin(key, FlowStatus::Active, None);
                self.memory.carts.insert(key.agent_id.clone(), (ShopCart::Dirty, None));
            }
            Some((FlowStatus::Active, _)) => {}
            Some((status, reason)) => return Err(superseded(key, status, reason)),
        }
        Ok(self.wallets.wallet(key.run_id, &key.agent_id, key.simulated_at))
    }

    pub(super) fn keep_refs(&mut self, key: &FlowKey, refs: ShopRefs) -> Result<(), StoreError> {
        self.owned(key.run_id, key.owner)?;
        match self.flows.get(&key.flow_id).map(|f| (f.status, f.end_reason)) {
            Some((FlowStatus::Active, _)) => {
                self.lost.keep_refs(key.flow_id, refs);
                Ok(())
            }
            Some((status, reason)) => Err(superseded(key, status, reason)),
            None => Err(StoreError::Refused(format!("flow {} has no row", key.flow_id))),
        }
    }

    pub(super) fn end_flow(&mut self, record: &FlowRecord) -> Result<Committed, StoreError> {
        let key = &record.key;
        let ending = (record.status, Some(record.end_reason));
        let found = self.flows.get(&key.flow_id).map(|f| (f.status, f.end_reason));
        if found == Some(ending) {
            return Ok(Committed::AlreadyThere);
        }
        self.owned(key.run_id, key.owner)?;
        match found {
            None => self.begin(key, record.status, Some(record.end_reason)),
            Some((FlowStatus::Active, _)) => {
                if let Some(flow) = self.flows.get_mut(&key.flow_id) {
                    (flow.status, flow.end_reason) = ending;
                }
            }
            Some((status, reason)) => return Err(superseded(key, status, reason)),
        }
        self.write_parts(record);
        self.lost.ended(record);
        Ok(Committed::Written)
    }

    fn write_parts(&mut self, record: &FlowRecord) {
        let key = &record.key;
        self.counts.events += record.events.len() as u64;
        self.counts.coupon_interactions += record.coupons.len() as u64;
        if let Some(order) = &record.order {
            self.counts.orders += 1;
            self.counts.order_items += order.lines.len() as u64;
        }
        let seen = record.seen_assignments.iter();
        self.counts.assignments +=
            seen.filter(|a| self.wallets.assign(key.run_id, a)).count() as u64;
        for seen in &record.coupons {
            match (seen.step, seen.assignment_id) {
                (CouponStep::Redeemed, Some(assignment)) => {
                    if self.wallets.redeem(assignment, key.flow_id, seen.reusable) {
                        self.counts.redemptions += 1;
                    } else {
                        self.counts.refused_redemptions += 1;
                    }
                }
                (CouponStep::Redeemed, None) => self.counts.redemptions += 1,
                (CouponStep::Seen | CouponStep::Applied | CouponStep::Rejected, _) => {}
            }
        }
        let cart = (record.shop_cart, record.store_id.clone());
        self.memory.carts.insert(key.agent_id.clone(), cart);
        self.memory.visited(&key.agent_id, Visit::of(record));
    }

    /// A flow's row, with room made for it.
    fn begin(&mut self, key: &FlowKey, status: FlowStatus, end_reason: Option<EndReason>) {
        self.counts.flows += 1;
        if let Some(run) = self.runs.get_mut(&key.run_id) {
            run.last_cycle = run.last_cycle.max(Some(key.cycle));
        }
        self.flows.insert(key.flow_id, DryFlow { key: key.clone(), status, end_reason });
        self.begun.push_back(key.flow_id);
        if self.begun.len() > FLOWS_KEPT
            && let Some(oldest) = self.begun.pop_front()
        {
            self.flows.remove(&oldest);
        }
    }

    fn end_active(&mut self, run: RunId, at: NaiveDateTime) -> u64 {
        let mut ended = 0;
        let flows = self.flows.values_mut();
        for flow in flows.filter(|f| f.key.run_id == run && f.status == FlowStatus::Active) {
            (flow.status, flow.end_reason) = (FlowStatus::Abandoned, Some(EndReason::Crash));
            self.lost.cut(&flow.key, at);
            ended += 1;
        }
        ended
    }

    pub(super) fn settle_order(&mut self, settled: &SettledOrder) -> Result<Committed, StoreError> {
        let committed = self.lost.settle(settled)?;
        if let (Committed::Written, Some(found)) = (committed, &settled.order) {
            self.counts.orders += 1;
            self.counts.orders_recovered += 1;
            self.counts.order_items += found.order.lines.len() as u64;
            self.counts.incidents += 1;
            let (key, at) = (&settled.flow.key, settled.flow.simulated_end);
            let wallet = self.wallets.wallet(key.run_id, &key.agent_id, at);
            for coupon in found.order.coupons.iter().flatten() {
                self.counts.coupon_interactions += 1;
                let held = wallet.holds(coupon);
                if held.is_none_or(|held| self.wallets.redeem(held.id, key.flow_id, true)) {
                    self.counts.redemptions += 1;
                }
            }
        }
        Ok(committed)
    }

    pub(super) fn abandon_orphans(
        &mut self,
        run: RunId,
        personas: &[Persona],
        at: NaiveDateTime,
    ) -> Orphans {
        let abandoned = self.end_active(run, at);
        let dirty = personas.iter().filter_map(|persona| {
            let (cart, store_id) = self.memory.carts.get(&persona.agent_id)?;
            let mine = self
                .flows
                .values()
                .any(|f| f.key.run_id == run && f.key.agent_id == persona.agent_id);
            (*cart == ShopCart::Dirty && mine).then(|| DirtyCart {
                agent_id: persona.agent_id.clone(),
                user_id: persona.user_id,
                store_id: store_id.clone(),
            })
        });
        Orphans { abandoned, dirty: dirty.collect() }
    }

    pub(super) fn carts_cleared(
        &mut self,
        run: RunId,
        owner: OwnerToken,
        agents: &[AgentId],
    ) -> Result<(), StoreError> {
        self.owned(run, owner)?;
        for agent in agents {
            if let Some((cart, _)) = self.memory.carts.get_mut(agent) {
                *cart = ShopCart::Clean;
            }
        }
        Ok(())
    }

    pub(super) fn record_cycle(&mut self, record: &CycleRecord) {
        if self.memory.close(record) {
            self.counts.cycles += 1;
        }
        if let Some(run) = self.runs.get_mut(&record.run_id) {
            run.last_cycle = run.last_cycle.max(Some(record.cycle));
        }
    }

    pub(super) fn assign_offers(&mut self, batch: &OfferBatch) -> Result<u64, StoreError> {
        self.owned(batch.run_id, batch.owner)?;
        let batch_assignments = batch.assignments.iter();
        let written = batch_assignments.filter(|a| self.wallets.assign(batch.run_id, a)).count();
        self.counts.assignments += written as u64;
        Ok(written as u64)
    }

    pub(super) fn memories(
        &self,
        run: RunId,
        before: Cycle,
        agents: &[AgentId],
    ) -> HashMap<AgentId, AgentMemory> {
        let Some(known) = self.runs.get(&run) else { return HashMap::new() };
        let monday = domain::memory::monday_of(before.begins_at(known.simulated_start));
        self.memory.of(run, before, agents, monday)
    }
}

fn superseded(key: &FlowKey, status: FlowStatus, reason: Option<EndReason>) -> StoreError {
    let end_reason = reason.unwrap_or(EndReason::Crash);
    StoreError::Superseded { key: key.flow_id, status, end_reason }
}
