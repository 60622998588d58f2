//! What a report is made of: the answers to its questions, all read at one moment.
//!
//! Behaviour is read from canonical rows; technical pictures from every attempt, because the shop
//! and the database had to bear all of them.

use std::sync::Arc;

use chrono::{Datelike, NaiveDateTime, Timelike};
use domain::ids::RunId;
use questions::bins::BinRow;
use questions::{
    Dialect, Inquiry, Moment, Nothing, Told, at_hand, baskets, coupons, cycles, hours, incidents,
    patterns, visits,
};

/// Buckets of a technical picture at most: what a page is wide enough for.
const BUCKETS_MAX: i32 = 200;
/// Incidents of one kind that are listed.
const INCIDENTS_OF_A_KIND_MAX: i32 = 40;
/// Reasons of a refusal that are listed; they are the shop's words.
const REASONS_MAX: i32 = 12;

/// Weeks of first orders whose shoppers are followed, and for how many weeks.
const COHORTS_MAX: i32 = 6;
const LATER_MAX: i32 = 26;

/// Is told what is asked next, in words; on the store's thread.
pub type Tell = Arc<dyn Fn(&'static str) + Send + Sync>;

/// The questions about a run.
#[derive(Clone)]
pub struct Reading {
    /// The run.
    pub run: RunId,
    /// Simulated begin of cycle 0.
    pub start: NaiveDateTime,
    /// The simulated instant until which it has lived.
    pub until: NaiveDateTime,
    /// Is told of each of them.
    pub tell: Tell,
}

/// What the database answers.
#[derive(Debug)]
pub struct Answers {
    /// Lived hours by day.
    pub days_lived: Vec<hours::DayRow>,
    /// Lived hours by hour of the day.
    pub hours_lived: Vec<hours::SlotRow>,
    /// Visits by day.
    pub visits_by_day: Vec<visits::SlotRow>,
    /// Visits by hour of the day.
    pub visits_by_hour: Vec<visits::SlotRow>,
    /// The steps to an order.
    pub steps: visits::StepsRow,
    /// How visits ended.
    pub ends: Vec<visits::EndRow>,
    /// Orders by their lines.
    pub lines: Vec<BinRow>,
    /// Orders by their units.
    pub units: Vec<BinRow>,
    /// Days between orders.
    pub gaps: Vec<BinRow>,
    /// Days to second orders.
    pub second_orders: Vec<BinRow>,
    /// Days of orders that have no second one.
    pub single_orders: Vec<BinRow>,
    /// Who ordered weeks after the first order.
    pub retained: Vec<patterns::RetainedRow>,
    /// Units of products.
    pub product_units: Vec<patterns::TileRow>,
    /// What shoppers paid.
    pub spending: Vec<patterns::TileRow>,
    /// Lines by what was taken off them.
    pub discount_depths: Vec<BinRow>,
    /// Weeks of products by price.
    pub prices: Vec<patterns::PriceRow>,
    /// What became of coupons.
    pub coupons: coupons::LifeRow,
    /// Those whose life has ended.
    pub coupons_ended: coupons::EndedRow,
    /// The steps they came to.
    pub coupon_steps: Vec<coupons::StepRow>,
    /// Why they were refused.
    pub refusals: Vec<coupons::RefusalRow>,
    /// Attempts at cycles.
    pub cycles: Vec<cycles::BucketRow>,
    /// Incidents by kind.
    pub incident_kinds: Vec<incidents::KindRow>,
    /// The first of each kind.
    pub incidents: Vec<incidents::IncidentRow>,
    /// Incidents by time.
    pub incident_times: Vec<incidents::BucketRow>,
}

impl Inquiry for Reading {
    type Answers = Answers;

    async fn read<M: Moment>(self, moment: &mut M) -> Result<Answers, M::Fault> {
        let Self { run, start, until, tell } = self;
        let hour = i32::try_from(start.hour()).unwrap_or(0);
        let weekday = i32::try_from(start.weekday().num_days_from_monday()).unwrap_or(0);
        let hour_of_week = weekday * 24 + hour;
        let mut moment = Told::new(moment, move |says| tell(says));
        Ok(Answers {
            days_lived: moment.ask(hours::by_day(run, hour)).await?,
            hours_lived: moment.ask(hours::by_hour_of_day(run, hour)).await?,
            visits_by_day: moment.ask(visits::by_day(run, hour)).await?,
            visits_by_hour: moment.ask(visits::by_hour_of_day(run, hour)).await?,
            steps: moment.one(visits::steps(run)).await?,
            ends: moment.ask(visits::ends(run)).await?,
            lines: moment.ask(baskets::lines(run)).await?,
            units: moment.ask(baskets::units(run)).await?,
            gaps: moment.ask(baskets::returns(run, hour)).await?,
            second_orders: moment.ask(patterns::second_orders(run, hour)).await?,
            single_orders: moment.ask(patterns::single_orders(run, hour)).await?,
            retained: moment.ask(patterns::retained(run, COHORTS_MAX, LATER_MAX)).await?,
            product_units: moment.ask(patterns::product_units(run)).await?,
            spending: moment.ask(patterns::spending(run)).await?,
            discount_depths: moment.ask(patterns::discount_depths(run)).await?,
            prices: moment.ask(patterns::prices(run, hour_of_week)).await?,
            coupons: moment.one(coupons::life(run, until)).await?,
            coupons_ended: moment.one(coupons::ended(run, until)).await?,
            coupon_steps: moment.ask(coupons::steps(run)).await?,
            refusals: moment.ask(coupons::refusals(run, REASONS_MAX)).await?,
            cycles: moment.ask(cycles::buckets(run, BUCKETS_MAX)).await?,
            incident_kinds: moment.ask(incidents::kinds(run)).await?,
            incidents: moment.ask(incidents::first(run, INCIDENTS_OF_A_KIND_MAX)).await?,
            incident_times: moment.ask(incidents::buckets(run, BUCKETS_MAX)).await?,
        })
    }
}

impl Answers {
    /// Of a run that is not there.
    pub fn of_nothing(tell: Tell) -> Self {
        let run = RunId::fresh();
        let (start, until) = (NaiveDateTime::default(), NaiveDateTime::default());
        let reading = Reading { run, start, until, tell };
        let answers = at_hand(reading.read(&mut Nothing(Dialect::Sqlite)));
        answers.expect("each question is given what it names: tests ask all of them")
    }
}

/// What is asked for a report, in words for a progress line.
pub fn questions() -> Vec<&'static str> {
    let (asked, questions) = std::sync::mpsc::channel();
    let tell = move |says| asked.send(says).expect("whoever listens is in this function");
    Answers::of_nothing(Arc::new(tell));
    questions.into_iter().collect()
}

/// A count as the database answers it; none is below zero.
pub fn count(number: impl Into<i64>) -> u64 {
    u64::try_from(number.into()).unwrap_or(0)
}

/// One of two numbers as a share; `None` of nothing.
pub fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
