//! The agents of a run and the barrier of its cycle: who is alive, who is outstanding, what they
//! did. The run hears of a cycle's outcome, never of an agent.
//!
//! Pure: the handle of an agent's actor is a parameter, and what is to be sent to whom is answered.
//! Everything that a cycle needs of agents stands here, so that an actor of its own can own it.

pub mod barrier;
mod doubts;
pub mod exposure;
pub mod roster;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::agent::messages::ShopFacts;
use crate::circuit_breaker::messages::{FreezeReason, Outcome, RecordOutcome};
use crate::domain::cycle::{Cycle, CycleVolume, ReplayNumber};
use crate::domain::experiment::Experiment;
use crate::domain::flow::{AgentMemory, EndReason, FlowStatus, ShopCart};
use crate::domain::ids::{AgentId, Incarnation, SessionId};
use crate::domain::persona::Persona;
use crate::domain::snapshot::Snapshot;
use crate::offer_refresher::messages::Holder;
use crate::ports::shop_api::Caller;
use crate::session_pool::board::Standing;

use super::command::CommandRefused;
use super::messages::{AgentDown, AgentFinished, Ending};
use super::plan::WarmUp;
use super::ramp;
use super::start::first_contact;

use barrier::{CycleUnderWay, TickTime};
use doubts::Doubts;
use exposure::Exposure;
use roster::{AfterCrash, Roster};

/// Builds an agent's actor at start, restart and unfreeze; given by the topology, which alone
/// starts actors.
pub type Build<H> = Box<dyn Fn(&Arc<Persona>, Incarnation, AgentMemory) -> H>;

/// All agents, and the attempt that they are in.
pub struct Shard<H> {
    /// Who is alive, in which build.
    roster: Roster<H>,
    /// Makes a build.
    build: Build<H>,
    /// What the shop showed when it was last looked at.
    pub shop: Arc<ShopFacts>,
    /// The attempt whose agents are outstanding.
    attempt: Option<CycleUnderWay>,
    /// Reports that wait until it is known whose fault they tell of.
    doubts: Doubts,
}

/// What comes of an agent's report.
#[derive(Clone, Debug)]
pub enum Heard {
    /// It waits until this HTTP session has been probed.
    InDoubt(SessionId),
    /// The breaker has no part in it.
    Through(AgentId),
    /// The breaker is asked, and the agent leaves the barrier with the verdict: a freeze caused by
    /// the last agent of a cycle still breaks that cycle.
    Judge(RecordOutcome),
}

impl<H: Clone> Shard<H> {
    /// Nobody yet.
    pub fn new(build: Build<H>) -> Self {
        let (roster, shop) = (Roster::new(), Arc::default());
        Self { roster, build, shop, attempt: None, doubts: Doubts::default() }
    }

    /// Takes in everybody, with what they remember and what a checkpoint says of them.
    pub fn fill(
        &mut self,
        personas: Vec<Persona>,
        mut memories: HashMap<AgentId, AgentMemory>,
        saved: Option<&Snapshot>,
    ) {
        let build = &self.build;
        let carts: Vec<(AgentId, ShopCart)> =
            memories.iter().map(|(agent, memory)| (agent.clone(), memory.shop_cart)).collect();
        self.roster.fill(personas, |persona, incarnation| {
            let memory = memories.remove(&persona.agent_id).unwrap_or_default();
            build(persona, incarnation, memory)
        });
        carts.iter().for_each(|(agent, cart)| self.roster.note_cart(agent, *cart));
        if let Some(saved) = saved {
            self.roster.recall(&saved.crashes, &saved.quarantined);
        }
    }

    /// Who is alive.
    pub fn roster(&self) -> &Roster<H> {
        &self.roster
    }

    /// In whose names the shop is looked at.
    pub fn callers(&self) -> Vec<Caller> {
        let everybody = self.roster.everybody().iter();
        first_contact::callers(
            everybody.filter_map(|agent| self.roster.persona(agent)).map(|persona| &**persona),
        )
    }

    /// An operator gives a quarantined agent its ticks back.
    pub fn revive(&mut self, agent_id: &AgentId) -> Result<(), CommandRefused> {
        let is_known = self.roster.persona(agent_id).is_some();
        if self.roster.revive(agent_id) {
            return Ok(());
        }
        let why = if is_known { "is not in quarantine" } else { "is no agent of this run" };
        Err(CommandRefused::Agent { agent_id: agent_id.clone(), why })
    }

    /// An agent to whom something may be sent.
    pub fn reach(&self, agent_id: &AgentId) -> Result<&H, CommandRefused> {
        self.roster.handle(agent_id).ok_or_else(|| {
            let is_known = self.roster.persona(agent_id).is_some();
            let why = if is_known { "is in quarantine" } else { "is no agent of this run" };
            CommandRefused::Agent { agent_id: agent_id.clone(), why }
        })
    }

    /// Everybody to whom something may be sent.
    pub fn reachable(&self) -> Vec<H> {
        let everybody = self.roster.everybody().iter();
        everybody.filter_map(|agent| self.roster.handle(agent)).cloned().collect()
    }

    /// A fresh build of an agent; answers the one before, that is to end quietly if it still lives.
    /// A cart that is known to hold goods holds them, whatever the rows say.
    pub fn rebuild(&mut self, agent: &AgentId, mut memory: AgentMemory) -> Option<H> {
        let old = self.roster.handle(agent).cloned();
        if self.roster.has_dirty_cart(agent) {
            memory.shop_cart = ShopCart::Dirty;
        }
        self.roster.note_cart(agent, memory.shop_cart);
        let build = &self.build;
        self.roster.replace(agent, |persona, incarnation| build(persona, incarnation, memory));
        old
    }

    /// Opens an attempt for the first `released`; answers who is to be told.
    pub fn open(
        &mut self,
        cycle: Cycle,
        replay: ReplayNumber,
        released: usize,
        time: TickTime,
    ) -> Vec<H> {
        let released = self.roster.released(released);
        let alive = |agent: &&AgentId| self.roster.handle(agent).is_some();
        let ticked: Vec<&AgentId> = released.iter().filter(alive).collect();
        let quarantined = u32::try_from(released.len() - ticked.len()).unwrap_or(u32::MAX);
        let handles = ticked.iter().filter_map(|agent| self.roster.handle(agent)).cloned();
        let handles = handles.collect();
        let agents = ticked.into_iter().cloned();
        self.attempt = Some(CycleUnderWay::open(cycle, replay, agents, quarantined, time));
        handles
    }

    /// The attempt whose agents are outstanding.
    pub fn attempt(&self) -> Option<&CycleUnderWay> {
        self.attempt.as_ref()
    }

    /// Ends the attempt.
    pub fn close(&mut self, broken: bool) -> Option<CycleUnderWay> {
        let mut attempt = self.attempt.take()?;
        attempt.broken = broken;
        Some(attempt)
    }

    /// Those who have yet to end.
    pub fn outstanding(&self) -> Vec<H> {
        let awaited = self.attempt.iter().flat_map(CycleUnderWay::awaited);
        awaited.filter_map(|agent| self.roster.handle(agent)).cloned().collect()
    }

    /// Whether this is the report of an agent that is waited for.
    pub fn awaits(&self, report: &AgentFinished) -> bool {
        let is_awaited = self.attempt.as_ref().is_some_and(|attempt| {
            (attempt.cycle, attempt.replay) == (report.cycle, report.replay)
                && attempt.awaits(&report.agent_id)
        });
        is_awaited && self.roster.is_current(&report.agent_id, report.incarnation)
    }

    /// Whether this build of the agent is the living one.
    pub fn is_current(&self, agent: &AgentId, incarnation: Incarnation) -> bool {
        self.roster.is_current(agent, incarnation)
    }

    /// Takes in the report of an agent that is waited for; `standing` is its HTTP session's. What a
    /// session that is down has broken is not the shop's, and over one in doubt it is not known.
    pub fn hear(&mut self, report: AgentFinished, standing: Standing) -> Option<Heard> {
        let AgentFinished { agent_id, http_session, ending, volume, shop_cart, notes, .. } = report;
        self.roster.note_cart(&agent_id, shop_cart);
        let attempt = self.attempt.as_mut()?;
        attempt.account(&ending, &volume);
        attempt.notes.add(&notes);
        let outcome = outcome_of(&ending);
        match standing {
            Standing::Down if ending.is_call_failure() => Some(Heard::Through(agent_id)),
            Standing::InDoubt if ending.is_call_failure() => {
                self.doubts.hold(http_session, agent_id, outcome);
                Some(Heard::InDoubt(http_session))
            }
            Standing::Up | Standing::Down | Standing::InDoubt => {
                self.judge(agent_id, http_session, outcome)
            }
        }
    }

    /// An agent whose actor is gone is through, as failed; `None` where it was not waited for.
    pub fn hear_down(&mut self, down: &AgentDown, ending: &Ending, cause: String) -> Option<Heard> {
        let attempt = self.attempt.as_mut().filter(|attempt| attempt.awaits(&down.agent_id))?;
        attempt.account(ending, &CycleVolume::default());
        let http_session = down.open_flow.as_ref().map_or(SessionId(0), |f| f.key.http_session);
        self.judge(down.agent_id.clone(), http_session, Outcome::Failed { cause })
    }

    /// A flow was cut: it is through with what its row says.
    pub fn hear_cut(&mut self, down: &AgentDown, ending: &Ending, volume: &CycleVolume) {
        if let Some(flow) = &down.open_flow {
            self.roster.note_cart(&down.agent_id, flow.shop_cart);
        }
        if let Some(attempt) = &mut self.attempt {
            attempt.account(ending, volume);
        }
    }

    fn judge(&self, agent_id: AgentId, http_session: SessionId, outcome: Outcome) -> Option<Heard> {
        let attempt = self.attempt.as_ref()?;
        if outcome == Outcome::Neutral {
            return Some(Heard::Through(agent_id));
        }
        let (cycle, replay, released) = (attempt.cycle, attempt.replay, attempt.counts.released);
        let ask = RecordOutcome { cycle, replay, released, agent_id, http_session, outcome };
        Some(Heard::Judge(ask))
    }

    /// Whether a probe of this session is to begin; one at a time.
    pub fn begin_probe(&mut self, http_session: SessionId) -> bool {
        self.doubts.begin(http_session)
    }

    /// A probe of this session has ended: what waited for it is judged.
    pub fn end_probe(&mut self, http_session: SessionId, standing: Standing) -> Vec<Heard> {
        let held = self.doubts.end(http_session);
        let judged = held.into_iter().filter_map(|report| {
            let is_down = standing == Standing::Down;
            let outcome = if is_down { Outcome::Neutral } else { report.outcome };
            self.judge(report.agent_id, http_session, outcome)
        });
        judged.collect()
    }

    /// In whose names carts that may hold goods are cleared.
    pub fn with_dirty_carts(&self) -> Vec<Caller> {
        let caller = |persona: &Arc<Persona>| Caller {
            agent_id: persona.agent_id.clone(),
            user_id: persona.user_id,
            flow_id: None,
        };
        self.roster.with_dirty_carts().map(caller).collect()
    }

    /// The shop has emptied the agent's cart.
    pub fn cart_cleared(&mut self, agent: &AgentId) {
        self.roster.note_cart(agent, ShopCart::Clean);
    }

    /// The agent is through with its cycle; answers whether it was the last.
    pub fn leave(&mut self, agent: &AgentId) -> bool {
        let attempt = self.attempt.as_mut();
        attempt.is_some_and(|attempt| attempt.leave(agent) && attempt.is_complete())
    }

    /// The agent crashed in `cycle`: whether it is one too many, and why the run freezes if so.
    pub fn crashed(&mut self, agent: &AgentId, cycle: Cycle) -> (AfterCrash, Option<FreezeReason>) {
        let after = self.roster.crashed(agent, cycle);
        let is_over = after == AfterCrash::Quarantine && self.roster.too_many_quarantined();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let reason = is_over.then(|| FreezeReason::Quarantines {
            quarantined: count(self.roster.quarantined().len()),
            active: count(self.roster.len()),
        });
        (after, reason)
    }

    /// The agents that `cycle` is the first to release, by arm; `released` are by now.
    pub fn exposures(
        &self,
        experiment: &Experiment,
        cycle: Cycle,
        released: usize,
        warm_up: &WarmUp,
    ) -> Vec<Exposure> {
        let before = match cycle.0.checked_sub(1) {
            Some(last) => ramp::released(Cycle(last), self.roster.len(), warm_up),
            None => 0,
        };
        exposure::of(experiment, &self.roster.released(released)[before.min(released)..], |agent| {
            self.roster.persona(agent)
        })
    }

    /// Each of these agents as a holder of coupons.
    pub fn holders(
        &self,
        agents: Vec<AgentId>,
        experiment: Option<&Experiment>,
    ) -> BTreeMap<AgentId, Holder> {
        let holder = |agent: &AgentId| {
            let persona = self.roster.persona(agent)?;
            let arm = experiment.and_then(|experiment| experiment.arm_of(persona));
            let cohort = arm.map(|arm| arm.name.clone()).or_else(|| persona.cohort.clone());
            Some(Holder { persona: Arc::clone(persona), cohort })
        };
        agents.into_iter().filter_map(|agent| holder(&agent).map(|of| (agent, of))).collect()
    }
}

/// What the breaker makes of an ending.
fn outcome_of(ending: &Ending) -> Outcome {
    match ending {
        Ending::Idle | Ending::SkippedSessionDown | Ending::Unfinished => Outcome::Neutral,
        Ending::Unrecorded { cause } => Outcome::Failed { cause: cause.clone() },
        Ending::Recorded { status, reason, cause } => match (status, reason) {
            (FlowStatus::Failed, _) => Outcome::Failed {
                cause: cause.clone().unwrap_or_else(|| reason.as_str().to_owned()),
            },
            (_, EndReason::Frozen | EndReason::Stopped | EndReason::SessionDown) => {
                Outcome::Neutral
            }
            _ => Outcome::Ended,
        },
    }
}
