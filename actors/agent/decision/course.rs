//! The course of a visit, drawn before its clock: what it is for, what is opened for each product
//! that is considered, when it ends early.

use rand::{Rng, RngExt};

use super::bounded;
use crate::domain::behavior::{CourseRule, IntentRule};
use crate::domain::cart::Cart;
use crate::domain::catalog::Product;
use crate::domain::flow::LeftCart;
use crate::domain::ids::ProductId;
use crate::domain::persona::Persona;

/// Pages of others for one product at most.
const OTHERS_MAX: u32 = 8;

/// Why a visit is made; nobody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// To buy what it came for.
    Buy,
    /// To weigh products against others.
    Compare,
    /// To look around.
    Browse,
}

/// What is done about one product that is considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Whether its page is opened.
    pub page: bool,
    /// Pages of others that are opened after it.
    pub others: u32,
    /// Whether it is opened again after those.
    pub again: bool,
    /// Whether something is taken out of the cart after it was put in.
    pub takes_out: bool,
}

/// The course of one visit.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// What it is for.
    pub intent: Intent,
    /// One for each product considered, in order; at least one.
    pub turns: Vec<Turn>,
    /// Whether it is over after one page.
    pub bounces: bool,
    /// Whether it begins with a search.
    pub searches: bool,
    /// Whether what was left in a cart is wanted before all else.
    pub readds: bool,
    /// The rule of its purpose.
    pub rule: IntentRule,
}

impl Course {
    /// Of a visit that might consider `wanted` products.
    pub fn draw(rng: &mut impl Rng, rule: &CourseRule, persona: &Persona, wanted: u32) -> Self {
        let (intent, of_intent) = draw_intent(rng, rule, persona);
        let bounces = rng.random_bool(bounded(rule.bounce, 0.0, 1.0));
        // The cast saturates, and what is not a number becomes 0.
        let considered = (f64::from(wanted) * of_intent.wanted).round() as u32;
        let turns = match bounces {
            true => vec![Turn { page: true, others: 0, again: false, takes_out: false }],
            false => (0..considered.max(1)).map(|_| Turn::draw(rng, &of_intent)).collect(),
        };
        Self {
            intent,
            turns,
            bounces,
            searches: rng.random_bool(bounded(rule.search, 0.0, 1.0)),
            readds: rng.random_bool(bounded(rule.readd, 0.0, 1.0)),
            rule: of_intent,
        }
    }

    /// Pages that are opened at most.
    pub fn pages(&self) -> u32 {
        let of_turn = |turn: &Turn| turn.others + u32::from(turn.page) + u32::from(turn.again);
        self.turns.iter().map(of_turn).sum::<u32>().max(1)
    }

    /// Pages of others that are opened at most.
    pub fn others(&self) -> u32 {
        self.turns.iter().map(|turn| turn.others).sum()
    }

    /// Adds and removals at most.
    pub fn moves(&self) -> u32 {
        self.turns.iter().map(|turn| 1 + u32::from(turn.takes_out)).sum()
    }
}

impl Turn {
    fn draw(rng: &mut impl Rng, rule: &IntentRule) -> Self {
        let page = rng.random_bool(bounded(rule.page, 0.0, 1.0));
        let others = if page { geometric(rng, rule.others) } else { 0 };
        let again = others > 0 && rng.random_bool(bounded(rule.again, 0.0, 1.0));
        let takes_out = rng.random_bool(bounded(rule.removal, 0.0, 1.0));
        Self { page, others, again, takes_out }
    }
}

/// Weighed by the shares; who minds prices compares more.
fn draw_intent(rng: &mut impl Rng, rule: &CourseRule, persona: &Persona) -> (Intent, IntentRule) {
    let compare = rule.compare.share * (0.5 + persona.price_sensitivity);
    let weight = |share: f64| if share.is_finite() { share.max(0.0) } else { 0.0 };
    let [buy, compare, browse] = [rule.buy.share, compare, rule.browse.share].map(weight);
    let at = rng.random::<f64>() * (buy + compare + browse);
    if at < buy {
        (Intent::Buy, rule.buy)
    } else if at < buy + compare {
        (Intent::Compare, rule.compare)
    } else {
        (Intent::Browse, rule.browse)
    }
}

/// 0, 1, 2 ... with this mean, at most [`OTHERS_MAX`].
fn geometric(rng: &mut impl Rng, mean: f64) -> u32 {
    let more = bounded(mean / (1.0 + mean), 0.0, 1.0);
    (0..OTHERS_MAX).take_while(|_| rng.random_bool(more)).fold(0, |count, _| count + 1)
}

/// What is left of the products wanted once those left in a cart come first, as far as the list has
/// them in stock; as many as before.
pub fn with_what_was_left(
    left: Option<&LeftCart>,
    listed: &[Product],
    wanted: Vec<Product>,
) -> Vec<Product> {
    let Some(left) = left else { return wanted };
    let most = wanted.len();
    let there = left.products.iter().filter_map(|id| listed.iter().find(|p| p.id == *id));
    let mut first: Vec<Product> = there.filter(|p| p.in_stock).cloned().collect();
    let is_new: Vec<Product> =
        wanted.into_iter().filter(|p| first.iter().all(|known| known.id != p.id)).collect();
    first.extend(is_new);
    first.truncate(most);
    first
}

/// What somebody types who wants this product: the last word of its name before a comma.
pub fn query_for(product: &Product) -> String {
    let name = product.name.split(',').next().unwrap_or_default();
    let word = name.split_whitespace().rfind(|word| word.chars().any(char::is_alphabetic));
    word.unwrap_or(&product.name).to_lowercase()
}

/// The product that is taken out of the cart again: any of its lines, evenly.
pub fn draw_removal(rng: &mut impl Rng, cart: &Cart) -> Option<ProductId> {
    let lines = cart.lines();
    let place = (!lines.is_empty()).then(|| rng.random_range(0..lines.len()))?;
    Some(lines[place].product.id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Cents;
    use crate::domain::presets;
    use chrono::{NaiveDate, NaiveDateTime};

    const DRAWS: u32 = 20_000;

    fn rule() -> CourseRule {
        presets::lifelike().course.unwrap()
    }

    fn of_intent(share: f64, edit: impl Fn(&mut IntentRule)) -> IntentRule {
        let mut rule = IntentRule { share, ..rule().buy };
        edit(&mut rule);
        rule
    }

    fn product(id: &str) -> Product {
        Product {
            id: ProductId::new(id),
            name: id.to_owned(),
            category: "Dairy".to_owned(),
            brand: None,
            price: Cents(100),
            in_stock: true,
            handle: Default::default(),
        }
    }

    fn at() -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2026, 6, 1).unwrap().and_hms_opt(9, 0, 0).unwrap()
    }

    fn courses(rule: &CourseRule, price_sensitivity: f64, wanted: u32) -> Vec<Course> {
        let mut persona = presets::population(1, 3).remove(0);
        persona.price_sensitivity = price_sensitivity;
        let mut rng = presets::rng(41);
        (0..DRAWS).map(|_| Course::draw(&mut rng, rule, &persona, wanted)).collect()
    }

    #[test]
    fn purposes_come_by_their_shares_and_who_minds_prices_compares_more() {
        for sensitivity in [0.0, 1.0] {
            let rule = rule();
            let compare = rule.compare.share * (0.5 + sensitivity);
            let all = rule.buy.share + compare + rule.browse.share;
            let drawn = courses(&rule, sensitivity, 5);
            for (intent, share) in [(Intent::Buy, rule.buy.share), (Intent::Compare, compare)] {
                let count = drawn.iter().filter(|course| course.intent == intent).count();
                presets::assert_frequency("intent", count as u32, DRAWS, share / all);
            }
        }
    }

    #[test]
    fn a_visit_that_bounces_opens_one_page() {
        let drawn = courses(&CourseRule { bounce: 1.0, ..rule() }, 0.5, 40);
        assert!(drawn.iter().all(|c| c.turns.len() == 1 && c.pages() == 1 && c.others() == 0));
    }

    #[test]
    fn pages_of_others_are_opened_as_often_as_their_mean_says_and_only_with_the_page() {
        let buy = of_intent(1.0, |rule| (rule.page, rule.others, rule.again) = (0.5, 1.5, 1.0));
        let none = of_intent(0.0, |_| ());
        let rule = CourseRule { buy, compare: none, browse: none, bounce: 0.0, ..rule() };
        let drawn = courses(&rule, 0.5, 1);
        let turns = || drawn.iter().flat_map(|course| &course.turns);
        assert!(turns().all(|turn| turn.page || turn.others == 0));
        assert!(turns().all(|turn| turn.again == (turn.others > 0)));
        let opened = turns().filter(|turn| turn.page).count() as f64;
        let mean = f64::from(turns().map(|turn| turn.others).sum::<u32>()) / opened;
        // Eight at most takes a twentieth off the mean.
        assert!((1.35..1.5).contains(&mean), "{mean}");
    }

    #[test]
    fn hostile_numbers_give_a_course_of_one_turn_at_least() {
        for number in [f64::NAN, f64::NEG_INFINITY, -1.0, 0.0] {
            let bad = of_intent(number, |rule| {
                (rule.wanted, rule.page, rule.others) = (number, number, number);
            });
            let rule = CourseRule {
                buy: bad,
                compare: bad,
                browse: bad,
                bounce: number,
                search: number,
                readd: number,
                return_gain: number,
            };
            for course in courses(&rule, 0.5, 3).iter().take(50) {
                assert_eq!((course.turns.len(), course.pages()), (1, 1), "{number}");
            }
        }
    }

    #[test]
    fn what_was_left_comes_first_as_far_as_it_is_there() {
        let mut gone = product("gone");
        gone.in_stock = false;
        let listed = [product("a"), product("b"), product("c"), gone];
        let products = ["b", "gone", "sold elsewhere"].map(ProductId::new).to_vec();
        let left = LeftCart { at: at(), products };
        let wanted = vec![product("a"), product("b"), product("c")];
        let ids = |products: Vec<Product>| {
            products.into_iter().map(|p| p.id.as_str().to_owned()).collect::<Vec<_>>()
        };
        let kept = with_what_was_left(Some(&left), &listed, wanted.clone());
        assert_eq!(ids(kept), ["b", "a", "c"]);
        let one = with_what_was_left(Some(&left), &listed, wanted[..1].to_vec());
        assert_eq!(ids(one), ["b"]);
        assert_eq!(ids(with_what_was_left(None, &listed, wanted)), ["a", "b", "c"]);
    }

    #[test]
    fn who_wants_a_product_types_the_last_word_of_its_name() {
        for (name, query) in [
            ("Whole Milk, 1 gal", "milk"),
            ("Organic Bananas", "bananas"),
            ("Cola 12", "cola"),
            ("7, 8", "7, 8"),
            ("", ""),
        ] {
            let product = Product { name: name.to_owned(), ..product("x") };
            assert_eq!(query_for(&product), query);
        }
    }

    #[test]
    fn any_line_may_be_taken_out_and_of_nothing_nothing() {
        let mut rng = presets::rng(42);
        let mut cart = Cart::default();
        assert_eq!(draw_removal(&mut rng, &cart), None);
        cart.add(&product("a"), 1, Cents(100));
        cart.add(&product("b"), 2, Cents(100));
        let mut out: Vec<_> = (0..50).filter_map(|_| draw_removal(&mut rng, &cart)).collect();
        out.sort();
        out.dedup();
        assert_eq!(out.len(), 2);
    }
}
