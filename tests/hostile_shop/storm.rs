//! A storm of 429s: the limit holds, Retry-After is honoured in every form, and agents that were
//! told the same time come back no sooner, and no faster than the limit lets them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use actors::domain::rate::Rate;
use actors::ports::shop_api::ApiErrorKind;
use actors::ports::store::RunState;

use super::{Rig, ended, plan, whole};
use crate::support::population::always_shopping;
use crate::support::run::run_of;
use crate::support::scripted_server::answer;
use crate::support::scripted_shop::{Act, Ask, Sent};

/// What each agent's number names: a Retry-After in one of its forms, and the least wait.
fn retry_after(agent: usize) -> (Option<String>, Duration) {
    let second = Duration::from_secs(1);
    match agent % 6 {
        0 => (Some("1".to_owned()), second),
        // The date has whole seconds: at least one of the two lies ahead.
        1 => {
            let at = SystemTime::now() + Duration::from_secs(2);
            (Some(httpdate::fmt_http_date(at)), second)
        }
        2 => (None, second),
        3 => (Some("0".to_owned()), Duration::ZERO),
        4 => (Some("-99999999999999999999".to_owned()), second),
        _ => (Some("soon, perhaps".to_owned()), second),
    }
}

/// The number of the agent that asks; `None` outside of an agent's calls.
fn agent_of(request: &str) -> Option<usize> {
    let (_, rest) = request.split_once("dev:agent_")?;
    rest.get(..3)?.parse().ok()
}

#[actix::test]
async fn retry_after_is_honoured_in_every_form_over_http_and_the_limit_holds() {
    // Each agent is turned away twice at its first call.
    let told: Mutex<BTreeMap<usize, Vec<(Instant, Duration)>>> = Mutex::default();
    let told = std::sync::Arc::new(told);
    let early = std::sync::Arc::new(Mutex::new(Vec::new()));
    let (book, too_early) = (told.clone(), early.clone());
    let storm = move |request: &str| {
        let agent = agent_of(request).filter(|_| request.starts_with("PUT /api/user/store"))?;
        let mut told = book.lock().unwrap();
        let earlier = told.entry(agent).or_default();
        if let Some((at, least)) = earlier.last()
            && at.elapsed() < *least
        {
            too_early.lock().unwrap().push((agent, at.elapsed(), *least));
        }
        if earlier.len() == 2 {
            return None;
        }
        let (header, least) = retry_after(agent);
        let headers: Vec<_> = header.iter().map(|value| ("retry-after", value.as_str())).collect();
        earlier.push((Instant::now(), least));
        Some(answer(429, &headers, br#"{"error":"Rate limit exceeded"}"#))
    };
    let (rig, mut plan) = (Rig::new(48, storm).await, plan());
    plan.rate = Rate::PerSecond(100.0);
    plan.ends.cycles = Some(1);
    let finished = ended(rig.start(plan.clone()).await, "429").await;
    whole(&finished, &rig.admin, &plan, "429").await;
    assert_eq!(finished.status.totals.counts.failed, 0);
    assert!(
        finished.status.traffic.requests_max_in_1s <= 101,
        "{}",
        finished.status.traffic.requests_max_in_1s
    );
    assert_eq!(*early.lock().unwrap(), Vec::new(), "(agent, waited, told)");
    assert!(told.lock().unwrap().values().all(|turned_away| turned_away.len() == 2));
}

/// Each agent's wait between its first add, which failed, and the next try, in seconds.
fn waits(log: &[Sent]) -> Vec<f64> {
    let mut first: BTreeMap<&str, Instant> = BTreeMap::new();
    let mut waits = BTreeMap::new();
    for sent in log.iter().filter(|sent| sent.call == "add_item") {
        if sent.failed {
            first.insert(&sent.agent, sent.at);
        } else if let Some(failed) = first.get(sent.agent.as_str()) {
            waits.entry(&sent.agent).or_insert((sent.at - *failed).as_secs_f64());
        }
    }
    waits.into_values().collect()
}

#[actix::test]
async fn three_hundred_agents_told_the_same_time_come_back_no_sooner_and_at_the_limits_pace() {
    for asked in [None, Some(Duration::from_secs(5)), Some(Duration::from_secs(60))] {
        let turned_away: Mutex<std::collections::BTreeSet<String>> = Mutex::default();
        let script = move |ask: &Ask| {
            let is_first =
                ask.call == "add_item" && turned_away.lock().unwrap().insert(ask.agent.to_owned());
            match is_first {
                true => Act::Fail(ApiErrorKind::RateLimited { retry_after: asked }),
                false => Act::Answer,
            }
        };
        let setup = run_of(372).behavior(always_shopping()).rate(50.0).cycles(1);
        let run = setup.shop(script).finish().await;
        assert_eq!((run.state, run.status.totals.counts.failed), (RunState::Completed, 0));
        let waits = waits(&run.shop.log());
        assert!(waits.len() > 300, "{}", waits.len());
        let least = asked.unwrap_or(Duration::from_secs(1)).as_secs_f64();
        assert!(waits.iter().all(|wait| *wait >= least), "nobody comes before {least} s");
        // The whole run is held; what comes back goes through the limiter like everybody.
        assert!(run.status.traffic.throttle.holds > 0);
        assert!(run.status.traffic.requests_max_in_1s <= 51);
    }
}

#[actix::test]
async fn a_storm_on_every_call_keeps_the_limit_in_every_second() {
    // Every tenth call: hardly one is turned away three times.
    let hits = std::sync::atomic::AtomicU32::new(0);
    let script = move |ask: &Ask| {
        let n = hits.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let retry_after = Some(Duration::from_secs(u64::from(n % 3)));
        match ask.in_flow && n.is_multiple_of(10) {
            true => Act::Fail(ApiErrorKind::RateLimited { retry_after }),
            false => Act::Answer,
        }
    };
    let setup = run_of(372).behavior(always_shopping()).time_scale(48.0).rate(50.0).cycles(2);
    let run = setup.shop(script).finish().await;
    let sent: Vec<Instant> = run.shop.log().iter().map(|sent| sent.at).collect();
    let within = |at: &Instant| {
        sent.iter().filter(|s| *s >= at && **s < *at + Duration::from_secs(1)).count()
    };
    let most = sent.iter().map(within).max().unwrap();
    assert!(most <= 51, "{most} in one second");
    let retries = run.status.totals.volume.retries;
    assert!(retries > 300, "{retries} retries: no storm");
}
