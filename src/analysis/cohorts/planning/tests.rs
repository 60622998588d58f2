//! Plans whose truth is known.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;
use questions::agents::PersonaRow;

fn design(agents: u32, days: f64) -> Design {
    Design { agents, days, shares: vec![0.5, 0.5], power: 0.8 }
}

/// Agents whose orders of a day are Poisson with their own rate, which their budget tells.
fn lived(count: usize, days: u32) -> ([Vec<AgentFigures>; 2], Covariates) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut personas = Vec::new();
    let mut halves = [Vec::new(), Vec::new()];
    for n in 0..count {
        let agent_id = format!("agent_{n:04}");
        let known: f64 = rng.random_range(0.1..0.3);
        let rate = known + rng.random_range(0.0..0.1);
        let weekly_budget_cents = (100.0 * (known * 10.0).exp()) as i64 - 100;
        personas.push(PersonaRow {
            agent_id: agent_id.clone(),
            weekly_budget_cents,
            ..PersonaRow::default()
        });
        for half in &mut halves {
            let hours = days * 12;
            let orders = (0..hours).filter(|_| rng.random_bool(rate / 24.0)).count() as u32;
            let weeks = f64::from(hours) / 168.0;
            half.push(AgentFigures {
                agent_id: agent_id.clone(),
                weeks,
                orders,
                ..Default::default()
            });
        }
    }
    (halves, Covariates::of(&personas))
}

fn spread(count: usize, days: u32) -> Spread {
    let (halves, covariates) = lived(count, days);
    let [one, other] = halves.each_ref().map(|half| half.iter().collect::<Vec<_>>());
    let halves = [one.as_slice(), other.as_slice()];
    Spread::of(Metric::OrdersPerAgentWeek, halves, &covariates, days.into()).unwrap()
}

#[test]
fn halves_tell_what_stays_with_an_agent_from_what_evens_out() {
    let found = spread(4_000, 28);
    // Of a week: uniform 0.1-0.3 and 0-0.1 a day, times 7; Poisson of 0.25 a day.
    let stays = 49.0 * (0.04 + 0.01) / 12.0;
    assert!((found.mean - 1.75).abs() < 0.03, "{found:?}");
    assert!((found.stays / stays - 1.0).abs() < 0.15, "{found:?}, {stays}");
    assert!((found.evens_out / (49.0 * 0.25) - 1.0).abs() < 0.1, "{found:?}");
    assert!((0.65..0.95).contains(&found.explained), "0.8: {found:?}");
}

#[test]
fn a_shorter_run_and_a_longer_one_tell_the_same_of_a_third() {
    let plan = design(400, 56.0);
    let (short, long) = (spread(3_000, 14).power(&plan), spread(3_000, 56).power(&plan));
    assert!((short.plain.lift / long.plain.lift - 1.0).abs() < 0.08, "{short:?}, {long:?}");
}

#[test]
fn a_lift_shrinks_with_the_root_of_the_agents_and_the_agents_needed_find_their_lift() {
    let spread = spread(1_000, 28);
    let (few, many) = (spread.power(&design(400, 28.0)), spread.power(&design(1_600, 28.0)));
    assert!((few.plain.lift / many.plain.lift - 2.0).abs() < 1e-9);
    assert!(few.adjusted.lift < few.plain.lift);
    let needed = u32::try_from(few.plain.agents_for_10_percent).unwrap();
    let found = spread.power(&design(needed, 28.0)).plain.lift;
    assert!((0.0995..=0.1).contains(&found), "{found}");
    let three = Design { shares: vec![0.5, 0.3, 0.2], ..design(400, 28.0) };
    assert!(spread.power(&three).plain.lift > few.plain.lift, "the smallest arm finds least");
    let surer = Design { power: 0.9, ..design(400, 28.0) };
    assert!((spread.power(&surer).plain.lift / few.plain.lift - 3.2415 / 2.8016).abs() < 1e-3);
}

#[test]
fn a_metric_that_nobody_had_has_no_spread() {
    let (halves, covariates) = lived(40, 14);
    let [one, other] = halves.each_ref().map(|half| half.iter().collect::<Vec<_>>());
    assert_eq!(Spread::of(Metric::Redemption, [&one, &other], &covariates, 14.0), None);
    assert_eq!(Spread::of(Metric::RevenuePerAgentWeek, [&one, &other], &covariates, 14.0), None);
}

#[test]
fn what_cannot_be_planned_is_refused_with_the_way_out() {
    let refused = |design: Design| design.checked().unwrap_err().to_string();
    assert!(design(20, 14.0).checked().is_ok(), "10 in each arm");
    assert!(refused(design(19, 14.0)).contains("raise --agents to 20"));
    let shares = |shares: &[f64]| Design { shares: shares.to_vec(), ..design(400, 14.0) };
    for wrong in [&[1.0][..], &[0.5, 0.4], &[1.5, -0.5]] {
        assert!(refused(shares(wrong)).contains("whose sum is 1"), "{wrong:?}");
    }
    assert!(shares(&[1.0 / 3.0; 3]).checked().is_ok());
    assert!(refused(design(400, 0.0)).contains("--days must be above 0"));
    assert!(refused(Design { power: 1.0, ..design(400, 1.0) }).contains("--power"));
}

#[test]
fn the_built_in_table_has_each_metric_once_and_plans_with_it() {
    let plan = built_in::known();
    let metrics: Vec<Metric> = plan.spreads.iter().map(|spread| spread.metric).collect();
    assert_eq!(metrics, Metric::ALL);
    for spread in plan.spreads {
        let power = spread.power(&design(372, 28.0));
        assert!((0.01..2.0).contains(&power.plain.lift), "{power:?}");
        assert!(power.adjusted.lift <= power.plain.lift);
    }
}
