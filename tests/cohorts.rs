//! Experiments of whole runs: nothing is found where nothing is, an effect is, and nobody changes
//! sides.

use std::collections::BTreeMap;

use actors::domain::experiment::drawn;
use actors::domain::ids::{AgentId, CohortName, RunId};
use actors::domain::persona::Persona;
use actors::ports::entropy::Entropy;
use actors::ports::store::RunState;
use actors::session_pool::request_meter::SharedMeter;
use analysis::cohorts::metrics::{AgentFigures, Metric};
use analysis::cohorts::{self, CohortError, CohortResults, reading, statistics};
use questions::Ask;
use questions::ledger::Books;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use store::{Admin, StoreOptions, StoreUrl, open};

use crate::support::binary::Place;
use crate::support::flows::wall;
use crate::support::whole_run::{Rows, mock_shop, personas, plan, ports, run_to_end};

/// Names under which the agents of one run are dealt out anew.
const RELABELLINGS: usize = 1_000;

/// A run of these agents with these settings, its database and its id.
async fn run(
    agents: Vec<Persona>,
    variables: &[(&str, &str)],
) -> (tempfile::TempDir, Admin, RunId) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/cartload.db", directory.path().display());
    let opened = open(&StoreUrl::parse(&url).unwrap(), &StoreOptions::default()).await.unwrap();
    opened.admin.insert_agents(agents, false, wall(0)).await.unwrap();
    let meter = SharedMeter::default();
    let (shop, traits) = mock_shop(&meter);
    let mut plan = plan(traits, variables);
    plan.entropy = Entropy::Seeded(5);
    let id = plan.run_id;
    let (ports, _checkpoints) = ports(shop, meter, opened.store);
    let finished = run_to_end(plan, ports).await;
    assert_eq!(finished.state, RunState::Completed);
    (directory, opened.admin, id)
}

fn agents(count: usize) -> Vec<Persona> {
    personas(count, &mut Xoshiro256PlusPlus::seed_from_u64(3))
}

fn p_value(results: &CohortResults, metric: Metric) -> f64 {
    let found = results.comparisons.iter().find(|c| c.metric == metric).unwrap();
    found.comparison.unwrap().p_value
}

/// How often two random halves of these agents differ by chance of under 5 %.
fn false_positives(figures: &[AgentFigures], metric: Metric) -> usize {
    let differs = |n: &usize| {
        let name = format!("relabelling_{n}");
        let mut halves = [Vec::new(), Vec::new()];
        for agent in figures {
            halves[drawn(&name, [0.5, 0.5], &AgentId::new(&agent.agent_id))].push(agent);
        }
        let (one, other) = (metric.of(&halves[0]).unwrap(), metric.of(&halves[1]).unwrap());
        statistics::compare(&one, &other).unwrap().p_value < 0.05
    };
    (0..RELABELLINGS).filter(differs).count()
}

#[actix::test]
async fn two_arms_that_are_alike_differ_in_5_of_100_relabellings_and_not_more() {
    let arms = r#"{"name":"a","share":0.5},{"name":"b","share":0.5}"#;
    let variables = [
        ("CARTLOAD_DAYS", "3"),
        ("CARTLOAD_START", "2026-01-05"),
        ("CARTLOAD_EXPERIMENT_NAME", "alike"),
        ("CARTLOAD_EXPERIMENT_ARMS", arms),
    ];
    let (_directory, admin, run) = run(agents(372), &variables).await;
    let since: BTreeMap<String, u32> = (1..=372).map(|n| (format!("agent_{n:03}"), 0)).collect();
    let answers = admin.at_once(reading::Reading(run)).await.unwrap();
    let figures = answers.figures(&since).unwrap();
    assert!(figures.iter().all(|f| f.visits > 0 && (f.weeks - 3.0 / 7.0).abs() < 1e-9));
    let of = |metric: &Metric| (*metric, false_positives(&figures, *metric));
    let found: Vec<(Metric, usize)> = Metric::ALL.iter().map(of).collect();
    println!("{found:?} of {RELABELLINGS} each");
    // One metric's thousand draws scatter by 7, and by the run's agents besides; five hardly do.
    assert!(found.iter().all(|(_, count)| (15..=85).contains(count)), "{found:?}");
    let all: usize = found.iter().map(|(_, count)| count).sum();
    assert!((30..=70).contains(&(all / found.len())), "{found:?}");
    let results = cohorts::results(&admin, run).await.unwrap();
    let counts: Vec<usize> = results.arms.iter().map(|arm| arm.exposed).collect();
    assert_eq!(counts.iter().sum::<usize>(), 372);
    assert!(!results.sample_ratio.unwrap().is_suspect, "{counts:?}");
    assert!(results.arms.iter().all(|arm| arm.strayed == 0 && arm.fixed == 0));
}

#[actix::test]
async fn an_arm_that_buys_more_readily_is_found_and_each_row_names_its_arm() {
    let arms = r#"{"name":"control","share":0.6},
        {"name":"bold","share":0.4,"overrides":{"behavior.checkout.base":0.8,
         "offers.targeted_per_refresh":4,"offers.coupon_life_days":3}}"#;
    let variables = [
        ("CARTLOAD_DAYS", "2"),
        ("CARTLOAD_START", "2026-01-05"),
        ("CARTLOAD_WARM_UP", "on"),
        ("CARTLOAD_EXPERIMENT_NAME", "checkout"),
        ("CARTLOAD_EXPERIMENT_ARMS", arms),
    ];
    let mut agents = agents(372);
    for agent in &mut agents[..5] {
        agent.cohort = Some(CohortName::new("bold"));
    }
    agents[5].cohort = Some(CohortName::new("vip"));
    let (_directory, admin, run) = run(agents, &variables).await;
    let results = cohorts::results(&admin, run).await.unwrap();
    for comparison in &results.comparisons {
        println!("{comparison:?}");
    }
    assert!(p_value(&results, Metric::Conversion) < 1e-6);
    assert!(p_value(&results, Metric::OrdersPerAgentWeek) < 0.05);
    let of = |metric| results.comparisons.iter().find(|c| c.metric == metric).unwrap().comparison;
    let lift = of(Metric::Conversion).unwrap().lift.unwrap();
    assert!(lift.low > 0.05 && lift.high < 0.6, "{lift:?}");
    assert!(!results.sample_ratio.unwrap().is_suspect);

    let (control, bold) = (&results.arms[0], &results.arms[1]);
    assert_eq!(control.exposed + bold.exposed, 371, "`vip` is in no arm");
    assert_eq!((control.fixed, bold.fixed), (0, 5));
    assert_eq!((control.strayed, bold.strayed), (0, 0));
    let share = control.exposed as f64 / 366.0;
    assert!((share - 0.6).abs() < 0.08, "{share}");

    let rows = Rows { admin: &admin, run };
    let is =
        async |what: &str, expected: i64| assert_eq!(rows.number(what).await, expected, "{what}");
    // The warm-up has five steps of release, each with its incident.
    is("COUNT(*) FROM incidents WHERE kind = 'exposure'", 5).await;
    for table in [
        "shopping_sessions",
        "shopping_session_events",
        "orders",
        "order_items",
        "coupon_interactions",
        "coupon_assignments",
    ] {
        let known = "('control', 'bold', 'vip')";
        is(&format!("COUNT(*) FROM {table} WHERE COALESCE(cohort, '') NOT IN {known}"), 0).await;
        let mixed = format!(
            "COUNT(*) FROM (SELECT agent_id, MIN(run_id) AS run_id FROM {table} GROUP BY agent_id \
             HAVING COUNT(DISTINCT cohort) > 1) AS mixed"
        );
        is(&mixed, 0).await;
    }
    // At the start 2 frontstore coupons and 4 others instead of 30, for 3 days instead of 14.
    let per_agent = |cohort: &str, count: u32| {
        format!(
            "COUNT(*) FROM (SELECT agent_id, MIN(run_id) AS run_id, MIN(cohort) AS cohort \
             FROM coupon_assignments WHERE cycle = 0 GROUP BY agent_id \
             HAVING COUNT(*) <> {count}) AS others WHERE cohort = '{cohort}'"
        )
    };
    is(&per_agent("bold", 6), 0).await;
    is(&per_agent("control", 32), 0).await;
    let life = "MAX(julianday(expires_at) - julianday(assigned_at)) FROM coupon_assignments";
    is(&format!("{life} WHERE cohort = 'bold'"), 3).await;
    is(&format!("{life} WHERE cohort = 'control'"), 14).await;
    let ledger = admin.at_once(Books(run)).await.unwrap().unwrap();
    assert!(ledger.findings.iter().all(|(_, _, rows)| rows.is_empty()), "{:?}", ledger.findings);
}

#[actix::test]
async fn a_run_without_an_experiment_has_no_results() {
    let (_directory, admin, run) = run(agents(10), &[("CARTLOAD_CYCLES", "2")]).await;
    let error = cohorts::results(&admin, run).await.unwrap_err();
    assert!(matches!(error, CohortError::NoExperiment(id) if id == run), "{error}");
    let other = RunId::fresh();
    let error = cohorts::results(&admin, other).await.unwrap_err();
    assert!(matches!(error, CohortError::UnknownRun(id) if id == other), "{error}");
}

#[test]
fn nobody_changes_sides_over_a_kill_and_a_resume_whatever_the_config_says_then() {
    let place = Place::new();
    let file = place.path().join("config/cartload.ron");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    let arms = "[(name: \"control\", share: 0.5), (name: \"bold\", share: 0.5, \
                overrides: {\"behavior.checkout.base\": 0.9})]";
    std::fs::write(&file, format!("(experiment: (name: \"one\", arms: {arms}))")).unwrap();
    let args = ["run", "--agents", "40", "--time-scale", "max", "--rate", "150"];
    let more = ["--warm-up", "off", "--start", "2026-01-05T10:00"];
    let mut command = place.command(&[&args[..], &more[..]].concat());
    let process = place.start_of(command.env("CARTLOAD_CHECKPOINTS_EVERY_CYCLES", "2"));
    place.wait_for("shopping_sessions WHERE cycle >= 3 AND status = 'active'");
    process.kill();
    std::fs::write(&file, format!("(experiment: (name: \"two\", arms: {arms}))")).unwrap();
    let fast = ["--time-scale", "max", "--rate", "unlimited", "--quiet"];
    place.expect(0, &[&["resume", "--cycles", "8"][..], &fast[..]].concat());

    assert!(place.count("shopping_sessions WHERE is_replay") > 0);
    for (n, name) in ["control", "bold"].into_iter().enumerate() {
        let ids: Vec<String> = (1..=40)
            .map(|n| format!("agent_{n:03}"))
            .filter(|id| drawn("one", [0.5, 0.5], &AgentId::new(id)) == n)
            .map(|id| format!("'{id}'"))
            .collect();
        assert!(ids.len() > 5);
        let ids = ids.join(", ");
        assert!(place.count(&format!("shopping_sessions WHERE cohort = '{name}'")) > 0);
        let others =
            format!("shopping_sessions WHERE cohort = '{name}' AND agent_id NOT IN ({ids})");
        assert_eq!(place.count(&others), 0, "{name}");
    }
    assert_eq!(place.count("shopping_sessions WHERE cohort IS NULL"), 0);
    assert_eq!(place.count("incidents WHERE kind = 'exposure'"), 1, "all at the start, once");
    let changed = "incidents WHERE kind = 'setting_changed' AND message LIKE '%experiment%'";
    assert_eq!(place.count(changed), 0);
}

#[test]
fn a_mistake_in_an_experiment_stops_the_command_with_its_line_and_code_3() {
    let place = Place::new();
    let file = place.path().join("mine.ron");
    let arms = "[\n(name: \"a\", share: 0.5),\n(name: \"b\", share: 0.5, \
                overrides: {\"behavior.chekout.base\": 0.9})]";
    std::fs::write(&file, format!("(experiment: (name: \"one\", arms: {arms}))")).unwrap();
    for command in [&["config", "check"][..], &["run", "--mock-api", "--mock-db"]] {
        let (out, err) = place.expect(3, &[command, &["--config", "mine.ron"]].concat());
        assert_eq!(out, "");
        assert!(err.contains("mine.ron:3:37"), "{err}");
        assert!(err.contains("did you mean `behavior.checkout.base`?"), "{err}");
    }
}
