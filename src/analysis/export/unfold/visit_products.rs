//! What a visit did with a product, from its first exposure to its order: a row each.

use std::collections::HashMap;

use super::fact::{Details, Fact, Visit, What};
use super::{Goods, kind_of, number, tags};
use crate::export::value::{Row, Value};

/// A product in a visit.
#[derive(Debug, PartialEq, Eq)]
struct Seen<'a> {
    product: &'a str,
    first_surface: &'static str,
    first_place: Option<i64>,
    shown: i64,
    viewed: i64,
    added: i64,
    removed: i64,
    ordered: i64,
    first_price: Option<i64>,
    /// Of the first exposure; microseconds since 1970.
    simulated_at: i64,
    recorded_at: i64,
}

/// The products of a visit in the order in which it met them.
#[derive(Default)]
struct Products<'a> {
    seen: Vec<Seen<'a>>,
    by_id: HashMap<&'a str, usize>,
}

impl<'a> Products<'a> {
    fn meet(&mut self, product: &'a str, surface: &'static str, fact: &Fact) -> &mut Seen<'a> {
        let at = *self.by_id.entry(product).or_insert_with(|| {
            self.seen.push(Seen {
                product,
                first_surface: surface,
                first_place: None,
                shown: 0,
                viewed: 0,
                added: 0,
                removed: 0,
                ordered: 0,
                first_price: None,
                simulated_at: fact.simulated_at,
                recorded_at: fact.recorded_at,
            });
            self.seen.len() - 1
        });
        &mut self.seen[at]
    }

    fn list(&mut self, details: &'a Details, surface: &'static str, fact: &Fact) {
        let prices = details.prices_cents.as_deref().unwrap_or_default();
        for (place, id) in details.product_ids.iter().flatten().enumerate() {
            let seen = self.meet(id, surface, fact);
            seen.first_price = seen.first_price.or(prices.get(place).copied());
            seen.first_place = seen.first_place.or(i64::try_from(place).ok());
            seen.shown += 1;
        }
    }

    fn of(facts: &'a [Fact]) -> Self {
        let mut products = Self::default();
        for fact in facts {
            let id = fact.product_id.as_deref();
            match (&fact.what, id) {
                (What::Event(word, details), id) => match (word.as_str(), id) {
                    ("product_list", _) => {
                        products.list(details, "product_list", fact);
                    }
                    ("product_search", _) => {
                        products.list(details, "product_search", fact);
                    }
                    ("view_product", Some(id)) => {
                        let seen = products.meet(id, "product_view", fact);
                        seen.viewed += 1;
                        seen.first_price = seen.first_price.or(details.price_cents);
                    }
                    ("cart_add_item", Some(id)) => {
                        let seen = products.meet(id, "cart_add_item", fact);
                        seen.first_price = seen.first_price.or(details.unit_price_cents);
                        // A shop may have taken some of what it refused as a whole.
                        seen.added += match details.accepted {
                            Some(true) => details.quantity.unwrap_or(1),
                            Some(false) | None => details.taken.unwrap_or(0),
                        };
                    }
                    ("cart_remove_item", Some(id)) => {
                        let seen = products.meet(id, "cart_remove_item", fact);
                        seen.removed += details.quantity.unwrap_or(1);
                    }
                    _ => {}
                },
                (What::Line { units }, Some(id)) => {
                    products.meet(id, "order", fact).ordered += units;
                }
                (What::Line { .. }, None) | (What::Step { .. }, _) => {}
            }
        }
        products
    }
}

/// The rows of one visit.
pub fn rows(
    (run, visit): (&str, &Visit),
    facts: &[Fact],
    goods: &Goods,
    is_asked: impl Fn(i64) -> bool,
    rows: &mut Vec<Row>,
) {
    let products = Products::of(facts);
    for seen in products.seen.iter().filter(|seen| is_asked(seen.simulated_at)) {
        let mut row = Vec::with_capacity(COLUMNS);
        row.push(Value::Text(visit.flow_id.clone()));
        row.extend(tags(run, visit));
        row.push(Value::Text(seen.product.to_owned()));
        row.extend(kind_of(goods, seen.product));
        row.extend([Value::Text(seen.first_surface.to_owned()), number(seen.first_place)]);
        row.extend([seen.shown, seen.viewed, seen.added].map(Value::Integer));
        row.extend([seen.removed, seen.ordered].map(Value::Integer));
        row.push(number(seen.first_price));
        row.extend([seen.simulated_at, seen.recorded_at].map(Value::Instant));
        row.extend([seen.added > 0, seen.ordered > 0].map(Value::Bool));
        rows.push(row);
    }
}

/// Values of a row.
pub const COLUMNS: usize = 26;

#[cfg(test)]
mod tests {
    use super::super::fact::Details;
    use super::*;

    fn event(word: &str, product: Option<&str>, details: Details) -> Fact {
        Fact {
            what: What::Event(word.to_owned(), details),
            seq: 0,
            product_id: product.map(str::to_owned),
            coupon_id: None,
            simulated_at: 5,
            recorded_at: 7,
        }
    }

    fn list(word: &str, ids: &[&str]) -> Fact {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        event(word, None, Details { product_ids: Some(ids), ..Details::default() })
    }

    fn units(word: &str, quantity: i64, accepted: Option<bool>, taken: Option<i64>) -> Fact {
        let unit_price_cents = Some(300);
        let quantity = Some(quantity);
        let details = Details { quantity, accepted, taken, unit_price_cents, ..Details::default() };
        event(word, Some("b"), details)
    }

    #[test]
    fn a_product_keeps_its_first_place_and_price_and_sums_up_the_rest() {
        let view = |price_cents| {
            event("view_product", Some("b"), Details { price_cents, ..Details::default() })
        };
        let facts = [
            list("product_list", &["a", "b"]),
            list("product_search", &["b", "c"]),
            view(Some(250)),
            view(Some(260)),
            units("cart_add_item", 3, Some(true), None),
            units("cart_add_item", 4, Some(false), None),
            units("cart_add_item", 4, Some(false), Some(2)),
            units("cart_remove_item", 1, None, None),
            units("a_kind_to_come", 9, Some(true), None),
        ];
        let products = Products::of(&facts);
        let b = &products.seen[1];
        assert_eq!((b.product, b.first_surface, b.first_place), ("b", "product_list", Some(1)));
        assert_eq!((b.shown, b.viewed, b.added, b.removed), (2, 2, 5, 1));
        assert_eq!((b.first_price, b.ordered), (Some(250), 0));
        let c = &products.seen[2];
        assert_eq!(
            (c.first_surface, c.first_place, c.first_price),
            ("product_search", Some(1), None)
        );
        assert_eq!(products.seen.len(), 3);
    }

    #[test]
    fn a_line_is_an_order_of_its_product_though_no_event_names_it() {
        let line =
            Fact { what: What::Line { units: 2 }, ..event("", Some("z"), Details::default()) };
        let facts = [line.clone(), line];
        let products = Products::of(&facts);
        let z = &products.seen[0];
        assert_eq!((z.first_surface, z.ordered, z.added), ("order", 4, 0));
        assert_eq!((z.first_place, z.simulated_at), (None, 5));
    }
}
