//! Which products sell, and what their price does: the slope of the upper half of ranks, and the
//! price elasticity within products and weeks.

use std::collections::HashMap;

use super::estimate::Figure;
use super::ledger::Ledger;

/// Rounds of taking means off products and weeks in turn.
const ROUNDS: usize = 30;
/// Least relative spread of a product's log price that says anything.
const PRICE_SPREAD_MIN: f64 = 0.01;

/// Slope of ln(units) on ln(rank) over the upper half of the ranks; its error is that of a rank
/// regression, |slope| x sqrt(2 / n).
pub fn zipf_slope(ledger: &Ledger) -> Option<Figure> {
    let mut units: Vec<f64> = ledger.products.values().copied().collect();
    units.sort_by(|a, b| b.total_cmp(a));
    units.truncate(units.len().div_ceil(2));
    if units.len() < 3 {
        return None;
    }
    let points: Vec<(f64, f64)> =
        (1..).zip(&units).map(|(rank, units)| (f64::from(rank).ln(), units.ln())).collect();
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let both: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let slope = both / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>();
    Some(Figure { value: slope, se: slope.abs() * (2.0 / n).sqrt(), n: points.len() as u64 })
}

/// One product in one week, logarithms.
struct Cell {
    product: u64,
    week: i32,
    price: f64,
    units: f64,
}

/// Slope of ln(units) on ln(price) over the weeks of products that sold at more than one price, the
/// means of product and week taken off; its error is clustered by product.
pub fn elasticity(ledger: &Ledger) -> Option<Figure> {
    let mut cells = moving_prices(ledger);
    for _ in 0..ROUNDS {
        take_means_off(&mut cells, |cell| cell.product);
        take_means_off(&mut cells, |cell| cell.week.unsigned_abs().into());
    }
    let squares: f64 = cells.iter().map(|c| c.price * c.price).sum();
    if cells.len() < 3 || squares <= 0.0 {
        return None;
    }
    let slope = cells.iter().map(|c| c.price * c.units).sum::<f64>() / squares;
    let mut clusters: HashMap<u64, f64> = HashMap::new();
    for c in &cells {
        *clusters.entry(c.product).or_default() += c.price * (c.units - slope * c.price);
    }
    let g = clusters.len() as f64;
    let meat: f64 = clusters.values().map(|sum| sum * sum).sum();
    let se = (meat * g / (g - 1.0).max(1.0)).sqrt() / squares;
    Some(Figure { value: slope, se, n: cells.len() as u64 })
}

fn moving_prices(ledger: &Ledger) -> Vec<Cell> {
    let priced = ledger.product_weeks.iter().filter(|(_, sold)| sold.value > 0.0);
    let mut cells: Vec<Cell> = priced
        .map(|((product, week), sold)| Cell {
            product: *product,
            week: *week,
            price: (sold.value / sold.units).ln(),
            units: sold.units.ln(),
        })
        .collect();
    // Sums of floats hang on their order, and a map has none.
    cells.sort_by_key(|cell| (cell.product, cell.week));
    let mut spread: HashMap<u64, (f64, f64)> = HashMap::new();
    for cell in &cells {
        let (low, high) = spread.entry(cell.product).or_insert((cell.price, cell.price));
        (*low, *high) = (low.min(cell.price), high.max(cell.price));
    }
    cells.retain(|c| spread.get(&c.product).is_some_and(|(l, h)| h - l > PRICE_SPREAD_MIN));
    cells
}

fn take_means_off(cells: &mut [Cell], group: impl Fn(&Cell) -> u64) {
    let mut sums: HashMap<u64, (f64, f64, f64)> = HashMap::new();
    for cell in cells.iter() {
        let (n, price, units) = sums.entry(group(cell)).or_default();
        (*n, *price, *units) = (*n + 1.0, *price + cell.price, *units + cell.units);
    }
    for cell in cells {
        let Some((n, price, units)) = sums.get(&group(cell)) else { continue };
        (cell.price, cell.units) = (cell.price - price / n, cell.units - units / n);
    }
}

#[cfg(test)]
mod tests {
    use super::super::ledger::ProductWeek;
    use super::*;

    #[test]
    fn a_known_slope_of_ranks_is_found() {
        let mut ledger = Ledger::default();
        ledger.products.extend((1..=200).map(|rank| (rank, 1e6 * (rank as f64).powf(-0.8))));
        let slope = zipf_slope(&ledger).unwrap();
        assert!((slope.value + 0.8).abs() < 1e-9, "{slope:?}");
        assert_eq!(slope.n, 100);
    }

    #[test]
    fn a_known_elasticity_is_found_behind_good_products_and_good_weeks() {
        let mut ledger = Ledger::default();
        for product in 0..40_u64 {
            for week in 0..20_i32 {
                let is_cheap = (product as i32 * 7 + week * 3) % 5 == 0;
                let price = (2.0 + product as f64) * if is_cheap { 0.7 } else { 1.0 };
                let usual = (2.0 + product as f64) * (1.0 + f64::from(week) / 10.0);
                let noise = 1.0 + 0.1 * f64::from((product as i32 * 31 + week * 17) % 11 - 5) / 5.0;
                let units = 100.0 * usual * (price / (2.0 + product as f64)).powf(-1.8) * noise;
                let sold = ProductWeek { units, value: units * price };
                ledger.product_weeks.insert((product, week), sold);
            }
        }
        let found = elasticity(&ledger).unwrap();
        assert!((found.value + 1.8).abs() < 2.0 * found.se && found.se < 0.1, "{found:?}");
    }

    #[test]
    fn prices_that_stand_still_say_nothing() {
        let sold = ProductWeek { units: 3.0, value: 9.0 };
        let mut ledger = Ledger::default();
        ledger.product_weeks.extend((0..20).map(|week| ((1, week), sold)));
        assert_eq!(elasticity(&ledger), None);
    }
}
