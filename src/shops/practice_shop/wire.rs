//! The JSON of the API imitated: product lists in camelCase, cart and orders in snake_case, money
//! as numbers that are floats there (`12.0`, `8.5`, `0` for nothing), written from exact cents.

use crate::pricing::{Grain, LinePrice, PricedOrder};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::ids::CouponId;
use domain::money::{Cents, Percent};
use domain::offer::{Coupon, Discount};
use serde_json::{Number, Value, json};
use uuid::Uuid;

use super::floor::checkout::PlacedOrder;
use super::floor::{Customer, Granted};
use super::goods::{Goods, Line};
use super::habits::{Habits, OrderReads};

/// Cents as a JSON number.
pub(super) fn number(amount: Cents) -> Number {
    let text = if amount == Cents::ZERO { "0".to_owned() } else { Grain::CENT.text(amount) };
    text.parse().unwrap_or_else(|_| Number::from(0))
}

/// Cents as a JSON value.
pub(super) fn money(amount: Cents) -> Value {
    Value::Number(number(amount))
}

fn percent(percent: Percent) -> Value {
    money(Cents(percent.0))
}

/// A moment as the API writes it.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A branch.
pub(super) fn store(goods: &Goods, position: usize) -> Value {
    goods.catalog.stores.get(position).map_or(Value::Null, |store| {
        json!({ "id": store.id.as_str(), "name": store.name,
                "created_at": "2024-01-01T00:00:00.000000Z" })
    })
}

/// A product as lists show it, at this price.
pub(super) fn product(goods: &Goods, position: usize, price: Cents, in_stock: bool) -> Value {
    let Some(product) = goods.catalog.products.get(position) else { return Value::Null };
    let brand = product.brand.as_deref().unwrap_or_default();
    // Nobody rated these: the figures are a function of the position.
    let rating = Number::from_f64(3.5 + (position * 7 % 15) as f64 / 10.0);
    json!({
        "id": product.id.as_str(),
        "name": product.name,
        "description": format!("{} by {brand}", product.name),
        "imageUrl": format!("/images/{}.png", product.id),
        "price": money(price),
        "rating": rating,
        "reviewCount": 12 + position * 53 % 480,
        "category": product.category,
        "brand": product.brand,
        "promoText": null,
        "inStock": in_stock,
    })
}

/// The id of a cart line: stable for one customer and product.
fn cart_item_id(user: Uuid, goods: &Goods, line: Line) -> String {
    let product = goods.catalog.products.get(line.product as usize);
    let product = product.map(|p| p.id.as_str()).unwrap_or_default();
    Uuid::new_v5(&user, product.as_bytes()).to_string()
}

/// The answer to an add or a removal: the line that it was about.
pub(super) fn line_written(user: Uuid, goods: &Goods, line: Line) -> Value {
    let product = goods.catalog.products.get(line.product as usize);
    json!({
        "success": true,
        "cart_item": {
            "id": cart_item_id(user, goods, line),
            "quantity": line.quantity,
            "product_name": product.map(|p| &p.name),
            "unit_price": money(line.unit_price),
            "line_total": money(line.unit_price.times(line.quantity)),
        },
    })
}

/// The cart.
pub(super) fn cart(user: Uuid, goods: &Goods, customer: &Customer) -> Value {
    let item = |line: &Line| {
        json!({
            "cart_item_id": cart_item_id(user, goods, *line),
            "quantity": line.quantity,
            "product": product(goods, line.product as usize, line.unit_price, true),
            "line_total": money(line.unit_price.times(line.quantity)),
        })
    };
    let selected = customer.wallet.iter().filter(|g| g.is_selected);
    json!({
        "items": customer.cart.iter().map(item).collect::<Vec<_>>(),
        "coupons": selected.map(|g| coupon(goods, *g)).collect::<Vec<_>>(),
        "store": customer.store.map(|position| store(goods, position)),
        "item_count": customer.cart.iter().map(|l| u64::from(l.quantity)).sum::<u64>(),
    })
}

/// The five sums of a price.
fn totals(goods: &Goods, priced: &PricedOrder) -> Value {
    json!({
        "subtotal": goods.number(priced.subtotal),
        "item_discounts": goods.number(priced.item_discounts),
        "frontstore_discount": goods.number(priced.frontstore_discount),
        "discount_total": goods.number(priced.discount_total),
        "final_total": goods.number(priced.final_total),
    })
}

/// The price of a cart.
pub(super) fn summary(goods: &Goods, priced: &PricedOrder) -> Value {
    let mut summary = totals(goods, priced);
    let hundred = i128::from(priced.discount_total.0) * 10_000;
    let saved = hundred.checked_div(i128::from(priced.subtotal.0)).unwrap_or(0);
    summary["savings_percentage"] = money(Cents(i64::try_from(saved).unwrap_or(0)));
    summary
}

/// A coupon of a wallet.
pub(super) fn coupon(goods: &Goods, granted: Granted) -> Value {
    let Some(coupon) = goods.coupon(granted.coupon) else { return Value::Null };
    let (kind, value) = match coupon.discount {
        Discount::PercentOff(value) => ("percent", percent(value)),
        Discount::FixedOff(value) => ("fixed", money(value)),
        Discount::BuyOneGetOne(value) => ("bogo", percent(value)),
        Discount::FreeShipping => ("free_shipping", json!(0)),
    };
    json!({
        "id": coupon.id.as_str(),
        "type": coupon.kind.as_str(),
        "discount_details": details(coupon),
        "category_or_brand": coupon.target,
        "discount_type": kind,
        "discount_value": value,
        "min_purchase_amount": money(coupon.min_purchase),
        "max_discount": coupon.max_discount.map(money),
        "expiration_date": moment(granted.expires_at),
        "is_selected": granted.is_selected,
    })
}

fn details(coupon: &Coupon) -> String {
    let on = coupon.target.as_deref().unwrap_or("your order");
    let number = |percent: Percent| {
        Cents(percent.0).to_string().trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match coupon.discount {
        Discount::PercentOff(value) => format!("{}% off {on}", number(value)),
        Discount::FixedOff(value) => format!("${value} off {on}"),
        Discount::BuyOneGetOne(value) => format!("Buy one, get one {}% off {on}", number(value)),
        Discount::FreeShipping => format!("Free shipping on {on}"),
    }
}

/// The answer to a checkout.
pub(super) fn placed(goods: &Goods, habits: &Habits, order: &PlacedOrder) -> Value {
    json!({
        "success": true,
        "order": whole_order(goods, habits, order),
        "message": "Order placed successfully",
    })
}

/// An order as its customer's list shows it.
pub(super) fn listed_order(goods: &Goods, habits: &Habits, order: &PlacedOrder) -> Value {
    let mut shown = json!({
        "id": order.id.to_string(),
        "final_total": goods.number(order.price(goods).final_total),
        "created_at": moment(order.placed_at),
    });
    if habits.order_reads == OrderReads::BySession {
        shown["shopping_session_id"] = json!(order.session);
    }
    shown
}

/// An order with its lines.
pub(super) fn whole_order(goods: &Goods, habits: &Habits, order: &PlacedOrder) -> Value {
    let priced = order.price(goods);
    let applied =
        |id: &CouponId| goods.coupon_number(id.as_str()).and_then(|n| goods.coupon(n)).map(applied);
    let item = |(line, price): (&Line, &LinePrice)| {
        let product = goods.catalog.products.get(line.product as usize);
        json!({
            "product_id": product.map(|p| p.id.as_str()),
            "product_name": product.map(|p| &p.name),
            "quantity": line.quantity,
            "unit_price": money(line.unit_price),
            "discount_amount": goods.number(price.discount),
            "line_total": goods.number(price.total),
            "applied_coupon": price.coupon.as_ref().map(applied),
        })
    };
    let mut shown = json!({
        "id": order.id.to_string(),
        "store": store(goods, order.store),
        "items": order.lines.iter().zip(&priced.lines).map(item).collect::<Vec<_>>(),
        "applied_coupons": applied_coupons(goods, habits, &priced),
        "totals": totals(goods, &priced),
        "status": "completed",
        "created_at": moment(order.placed_at),
    });
    if habits.order_reads == OrderReads::BySession {
        shown["shopping_session_id"] = json!(order.session);
    }
    shown
}

fn applied(coupon: &Coupon) -> Value {
    json!({ "id": coupon.id.as_str(), "details": details(coupon), "type": coupon.kind.as_str() })
}

/// The coupons that counted, in the shape the shop has.
fn applied_coupons(goods: &Goods, habits: &Habits, priced: &PricedOrder) -> Value {
    let entry = |coupon: &CouponId, discount| {
        let (id, discount) = (coupon.as_str(), goods.number(discount));
        json!({ "coupon_id": id, "discount_amount": discount })
    };
    if !habits.coupons_as_object {
        return priced.used.iter().map(|used| entry(&used.coupon, used.discount)).collect();
    }
    let by_line = priced.lines.iter();
    let of_lines: Vec<&CouponId> = by_line.clone().filter_map(|l| l.coupon.as_ref()).collect();
    let item_level: Vec<Value> =
        by_line.filter_map(|line| Some(entry(line.coupon.as_ref()?, line.discount))).collect();
    let frontstore = priced.used.iter().filter(|used| !of_lines.contains(&&used.coupon));
    let frontstore: Vec<Value> = frontstore.map(|u| entry(&u.coupon, u.discount)).collect();
    json!({ "item_level": item_level, "frontstore": frontstore })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_the_shop_imitated_writes_floats_and_reads_back_exactly() {
        for (cents, text) in [(0, "0"), (5, "0.05"), (850, "8.5"), (1_200, "12.0"), (899, "8.99")] {
            let value = money(Cents(cents));
            assert_eq!(value.to_string(), text);
            assert_eq!(value.to_string().parse::<Cents>(), Ok(Cents(cents)));
        }
    }
}
