//! Whole runs over real HTTP against a shop that answers as none should: each fault costs the
//! flow it hits, the rows stay whole, nothing panics and no answer is taken in without end.

mod storm;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::command::{Command, Door};
use actors::coordinator::messages::{Operate, StartRun};
use actors::coordinator::plan::RunPlan;
use actors::coordinator::status::RunStatus;
use actors::domain::flow::EndReason;
use actors::ports::pacing::SystemPacing;
use actors::ports::store::RunState;
use actors::session_pool::request_meter::SharedMeter;
use actors::topology::{self, Layout, Ports, Running};
use shops::practice_shop::{PracticeConfig, PracticeShop, RunningShop};
use shops::shop_api::http::{self, Credentials, ShopOptions};
use shops::shop_api::profile::Profile;
use store::Admin;
use tempfile::TempDir;
use tokio::sync::MutexGuard;

use crate::support::population::keen;
use crate::support::real_run::{self, practice_plan, sqlite};
use crate::support::run::MemoryFiles;
use crate::support::scripted_server::{Answer, Scripted, answer, bytes};
use crate::support::whole_run::{Finished, Rows, watch_to_end};

const AGENTS: usize = 40;
/// More than one cycle's failures may be.
const CYCLES: u32 = 3;
/// No client needs to take in more than its cap of 1 MiB; the rest is what sockets hold.
const TAKEN_IN_MAX: usize = 16 << 20;

/// What goes wrong, by name.
fn faults() -> Vec<(&'static str, Answer)> {
    let json = r#"{"products": [], "total": 0}"#;
    let length = |length: usize| length.to_string();
    let with_length = |n: usize, body: &str| {
        Answer::BytesThenClose(bytes(200, &[("content-length", &length(n))], body.as_bytes()))
    };
    let head = bytes(200, &[("content-length", "400")], b"{");
    vec![
        ("a reset", Answer::Reset),
        ("half a body", with_length(json.len(), &json[..14])),
        ("a slow drip", Answer::Drip([head, vec![b' '; 399]].concat(), Duration::from_millis(40))),
        ("a body without end", Answer::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())),
        ("a length too long", with_length(json.len() + 9, json)),
        ("a length too short", with_length(json.len() - 9, json)),
        ("HTML", answer(200, &[("content-type", "text/html")], b"<html>back soon</html>")),
        ("502", answer(502, &[("content-type", "text/html")], b"<html>bad gateway</html>")),
    ]
}

/// A practice shop behind a server that tampers with it, and a database.
struct Rig {
    /// Closed when dropped.
    _shop: RunningShop,
    server: Scripted,
    admin: Admin,
    ports: Ports,
    _directory: TempDir,
    /// Real runs take turns.
    _turn: MutexGuard<'static, ()>,
}

impl Rig {
    async fn new(
        agents: usize,
        decide: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let turn = real_run::TURN.lock().await;
        // A second installation is refused, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
        let port = shop.base_url().rsplit(':').next().unwrap().parse().unwrap();
        let server = Scripted::before(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), decide);
        let directory = tempfile::tempdir().unwrap();
        let (store, admin) = sqlite(directory.path(), agents).await;
        let meter = SharedMeter::default();
        let options = ShopOptions { base_url: Some(server.url()), auth: None, ca_file: None };
        let profile = Arc::new(impatient());
        let factory = http::factory(profile, &options, Credentials::default(), meter.on_sent());
        let ports = Ports {
            shop: factory.unwrap_or_else(|error| panic!("{error}")),
            meter,
            store,
            checkpoints: Arc::new(MemoryFiles::default()),
            pacing: Arc::new(SystemPacing),
            memory: || None,
        };
        Self { _shop: shop, server, admin, ports, _directory: directory, _turn: turn }
    }

    async fn start(&self, plan: RunPlan) -> Running {
        let running = topology::start(plan, self.ports.clone(), Layout::Threads);
        let started = running.coordinator.send(StartRun).await.unwrap();
        started.unwrap_or_else(|error| panic!("{error}"));
        running
    }
}

/// The practice profile with time limits that a test can wait for.
fn impatient() -> Profile {
    let text = Profile::builtin_text("practice").unwrap();
    let (usual, short) = ("connect_ms: 2000, call_ms: 10000", "connect_ms: 2000, call_ms: 3000");
    assert!(text.contains(usual));
    Profile::parse("impatient.ron", &text.replace(usual, short)).unwrap()
}

fn plan() -> RunPlan {
    let mut plan = practice_plan(keen());
    plan.ends.cycles = Some(CYCLES);
    plan
}

/// Waits for the end of a run that may not freeze.
async fn ended(mut running: Running, fault: &str) -> Finished {
    let status = running.status.wait_for(|s| s.state != RunState::Running).await.unwrap().clone();
    assert_eq!(status.frozen, None, "{fault}");
    watch_to_end(running).await
}

/// The run at its end: rows whole, nobody died.
async fn whole(finished: &Finished, admin: &Admin, plan: &RunPlan, fault: &str) {
    assert_eq!(finished.state, RunState::Completed, "{fault}: {:?}", finished.status.frozen);
    assert_eq!(finished.status.totals.restarts, 0, "{fault}: something died");
    Rows { admin, run: plan.run_id }.are_whole().await;
}

#[actix::test]
async fn each_fault_of_one_agents_calls_costs_that_agents_flows_and_no_others() {
    for (name, fault) in faults() {
        let struck = move |request: &str| {
            let is_add = request.starts_with("POST /api/cart/items");
            (is_add && request.contains("dev:agent_007")).then(|| fault.clone())
        };
        let (rig, plan) = (Rig::new(AGENTS, struck).await, plan());
        let finished = ended(rig.start(plan.clone()).await, name).await;
        whole(&finished, &rig.admin, &plan, name).await;
        let rows = Rows { admin: &rig.admin, run: plan.run_id };
        let failed = rows.number("COUNT(*) FROM shopping_sessions WHERE status = 'failed'").await;
        let others = "COUNT(*) FROM shopping_sessions WHERE status = 'failed' AND (agent_id <> \
                      'agent_007' OR end_reason <> 'call_failed')";
        assert!(failed > 0, "{name}: nothing failed");
        assert_eq!(rows.number(others).await, 0, "{name}");
        assert!(rig.server.endless_bytes() < TAKEN_IN_MAX, "{}", rig.server.endless_bytes());
    }
}

#[actix::test]
async fn a_shop_that_answers_everything_so_freezes_and_goes_on_when_it_is_well() {
    for (name, fault) in faults() {
        let is_broken = Arc::new(AtomicBool::new(true));
        let (broken, seen) = (Arc::clone(&is_broken), AtomicUsize::new(0));
        // Well for the start and some of the first cycle.
        let tampered = move |_: &str| {
            let is_hit = seen.fetch_add(1, Ordering::SeqCst) > 150;
            (is_hit && broken.load(Ordering::SeqCst)).then(|| fault.clone())
        };
        let (rig, plan) = (Rig::new(AGENTS, tampered).await, plan());
        let mut running = rig.start(plan.clone()).await;
        let at_rest = |s: &RunStatus| s.state != RunState::Running && s.attempt.outstanding == 0;
        let status = running.status.wait_for(at_rest).await.unwrap().clone();
        let reason = status.frozen.expect(name);
        if let FreezeReason::FailuresInCycle { failures, allowed, .. } = reason {
            assert_eq!((failures, allowed), (3, 2), "{name}");
        } else {
            assert!(matches!(reason, FreezeReason::Outage { .. }), "{name}: {reason:?}");
            // Resets take two HTTP sessions down, if flows do not fail in time.
            let may_be_gone = ["a slow drip", "502", "a reset"].contains(&name);
            assert!(may_be_gone, "{name} is no outage");
        }
        is_broken.store(false, Ordering::SeqCst);
        let asked = rig.server.requests().len();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(rig.server.requests().len(), asked, "{name}: a frozen run sends nothing");
        // Its last flows may be ending.
        let resume = || Operate { command: Command::Resume, door: Door::Program };
        while let Err(refused) = running.coordinator.send(resume()).await.unwrap() {
            assert!(refused.to_string().contains("again"), "{name}: {refused}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        running.status.wait_for(|s| s.state != RunState::Frozen).await.unwrap();
        let finished = ended(running, name).await;
        whole(&finished, &rig.admin, &plan, name).await;
        assert!(finished.cycles.iter().any(|cycle| cycle.broken), "{name}");
        assert!(finished.cycles.iter().any(|cycle| cycle.replay.0 == 1), "{name}");
        assert!(rig.server.endless_bytes() < TAKEN_IN_MAX, "{}", rig.server.endless_bytes());
    }
}

#[actix::test]
async fn a_checkout_whose_answer_is_lost_and_whose_reads_fail_is_unknown_and_its_cart_cleared() {
    let tampered = |request: &str| {
        let is_struck = request.contains("dev:agent_007");
        let is_lost = ["POST /api/orders", "GET /api/cart "].iter().any(|r| request.starts_with(r));
        (is_struck && is_lost).then_some(Answer::Reset)
    };
    let (rig, mut plan) = (Rig::new(AGENTS, tampered).await, plan());
    plan.ends.cycles = Some(6);
    let finished = ended(rig.start(plan.clone()).await, "lost answers").await;
    whole(&finished, &rig.admin, &plan, "lost answers").await;
    let unknown = EndReason::CheckoutUnknown.as_str();
    let rows = Rows { admin: &rig.admin, run: plan.run_id };
    let count = format!("COUNT(*) FROM shopping_sessions WHERE end_reason = '{unknown}'");
    let unknown = rows.number(&count).await;
    assert!(unknown > 0, "it never got as far as the checkout");
    assert_eq!(rows.number("COUNT(*) FROM orders WHERE agent_id = 'agent_007'").await, 0);
    let requests = rig.server.requests();
    let cleared = requests
        .iter()
        .filter(|r| r.starts_with("DELETE /api/cart") && r.contains("dev:agent_007"));
    // Six lost answers in a row take its HTTP session down where nobody else uses it meanwhile.
    // Such a cart is cleared before the next flow; after the last one its row says it is dirty.
    let left_dirty = rows
        .number(
            "COUNT(*) FROM shopping_sessions WHERE agent_id = 'agent_007' AND shop_cart = 'dirty' \
             AND cycle = (SELECT MAX(cycle) FROM shopping_sessions WHERE agent_id = 'agent_007')",
        )
        .await;
    assert!(cleared.count() as i64 + left_dirty >= unknown);
}
