//! A preset that carries what was estimated: constants that a figure gives at once, and constants
//! that are moved until a run shows the figure.

use domain::behavior::{Behavior, HourCurve};
use serde::Serialize;

use super::estimate::{Shape, Statistic};
use super::portrait::Portrait;

/// Hours of a week.
const HOURS: f64 = 168.0;
/// Orders a visit, before a run has shown it.
const ORDERS_A_VISIT: f64 = 0.4;
/// Added to each hour's share, percent: no hour is impossible because nobody was seen in it.
const HOUR_FLOOR: f64 = 0.02;
/// A constant moves by at most this factor at once.
const STEP_MAX: f64 = 4.0;

/// A constant that was replaced.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Carried {
    /// The constant.
    pub key: &'static str,
    /// As shipped.
    pub from: f64,
    /// As fitted.
    pub to: f64,
}

/// The own-price elasticity that shoppers of the shipped preset show, at a price sensitivity of
/// 0.5.
const SLOPE_OF_SHIPPED: f64 = 1.65;

/// The constants that the history's figures give without a run; `price_sensitivity` is the mean of
/// the personas.
pub fn direct(shipped: &Behavior, history: &Portrait, price_sensitivity: f64) -> Behavior {
    let mut fitted = Behavior { name: "fitted".to_owned(), ..shipped.clone() };
    if let Ok(rates) = &history.rates {
        let base = rates.of_classes().map(|rate| chance(rate / HOURS / ORDERS_A_VISIT));
        set_base(&mut fitted, base);
    }
    if let Ok(hours) = history.shares(Shape::Hours) {
        let percent: Vec<f64> =
            hours.iter().map(|share| round(share * 100.0 + HOUR_FLOOR)).collect();
        if let Ok(curve) = HourCurve::try_from(percent) {
            fitted.hour_curve = curve;
        }
    }
    if let Some(weekly) = history.value(Statistic::OwnWeekday) {
        fitted.habit.weekly = round(weekly.clamp(0.0, 0.9));
    }
    if let (Some(slope), Some(choice)) =
        (history.value(Statistic::Elasticity), fitted.choice.as_mut())
    {
        let asked = -slope / SLOPE_OF_SHIPPED / (0.5 + price_sensitivity);
        choice.elasticity = round((choice.elasticity * asked).clamp(0.0, 30.0));
    }
    fitted
}

/// The constants moved by what a run with them showed beside the history.
pub fn moved(fitted: &Behavior, history: &Portrait, run: &Portrait) -> Behavior {
    let mut next = fitted.clone();
    let ratio = |statistic| {
        let (target, seen) = (history.value(statistic)?, run.value(statistic)?);
        step(target / seen)
    };
    if let Some(by) = ratio(Statistic::OrdersPerWeek) {
        let base = fitted.shop_base;
        let bases = [base.frequent, base.regular, base.occasional, base.rare];
        set_base(&mut next, bases.map(|base| chance(base * by)));
    }
    // Where a history names no products the value of an order says how much is bought.
    let size = ratio(Statistic::LinesMean).or_else(|| ratio(Statistic::OrderValue));
    if let Some(by) = size {
        // Where visits are cut to the mean price shown, that is what sizes them.
        let dollars = fitted.look.dollars_per_product / by;
        next.look.dollars_per_product = round(dollars.clamp(0.05, 100.0));
        if let Some(prices) = next.money.as_mut().and_then(|m| m.prices_per_product.as_mut()) {
            *prices = round((*prices / by).clamp(0.01, 100.0));
        }
    }
    if let Some(by) = ratio(Statistic::LinesSpread) {
        next.look.sigma = round((fitted.look.sigma * by).clamp(0.0, 1.5));
    }
    if let (Some(choice), Some(by)) = (next.choice.as_mut(), ratio(Statistic::ZipfSlope)) {
        choice.zipf = round((choice.zipf * by).clamp(0.0, 12.0));
    }
    let lift = |portrait: &Portrait| portrait.value(Statistic::HabitLift).map(|lift| lift - 1.0);
    if let (Some(choice), Some(target), Some(seen)) =
        (next.choice.as_mut(), lift(history), lift(run))
    {
        let by = step(target.max(0.0) / seen.max(0.05)).unwrap_or(1.0 / STEP_MAX);
        choice.habit = round((choice.habit * by).clamp(0.0, 2.0));
    }
    next
}

/// What differs between two presets, constant by constant; the curve of the day is one.
pub fn carried(shipped: &Behavior, fitted: &Behavior) -> Vec<Carried> {
    let (s, f) = (shipped, fitted);
    let peak = |curve: HourCurve| curve.weights().into_iter().fold(0.0, f64::max);
    let mut pairs = vec![
        ("shop_base.frequent", s.shop_base.frequent, f.shop_base.frequent),
        ("shop_base.regular", s.shop_base.regular, f.shop_base.regular),
        ("shop_base.occasional", s.shop_base.occasional, f.shop_base.occasional),
        ("shop_base.rare", s.shop_base.rare, f.shop_base.rare),
        ("hour_curve (its peak)", peak(s.hour_curve), peak(f.hour_curve)),
        ("habit.weekly", s.habit.weekly, f.habit.weekly),
        ("look.dollars_per_product", s.look.dollars_per_product, f.look.dollars_per_product),
        ("look.sigma", s.look.sigma, f.look.sigma),
    ];
    let prices = |b: &Behavior| b.money.and_then(|money| money.prices_per_product);
    pairs.extend(prices(s).zip(prices(f)).map(|(s, f)| ("money.prices_per_product", s, f)));
    if let (Some(s), Some(f)) = (&s.choice, &f.choice) {
        pairs.extend([
            ("choice.zipf", s.zipf, f.zipf),
            ("choice.habit", s.habit, f.habit),
            ("choice.elasticity", s.elasticity, f.elasticity),
        ]);
    }
    let moved = pairs.into_iter().filter(|(_, from, to)| from.to_bits() != to.to_bits());
    moved.map(|(key, from, to)| Carried { key, from, to }).collect()
}

fn step(ratio: f64) -> Option<f64> {
    let fits = ratio.is_finite() && ratio > 0.0;
    fits.then(|| ratio.clamp(1.0 / STEP_MAX, STEP_MAX))
}

fn chance(base: f64) -> f64 {
    // Rates below a ten-thousandth a year are written as none: rounding would leave them at 0.
    (base.clamp(1e-7, 0.9) * 1e7).round() / 1e7
}

fn round(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

fn set_base(behavior: &mut Behavior, [frequent, regular, occasional, rare]: [f64; 4]) {
    let base = &mut behavior.shop_base;
    (base.frequent, base.regular) = (frequent, regular);
    (base.occasional, base.rare) = (occasional, rare);
}
