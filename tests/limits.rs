//! The limit as the shop sees it, over real HTTP with idle gaps between cycles, and over the death
//! of a process; and each agent on one HTTP session's connections only.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actors::coordinator::command::Quit;
use actors::domain::ids::{AgentId, SessionId};
use actors::domain::rate::Rate;
use actors::ports::store::RunState;
use actors::rate_limiter::ring::RING_SPAN;
use actors::session_pool::assignment::{HTTP_SESSIONS, session_of};
use shops::practice_shop::{PracticeConfig, PracticeShop};

use crate::support::binary::{Place, wait};
use crate::support::population::{always_shopping, load};
use crate::support::real_run::{self, RealRun};
use crate::support::run::run_of;

/// Agents of the limited runs: each has one call waiting nearly all the time.
const AGENTS: usize = 12;
const RATE: f64 = 50.0;

/// Two cycles of about 70 requests, 2.5 s apart: a burst, a second of work, a gap, a burst.
async fn limited_run() -> RealRun {
    let mut plan = real_run::practice_plan(always_shopping());
    plan.rate = Rate::PerSecond(RATE);
    plan.interval = Duration::from_millis(2_500);
    plan.ends.cycles = Some(2);
    real_run::run(plan, real_run::dry(AGENTS)).await
}

/// Requests a second while most of the agents had a call waiting: from the tenth, when the burst is
/// spent, to the fiftieth of the first cycle's 70.
fn delivered(sent: &[Instant]) -> f64 {
    let (first, last) = (10, 50);
    (last - first) as f64 / (sent[last] - sent[first]).as_secs_f64()
}

#[actix::test]
async fn the_shop_counts_at_most_51_in_a_second_over_idle_gaps() {
    let mut seen = Vec::new();
    // A machine that stands still for a moment delivers less, and lets an early request arrive
    // late at the shop; what is sent keeps the limit all the same.
    for _ in 0..8 {
        let run = limited_run().await;
        assert_eq!((run.state, run.status.totals.counts.failed), (RunState::Completed, 0));
        assert!(
            run.status.traffic.requests_max_in_1s <= 51,
            "{}",
            run.status.traffic.requests_max_in_1s
        );
        assert_eq!(run.ledger.requests_total, run.status.traffic.requests_sent);
        let gap = run.sent.windows(2).map(|pair| pair[1] - pair[0]).max();
        // How much of the limit is used is a matter of the paused clock (actors/rate_limiter): here
        // other tests share the processors.
        assert!(delivered(&run.sent) >= RATE / 10.0, "{}", delivered(&run.sent));
        let arrived = run.ledger.requests_max_in_1s;
        if arrived <= 51 && gap > Some(Duration::from_millis(200)) {
            return;
        }
        seen.push((arrived, gap));
    }
    panic!("most in 1 s at the shop, the longest idle gap: {seen:?}");
}

#[actix::test]
async fn each_agent_is_seen_on_one_http_sessions_connections_only() {
    let mut plan = real_run::practice_plan(load());
    plan.ends.cycles = Some(2);
    let run = real_run::run(plan, real_run::dry(372)).await;
    assert_eq!(run.state, RunState::Completed);
    assert_eq!(run.ledger.connections_unlisted, 0);
    let mut owner: BTreeMap<SocketAddr, SessionId> = BTreeMap::new();
    // The start-up look asks in the first agent's name, over session 0: its sockets come last.
    let look = "agent_001";
    let (looked, others): (Vec<_>, Vec<_>) =
        run.ledger.connections.iter().partition(|(agent, _)| *agent == look);
    for (agent, sockets) in others.into_iter().chain(looked) {
        let session = session_of(&AgentId::new(agent), HTTP_SESSIONS);
        for socket in sockets {
            let known = *owner.entry(*socket).or_insert(session);
            let is_look = agent == look && known == SessionId(0);
            assert!(known == session || is_look, "{agent} on {socket} of session {known}");
        }
    }
    assert!(run.ledger.connections.len() > 200);
    let sessions: std::collections::BTreeSet<_> = owner.into_values().collect();
    assert_eq!(sessions.len(), usize::from(HTTP_SESSIONS));
}

#[actix::test]
async fn a_resumed_run_sends_nothing_that_shares_a_second_with_the_process_before_it() {
    let shoppers = || run_of(372).behavior(always_shopping()).rate(RATE);
    let mut run = shoppers().start().await;
    run.until(|s| s.traffic.requests_sent > 200).await;
    run.quit(Quit::Now).await.unwrap();
    let dead = run.finish().await;
    let mut resumed = shoppers().resuming(&dead).start().await;
    resumed.until(|s| s.traffic.requests_sent > 200).await;
    let (before, after) = (dead.shop.log(), resumed.shop.log());
    let last = before.last().unwrap().at;
    assert!(resumed.began - last < Duration::from_millis(21), "it goes on at once");
    // The start-up check's calls too.
    assert!(after[0].at - resumed.began >= RING_SPAN, "{:?}", after[0].at - resumed.began);
    let sent: Vec<Instant> = before.iter().chain(&after).map(|call| call.at).collect();
    let beyond = sent.iter().skip(51);
    assert!(sent.iter().zip(beyond).all(|(first, beyond)| *beyond - *first >= RING_SPAN));
    resumed.quit(Quit::Now).await.unwrap();
    resumed.finish().await;
}

#[test]
fn the_shop_counts_no_more_than_the_limit_over_a_kill() {
    let mut seen = Vec::new();
    // At 1/s two may arrive in a second, and a fresh bucket alone holds two: a process that began
    // with it within a second would be seen. As above, a machine that stands still is given time.
    for _ in 0..3 {
        let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
        let place = Place::new();
        let api = shop.base_url();
        let of = ["--agents", "20", "--warm-up", "off", "--time-scale", "max", "--quiet"];
        let run = ["run", "--api", &api, "--profile", "practice", "--rate", "1"];
        let process = place.start(&[&run[..], &of[..]].concat());
        wait(|| !place.checkpoints().is_empty(), || place.log());
        let sent = || shop.ledger().requests_total;
        let saved = sent();
        wait(|| sent() > saved + 1, || place.log());
        let before = sent();
        process.kill();
        let resumed = place.start(&["resume", "--quiet"]);
        wait(|| sent() > before + 2, || place.log());
        resumed.kill();
        let arrived = shop.ledger().requests_max_in_1s;
        shop.stop().unwrap();
        if arrived <= 2 {
            return;
        }
        seen.push(arrived);
    }
    panic!("most in 1 s at the shop: {seen:?}");
}
