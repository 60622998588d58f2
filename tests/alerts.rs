//! Alerts: what is worth one, how often a channel speaks, that it tries again and never holds the
//! run up. On a paused clock, over a channel made up here; real ones in the modules below.

mod email;
mod webhook;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use actors::domain::incident::IncidentKind;
use actors::ports::store::RunState;
use cartload::alerts::gathering::Bundle;
use cartload::alerts::{Alerts, Channel, DeliveryError, LAST_ALERTS_GRACE, RunEnd};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::support::served::{happens, running};

const INTERVAL: Duration = Duration::from_secs(60);

/// What the next tries come to; then all go well.
#[derive(Clone, Copy)]
enum Fate {
    Passing,
    Final,
    Hangs,
}

/// A channel that notes what it was given and when.
#[derive(Default)]
struct Noted {
    fates: RefCell<Vec<Fate>>,
    tries: RefCell<Vec<(Duration, Bundle)>>,
    began: Option<Instant>,
}

impl Noted {
    fn new(fates: &[Fate]) -> Rc<Self> {
        let fates = RefCell::new(fates.iter().rev().copied().collect());
        Rc::new(Self { fates, tries: RefCell::default(), began: Some(Instant::now()) })
    }

    /// Seconds of each try and its messages.
    fn seen(&self) -> Vec<(u64, Vec<String>)> {
        let messages = |bundle: &Bundle| bundle.alerts.iter().map(|a| a.message.clone()).collect();
        self.tries.borrow().iter().map(|(at, bundle)| (at.as_secs(), messages(bundle))).collect()
    }
}

impl Channel for Noted {
    fn name(&self) -> &'static str {
        "noted"
    }

    fn deliver<'a>(&'a self, bundle: &'a Bundle) -> LocalBoxFuture<'a, Result<(), DeliveryError>> {
        let at = self.began.map_or(Duration::ZERO, |began| began.elapsed());
        self.tries.borrow_mut().push((at, bundle.clone()));
        let fate = self.fates.borrow_mut().pop();
        async move {
            match fate {
                None => Ok(()),
                Some(Fate::Passing) => Err(DeliveryError::Passing("busy".into())),
                Some(Fate::Final) => Err(DeliveryError::Final("gone".into())),
                Some(Fate::Hangs) => futures::future::pending().await,
            }
        }
        .boxed_local()
    }
}

/// A run's picture and the alerts that watch it.
struct Rig {
    status: watch::Sender<actors::coordinator::status::RunStatus>,
    alerts: Alerts,
}

fn watch_with(channels: &[Rc<Noted>]) -> Rig {
    let (sender, status) = watch::channel(running());
    let channels = channels.iter().map(|c| Rc::clone(c) as Rc<dyn Channel>).collect();
    Rig { status: sender, alerts: Alerts::watch(channels, INTERVAL, &status) }
}

impl Rig {
    /// An incident, and a moment for whoever watches.
    async fn happens(&self, kind: IncidentKind, message: &str) {
        self.status.send_modify(|status| happens(status, kind, message));
        pass(0.01).await;
    }
}

async fn pass(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

#[actix::test]
async fn the_kinds_an_operator_must_hear_of_are_told_and_no_others() {
    tokio::time::pause();
    let channel = Noted::new(&[]);
    let rig = watch_with(&[Rc::clone(&channel)]);
    let worth = ["freeze", "resume", "quarantine", "session_health", "checkpoint_failed"];
    for kind in [
        "freeze",
        "resume",
        "pause",
        "restart",
        "quarantine",
        "revive",
        "replay",
        "clean_up",
        "command",
        "injection",
        "session_health",
        "clock_jump",
        "refusals",
        "unrecorded",
        "checkpoint_failed",
        "offers_failed",
        "setting_changed",
    ] {
        let kind_of: IncidentKind = kind.parse().unwrap();
        rig.happens(kind_of, kind).await;
        pass(INTERVAL.as_secs_f64()).await;
    }
    rig.alerts.finish(RunEnd::In(RunState::Completed)).await;
    let told: Vec<String> = channel.seen().into_iter().flat_map(|(_, messages)| messages).collect();
    assert_eq!(told[..5], worth);
    assert_eq!(told.len(), 6);
    assert!(told[5].starts_with("the run is completed: 0 cycles, 0 orders"), "{}", told[5]);
}

#[actix::test]
async fn the_first_goes_at_once_and_what_follows_is_gathered_for_the_interval() {
    tokio::time::pause();
    let channel = Noted::new(&[]);
    let rig = watch_with(&[Rc::clone(&channel)]);
    pass(10.0).await;
    for n in 0..4 {
        rig.happens(IncidentKind::Quarantine, &format!("agent {n}")).await;
        pass(10.0).await;
    }
    pass(600.0).await;
    let seen = channel.seen();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_eq!((seen[0].0, seen[0].1.len()), (10, 1));
    assert_eq!((seen[1].0, seen[1].1.len()), (70, 3), "59 s later it had to wait");
    rig.happens(IncidentKind::Quarantine, "agent 4").await;
    assert_eq!(channel.seen().len(), 3, "after a quiet interval at once again");
    rig.alerts.finish(RunEnd::In(RunState::Stopped)).await;
}

#[actix::test]
async fn a_flood_is_one_message_of_twenty_that_counts_the_rest() {
    tokio::time::pause();
    let channel = Noted::new(&[]);
    let rig = watch_with(&[Rc::clone(&channel)]);
    rig.happens(IncidentKind::Freeze, "first").await;
    for n in 0..50 {
        rig.happens(IncidentKind::SessionHealth, &format!("{n}")).await;
    }
    // So many between two looks that the picture has lost some.
    rig.status.send_modify(|status| {
        for n in 0..30 {
            happens(status, IncidentKind::SessionHealth, &format!("burst {n}"));
        }
    });
    pass(120.0).await;
    let tries = channel.tries.borrow();
    assert_eq!(tries.len(), 2);
    let bundle = &tries[1].1;
    // 50, then a line for the 10 that were missed, then 20.
    assert_eq!((bundle.alerts.len(), bundle.more), (20, 51));
    assert_eq!(bundle.alerts[19].message, "burst 29");
}

#[actix::test]
async fn what_may_go_well_later_is_tried_again_with_growing_pauses() {
    tokio::time::pause();
    let channel = Noted::new(&[Fate::Passing, Fate::Hangs, Fate::Passing]);
    let rig = watch_with(&[Rc::clone(&channel)]);
    rig.happens(IncidentKind::Freeze, "frozen").await;
    pass(120.0).await;
    let seen = channel.seen();
    assert_eq!(seen.len(), 4, "three fail, the fourth goes well: {seen:?}");
    assert!(seen.iter().all(|(_, messages)| messages == &["frozen"]));
    // 1 to 2 s, then 10 s of waiting and 2 to 3 s (jitter adds up to the smallest pause), ...
    assert!(seen[1].0 <= 2 && (12..=16).contains(&seen[2].0) && seen[3].0 <= 24, "{seen:?}");
}

#[actix::test]
async fn an_outage_of_the_channel_loses_nothing_and_a_refusal_for_good_is_not_repeated() {
    tokio::time::pause();
    let channel = Noted::new(&[Fate::Passing; 12]);
    let rig = watch_with(&[Rc::clone(&channel)]);
    rig.happens(IncidentKind::Freeze, "frozen").await;
    pass(30.0).await;
    rig.happens(IncidentKind::CheckpointFailed, "no space").await;
    pass(600.0).await;
    let seen = channel.seen();
    assert_eq!(seen.len(), 13, "five, five, two and the one that goes well");
    assert_eq!(seen[12].1, ["frozen", "no space"]);

    let refusing = Noted::new(&[Fate::Final]);
    let rig = watch_with(&[Rc::clone(&refusing)]);
    rig.happens(IncidentKind::Freeze, "frozen").await;
    pass(600.0).await;
    assert_eq!(refusing.seen().len(), 1);
    rig.happens(IncidentKind::Resume, "goes on").await;
    assert_eq!(refusing.seen()[1].1, ["goes on"]);
}

#[actix::test]
async fn a_channel_that_hangs_holds_up_neither_the_run_nor_the_other_channel() {
    tokio::time::pause();
    let (stuck, fine) = (Noted::new(&[Fate::Hangs; 100]), Noted::new(&[]));
    let rig = watch_with(&[Rc::clone(&stuck), Rc::clone(&fine)]);
    let begin = Instant::now();
    // What the Coordinator does: it replaces the picture and never waits.
    for n in 0..1_000 {
        rig.status.send_modify(|status| {
            happens(status, IncidentKind::SessionHealth, &format!("{n}"));
        });
    }
    assert_eq!(begin.elapsed(), Duration::ZERO);
    pass(1.0).await;
    assert_eq!((stuck.seen().len(), fine.seen().len()), (1, 1));
    let begin = Instant::now();
    rig.alerts.finish(RunEnd::In(RunState::Frozen)).await;
    assert_eq!(begin.elapsed().as_secs(), LAST_ALERTS_GRACE.as_secs());
    let told = fine.seen().pop().unwrap().1;
    assert!(told.last().unwrap().starts_with("the process ended while the run is frozen"));
}

#[actix::test]
async fn the_end_is_told_at_once_with_what_was_gathered_and_why_a_run_did_not_start() {
    tokio::time::pause();
    let channel = Noted::new(&[]);
    let rig = watch_with(&[Rc::clone(&channel)]);
    rig.happens(IncidentKind::Freeze, "one").await;
    rig.happens(IncidentKind::Resume, "two").await;
    let begin = Instant::now();
    rig.alerts.finish(RunEnd::NotStarted("the shop lists no products".into())).await;
    assert_eq!(begin.elapsed(), Duration::ZERO);
    let told = channel.seen().pop().unwrap().1;
    assert_eq!(told, ["two", "the run did not start: the shop lists no products"]);
}
