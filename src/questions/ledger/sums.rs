//! Whether the amounts of each order agree: with what the shop wrote of them, with its lines, and
//! with each other.
//!
//! Exact where the shop is. A shop that says more digits than the currency has rounds nothing: each
//! amount is rounded here by itself, so such sums hold within a cent a line and one an order only.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use domain::ids::RunId;
use domain::money::{Cents, Exact};

use super::checks::{Finding, SHOWN_MAX};
use crate::{Moment, Question};

/// A word for scripts.
pub const NAME: &str = "order_sums";
/// What is wrong with what is found.
pub const SAYS: &str =
    "an order whose amounts do not agree with each other or with what the shop said, in cents";

/// Orders read at once.
const PAGE_ORDERS: i32 = 1_000;

/// Cents by which unrounded amounts of one line, or of one order, may miss.
const TOLERANCE: i128 = 1;

/// One line of one order; an order without lines is one row without `line`.
#[derive(Clone, Debug, Default, QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    flow_id: String,
    #[diesel(sql_type = Integer)]
    cycle: i32,
    #[diesel(sql_type = Integer)]
    replay: i32,
    #[diesel(sql_type = BigInt)]
    subtotal_cents: i64,
    #[diesel(sql_type = Nullable<Text>)]
    subtotal_text: Option<String>,
    #[diesel(sql_type = BigInt)]
    item_discounts_cents: i64,
    #[diesel(sql_type = Nullable<Text>)]
    item_discounts_text: Option<String>,
    #[diesel(sql_type = BigInt)]
    frontstore_discount_cents: i64,
    #[diesel(sql_type = Nullable<Text>)]
    frontstore_discount_text: Option<String>,
    #[diesel(sql_type = BigInt)]
    discount_total_cents: i64,
    #[diesel(sql_type = Nullable<Text>)]
    discount_total_text: Option<String>,
    #[diesel(sql_type = BigInt)]
    charges_cents: i64,
    #[diesel(sql_type = Nullable<Text>)]
    charges_text: Option<String>,
    #[diesel(sql_type = BigInt)]
    final_total_cents: i64,
    #[diesel(sql_type = Nullable<Text>)]
    final_total_text: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    line: Option<i32>,
    #[diesel(sql_type = Integer)]
    quantity: i32,
    #[diesel(sql_type = BigInt)]
    unit_price_cents: i64,
    #[diesel(sql_type = Nullable<Text>)]
    unit_price_text: Option<String>,
    #[diesel(sql_type = BigInt)]
    discount_cents: i64,
    #[diesel(sql_type = Nullable<Text>)]
    discount_text: Option<String>,
    #[diesel(sql_type = BigInt)]
    line_total_cents: i64,
    #[diesel(sql_type = Nullable<Text>)]
    line_total_text: Option<String>,
}

const PAGE: &str = "\
SELECT o.flow_id, o.cycle, o.replay, o.subtotal_cents, o.subtotal_text,
  o.item_discounts_cents, o.item_discounts_text,
  o.frontstore_discount_cents, o.frontstore_discount_text,
  o.discount_total_cents, o.discount_total_text, o.charges_cents, o.charges_text,
  o.final_total_cents, o.final_total_text, i.line, COALESCE(i.quantity, 0) AS quantity,
  COALESCE(i.unit_price_cents, 0) AS unit_price_cents, i.unit_price_text,
  COALESCE(i.discount_cents, 0) AS discount_cents, i.discount_text,
  COALESCE(i.line_total_cents, 0) AS line_total_cents, i.line_total_text
FROM (SELECT * FROM orders t WHERE run_id = {run} AND flow_id > {after}
        AND (NOT recovered OR EXISTS (SELECT 1 FROM order_items l WHERE l.flow_id = t.flow_id))
      ORDER BY flow_id LIMIT {most}) o
LEFT JOIN order_items i ON i.flow_id = o.flow_id
ORDER BY o.flow_id, i.line";

/// The first few orders that are wrong, each with how many there are.
pub(super) async fn findings<M: Moment>(
    moment: &mut M,
    run: RunId,
) -> Result<Vec<Finding>, M::Fault> {
    let mut wrong = Vec::new();
    let (mut total, mut after) = (0, String::new());
    loop {
        let page = Question::new("sums of orders", PAGE);
        let page = page.with("run", run).with("after", after.as_str()).with("most", PAGE_ORDERS);
        let rows: Vec<Row> = moment.ask(page).await?;
        let Some(last) = rows.last() else { break };
        after = last.flow_id.clone();
        for order in rows.chunk_by(|a, b| a.flow_id == b.flow_id) {
            let Some(found) = fault(order) else { continue };
            let Row { flow_id, cycle, replay, .. } = order[0].clone();
            total += 1;
            wrong.push(Finding { cycle, replay, subject: flow_id, found, total: 0 });
        }
        wrong.sort_by(|a: &Finding, b: &Finding| {
            (a.cycle, a.replay, &a.subject).cmp(&(b.cycle, b.replay, &b.subject))
        });
        wrong.truncate(usize::try_from(SHOWN_MAX).unwrap_or(usize::MAX));
    }
    wrong.iter_mut().for_each(|finding| finding.total = total);
    Ok(wrong)
}

/// What is wrong with an order, given as its lines; nothing where all holds.
fn fault(order: &[Row]) -> Option<String> {
    let mut wrong = Vec::new();
    let head = order.first()?;
    let mut amount = |name: &str, cents: i64, text: &Option<String>, off: bool| {
        told(Cents(cents), text.as_deref(), off).unwrap_or_else(|said| {
            wrong.push(format!("{name} {cents}, the shop said {said}"));
            Exact::cents(Cents(cents))
        })
    };
    let subtotal = amount("subtotal", head.subtotal_cents, &head.subtotal_text, false);
    let items =
        amount("item discounts", head.item_discounts_cents, &head.item_discounts_text, true);
    let (front, front_text) = (head.frontstore_discount_cents, &head.frontstore_discount_text);
    let front = amount("frontstore discount", front, front_text, true);
    let discounts = amount("discounts", head.discount_total_cents, &head.discount_total_text, true);
    let charges = amount("charges", head.charges_cents, &head.charges_text, false);
    let total = amount("total", head.final_total_cents, &head.final_total_text, false);
    let mut goods = Exact::cents(Cents::ZERO);
    let mut off_lines = Exact::cents(Cents::ZERO);
    let mut off = Vec::new();
    let lines = order.iter().filter_map(|row| Some((row.line?, row)));
    for (line, row) in lines {
        let of = |name: &str| format!("line {line}: {name}");
        let price = amount(&of("price"), row.unit_price_cents, &row.unit_price_text, false);
        let discount = amount(&of("discount"), row.discount_cents, &row.discount_text, true);
        let sum = amount(&of("total"), row.line_total_cents, &row.line_total_text, false);
        let amount = price.times(row.quantity);
        if !agree(sum, amount.minus(discount), TOLERANCE) {
            off.push(format!(
                "line {line}: total {} is not {} x {} - {}",
                row.line_total_cents, row.quantity, row.unit_price_cents, row.discount_cents
            ));
        }
        goods = goods.plus(amount);
        off_lines = off_lines.plus(discount);
    }
    let lines = i128::try_from(order.iter().filter(|row| row.line.is_some()).count()).unwrap_or(0);
    let whole = TOLERANCE * lines + TOLERANCE;
    if lines > 0 && !agree(subtotal, goods, whole) {
        off.push(format!("subtotal {}, its lines {}", head.subtotal_cents, in_cents(goods)));
    }
    if lines > 0 && !agree(items, off_lines, whole) {
        let of_lines = in_cents(off_lines);
        off.push(format!("item discounts {}, its lines {of_lines}", head.item_discounts_cents));
    }
    if !agree(discounts, items.plus(front), TOLERANCE) {
        off.push(format!(
            "discounts {} are not {} + {}",
            head.discount_total_cents, head.item_discounts_cents, head.frontstore_discount_cents
        ));
    }
    if !agree(total, subtotal.minus(discounts).plus(charges), TOLERANCE) {
        off.push(format!(
            "total {} is not {} - {} + {}",
            head.final_total_cents,
            head.subtotal_cents,
            head.discount_total_cents,
            head.charges_cents
        ));
    }
    if head.final_total_cents < 0 {
        off.push(format!("total {} is below zero", head.final_total_cents));
    }
    wrong.extend(off);
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

/// What an amount is, exactly: the shop's text, which the cents must be; rows of older releases
/// have none. Of what is taken off the sign means nothing.
fn told(cents: Cents, text: Option<&str>, off: bool) -> Result<Exact, String> {
    let Some(text) = text else { return Ok(Exact::cents(cents)) };
    let exact = Exact::read(text).map(|exact| if off { exact.magnitude() } else { exact });
    exact.filter(|exact| exact.rounded() == Some(cents)).ok_or_else(|| text.to_owned())
}

/// Whether two amounts are one: within so many cents where one of them is not rounded.
fn agree(one: Exact, other: Exact, tolerance: i128) -> bool {
    let difference = one.minus(other);
    let allowed = if difference.unrounded { tolerance * Exact::CENT } else { 0 };
    difference.magnitude().value <= allowed
}

fn in_cents(amount: Exact) -> String {
    amount.rounded().map_or_else(|| amount.to_string(), |cents| cents.0.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<String> {
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn cents(text: &str) -> i64 {
        text.parse::<Cents>().unwrap().0
    }

    /// An order of one line each of these, as (quantity, price, discount, total) as the shop wrote
    /// them.
    fn order(lines: &[(i32, &str, &str, &str)], totals: [&str; 5]) -> Vec<Row> {
        let [subtotal, items, front, discounts, total] = totals;
        let row = |(line, (quantity, price, discount, sum)): (i32, &(i32, &str, &str, &str))| Row {
            subtotal_cents: cents(subtotal),
            subtotal_text: text(subtotal),
            item_discounts_cents: cents(items),
            item_discounts_text: text(items),
            frontstore_discount_cents: cents(front),
            frontstore_discount_text: text(front),
            discount_total_cents: cents(discounts),
            discount_total_text: text(discounts),
            final_total_cents: cents(total),
            final_total_text: text(total),
            line: Some(line),
            quantity: *quantity,
            unit_price_cents: cents(price),
            unit_price_text: text(price),
            discount_cents: cents(discount),
            discount_text: text(discount),
            line_total_cents: cents(sum),
            line_total_text: text(sum),
            ..Row::default()
        };
        (0..).zip(lines).map(row).collect()
    }

    /// 13.98 - 2.495 = 11.485, each of which is rounded half up by itself: 1398 - 250 <> 1149.
    fn unrounded() -> Vec<Row> {
        order(&[(2, "6.99", "2.495", "11.485")], ["13.98", "2.495", "0", "2.495", "11.485"])
    }

    fn rounded() -> Vec<Row> {
        order(
            &[(2, "6.99", "2.50", "11.48"), (1, "1", "0", "1")],
            ["14.98", "2.5", "0", "2.5", "12.48"],
        )
    }

    /// The total as the shop wrote it, and the cents it is then.
    fn with_total(mut order: Vec<Row>, total: &str) -> Option<String> {
        for row in &mut order {
            row.final_total_text = text(total);
            row.final_total_cents = cents(total);
        }
        fault(&order)
    }

    #[test]
    fn a_shop_that_rounds_nothing_agrees_with_itself() {
        assert_eq!(fault(&unrounded()), None);
        assert_eq!(fault(&rounded()), None);
    }

    #[test]
    fn a_cent_is_found_where_the_shop_says_cents_and_is_within_where_it_says_more() {
        assert!(with_total(rounded(), "12.49").is_some_and(|f| f.contains("total 1249 is not")));
        assert!(with_total(rounded(), "12.490000").is_some(), "zeros are no digits");
        assert!(with_total(rounded(), "1.249e1").is_some(), "nor is an exponent");
        assert_eq!(with_total(rounded(), "12.480"), None);
        assert_eq!(with_total(rounded(), "1.248e1"), None);
        assert_eq!(with_total(unrounded(), "11.495"), None);
        assert_eq!(with_total(unrounded(), "1.1495e1"), None);
        assert!(with_total(unrounded(), "11.4951").is_some(), "more than a cent");
        assert!(with_total(unrounded(), "11.475").is_none());
        assert!(with_total(unrounded(), "11.4749").is_some());
    }

    #[test]
    fn a_line_may_miss_by_a_cent_and_an_order_by_one_more_than_it_has_lines() {
        let line = |sum| {
            let mut order = unrounded();
            order[0].line_total_text = text(sum);
            order[0].line_total_cents = cents(sum);
            fault(&order)
        };
        assert_eq!(line("11.495"), None);
        assert!(line("11.505").is_some_and(|found| found.starts_with("line 0: total 1151")));
        // Two lines and one order: three cents.
        let lines = [(1, "1.001", "0", "1.001"), (1, "2", "0", "2")];
        let of = |subtotal| order(&lines, [subtotal, "0", "0", "0", subtotal]);
        assert_eq!(fault(&of("3.031")), None);
        assert_eq!(fault(&of("2.971")), None);
        assert!(fault(&of("3.0311")).is_some_and(|f| f.starts_with("subtotal 303, its lines 300")));
        assert!(fault(&of("2.9709")).is_some());
    }

    #[test]
    fn cents_that_are_not_what_the_shop_said_are_found_however_many_digits_it_says() {
        for (order, change) in [(rounded(), 1), (unrounded(), 1), (unrounded(), -1)] {
            let mut order = order;
            order.iter_mut().for_each(|row| row.final_total_cents += change);
            let found = fault(&order).unwrap();
            assert!(found.contains("the shop said"), "{found}");
        }
        let mut order = unrounded();
        order[0].unit_price_text = text("six");
        assert_eq!(fault(&order).unwrap(), "line 0: price 699, the shop said six");
        let mut order = unrounded();
        order[0].unit_price_text = text("99999999999999999999999999999999999999999999");
        assert!(fault(&order).is_some());
    }

    #[test]
    fn rows_without_texts_are_exact() {
        let bare = |mut order: Vec<Row>| {
            for row in &mut order {
                *row = Row {
                    subtotal_text: None,
                    item_discounts_text: None,
                    frontstore_discount_text: None,
                    discount_total_text: None,
                    charges_text: None,
                    final_total_text: None,
                    unit_price_text: None,
                    discount_text: None,
                    line_total_text: None,
                    ..row.clone()
                };
            }
            order
        };
        assert_eq!(fault(&bare(rounded())), None);
        assert!(fault(&bare(unrounded())).is_some(), "1398 - 250 <> 1149");
        let mut off = bare(rounded());
        off.iter_mut().for_each(|row| row.final_total_cents += 1);
        assert!(fault(&off).is_some());
    }

    #[test]
    fn charges_are_on_top_and_a_discount_below_zero_is_taken_off() {
        let charged = |cents: i64, said: &str| {
            let mut order = rounded();
            for row in &mut order {
                (row.charges_cents, row.charges_text) = (cents, text(said));
            }
            with_total(order, "17.82")
        };
        assert_eq!(charged(534, "4.99 + 0.35"), None);
        assert_eq!(charged(534, ""), None);
        assert!(charged(533, "").is_some_and(|found| found.contains("1498 - 250 + 533")));
        assert!(charged(534, "4.99 + 0.36").is_some());
        let below =
            order(&[(2, "6.99", "-2.5", "11.48")], ["13.98", "-2.5", "0", "-2.50", "11.48"]);
        let below = below.into_iter().map(|row| Row {
            discount_cents: 250,
            item_discounts_cents: 250,
            discount_total_cents: 250,
            ..row
        });
        assert_eq!(fault(&below.collect::<Vec<_>>()), None);
    }

    #[test]
    fn huge_and_odd_numbers_neither_panic_nor_pass() {
        let huge = Row {
            line: Some(0),
            quantity: i32::MAX,
            unit_price_cents: i64::MAX,
            discount_cents: i64::MIN,
            line_total_cents: i64::MIN,
            subtotal_cents: i64::MAX,
            final_total_cents: i64::MIN,
            ..Row::default()
        };
        assert!(fault(&[huge]).is_some());
        assert_eq!(fault(&[]), None);
        assert_eq!(fault(&[Row::default()]), None, "an order without lines is another check's");
    }
}
