//! What the preset's constants and the personas lead to, exactly: nothing is drawn.

use actors::agent::decision::{p_browse, p_shop};
use actors::agent::temporal::Rhythm;
use actors::domain::behavior::{Behavior, HourCurve};
use analysis::realism::measure::Measure;
use analysis::realism::sample::{HOURS_OF_WEEK, Sample};
use analysis::realism::{Dimension, Verdict, reference, scoring};
use chrono::{NaiveDate, TimeDelta};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use text::ron_text;

use super::bands;
use crate::support::whole_run::personas;

fn lifelike() -> Behavior {
    let text = include_str!("../../config/behavior/lifelike.ron");
    ron_text::parse("lifelike.ron", text).unwrap()
}

fn flat() -> Behavior {
    let hour_curve = HourCurve::try_from(vec![1.0; 24]).unwrap();
    Behavior { hour_curve, ..lifelike() }
}

/// The visits that a population would make in so many weeks that chance plays no part.
fn expected(behavior: &Behavior, seed: u64) -> Sample {
    const WEEKS: f64 = 100_000.0;
    /// Of the visits; which share it is moves no hour.
    const ORDERING: f64 = 0.3;
    let monday = NaiveDate::from_ymd_opt(2026, 6, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
    let mut sample = Sample { agent_hours: [372; HOURS_OF_WEEK], ..Sample::default() };
    for persona in personas(372, &mut Xoshiro256PlusPlus::seed_from_u64(seed)) {
        let rhythm = Rhythm::of(behavior, &persona);
        for hour in 0..HOURS_OF_WEEK {
            let at = monday + TimeDelta::hours(hour as i64);
            let shops = p_shop(behavior, &persona, &rhythm, at, 1.0);
            let browses = (1.0 - shops) * p_browse(behavior, &rhythm, at);
            sample.sessions[hour] += ((shops + browses) * WEEKS).round() as u64;
            sample.orders[hour] += (shops * ORDERING * WEEKS).round() as u64;
        }
    }
    sample
}

fn dimension(sample: &Sample, measure: Measure) -> Dimension {
    let dimensions = scoring::dimensions(sample, &bands(), "lifelike");
    dimensions.into_iter().find(|dimension| dimension.name == measure).unwrap()
}

#[test]
fn the_curve_of_lifelike_is_the_reference() {
    assert_eq!(lifelike().hour_curve.weights(), reference::hours());
}

#[test]
fn the_hours_and_days_of_lifelike_lie_well_inside_their_bands() {
    for seed in 0..8 {
        let sample = expected(&lifelike(), seed);
        for (measure, min, max) in [
            (Measure::HourOfDay, 0.0, 0.04),
            (Measure::DayShare, 61.0, 68.0),
            (Measure::NightShare, 1.0, 2.8),
            (Measure::WeekdayPeakToTrough, 1.12, 1.3),
        ] {
            let found = dimension(&sample, measure);
            let value = found.value.unwrap();
            println!("population {seed}: {measure} {value:.4}");
            assert!((min..=max).contains(&value), "population {seed}: {measure} {value}");
            assert_eq!(found.verdict, Verdict::Met);
        }
    }
}

#[test]
fn a_flat_curve_of_the_day_fails_by_its_hours_and_names_the_curve() {
    for seed in 0..8 {
        let sample = expected(&flat(), seed);
        let found = dimension(&sample, Measure::HourOfDay);
        assert_eq!(found.verdict, Verdict::Missed);
        assert_eq!(found.driver.constant, "hour_curve");
        let value = found.value.unwrap();
        assert!(value > 0.15, "population {seed}: {value}");
        assert_eq!(dimension(&sample, Measure::NightShare).verdict, Verdict::Missed);
        assert_eq!(dimension(&sample, Measure::WeekdayPeakToTrough).verdict, Verdict::Met);
    }
}
