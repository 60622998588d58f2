//! What agents do over many visits, read a few agents at a time: memory grows with agents and
//! products, not with rows.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use domain::ids::RunId;
use questions::conduct::{self, CartRow, DepthRow, LineRow, VisitRow};
use questions::{Moment, agents, products, shoppers};

use super::course::{self, Cart};
use super::detection::{Detection, Told};
use super::found::{Findings, Found};
use super::habit::{Again, Sizes};
use super::measure::Measure;
use super::pairs::{Of, Pairs};
use super::portrait::{self, ORDERS_OF_AGENT_MIN, Order, WINDOW_DAYS};
use super::prices::{self, Week};
use super::rounds::{Purse, RATIO_PARTS, Rounds, Visit};
use super::spread::{self, Moments};
use super::statistics::{self, Estimate};

/// Agents whose rows are read at a time.
const AGENTS_PER_PAGE: usize = 16;
/// Carts that a model is learnt on; a longer run's first agents do.
const CARTS_MAX: usize = 20_000;
/// Catalogues whose Gini the band is for.
const CATALOGUE: std::ops::RangeInclusive<usize> = 50..=100;
/// Discounts that count as small and as deep, hundredths of a percent.
const SMALL_DEPTH_MAX: i64 = 800;
const DEEP_DEPTH_MIN: i64 = 2_501;

const OTHER_CATALOGUE: &str = "the band is for catalogues of 50 to 100 products";
const STILL_PRICES: &str = "no price moved in the run";
const ONE_DEPTH: &str = "the run has no coupons of 8 % or less and of more than 25 % off";

/// Where a run lies in time.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Hours from Monday 00:00 to cycle 0.
    pub offset: i32,
    /// The cycle after the last one lived.
    pub end: i32,
    /// Its simulated instant.
    pub until: NaiveDateTime,
}

/// Products and categories by number.
#[derive(Debug, Default)]
struct Goods {
    products: BTreeMap<String, u32>,
    /// By the number of the product.
    categories: Vec<u32>,
}

impl Goods {
    fn of(rows: Vec<products::ProductRow>) -> Self {
        let mut known: BTreeMap<String, u32> = BTreeMap::new();
        let mut goods = Self::default();
        for row in rows {
            let next = known.len() as u32;
            let category = *known.entry(row.category).or_insert(next);
            goods.products.insert(row.product_id, goods.categories.len() as u32);
            goods.categories.push(category);
        }
        goods
    }

    /// The number of a product; one that the run never saw listed is of no category.
    fn product(&mut self, id: &str) -> u32 {
        if let Some(number) = self.products.get(id) {
            return *number;
        }
        let number = self.categories.len() as u32;
        self.products.insert(id.to_owned(), number);
        self.categories.push(u32::MAX);
        number
    }

    fn categories_of(&self, order: &[u32]) -> Vec<u32> {
        let of = |product: &u32| self.categories.get(*product as usize).copied();
        let mut found: Vec<u32> = order.iter().filter_map(of).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// What was read so far.
#[derive(Debug)]
struct Folded {
    goods: Goods,
    sizes: Sizes,
    units: Vec<u64>,
    again: Again,
    pairs: [Pairs; 2],
    lines: Moments,
    own_lines: Vec<Moments>,
    rounds: Rounds,
    carts: Vec<Cart>,
    baskets: Detection,
    agents: Detection,
}

/// Reads the run's rows and takes every dimension on them.
pub async fn read<M: Moment>(
    moment: &mut M,
    run: RunId,
    span: Span,
) -> Result<(Findings, Told), M::Fault> {
    let mut folded = Folded::of(Goods::of(moment.ask(products::known(run)).await?));
    for row in moment.ask(conduct::by_size(run)).await? {
        let product = folded.goods.product(&row.product_id);
        folded.units.resize(folded.goods.categories.len(), 0);
        if let Some(units) = folded.units.get_mut(product as usize) {
            *units += unsigned(row.units);
        }
        folded.sizes.add(unsigned(row.size) as usize, product, unsigned(row.orders));
    }
    let names = moment.ask(shoppers::names(run)).await?;
    for page in names.chunks(AGENTS_PER_PAGE) {
        let [first, ..] = page else { continue };
        let last = page.last().unwrap_or(first);
        let ends = (first.agent_id.as_str(), last.agent_id.as_str());
        folded.orders(&moment.ask(conduct::lines(run, ends)).await?, span);
        folded.visits(&moment.ask(conduct::visits(run, ends)).await?, span);
        if folded.carts.len() < CARTS_MAX {
            let carts = moment.ask(conduct::carts(run, ends)).await?;
            folded.carts.extend(carts.iter().map(|row| cart(row, span.offset)));
        }
    }
    let mut findings = folded.findings();
    findings.extend(prices(moment, run, span, &mut folded.goods).await?);
    findings.extend(coupons(moment, run, span).await?);
    let steps = moment.ask(conduct::steps(run)).await?;
    let steps = steps
        .iter()
        .map(|row| (row.event_type.as_str(), row.next_type.as_str(), unsigned(row.times)));
    findings.insert(Measure::NextEventEntropy, course::entropy(steps).into());
    let pages = moment.one(conduct::pages(run)).await?;
    findings.insert(Measure::ViewToAdd, share(pages.taken, pages.views));
    let told = Told { baskets: folded.baskets.told(), agents: folded.agents.told() };
    Ok((findings, told))
}

impl Folded {
    fn of(goods: Goods) -> Self {
        Self {
            units: vec![0; goods.categories.len()],
            goods,
            sizes: Sizes::default(),
            again: Again::default(),
            pairs: [Pairs::default(), Pairs::default()],
            lines: Moments::default(),
            own_lines: Vec::new(),
            rounds: Rounds::default(),
            carts: Vec::new(),
            baskets: Detection::of_baskets(),
            agents: Detection::of_agents(),
        }
    }

    /// Lines of some agents, each agent's together and in order.
    fn orders(&mut self, rows: &[LineRow], span: Span) {
        for own in rows.chunk_by(|a, b| a.agent_id == b.agent_id) {
            let mut sizes = Moments::default();
            let mut portraits = Vec::new();
            for lines in own.chunk_by(|a, b| a.cycle == b.cycle) {
                let order = self.order(lines, span);
                self.lines.add(order.products.len() as f64);
                sizes.add((order.products.len() as f64).ln());
                portraits.push(order);
            }
            if sizes.n >= ORDERS_OF_AGENT_MIN as u64 {
                self.own_lines.push(sizes);
            }
            portrait::orders(&mut self.baskets, &portraits);
            if span.end >= WINDOW_DAYS * 24 {
                portrait::agent(&mut self.agents, &portraits);
            }
            let orders: Vec<Vec<u32>> = portraits.into_iter().map(|order| order.products).collect();
            self.again.add(&orders, &self.sizes);
        }
    }

    /// The lines of one order.
    fn order(&mut self, lines: &[LineRow], span: Span) -> Order {
        let mut products: Vec<u32> =
            lines.iter().map(|line| self.goods.product(&line.product_id)).collect();
        products.sort_unstable();
        products.dedup();
        let categories = self.goods.categories_of(&products);
        let [of_products, of_categories] = &mut self.pairs;
        of_products.add(products.len(), &products);
        of_categories.add(products.len(), &categories);
        Order {
            day: lines.first().map_or(0, |line| (line.cycle + span.offset % 24) / 24),
            products,
            units: lines.iter().map(|line| f64::from(line.quantity)).sum(),
            categories: categories.len(),
            paid: lines.first().map_or(0.0, |line| line.paid_cents as f64),
        }
    }

    fn visits(&mut self, rows: &[VisitRow], span: Span) {
        for own in rows.chunk_by(|a, b| a.agent_id == b.agent_id) {
            let [first, ..] = own else { continue };
            let purse = Purse {
                weekly: first.weekly_budget_cents.map(|cents| cents as f64),
                order: first.avg_cart_value_cents.map(|cents| cents as f64),
            };
            let visits: Vec<Visit> = own.iter().map(visit).collect();
            self.rounds.add(&visits, purse, (span.offset, span.end));
        }
    }

    fn findings(&self) -> Findings {
        let [products, categories] = &self.pairs;
        let orders = self.lines.n;
        let units = self.units.iter().sum();
        let of = |estimate: Option<Estimate>, n: u64| Found::from((estimate, n));
        let of_agents = |own: &[Moments]| {
            let estimate = spread::intraclass(own);
            of(estimate, own.iter().map(|moments| moments.n).sum())
        };
        // The published figures were seen through 70 items.
        let alike = |found: Found| {
            let is_alike = units == 0 || CATALOGUE.contains(&self.units.len());
            if is_alike { found } else { found.refused(OTHER_CATALOGUE) }
        };
        let rounds = &self.rounds;
        let to_average = statistics::median(rounds.to_average()).map(|found| Estimate {
            value: found.value / RATIO_PARTS,
            error: found.error / RATIO_PARTS,
        });
        Findings::from([
            (Measure::ProductGini, alike(of(spread::gini(&self.units), units))),
            (Measure::ZipfSlope, alike(of(spread::zipf_slope(&self.units), units))),
            (Measure::HabitLift, of(self.again.lift(), self.again.lines())),
            (Measure::BuysAgain1Of5, alike(self.again.bought_again(1).into())),
            (Measure::BuysAgain5Of5, alike(self.again.bought_again(5).into())),
            (Measure::PairLiftProducts, alike(products.spread(Of::Products).into())),
            (Measure::PairLiftCategories, alike(categories.spread(Of::Categories).into())),
            (Measure::LinesCv, of(self.lines.variation(), orders)),
            (Measure::LinesIcc, of_agents(&self.own_lines)),
            (Measure::OrderValueCv, of(rounds.values().variation(), orders)),
            (Measure::OrderValueIcc, of_agents(rounds.own_values())),
            (Measure::WeeksOverBudget, rounds.weeks_over_budget().into()),
            (Measure::OrderToAvgCart, of(to_average, statistics::count(rounds.to_average()))),
            (Measure::OwnWeekday, rounds.own_weekday().into()),
            (Measure::ReturnAfterAbandon, rounds.return_after_abandon().into()),
            (Measure::SessionAuc, of(course::auc_of_carts(&self.carts), self.carts.len() as u64)),
        ])
    }
}

async fn prices<M: Moment>(
    moment: &mut M,
    run: RunId,
    span: Span,
    goods: &mut Goods,
) -> Result<Findings, M::Fault> {
    let lines = moment.ask(conduct::prices(run)).await?;
    let mut lines: Vec<(u32, f64, u64)> = lines
        .iter()
        .map(|row| (goods.product(&row.product_id), row.price_cents as f64, unsigned(row.lines)))
        .collect();
    lines.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let usual = prices::usual(&lines);
    let mut sold = BTreeMap::new();
    for row in moment.ask(conduct::sold(run, span.offset)).await? {
        sold.insert((goods.product(&row.product_id), row.week), unsigned(row.units) as f64);
    }
    // Weeks that were lived from their first hour to their last.
    let whole = (span.offset + 167) / 168..(span.offset + span.end) / 168;
    let mut weeks = Vec::new();
    for row in moment.ask(conduct::shown(run, span.offset)).await? {
        let product = goods.product(&row.product_id);
        if whole.contains(&row.week) {
            let units = sold.get(&(product, row.week)).copied().unwrap_or(0.0);
            weeks.push(Week { product, week: row.week, units, price: row.price_cents });
        }
    }
    let discounted = Found::from(prices::discounted(&lines, &usual)).or_says(STILL_PRICES);
    let still = |found: Found| {
        if discounted.reason.is_empty() { found } else { found.refused(STILL_PRICES) }
    };
    Ok(Findings::from([
        (Measure::LinesDiscounted, discounted),
        (Measure::PriceElasticity, still(prices::elasticity(&weeks).into())),
        (Measure::PromotionLift, still(prices::promotion_lift(&weeks, &usual).into())),
    ]))
}

async fn coupons<M: Moment>(moment: &mut M, run: RunId, span: Span) -> Result<Findings, M::Fault> {
    let with_coupon = moment.one(conduct::with_coupon(run)).await?;
    let orders = moment.one(questions::orders::counts(run)).await?.orders_canonical;
    let depths = moment.ask(conduct::depths(run, span.until)).await?;
    let mut used: Vec<u64> = moment
        .ask(agents::coupons(run))
        .await?
        .iter()
        .filter(|row| row.held > 0)
        .map(|row| unsigned(row.used))
        .collect();
    Ok(Findings::from([
        (Measure::OrdersWithCoupon, share(with_coupon.orders, orders)),
        (Measure::DepthResponse, depth_response(&depths)),
        (Measure::TopDecileRedemptions, top_decile(&mut used)),
    ]))
}

fn depth_response(rows: &[DepthRow]) -> Found {
    let sums = |is_in: fn(i64) -> bool| {
        let of = rows.iter().filter(|row| is_in(row.depth));
        of.fold((0, 0), |(all, used), row| (all + row.coupons, used + row.redeemed))
    };
    let (small, small_used) = sums(|depth| depth <= SMALL_DEPTH_MAX);
    let (deep, deep_used) = sums(|depth| depth >= DEEP_DEPTH_MIN);
    let rates = (deep_used as f64 / deep as f64, small_used as f64 / small as f64);
    let counts = (unsigned(deep_used), unsigned(small_used));
    let found = Found::from((statistics::ratio(rates, counts), unsigned(deep + small)));
    if !rows.is_empty() && (small == 0 || deep == 0) { found.refused(ONE_DEPTH) } else { found }
}

/// Percent of the redemptions that a tenth of the agents with a coupon made, at least one agent.
fn top_decile(used: &mut [u64]) -> Found {
    used.sort_unstable_by(|a, b| b.cmp(a));
    let all: u64 = used.iter().sum();
    let top: u64 = used.iter().take(used.len().div_ceil(10)).sum();
    (statistics::percent(top as f64 / all as f64, all), all).into()
}

fn visit(row: &VisitRow) -> Visit {
    Visit {
        cycle: row.cycle,
        shopped: row.status != "browsed",
        filled: row.cart_units > 0,
        paid: row.paid_cents.map(|cents| cents as f64),
    }
}

fn cart(row: &CartRow, offset: i32) -> Cart {
    let counts = [row.views, row.products, row.adds, row.removals, row.searches];
    let hour = f64::from((row.cycle + offset) % 24);
    Cart::new(counts.map(|count| count as f64), row.seconds, hour, row.ordered == 1)
}

fn share(part: i64, n: i64) -> Found {
    let (part, n) = (unsigned(part), unsigned(n));
    (statistics::percent((part as f64 / n as f64).min(1.0), n), n).into()
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(depth: i64, coupons: i64, redeemed: i64) -> DepthRow {
        DepthRow { depth, coupons, redeemed }
    }

    #[test]
    fn deep_coupons_are_set_against_small_ones_and_the_middle_is_left_out() {
        let rows =
            [depth(800, 100, 2), depth(801, 100, 50), depth(2_500, 9, 9), depth(2_501, 100, 8)];
        let found = depth_response(&rows);
        assert!((found.estimate.unwrap().value - 4.0).abs() < 1e-9, "{found:?}");
        assert_eq!((found.n, found.reason), (200, ""));
        assert_eq!(depth_response(&rows[..3]).reason, ONE_DEPTH);
        assert_eq!(depth_response(&[]), Found::default());
    }

    #[test]
    fn the_top_tenth_is_of_those_with_a_coupon_and_at_least_one() {
        let mut used = [vec![8, 1, 1], vec![0; 7]].concat();
        let found = top_decile(&mut used);
        assert_eq!((found.estimate.map(|found| found.value), found.n), (Some(80.0), 10));
        assert_eq!(top_decile(&mut []).estimate, None);
    }
}
