//! Whole runs that freeze: the border at each size, what a freeze does to its cycle, the way out.

mod outage;
mod panics;
mod questions;

use std::collections::BTreeSet;
use std::time::Duration;

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::command::Quit;
use actors::coordinator::plan::WarmUp;
use actors::domain::cycle::{Cycle, CycleRecord, ReplayNumber};
use actors::domain::flow::{EndReason, FlowStatus, ShopCart};
use actors::domain::freeze_reason::ShopSeen;
use actors::domain::incident::IncidentKind;
use actors::domain::snapshot::SavedState;
use actors::ports::shop_api::{ApiErrorKind, Refusal};
use actors::ports::store::RunState;

use crate::support::population::{always_shopping, first_released};
use crate::support::run::{Setup, run_of};
use crate::support::scripted_shop::{Act, Ask};

/// 500 on everything for the first `count` agents in `cycle`'s original attempt.
fn failing(agents: usize, count: usize, cycle: u32) -> impl Fn(&Ask) -> Act + Send + Sync {
    let chosen: BTreeSet<String> = first_released(agents, count).into_iter().collect();
    move |ask: &Ask| {
        let is_hit = ask.in_flow && (ask.cycle, ask.replay) == (cycle, 0);
        match is_hit && chosen.contains(ask.agent) {
            true => Act::Fail(ApiErrorKind::ServerError(500)),
            false => Act::Answer,
        }
    }
}

/// Everybody shops; `percent` of them are released from the start.
fn released(agents: usize, percent: u8) -> Setup {
    let mut setup = run_of(agents).behavior(always_shopping());
    setup.plan.warm_up = WarmUp { steps_percent: vec![percent], cycles_per_step: 1_000 };
    setup
}

/// (cycle, replay, broken) of each attempt.
fn attempts(cycles: &[CycleRecord]) -> Vec<(u32, u32, bool)> {
    cycles.iter().map(|c| (c.cycle.0, c.replay.0, c.broken)).collect()
}

async fn an_hour() {
    tokio::time::sleep(Duration::from_secs(3_600)).await;
}

#[actix::test]
async fn the_border_is_one_beyond_5_percent_of_the_released_at_every_size() {
    for (agents, percent, count, freezes_on) in [
        (372, 100, 372, 19),
        (372, 75, 279, 14),
        (372, 50, 186, 10),
        (372, 25, 93, 5),
        (372, 10, 37, 2),
        (10, 100, 10, 2),
    ] {
        let below = failing(agents, freezes_on - 1, 1);
        let run = released(agents, percent).cycles(2).shop(below).finish().await;
        assert_eq!(run.state, RunState::Completed, "{count} released");
        let cycle = run.store.cycles()[1].clone();
        assert_eq!((cycle.counts.released, cycle.broken), (count, false));
        assert_eq!(cycle.counts.failed as usize, freezes_on - 1);
        assert_eq!(cycle.counts.shopped as usize, count as usize - (freezes_on - 1));

        let border = failing(agents, freezes_on, 1);
        let mut run = released(agents, percent).cycles(2).shop(border).start().await;
        let status = run.until_frozen().await;
        let shown = (status.health.failures as usize, status.health.failures_allowed as usize);
        assert_eq!(shown, (freezes_on, freezes_on - 1));
        match status.frozen {
            Some(FreezeReason::FailuresInCycle { failures, allowed, released, causes, shop }) => {
                assert_eq!(shop, Some(ShopSeen::Answering));
                assert_eq!((failures as usize, allowed as usize), (freezes_on, freezes_on - 1));
                assert_eq!(released, count);
                assert!(causes[0].contains("500"), "{causes:?}");
            }
            other => panic!("{count} released: {other:?}"),
        }
        assert_eq!(attempts(&run.store.cycles()), [(0, 0, false), (1, 0, true)]);
    }
}

#[actix::test]
async fn a_frozen_run_sends_nothing_and_its_checkpoint_says_why() {
    let mut run = released(372, 100).time_scale(48.0).shop(failing(372, 19, 3)).start().await;
    run.until_frozen().await;
    let (calls, cycles) = (run.shop.calls(), run.store.cycles());
    an_hour().await;
    assert_eq!(run.shop.calls(), calls);
    assert_eq!(run.store.cycles(), cycles);
    let broken = cycles.last().unwrap();
    assert_eq!((broken.cycle, broken.broken), (Cycle(3), true));
    assert_eq!(broken.counts.accounted(), 372, "{:?}", broken.counts);
    let saved = run.files.last();
    assert_eq!(saved.boundary, Cycle(3));
    assert_eq!(saved.totals.cycles_completed, 3);
    let SavedState::Frozen { reason, broken_cycle } = saved.state else {
        panic!("{:?}", saved.state);
    };
    assert_eq!(broken_cycle, Some(Cycle(3)));
    assert_eq!(Some(reason), run.status().frozen);
    run.store.read(|written| assert_eq!(written.states.last(), Some(&RunState::Frozen)));
    assert_eq!(run.store.incidents(IncidentKind::Freeze).len(), 1);
}

#[actix::test]
async fn resume_repeats_the_broken_cycle_as_replay_and_goes_on_with_originals() {
    let setup = released(372, 100).time_scale(48.0).cycles(4).shop(failing(372, 19, 1));
    let mut run = setup.start().await;
    run.until_frozen().await;
    an_hour().await;
    run.resume().await.unwrap();
    let run = run.finish().await;
    assert_eq!(run.state, RunState::Completed);
    let cycles = run.store.cycles();
    let expected = [(0, 0, false), (1, 0, true), (1, 1, false), (2, 0, false), (3, 0, false)];
    assert_eq!(attempts(&cycles), expected);
    assert_eq!(cycles[2].simulated_at, cycles[1].simulated_at);
    assert_eq!((cycles[2].counts.shopped, cycles[2].counts.failed), (372, 0));
    let totals = run.status.totals;
    assert_eq!((totals.cycles_completed, totals.replayed_cycles), (4, 1));
    assert_eq!(totals.broken_cycles, 1);
    let late: Vec<i64> = cycles.iter().map(|c| c.lateness_ms).collect();
    assert!(late[2..].iter().all(|ms| *ms <= 1_300), "the freeze is no lateness: {late:?}");
    run.store.read(|written| {
        let flows: BTreeSet<_> = written.opened.iter().map(|key| key.flow_id).collect();
        assert_eq!(flows.len(), written.opened.len(), "a replay has flow ids of its own");
        let replays = written.opened.iter().filter(|key| key.replay == ReplayNumber(1));
        assert_eq!(replays.count(), 372);
    });
}

#[actix::test]
async fn waiting_flows_end_as_frozen_with_their_carts_dirty() {
    let setup = released(372, 100).rate(200.0).cycles(3);
    // Carts fill for a while before the 19th is hit; not everybody puts something in.
    let chosen: BTreeSet<String> = first_released(372, 60).into_iter().collect();
    let script = move |ask: &Ask| match ask.call {
        "add_item" if ask.replay == 0 && chosen.contains(ask.agent) => {
            Act::Fail(ApiErrorKind::ServerError(500))
        }
        _ => Act::Answer,
    };
    let mut run = setup.shop(script).start().await;
    run.until_frozen().await;
    let cycle = run.store.cycles().remove(0);
    assert!(cycle.broken);
    assert_eq!(cycle.counts.accounted(), 372, "{:?}", cycle.counts);
    run.store.read(|written| {
        let cut: Vec<_> =
            written.flows.iter().filter(|f| f.end_reason == EndReason::Frozen).collect();
        assert!(cut.len() > 100, "{} flows were cut", cut.len());
        for flow in cut {
            assert_eq!(flow.status, FlowStatus::Abandoned);
            let is_dirty = flow.shop_cart == ShopCart::Dirty;
            assert!(is_dirty || flow.cart_units == 0, "{} units left clean", flow.cart_units);
        }
    });
}

#[actix::test]
async fn a_checkout_answered_after_the_freeze_is_still_an_order() {
    let chosen: BTreeSet<String> = first_released(372, 19).into_iter().collect();
    let script = move |ask: &Ask| match ask.call {
        _ if ask.in_flow && ask.replay == 0 && chosen.contains(ask.agent) => {
            Act::FailAfter(Duration::from_millis(500), ApiErrorKind::Unauthorized(401))
        }
        "checkout" => Act::After(Duration::from_secs(8)),
        _ => Act::Answer,
    };
    let mut run = released(372, 100).cycles(1).shop(script).start().await;
    run.until(|s| s.state == RunState::Freezing).await;
    assert!(run.passed() < Duration::from_secs(1), "{:?}", run.passed());
    run.until_frozen().await;
    assert!(run.passed() >= Duration::from_secs(8));
    let cycle = run.store.cycles().remove(0);
    assert!(cycle.broken && cycle.counts.completed > 100, "{:?}", cycle.counts);
    assert_eq!(cycle.counts.accounted(), 372);
}

#[actix::test]
async fn a_frozen_run_that_is_quit_ends_frozen() {
    let mut run = released(372, 100).shop(failing(372, 19, 0)).start().await;
    run.until_frozen().await;
    run.quit(Quit::AfterCycle).await.unwrap();
    let run = run.finish().await;
    assert_eq!(run.state, RunState::Frozen);
    assert!(matches!(run.files.last().state, SavedState::Frozen { .. }));
    assert_eq!(attempts(&run.store.cycles()), [(0, 0, true)]);
}

#[actix::test]
async fn a_pause_of_a_frozen_run_is_refused() {
    let mut run = released(372, 100).shop(failing(372, 19, 0)).start().await;
    run.until_frozen().await;
    assert!(run.pause().await.is_err());
    assert_eq!(run.status().state, RunState::Frozen);
}

#[actix::test]
async fn a_cycle_in_which_nothing_is_accepted_freezes() {
    let script = |ask: &Ask| match (ask.call, ask.cycle) {
        ("add_item", 1) => Act::Fail(ApiErrorKind::Refused(Refusal::Stock)),
        _ => Act::Answer,
    };
    let mut run = released(372, 100).cycles(3).shop(script).start().await;
    let status = run.until_frozen().await;
    let refused = run.store.cycles()[1].volume.refusals;
    assert_eq!(status.frozen, Some(FreezeReason::NothingAccepted { attempts: refused }));
    assert!(refused > 372);
    let incidents = run.store.incidents(IncidentKind::Refusals);
    assert_eq!(incidents.len(), 1);
    let sentence = format!("refused {refused} of {refused} adds and checkouts: stock {refused}");
    assert!(incidents[0].ends_with(&sentence), "{}", incidents[0]);
}

#[actix::test]
async fn refusals_are_told_with_their_reasons_the_most_frequent_first() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let script = move |ask: &Ask| match ask.call {
        "add_item" => match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 10 {
            0..6 => Act::Fail(ApiErrorKind::Refused(Refusal::Stock)),
            6..8 => Act::Fail(ApiErrorKind::Refused(Refusal::ProductGone)),
            _ => Act::Answer,
        },
        "checkout" => Act::Fail(ApiErrorKind::Refused(Refusal::CartEmpty)),
        _ => Act::Answer,
    };
    let run = released(372, 100).cycles(1).shop(script).finish().await;
    let incidents = run.store.incidents(IncidentKind::Refusals);
    assert_eq!(incidents.len(), 1);
    let message = &incidents[0];
    let of = |reason: &str| {
        let (_, behind) = message.split_once(reason).unwrap_or_else(|| panic!("{message}"));
        let digits = behind.trim_start().split(|c: char| !c.is_ascii_digit()).next().unwrap();
        digits.parse::<u64>().unwrap()
    };
    let (stock, gone, empty) = (of(": stock "), of("product gone "), of("cart empty "));
    assert!(stock > gone && gone > 0 && empty > 0, "{message}");
    assert_eq!(stock + gone + empty, run.store.cycles()[0].volume.refusals, "{message}");
    assert_eq!(run.status.totals.counts.failed, 0);
}

#[actix::test]
async fn refusals_of_more_than_half_are_an_incident_and_of_less_are_behaviour() {
    for (refused_of_ten, incidents) in [(9, 1), (3, 0)] {
        let count = std::sync::atomic::AtomicU32::new(0);
        let script = move |ask: &Ask| match ask.call {
            "add_item" => {
                let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                match n % 10 < refused_of_ten {
                    true => Act::Fail(ApiErrorKind::Refused(Refusal::Stock)),
                    false => Act::Answer,
                }
            }
            _ => Act::Answer,
        };
        let run = released(372, 100).cycles(1).shop(script).finish().await;
        assert_eq!(run.state, RunState::Completed);
        assert_eq!(run.store.incidents(IncidentKind::Refusals).len(), incidents);
        assert_eq!(run.status.totals.counts.failed, 0);
    }
}
