//! The end of a visit with a full cart: which coupons are put on it, and whether it is ordered.
//!
//! Coupons are ranked by what each alone would take off; the shop decides what they take together.

use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, Gamma};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::bounded;
use crate::domain::behavior::{CheckoutRule, ContentRule, CouponChoice, CouponRule};
use crate::domain::cart::Cart;
use crate::domain::offer::{Coupon, CouponKind};
use crate::domain::persona::Persona;
use crate::domain::stable_hash::stable_hash;

/// Whether the agent looks at its wallet before it checks out.
pub fn draw_coupon_look(rng: &mut impl Rng, rule: &CouponRule, persona: &Persona) -> bool {
    rng.random_bool(bounded(rule.deals.of(persona.deal_seeking).look, 0.0, 1.0))
}

/// The chance to accept an eligible coupon of a wallet that is looked at.
pub fn coupon_probability(rule: &CouponRule, persona: &Persona) -> f64 {
    let p = rule.base + rule.affinity_gain * persona.coupon_affinity;
    bounded(p * rule.deals.of(persona.deal_seeking).accept, 0.0, 1.0)
}

/// What holding a coupon adds to what the agent wants of what it is for, in units of a standard
/// Gumbel draw: who never looks at its wallet is not drawn.
pub fn coupon_pull(rule: &CouponRule, persona: &Persona) -> f64 {
    let pull = rule.content.map_or(0.0, |content| content.pull);
    pull * bounded(rule.deals.of(persona.deal_seeking).look, 0.0, 1.0)
}

/// A coupon that may be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Usable {
    /// Its definition.
    pub coupon: Coupon,
    /// The share of its life that is over, 0-1.
    pub life_over: f64,
}

/// What the content and the age of a coupon, and who holds it, do to the chance to accept it:
/// 1 where the preset says nothing of that.
pub fn content_factor(
    rule: Option<ContentRule>,
    persona: &Persona,
    cart: &Cart,
    usable: &Usable,
) -> f64 {
    let Some(rule) = rule else { return 1.0 };
    let depth = (usable.coupon.depth(cart) / rule.depth_usual).powf(rule.depth_power);
    let fresh = 1.0 - rule.fade * usable.life_over.clamp(0.0, 1.0);
    depth * fresh * propensity(persona, rule.propensity_shape)
}

/// The agent's standing propensity to redeem, of mean 1 over agents: by its id, nothing is stored.
fn propensity(persona: &Persona, shape: f64) -> f64 {
    let Ok(law) = Gamma::new(shape, 1.0 / shape) else { return 1.0 };
    let seed = stable_hash("coupon propensity", &persona.agent_id);
    law.sample(&mut Xoshiro256PlusPlus::seed_from_u64(seed))
}

/// The coupons to apply, in this order: each eligible one is accepted by chance, then the best
/// accepted one is taken, or the best of each type. Equal ones: the first listed.
pub fn choose_coupons(
    rng: &mut impl Rng,
    rule: &CouponRule,
    persona: &Persona,
    cart: &Cart,
    eligible: &[Usable],
) -> Vec<Coupon> {
    let p = coupon_probability(rule, persona);
    let mut accepts = |usable: &&Usable| {
        let p = p * content_factor(rule.content, persona, cart, usable);
        rng.random_bool(bounded(p, 0.0, 1.0))
    };
    let accepted: Vec<&Coupon> =
        eligible.iter().filter(|usable| accepts(usable)).map(|usable| &usable.coupon).collect();
    let best: Vec<Option<&Coupon>> = match rule.choice {
        CouponChoice::Best => vec![best_of(accepted.iter().copied(), cart)],
        CouponChoice::BestOfEachType => CouponKind::ALL
            .iter()
            .map(|kind| best_of(accepted.iter().copied().filter(|c| c.kind == *kind), cart))
            .collect(),
    };
    best.into_iter().flatten().cloned().collect()
}

fn best_of<'a>(coupons: impl Iterator<Item = &'a Coupon>, cart: &Cart) -> Option<&'a Coupon> {
    let mut best = None;
    for coupon in coupons {
        let worth = coupon.estimated_discount(cart);
        if best.is_none_or(|(most, _)| worth > most) {
            best = Some((worth, coupon));
        }
    }
    best.map(|(_, coupon)| coupon)
}

/// The chance to order what is in the cart.
pub fn checkout_probability(rule: &CheckoutRule, persona: &Persona, coupon_applied: bool) -> f64 {
    let bonus = if coupon_applied { rule.coupon_bonus } else { 0.0 };
    let p = rule.base + rule.impulsivity_gain * persona.impulsivity
        - rule.price_sensitivity_loss * persona.price_sensitivity
        + bonus;
    bounded(p, rule.min, rule.max)
}

/// Whether the cart is ordered: with the chance of [`checkout_probability`] x `will`.
pub fn draw_checkout(
    rng: &mut impl Rng,
    rule: &CheckoutRule,
    persona: &Persona,
    (coupon_applied, will): (bool, f64),
) -> bool {
    let p = checkout_probability(rule, persona, coupon_applied);
    rng.random_bool(bounded(p * will, 0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalog::Product;
    use crate::domain::ids::{CouponId, ProductId};
    use crate::domain::money::Cents;
    use crate::domain::offer::Discount;
    use crate::domain::persona::DealSeeking;
    use crate::domain::presets::{self, assert_frequency};
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    const DRAWS: u32 = 100_000;

    fn cart() -> Cart {
        let mut cart = Cart::default();
        let product = Product {
            id: ProductId::new("milk"),
            name: "Milk".to_owned(),
            category: "Dairy".to_owned(),
            brand: Some("Oak".to_owned()),
            price: Cents(1_000),
            in_stock: true,
            handle: Default::default(),
        };
        cart.add(&product, 1, Cents(1_000));
        cart
    }

    fn coupon(id: &str, kind: CouponKind, target: Option<&str>, cents: i64) -> Coupon {
        Coupon {
            id: CouponId::new(id),
            kind,
            target: target.map(str::to_owned),
            discount: Discount::FixedOff(Cents(cents)),
            min_purchase: Cents::ZERO,
            max_discount: None,
        }
    }

    fn wallet() -> Vec<Usable> {
        let coupons = [
            coupon("brand small", CouponKind::Brand, Some("Oak"), 100),
            coupon("front", CouponKind::Frontstore, None, 200),
            coupon("brand large", CouponKind::Brand, Some("Oak"), 300),
            coupon("category", CouponKind::Category, Some("Dairy"), 300),
        ];
        coupons.into_iter().map(|coupon| Usable { coupon, life_over: 0.5 }).collect()
    }

    #[test]
    fn a_deeper_and_younger_coupon_is_accepted_more_readily_and_one_of_no_worth_never() {
        let persona = presets::population(1, 5).remove(0);
        let rule = ContentRule {
            depth_power: 0.7,
            depth_usual: 0.2,
            fade: 0.5,
            propensity_shape: f64::INFINITY,
            pull: 0.0,
        };
        let factor = |cents: i64, life_over: f64| {
            let coupon = coupon("x", CouponKind::Category, Some("Dairy"), cents);
            content_factor(Some(rule), &persona, &cart(), &Usable { coupon, life_over })
        };
        assert!((factor(200, 0.0) - 1.0).abs() < 1e-9);
        assert!((factor(400, 0.0) - 2.0_f64.powf(0.7)).abs() < 1e-9);
        assert!((factor(200, 1.0) - 0.5).abs() < 1e-9 && (factor(200, 7.0) - 0.5).abs() < 1e-9);
        assert_eq!(factor(0, 0.0), 0.0);
        let usable = Usable { coupon: wallet().remove(0).coupon, life_over: 0.9 };
        assert_eq!(content_factor(None, &persona, &cart(), &usable), 1.0);
    }

    #[test]
    fn propensities_have_mean_one_and_a_tenth_of_the_agents_has_most_of_them() {
        let mut all: Vec<f64> =
            presets::population(4_000, 8).iter().map(|p| propensity(p, 0.15)).collect();
        all.sort_by(|a, b| b.total_cmp(a));
        let sum: f64 = all.iter().sum();
        assert!((0.85..1.15).contains(&(sum / 4_000.0)), "{}", sum / 4_000.0);
        let top: f64 = all[..400].iter().sum();
        assert!((0.6..0.85).contains(&(top / sum)), "{}", top / sum);
        let persona = presets::population(1, 8).remove(0);
        for shape in [0.0, -1.0, f64::NAN] {
            assert_eq!(propensity(&persona, shape), 1.0);
        }
    }

    fn chosen(choice: CouponChoice) -> Vec<String> {
        let persona = presets::population(1, 5).remove(0);
        let rule = CouponRule { base: 1.0, affinity_gain: 0.0, choice, ..presets::load().coupon };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(31);
        let coupons = choose_coupons(&mut rng, &rule, &persona, &cart(), &wallet());
        coupons.iter().map(|c| c.id.as_str().to_owned()).collect()
    }

    #[test]
    fn the_best_accepted_coupon_is_applied_or_the_best_of_each_type() {
        assert_eq!(chosen(CouponChoice::Best), ["brand large"]);
        assert_eq!(chosen(CouponChoice::BestOfEachType), ["front", "category", "brand large"]);
    }

    #[test]
    fn nothing_eligible_or_nothing_accepted_applies_nothing() {
        let persona = presets::population(1, 5).remove(0);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(32);
        let mut rule = presets::load().coupon;
        assert_eq!(choose_coupons(&mut rng, &rule, &persona, &cart(), &[]), []);
        (rule.base, rule.affinity_gain) = (0.0, 0.0);
        assert_eq!(choose_coupons(&mut rng, &rule, &persona, &cart(), &wallet()), []);
    }

    #[test]
    fn coupons_are_accepted_as_often_as_the_formula_says() {
        let persona = presets::population(1, 6).remove(0);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(33);
        let one = wallet().split_off(3);
        for rule in [presets::load().coupon, presets::lifelike().coupon] {
            let rule = CouponRule { content: None, ..rule };
            let accepted = (0..DRAWS)
                .filter(|_| !choose_coupons(&mut rng, &rule, &persona, &cart(), &one).is_empty())
                .count();
            let p = coupon_probability(&rule, &persona);
            assert_frequency("coupon", u32::try_from(accepted).unwrap(), DRAWS, p);
        }
    }

    #[test]
    fn who_follows_deals_looks_and_accepts_more_readily() {
        let mut persona = presets::population(1, 6).remove(0);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(35);
        let rule = presets::lifelike().coupon;
        let mut before = (0.0, 0.0);
        for deal_seeking in DealSeeking::ALL {
            persona.deal_seeking = *deal_seeking;
            let looks = (0..DRAWS).filter(|_| draw_coupon_look(&mut rng, &rule, &persona)).count();
            let look = rule.deals.of(*deal_seeking).look;
            assert_frequency("look", u32::try_from(looks).unwrap(), DRAWS, look);
            let accept = coupon_probability(&rule, &persona);
            assert!(look >= before.0 && accept > before.1, "{deal_seeking}: {look} {accept}");
            before = (look, accept);
        }
    }

    #[test]
    fn orders_come_as_often_as_the_formula_says() {
        let mut persona = presets::population(1, 7).remove(0);
        (persona.impulsivity, persona.price_sensitivity) = (0.4, 0.6);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(34);
        let rule = presets::load().checkout;
        for (applied, p) in [(false, 0.59), (true, 0.74)] {
            assert!((checkout_probability(&rule, &persona, applied) - p).abs() < 1e-9);
            let ordered = (0..DRAWS)
                .filter(|_| draw_checkout(&mut rng, &rule, &persona, (applied, 1.0)))
                .count();
            assert_frequency("checkout", u32::try_from(ordered).unwrap(), DRAWS, p);
        }
    }

    #[test]
    fn a_checkout_rule_with_crossed_bounds_does_not_panic() {
        let persona = presets::population(1, 7).remove(0);
        let mut rule = presets::load().checkout;
        (rule.min, rule.max) = (0.9, 0.2);
        assert_eq!(checkout_probability(&rule, &persona, false), 0.2);
        (rule.base, rule.min) = (f64::NAN, f64::NAN);
        assert_eq!(checkout_probability(&rule, &persona, false), 0.0);
    }

    proptest! {
        #[test]
        fn chances_at_the_end_stay_within_their_bounds(
            persona in presets::any_persona(),
            applied in any::<bool>(),
        ) {
            for behavior in [presets::load(), presets::lifelike()] {
                let rule = behavior.checkout;
                let p = checkout_probability(&rule, &persona, applied);
                prop_assert!((rule.min..=rule.max).contains(&p), "{p}");
                let p = coupon_probability(&behavior.coupon, &persona);
                prop_assert!((0.0..=1.0).contains(&p), "{p}");
            }
        }
    }
}
