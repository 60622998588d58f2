//! From figures to results: who counts, what is cautioned against.

use domain::ids::RunId;
use questions::agents::PersonaRow;
use uuid::Uuid;

use super::*;

const RUN: RunId = RunId(Uuid::nil());

fn agent(n: usize, orders: u32) -> AgentFigures {
    let cohort = if n.is_multiple_of(2) { "control" } else { "bold" };
    AgentFigures {
        agent_id: format!("agent_{n:03}"),
        weeks: 2.0,
        visits: 20,
        orders,
        revenue_cents: i64::from(orders) * (3_000 + (n as i64 / 2 % 11) * 50),
        assigned: 32,
        redeemed: orders / 2,
        cohorts: vec![cohort.to_owned()],
    }
}

/// 100 agents of two arms, the bold ones with `more` orders more than the others.
fn world(more: u32) -> (Vec<AgentFigures>, BTreeMap<String, Exposure>) {
    let orders = |n: usize| 5 + n as u32 % 7 + if n.is_multiple_of(2) { 0 } else { more };
    let figures: Vec<AgentFigures> =
        (0..100).map(|n| agent(n, orders(n / 2 * 2 + n % 2))).collect();
    let exposure = |f: &AgentFigures| {
        let exposure = Exposure { arm: f.cohorts[0].clone(), cycle: 0, fixed: false };
        (f.agent_id.clone(), exposure)
    };
    let exposures = figures.iter().map(exposure).collect();
    (figures, exposures)
}

fn judged(figures: &[AgentFigures], exposures: &BTreeMap<String, Exposure>) -> CohortResults {
    let arms = vec![("control".to_owned(), 0.5), ("bold".to_owned(), 0.5)];
    let plan = reading::Plan { name: "checkout".to_owned(), arms };
    judge(RUN, &plan, 336, (exposures, &Covariates::default()), figures)
}

fn comparison(results: &CohortResults, metric: Metric) -> Comparison {
    let found = results.comparisons.iter().find(|c| c.metric == metric).unwrap();
    found.comparison.unwrap()
}

#[test]
fn an_effect_is_found_with_its_size_and_what_has_none_is_calm() {
    let (figures, exposures) = world(4);
    let results = judged(&figures, &exposures);
    let orders = comparison(&results, Metric::OrdersPerAgentWeek);
    assert!(orders.p_value < 1e-6, "{orders:?}");
    assert!((orders.difference.value - 2.0).abs() < 0.1, "4 orders in 2 weeks: {orders:?}");
    assert!((orders.lift.unwrap().value - 0.5).abs() < 0.05, "{orders:?}");
    let basket = comparison(&results, Metric::Basket);
    assert!(basket.p_value > 0.01, "{basket:?}");
    assert_eq!((results.control.as_str(), results.arms.len()), ("control", 2));
    assert!(!results.sample_ratio.unwrap().is_suspect);
    assert_eq!(results.cautions.len(), 1, "only that there are several: {:?}", results.cautions);
}

#[test]
fn who_was_never_exposed_does_not_count_and_who_never_shopped_does() {
    let (mut figures, mut exposures) = world(0);
    exposures.remove("agent_000");
    figures[1] = AgentFigures { visits: 0, orders: 0, redeemed: 0, ..figures[1].clone() };
    let results = judged(&figures, &exposures);
    let (control, bold) = (&results.arms[0], &results.arms[1]);
    assert_eq!((control.exposed, control.shopped), (49, 49));
    assert_eq!((bold.exposed, bold.shopped), (50, 49));
}

#[test]
fn what_spoils_an_experiment_is_cautioned_against() {
    let (mut figures, mut exposures) = world(0);
    for n in (0..80).step_by(2) {
        exposures.remove(&format!("agent_{n:03}"));
    }
    exposures.get_mut("agent_001").unwrap().fixed = true;
    figures[3].cohorts.push("control".to_owned());
    let results = judged(&figures, &exposures);
    let cautions = results.cautions.join("; ");
    for part in [
        "do not have the shares",
        "control has 10 agents",
        "1 agents of bold were put there",
        "1 agents of bold have rows of another arm",
        "5 comparisons",
    ] {
        assert!(cautions.contains(part), "`{part}` is not in `{cautions}`");
    }
    assert_eq!(results.arms[1].fixed, 1);
}

#[test]
fn an_arm_without_anybody_gives_no_numbers_and_no_panic() {
    let (figures, exposures) = world(0);
    let control = exposures.into_iter().filter(|(_, e)| e.arm == "control").collect();
    let results = judged(&figures, &control);
    assert!(results.comparisons.iter().all(|c| c.comparison.is_none()));
    assert!(results.arms[1].metrics.iter().all(|m| m.value.is_none()));
    let json = serde_json::to_value(&results).unwrap();
    assert_eq!(json["arms"][1]["metrics"][0]["value"], serde_json::Value::Null);
    assert_eq!(json["comparisons"][0]["metric"], "orders_per_agent_week");
}

/// Personas whose budget is what agents order by.
fn spenders(figures: &[AgentFigures]) -> Covariates {
    let persona = |(n, f): (usize, &AgentFigures)| PersonaRow {
        agent_id: f.agent_id.clone(),
        shopping_frequency: ["weekly", "daily"][n / 2 % 7 / 4].to_owned(),
        weekly_budget_cents: i64::from(n as u32 % 7) * 5_000 + 100,
        impulsivity: (n * 37 % 100) as f64 / 100.0,
        price_sensitivity: (n * n * 53 % 97) as f64 / 100.0,
        ..PersonaRow::default()
    };
    Covariates::of(&figures.iter().enumerate().map(persona).collect::<Vec<_>>())
}

#[test]
fn an_adjusted_difference_stands_beside_the_plain_one_with_what_the_personas_explain() {
    let (figures, exposures) = world(1);
    let arms = vec![("control".to_owned(), 0.5), ("bold".to_owned(), 0.5)];
    let plan = reading::Plan { name: "checkout".to_owned(), arms };
    let results = judge(RUN, &plan, 336, (&exposures, &spenders(&figures)), &figures);
    let orders = &results.comparisons[0];
    let (plain, adjusted) = (orders.comparison.unwrap(), orders.adjusted.unwrap());
    assert!(adjusted.r_squared > 0.5, "{adjusted:?}");
    assert!(adjusted.interval_shrink > 0.3, "{adjusted:?}");
    assert!((adjusted.comparison.difference.value - 0.5).abs() < 0.15, "{adjusted:?}");
    assert!(adjusted.comparison.p_value < plain.p_value);
    let adjustment = &results.adjustments[0];
    assert_eq!(adjustment.arm, "bold");
    assert!(adjustment.covariates.iter().any(|name| name == "ln weekly_budget"));
    assert!(adjustment.dropped.iter().any(|name| name == "household_size"), "{adjustment:?}");
    let json = serde_json::to_value(&results).unwrap();
    assert!(json["comparisons"][0]["adjusted"]["difference"]["low"].is_number());
    assert_eq!(json["adjustments"][0]["why_not"], serde_json::Value::Null);
}

#[test]
fn where_nothing_is_known_of_agents_the_plain_difference_stands_alone_with_the_reason() {
    let (figures, exposures) = world(1);
    let results = judged(&figures, &exposures);
    assert!(results.comparisons.iter().all(|c| c.adjusted.is_none() && c.comparison.is_some()));
    let why = results.adjustments[0].why_not.as_deref().unwrap();
    assert!(why.contains("nothing that is known"), "{why}");
    let few: Vec<AgentFigures> = figures[..12].to_vec();
    let arms = vec![("control".to_owned(), 0.5), ("bold".to_owned(), 0.5)];
    let plan = reading::Plan { name: "checkout".to_owned(), arms };
    let results = judge(RUN, &plan, 336, (&exposures, &spenders(&few)), &few);
    let why = results.adjustments[0].why_not.as_deref().unwrap();
    assert!(why.contains("are too few for"), "{why}");
}
