//! Opening, committing and failing a flow.

use actors::domain::flow::{EndReason, FlowStatus, ShopCart};
use actors::domain::ids::OwnerToken;
use actors::ports::store::{Committed, StoreError};

use super::rig::{Rig, assert_rows};
use crate::support::flows::{Owned, arc, bought, ended, key};

pub async fn a_commit_writes_all_rows_once(rig: &Rig) {
    let owned = rig.run().await;
    rig.store.open_flow(key(owned, 0, 0, 0)).await.unwrap();
    let record = arc(bought(key(owned, 0, 0, 0), true));
    assert_eq!(rig.store.commit_flow(record).await.unwrap(), Committed::Written);
    let record = arc(bought(key(owned, 0, 0, 1), false));
    assert_eq!(rig.store.commit_flow(record).await.unwrap(), Committed::Written);
    assert_rows!(rig.rows(owned, "shopping_sessions").await, 2);
    assert_rows!(rig.rows(owned, "shopping_session_events").await, 6);
    assert_rows!(rig.rows(owned, "orders").await, 2);
    assert_rows!(rig.rows(owned, "order_items").await, 4);
    let done = "shopping_sessions WHERE status = 'completed' AND end_reason = 'done' \
                AND shop_cart = 'clean' AND is_simulated AND NOT is_replay AND calls = 7";
    assert_rows!(rig.count(owned, done).await, 2);
}

pub async fn the_same_commit_again_is_already_there_and_adds_nothing(rig: &Rig) {
    let owned = rig.run().await;
    rig.store.open_flow(key(owned, 0, 0, 0)).await.unwrap();
    for (record, opened) in [(key(owned, 0, 0, 0), true), (key(owned, 0, 0, 1), false)] {
        let record = arc(bought(record, opened));
        rig.store.commit_flow(record.clone()).await.unwrap();
        for _ in 0..3 {
            let again = rig.store.commit_flow(record.clone()).await.unwrap();
            assert_eq!(again, Committed::AlreadyThere);
        }
    }
    assert_rows!(rig.rows(owned, "shopping_sessions").await, 2);
    assert_rows!(rig.rows(owned, "shopping_session_events").await, 6);
    assert_rows!(rig.rows(owned, "order_items").await, 4);
}

pub async fn a_different_ending_is_superseded(rig: &Rig) {
    let owned = rig.run().await;
    rig.store.open_flow(key(owned, 0, 0, 0)).await.unwrap();
    let (failed, hang) = (FlowStatus::Failed, EndReason::Hang);
    let first = ended(key(owned, 0, 0, 0), failed, hang, ShopCart::Dirty);
    rig.store.fail_flow(arc(first.clone())).await.unwrap();
    let late = bought(key(owned, 0, 0, 0), true);
    let other = ended(key(owned, 0, 0, 0), failed, EndReason::Panic, ShopCart::Dirty);
    for record in [late, other] {
        let error = rig.store.commit_flow(arc(record)).await.unwrap_err();
        let StoreError::Superseded { key, status, end_reason } = error else { panic!("{error}") };
        assert_eq!((key, status, end_reason), (first.key.flow_id, failed, hang));
        assert!(!StoreError::Superseded { key, status, end_reason }.is_retryable());
    }
    assert_rows!(rig.rows(owned, "orders").await, 0);
    assert_rows!(rig.rows(owned, "shopping_session_events").await, 2);
}

pub async fn a_flow_opens_twice_but_not_after_its_end(rig: &Rig) {
    let owned = rig.run().await;
    let flow = key(owned, 4, 0, 0);
    let wallet = rig.store.open_flow(flow.clone()).await.unwrap();
    assert_eq!(rig.store.open_flow(flow.clone()).await.unwrap(), wallet);
    assert_rows!(rig.rows(owned, "shopping_sessions").await, 1);
    let active = "shopping_sessions WHERE status = 'active' AND shop_cart = 'dirty'";
    assert_rows!(rig.count(owned, active).await, 1);
    rig.store.commit_flow(arc(bought(flow.clone(), true))).await.unwrap();
    let error = rig.store.open_flow(flow).await.unwrap_err();
    assert!(matches!(error, StoreError::Superseded { .. }), "{error}");
}

pub async fn a_failed_flow_ends_its_active_row(rig: &Rig) {
    let owned = rig.run().await;
    rig.store.open_flow(key(owned, 0, 0, 0)).await.unwrap();
    let mut record =
        ended(key(owned, 0, 0, 0), FlowStatus::Failed, EndReason::Panic, ShopCart::Dirty);
    record.failure = Some("panicked at the till".into());
    let record = arc(record);
    assert_eq!(rig.store.fail_flow(record.clone()).await.unwrap(), Committed::Written);
    assert_eq!(rig.store.fail_flow(record).await.unwrap(), Committed::AlreadyThere);
    let failed = "shopping_sessions WHERE status = 'failed' AND failure = 'panicked at the till'";
    assert_rows!(rig.count(owned, failed).await, 1);
    assert_rows!(rig.rows(owned, "shopping_sessions").await, 1);
}

pub async fn a_failed_flow_without_a_row_is_inserted_with_its_events(rig: &Rig) {
    let owned = rig.run().await;
    let (failed, reason) = (FlowStatus::Failed, EndReason::CallFailed);
    let record = arc(ended(key(owned, 0, 0, 0), failed, reason, ShopCart::Clean));
    assert_eq!(rig.store.fail_flow(record.clone()).await.unwrap(), Committed::Written);
    assert_eq!(rig.store.fail_flow(record).await.unwrap(), Committed::AlreadyThere);
    assert_rows!(rig.rows(owned, "shopping_sessions").await, 1);
    assert_rows!(rig.rows(owned, "shopping_session_events").await, 2);
}

pub async fn a_commit_whose_open_was_forgotten_ends_the_active_row(rig: &Rig) {
    let owned = rig.run().await;
    rig.store.open_flow(key(owned, 0, 0, 0)).await.unwrap();
    let record = arc(bought(key(owned, 0, 0, 0), false));
    assert_eq!(rig.store.commit_flow(record).await.unwrap(), Committed::Written);
    assert_rows!(rig.rows(owned, "orders").await, 1);
}

pub async fn only_the_owner_opens_commits_and_fails(rig: &Rig) {
    let owned = rig.run().await;
    let stranger = Owned { run: owned.run, owner: OwnerToken::fresh() };
    rig.store.open_flow(key(owned, 0, 0, 0)).await.unwrap();
    let opened = rig.store.open_flow(key(stranger, 0, 0, 1)).await.map(drop);
    let over_active = arc(bought(key(stranger, 0, 0, 0), true));
    let over_active = rig.store.commit_flow(over_active).await.map(drop);
    let inserted = arc(bought(key(stranger, 0, 0, 1), false));
    let inserted = rig.store.commit_flow(inserted).await.map(drop);
    let (status, reason) = (FlowStatus::Failed, EndReason::Hang);
    let failed = arc(ended(key(stranger, 0, 0, 0), status, reason, ShopCart::Dirty));
    let failed = rig.store.fail_flow(failed).await.map(drop);
    for refused in [opened, over_active, inserted, failed] {
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::NotOwner(run) if run == owned.run), "{error}");
    }
    assert_rows!(rig.rows(owned, "shopping_sessions").await, 1);
    let active = "shopping_sessions WHERE status = 'active'";
    assert_rows!(rig.count(owned, active).await, 1);
}

pub async fn hundreds_of_commits_at_once_all_land(rig: &Rig) {
    const AGENTS: usize = 372;
    let owned = rig.run().await;
    let opened = (0..AGENTS).map(|n| rig.store.open_flow(key(owned, 0, 0, n)));
    for outcome in futures::future::join_all(opened).await {
        outcome.unwrap();
    }
    let commits = (0..AGENTS).map(|n| {
        let record = arc(bought(key(owned, 0, 0, n), true));
        rig.store.commit_flow(record)
    });
    for outcome in futures::future::join_all(commits).await {
        assert_eq!(outcome.unwrap(), Committed::Written);
    }
    rig.store.drain().await.unwrap();
    assert_rows!(rig.rows(owned, "shopping_sessions").await, AGENTS as u64);
    assert_rows!(rig.rows(owned, "shopping_session_events").await, 3 * AGENTS as u64);
    assert_rows!(rig.rows(owned, "order_items").await, 2 * AGENTS as u64);
}
