//! Opening a database: what an operator meets, and what the command line asks of it.

use std::time::{Duration, Instant};

use actors::domain::ids::{OwnerToken, RunId};
use actors::domain::persona::AgentStatus;
use actors::ports::store::StoreError;
use serde_json::json;
use store::admin::{AgentFilter, TakeOver};
use store::{OpenStore, StoreOpenError, StoreOptions, StoreUrl, TableError, open};

use crate::support::flows::Owned;
use crate::support::flows::{agent, arc, bought, key, new_run, persona, wall};
use crate::support::proxy::{Mode, Proxy};
use crate::support::{pgbouncer, postgres};

async fn opened(url: &str) -> Result<OpenStore, StoreOpenError> {
    let options = StoreOptions { pool_size: 5, ..StoreOptions::default() };
    open(&StoreUrl::parse(url).unwrap(), &options).await
}

#[tokio::test]
async fn a_file_in_a_missing_directory_is_named() {
    let error = opened("sqlite:///nowhere/at/all/cartload.db").await.err().unwrap();
    assert!(matches!(error, StoreOpenError::DirectoryMissing { .. }), "{error}");
    assert!(error.to_string().contains("mkdir -p /nowhere/at/all"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    std::fs::write(&path, "milk, bread, a good deal more than a hundred bytes ".repeat(50))
        .unwrap();
    let error = opened(&format!("sqlite://{}", path.display())).await.err().unwrap();
    assert!(matches!(error, StoreOpenError::NotADatabase { .. }), "{error}");
}

#[tokio::test]
async fn a_directory_in_place_of_a_file_cannot_be_written() {
    let directory = tempfile::tempdir().unwrap();
    let error = opened(&format!("sqlite://{}", directory.path().display())).await.err().unwrap();
    assert!(matches!(error, StoreOpenError::NotWritable { .. }), "{error}");
}

#[tokio::test]
async fn a_locked_file_is_named() {
    use diesel::connection::SimpleConnection;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cartload.db");
    let mut other =
        <diesel::SqliteConnection as diesel::Connection>::establish(path.to_str().unwrap())
            .unwrap();
    other.batch_execute("BEGIN EXCLUSIVE").unwrap();
    let error = opened(&format!("sqlite://{}", path.display())).await.err().unwrap();
    assert!(matches!(error, StoreOpenError::Locked { .. }), "{error}");
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_named() {
    let port = crate::support::server::free_port();
    let error = opened(&format!("postgres://u:hunter2@127.0.0.1:{port}/d")).await.err().unwrap();
    assert!(matches!(error, StoreOpenError::Unreachable { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}

/// As many as there are.
fn migrations() -> usize {
    let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let entries = std::fs::read_dir(home).unwrap();
    entries.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_opening_finds_everything_migrated() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/cartload.db", directory.path().display());
    let first = opened(&url).await.unwrap();
    first.admin.close().await;
    let closed = first.store.load_agents().await.unwrap_err();
    assert!(matches!(closed, StoreError::Closed), "{closed}");
    let second = opened(&url).await.unwrap();
    assert_eq!(second.admin.migrations_applied(), 0);
    let Some(port) = postgres::shared() else { return };
    let url =
        format!("postgres://postgres@127.0.0.1:{port}/{}", postgres::fresh_database(port).await);
    let first = opened(&url).await.unwrap();
    assert_eq!(first.admin.migrations_applied(), migrations());
    first.admin.close().await;
    let closed = first.store.load_agents().await.unwrap_err();
    assert!(matches!(closed, StoreError::Closed), "{closed}");
    assert_eq!(opened(&url).await.unwrap().admin.migrations_applied(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_refuses_is_told_with_its_fix() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let role = "DO $$ BEGIN CREATE ROLE guarded LOGIN PASSWORD 'open sesame'; \
                EXCEPTION WHEN duplicate_object THEN NULL; END $$";
    postgres::execute(port, &database, role).await;
    let at = |user: &str, database: &str| format!("postgres://{user}@127.0.0.1:{port}/{database}");
    let wrong = opened(&at("guarded:hunter2", &database)).await.err().unwrap();
    assert!(matches!(wrong, StoreOpenError::LoginRefused { .. }), "{wrong}");
    assert!(!format!("{wrong} {wrong:?}").contains("hunter2"), "{wrong}");
    let rights = opened(&at("guarded:open%20sesame", &database)).await.err().unwrap();
    assert!(matches!(rights, StoreOpenError::MissingRights { .. }), "{rights}");
    assert!(rights.to_string().contains("GRANT CREATE"), "{rights}");
    let missing = opened(&at("postgres", "nowhere")).await.err().unwrap();
    assert!(matches!(missing, StoreOpenError::NoSuchDatabase { .. }), "{missing}");
    let plain = opened(&format!("{}?sslmode=require", at("postgres", &database))).await;
    let plain = plain.err().unwrap();
    assert!(matches!(plain, StoreOpenError::NoTls { .. }), "{plain}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_own_tables_are_read_and_left_alone() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let theirs = "CREATE TABLE agents (agent_id text, age int); \
                  INSERT INTO agents VALUES ('agent_001', 41), ('agent_002', 19)";
    postgres::execute(port, &database, theirs).await;
    let url = format!("postgres://postgres@127.0.0.1:{port}/{database}");
    let open = opened(&url).await.unwrap();
    assert_eq!(open.admin.count_agents(None).await.unwrap(), 0, "ours are in a schema of its own");
    let StoreUrl::Postgres(server) = StoreUrl::parse(&url).unwrap() else { panic!("{url}") };
    let rows = store::table(&server, None, "agents").await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0], json!({ "agent_id": "agent_001", "age": 41 }));
    let error = store::table(&server, None, "nowhere").await.unwrap_err();
    assert!(
        matches!(error, TableError::Read(_)) && error.to_string().contains("nowhere"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_is_lowered_to_half_of_what_the_server_has_free() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let url = format!("postgres://postgres@127.0.0.1:{port}/{database}");
    let options = StoreOptions { pool_size: 10_000, ..StoreOptions::default() };
    let open = open(&StoreUrl::parse(&url).unwrap(), &options).await.unwrap();
    let max = open.store.pool_status().max;
    assert!((1..=198).contains(&max), "{max} of 400 connections: half of 397 at the most");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_url_migrates_for_a_pooled_one() {
    let (Some(direct), Some(pooled)) = (postgres::shared(), pgbouncer::shared()) else { return };
    let database = postgres::fresh_database(direct).await;
    let at = |port| format!("postgres://postgres@127.0.0.1:{port}/{database}");
    let StoreUrl::Postgres(migrate_url) = StoreUrl::parse(&at(direct)).unwrap() else {
        panic!("a Postgres URL")
    };
    let options =
        StoreOptions { pool_size: 3, migrate_url: Some(migrate_url), ..StoreOptions::default() };
    let open = open(&StoreUrl::parse(&at(pooled)).unwrap(), &options).await.unwrap();
    assert_eq!(open.admin.migrations_applied(), migrations());
    assert_eq!(open.store.pool_status().max, 3);
    assert_eq!(open.admin.count_agents(None).await.unwrap(), 0);
}

async fn manages_agents_and_runs(open: OpenStore) {
    let admin = &open.admin;
    let personas = |range: std::ops::Range<usize>| range.map(persona).collect::<Vec<_>>();
    assert_eq!(admin.insert_agents(personas(0..5), false, wall(0)).await.unwrap(), 5);
    assert_eq!(admin.insert_agents(personas(3..6), false, wall(0)).await.unwrap(), 1);
    let two = vec![agent(1), agent(2), agent(99)];
    assert_eq!(admin.set_agent_status(two, AgentStatus::Inactive, wall(0)).await.unwrap(), 2);
    assert_eq!(admin.count_agents(None).await.unwrap(), 6);
    assert_eq!(admin.count_agents(Some(AgentStatus::Active)).await.unwrap(), 4);
    let filter = AgentFilter { status: Some(AgentStatus::Inactive), cohort: None };
    let inactive = admin.list_agents(filter).await.unwrap();
    assert_eq!(
        inactive.iter().map(|p| p.agent_id.clone()).collect::<Vec<_>>(),
        [agent(1), agent(2)]
    );
    assert_eq!(open.store.load_agents().await.unwrap().len(), 4);
    assert_eq!(admin.insert_agents(personas(7..1_500), true, wall(0)).await.unwrap(), 1_493);
    assert_eq!(admin.count_agents(None).await.unwrap(), 1_493);

    let run = new_run();
    let owned = Owned { run: run.run_id, owner: run.owner };
    open.store.open_run(run).await.unwrap();
    open.store.open_flow(key(owned, 0, 0, 0)).await.unwrap();
    open.store.commit_flow(arc(bought(key(owned, 0, 0, 1), false))).await.unwrap();
    assert_eq!(admin.runs_with_active_rows().await.unwrap(), vec![owned.run]);
    let summary = admin.run_summary(owned.run).await.unwrap().unwrap();
    assert_eq!((summary.events, summary.orders, summary.order_cents), (3, 1, 900));
    assert_eq!(summary.flows.iter().map(|f| f.1).collect::<Vec<_>>(), [1, 1, 0, 0, 0]);
    assert_eq!(admin.run_summary(RunId::fresh()).await.unwrap(), None);

    let heir = OwnerToken::fresh();
    let alive = admin.take_over(owned.run, heir, None, wall(120)).await.unwrap();
    assert_eq!(alive, TakeOver::Owned { heartbeat_at: wall(0) });
    let dead = admin.take_over(owned.run, heir, None, wall(121)).await.unwrap();
    assert_eq!(dead, TakeOver::Taken);
    let late = open.store.heartbeat(owned.run, owned.owner, wall(122)).await.unwrap_err();
    assert!(matches!(late, StoreError::NotOwner(_)), "{late}");
    let locked = OwnerToken::fresh();
    let at_once = admin.take_over(owned.run, locked, Some(heir), wall(123)).await.unwrap();
    assert_eq!(at_once, TakeOver::Taken);
    let unknown = admin.take_over(RunId::fresh(), heir, None, wall(9_999)).await.unwrap();
    assert_eq!(unknown, TakeOver::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_manages_agents_and_runs() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/cartload.db", directory.path().display());
    manages_agents_and_runs(opened(&url).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_manages_agents_and_runs() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let url = format!("postgres://postgres@127.0.0.1:{port}/{database}");
    manages_agents_and_runs(opened(&url).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_shrinks_the_pool_and_fails_no_call() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let role = format!("CREATE ROLE few LOGIN; GRANT CREATE ON DATABASE {database} TO few");
    postgres::execute(port, &database, &role).await;
    let url = StoreUrl::parse(&format!("postgres://few@127.0.0.1:{port}/{database}")).unwrap();
    let options = StoreOptions { pool_size: 20, pool_set: 20, ..StoreOptions::default() };
    let open = open(&url, &options).await.unwrap();
    assert_eq!(open.store.pool_status().max, 20, "it was not full then");
    postgres::execute(port, &database, "ALTER ROLE few CONNECTION LIMIT 3").await;
    for _ in 0..3 {
        let calls = (0..60).map(|_| open.store.load_agents());
        for outcome in futures::future::join_all(calls).await {
            assert_eq!(outcome.unwrap(), vec![]);
        }
    }
    let max = open.store.pool_status().max;
    // On a busy machine it has meanwhile tried again, one more each 5 s.
    assert!((1..10).contains(&max), "{max} where the server allows 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_cut_by_the_server_are_replaced() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let url = format!("postgres://postgres@127.0.0.1:{port}/{database}");
    let open = opened(&url).await.unwrap();
    let run = new_run();
    let owned = Owned { run: run.run_id, owner: run.owner };
    open.store.open_run(run).await.unwrap();
    let cut = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    );
    for n in 0..8 {
        let record = arc(bought(key(owned, n, 0, 0), false));
        let commit = tokio::spawn(open.store.commit_flow(record.clone()));
        postgres::execute(port, "postgres", &cut).await;
        let mut outcome = commit.await.unwrap();
        for _ in 0..20 {
            match outcome {
                Ok(_) => break,
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
            outcome = open.store.commit_flow(record.clone()).await;
        }
        outcome.unwrap();
    }
    let rows = open.admin.count_rows(owned.run).await.unwrap();
    let of = |table: &str| rows.iter().find(|r| r.0 == table).unwrap().1;
    assert_eq!((of("shopping_sessions"), of("shopping_session_events")), (8, 24));
}

/// Asks until it is answered.
async fn asked_until_answered(open: &OpenStore) {
    let begin = Instant::now();
    loop {
        match open.store.load_agents().await {
            Ok(_) => return,
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "never answered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_back_is_noticed_within_a_second_and_a_half() {
    let Some(port) = postgres::shared() else { return };
    let proxy = Proxy::before(port);
    let database = postgres::fresh_database(port).await;
    let open = opened(&postgres::url(proxy.port, &database)).await.unwrap();
    let away = Duration::from_millis(3_300);
    // A busy machine only adds: the best of a few tries is the store's own.
    let mut best = Duration::MAX;
    for _ in 0..5 {
        proxy.set(Mode::Refuse);
        let back = async {
            tokio::time::sleep(away).await;
            let back = Instant::now();
            proxy.set(Mode::Forward);
            back
        };
        let ((), back) = tokio::join!(asked_until_answered(&open), back);
        best = best.min(back.elapsed());
        if best < Duration::from_millis(1_500) {
            break;
        }
    }
    println!("answered {} ms after the server was back", best.as_millis());
    assert!(best < Duration::from_millis(1_500), "{best:?}");
}

/// Opens so many connections: calls that wait for one lock need one each.
async fn fill(open: &OpenStore, port: u16, database: &str, connections: u32) {
    let lock = format!(
        "BEGIN; LOCK TABLE cartload.agents; \
         DO $$ BEGIN WHILE (SELECT count(*) FROM pg_locks WHERE NOT granted AND database = \
           (SELECT oid FROM pg_database WHERE datname = '{database}')) < {connections} \
           LOOP PERFORM pg_sleep(0.01); END LOOP; END $$; COMMIT"
    );
    let calls = async {
        let is_locked = "SELECT count(*)::text FROM pg_locks WHERE granted \
                         AND mode = 'AccessExclusiveLock' \
                         AND relation = 'cartload.agents'::regclass";
        while postgres::lines(port, database, is_locked).await != ["1"] {}
        let calls = (0..connections).map(|_| open.store.load_agents());
        futures::future::join_all(calls).await.into_iter().for_each(|outcome| {
            outcome.unwrap();
        });
    };
    tokio::join!(postgres::execute(port, database, &lock), calls);
    let deadline = Instant::now() + Duration::from_secs(30);
    while open.store.pool_status().idle < connections && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(open.store.pool_status().idle, connections);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_somebody_else_are_named_with_the_way_out() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    postgres::execute(port, &database, "CREATE TABLE agents (agent_id text)").await;
    let url = StoreUrl::parse(&postgres::url(port, &database)).unwrap();
    let options = StoreOptions { schema: "public".into(), ..StoreOptions::default() };
    let error = open(&url, &options).await.err().unwrap();
    assert!(matches!(error, StoreOpenError::SchemaInUse { .. }), "{error}");
    let said = error.to_string();
    for words in ["`public`", "\"agents\" already exists", "nothing was changed", "store.schema"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let theirs = "SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(postgres::lines(port, &database, theirs).await, ["1"]);
    open_with(&url, "cartload").await;
}

async fn open_with(url: &StoreUrl, schema: &str) {
    let options = StoreOptions { schema: schema.into(), ..StoreOptions::default() };
    open(url, &options).await.unwrap().admin.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_caller_is_not_held_up_by_each_of_many_dead_connections() {
    let Some(port) = postgres::shared() else { return };
    let proxy = Proxy::before(port);
    let database = postgres::fresh_database(port).await;
    let url = StoreUrl::parse(&postgres::url(proxy.port, &database)).unwrap();
    let options = StoreOptions { pool_size: 20, pool_set: 20, ..StoreOptions::default() };
    let open = open(&url, &options).await.unwrap();
    fill(&open, port, &database, 20).await;
    // All of them go silent, those to come do not.
    proxy.set(Mode::Swallow);
    tokio::time::sleep(Duration::from_millis(300)).await;
    proxy.set(Mode::Forward);
    let begin = Instant::now();
    asked_until_answered(&open).await;
    let took = begin.elapsed();
    println!("answered after {} ms behind 20 dead connections", took.as_millis());
    assert!(took < Duration::from_secs(12), "{took:?}: a second for each of 20 is too much");
}
