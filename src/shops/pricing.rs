//! What an order costs: the practice shop's rules of pricing, on whole cents.
//!
//! Each discount is rounded half up once, where it arises; sums are never rounded. A category
//! coupon helps one line of its category an order, a brand coupon every line of its brand that is
//! left. A shop that does not round prices in a finer grain than the cent by the same rules.

use std::cmp::Reverse;
use std::collections::HashSet;

use domain::cart::CartLine;
use domain::catalog::Product;
use domain::ids::CouponId;
use domain::money::{Cents, Percent};
use domain::offer::{Coupon, CouponKind, Discount};

/// What amounts are counted in while a cart is priced: so many to the cent. Discounts are rounded
/// to the grain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grain {
    per_cent: i64,
}

impl Grain {
    /// Money to the cent.
    pub const CENT: Self = Self { per_cent: 1 };

    /// A millionth of a cent: a percentage of a percentage of whole cents is exact in it.
    pub const FINE: Self = Self { per_cent: 1_000_000 };

    /// An amount of cents in this grain.
    fn of(self, cents: Cents) -> Cents {
        Cents(cents.0.saturating_mul(self.per_cent))
    }

    /// An amount of this grain in cents, rounded half up.
    pub fn cents(self, amount: Cents) -> Cents {
        let (doubled, whole) = (i128::from(amount.0) * 2, i128::from(self.per_cent) * 2);
        let cents = (doubled + i128::from(self.per_cent)).div_euclid(whole);
        Cents(i64::try_from(cents).unwrap_or(i64::MAX))
    }

    /// An amount of this grain as decimal text in dollars, to the last digit that counts.
    pub fn text(self, amount: Cents) -> String {
        let hundred = self.per_cent.unsigned_abs() * 100;
        let digits = usize::try_from(hundred.ilog10()).unwrap_or(2);
        let sign = if amount.0 < 0 { "-" } else { "" };
        let (whole, rest) = (amount.0.unsigned_abs() / hundred, amount.0.unsigned_abs() % hundred);
        let text = format!("{sign}{whole}.{rest:0digits$}");
        let cut = text.trim_end_matches('0');
        if cut.ends_with('.') { format!("{cut}0") } else { cut.to_owned() }
    }
}

/// One line to be priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricedLine<'a> {
    /// What; its category and brand decide which coupons help.
    pub product: &'a Product,
    /// Units.
    pub quantity: u32,
    /// Price of one unit.
    pub unit_price: Cents,
}

impl<'a> From<&'a CartLine> for PricedLine<'a> {
    fn from(line: &'a CartLine) -> Self {
        Self { product: &line.product, quantity: line.quantity, unit_price: line.unit_price }
    }
}

/// What one line costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePrice {
    /// Before the discount.
    pub amount: Cents,
    /// Off this line; at most its amount.
    pub discount: Cents,
    /// To pay for this line, frontstore discount not included.
    pub total: Cents,
    /// The coupon that gave the discount.
    pub coupon: Option<CouponId>,
}

/// A coupon that counted, with what it took off over the whole order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedCoupon {
    /// Which.
    pub coupon: CouponId,
    /// 0 for free shipping.
    pub discount: Cents,
}

/// What the order costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PricedOrder {
    /// One per line given, in that order.
    pub lines: Vec<LinePrice>,
    /// Before discounts.
    pub subtotal: Cents,
    /// Off the lines.
    pub item_discounts: Cents,
    /// Off the rest.
    pub frontstore_discount: Cents,
    /// Both.
    pub discount_total: Cents,
    /// To pay; never below zero.
    pub final_total: Cents,
    /// Each once, in the order in which they first counted, the frontstore coupon last.
    pub used: Vec<UsedCoupon>,
}

/// Prices `lines` with `coupons`, of which only those that help are used; every amount to the cent.
pub fn price(lines: &[PricedLine<'_>], coupons: &[Coupon]) -> PricedOrder {
    price_in(Grain::CENT, lines, coupons)
}

/// The same with every amount of the answer counted in this grain.
pub fn price_in(grain: Grain, lines: &[PricedLine<'_>], coupons: &[Coupon]) -> PricedOrder {
    let coupons: &[Coupon] =
        &coupons.iter().map(|coupon| grained(grain, coupon)).collect::<Vec<_>>();
    let mut order = PricedOrder::default();
    let mut discounted_categories = HashSet::new();
    for line in lines {
        let amount = grain.of(line.unit_price.times(line.quantity)).at_least_zero();
        let category = line.product.category.as_str();
        let by_category = if discounted_categories.contains(category) {
            None
        } else {
            best(coupons, CouponKind::Category, Some(category), amount)
        };
        if by_category.is_some() {
            discounted_categories.insert(category);
        }
        let brand = line.product.brand.as_deref();
        let best = by_category.or_else(|| best(coupons, CouponKind::Brand, brand, amount));
        let discount = best.map_or(Cents::ZERO, |(_, discount)| discount);
        if let Some((coupon, discount)) = best {
            order.count_use(&coupon.id, discount);
        }
        order.subtotal += amount;
        order.item_discounts += discount;
        order.lines.push(LinePrice {
            amount,
            discount,
            total: amount - discount,
            coupon: best.map(|(coupon, _)| coupon.id.clone()),
        });
    }
    let rest = order.subtotal - order.item_discounts;
    if let Some(coupon) = frontstore(grain, coupons, order.subtotal).filter(|_| !lines.is_empty()) {
        order.frontstore_discount = discount_on(rest, coupon);
        order.count_use(&coupon.id, order.frontstore_discount);
    }
    order.discount_total = order.item_discounts + order.frontstore_discount;
    order.final_total = (order.subtotal - order.discount_total).at_least_zero();
    order
}

/// The coupon with its amounts in this grain.
fn grained(grain: Grain, coupon: &Coupon) -> Coupon {
    let discount = match coupon.discount {
        Discount::FixedOff(value) => Discount::FixedOff(grain.of(value)),
        Discount::PercentOff(_) | Discount::BuyOneGetOne(_) | Discount::FreeShipping => {
            coupon.discount
        }
    };
    Coupon {
        discount,
        min_purchase: grain.of(coupon.min_purchase),
        max_discount: coupon.max_discount.map(|most| grain.of(most)),
        ..coupon.clone()
    }
}

impl PricedOrder {
    fn count_use(&mut self, coupon: &CouponId, discount: Cents) {
        match self.used.iter_mut().find(|u| u.coupon == *coupon) {
            Some(used) => used.discount += discount,
            None => self.used.push(UsedCoupon { coupon: coupon.clone(), discount }),
        }
    }
}

/// What `coupon` takes off `amount`: never negative, never more than the amount.
pub fn discount_on(amount: Cents, coupon: &Coupon) -> Cents {
    let amount = amount.at_least_zero();
    let discount = match coupon.discount {
        Discount::PercentOff(percent) => {
            let uncapped = amount.percent(percent);
            coupon.max_discount.map_or(uncapped, |most| uncapped.min(most))
        }
        Discount::FixedOff(value) => value,
        Discount::BuyOneGetOne(percent) => half_percent(amount, percent),
        Discount::FreeShipping => Cents::ZERO,
    };
    discount.min(amount).at_least_zero()
}

/// Half of the amount x percent, rounded half up once.
fn half_percent(amount: Cents, percent: Percent) -> Cents {
    let scaled = i128::from(amount.0) * i128::from(percent.0);
    let rounded = (scaled + 10_000).div_euclid(20_000);
    Cents(i64::try_from(rounded).unwrap_or(i64::MAX))
}

/// The coupon of this kind and target that takes off most, the first of equals; none that takes off
/// nothing.
fn best<'a>(
    coupons: &'a [Coupon],
    kind: CouponKind,
    target: Option<&str>,
    amount: Cents,
) -> Option<(&'a Coupon, Cents)> {
    let target = target?;
    coupons
        .iter()
        .filter(|c| c.kind == kind && c.target.as_deref() == Some(target))
        .map(|c| (c, discount_on(amount, c)))
        .filter(|(_, discount)| *discount > Cents::ZERO)
        .min_by_key(|(_, discount)| Reverse(*discount))
}

/// The frontstore coupon of the highest value whose minimum purchase the cart meets.
fn frontstore(grain: Grain, coupons: &[Coupon], subtotal: Cents) -> Option<&Coupon> {
    coupons
        .iter()
        .filter(|c| c.kind == CouponKind::Frontstore && subtotal >= c.min_purchase)
        .min_by_key(|c| Reverse(face_value(grain, c.discount)))
}

/// The bare number of a discount in hundredths, whatever its unit: 10 % is above 5.00 off.
fn face_value(grain: Grain, discount: Discount) -> i64 {
    match discount {
        Discount::PercentOff(percent) | Discount::BuyOneGetOne(percent) => percent.0,
        Discount::FixedOff(value) => grain.cents(value).0,
        Discount::FreeShipping => 0,
    }
}

#[cfg(test)]
mod tests;
