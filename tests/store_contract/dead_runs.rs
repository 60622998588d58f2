//! Dead runs: what is ended, what is purged, and the books that `verify` reads.

use actors::domain::cycle::{Cycle, ReplayNumber};
use actors::domain::event::{CouponInteraction, CouponStep};
use actors::domain::flow::{EndReason, FlowStatus, ShopCart};
use actors::domain::ids::OwnerToken;
use actors::domain::incident::{Incident, IncidentKind};
use actors::domain::money::Cents;
use actors::ports::store::{Lived, RunState, StoreError};
use analysis::verify::Audit;
use chrono::TimeDelta;
use questions::ledger::{Books, Ledger};
use questions::{Ask, runs};
use serde_json::json;
use store::Admin;
use store::admin::TakeOver;
use store::admin::audit::Purge;

use super::rig::{Rig, assert_rows};
use crate::support::flows::{
    Owned, agent, arc, assignment, batch, bought, cycle, ended, key, redemption, start, wall,
};

/// An owner that began at `wall(0)` is silent for long.
const MUCH_LATER: i64 = 10_000;

async fn ledger(admin: &Admin, owned: Owned) -> Ledger {
    admin.at_once(Books(owned.run)).await.unwrap().unwrap()
}

/// What these books are wrong about by their making: such visits no shopper makes.
const MADE_BY_HAND: [&str; 6] =
    ["volume", "event_order", "visit", "checkout_told", "added_unseen", "unknown_coupon"];

fn checks(ledger: &Ledger) -> Vec<&'static str> {
    let audit = Audit::of(ledger, false);
    // Nearly everything breaks a seal besides.
    audit.problems.iter().map(|p| p.check).filter(|check| *check != "seal").collect()
}

pub async fn rows_of_a_run_whose_owner_lives_are_left_alone(rig: &Rig) {
    let Some(admin) = &rig.admin else { return };
    let owned = rig.run().await;
    rig.store.open_flow(key(owned, 0, 0, 1)).await.unwrap();
    let stranger = vec![OwnerToken::fresh()];
    for seconds in [0, 119, 120] {
        let ended = admin.abandon_dead(owned.run, stranger.clone(), wall(seconds)).await.unwrap();
        assert_eq!(ended, None, "{seconds} s of silence");
        let purged = admin.purge(owned.run, stranger.clone(), wall(seconds)).await.unwrap();
        assert_eq!(purged, Purge::Owned { heartbeat_at: wall(0) });
    }
    assert_rows!(rig.count(owned, "shopping_sessions WHERE status = 'active'").await, 1);
    let nobody = actors::domain::ids::RunId::fresh();
    assert_eq!(admin.abandon_dead(nobody, Vec::new(), wall(0)).await.unwrap(), None);
    assert_eq!(admin.purge(nobody, Vec::new(), wall(0)).await.unwrap(), Purge::Unknown);
}

pub async fn rows_of_a_dead_run_are_ended_once_with_one_incident(rig: &Rig) {
    let Some(admin) = &rig.admin else { return };
    let (silent, known_dead, over) = (rig.run().await, rig.run().await, rig.run().await);
    for owned in [silent, known_dead, over] {
        rig.store.open_flow(key(owned, 2, 0, 1)).await.unwrap();
        rig.store.open_flow(key(owned, 2, 0, 2)).await.unwrap();
    }
    rig.store.set_run_state(over.run, over.owner, RunState::Stopped, wall(1)).await.unwrap();
    for (owned, dead, at) in [
        (silent, vec![], wall(121)),
        (known_dead, vec![OwnerToken::fresh(), known_dead.owner], wall(1)),
        (over, vec![], wall(1)),
    ] {
        assert_eq!(admin.abandon_dead(owned.run, dead.clone(), at).await.unwrap(), Some(2));
        assert_eq!(admin.abandon_dead(owned.run, dead, at).await.unwrap(), Some(0));
        let crashed = "shopping_sessions WHERE status = 'abandoned' AND end_reason = 'crash'";
        assert_rows!(rig.count(owned, crashed).await, 2);
        assert_rows!(rig.count(owned, "incidents WHERE kind = 'clean_up' AND cycle = 2").await, 1);
    }
    // A process that was taken for dead and lives finds out.
    let late = rig.store.commit_flow(arc(bought(key(silent, 2, 0, 1), true))).await.unwrap_err();
    assert!(matches!(late, StoreError::Superseded { .. }), "{late}");
}

pub async fn the_last_visit_of_each_agent_in_each_run_is_known(rig: &Rig) {
    let Some(admin) = &rig.admin else { return };
    let (first, second) = (rig.run().await, rig.run().await);
    rig.store.commit_flow(arc(bought(key(first, 0, 0, 1), false))).await.unwrap();
    rig.store.open_flow(key(first, 1, 0, 1)).await.unwrap();
    rig.store.commit_flow(arc(bought(key(second, 3, 0, 1), false))).await.unwrap();
    let visits = admin.last_visits().await.unwrap();
    let of = |owned: Owned| {
        let mut of_run = visits.iter().filter(|v| v.run_id == owned.run);
        let visit = of_run.next().unwrap();
        assert!(of_run.next().is_none(), "one agent shopped");
        visit
    };
    assert_eq!((of(first).is_dirty, of(first).opened_at), (true, wall(75)));
    assert_eq!((of(second).is_dirty, of(second).opened_at), (false, wall(225)));
    assert_eq!(of(first).cart.agent_id, agent(1));
    assert_eq!(of(first).cart.store_id.as_ref().unwrap().as_str(), "downtown");
}

pub async fn the_last_cycle_and_the_last_freeze_are_known(rig: &Rig) {
    let Some(admin) = &rig.admin else { return };
    let owned = rig.run().await;
    assert_eq!(admin.last_cycle(owned.run).await.unwrap(), None);
    assert_eq!(admin.last_freeze(owned.run).await.unwrap(), None);
    rig.store.open_flow(key(owned, 3, 0, 1)).await.unwrap();
    assert_eq!(admin.last_cycle(owned.run).await.unwrap(), Some(Cycle(3)));
    rig.store.record_cycle(cycle(owned, 4, 0, false)).await.unwrap();
    assert_eq!(admin.last_cycle(owned.run).await.unwrap(), Some(Cycle(4)));
    for (kind, n) in
        [(IncidentKind::Freeze, 1), (IncidentKind::Freeze, 2), (IncidentKind::Pause, 3)]
    {
        let incident = Incident {
            run_id: owned.run,
            cycle: Cycle(4),
            replay: ReplayNumber::ORIGINAL,
            kind,
            agent_id: None,
            http_session: None,
            message: "frozen".to_owned(),
            detail: json!({ "n": n }),
            simulated_at: start(),
            recorded_at: wall(n),
        };
        rig.store.record_incident(incident).await.unwrap();
    }
    assert_eq!(admin.last_freeze(owned.run).await.unwrap(), Some(json!({ "n": 2 })));
    let hours = admin.ask(runs::hours()).await.unwrap();
    let of_run = hours.iter().find(|row| row.run_id == owned.run.to_string()).unwrap();
    assert_eq!(of_run.hours, 1);
}

pub async fn a_purge_deletes_one_dead_run_and_no_agent(rig: &Rig) {
    let Some(admin) = &rig.admin else { return };
    let (gone, kept) = (rig.run().await, rig.run().await);
    for owned in [gone, kept] {
        rig.store.commit_flow(arc(bought(key(owned, 0, 0, 0), false))).await.unwrap();
        rig.store.record_cycle(cycle(owned, 0, 0, false)).await.unwrap();
        let offers = vec![assignment(owned.run, 0, 1, "c1", 0)];
        rig.store.assign_offers(batch(owned, offers)).await.unwrap();
    }
    let of_kept = admin.count_rows(kept.run).await.unwrap();
    let of_gone: u64 =
        admin.count_rows(gone.run).await.unwrap().into_iter().map(|(_, rows)| rows).sum();
    let purged = admin.purge(gone.run, vec![gone.owner], wall(1)).await.unwrap();
    assert_eq!(purged, Purge::Purged { rows: of_gone });
    assert!(of_gone > 8, "{of_gone}");
    let left = admin.count_rows(gone.run).await.unwrap();
    assert!(left.iter().all(|(_, rows)| *rows == 0), "{left:?}");
    assert_eq!(admin.count_rows(kept.run).await.unwrap(), of_kept);
    assert_eq!(admin.count_agents(None).await.unwrap(), 4);
    assert_eq!(admin.purge(gone.run, Vec::new(), wall(1)).await.unwrap(), Purge::Unknown);
    let lost = admin.take_over(gone.run, OwnerToken::fresh(), None, wall(MUCH_LATER)).await;
    assert_eq!(lost.unwrap(), TakeOver::Unknown);
}

/// Two hours of a run: one order each, the second hour run again after a crash.
async fn two_hours(rig: &Rig) -> Owned {
    let owned = rig.run().await;
    let given = assignment(owned.run, 0, 0, "c1", 0);
    let offers = vec![given.clone(), assignment(owned.run, 0, 0, "c2", 0)];
    rig.store.assign_offers(batch(owned, offers)).await.unwrap();
    let mut first = bought(key(owned, 0, 0, 0), false);
    let at = first.key.simulated_at;
    first.coupons = vec![redemption(&given, at)];
    rig.store.commit_flow(arc(first)).await.unwrap();
    let mut record = cycle(owned, 0, 0, false);
    record.volume.revenue_cents = 900;
    rig.store.record_cycle(record.clone()).await.unwrap();
    rig.store.open_flow(key(owned, 1, 0, 0)).await.unwrap();
    let replay =
        rig.store.begin_replay(owned.run, owned.owner, Lived::default(), wall(90)).await.unwrap();
    rig.store.commit_flow(arc(bought(key(owned, 1, replay.number.0, 0), false))).await.unwrap();
    let mut again = cycle(owned, 1, replay.number.0, false);
    again.volume = record.volume;
    rig.store.record_cycle(again).await.unwrap();
    owned
}

pub async fn a_reader_finds_whole_books_clean_and_writes_nothing(rig: &Rig) {
    let owned = two_hours(rig).await;
    let Some(reader) = rig.reader().await else { return };
    let reader = reader.unwrap();
    let books = ledger(&reader, owned).await;
    let audit = Audit::of(&books, false);
    let is_wrong = |check: &&str| !MADE_BY_HAND.contains(check);
    assert_eq!(checks(&books).into_iter().find(is_wrong), None, "{:?}", audit.problems);
    assert_eq!((audit.hours_claimed, audit.attempts, audit.attempts_broken), (2, 3, 1));
    assert_eq!((audit.orders, audit.revenue_cents, audit.events), (2, 1_800, 6));
    assert_eq!(audit.replayed[0].attempts, [0, 1]);
    assert_eq!(reader.at_once(Books(actors::domain::ids::RunId::fresh())).await.unwrap(), None);
    let refused = reader.purge(owned.run, vec![owned.owner], wall(0)).await.unwrap_err();
    assert!(matches!(refused, StoreError::CannotWrite(_)), "{refused}");
    reader.close().await;
}

pub async fn a_reader_finds_what_is_wrong(rig: &Rig) {
    let owned = two_hours(rig).await;
    // Rows without a cycle, one still active; an order that does not add up; a coupon that comes
    // back after a day; a redemption of what was never assigned is no redemption.
    let mut wrong = bought(key(owned, 2, 0, 1), false);
    wrong.order.as_mut().unwrap().final_total = Cents(901).into();
    wrong.coupons = vec![CouponInteraction {
        reusable: false,
        step: CouponStep::Redeemed,
        ..redemption(&assignment(owned.run, 9, 1, "nobodys", 0), start())
    }];
    rig.store.commit_flow(arc(wrong)).await.unwrap();
    rig.store.open_flow(key(owned, 2, 0, 2)).await.unwrap();
    let failed = (FlowStatus::Failed, EndReason::CheckoutFailed);
    let mut late = ended(key(owned, 0, 0, 3), failed.0, failed.1, ShopCart::Dirty);
    late.events[1].simulated_at += TimeDelta::hours(3);
    late.events[0].simulated_at += TimeDelta::hours(4);
    rig.store.fail_flow(arc(late)).await.unwrap();
    let mut offers = batch(owned, vec![assignment(owned.run, 1, 0, "c2", 24)]);
    offers.cycle = Cycle(24);
    rig.store.assign_offers(offers).await.unwrap();
    let Some(reader) = rig.reader().await else { return };
    let reader = reader.unwrap();
    let found = checks(&ledger(&reader, owned).await);
    for check in [
        "active",
        "coupon_repeated",
        "event_hour",
        "event_order",
        "order_sums",
        "rows",
        "unclosed",
        "volume",
    ] {
        assert!(found.contains(&check), "{check} is not in {found:?}");
    }
    reader.close().await;
}
