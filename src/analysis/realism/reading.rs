//! From the rows of a run to its counts.
//!
//! A row lies in the hour of its cycle, and a run begins on a full hour: hours and days are counted
//! in cycles.

use chrono::{Datelike, TimeDelta, Timelike};
use questions::bins::BinRow;
use questions::runs::KnownRun;
use questions::{Inquiry, Moment, baskets, campaigns, coupons, hours, pace, visits};

use super::RealismError;
use super::conduct::{self, Span};
use super::detection::Told;
use super::found::Findings;
use super::sample::{HOURS_OF_WEEK, Sample};
use super::statistics::Histogram;

/// Offer cycle and life of a coupon where the run's settings do not say, days: the defaults.
const REFRESH_DAYS: u64 = 7;
const COUPON_LIFE_DAYS: u64 = 14;

/// The questions about a run.
pub struct Reading(pub KnownRun);

/// What the database answers.
#[derive(Debug)]
pub struct Answers {
    /// Offer cycles lived to their end.
    campaigns_whole: i32,
    coupon_life_hours: u64,
    lived: hours::LivedRow,
    agent_hours: Vec<hours::SlotRow>,
    sessions: Vec<visits::EndedRow>,
    views: Vec<BinRow>,
    view_gaps: Vec<BinRow>,
    baskets: Vec<BinRow>,
    repeats: baskets::RepeatsRow,
    returns: Vec<BinRow>,
    products: baskets::ProductsRow,
    campaigns: campaigns::CampaignsRow,
    coupons: coupons::EndedRow,
    lags: Vec<BinRow>,
    findings: Findings,
    told: Told,
}

impl Inquiry for Reading {
    type Answers = Answers;

    async fn read<M: Moment>(self, moment: &mut M) -> Result<Answers, M::Fault> {
        let Self(KnownRun { run_id: run, simulated_start: start, settings, .. }) = self;
        let offset = start.weekday().num_days_from_monday() * 24 + start.hour();
        let offset = i32::try_from(offset).unwrap_or(0);
        let days = |key: &str, default| {
            let setting = settings.get("offers").and_then(|offers| offers.get(key));
            setting.and_then(|days| days.as_u64()).unwrap_or(default)
        };
        let period = days("refresh_every_days", REFRESH_DAYS) * 24;
        let period = i32::try_from(period).unwrap_or(168).max(1);
        let lived = moment.one(hours::lived(run)).await?;
        let lived_end = lived.end;
        let campaigns_whole = lived_end / period;
        let until = start.checked_add_signed(TimeDelta::hours(lived_end.into())).unwrap_or(start);
        let span = Span { offset, end: lived_end, until };
        let (findings, told) = conduct::read(moment, run, span).await?;
        Ok(Answers {
            campaigns_whole,
            coupon_life_hours: days("coupon_life_days", COUPON_LIFE_DAYS) * 24,
            lived,
            agent_hours: moment.ask(hours::by_hour_of_week(run, offset)).await?,
            sessions: moment.ask(visits::ended_by_hour_of_week(run, offset)).await?,
            views: moment.ask(pace::views(run)).await?,
            view_gaps: moment.ask(pace::gaps(run)).await?,
            baskets: moment.ask(baskets::lines(run)).await?,
            repeats: moment.one(baskets::repeats(run)).await?,
            returns: moment.ask(baskets::returns(run, offset)).await?,
            products: moment.one(baskets::products(run)).await?,
            campaigns: moment
                .one(campaigns::redeeming(run, period, campaigns_whole * period))
                .await?,
            coupons: moment.one(coupons::ended(run, until)).await?,
            lags: moment.ask(coupons::lags(run)).await?,
            findings,
            told,
        })
    }
}

/// Reads counts of what cannot be below zero.
struct Counts<'a> {
    run: &'a KnownRun,
}

impl Counts<'_> {
    fn count(&self, what: &'static str, number: impl Into<i64>) -> Result<u64, RealismError> {
        let number = number.into();
        u64::try_from(number).map_err(|_| RealismError::Unreadable {
            run_id: self.run.run_id.to_string(),
            what,
            given: number,
        })
    }

    fn histogram(&self, what: &'static str, rows: &[BinRow]) -> Result<Histogram, RealismError> {
        let bin = |row: &BinRow| Ok((self.count(what, row.value)?, self.count(what, row.seen)?));
        rows.iter().map(bin).collect()
    }
}

impl Sample {
    /// From the answers about the run.
    pub fn of(run: &KnownRun, answers: &Answers) -> Result<Self, RealismError> {
        let counts = Counts { run };
        let count = |what, number: i64| counts.count(what, number);
        let mut sample = Self {
            coupon_life_hours: answers.coupon_life_hours,
            findings: answers.findings.clone(),
            told: answers.told.clone(),
            hours_lived: count("cycles", answers.lived.hours)?,
            views: counts.histogram("product pages", &answers.views)?,
            view_gaps: counts.histogram("times between product pages", &answers.view_gaps)?,
            basket: counts.histogram("lines of orders", &answers.baskets)?,
            distinct_lines: count("products bought again", answers.repeats.pairs)?,
            lines: count("products bought again", answers.repeats.lines)?,
            return_days: counts.histogram("days between orders", &answers.returns)?,
            units: count("units of products", answers.products.units)?,
            top_units: count("units of products", answers.products.top_units)?,
            campaigns: count("campaigns", answers.campaigns.agents)?
                * u64::try_from(answers.campaigns_whole).unwrap_or(0),
            campaigns_redeeming: count("campaigns", answers.campaigns.redeeming)?,
            coupons_ended: count("coupons", answers.coupons.coupons)?,
            coupons_redeemed: count("coupons", answers.coupons.redeemed)?,
            lag_hours: counts.histogram("hours to a redemption", &answers.lags)?,
            ..Self::default()
        };
        for row in &answers.agent_hours {
            put(&mut sample.agent_hours, row.slot, count("agents released", row.released)?);
        }
        for row in &answers.sessions {
            let what = "shopping sessions";
            put(&mut sample.sessions, row.slot, count(what, row.visits)?);
            put(&mut sample.orders, row.slot, count(what, row.orders)?);
            sample.filled_carts += count(what, row.filled_carts)?;
        }
        Ok(sample)
    }
}

fn put(hours: &mut [u64; HOURS_OF_WEEK], hour: i32, count: u64) {
    if let Some(place) = usize::try_from(hour).ok().and_then(|hour| hours.get_mut(hour)) {
        *place += count;
    }
}
