//! Any history of attempts: first attempts and replays are all attempts, and of each cycle the
//! first unbroken attempt counts, with each agent at most once.

use std::collections::{BTreeMap, BTreeSet};

use actors::domain::cycle::{Cycle, ReplayNumber};
use actors::domain::ids::RunId;
use actors::domain::incident::{Incident, IncidentKind};
use analysis::export::{
    Destination, Export, Filter, Format, Periods, ReplayFilter, export, tables,
};
use cartload::config::{Settings, Sources};
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};
use store::{Admin, OpenStore, StoreOptions, StoreUrl, open};

use crate::support::flows::{Owned, arc, bought, cycle, key, new_run, start, wall};

/// An attempt at a cycle: which of four agents left a row, and how it closed; `None`: a crash cut
/// it, and nobody has written its row yet.
#[derive(Clone, Debug)]
struct Attempt {
    agents: BTreeSet<usize>,
    closed: Option<bool>,
}

fn attempts() -> impl Strategy<Value = Vec<Vec<Attempt>>> {
    let agents = prop::collection::btree_set(0_usize..4, 0..=4);
    let closed = prop_oneof![Just(None), Just(Some(true)), Just(Some(false)), Just(Some(false))];
    let attempt = (agents, closed).prop_map(|(agents, closed)| Attempt { agents, closed });
    prop::collection::vec(prop::collection::vec(attempt, 1..4), 1..6)
}

/// The rows of a table, as the library exports them.
pub async fn exported(admin: &Admin, run: RunId, table: &str, replay: ReplayFilter) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.jsonl");
    let request = Export {
        table: tables::find(table).unwrap(),
        filter: Filter { replay, ..Filter::default() },
        limit: None,
        format: Format::Jsonl,
        guard_formulas: false,
        destination: Destination::File(path.clone()),
        force: false,
        at: wall(0),
        periods: Periods::default(),
        yardstick: Settings::load(Sources::default()).unwrap().realism.yardstick(),
        scorecards: None,
    };
    let runs = admin.list_runs().await.unwrap();
    let runs: Vec<_> = runs.into_iter().filter(|known| known.run_id == run).collect();
    let done = export(admin, &runs, &request, |_| {}).await.unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(done.rows, rows.len() as u64);
    rows
}

async fn check(history: &[Vec<Attempt>]) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/h.db", folder.path().display());
    let opened = open(&StoreUrl::parse(&url).unwrap(), &StoreOptions::default()).await.unwrap();
    let OpenStore { store, admin, .. } = opened;
    let run = new_run();
    let owned = Owned { run: run.run_id, owner: run.owner };
    store.open_run(run).await.unwrap();
    // What must count, worked out here: cycle -> attempt, agents.
    let mut counts: BTreeMap<i64, (i64, BTreeSet<String>)> = BTreeMap::new();
    for (number, attempts) in (0_u32..).zip(history) {
        for (replay, attempt) in (0_u32..).zip(attempts) {
            for agent in &attempt.agents {
                store
                    .commit_flow(arc(bought(key(owned, number, replay, *agent), false)))
                    .await
                    .unwrap();
            }
            if let Some(broken) = attempt.closed {
                store.record_cycle(cycle(owned, number, replay, broken)).await.unwrap();
                if !broken {
                    let agents = attempt.agents.iter().map(|n| format!("agent_{n:03}"));
                    let entry = (i64::from(replay), agents.collect());
                    counts.entry(i64::from(number)).or_insert(entry);
                }
            }
        }
    }
    let run = owned.run;
    for table in ["shopping_sessions", "shopping_session_events"] {
        let exclude = exported(&admin, run, table, ReplayFilter::Exclude).await;
        let only = exported(&admin, run, table, ReplayFilter::Only).await;
        let all = exported(&admin, run, table, ReplayFilter::All).await;
        assert!(exclude.iter().all(|row| row["replay"] == 0 && row["is_replay"] == false));
        assert!(only.iter().all(|row| row["replay"] != 0 && row["is_replay"] == true));
        let name = |row: &Value| (row["flow_id"].to_string(), row["seq"].as_i64());
        let mut parts: Vec<_> = exclude.iter().chain(&only).map(name).collect();
        let mut whole: Vec<_> = all.iter().map(name).collect();
        parts.sort();
        whole.sort();
        assert_eq!(parts, whole);
    }
    let mut found: BTreeMap<i64, (i64, BTreeSet<String>)> = BTreeMap::new();
    for row in exported(&admin, run, "shopping_sessions", ReplayFilter::Canonical).await {
        let (cycle, replay) = (row["cycle"].as_i64().unwrap(), row["replay"].as_i64().unwrap());
        let (attempt, agents) = found.entry(cycle).or_insert((replay, BTreeSet::new()));
        assert_eq!(*attempt, replay, "two attempts of cycle {cycle}");
        let agent = row["agent_id"].as_str().unwrap().to_owned();
        assert!(agents.insert(agent), "an agent twice in cycle {cycle}");
    }
    // A cycle in which nobody left a row counts and shows nothing.
    counts.retain(|_, (_, agents)| !agents.is_empty());
    assert_eq!(found, counts);
    admin.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_history_is_told_apart(history in attempts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(&history));
    }
}

#[tokio::test]
async fn a_freeze_is_named_as_the_reason_of_its_replay() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/f.db", folder.path().display());
    let opened = open(&StoreUrl::parse(&url).unwrap(), &StoreOptions::default()).await.unwrap();
    let OpenStore { store, admin, .. } = opened;
    let run = new_run();
    let owned = Owned { run: run.run_id, owner: run.owner };
    store.open_run(run).await.unwrap();
    for (replay, broken) in [(0, true), (1, false)] {
        store.commit_flow(arc(bought(key(owned, 2, replay, 0), false))).await.unwrap();
        store.record_cycle(cycle(owned, 2, replay, broken)).await.unwrap();
    }
    let again = json!({ "first": 2, "last": 2, "replay": 1 });
    for (kind, message, detail) in [
        (IncidentKind::Freeze, "frozen: 19 of 372 agents failed", json!({})),
        (IncidentKind::Resume, "an operator resumed the frozen run", json!({})),
        (IncidentKind::Replay, "cycles 2 to 2 are run again as replay 1", again),
    ] {
        let incident = Incident {
            run_id: owned.run,
            cycle: Cycle(2),
            replay: ReplayNumber(1),
            kind,
            agent_id: None,
            http_session: None,
            message: message.to_owned(),
            detail,
            simulated_at: start() + TimeDelta::hours(2),
            // The same instant for all three: their order is that of their meaning.
            recorded_at: wall(9),
        };
        store.record_incident(incident).await.unwrap();
    }
    let replays = exported(&admin, owned.run, "replays", ReplayFilter::Canonical).await;
    assert_eq!(replays.len(), 1);
    assert_eq!(replays[0]["cause"], "freeze");
    assert_eq!(replays[0]["replay_cause"], "frozen: 19 of 372 agents failed");
    assert_eq!(replays[0]["checkpoint"], Value::Null);
    assert_eq!(
        (&replays[0]["broken_flows"], &replays[0]["replayed_flows"]),
        (&1.into(), &1.into())
    );
    admin.close().await;
}
