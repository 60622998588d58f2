//! What a ramp is to find, measured the long way: runs at fixed rates, nothing held back, and what
//! each step took. `CARTLOAD_RAMPS=1` prints the table of docs/your-shop.md.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::coordinator::messages::StartRun;
use actors::domain::in_flight::InFlight;
use actors::domain::permit::Permit;
use actors::domain::rate::Rate;
use actors::ports::pacing::SystemPacing;
use actors::ports::shop_api::{Answered, ApiError, ShopApi, ShopRequest};
use actors::session_pool::request_meter::SharedMeter;
use actors::topology::{self, Layout, Ports};
use cartload::presets;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use shops::practice_shop::{Pace, PracticeShop};
use shops::shop_api::http::{self, Credentials, ShopOptions};
use shops::shop_api::profile::Profile;

use crate::support::real_run::{TURN, dry, practice_plan};
use crate::support::run::MemoryFiles;

/// Agents, of whom some 30 shop at the same time.
const AGENTS: usize = 70;
/// And where one request is under way at a time: visits of few agents come to all steps soon.
const ALONE: usize = 8;
/// How long a rate is held.
const HELD: Duration = Duration::from_secs(26);
/// A step with fewer answers says nothing.
const FEW: usize = 12;
/// Of each step so much is the begin, and does not count.
const BEGIN: f64 = 0.2;

/// What each step took, ms, in the order in which it was answered; and how much failed.
#[derive(Debug, Default)]
struct Took {
    by_step: BTreeMap<&'static str, Vec<f64>>,
    failed: usize,
}

/// An adapter that notes how long answers take.
struct Timed {
    shop: Box<dyn ShopApi>,
    took: Arc<Mutex<Took>>,
}

impl ShopApi for Timed {
    fn call(
        &self,
        permit: Permit,
        request: ShopRequest,
    ) -> LocalBoxFuture<'static, Result<Answered, ApiError>> {
        let (step, took) = (request.call.name(), Arc::clone(&self.took));
        let call = self.shop.call(permit, request);
        let noted = call.inspect(move |result| {
            let mut took = took.lock().unwrap();
            match result {
                Ok(answered) => {
                    let ms = (answered.answered_at - answered.sent_at).as_secs_f64() * 1_000.0;
                    took.by_step.entry(step).or_default().push(ms);
                }
                Err(error) if error.doubt().is_some() => took.failed += 1,
                Err(_) => {}
            }
        });
        Box::pin(noted)
    }
}

/// A run at a shop of this pace; the 95th percentiles of its second half by step, ms.
async fn held(pace: &Pace, rate: f64, in_flight: InFlight) -> (BTreeMap<&'static str, f64>, usize) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let shop = PracticeShop::start(super::paced(pace.clone())).unwrap();
    let options = ShopOptions { base_url: Some(shop.base_url()), auth: None, ca_file: None };
    let profile = Arc::new(Profile::builtin("practice").unwrap());
    let meter = SharedMeter::default();
    let factory = http::factory(profile, &options, Credentials::default(), meter.on_sent());
    let (factory, took) = (factory.unwrap(), Arc::new(Mutex::new(Took::default())));
    let noted = Arc::clone(&took);
    let timed = move |session| -> Box<dyn ShopApi> {
        Box::new(Timed { shop: factory(session), took: Arc::clone(&noted) })
    };
    let behavior = presets::behavior("load").unwrap();
    let mut plan = practice_plan((*behavior).clone());
    plan.rate = Rate::PerSecond(rate);
    plan.in_flight = in_flight;
    let ports = Ports {
        memory: || None,
        shop: Arc::new(timed),
        meter,
        store: dry(if in_flight == InFlight::Off { AGENTS } else { ALONE }),
        checkpoints: Arc::new(MemoryFiles::default()),
        pacing: Arc::new(SystemPacing),
    };
    let running = topology::start(plan, ports, Layout::Threads);
    running.coordinator.send(StartRun).await.unwrap().unwrap();
    tokio::time::sleep(HELD).await;
    let took = std::mem::take(&mut *took.lock().unwrap());
    running.stop();
    let _ = shop.stop();
    let mut by_step = took.by_step;
    by_step.retain(|_, times| times.len() >= FEW);
    let all: Vec<f64> = by_step.values().flatten().copied().collect();
    by_step.insert("all", all);
    (by_step.iter().map(|(step, times)| (*step, p95(without_begin(times)))).collect(), took.failed)
}

fn without_begin(times: &[f64]) -> Vec<f64> {
    times[(times.len() as f64 * BEGIN) as usize..].to_vec()
}

fn p95(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    let rank = (times.len() as f64 * 0.95).ceil() as usize;
    times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// Prints what each rate does, and the highest that is good.
async fn best(what: &str, pace: Pace, rates: &[f64]) {
    if !super::is_long() {
        eprintln!("{what}: skipped: CARTLOAD_RAMPS=1 takes minutes");
        return;
    }
    let _turn = TURN.lock().await;
    let (alone, _) = held(&pace, 50.0, InFlight::Fixed(1)).await;
    eprintln!("{what}, one request at a time: {alone:.0?}");
    let mut best = 0.0_f64;
    for rate in rates {
        let (loaded, failed) = held(&pace, *rate, InFlight::Off).await;
        let times = |step: &str| loaded[step] / alone.get(step).unwrap_or(&f64::INFINITY);
        let steps = loaded.keys().filter(|step| **step != "all");
        let worst = steps.max_by(|one, other| times(one).total_cmp(&times(other))).unwrap();
        let (all, by_step) = (times("all"), times(worst));
        eprintln!("{what} {rate}/s: all {all:.2} x, {worst} {by_step:.2} x, {failed} failed");
        if by_step < 2.0 && failed == 0 {
            best = best.max(*rate);
        }
    }
    eprintln!("{what}: best {best}/s");
    assert!(best > 0.0, "{what}");
}

#[actix::test]
async fn two_at_a_time_of_60_ms() {
    best("2 x 60 ms", Pace::of(2, 60.0), &[26.0, 28.0, 30.0, 31.0, 32.0, 33.0, 34.0]).await;
}

#[actix::test]
async fn a_database_5_ms_away() {
    best("18 x 5 ms", super::far_database(), &[16.0, 18.0, 19.0, 20.0, 21.0, 22.0, 23.0]).await;
}

#[actix::test]
async fn a_checkout_ten_times_as_slow() {
    let rates = [5.0, 6.0, 7.0, 8.0, 9.0, 12.0, 15.0];
    best("checkout 10 x", super::slow_checkout(), &rates).await;
}
