//! What a scorecard is held against: a band for each dimension that has one, and which of them a
//! run must meet. The operator's settings fill it.

use super::band::Band;
use super::measure::Measure;

/// What `load` aims at: the hours of the day and the pace of a visit. The rest follows its figure
/// of shoppers an hour.
const TARGETS_OF_LOAD: [Measure; 4] =
    [Measure::HourOfDay, Measure::DayShare, Measure::NightShare, Measure::ViewGap];

/// What `lifelike`, and a preset of one's own, aims at. `Day7Peak` and `DepthResponse` are shown
/// and not held to: half a year of 372 agents leaves them wider than their bands.
const TARGETS: [Measure; 33] = [
    Measure::HourOfDay,
    Measure::DayShare,
    Measure::NightShare,
    Measure::WeekdayPeakToTrough,
    Measure::BasketMedian,
    Measure::SingleItem,
    Measure::CartAbandonment,
    Measure::CampaignsRedeeming,
    Measure::CouponsRedeemed,
    Measure::ViewGap,
    Measure::ProductGini,
    Measure::ZipfSlope,
    Measure::HabitLift,
    Measure::BuysAgain1Of5,
    Measure::BuysAgain5Of5,
    Measure::PairLiftCategories,
    Measure::PairLiftProducts,
    Measure::PriceElasticity,
    Measure::PromotionLift,
    Measure::LinesDiscounted,
    Measure::WeeksOverBudget,
    Measure::OrderToAvgCart,
    Measure::OrderValueCv,
    Measure::OrderValueIcc,
    Measure::LinesCv,
    Measure::LinesIcc,
    Measure::OrdersWithCoupon,
    Measure::TopDecileRedemptions,
    Measure::OwnWeekday,
    Measure::NextEventEntropy,
    Measure::ViewToAdd,
    Measure::SessionAuc,
    Measure::ReturnAfterAbandon,
];

/// Simulated days below which a run has too little of these and is not held to their bands.
const NEEDS_DAYS: [(Measure, u64); 12] = [
    (Measure::PriceElasticity, 56),
    (Measure::PromotionLift, 56),
    (Measure::OwnWeekday, 56),
    (Measure::Day7Peak, 56),
    (Measure::PairLiftProducts, 90),
    (Measure::PairLiftCategories, 90),
    (Measure::DepthResponse, 90),
    (Measure::BuysAgain1Of5, 180),
    (Measure::BuysAgain5Of5, 180),
    (Measure::OrderValueIcc, 180),
    (Measure::LinesIcc, 180),
    (Measure::TopDecileRedemptions, 180),
];

/// The shortest run, in simulated days, that is held to the dimension's band.
pub fn needs_days(measure: Measure) -> u64 {
    NEEDS_DAYS.iter().find(|(long, _)| *long == measure).map_or(0, |(_, days)| *days)
}

/// What counts as believable.
#[derive(Clone, Debug, PartialEq)]
pub struct Yardstick {
    /// What a miss of is a miss; `None`: what the run's preset aims at.
    pub targets: Option<Vec<Measure>>,
    /// The dimensions that have a band, each once.
    pub bands: Vec<(Measure, Band)>,
}

impl Yardstick {
    /// Where this dimension should lie; `None` for those without a band.
    pub fn band(&self, measure: Measure) -> Option<Band> {
        self.bands.iter().find(|(banded, _)| *banded == measure).map(|(_, band)| *band)
    }

    /// Whether a run of this preset is held to the dimension's band.
    pub fn is_target(&self, measure: Measure, preset: &str) -> bool {
        match &self.targets {
            Some(targets) => targets.contains(&measure),
            None if preset == "load" => TARGETS_OF_LOAD.contains(&measure),
            None => TARGETS.contains(&measure),
        }
    }
}
