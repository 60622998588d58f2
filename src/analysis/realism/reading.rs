//! The counts of a run from its canonical rows, one aggregate statement each.
//!
//! A row lies in the hour of its cycle, and a run begins on a full hour: hours and days are counted
//! in cycles, so that the same statements do for both databases.

use chrono::{Datelike, TimeDelta, Timelike};
use store::Admin;
use store::admin::KnownRun;
use store::admin::export::{Bind, Cell, Dialect, Statement};

use super::RealismError;
use super::sample::{HOURS_OF_WEEK, Sample};
use super::statistics::Histogram;

/// Offer cycle and life of a coupon where the run's settings do not say, days: the defaults.
const REFRESH_DAYS: u64 = 7;
const COUPON_LIFE_DAYS: u64 = 14;

const LIVED: &str = "SELECT COUNT(*), COALESCE(MAX(cycle) + 1, 0) FROM canonical_cycles \
    WHERE run_id = {run}";
const AGENT_HOURS: &str = "SELECT (cycle + {offset}) % 168 AS hour, SUM(released) \
    FROM canonical_cycles WHERE run_id = {run} GROUP BY 1";
/// What shoppers ended themselves.
const SESSIONS: &str = "SELECT (cycle + {offset}) % 168 AS hour, COUNT(*), \
    SUM(CASE WHEN status = 'completed' THEN 1 ELSE 0 END), \
    SUM(CASE WHEN cart_units > 0 THEN 1 ELSE 0 END) \
    FROM canonical_shopping_sessions WHERE run_id = {run} \
    AND status IN ('completed', 'abandoned', 'browsed') \
    AND end_reason IN ('done', 'cart_empty', 'checkout_declined', 'refused') GROUP BY 1";
const BASKET: &str = "SELECT lines, COUNT(*) FROM (SELECT COUNT(*) AS lines \
    FROM canonical_order_items WHERE run_id = {run} GROUP BY flow_id) o GROUP BY lines";
const LINES: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(times), 0) AS BIGINT) FROM (\
    SELECT COUNT(*) AS times FROM canonical_order_items WHERE run_id = {run} \
    GROUP BY agent_id, product_id) p";
const RETURNS: &str = "SELECT days, COUNT(*) FROM (SELECT (cycle + {offset}) / 24 \
    - LAG((cycle + {offset}) / 24) OVER (PARTITION BY agent_id ORDER BY cycle) AS days \
    FROM canonical_orders WHERE run_id = {run}) o WHERE days IS NOT NULL GROUP BY days";
const PRODUCTS: &str = "SELECT CAST(COALESCE(SUM(units), 0) AS BIGINT), CAST(COALESCE(SUM(\
    CASE WHEN (place - 1) * 100 < products THEN units ELSE 0 END), 0) AS BIGINT) FROM (\
    SELECT SUM(quantity) AS units, ROW_NUMBER() OVER (ORDER BY SUM(quantity) DESC) AS place, \
    COUNT(*) OVER () AS products FROM canonical_order_items WHERE run_id = {run} \
    GROUP BY product_id) p";
const VIEWS: &str = "SELECT views, COUNT(*) FROM (SELECT COUNT(*) AS views \
    FROM canonical_shopping_session_events WHERE run_id = {run} \
    AND event_type = 'view_product' GROUP BY flow_id) v GROUP BY views";
const VIEW_GAPS: &str = "SELECT {gap}, COUNT(*) FROM (SELECT simulated_at AS later, \
    LAG(simulated_at) OVER (PARTITION BY flow_id ORDER BY seq) AS earlier \
    FROM canonical_shopping_session_events WHERE run_id = {run} \
    AND event_type = 'view_product') v WHERE earlier IS NOT NULL GROUP BY 1";
const CAMPAIGNS: &str = "SELECT (SELECT COUNT(DISTINCT agent_id) FROM coupon_assignments \
    WHERE run_id = {run}), (SELECT COUNT(*) FROM (SELECT DISTINCT agent_id, cycle / {period} AS n \
    FROM canonical_coupon_interactions WHERE run_id = {run} AND step = 'redeemed' \
    AND cycle < {whole}) r)";
const COUPONS: &str = "SELECT COUNT(*), COUNT(s.flow_id) FROM coupon_assignments a \
    LEFT JOIN canonical_shopping_sessions s ON s.run_id = a.run_id \
    AND s.flow_id = a.redeemed_flow_id WHERE a.run_id = {run} AND a.expires_at <= {until}";
const LAGS: &str = "SELECT i.cycle - a.cycle, COUNT(*) FROM canonical_coupon_interactions i \
    JOIN coupon_assignments a ON a.assignment_id = i.assignment_id \
    WHERE i.run_id = {run} AND i.step = 'redeemed' GROUP BY 1";

/// A run, and what its statements need to know of it.
struct Reader<'a> {
    admin: &'a Admin,
    run: &'a KnownRun,
    /// Hours from Monday 00:00 to the start of the run.
    offset: i32,
    /// Cycles of an offer cycle.
    period: i32,
    /// Cycles of the whole offer cycles lived.
    whole: i32,
    /// Cycles up to the last that counts.
    lived: i32,
}

/// Reads all counts.
pub(super) async fn read(admin: &Admin, run: &KnownRun) -> Result<Sample, RealismError> {
    let start = run.simulated_start;
    let offset = start.weekday().num_days_from_monday() * 24 + start.hour();
    let days = |key: &str, default| {
        let setting = run.settings.get("offers").and_then(|offers| offers.get(key));
        setting.and_then(|days| days.as_u64()).unwrap_or(default)
    };
    let mut reader = Reader {
        admin,
        run,
        offset: i32::try_from(offset).unwrap_or(0),
        period: i32::try_from(days("refresh_every_days", REFRESH_DAYS) * 24).unwrap_or(168).max(1),
        whole: 0,
        lived: 0,
    };
    let mut sample = Sample {
        coupon_life_hours: days("coupon_life_days", COUPON_LIFE_DAYS) * 24,
        ..Sample::default()
    };
    let [hours, lived] = reader.totals("cycles", LIVED).await?;
    sample.hours_lived = hours;
    reader.lived = i32::try_from(lived).unwrap_or(i32::MAX);
    reader.whole = reader.lived / reader.period * reader.period;
    reader.visits(&mut sample).await?;
    reader.orders(&mut sample).await?;
    reader.offers(&mut sample).await?;
    Ok(sample)
}

impl Reader<'_> {
    async fn visits(&self, sample: &mut Sample) -> Result<(), RealismError> {
        for [hour, released] in self.rows("agents released", AGENT_HOURS).await? {
            put(&mut sample.agent_hours, hour, released);
        }
        for [hour, sessions, orders, filled] in self.rows("shopping sessions", SESSIONS).await? {
            put(&mut sample.sessions, hour, sessions);
            put(&mut sample.orders, hour, orders);
            sample.filled_carts += filled;
        }
        sample.views = self.histogram("product pages", VIEWS).await?;
        sample.view_gaps = self.histogram("times between product pages", VIEW_GAPS).await?;
        Ok(())
    }

    async fn orders(&self, sample: &mut Sample) -> Result<(), RealismError> {
        sample.basket = self.histogram("lines of orders", BASKET).await?;
        [sample.distinct_lines, sample.lines] = self.totals("products bought again", LINES).await?;
        sample.return_days = self.histogram("days between orders", RETURNS).await?;
        [sample.units, sample.top_units] = self.totals("units of products", PRODUCTS).await?;
        Ok(())
    }

    async fn offers(&self, sample: &mut Sample) -> Result<(), RealismError> {
        let [agents, redeeming] = self.totals("campaigns", CAMPAIGNS).await?;
        sample.campaigns = agents * u64::try_from(self.whole / self.period).unwrap_or(0);
        sample.campaigns_redeeming = redeeming;
        [sample.coupons_ended, sample.coupons_redeemed] = self.totals("coupons", COUPONS).await?;
        sample.lag_hours = self.histogram("hours to a redemption", LAGS).await?;
        Ok(())
    }

    async fn histogram(
        &self,
        what: &'static str,
        template: &str,
    ) -> Result<Histogram, RealismError> {
        let rows = self.rows(what, template).await?;
        Ok(rows.into_iter().map(|[value, seen]| (value, seen)).collect())
    }

    /// The one row of a statement without groups.
    async fn totals<const N: usize>(
        &self,
        what: &'static str,
        template: &str,
    ) -> Result<[u64; N], RealismError> {
        Ok(self.rows(what, template).await?.into_iter().next().unwrap_or([0; N]))
    }

    async fn rows<const N: usize>(
        &self,
        what: &'static str,
        template: &str,
    ) -> Result<Vec<[u64; N]>, RealismError> {
        let rows = self.admin.rows(self.statement(template)).await?;
        let unreadable = |given: &Cell| RealismError::Unreadable {
            run_id: self.run.run_id.to_string(),
            what,
            given: format!("{given:?}").chars().take(60).collect(),
        };
        let mut counts = Vec::with_capacity(rows.len());
        for row in rows {
            let mut numbers = [0; N];
            for (number, cell) in numbers.iter_mut().zip(&row.0) {
                *number = match cell {
                    Cell::Integer(value) => u64::try_from(*value).map_err(|_| unreadable(cell))?,
                    Cell::Null
                    | Cell::Bool(_)
                    | Cell::Double(_)
                    | Cell::Text(_)
                    | Cell::Instant(_) => return Err(unreadable(cell)),
                };
            }
            counts.push(numbers);
        }
        Ok(counts)
    }

    /// A template with its places filled; an unknown place is a fault of the program.
    fn statement(&self, template: &str) -> Statement {
        let mut statement = Statement::default();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}').unwrap_or((after, ""));
            statement.push(before);
            match place {
                "run" => statement.bind(Bind::Text(self.run.run_id.to_string())),
                "offset" => statement.bind(Bind::Integer(self.offset)),
                "period" => statement.bind(Bind::Integer(self.period)),
                "whole" => statement.bind(Bind::Integer(self.whole)),
                "until" => {
                    let lived = TimeDelta::hours(self.lived.into());
                    let until = self.run.simulated_start.checked_add_signed(lived);
                    statement.bind(Bind::Instant(until.unwrap_or(self.run.simulated_start)))
                }
                "gap" => statement.push(match self.admin.dialect() {
                    Dialect::Postgres => {
                        "CAST(FLOOR(EXTRACT(EPOCH FROM (later - earlier)) * 10) AS BIGINT)"
                    }
                    Dialect::Sqlite => {
                        "CAST((julianday(later) - julianday(earlier)) * 864000 AS INTEGER)"
                    }
                }),
                _ => unreachable!("no such place in a statement: {place}"),
            };
            rest = after;
        }
        statement.push(rest);
        statement
    }
}

fn put(hours: &mut [u64; HOURS_OF_WEEK], hour: u64, count: u64) {
    if let Some(place) = usize::try_from(hour).ok().and_then(|hour| hours.get_mut(hour)) {
        *place += count;
    }
}
