//! The state of a shopper day by day, over the borders of weeks and of a coupon's life.

use actors::domain::money::Cents;
use analysis::export::ReplayFilter;
use chrono::TimeDelta;
use serde_json::Value;
use store::{OpenStore, StoreOptions, StoreUrl, open};

use super::histories::exported;
use crate::support::flows::{
    Owned, arc, assignment, batch, bought, cycle, key, new_run, persona, redemption, start, wall,
};

/// Hours from the start, Monday 2026-01-05 08:00, to this hour of a day of January.
fn hour(day: i64, hour: i64) -> u32 {
    u32::try_from((day - 5) * 24 + hour - 8).unwrap()
}

#[tokio::test]
async fn budget_begins_anew_on_monday_and_a_wallet_loses_what_is_used_or_old() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/d.db", folder.path().display());
    let opened = open(&StoreUrl::parse(&url).unwrap(), &StoreOptions::default()).await.unwrap();
    let OpenStore { store, admin, .. } = opened;
    admin.insert_agents(vec![persona(0)], false, wall(0)).await.unwrap();
    let run = new_run();
    let owned = Owned { run: run.run_id, owner: run.owner };
    store.open_run(run).await.unwrap();
    // Both good for 14 days from Monday 08:00: one is used on Wednesday.
    let used = assignment(owned.run, 0, 0, "used", 0);
    let kept = assignment(owned.run, 0, 0, "kept", 0);
    store.assign_offers(batch(owned, vec![used.clone(), kept])).await.unwrap();
    for number in 0..=hour(20, 12) {
        if [hour(7, 10), hour(11, 23), hour(12, 0)].contains(&number) {
            let mut flow = bought(key(owned, number, 0, 0), false);
            if number == hour(7, 10) {
                flow.coupons.push(redemption(&used, flow.simulated_end));
            }
            let order = flow.order.as_mut().unwrap();
            order.final_total = Cents(i64::from(number)).into();
            store.commit_flow(arc(flow)).await.unwrap();
        }
        store.record_cycle(cycle(owned, number, 0, false)).await.unwrap();
    }
    let days = exported(&admin, owned.run, "agent_days", ReplayFilter::Canonical).await;
    let lives = exported(&admin, owned.run, "coupon_lifecycle", ReplayFilter::Canonical).await;
    admin.close().await;
    let life = |coupon: &str| lives.iter().find(|row| row["coupon_id"] == coupon).unwrap();
    let (used, kept) = (life("used"), life("kept"));
    assert_eq!((&used["state"], &kept["state"]), (&"redeemed".into(), &"expired".into()));
    assert_eq!(used["redeemed_at"], "2026-01-07T10:09:00.000000Z");
    assert_eq!(used["expired_recorded_at"], Value::Null);
    assert_eq!(kept["expires_at"], "2026-01-19T08:00:00.000000Z");
    // The wall clock at the end of the hour that begins on the 19th at 08:00.
    let closed = wall(i64::from(hour(19, 8)) + 75).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    assert_eq!(kept["expired_recorded_at"], closed);
    assert_eq!(days.len(), 16, "5 to 20 January");
    let on = |day: &str, column: &str| {
        days.iter().find(|row| row["day"] == format!("2026-01-{day}")).unwrap()[column].clone()
    };
    let (wednesday, sunday) = (i64::from(hour(7, 10)), i64::from(hour(11, 23)));
    assert_eq!(on("05", "budget_left_cents"), 12_000);
    assert_eq!(on("08", "budget_left_cents"), 12_000 - wednesday);
    // Paid at 23:00 on Sunday, and the week was over.
    assert_eq!(on("11", "budget_left_cents"), 12_000 - wednesday);
    assert_eq!(on("11", "paid_cents"), sunday);
    assert_eq!(on("12", "budget_left_cents"), 12_000);
    // At 00:00 on Monday: a visit of that day, not of the day before.
    assert_eq!((on("12", "visits"), on("11", "visits")), (1.into(), 1.into()));
    assert_eq!(on("13", "budget_left_cents"), 12_000 - i64::from(hour(12, 0)));
    assert_eq!(on("07", "days_since_purchase"), Value::Null);
    assert_eq!(
        (on("08", "days_since_purchase"), on("11", "days_since_purchase")),
        (1.into(), 4.into())
    );
    assert_eq!((on("07", "orders_before"), on("08", "orders_before")), (0.into(), 1.into()));
    // Handed out at 08:00 on the first day, used on the 7th, expired at 08:00 on the 19th.
    let wallet: Vec<i64> = ["05", "06", "07", "08", "19", "20"]
        .iter()
        .map(|day| on(day, "wallet").as_i64().unwrap())
        .collect();
    assert_eq!(wallet, [0, 2, 2, 1, 1, 0]);
    assert_eq!((on("07", "coupons_redeemed"), on("08", "coupons_redeemed")), (1.into(), 0.into()));
    assert_eq!((on("05", "hours_lived"), on("20", "hours_lived")), (16.into(), 13.into()));
    let end = start() + TimeDelta::hours(i64::from(hour(20, 12)));
    assert_eq!(end.to_string(), "2026-01-20 12:00:00");
}
