//! What an answer means: the step's reply, a part of it that is done, or a failure with the shop's
//! words. Rules first, then the status, then the body.

use std::sync::Arc;

use awc::http::header::{HeaderMap, SET_COOKIE};
use cookie::time::OffsetDateTime;
use ports::shop_api::{ApiErrorKind, ShopCall, ShopReply, ShopRequest};
use serde_json::Value;

use super::body::{BodyFault, Received};
use super::memory::{Known, Memory, Next};
use super::reading::{self, Reading};
use super::{HttpSession, classify};
use crate::shop_api::profile::{
    Around, Body, Call, Field, Filled, Found, Meaning, Name, Nothing, Request, Rule, Step, StepName,
};

/// What came of a call, with the shop's words.
pub(super) type Outcome = Result<Reading, (ApiErrorKind, Option<String>)>;

impl HttpSession {
    /// What the answer means: the reply, or the failure and the shop's words.
    pub(super) fn judge(
        &self,
        next: Next<'_>,
        request: &ShopRequest,
        received: Received,
    ) -> Outcome {
        let (profile, step) = (self.setup.profile(), next.step);
        if !self.setup.is_stateful() {
            if let Some((rule, said)) = classify::ruled(profile, step, &received, &Nothing) {
                return Err(meant(rule, &received, said));
            }
            if !next.call.ok.contains(&received.status) {
                return Err(classify::status(profile, &received));
            }
            return self.read(next.call, request, &received, &Nothing);
        }
        let mut memories = self.memories.borrow_mut();
        let memory = memories.of(request);
        let ruled = {
            let known = Known { setup: &self.setup, memory, request, call: Some(next.call) };
            let seen = Answer { known, headers: &received.headers };
            classify::ruled(profile, step, &received, &seen)
        };
        if let Some((rule, said)) = ruled {
            memory.forget(&self.setup, &rule.forget);
            let failed = rule.meaning == Meaning::Failure;
            if failed && !rule.forget.is_empty() && memory.renews() {
                self.note(|notes| {
                    notes.pass_over(&self.setup, &meant(rule, &received, said), true);
                });
                return Ok(ShopReply::Next.into());
            }
            return self.failed(memory, next, request, meant(rule, &received, said));
        }
        let is_ok = next.call.ok.contains(&received.status);
        let nothing = Value::Null;
        let json = match is_ok {
            true => received.json().unwrap_or(&nothing),
            false => &nothing,
        };
        if !is_ok || is_graphql_error(next.call, json) {
            let failure = match is_ok {
                true => classify::failure(profile, &received),
                false => classify::status(profile, &received),
            };
            return self.failed(memory, next, request, failure);
        }
        self.keep(memory, next.call, request, &received, json);
        self.went(memory, next, request, &received, json)
    }

    /// A call that may fail is skipped where the shop has answered.
    fn failed(
        &self,
        memory: &mut Memory,
        next: Next<'_>,
        request: &ShopRequest,
        failure: (ApiErrorKind, Option<String>),
    ) -> Outcome {
        let step = self.setup.profile().steps.get(StepName::of(&request.call));
        let Some(step) = step.filter(|_| next.call.optional) else { return Err(failure) };
        self.note(|notes| notes.pass_over(&self.setup, &failure, false));
        memory.done(step, &Value::Null);
        self.goes_on(memory, step, request)
    }

    /// What comes after a call that is done with: another one, or the step's answer.
    fn goes_on(&self, memory: &mut Memory, step: &Step, request: &ShopRequest) -> Outcome {
        let going_on = ShopRequest { continues: true, ..request.clone() };
        match memory.next(&self.setup, step, &going_on) {
            Ok(Some(next)) => Ok(match memory.refs_of_order(&self.setup, next, request) {
                Some(refs) => ShopReply::NextOrders(refs).into(),
                None => ShopReply::Next.into(),
            }),
            Ok(None) => {
                let answer = memory.answer();
                let answer = answer.unwrap_or_else(|| reading::done(&request.call).into());
                memory.ended(&answer.reply);
                Ok(answer)
            }
            Err(problem) => Err((ApiErrorKind::Invalid(0), Some(problem))),
        }
    }

    /// Keeps what the answer leaves behind.
    fn keep(
        &self,
        memory: &mut Memory,
        call: &Call,
        request: &ShopRequest,
        received: &Received,
        json: &Value,
    ) {
        if self.setup.profile().keeps_cookies {
            let now = OffsetDateTime::now_utc();
            for header in received.headers.get_all(SET_COOKIE) {
                memory.cookies.set(&String::from_utf8_lossy(header.as_bytes()), now);
            }
        }
        let value = |memory: &Memory, name: &Arc<str>, field: &Field| {
            let known = Known { setup: &self.setup, memory, request, call: Some(call) };
            let seen = Answer { known, headers: &received.headers };
            let found = field.find(json, &seen)?;
            self.note(|notes| notes.keep(&self.setup, name, &found));
            match found {
                Found::Value(value) => Some(value.clone()),
                Found::Text(text) => Some(Value::from(text.into_owned())),
            }
        };
        for (name, field) in &self.setup.profile().watch {
            if let Some(value) = value(memory, name, field) {
                memory.keep_watched(name, value);
            }
        }
        for (name, field) in &call.capture {
            if let Some(value) = value(memory, name, field) {
                memory.keep(&self.setup, name, value);
            }
        }
        memory.forget(&self.setup, &call.forget);
    }

    /// The step's answer where this was its last call.
    fn went(
        &self,
        memory: &mut Memory,
        next: Next<'_>,
        request: &ShopRequest,
        received: &Received,
        json: &Value,
    ) -> Outcome {
        let step = self.setup.profile().steps.get(StepName::of(&request.call));
        let step = step.ok_or((ApiErrorKind::Invalid(0), None))?;
        let reading = {
            let known = Known { setup: &self.setup, memory, request, call: Some(next.call) };
            let seen = Answer { known, headers: &received.headers };
            let requires = &next.call.requires;
            reading::require(self.setup.profile(), requires, json, &seen).map_err(|fault| {
                (ApiErrorKind::Unparsable { field: fault.field }, fault.problem)
            })?;
            // What comes after it may be nothing: then this is the step's answer.
            let may_be_last = next.step.is_some() && memory.may_be_at_the_last(step);
            may_be_last.then(|| self.read(next.call, request, received, &seen))
        };
        if let Some(reading) = reading {
            let is_last = step.calls.last() == Some(next.call);
            match reading {
                Err(failure) if is_last => return Err(failure),
                reading => memory.keep_answer(reading.ok()),
            }
        }
        memory.done(step, json);
        self.goes_on(memory, step, request)
    }

    fn read(
        &self,
        call: &Call,
        request: &ShopRequest,
        received: &Received,
        around: &dyn Around,
    ) -> Outcome {
        let body = match &received.body {
            Ok(body) => body,
            Err(BodyFault::TooLarge) => {
                return Err((ApiErrorKind::BodyTooLarge, smaller_pages(&request.call)));
            }
            Err(BodyFault::Truncated) => return Err((ApiErrorKind::BodyTruncated, None)),
            Err(BodyFault::Broken(cause)) => {
                return Err((ApiErrorKind::Disconnected, Some(cause.clone())));
            }
            Err(BodyFault::Packing(cause)) => {
                let kind = ApiErrorKind::Unparsable { field: "body".to_owned() };
                return Err((kind, Some(cause.clone())));
            }
        };
        let asked = (&request.call, call.requires.as_slice());
        let json = || received.json();
        let reading =
            reading::read_within(self.setup.profile(), asked, (body.as_slice(), &json), around);
        let mut reading = reading.map_err(|mut fault| {
            if let (true, Some(content_type)) = (fault.is_no_json, &received.content_type) {
                let problem = fault.problem.unwrap_or_default();
                fault.problem = Some(format!("{problem}; Content-Type: {content_type}"));
            }
            // Without a declared length a body that stops early looks complete; JSON tells.
            if fault.ended_early && !received.length_declared {
                return (ApiErrorKind::BodyTruncated, fault.problem);
            }
            (ApiErrorKind::Unparsable { field: fault.field }, fault.problem)
        })?;
        if let ShopReply::LatestOrders { shop_clock, .. } = &mut reading.reply {
            *shop_clock = received.date;
        }
        Ok(reading)
    }
}

/// What a rule makes of an answer.
fn meant(rule: &Rule, received: &Received, said: Option<String>) -> (ApiErrorKind, Option<String>) {
    match rule.meaning {
        Meaning::Refusal(refusal) => (ApiErrorKind::Refused(refusal), said),
        Meaning::Failure => (ApiErrorKind::UnexpectedStatus(received.status), said),
    }
}

/// A query that failed is a 200 with what went wrong in it.
fn is_graphql_error(call: &Call, json: &Value) -> bool {
    let is_query = |sent: &Request| matches!(sent.body, Body::Graphql { .. });
    let errors = json.get("errors").and_then(Value::as_array);
    call.request.as_ref().is_some_and(is_query) && errors.is_some_and(|errors| !errors.is_empty())
}

/// An answer with the values that there are.
struct Answer<'a> {
    known: Known<'a>,
    headers: &'a HeaderMap,
}

impl Around for Answer<'_> {
    fn value(&self, name: &Name) -> Option<Filled<'_>> {
        self.known.value(name)
    }

    fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    fn cookie(&self, name: &str) -> Option<String> {
        self.known.cookie(name)
    }
}

/// What makes the answer to a list smaller.
fn smaller_pages(call: &ShopCall) -> Option<String> {
    let ShopCall::ListProducts { page, .. } = call else { return None };
    let limit = page.limit;
    Some(format!("write a `size` below {limit} in `paging` of the shop's profile"))
}
