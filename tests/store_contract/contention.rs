//! Hundreds take coupons while they are handed out: who wins is chance, that there is one winner is
//! not.

use std::sync::Arc;

use actors::domain::cycle::Cycle;
use actors::domain::offer::OfferPolicy;
use actors::domain::offer::is_held_out;
use actors::ports::store::Committed;
use analysis::verify::holdout;
use questions::Ask;
use questions::ledger::Books;
use tokio::sync::Barrier;

use super::rig::Rig;
use crate::support::flows::{Owned, agent, arc, bought, key, redemption};
use crate::support::refresher::Refresher;

/// Who redeems at once.
const REDEEMERS: usize = 50;
/// Whose coupons they are: several redeemers go for one wallet, which no run does.
const WALLETS: usize = 20;
/// Simulated weeks, each with a refresh of everybody.
const WEEKS: u32 = 5;
/// Redemptions that each redeemer tries in a week; cycles are told apart by redeemer and try.
const TRIES: u32 = 3;
/// What `verify` finds where a race was lost.
const RACES: [&str; 6] = [
    "coupon_redeemed_twice",
    "redemption",
    "redemption_time",
    "wallet_over_cap",
    "coupon_repeated",
    "holdout",
];

pub async fn fifty_redeemers_and_a_refresher_lose_no_race(rig: &Rig) {
    let owned = rig.run().await;
    let mut refresher = Refresher::start(Arc::clone(&rig.store), owned);
    let week = Arc::new(Barrier::new(REDEEMERS + 1));
    let redeemers: Vec<_> = (0..REDEEMERS)
        .map(|redeemer| {
            let (store, week) = (Arc::clone(&rig.store), Arc::clone(&week));
            tokio::spawn(async move { redeem(store, owned, redeemer, week).await })
        })
        .collect();
    let mut handed_out = 0;
    for number in 0..WEEKS {
        week.wait().await;
        refresher.ask(Cycle(number * 168), (0..WALLETS + 40).map(agent).collect());
        handed_out += refresher.written().await;
    }
    let mut tried = 0;
    for redeemer in redeemers {
        tried += redeemer.await.unwrap();
    }
    assert!(handed_out > 1_000 && tried > 100, "{handed_out} handed out, {tried} tried");
    let is_out = |n: &usize| is_held_out(&agent(*n), &OfferPolicy::default());
    let held_out = (0..WALLETS + 40).find(is_out).expect("a tenth of 60 agents is held out");
    let wallet = rig.store.open_flow(key(owned, 2_000, 0, held_out)).await.unwrap();
    assert_eq!(wallet.newest_assigned_at, None, "the holdout");
    let Some(admin) = &rig.admin else { return };
    let count = async |from: &str| rig.count(owned, from).await.unwrap();
    let redeemed = count("coupon_interactions WHERE step = 'redeemed'").await;
    let refused = count("coupon_interactions WHERE reason = 'already_redeemed'").await;
    let taken = count("coupon_assignments WHERE redeemed_flow_id IS NOT NULL").await;
    eprintln!("{handed_out} handed out, {tried} tried, {redeemed} redeemed, {refused} too late");
    assert_eq!((redeemed, redeemed + refused), (taken, tried), "each try has one outcome");
    assert!(refused > 0, "nobody met anybody: there was no race");
    let ledger = admin.at_once(Books(owned.run)).await.unwrap().unwrap();
    let holdout = [holdout::held_out(&ledger.run.settings, &ledger.holders)];
    for race in RACES {
        let mut found = ledger.findings.iter().chain(&holdout);
        let (.., rows) = found.find(|(check, ..)| *check == race).unwrap();
        assert_eq!(*rows, [], "{race}");
    }
}

/// Tries to redeem, week by week; answers how often there was something to try.
async fn redeem(
    store: Arc<dyn actors::ports::store::Store>,
    owned: Owned,
    redeemer: usize,
    week: Arc<Barrier>,
) -> i64 {
    let mut tried = 0;
    for number in 0..WEEKS {
        week.wait().await;
        for attempt in 0..TRIES {
            let hour = attempt * REDEEMERS as u32 + redeemer as u32;
            let who = (redeemer + attempt as usize) % WALLETS;
            let mut key = key(owned, number * 168 + hour, 0, who);
            key.opened_at = chrono::Utc::now().naive_utc();
            let wallet = store.open_flow(key.clone()).await.unwrap();
            let at = key.simulated_at;
            let mut record = bought(key, true);
            if let Some(coupon) = wallet.assignments.first() {
                record.coupons = vec![redemption(coupon, at)];
                tried += 1;
            }
            record.ended_at = chrono::Utc::now().naive_utc();
            assert_eq!(store.commit_flow(arc(record)).await.unwrap(), Committed::Written);
            assert!(wallet.assignments.len() <= 32);
        }
    }
    tried
}
