//! Wallets, assignments and redemptions.

use actors::domain::event::CouponInteraction;
use actors::domain::ids::{AssignmentId, CouponId, OwnerToken};
use actors::domain::offer::CouponUse;
use actors::ports::store::{Committed, StoreError};
use chrono::TimeDelta;

use super::rig::{Rig, assert_rows};
use crate::support::flows::{Owned, agent, arc, assignment, batch, bought, key, redemption, start};

pub async fn a_coupon_is_redeemed_once_under_fifty_redeemers(rig: &Rig) {
    let owned = rig.run().await;
    let coupon = assignment(owned.run, 0, 0, "ten-off", 0);
    rig.store.assign_offers(batch(owned, vec![coupon.clone()])).await.unwrap();
    let commits = (0..50).map(|n| {
        let mut record = bought(key(owned, 1, 0, n), false);
        record.coupons = vec![redemption(&coupon, record.key.simulated_at)];
        rig.store.commit_flow(arc(record))
    });
    for outcome in futures::future::join_all(commits).await {
        assert_eq!(outcome.unwrap(), Committed::Written, "a taken coupon fails no flow");
    }
    assert_rows!(rig.count(owned, "coupon_interactions WHERE step = 'redeemed'").await, 1);
    let refused = "coupon_interactions WHERE step = 'rejected' AND reason = 'already_redeemed'";
    assert_rows!(rig.count(owned, refused).await, 49);
    let taken = "coupon_assignments WHERE redeemed_flow_id IS NOT NULL";
    assert_rows!(rig.count(owned, taken).await, 1);
    let wallet = rig.store.open_flow(key(owned, 2, 0, 0)).await.unwrap();
    assert_eq!((wallet.assignments, wallet.used), (vec![], vec![coupon]));
    assert_eq!(wallet.newest_assigned_at, Some(start()));
}

pub async fn a_reusable_coupon_is_redeemed_again_and_a_used_one_is_told_apart(rig: &Rig) {
    let owned = rig.run().await;
    let coupon = assignment(owned.run, 0, 0, "ten-off", 0);
    rig.store.assign_offers(batch(owned, vec![coupon.clone()])).await.unwrap();
    for cycle in 1..=3 {
        let mut record = bought(key(owned, cycle, 0, 0), false);
        let again = redemption(&coupon, record.key.simulated_at);
        record.coupons = vec![CouponInteraction { reusable: true, ..again }];
        assert_eq!(rig.store.commit_flow(arc(record)).await.unwrap(), Committed::Written);
    }
    let redeemed = "coupon_interactions WHERE step = 'redeemed'";
    assert_rows!(rig.count(owned, redeemed).await, 3);
    assert_rows!(rig.count(owned, &format!("{redeemed} AND is_reuse")).await, 2);
    assert_rows!(rig.count(owned, "coupon_interactions WHERE step = 'rejected'").await, 0);
    let first = key(owned, 1, 0, 0).flow_id;
    let taken = format!("coupon_assignments WHERE redeemed_flow_id = '{first}'");
    assert_rows!(rig.count(owned, &taken).await, 1);
    let mut stranger = assignment(owned.run, 0, 0, "nobody's", 0);
    stranger.id = AssignmentId(uuid::Uuid::from_u128(9));
    let mut record = bought(key(owned, 4, 0, 0), false);
    let unknown = redemption(&stranger, record.key.simulated_at);
    record.coupons = vec![CouponInteraction { reusable: true, ..unknown }];
    rig.store.commit_flow(arc(record)).await.unwrap();
    assert_rows!(rig.count(owned, "coupon_interactions WHERE reason = 'not_assigned'").await, 1);
    let wallet = rig.store.open_flow(key(owned, 5, 0, 0)).await.unwrap();
    assert_eq!((&wallet.assignments, &wallet.used), (&vec![], &vec![coupon.clone()]));
    let single = wallet.clone().at_a_shop_with(CouponUse::SingleUse);
    assert_eq!((single.assignments, single.used), (vec![], vec![]));
    assert_eq!(wallet.at_a_shop_with(CouponUse::Reusable).assignments, vec![coupon]);
    let expired = rig.store.open_flow(key(owned, 14 * 24, 0, 0)).await.unwrap();
    assert_eq!((expired.assignments, expired.used), (vec![], vec![]), "14 days are over");
}

pub async fn a_redemption_of_what_was_never_assigned_is_recorded_as_rejected(rig: &Rig) {
    let owned = rig.run().await;
    let mut unknown = assignment(owned.run, 0, 0, "ten-off", 0);
    unknown.id = AssignmentId(uuid::Uuid::from_u128(9));
    let mut record = bought(key(owned, 1, 0, 0), false);
    record.coupons = vec![redemption(&unknown, record.key.simulated_at)];
    assert_eq!(rig.store.commit_flow(arc(record)).await.unwrap(), Committed::Written);
    let refused = "coupon_interactions WHERE step = 'rejected' AND reason = 'not_assigned'";
    assert_rows!(rig.count(owned, refused).await, 1);
}

pub async fn a_wallet_holds_what_is_assigned_unexpired_and_unredeemed(rig: &Rig) {
    let owned = rig.run().await;
    let now = key(owned, 400, 0, 0).simulated_at;
    let hours = (now - start()).num_hours();
    let mut just_expired = assignment(owned.run, 0, 0, "expired", 10);
    just_expired.expires_at = now;
    let mut nearly_expired = assignment(owned.run, 0, 0, "lasts", 10);
    nearly_expired.expires_at = now + TimeDelta::seconds(1);
    let used = assignment(owned.run, 0, 0, "used", hours);
    let fresh = assignment(owned.run, 1, 0, "fresh", hours);
    let mut future = assignment(owned.run, 2, 0, "future", hours);
    future.assigned_at = now + TimeDelta::seconds(1);
    let others = assignment(owned.run, 1, 1, "fresh", hours);
    let all =
        vec![just_expired, nearly_expired.clone(), used.clone(), fresh.clone(), future, others];
    assert_eq!(rig.store.assign_offers(batch(owned, all)).await.unwrap(), 6);
    let mut record = bought(key(owned, 399, 0, 0), false);
    record.coupons = vec![redemption(&used, record.key.simulated_at)];
    rig.store.commit_flow(arc(record)).await.unwrap();
    let wallet = rig.store.open_flow(key(owned, 400, 0, 0)).await.unwrap();
    assert_eq!(wallet.assignments, vec![fresh.clone(), nearly_expired]);
    assert_eq!(wallet.used, vec![used]);
    assert_eq!(wallet.newest_assigned_at, Some(fresh.assigned_at));
    let empty = rig.store.open_flow(key(owned, 400, 0, 2)).await.unwrap();
    assert_eq!((empty.assignments, empty.newest_assigned_at), (vec![], None));
}

pub async fn an_assignment_seen_in_a_flow_is_in_the_next_wallet(rig: &Rig) {
    let owned = rig.run().await;
    let seen = assignment(owned.run, 0, 0, "from-the-shop", 0);
    let mut record = bought(key(owned, 1, 0, 0), false);
    record.seen_assignments = vec![seen.clone()];
    record.coupons = vec![];
    rig.store.commit_flow(arc(record)).await.unwrap();
    let mut record = bought(key(owned, 2, 0, 0), false);
    record.seen_assignments = vec![seen.clone()];
    rig.store.commit_flow(arc(record)).await.unwrap();
    assert_rows!(rig.rows(owned, "coupon_assignments").await, 1);
    let wallet = rig.store.open_flow(key(owned, 3, 0, 0)).await.unwrap();
    assert_eq!(wallet.assignments, vec![seen]);
}

pub async fn holdings_are_what_is_open_and_what_is_recent(rig: &Rig) {
    let owned = rig.run().await;
    let (week, four_weeks) = (24 * 7, 24 * 28);
    let old = assignment(owned.run, 0, 0, "old", 0);
    let used = assignment(owned.run, 3, 0, "used", 3 * week);
    let open = assignment(owned.run, 3, 0, "open", 3 * week);
    let others = assignment(owned.run, 3, 1, "open", 3 * week);
    let all = vec![old, used.clone(), open, others];
    rig.store.assign_offers(batch(owned, all)).await.unwrap();
    let mut record = bought(key(owned, 550, 0, 0), false);
    record.coupons = vec![redemption(&used, record.key.simulated_at)];
    rig.store.commit_flow(arc(record)).await.unwrap();
    let now = start() + TimeDelta::hours(four_weeks);
    let asked = vec![agent(0), agent(2)];
    let since = start() + TimeDelta::seconds(1);
    let held = rig.store.holdings(owned.run, asked.clone(), now, since).await.unwrap();
    assert_eq!(held.len(), 1, "agent 2 holds nothing, agent 1 was not asked about");
    assert_eq!(held[&agent(0)].open, vec![CouponId::new("open")]);
    let mut recent = held[&agent(0)].recent.clone();
    recent.sort();
    assert_eq!(recent, vec![CouponId::new("open"), CouponId::new("used")]);
    let held = rig.store.holdings(owned.run, asked, now, start()).await.unwrap();
    assert_eq!(held[&agent(0)].recent.len(), 3, "since is within");
    let replayed = rig.store.holdings(owned.run, vec![agent(0)], start(), start()).await.unwrap();
    let open = &replayed[&agent(0)].open;
    assert!(open.contains(&CouponId::new("open")), "a replay counts what came later: {open:?}");
}

pub async fn assigning_the_same_offers_again_writes_nothing(rig: &Rig) {
    let owned = rig.run().await;
    let coupons = (0..32).map(|n| format!("coupon-{n}"));
    let coupons: Vec<String> = coupons.collect();
    let all = (0..100)
        .flat_map(|n| coupons.iter().map(move |c| assignment(owned.run, 0, n, c, 0)))
        .collect::<Vec<_>>();
    let offers = batch(owned, all);
    assert_eq!(rig.store.assign_offers(offers.clone()).await.unwrap(), 3_200);
    assert_eq!(rig.store.assign_offers(offers).await.unwrap(), 0);
    assert_rows!(rig.rows(owned, "coupon_assignments").await, 3_200);
    assert_rows!(rig.rows(owned, "offer_cycles").await, 1);
    let wallet = rig.store.open_flow(key(owned, 1, 0, 0)).await.unwrap();
    assert_eq!(wallet.assignments.len(), 32);
}

pub async fn only_the_owner_assigns(rig: &Rig) {
    let owned = rig.run().await;
    let stranger = Owned { run: owned.run, owner: OwnerToken::fresh() };
    let offers = batch(stranger, vec![assignment(owned.run, 0, 0, "ten-off", 0)]);
    let error = rig.store.assign_offers(offers).await.unwrap_err();
    assert!(matches!(error, StoreError::NotOwner(_)), "{error}");
    assert_rows!(rig.rows(owned, "coupon_assignments").await, 0);
}
