//! What the calls of a shop leave behind: values of each agent and of its cart, cookies, and how
//! far a step of several calls has come.
//!
//! A value lives as long as what its block is for, and is fetched again by it where it is wanted
//! and gone: after a restart, where it was forgotten, and where there was no place for it here.

mod known;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use domain::flow::ShopRefs;
use domain::ids::{AgentId, FlowId};
use ports::shop_api::{Part, ShopCall, ShopReply, ShopRequest};
use serde_json::Value;

use super::cookies::Jar;
use super::reading::Reading;
use super::setup::ShopSetup;
use crate::shop_api::profile::{Around, Call, Found, Name, Step, StepName};
pub(super) use known::Known;

/// Agents of one HTTP session that are remembered; far above its share of a population.
const KEPT_MAX: usize = 16_384;

/// Values by name.
pub(super) type Values = BTreeMap<Arc<str>, Value>;

/// Of one HTTP session's agents.
#[derive(Default)]
pub(super) struct Memories {
    agents: HashMap<AgentId, Memory>,
}

/// Of one agent.
#[derive(Default)]
pub(super) struct Memory {
    flow: Option<FlowId>,
    agent: Values,
    /// Whether the agent's block was called, and none of its values forgotten since.
    is_ready: bool,
    cart: Values,
    pub(super) cookies: Jar,
    pending: Option<Pending>,
}

/// A step under way.
struct Pending {
    call: ShopCall,
    /// What is called next, the innermost last: the step, and blocks that it wants values of.
    stack: Vec<(Block, usize)>,
    /// What the call that is made for each is still to be made for.
    each: Option<VecDeque<Value>>,
    /// The answer before, where a later call is made for each of its items.
    last: Value,
    /// Whether values were fetched anew because the shop took the old ones no more.
    renewed: bool,
    /// Whether it was said what the order can be asked for by.
    refs_told: bool,
    /// What the step answers if nothing comes of the calls that may still follow.
    answer: Option<Reading>,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Step,
    Run,
    Agent,
    Cart,
}

/// What is sent next.
#[derive(Clone, Copy)]
pub(super) struct Next<'p> {
    pub(super) call: &'p Call,
    /// The step that it is of; `None` of a block's.
    pub(super) step: Option<StepName>,
}

impl Next<'_> {
    /// Whether the order is placed by it.
    pub(super) fn places_order(&self, request: &ShopRequest) -> bool {
        let is_checkout = request.call == ShopCall::Checkout && self.step.is_some();
        is_checkout && matches!(self.call.part, Part::PlacesOrder | Part::Whole)
    }
}

impl Memories {
    pub(super) fn of(&mut self, request: &ShopRequest) -> &mut Memory {
        let nobody = || AgentId::new("");
        let agent = request.caller.as_ref().map_or_else(nobody, |caller| caller.agent_id.clone());
        if self.agents.len() >= KEPT_MAX && !self.agents.contains_key(&agent) {
            // A cart under way must not become another one.
            self.agents.retain(|_, memory| !memory.cart.is_empty());
            if self.agents.len() >= KEPT_MAX {
                self.agents.clear();
            }
        }
        let memory = self.agents.entry(agent).or_default();
        let flow = request.caller.as_ref().and_then(|caller| caller.flow_id);
        if flow.is_some() && memory.flow != flow {
            memory.flow = flow;
            memory.cart.clear();
            memory.pending = None;
        }
        memory
    }
}

impl Memory {
    /// The next call to make for `request`; `None` where nothing is left to be sent.
    pub(super) fn next<'p>(
        &mut self,
        setup: &'p ShopSetup,
        step: &'p Step,
        request: &ShopRequest,
    ) -> Result<Option<Next<'p>>, String> {
        let is_same = self.pending.as_ref().is_some_and(|pending| pending.call == request.call);
        if !request.continues || !is_same {
            self.pending = Some(Pending {
                call: request.call.clone(),
                stack: vec![(Block::Step, 0)],
                each: None,
                last: Value::Null,
                renewed: false,
                refs_told: false,
                answer: None,
            });
            self.drop_what_was_read(setup, step, &request.call);
        }
        loop {
            let Some((block, index)) = self.at() else { return Ok(None) };
            let Some(call) = calls(setup, step, block).get(index) else {
                self.pop();
                continue;
            };
            if call.request.is_none() {
                self.forget(setup, &call.forget);
                self.advance();
                continue;
            }
            if let Some(each) = &call.each
                && !self.has_item(|last, around| each.list.find_all(last, around), setup, request)
            {
                self.advance();
                continue;
            }
            let step_name = (block == Block::Step).then(|| StepName::of(&request.call));
            if block == Block::Step && self.wants_its_agent(setup, request) {
                continue;
            }
            match self.lacks(setup, request, call) {
                None => return Ok(Some(Next { call, step: step_name })),
                Some(name) => self.fetch(setup, &name)?,
            }
        }
    }

    /// Calls the agent's block before the first call of the agent's.
    fn wants_its_agent(&mut self, setup: &ShopSetup, request: &ShopRequest) -> bool {
        let block = &setup.profile().setup.agent;
        // Nobody probes.
        let is_nobodys = request.caller.is_none() || request.call == ShopCall::Probe;
        if self.is_ready || block.is_empty() || is_nobodys {
            return false;
        }
        let Some(pending) = &mut self.pending else { return false };
        pending.stack.push((Block::Agent, 0));
        true
    }

    /// What an earlier look at the shop's goods has left says nothing of this one.
    fn drop_what_was_read(&mut self, setup: &ShopSetup, step: &Step, call: &ShopCall) {
        if matches!(
            call,
            ShopCall::ListProducts { .. }
                | ShopCall::SearchProducts { .. }
                | ShopCall::ViewProduct { .. }
        ) {
            for name in step.calls.iter().flat_map(|call| call.capture.keys()) {
                if !setup.profile().setup.calls().any(|call| call.capture.contains_key(name)) {
                    self.cart.remove(name);
                }
            }
        }
    }

    /// What the order can be asked for by, where `next` places it and nobody has been told yet.
    pub(super) fn refs_of_order(
        &mut self,
        setup: &ShopSetup,
        next: Next<'_>,
        request: &ShopRequest,
    ) -> Option<ShopRefs> {
        if !next.places_order(request) {
            return None;
        }
        let names = setup.profile().order_refs();
        if names.is_empty() {
            return None;
        }
        let is_told = self.pending.as_mut().map(|p| std::mem::replace(&mut p.refs_told, true));
        if is_told != Some(false) {
            return None;
        }
        let text = |name: &Arc<str>| {
            let text = Found::Value(self.cart.get(name)?).text()?.into_owned();
            Some((name.to_string(), text))
        };
        let refs: BTreeMap<String, String> = names.iter().filter_map(text).collect();
        (!refs.is_empty()).then_some(ShopRefs(refs))
    }

    /// Whether no call must follow the one that the step is at.
    pub(super) fn may_be_at_the_last(&self, step: &Step) -> bool {
        let Some((Block::Step, index)) = self.at() else { return false };
        let may_be_skipped =
            |call: &Call| call.request.is_none() || call.optional || call.each.is_some();
        step.calls.iter().skip(index + 1).all(may_be_skipped)
    }

    /// Keeps what the step answers if nothing follows; one that could not be read hides none.
    pub(super) fn keep_answer(&mut self, answer: Option<Reading>) {
        if let (Some(pending), Some(answer)) = (&mut self.pending, answer) {
            pending.answer = Some(answer);
        }
    }

    /// What the step answers.
    pub(super) fn answer(&mut self) -> Option<Reading> {
        self.pending.as_mut().and_then(|pending| pending.answer.take())
    }

    fn at(&self) -> Option<(Block, usize)> {
        self.pending.as_ref().and_then(|pending| pending.stack.last().copied())
    }

    fn pop(&mut self) {
        let popped = self.pending.as_mut().and_then(|pending| pending.stack.pop());
        self.is_ready |= popped.is_some_and(|(block, _)| block == Block::Agent);
    }

    /// One item of the list is done, or the call.
    fn advance(&mut self) {
        let Some(pending) = &mut self.pending else { return };
        if let Some(items) = &mut pending.each {
            items.pop_front();
            if !items.is_empty() {
                return;
            }
            pending.each = None;
        }
        if let Some((_, index)) = pending.stack.last_mut() {
            *index += 1;
        }
    }

    /// Whether there is an item to make the call for.
    fn has_item(
        &mut self,
        items: impl FnOnce(&Value, &dyn Around) -> Vec<Value>,
        setup: &ShopSetup,
        request: &ShopRequest,
    ) -> bool {
        let is_new = self.pending.as_ref().is_some_and(|pending| pending.each.is_none());
        if is_new {
            let last = self.pending.as_ref().map_or(Value::Null, |pending| pending.last.clone());
            let known = Known { setup, memory: self, request, call: None };
            let items = items(&last, &known);
            if let Some(pending) = &mut self.pending {
                pending.each = Some(items.into());
            }
        }
        let items = self.pending.as_ref().and_then(|pending| pending.each.as_ref());
        items.is_some_and(|items| !items.is_empty())
    }

    /// The first value that the call cannot do without and nobody has.
    fn lacks(&self, setup: &ShopSetup, request: &ShopRequest, call: &Call) -> Option<Arc<str>> {
        let known = Known { setup, memory: self, request, call: Some(call) };
        let own = call.request.iter().flat_map(|sent| {
            let headers = setup.profile().headers.iter();
            let headers = headers.filter(|header| !sent.headers.contains_key(&header.name));
            headers.map(|header| &header.value)
        });
        let templates = call.templates().into_iter().chain(own);
        let mut needed = call.needs.iter();
        let needed = needed.find(|name| known.value(&Name::Own(Arc::clone(name))).is_none());
        if let Some(name) = needed {
            return Some(Arc::clone(name));
        }
        let slots = templates.flat_map(|template| template.slots());
        slots.filter(|slot| !slot.may_lack).find_map(|slot| match &slot.name {
            Name::Own(name) if known.value(&slot.name).is_none() => Some(Arc::clone(name)),
            Name::Own(_) | Name::BuiltIn(_) => None,
        })
    }

    /// Calls the block that captures the value first.
    fn fetch(&mut self, setup: &ShopSetup, name: &str) -> Result<(), String> {
        let of = &setup.profile().setup;
        let blocks = [(Block::Run, &of.run), (Block::Agent, &of.agent), (Block::Cart, &of.cart)];
        let captures = |call: &Call| call.capture.contains_key(name);
        let block = blocks.into_iter().find(|(_, calls)| calls.iter().any(captures));
        let Some((block, _)) = block else {
            return Err(format!("the call has no {{{name}}}: nothing has left it yet"));
        };
        let Some(pending) = &mut self.pending else { return Ok(()) };
        if pending.stack.iter().any(|(open, _)| *open == block) {
            return Err(format!("the call has no {{{name}}}: what captures it wants it itself"));
        }
        pending.stack.push((block, 0));
        Ok(())
    }

    /// The call succeeded, or the step goes on without it.
    pub(super) fn done(&mut self, step: &Step, body: &Value) {
        let Some(pending) = &mut self.pending else { return };
        let is_step = pending.stack.last().is_some_and(|(block, _)| *block == Block::Step);
        if is_step && pending.each.is_none() && step.calls.iter().any(|call| call.each.is_some()) {
            pending.last = body.clone();
        }
        self.advance();
    }

    /// Keeps what the answer to `call` leaves.
    pub(super) fn keep(&mut self, setup: &ShopSetup, name: &Arc<str>, value: Value) {
        match self.at().map(|(block, _)| block) {
            Some(Block::Run) => drop(setup.run_values().insert(Arc::clone(name), value)),
            Some(Block::Agent) => drop(self.agent.insert(Arc::clone(name), value)),
            Some(Block::Cart | Block::Step) | None => {
                self.cart.insert(Arc::clone(name), value);
            }
        }
    }

    /// Keeps what the profile watches for, for as long as the agent is known.
    pub(super) fn keep_watched(&mut self, name: &Arc<str>, value: Value) {
        self.agent.insert(Arc::clone(name), value);
    }

    pub(super) fn forget(&mut self, setup: &ShopSetup, names: &[Arc<str>]) {
        for name in names {
            self.is_ready &= self.agent.remove(name).is_none();
            self.cart.remove(name);
            setup.run_values().remove(name);
        }
    }

    /// Whether the call is worth another try with values fetched anew; once a step.
    pub(super) fn renews(&mut self) -> bool {
        self.pending.as_mut().is_some_and(|pending| !std::mem::replace(&mut pending.renewed, true))
    }

    /// The cart is gone with what was known of it.
    pub(super) fn ended(&mut self, reply: &ShopReply) {
        if matches!(reply, ShopReply::OrderPlaced(_) | ShopReply::CartCleared { .. }) {
            self.cart.clear();
        }
        self.pending = None;
    }
}

fn calls<'p>(setup: &'p ShopSetup, step: &'p Step, block: Block) -> &'p [Call] {
    let of = &setup.profile().setup;
    match block {
        Block::Step => &step.calls,
        Block::Run => &of.run,
        Block::Agent => &of.agent,
        Block::Cart => &of.cart,
    }
}
