//! Developers' messages: when each is delivered, where it goes, and the one incident that says so.

use actix::prelude::*;
use serde_json::json;

use crate::agent::Agent;
use crate::agent::drill::Shares;
use crate::agent::messages::Drill;
use crate::checkpointer::messages::CheckpointerInjection;
use crate::circuit_breaker::messages::CircuitBreakerInjection;
use crate::db_writer::messages::DbWriterInjection;
use crate::domain::ids::SessionId;
use crate::domain::incident::IncidentKind;
use crate::injection::Injection;
use crate::offer_refresher::messages::OfferRefresherInjection;
use crate::rate_limiter::messages::RateLimiterInjection;
use crate::session_pool::messages::{SessionInjection, SessionPoolInjection};

use super::Coordinator;
use super::agenda::Moment;
use super::command::{CommandRefused, Done, Door};
use super::desk::{Desk, Entry};
use super::ledger::{About, NOBODY, Report};
use super::messages::Inject;
use super::perform::Outcome;
use super::services::Services;
use super::shard::Shard;

/// Where developers' messages go that no other edge leads to.
#[derive(Clone)]
pub struct DrillDoors {
    /// Each HTTP session, session 0 first.
    pub sessions: Vec<Recipient<SessionInjection>>,
    /// The SessionPool.
    pub pool: Recipient<SessionPoolInjection>,
    /// The OfferRefresher.
    pub refresher: Recipient<OfferRefresherInjection>,
}

/// Delivers a message at once, or notes it for its moment.
pub fn inject(act: &mut Coordinator, inject: Inject, ctx: &mut Context<Coordinator>) -> Outcome {
    let Inject { injection, at, door } = inject;
    let Some(moment) = at else { return deliver(act, injection, door, ctx) };
    let message = format!("{injection} waits for {moment}");
    let entry = Entry::Inject(injection, door, None);
    let noted = next_moment(act, moment).and_then(|next| act.desk.note(moment, next, entry));
    Box::pin(std::future::ready(noted.map(|()| Done::that(message))))
}

/// The next moment of this kind.
pub fn next_moment(act: &Coordinator, moment: Moment) -> Result<Moment, CommandRefused> {
    let is_ticked = act.shard.attempt().is_some();
    let next = Desk::next(moment, act.run.at().cycle, is_ticked);
    if act.run.is_over() { Err(ended()) } else { Ok(next) }
}

/// Does what waits for `moment`.
pub fn follow(act: &mut Coordinator, moment: Moment, ctx: &mut Context<Coordinator>) {
    for entry in act.desk.due(moment) {
        match entry {
            Entry::Inject(injection, door, reply) => {
                let delivered = deliver(act, injection, door, ctx);
                actix::spawn(async move {
                    let outcome = delivered.await;
                    // Whoever asked may have gone away.
                    let _ = reply.map(|reply| reply.send(outcome));
                });
            }
            Entry::Look(look) => {
                act.publish();
                // Whoever asked may have gone away.
                let _ = look.send(act.outlets.picture());
            }
        }
    }
}

fn deliver(
    act: &mut Coordinator,
    injection: Injection,
    door: Door,
    ctx: &mut Context<Coordinator>,
) -> Outcome {
    if let Injection::Coordinator(command) = injection {
        let door = if door == Door::Scenario { door } else { Door::Injection };
        return act.operate(command, door, ctx);
    }
    let written = injection.to_string();
    let ends_writer = matches!(injection, Injection::DbWriter(DbWriterInjection::Die));
    if ends_writer && !act.run.is_over() {
        return end_writer(act, &written, door);
    }
    let about = about(&injection);
    let sent = send(act, injection, ctx);
    let outcome = sent.map(|()| Done::that(format!("injected {written}")));
    act.note_unless_over(report(&written, door, &outcome), about);
    Box::pin(std::future::ready(outcome))
}

/// The DbWriter writes down that it is to die before it hears of it.
#[expect(clippy::disallowed_methods, reason = "one per developer's message")]
fn end_writer(act: &mut Coordinator, written: &str, door: Door) -> Outcome {
    let outcome = Ok(Done::that(format!("injected {written}")));
    let incident = act.record(report(written, door, &outcome), NOBODY);
    let services = act.services.clone();
    Box::pin(async move {
        services.write_down(incident).await;
        services.writer.do_send(DbWriterInjection::Die);
        outcome
    })
}

fn send(
    act: &mut Coordinator,
    injection: Injection,
    ctx: &mut Context<Coordinator>,
) -> Result<(), CommandRefused> {
    if act.run.is_over() {
        return Err(ended());
    }
    if matches!(injection, Injection::OfferRefresher(OfferRefresherInjection::Refresh)) {
        act.refresh_offers_of(act.shard.roster().everybody().to_vec(), ctx);
        return Ok(());
    }
    if matches!(injection, Injection::Checkpointer(CheckpointerInjection::Save)) {
        act.save(act.run.saved(), ctx, |_, _| None);
        return Ok(());
    }
    let opens = matches!(injection, Injection::RateLimiter(RateLimiterInjection::OpenGate));
    if opens && !act.run.may_send() {
        let (state, hint) = ("paused, frozen or ending", "only resume opens its gate");
        return Err(CommandRefused::WrongState { state, hint });
    }
    send_on(&act.shard, &act.services, injection)
}

/// Sends a message on to agents or to its service; what is said to the Coordinator itself does not
/// come here.
#[expect(clippy::disallowed_methods, reason = "one per developer's message, or per agent")]
pub fn send_on(
    shard: &Shard<Addr<Agent>>,
    services: &Services,
    injection: Injection,
) -> Result<(), CommandRefused> {
    let sessions = &services.drills.sessions;
    let no_session = |http_session: SessionId| {
        Err(CommandRefused::NoSession { http_session, sessions: sessions.len() })
    };
    match injection {
        Injection::Agent(agent_id, what) => {
            shard.reach(&agent_id)?.do_send(Drill { what, shares: Shares::of(1) });
        }
        Injection::Agents(count, what) => {
            let shares = Shares::of(count);
            for agent in shard.reachable() {
                agent.do_send(Drill { what, shares: shares.clone() });
            }
        }
        Injection::Session(session, what) => match sessions.get(usize::from(session.0)) {
            Some(actor) => actor.do_send(what),
            None => return no_session(session),
        },
        Injection::SessionPool(SessionPoolInjection::MarkDown(session))
        | Injection::CircuitBreaker(CircuitBreakerInjection::SignalOutage(session))
            if usize::from(session.0) >= sessions.len() =>
        {
            return no_session(session);
        }
        Injection::SessionPool(what) => services.drills.pool.do_send(what),
        Injection::RateLimiter(what) => services.limiter.do_send(what),
        Injection::CircuitBreaker(what) => services.breaker.do_send(what),
        Injection::DbWriter(what) => services.writer.do_send(what),
        Injection::OfferRefresher(what) => services.drills.refresher.do_send(what),
        Injection::Checkpointer(what) => services.checkpointer.do_send(what),
        Injection::Shop(drill) => return drill.make().map_err(CommandRefused::ShopDrill),
        Injection::Coordinator(_) => {}
    }
    Ok(())
}

/// What is said of a message and of what became of it.
pub fn report(written: &str, door: Door, outcome: &Result<Done, CommandRefused>) -> Report {
    let (message, result) = match outcome {
        Ok(done) => (format!("{} (door: {door})", done.message), "done"),
        Err(why) => (format!("{written} was refused: {why} (door: {door})"), "refused"),
    };
    let detail = json!({ "door": door, "message": written, "outcome": result, "drill": true });
    (IncidentKind::Injection, message, detail)
}

/// There is nobody to whom it could go.
pub fn ended() -> CommandRefused {
    CommandRefused::WrongState { state: "ended", hint: "start or resume a run" }
}

/// Whom a message went to, for its incident.
pub fn about(injection: &Injection) -> About {
    match injection {
        Injection::Agent(agent_id, _) => (Some(agent_id.clone()), None),
        Injection::Session(session, _) => (None, Some(*session)),
        Injection::Agents(..)
        | Injection::SessionPool(_)
        | Injection::RateLimiter(_)
        | Injection::CircuitBreaker(_)
        | Injection::DbWriter(_)
        | Injection::OfferRefresher(_)
        | Injection::Checkpointer(_)
        | Injection::Coordinator(_)
        | Injection::Shop(_) => (None, None),
    }
}
