//! The figures of a history or of a run, by one set of definitions for both.

use super::customer::{Customer, Sums};
use super::estimate::{Figure, Lack, Shape, Statistic};
use super::frequency::Rates;
use super::ledger::Ledger;
use super::popularity::{elasticity, zipf_slope};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Half of a history: what it is too small for is not estimated, and a customer begins with
    /// the first order.
    History,
    /// A run of these agents: all of it counts, and everybody is there from its begin.
    Run,
}

/// All figures.
#[derive(Clone, Debug)]
pub struct Portrait {
    /// Customers.
    pub customers: u64,
    /// Weeks from the first day to the last.
    pub weeks: f64,
    /// Orders.
    pub orders: u64,
    /// The distribution of rates.
    pub rates: Result<Rates, Lack>,
    figures: Vec<Result<Figure, Lack>>,
    shapes: Vec<Result<Vec<f64>, Lack>>,
}

impl Portrait {
    /// The figures of what was read.
    pub fn of(ledger: &Ledger, of: Of) -> Self {
        let rates = rates(ledger, of);
        let figure = |statistic| {
            enough(ledger, of, &rates, statistic)?;
            let nothing = || Lack("nothing to estimate it on".to_owned());
            let figure = figure(ledger, rates.as_ref().ok(), statistic);
            figure.filter(|it| it.value.is_finite()).ok_or_else(nothing)
        };
        Self {
            customers: ledger.customers.len() as u64,
            weeks: ledger.span_weeks(),
            orders: ledger.orders(),
            figures: Statistic::ALL.into_iter().map(figure).collect(),
            shapes: Shape::ALL.into_iter().map(|shape| shares(ledger, of, shape)).collect(),
            rates,
        }
    }

    /// One figure, or why there is none.
    pub fn figure(&self, statistic: Statistic) -> Result<Figure, Lack> {
        let at = Statistic::ALL.iter().position(|it| *it == statistic);
        at.and_then(|at| self.figures.get(at)).cloned().unwrap_or(Err(Lack(String::new())))
    }

    /// The value of a figure.
    pub fn value(&self, statistic: Statistic) -> Option<f64> {
        self.figure(statistic).ok().map(|figure| figure.value)
    }

    /// Shares that sum to 1, or why there are none.
    pub fn shares(&self, shape: Shape) -> Result<&[f64], &Lack> {
        let at = Shape::ALL.iter().position(|it| *it == shape).unwrap_or_default();
        self.shapes[at].as_deref()
    }
}

fn rates(ledger: &Ledger, of: Of) -> Result<Rates, Lack> {
    let none = || Lack("nobody ordered twice".to_owned());
    match of {
        Of::Run => Rates::of_run(ledger).ok_or_else(none),
        Of::History => {
            let customers = ledger.customers.len() as f64;
            Lack::first(&[("customers", 100.0, customers), ("weeks", 8.0, ledger.span_weeks())])?;
            let rates = Rates::of(ledger).ok_or_else(none)?;
            Lack::first(&[("repeat orders", 100.0, rates.repeats as f64)])?;
            Ok(rates)
        }
    }
}

/// Whether there is enough of a history for this.
fn enough(
    ledger: &Ledger,
    of: Of,
    rates: &Result<Rates, Lack>,
    statistic: Statistic,
) -> Result<(), Lack> {
    if of == Of::Run {
        return Ok(());
    }
    let orders = ledger.orders() as f64;
    let customers = ledger.customers.len() as f64;
    let weeks = ledger.span_weeks();
    let column = |has: bool, name: &str| {
        if has { Ok(()) } else { Err(Lack(format!("needs a column {name}, has none"))) }
    };
    let has_price = !ledger.values.is_empty();
    let has_product = !ledger.products.is_empty();
    match statistic {
        Statistic::OrdersPerWeek | Statistic::RateShape => {
            rates.as_ref().map(drop).map_err(Lack::clone)
        }
        Statistic::WeekendShare => Lack::first(&[("orders", 300.0, orders), ("weeks", 4.0, weeks)]),
        Statistic::OwnWeekday => {
            let often = ledger.customers.values().filter(|c| c.orders >= 4).count();
            Lack::first(&[("customers of 4 orders or more", 50.0, often as f64)])
        }
        Statistic::LinesMean | Statistic::SingleLine | Statistic::LinesSpread => {
            column(has_product, "product")?;
            Lack::first(&[("orders", 200.0, orders)])
        }
        Statistic::LineUnits => Lack::first(&[("lines", 200.0, f64::from(ledger.line_units.n))]),
        Statistic::OrderValue => {
            column(has_price, "price")?;
            Lack::first(&[("orders", 200.0, orders)])
        }
        Statistic::WeekValue => {
            column(has_price, "price")?;
            Lack::first(&[("customers", 100.0, customers), ("weeks", 8.0, weeks)])
        }
        Statistic::ZipfSlope => {
            column(has_product, "product")?;
            let (products, lines) = (ledger.products.len() as f64, f64::from(ledger.line_units.n));
            Lack::first(&[("products", 20.0, products), ("lines", 1_000.0, lines)])
        }
        Statistic::HabitLift => {
            column(has_product, "product")?;
            let late = ledger.disordered as f64 / orders.max(1.0);
            if late > 0.01 {
                return Err(Lack("needs each customer's orders in the order of time".to_owned()));
            }
            let repeats = ledger.repeats;
            let shared = repeats.others.min(repeats.own) as f64;
            let pairs = repeats.orders as f64;
            Lack::first(&[("pairs of orders", 300.0, pairs), ("lines shared", 50.0, shared)])
        }
        Statistic::Elasticity => {
            column(has_price && has_product, "product and price")?;
            let cells = elasticity(ledger).map_or(0, |slope| slope.n);
            let what = "weeks of products whose price moves";
            Lack::first(&[(what, 300.0, cells as f64), ("weeks", 8.0, weeks)])
        }
        Statistic::Discounted => {
            column(ledger.discounts.0 > 0, "discount")?;
            Lack::first(&[("orders", 200.0, ledger.discounts.0 as f64)])
        }
    }
}

fn figure(ledger: &Ledger, rates: Option<&Rates>, statistic: Statistic) -> Option<Figure> {
    match statistic {
        Statistic::OrdersPerWeek => {
            rates.map(|r| Figure { value: r.mean, se: r.mean_se, n: r.customers })
        }
        Statistic::RateShape => {
            rates.map(|r| Figure { value: r.shape, se: r.shape_se, n: r.customers })
        }
        Statistic::WeekendShare => {
            share(ledger.weekdays[5] + ledger.weekdays[6], ledger.weekdays.iter().sum())
        }
        Statistic::OwnWeekday => own_weekday(ledger),
        Statistic::LinesMean => mean_of_bins(&ledger.lines),
        Statistic::SingleLine => share(*ledger.lines.get(1)?, ledger.lines.iter().sum()),
        Statistic::LinesSpread => lines_spread(ledger),
        Statistic::LineUnits => Some(mean(&ledger.line_units)),
        Statistic::OrderValue => all(ledger, |customer| &customer.value),
        Statistic::WeekValue => all(ledger, |customer| &customer.weeks),
        Statistic::ZipfSlope => zipf_slope(ledger),
        Statistic::HabitLift => {
            let (own, others) = (ledger.repeats.own as f64, ledger.repeats.others as f64);
            // Counts scatter as Poisson's do.
            let se = (1.0 / own.max(1.0) + 1.0 / others.max(1.0)).sqrt() * own / others;
            (others > 0.0).then(|| Figure { value: own / others, se, n: ledger.repeats.orders })
        }
        Statistic::Elasticity => elasticity(ledger),
        Statistic::Discounted => share(ledger.discounts.1, ledger.discounts.0),
    }
}

fn share(hits: u64, of: u64) -> Option<Figure> {
    let (p, n) = (hits as f64 / of as f64, of as f64);
    (of > 0).then(|| Figure { value: p, se: (p * (1.0 - p) / n).sqrt(), n: of })
}

fn mean(sums: &Sums) -> Figure {
    let n = f64::from(sums.n.max(1));
    Figure { value: sums.mean(), se: (sums.variance() / n).sqrt(), n: u64::from(sums.n) }
}

/// The mean over all orders; its error is clustered by customer.
fn all(ledger: &Ledger, of: impl Fn(&Customer) -> &Sums) -> Option<Figure> {
    let mut total = Sums::default();
    ledger.customers.values().for_each(|customer| total.join(of(customer)));
    let (n, mean) = (f64::from(total.n), total.mean());
    let of_one = |sums: &Sums| sums.sum - mean * f64::from(sums.n);
    let meat: f64 = ledger.customers.values().map(|c| of_one(of(c)).powi(2)).sum();
    (total.n > 0).then(|| Figure { value: mean, se: meat.sqrt() / n, n: u64::from(total.n) })
}

fn mean_of_bins(bins: &[u64]) -> Option<Figure> {
    let mut sums = (0.0, 0.0, 0.0);
    for (value, seen) in bins.iter().enumerate() {
        let (value, seen) = (value as f64, *seen as f64);
        sums = (sums.0 + seen, sums.1 + seen * value, sums.2 + seen * value * value);
    }
    let (n, mean) = (sums.0, sums.1 / sums.0);
    let variance = (sums.2 / n - mean * mean).max(0.0);
    (n > 0.0).then(|| Figure { value: mean, se: (variance / n).sqrt(), n: n as u64 })
}

fn lines_spread(ledger: &Ledger) -> Option<Figure> {
    let often = ledger.customers.values().filter(|c| c.log_lines.n >= 2);
    let (squares, n) = often.fold((0.0, 0.0), |(squares, n), customer| {
        (squares + customer.log_lines.within(), n + f64::from(customer.log_lines.n) - 1.0)
    });
    let sd = (squares / n).sqrt();
    (n > 0.0).then(|| Figure { value: sd, se: sd / (2.0 * n).sqrt(), n: n as u64 })
}

/// w of P(two orders of a customer fall on one weekday) = c + w^2 (1 - c), c by chance alone.
fn own_weekday(ledger: &Ledger) -> Option<Figure> {
    let total: u64 = ledger.weekdays.iter().sum();
    let chance: f64 = ledger.weekdays.iter().map(|n| (*n as f64 / total as f64).powi(2)).sum();
    let mut of_customers = Sums::default();
    for customer in ledger.customers.values().filter(|customer| customer.orders >= 4) {
        let orders = f64::from(customer.orders);
        let pairs: f64 =
            customer.weekdays.iter().map(|n| f64::from(*n) * (f64::from(*n) - 1.0)).sum();
        of_customers.add((pairs / (orders * (orders - 1.0)) - chance) / (1.0 - chance));
    }
    let squared = mean(&of_customers);
    let w = squared.value.max(0.0).sqrt();
    // At 0 the root has no slope: there its error is the root of the square's.
    let se = (squared.se / (2.0 * w)).min(squared.se.sqrt());
    (of_customers.n > 1).then_some(Figure { value: w, se, n: squared.n })
}

fn shares(ledger: &Ledger, of: Of, shape: Shape) -> Result<Vec<f64>, Lack> {
    let (counts, least, what): (&[u64], _, _) = match shape {
        Shape::Hours => (&ledger.hours, 500.0, "orders with an hour"),
        Shape::Weekdays => (&ledger.weekdays, 300.0, "orders"),
        Shape::Lines if ledger.products.is_empty() => {
            return Err(Lack("needs a column product, has none".to_owned()));
        }
        Shape::Lines => (&ledger.lines, 200.0, "orders"),
        Shape::Values => (&ledger.values, 200.0, "orders with a price"),
    };
    let total: u64 = counts.iter().sum();
    let least = if of == Of::Run { 1.0 } else { least };
    Lack::first(&[(what, least, total as f64)])?;
    Ok(counts.iter().map(|count| *count as f64 / total as f64).collect())
}
