//! Profiles: the built-in ones are whole, and a mistake in one is named.

use domain::flow::{ShopCart, ShopRefs};
use domain::ids::{CouponId, OrderId, ProductId, StoreId};
use ports::shop_api::{Page, ShopCall, ShopTraits};

use super::*;

fn practice_with(from: &str, to: &str) -> Result<Profile, String> {
    let text = Profile::builtin_text("practice").unwrap();
    assert!(text.contains(from), "the practice profile has no `{from}`");
    Profile::parse("my.ron", &text.replacen(from, to, 1)).map_err(|error| error.to_string())
}

#[test]
fn the_built_in_profiles_are_valid() {
    for name in Profile::builtin_names() {
        let profile = Profile::builtin(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(profile.name, name);
        assert_eq!(profile.format, 2, "{name}");
    }
    for name in ["practice", "voiceoffers"] {
        let profile = Profile::builtin(name).unwrap();
        for &step in StepName::ALL {
            let is_practices =
                [StepName::GrantWallet, StepName::SearchProducts, StepName::RemoveItem];
            let may_lack = name == "voiceoffers" && is_practices.contains(&step);
            let may_lack = may_lack || step == StepName::FindOrder;
            assert!(profile.has(step) || may_lack, "{name}: {step:?}");
        }
        assert!(!profile.is_stateful(), "{name}: nothing is kept of its agents");
    }
    for name in ["medusa", "medusa_login", "vendure", "vendure_login"] {
        let profile = Profile::builtin(name).unwrap();
        let orders = profile.traits().orders;
        assert_eq!(orders.finds, name != "medusa", "{name}: a guest cannot ask for orders");
        assert!(profile.is_stateful(), "{name}");
    }
}

#[test]
fn a_profile_of_format_1_is_still_read_as_what_it_was() {
    for (name, text) in [
        ("practice", include_str!("../../../../tests/shop_api/format_1/practice.ron")),
        ("voiceoffers", include_str!("../../../../tests/shop_api/format_1/voiceoffers.ron")),
    ] {
        let older = Profile::parse("older.ron", text).unwrap();
        let shipped = Profile::builtin(name).unwrap();
        // What came since is in no older text.
        let since = ShopTraits { removes: false, searches: false, ..shipped.traits() };
        assert_eq!((older.format, older.traits()), (1, since), "{name}");
        assert_eq!(older.answers, shipped.answers, "{name}");
        let known: Vec<_> = shipped.rules.iter().filter(|r| older.rules.contains(r)).collect();
        assert_eq!(known, older.rules.iter().collect::<Vec<_>>(), "{name}");
        let is_newer = |name| [StepName::SearchProducts, StepName::RemoveItem].contains(&name);
        let steps = |profile: &Profile| profile.steps.iter().map(|(name, _)| name).collect();
        let (was, mut is): (Vec<_>, Vec<_>) = (steps(&older), steps(&shipped));
        is.retain(|name| !is_newer(*name));
        assert_eq!(was, is, "{name}");
    }
}

#[test]
fn the_profile_of_a_third_shop_is_fine() {
    let text = include_str!("../../../../tests/real_shops/oscar_account.ron");
    let profile = Profile::parse("oscar_account.ron", text).unwrap();
    assert!(profile.keeps_cookies && profile.traits().orders.finds_by_refs);
}

#[test]
fn a_mistake_in_a_text_of_format_2_is_told_in_its_words() {
    let text = Profile::builtin_text("practice").unwrap().replacen("catalog: live,", "catalog", 1);
    let error = Profile::parse("my.ron", &text).unwrap_err().to_string();
    assert!(!error.contains("page_size") && error.starts_with("my.ron:"), "{error}");
    let error = practice_with("steps: (", "stps: (").unwrap_err();
    assert!(error.contains("`paging`"), "{error}");
}

#[test]
fn their_traits_are_those_of_the_shops() {
    let voiceoffers = Profile::builtin("voiceoffers").unwrap().traits();
    assert_eq!(voiceoffers.catalog, CatalogMode::Cached);
    assert_eq!(voiceoffers.wallet, WalletMode::Shop);
    assert_eq!(voiceoffers.coupons, CouponUse::Reusable);
    assert_eq!(voiceoffers.idempotency, IdempotencyMode::Ignored);
    assert!(voiceoffers.selects_store && voiceoffers.is_real);
    let practice = Profile::builtin("practice").unwrap().traits();
    assert_eq!(practice.catalog, CatalogMode::Live);
    assert_eq!(practice.wallet, WalletMode::Engine);
    assert_eq!(practice.coupons, CouponUse::SingleUse);
    assert_eq!(practice.idempotency, IdempotencyMode::Honoured);
}

#[test]
fn a_cart_is_the_users_unless_the_profile_says_that_it_is_a_flows_own() {
    let traits = |to: &str| practice_with("    carts: kept,\n", to).unwrap().traits();
    assert_eq!(traits("").carts, CartMode::Kept);
    let (kept, private) = (traits("    carts: kept,\n"), traits("    carts: private,\n"));
    assert!(kept.keeps_carts() && !private.keeps_carts());
    for left in ShopCart::ALL {
        assert_eq!(kept.cart_found(*left), *left);
        assert_eq!(private.cart_found(*left), ShopCart::Clean);
    }
    // A mock's carts begin empty with the process that makes it.
    let mock = ShopTraits { is_real: false, ..kept };
    assert!(!mock.keeps_carts());
    assert_eq!(mock.cart_found(ShopCart::Unknown), ShopCart::Clean);
    assert_eq!(mock.cart_found(ShopCart::Dirty), ShopCart::Dirty);
    let error = practice_with("carts: kept", "carts: shared").unwrap_err();
    assert!(error.contains("kept") && error.contains("private"), "{error}");
}

#[test]
fn a_step_is_called_as_its_call_is() {
    let (store, product, coupon) = (StoreId::new("s"), ProductId::new("p"), CouponId::new("c"));
    let calls = [
        ShopCall::Probe,
        ShopCall::ListStores,
        ShopCall::FirstVisit,
        ShopCall::SelectStore { store },
        ShopCall::ListProducts { category: None, page: Page::after(0, 1) },
        ShopCall::SearchProducts { text: "t".to_owned(), page: Page::after(0, 1) },
        ShopCall::ViewProduct { product: product.clone().into() },
        ShopCall::AddItem { product: product.clone().into(), quantity: 1 },
        ShopCall::RemoveItem { product: product.into() },
        ShopCall::ReadCart,
        ShopCall::ReadSummary,
        ShopCall::EligibleCoupons,
        ShopCall::ApplyCoupon { coupon: coupon.clone() },
        ShopCall::GrantWallet { coupons: vec![coupon] },
        ShopCall::Checkout,
        ShopCall::FindOrder { refs: ShopRefs::default() },
        ShopCall::LatestOrders { most: 20 },
        ShopCall::ReadOrder { order: OrderId::new("o") },
        ShopCall::ClearCart,
    ];
    assert_eq!(calls.len(), StepName::ALL.len());
    for call in calls {
        assert_eq!(StepName::of(&call).as_str(), call.name());
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let error = Profile::resolve("voiceofers").unwrap_err().to_string();
    assert!(error.contains("`voiceofers`") && error.contains("practice, voiceoffers"), "{error}");
    let error = Profile::resolve("./nowhere.ron").unwrap_err().to_string();
    assert!(error.contains("./nowhere.ron"), "{error}");
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let error = practice_with("paging:", "pageing:").unwrap_err();
    assert!(error.contains("pageing") && error.contains("paging"), "{error}");
    let mut place = error.trim_start_matches("my.ron:").split(':');
    assert!(place.next().unwrap().parse::<usize>().unwrap() > 1, "{error}");
    assert!(place.next().unwrap().parse::<usize>().is_ok(), "{error}");
}

#[test]
fn what_cannot_work_is_named_by_its_key() {
    for (from, to, named) in [
        ("size: 100", "size: 0", "paging.size"),
        ("keep_alive_s: 4.0", "keep_alive_s: -1.0", "keep_alive_s"),
        ("auth: \"dev\"", "auth: \"jot\"", "`jot` is not in auth_strategies"),
        ("grant_wallet: [(", "first_visit: [(", "first_visit"),
        ("    checkout: [(", "    chekout: [(", "chekout"),
        ("item_added: (", "item_add: (", "item_add"),
        ("/api/products/{product_id}", "/api/products/{quantity}", "steps.view_product.path"),
        ("/api/products/{product_id}", "/api/products/{flow_id}", "steps.view_product.path"),
        ("{product_id}\", \"quantity", "{produkt}\", \"quantity", "{produkt}"),
        ("ok: [201]", "ok: [302]", "steps.checkout.ok"),
        ("coupons: (list: \"order.applied_coupons\", ", "coupons: (", "answers.order.coupons"),
        ("coupons: (list: ", "coupons: (lists: [\"x\"], list: ", "answers.order.coupons"),
        ("coupons: single_use", "coupons: twice", "reusable"),
        ("Idempotency-Key", "Idempotency Key", "steps.checkout.headers"),
        ("final_total: \"order.totals.", "final_total: \"order..", "an empty key"),
    ] {
        let error = practice_with(from, to).unwrap_err();
        assert!(error.contains(named) && error.starts_with("my.ron:"), "{from} -> {to}: {error}");
    }
}

#[test]
fn a_step_that_a_run_needs_is_asked_for() {
    let profile = Profile::builtin("voiceoffers").unwrap();
    let error = profile.require(StepName::GrantWallet, "`wallet: engine`").unwrap_err();
    assert!(error.to_string().contains("steps.grant_wallet"), "{error}");
    assert!(profile.require(StepName::ViewProduct, "`view_calls`").is_ok());
}
