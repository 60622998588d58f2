//! From counts to the dimensions of the scorecard.

use super::band::Band;
use super::measure::Measure;
use super::reference::{self, HOURS_SOURCE, WEEKDAY_NAMES, WEEKDAYS_SOURCE};
use super::sample::{HOURS_OF_WEEK, Sample};
use super::statistics::{self, Estimate};
use super::yardstick::{Yardstick, needs_days};
use super::{Bin, Denominator, Dimension, Verdict};

/// A value, what it is taken on and its picture.
struct Measured {
    estimate: Option<Estimate>,
    n: u64,
    profile: Vec<Bin>,
    /// Why the run cannot answer; empty where it can.
    reason: &'static str,
}

impl Measured {
    fn of(estimate: Option<Estimate>, n: u64) -> Self {
        Self { estimate, n, profile: Vec::new(), reason: "" }
    }
}

/// Every dimension, in the order of [`Measure::ALL`].
pub fn dimensions(sample: &Sample, yardstick: &Yardstick, preset: &str) -> Vec<Dimension> {
    let figures = reference::figures();
    let dimension = |measure: &Measure| {
        let measure = *measure;
        let Measured { estimate, n, profile, reason } = measured(sample, measure);
        let band = yardstick.band(measure);
        let aimed_at = yardstick.is_target(measure, preset);
        let reason = why_not(measure, sample, aimed_at, reason);
        let targeted = aimed_at && reason.is_empty();
        let definition = measure.definition();
        let figure = figures.get(&measure);
        let verdict = match band.filter(|_| targeted) {
            None => Verdict::NotTargeted,
            Some(band) => estimate.map_or(Verdict::TooFewData, |found| verdict(band, found)),
        };
        Dimension {
            name: measure,
            title: definition.title,
            statistic: definition.statistic,
            value: estimate.map(|e| e.value),
            unit: definition.unit,
            sampling_error: estimate.map(|e| e.error),
            denominator: Denominator { name: definition.denominator, n },
            band,
            targeted,
            verdict,
            reason,
            driver: definition.driver,
            reference: figure.map(|figure| figure.value),
            source: source(measure),
            profile,
        }
    };
    Measure::ALL.iter().map(dimension).collect()
}

/// Why a run is not held to a band: its data cannot answer, it is too short, its preset does not
/// aim at it. Empty where it is.
fn why_not(measure: Measure, sample: &Sample, aimed_at: bool, reason: &str) -> String {
    let (needs, lived) = (needs_days(measure), sample.hours_lived / 24);
    if !reason.is_empty() {
        reason.to_owned()
    } else if lived < needs {
        format!("needs {needs} days, the run has {lived}")
    } else if aimed_at {
        String::new()
    } else {
        "the preset does not aim at it".to_owned()
    }
}

/// A value that chance alone could have put on the other side of the band's ends is no verdict.
fn verdict(band: Band, Estimate { value, error }: Estimate) -> Verdict {
    let is_beyond_chance = value - error > band.max || value + error < band.min;
    if error > band.error_max() && !is_beyond_chance {
        return Verdict::TooFewData;
    }
    if band.contains(value) { Verdict::Met } else { Verdict::Missed }
}

fn source(measure: Measure) -> String {
    match (measure, reference::figures().get(&measure)) {
        (_, Some(figure)) if figure.of.is_empty() => figure.source.clone(),
        (_, Some(figure)) => format!("{}, {}", figure.source, figure.of),
        (Measure::WeekdayProfile, None) => WEEKDAYS_SOURCE.to_owned(),
        (_, None) => HOURS_SOURCE.to_owned(),
    }
}

fn measured(sample: &Sample, measure: Measure) -> Measured {
    match measure {
        Measure::HourOfDay => hour_of_day(sample, &sample.orders),
        Measure::HourOfDaySessions => hour_of_day(sample, &sample.sessions),
        Measure::DayShare => hours_share(sample, 9, 16),
        Measure::NightShare => hours_share(sample, 0, 5),
        Measure::WeekdayPeakToTrough => peak_to_trough(sample),
        Measure::WeekdayProfile => weekday_profile(sample),
        Measure::BasketMedian => median(&sample.basket, 1.0),
        Measure::SingleItem => {
            let single = sample.basket.get(&1).copied().unwrap_or(0);
            share(single, statistics::count(&sample.basket))
        }
        Measure::CartAbandonment => {
            let left = sample.filled_carts.saturating_sub(sample.orders_total());
            share(left, sample.filled_carts)
        }
        Measure::CampaignsRedeeming => share(sample.campaigns_redeeming, sample.campaigns),
        Measure::CouponsRedeemed => share(sample.coupons_redeemed, sample.coupons_ended),
        Measure::ViewGap => median(&sample.view_gaps, 10.0),
        Measure::ReorderShare => {
            share(sample.lines.saturating_sub(sample.distinct_lines), sample.lines)
        }
        Measure::ReturnWithin7Days => {
            let soon = sample.return_days.range(..=7).map(|(_, returns)| returns).sum();
            share(soon, statistics::count(&sample.return_days))
        }
        Measure::ReturnOnDay7 => {
            let on_day = sample.return_days.get(&7).copied().unwrap_or(0);
            share(on_day, statistics::count(&sample.return_days))
        }
        Measure::TopProducts => share(sample.top_units, sample.units),
        Measure::CouponLag => median(&sample.lag_hours, 24.0),
        Measure::CouponWindowPosition => {
            median(&sample.lag_hours, sample.coupon_life_hours.max(1) as f64)
        }
        Measure::Conversion => share(sample.orders_total(), sample.sessions_total()),
        Measure::ViewsPerSession => median(&sample.views, 1.0),
        Measure::Day7Peak => day_7_peak(&sample.return_days),
        Measure::ProductGini
        | Measure::ZipfSlope
        | Measure::HabitLift
        | Measure::BuysAgain1Of5
        | Measure::BuysAgain5Of5
        | Measure::PairLiftCategories
        | Measure::PairLiftProducts
        | Measure::PriceElasticity
        | Measure::PromotionLift
        | Measure::LinesDiscounted
        | Measure::WeeksOverBudget
        | Measure::OrderToAvgCart
        | Measure::OrderValueCv
        | Measure::OrderValueIcc
        | Measure::LinesCv
        | Measure::LinesIcc
        | Measure::OrdersWithCoupon
        | Measure::DepthResponse
        | Measure::TopDecileRedemptions
        | Measure::OwnWeekday
        | Measure::NextEventEntropy
        | Measure::ViewToAdd
        | Measure::SessionAuc
        | Measure::ReturnAfterAbandon => {
            let found = sample.findings.get(&measure).copied().unwrap_or_default();
            Measured { reason: found.reason, ..Measured::of(found.estimate, found.n) }
        }
    }
}

/// Returns on day 7 over the mean of the days beside it.
fn day_7_peak(days: &statistics::Histogram) -> Measured {
    let on = |day| days.get(&day).copied().unwrap_or(0);
    let (peak, beside) = (on(7), on(6) + on(8));
    let rates = (peak as f64, beside as f64 / 2.0);
    Measured::of(statistics::ratio(rates, (peak, beside)), peak + beside)
}

/// The median of values that are kept as whole numbers of `parts` to the unit.
fn median(histogram: &statistics::Histogram, parts: f64) -> Measured {
    let estimate = statistics::median(histogram)
        .map(|found| Estimate { value: found.value / parts, error: found.error / parts });
    Measured::of(estimate, statistics::count(histogram))
}

fn share(part: u64, n: u64) -> Measured {
    let estimate = statistics::percent(part as f64 / n as f64, n);
    Measured::of(estimate, n)
}

fn hour_of_day(sample: &Sample, events: &[u64; HOURS_OF_WEEK]) -> Measured {
    let n = events.iter().sum();
    let rates = sample.by_hour(events);
    let distance = rates.and_then(|r| statistics::kolmogorov_smirnov(r, reference::hours()));
    let estimate = distance.map(|value| Estimate { value, error: statistics::kolmogorov_error(n) });
    let profile = profile(rates, reference::hours(), |hour| hour.to_string());
    Measured { profile, ..Measured::of(estimate, n) }
}

/// Orders of the hours from `first` to `last`, both included.
fn hours_share(sample: &Sample, first: usize, last: usize) -> Measured {
    let n = sample.orders_total();
    let shares = sample.by_hour(&sample.orders).and_then(statistics::shares);
    let part = shares.map(|shares| shares[first..=last].iter().sum());
    let estimate = part.and_then(|part: f64| statistics::percent(part, n));
    Measured::of(estimate, n)
}

fn peak_to_trough(sample: &Sample) -> Measured {
    let n = sample.sessions_total();
    let estimate = sample.by_weekday(&sample.sessions).and_then(|rates| {
        let by_rate = |a: &usize, b: &usize| rates[*a].total_cmp(&rates[*b]);
        let (peak, trough) = ((0..7).max_by(by_rate)?, (0..7).min_by(by_rate)?);
        let counts = [peak, trough].map(|day| Sample::of_weekday(&sample.sessions, day));
        statistics::ratio((rates[peak], rates[trough]), (counts[0], counts[1]))
    });
    Measured::of(estimate, n)
}

fn weekday_profile(sample: &Sample) -> Measured {
    let n = sample.orders_total();
    let rates = sample.by_weekday(&sample.orders);
    let reference = reference::weekdays();
    let distance = rates.and_then(|rates| statistics::total_variation(rates, reference));
    let error = statistics::total_variation_error(reference, n);
    let estimate = distance.zip(error).map(|(value, error)| Estimate { value, error });
    let profile = profile(rates, reference, |day| WEEKDAY_NAMES[day].to_owned());
    Measured { profile, ..Measured::of(estimate, n) }
}

fn profile<const N: usize>(
    rates: Option<[f64; N]>,
    reference: [f64; N],
    label: fn(usize) -> String,
) -> Vec<Bin> {
    let observed = rates.and_then(statistics::shares);
    let Some((observed, reference)) = observed.zip(statistics::shares(reference)) else {
        return Vec::new();
    };
    let bins = observed.into_iter().zip(reference).enumerate();
    bins.map(|(at, (observed, reference))| Bin {
        label: label(at),
        observed: observed * 100.0,
        reference: reference * 100.0,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realism::found::{Findings, Found};

    const SLOPE: Measure = Measure::ZipfSlope;
    const DOSE: Measure = Measure::BuysAgain5Of5;

    fn scored(hours_lived: u64, (measure, found): (Measure, Found), band: Band) -> Dimension {
        let findings = Findings::from([(measure, found)]);
        let sample = Sample { hours_lived, findings, ..Sample::default() };
        let yardstick = Yardstick { targets: Some(vec![measure]), bands: vec![(measure, band)] };
        let mut dimensions = dimensions(&sample, &yardstick, "lifelike").into_iter();
        dimensions.find(|dimension| dimension.name == measure).unwrap()
    }

    fn found(value: f64) -> Found {
        Found { estimate: Some(Estimate { value, error: 0.01 }), n: 900, reason: "" }
    }

    #[test]
    fn a_band_below_zero_has_two_sides() {
        let band = Band::new(-0.75, -0.45);
        let verdict = |value| scored(24, (SLOPE, found(value)), band).verdict;
        assert_eq!(verdict(-0.75), Verdict::Met);
        assert_eq!(verdict(-0.45), Verdict::Met);
        assert_eq!((verdict(-0.76), verdict(-0.44)), (Verdict::Missed, Verdict::Missed));
        assert_eq!(verdict(0.6), Verdict::Missed);
    }

    #[test]
    fn a_run_that_is_too_short_for_a_band_is_not_held_to_it() {
        let band = Band::new(55.0, 75.0);
        let short = scored(180 * 24 - 1, (DOSE, found(10.0)), band);
        assert_eq!((short.verdict, short.targeted), (Verdict::NotTargeted, false));
        assert_eq!(short.reason, "needs 180 days, the run has 179");
        assert_eq!((short.value, short.band), (Some(10.0), Some(band)), "shown all the same");
        let long = scored(180 * 24, (DOSE, found(10.0)), band);
        assert_eq!((long.verdict, long.reason.as_str()), (Verdict::Missed, ""));
    }

    #[test]
    fn data_that_cannot_answer_are_never_met_and_say_why() {
        let refused = found(-0.5).refused("no price moved in the run");
        let card = scored(24, (SLOPE, refused), Band::new(-0.75, -0.45));
        assert_eq!((card.value, card.verdict), (None, Verdict::NotTargeted));
        assert_eq!(card.reason, "no price moved in the run");
        let nothing = scored(24, (SLOPE, Found::default()), Band::new(-0.75, -0.45));
        assert_eq!(nothing.verdict, Verdict::TooFewData);
    }

    #[test]
    fn day_seven_is_set_against_the_days_beside_it() {
        let days = [(6, 10), (7, 15), (8, 10)].into();
        let measured = day_7_peak(&days);
        assert_eq!((measured.estimate.map(|found| found.value), measured.n), (Some(1.5), 35));
        assert_eq!(day_7_peak(&statistics::Histogram::new()).estimate, None);
    }
}
