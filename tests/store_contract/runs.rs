//! Runs, replays, orphans, cycles, incidents and agents.

use actors::domain::cycle::{Cycle, ReplayNumber};
use actors::domain::flow::{EndReason, FlowStatus, ShopCart};
use actors::domain::ids::OwnerToken;
use actors::domain::incident::{Incident, IncidentKind};
use actors::ports::store::{DirtyCart, Lived, RunState, StoreError};
use serde_json::json;
use uuid::Uuid;

use super::rig::{Rig, assert_rows};
use crate::support::flows::{
    Owned, agent, arc, bought, cycle, ended, key, new_run, persona, start, wall,
};

pub async fn the_same_run_opens_again_only_for_its_owner(rig: &Rig) {
    let run = new_run();
    rig.store.open_run(run.clone()).await.unwrap();
    rig.store.open_run(run.clone()).await.unwrap();
    let mut stranger = run.clone();
    stranger.owner = OwnerToken::fresh();
    let error = rig.store.open_run(stranger).await.unwrap_err();
    assert!(matches!(error, StoreError::NotOwner(id) if id == run.run_id), "{error}");
}

pub async fn heartbeat_and_state_are_the_owners(rig: &Rig) {
    let Owned { run, owner } = rig.run().await;
    rig.store.heartbeat(run, owner, wall(30)).await.unwrap();
    rig.store.set_run_state(run, owner, RunState::Frozen, wall(31)).await.unwrap();
    let stranger = OwnerToken::fresh();
    let beat = rig.store.heartbeat(run, stranger, wall(60)).await.unwrap_err();
    let state = rig.store.set_run_state(run, stranger, RunState::Running, wall(60)).await;
    assert!(matches!(beat, StoreError::NotOwner(_)), "{beat}");
    assert!(matches!(state, Err(StoreError::NotOwner(_))));
    let Some(admin) = &rig.admin else { return };
    let known = admin.list_runs().await.unwrap().into_iter().find(|r| r.run_id == run).unwrap();
    assert_eq!((known.state, known.heartbeat_at), (RunState::Frozen, wall(31)));
    assert_eq!((known.ended_at, known.simulated_start), (None, start()));
    assert_eq!(known.settings, new_run().settings);
    rig.store.set_run_state(run, owner, RunState::Completed, wall(90)).await.unwrap();
    let known = admin.run_summary(run).await.unwrap().unwrap().run;
    assert_eq!(known.ended_at, Some(wall(90)));
}

pub async fn a_replay_ends_what_a_crash_left_open(rig: &Rig) {
    let owned = rig.run().await;
    rig.store.commit_flow(arc(bought(key(owned, 3, 0, 0), false))).await.unwrap();
    rig.store.record_cycle(cycle(owned, 3, 0, false)).await.unwrap();
    rig.store.commit_flow(arc(bought(key(owned, 4, 0, 0), false))).await.unwrap();
    rig.store.open_flow(key(owned, 4, 0, 1)).await.unwrap();
    let replay =
        rig.store.begin_replay(owned.run, owned.owner, Lived::default(), wall(500)).await.unwrap();
    assert_eq!(replay.number, ReplayNumber(1));
    assert_eq!((replay.last_cycle_with_rows, replay.ended_rows), (Some(Cycle(4)), 1));
    let crashed = "shopping_sessions WHERE status = 'abandoned' AND end_reason = 'crash' \
                   AND shop_cart = 'dirty'";
    assert_rows!(rig.count(owned, crashed).await, 1);
    let cut = "cycles WHERE cycle = 4 AND broken AND released = 2 AND completed = 1 \
               AND abandoned = 1 AND events = 3 AND orders = 1 AND revenue_cents = 900";
    assert_rows!(rig.count(owned, cut).await, 1);
    assert_rows!(rig.count(owned, "cycles WHERE cycle = 3 AND NOT broken").await, 1);
    let late = rig.store.commit_flow(arc(bought(key(owned, 4, 0, 1), true))).await.unwrap_err();
    assert!(matches!(late, StoreError::Superseded { .. }), "{late}");
}

pub async fn a_replay_counts_up_and_is_the_owners(rig: &Rig) {
    let owned = rig.run().await;
    let first =
        rig.store.begin_replay(owned.run, owned.owner, Lived::default(), wall(1)).await.unwrap();
    let second =
        rig.store.begin_replay(owned.run, owned.owner, Lived::default(), wall(2)).await.unwrap();
    assert_eq!((first.number, first.last_cycle_with_rows), (ReplayNumber(1), None));
    assert_eq!(second.number, ReplayNumber(2));
    rig.store.record_cycle(cycle(owned, 7, 0, false)).await.unwrap();
    let third =
        rig.store.begin_replay(owned.run, owned.owner, Lived::default(), wall(3)).await.unwrap();
    assert_eq!(third.last_cycle_with_rows, Some(Cycle(7)), "a cycle in which all were idle");
    let error = rig
        .store
        .begin_replay(owned.run, OwnerToken::fresh(), Lived::default(), wall(4))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::NotOwner(_)), "{error}");
}

pub async fn orphans_are_ended_and_their_carts_named(rig: &Rig) {
    let owned = rig.run().await;
    let other = rig.run().await;
    rig.store.open_flow(key(other, 0, 0, 3)).await.unwrap();
    rig.store.commit_flow(arc(bought(key(owned, 0, 0, 0), false))).await.unwrap();
    rig.store.open_flow(key(owned, 1, 0, 0)).await.unwrap();
    rig.store.commit_flow(arc(bought(key(owned, 1, 0, 1), false))).await.unwrap();
    let frozen = (FlowStatus::Abandoned, EndReason::Frozen);
    let left = ended(key(owned, 1, 0, 2), frozen.0, frozen.1, ShopCart::Dirty);
    rig.store.commit_flow(arc(left)).await.unwrap();
    let found = rig.store.abandon_orphans(owned.run, wall(900)).await.unwrap();
    assert_eq!(found.abandoned, 1);
    let dirty: Vec<_> = found.dirty.iter().map(|d| d.agent_id.clone()).collect();
    assert_eq!(dirty, vec![agent(0), agent(2)]);
    assert_eq!(
        found.dirty[1],
        DirtyCart {
            agent_id: agent(2),
            user_id: Uuid::from_u128(3),
            store_id: Some(actors::domain::ids::StoreId::new("downtown")),
        }
    );
    let again = rig.store.abandon_orphans(owned.run, wall(901)).await.unwrap();
    assert_eq!(again.abandoned, 0);
    assert_rows!(rig.count(other, "shopping_sessions WHERE status = 'active'").await, 1);
}

pub async fn a_cycle_is_recorded_once(rig: &Rig) {
    let owned = rig.run().await;
    rig.store.record_cycle(cycle(owned, 0, 0, true)).await.unwrap();
    rig.store.record_cycle(cycle(owned, 0, 0, false)).await.unwrap();
    rig.store.record_cycle(cycle(owned, 0, 1, false)).await.unwrap();
    assert_rows!(rig.rows(owned, "cycles").await, 2);
    assert_rows!(rig.count(owned, "cycles WHERE replay = 0 AND broken").await, 1);
    assert_rows!(rig.count(owned, "canonical_cycles WHERE replay = 1 AND is_replay").await, 1);
}

pub async fn an_incident_is_recorded_once(rig: &Rig) {
    let owned = rig.run().await;
    let incident = Incident {
        run_id: owned.run,
        cycle: Cycle(5),
        replay: ReplayNumber::ORIGINAL,
        kind: IncidentKind::Freeze,
        agent_id: Some(agent(0)),
        http_session: None,
        message: "19 of 372 agents failed".into(),
        detail: json!({ "border": 18 }),
        simulated_at: start(),
        recorded_at: wall(5),
    };
    let mut later = incident.clone();
    later.recorded_at = wall(6);
    for incident in [incident.clone(), incident, later] {
        rig.store.record_incident(incident).await.unwrap();
    }
    assert_rows!(rig.rows(owned, "incidents").await, 2);
}

pub async fn agents_come_back_as_they_were_in_order(rig: &Rig) {
    let agents = rig.store.load_agents().await.unwrap();
    assert_eq!(agents, (0..4).map(persona).collect::<Vec<_>>());
}
