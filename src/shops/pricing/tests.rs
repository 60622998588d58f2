//! What coupons take off, to the cent and finer.

use proptest::prelude::*;

use super::*;
use domain::ids::ProductId;

fn product(name: &str, category: &str, brand: Option<&str>, cents: i64) -> Product {
    Product {
        id: ProductId::new(name),
        name: name.to_owned(),
        category: category.to_owned(),
        brand: brand.map(str::to_owned),
        price: Cents(cents),
        in_stock: true,
        handle: Default::default(),
    }
}

fn coupon(id: &str, kind: CouponKind, target: Option<&str>, discount: Discount) -> Coupon {
    Coupon {
        id: CouponId::new(id),
        kind,
        target: target.map(str::to_owned),
        discount,
        min_purchase: Cents::ZERO,
        max_discount: None,
    }
}

fn line(product: &Product, quantity: u32) -> PricedLine<'_> {
    PricedLine { product, quantity, unit_price: product.price }
}

const TEN_PERCENT: Discount = Discount::PercentOff(Percent(1_000));

#[test]
fn a_category_coupon_helps_the_first_line_of_its_category_only() {
    let (milk, cheese) =
        (product("milk", "Dairy", None, 479), product("cheese", "Dairy", None, 699));
    let off = coupon("c", CouponKind::Category, Some("Dairy"), TEN_PERCENT);
    let order = price(&[line(&milk, 1), line(&cheese, 1)], &[off]);
    assert_eq!(order.lines[0].discount, Cents(48), "47.9 cents are rounded half up");
    assert_eq!(order.lines[1].discount, Cents::ZERO);
    assert_eq!(order.final_total, Cents(479 + 699 - 48));
    assert_eq!(order.used, [UsedCoupon { coupon: CouponId::new("c"), discount: Cents(48) }]);
}

#[test]
fn a_brand_coupon_helps_every_line_that_has_no_category_discount() {
    let (milk, cheese, jam) = (
        product("milk", "Dairy", Some("Hill"), 1_000),
        product("cheese", "Dairy", Some("Hill"), 2_000),
        product("jam", "Pantry", Some("Hill"), 500),
    );
    let category = coupon("c", CouponKind::Category, Some("Dairy"), TEN_PERCENT);
    let brand = coupon("b", CouponKind::Brand, Some("Hill"), Discount::FixedOff(Cents(300)));
    let order = price(&[line(&milk, 1), line(&cheese, 1), line(&jam, 1)], &[brand, category]);
    let discounts: Vec<_> = order.lines.iter().map(|l| l.discount.0).collect();
    assert_eq!(discounts, [100, 300, 300]);
    assert_eq!(order.used[1].discount, Cents(600));
}

#[test]
fn the_best_category_coupon_is_the_one_that_takes_off_most_on_this_line() {
    let steak = product("steak", "Meat", None, 1_799);
    let mut percent = coupon("p", CouponKind::Category, Some("Meat"), TEN_PERCENT);
    percent.max_discount = Some(Cents(150));
    let fixed = coupon("f", CouponKind::Category, Some("Meat"), Discount::FixedOff(Cents(160)));
    let order = price(&[line(&steak, 1)], &[percent, fixed]);
    assert_eq!(order.lines[0].coupon, Some(CouponId::new("f")));
    assert_eq!(order.lines[0].discount, Cents(160));
}

#[test]
fn free_shipping_on_a_category_leaves_the_line_to_the_brand_coupon() {
    let steak = product("steak", "Meat", Some("Prairie"), 1_000);
    let free = coupon("s", CouponKind::Category, Some("Meat"), Discount::FreeShipping);
    let brand = coupon("b", CouponKind::Brand, Some("Prairie"), TEN_PERCENT);
    let order = price(&[line(&steak, 1)], &[free, brand]);
    assert_eq!(order.lines[0].coupon, Some(CouponId::new("b")));
}

#[test]
fn a_cap_holds_from_the_cent_at_which_it_is_reached() {
    let mut off = coupon("c", CouponKind::Frontstore, None, TEN_PERCENT);
    off.max_discount = Some(Cents(500));
    assert_eq!(discount_on(Cents(4_994), &off), Cents(499));
    assert_eq!(discount_on(Cents(4_995), &off), Cents(500));
    assert_eq!(discount_on(Cents(90_000), &off), Cents(500));
}

#[test]
fn fixed_takes_at_most_the_amount_and_bogo_half_of_it() {
    let fixed = coupon("f", CouponKind::Brand, Some("x"), Discount::FixedOff(Cents(300)));
    assert_eq!(discount_on(Cents(299), &fixed), Cents(299));
    assert_eq!(discount_on(Cents(301), &fixed), Cents(300));
    let bogo = Discount::BuyOneGetOne(Percent(5_000));
    let bogo = coupon("g", CouponKind::Brand, Some("x"), bogo);
    assert_eq!(discount_on(Cents(999), &bogo), Cents(250), "249.75");
    assert_eq!(discount_on(Cents(998), &bogo), Cents(250), "249.5 is rounded up");
    assert_eq!(discount_on(Cents(997), &bogo), Cents(249), "249.25");
}

#[test]
fn one_frontstore_coupon_counts_the_highest_value_whose_minimum_is_met() {
    let bag = product("bag", "Pet", None, 5_000);
    let with_min = |id: &str, percent: i64, min: i64| {
        let off = Discount::PercentOff(Percent(percent));
        let mut coupon = coupon(id, CouponKind::Frontstore, None, off);
        coupon.min_purchase = Cents(min);
        coupon
    };
    let coupons =
        [with_min("5", 500, 0), with_min("10", 1_000, 5_000), with_min("20", 2_000, 5_001)];
    let order = price(&[line(&bag, 1)], &coupons);
    assert_eq!(order.frontstore_discount, Cents(500));
    assert_eq!(order.used.len(), 1);
    assert_eq!(order.used[0].coupon, CouponId::new("10"));
}

#[test]
fn the_frontstore_coupon_works_on_what_the_lines_leave() {
    let bag = product("bag", "Pet", None, 5_000);
    let half = coupon("c", CouponKind::Category, Some("Pet"), Discount::PercentOff(Percent(5_000)));
    let front = coupon("f", CouponKind::Frontstore, None, TEN_PERCENT);
    let order = price(&[line(&bag, 1)], &[half, front]);
    assert_eq!((order.item_discounts, order.frontstore_discount), (Cents(2_500), Cents(250)));
    assert_eq!(order.final_total, Cents(2_250));
}

#[test]
fn an_empty_cart_costs_nothing_and_uses_nothing() {
    let front = coupon("f", CouponKind::Frontstore, None, TEN_PERCENT);
    assert_eq!(price(&[], &[front]), PricedOrder::default());
}

#[test]
fn a_finer_grain_rounds_nothing_and_chooses_the_same_coupons() {
    let steak = product("steak", "Meat", None, 1_799);
    let meat = coupon("m", CouponKind::Category, Some("Meat"), Discount::PercentOff(Percent(850)));
    let front = |id: &str, discount| coupon(id, CouponKind::Frontstore, None, discount);
    let coupons = [meat, front("5.00", Discount::FixedOff(Cents(500))), front("10%", TEN_PERCENT)];
    let fine = price_in(Grain::FINE, &[line(&steak, 1)], &coupons);
    let text = |amount| Grain::FINE.text(amount);
    assert_eq!(text(fine.item_discounts), "1.52915");
    assert_eq!(text(fine.frontstore_discount), "1.646085", "10 % is above 5.00 off");
    assert_eq!((text(fine.subtotal), text(fine.final_total)), ("17.99".into(), "14.814765".into()));
    assert_eq!(Grain::FINE.cents(fine.final_total), Cents(1_481));
    let used =
        |order: &PricedOrder| order.used.iter().map(|u| u.coupon.clone()).collect::<Vec<_>>();
    assert_eq!(used(&fine), used(&price(&[line(&steak, 1)], &coupons)));
}

#[test]
fn half_a_cent_of_a_grain_is_rounded_up_and_whole_dollars_keep_one_decimal() {
    assert_eq!(Grain::FINE.cents(Cents(249_500_000)), Cents(250));
    assert_eq!(Grain::FINE.cents(Cents(249_499_999)), Cents(249));
    assert_eq!(Grain::FINE.text(Cents(249_500_000)), "2.495");
    assert_eq!(
        (Grain::CENT.text(Cents(1_200)), Grain::CENT.text(Cents(-5))),
        ("12.0".into(), "-0.05".into())
    );
}

fn any_discount() -> impl Strategy<Value = Discount> {
    prop_oneof![
        (-2_000_i64..30_000).prop_map(|v| Discount::PercentOff(Percent(v))),
        (-500_i64..10_000).prop_map(|v| Discount::FixedOff(Cents(v))),
        (-2_000_i64..60_000).prop_map(|v| Discount::BuyOneGetOne(Percent(v))),
        Just(Discount::FreeShipping),
    ]
}

fn any_coupon() -> impl Strategy<Value = Coupon> {
    let kind = prop::sample::select(CouponKind::ALL);
    let cap = prop::option::of(-100_i64..3_000);
    (any::<u16>(), kind, 0..3_u8, any_discount(), 0..9_000_i64, cap).prop_map(
        |(id, kind, target, discount, min, cap)| Coupon {
            id: CouponId::new(id.to_string()),
            kind,
            target: Some(target.to_string()),
            discount,
            min_purchase: Cents(min),
            max_discount: cap.map(Cents),
        },
    )
}

proptest! {
    #[test]
    fn totals_are_never_negative_and_are_the_sums_of_the_lines(
        wanted in prop::collection::vec((-50_i64..5_000, 0..40_u32, 0..3_u8, 0..3_u8), 0..12),
        coupons in prop::collection::vec(any_coupon(), 0..20),
    ) {
        let products: Vec<Product> = wanted
            .iter()
            .map(|&(cents, _, category, brand)| {
                product("p", &category.to_string(), Some(&brand.to_string()), cents)
            })
            .collect();
        let lines: Vec<PricedLine<'_>> =
            products.iter().zip(&wanted).map(|(p, w)| line(p, w.1)).collect();
        let order = price(&lines, &coupons);
        prop_assert_eq!(order.lines.len(), lines.len());
        for line in &order.lines {
            prop_assert!(line.discount >= Cents::ZERO && line.total >= Cents::ZERO);
            prop_assert_eq!(line.amount, line.discount + line.total);
        }
        let amounts: Cents = order.lines.iter().map(|l| l.amount).sum();
        let discounts: Cents = order.lines.iter().map(|l| l.discount).sum();
        let used: Cents = order.used.iter().map(|u| u.discount).sum();
        prop_assert_eq!(order.subtotal, amounts);
        prop_assert_eq!(order.item_discounts, discounts);
        prop_assert_eq!(order.discount_total, discounts + order.frontstore_discount);
        prop_assert_eq!(order.final_total, order.subtotal - order.discount_total);
        prop_assert!(order.final_total >= Cents::ZERO);
        prop_assert_eq!(used, order.discount_total);
    }
}
