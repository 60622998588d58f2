//! Adjusted differences where the truth is known.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;
use crate::cohorts::statistics;

fn normal(rng: &mut Xoshiro256PlusPlus) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// Columns of agents: a number, a rare yes, and one that is the first over again.
fn people(rng: &mut Xoshiro256PlusPlus, count: usize) -> Vec<Vec<f64>> {
    let person = |_| {
        let trait_ = normal(rng);
        vec![trait_, f64::from(u8::from(rng.random_bool(0.3))), 2.0 * trait_ + 1.0]
    };
    (0..count).map(person).collect()
}

/// Outcomes that lean on the columns, the treated 0.5 higher and steeper, with skewed errors whose
/// size grows with the first column.
fn outcomes(rng: &mut Xoshiro256PlusPlus, people: &[Vec<f64>], is_treated: bool) -> Vec<f64> {
    let outcome = |row: &Vec<f64>| {
        let slope = if is_treated { 2.5 } else { 2.0 };
        let error = normal(rng).powi(2) - 1.0;
        let effect = if is_treated { 0.5 } else { 0.0 };
        5.0 + effect + slope * row[0] + row[1] + error * (1.0 + row[0].abs() / 2.0)
    };
    people.iter().map(outcome).collect()
}

fn rows(people: &[Vec<f64>]) -> Vec<&[f64]> {
    people.iter().map(Vec::as_slice).collect()
}

fn means(values: &[f64]) -> Ratio {
    let parts: Vec<(f64, f64)> = values.iter().map(|value| (*value, 1.0)).collect();
    statistics::ratio(&parts).unwrap()
}

#[test]
fn the_interval_holds_the_truth_in_95_of_100_cases_and_is_narrower_than_the_plain_one() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let (mut held, mut shrinks) = (0, 0.0);
    for _ in 0..1_000 {
        let people = [people(&mut rng, 150), people(&mut rng, 100)];
        let values = [outcomes(&mut rng, &people[0], false), outcomes(&mut rng, &people[1], true)];
        let columns = [rows(&people[0]), rows(&people[1])];
        let kept = independent(&[&columns[0], &columns[1]]);
        assert_eq!(kept, [0, 1], "the third is the first over again");
        let [control, group] =
            [0, 1].map(|at| Group { values: values[at].clone(), columns: columns[at].clone() });
        let found = adjust(&control, &group, &kept).unwrap();
        assert!((0.2..0.95).contains(&found.r_squared), "{found:?}");
        let adjusted = statistics::compare(&found.control, &found.group).unwrap().difference;
        let plain = statistics::compare(&means(&values[0]), &means(&values[1])).unwrap();
        held += usize::from((adjusted.low..=adjusted.high).contains(&0.5));
        shrinks +=
            1.0 - (adjusted.high - adjusted.low) / (plain.difference.high - plain.difference.low);
    }
    assert!((930..=970).contains(&held), "{held} of 1,000");
    assert!((0.2..0.5).contains(&(shrinks / 1_000.0)), "{shrinks}");
}

/// By hand: one column, so that slopes are sums of products.
#[test]
fn with_one_column_it_is_the_mean_moved_along_the_slope() {
    let columns: [Vec<Vec<f64>>; 2] = [
        (0..8).map(|n| vec![f64::from(n)]).collect(),
        (0..8).map(|n| vec![f64::from(n) + 2.0]).collect(),
    ];
    let control = Group {
        values: columns[0].iter().map(|row| 3.0 * row[0]).collect(),
        columns: rows(&columns[0]),
    };
    let group = Group {
        values: columns[1].iter().map(|row| 3.0 * row[0] + 1.0).collect(),
        columns: rows(&columns[1]),
    };
    let found = adjust(&control, &group, &[0]).unwrap();
    assert!((found.control.value - 13.5).abs() < 1e-9, "3 x 4.5: {found:?}");
    assert!((found.group.value - 14.5).abs() < 1e-9, "{found:?}");
    assert!(found.control.variance < 1e-18 && (found.r_squared - 1.0).abs() < 1e-9);
    assert_eq!(found.control.agents, 7);
}

/// HC2 by the textbook, of a line through four points at the mean of two groups that are alike.
#[test]
fn the_variance_is_that_of_hc2() {
    let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let y = [1.0, 0.0, 3.0, 2.0, 6.0, 4.0, 9.0, 5.0];
    let columns: Vec<Vec<f64>> = x.iter().map(|x| vec![*x]).collect();
    let group = || Group { values: y.to_vec(), columns: rows(&columns) };
    let found = adjust(&group(), &group(), &[0]).unwrap();
    let middle = (3.5, 3.75);
    let square: f64 = x.iter().map(|x| (x - middle.0).powi(2)).sum();
    let slope = x.iter().zip(y).map(|(x, y)| (x - middle.0) * (y - middle.1)).sum::<f64>() / square;
    let expected: f64 = x
        .iter()
        .zip(y)
        .map(|(x, y)| {
            let error = y - middle.1 - slope * (x - middle.0);
            error.powi(2) / 64.0 / (1.0 - 1.0 / 8.0 - (x - middle.0).powi(2) / square)
        })
        .sum();
    assert!((found.control.variance - expected).abs() < 1e-12, "{found:?}, {expected}");
    assert!((found.control.value - middle.1).abs() < 1e-12);
}

#[test]
fn too_few_agents_and_columns_that_say_nothing_are_told() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
    let few = people(&mut rng, 8);
    let group = || Group { values: vec![1.0; 8], columns: rows(&few) };
    let error = adjust(&group(), &group(), &[0, 1, 2]).unwrap_err();
    assert_eq!(error, NotAdjusted::TooFewAgents { agents: 8, covariates: 3, least: 16 });
    assert!(adjust(&group(), &group(), &[0]).is_ok(), "one column needs eight");
    assert_eq!(adjust(&group(), &group(), &[]), Err(NotAdjusted::NoCovariates));
    assert_eq!(explained(&group()), Ok(0.0), "what does not vary is not explained");
}

#[test]
fn a_word_that_four_agents_of_a_group_have_is_left_out_and_one_that_five_have_is_not() {
    let of = |yes: usize| -> Vec<Vec<f64>> {
        (0..40).map(|n| vec![f64::from(u8::from(n < yes))]).collect()
    };
    let (four, five) = (of(4), of(5));
    assert_eq!(independent(&[&rows(&five), &rows(&five)]), [0]);
    assert!(independent(&[&rows(&five), &rows(&four)]).is_empty());
    assert!(independent(&[]).is_empty());
}

#[test]
fn what_columns_explain_does_not_grow_with_columns_of_noise() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let noise: Vec<Vec<f64>> =
        (0..100).map(|_| (0..20).map(|_| normal(&mut rng)).collect()).collect();
    let values: Vec<f64> = (0..100).map(|_| normal(&mut rng)).collect();
    let of_noise = explained(&Group { values, columns: rows(&noise) }).unwrap();
    assert!(of_noise < 0.25, "a third of it is noise fitted: {of_noise}");
    let values = noise.iter().map(|row| row[0] + 0.5 * normal(&mut rng)).collect();
    let of_truth = explained(&Group { values, columns: rows(&noise) }).unwrap();
    assert!((0.65..0.92).contains(&of_truth), "0.8: {of_truth}");
}
