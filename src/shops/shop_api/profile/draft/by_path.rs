//! Scores of operations by their paths alone.

use super::document::Operation;
use super::words::{has_all, has_any, has_one_of, is_word_of};
use crate::shop_api::profile::call::Method;

/// Words of operations that are not for shoppers.
const STAFF: &str = "\
    admin backoffice management vendor seller merchant internal webhook report pvt \
    import export";
/// Words of paths that have products in them and are about something else.
const BESIDE: &str = "\
    review category cart checkout order wishlist image inventory media price stock type \
    tag collection attribute compare related option recommendation cross filter suggest \
    limit export variant bundle alert question brand count metafield";
/// Words of the cart itself.
const CART: &str = "cart create new current me my mine active";

pub(super) fn count(of: usize) -> i32 {
    i32::try_from(of).unwrap_or(i32::MAX / 16).min(1_000)
}

/// Whether it is about one of a list's things.
pub(super) fn is_one_of(list: &Operation<'_>, operation: &Operation<'_>) -> bool {
    let below = operation.path.strip_prefix(&list.path);
    let below = below.and_then(|rest| rest.strip_prefix("/{"));
    below.is_some_and(|rest| !rest.contains('/'))
}

/// The texts of a path before what it is about.
pub(super) fn before_the_noun(operation: &Operation<'_>) -> Vec<String> {
    let about = ["cart", "checkout", "order", "product", "coupon", "item"];
    let parts = operation.segments.iter().take_while(|part| !has_any(&part.words, &about));
    parts.filter(|part| part.value.is_none()).map(|part| part.words.join("-")).collect()
}

pub(super) fn is_cart_alone(noun: &[String]) -> bool {
    noun.iter().all(|word| is_word_of(word, CART))
}

pub(super) fn about_staff(operation: &Operation<'_>) -> i32 {
    if has_one_of(&operation.path_words(), STAFF) || has_any(&operation.says, &["admin"]) {
        return -8;
    }
    0
}

pub(super) fn beside(path: &[String]) -> i32 {
    count(path.iter().filter(|word| is_word_of(word, BESIDE)).count())
}

pub(super) fn health(op: &Operation<'_>) -> i32 {
    let is_one = has_any(op.noun(), &["health", "healthz", "ping", "ready", "readiness"]);
    if is_one { 14 } else { 0 }
}

pub(super) fn view_product(op: &Operation<'_>) -> Option<i32> {
    let asks = matches!(op.method, Method::Get | Method::Post);
    if !asks || !op.ends_in_value() {
        return None;
    }
    let score = match () {
        () if *op.noun() == ["product"] => 12,
        () if has_any(op.noun(), &["product"]) => 9,
        () if has_any(op.noun(), &["item", "article"]) => 6,
        () => return None,
    };
    let by_post = if op.method == Method::Post { 2 } else { 0 };
    Some(score - 3 * beside(&op.path_words()) - 3 * count(op.values().saturating_sub(1)) - by_post)
}

pub(super) fn read_summary(op: &Operation<'_>) -> i32 {
    let is_one = has_any(op.noun(), &["total", "summary"]);
    if is_one && has_any(&op.path_words(), &["cart", "checkout"]) { 12 } else { 0 }
}

pub(super) fn read_order(op: &Operation<'_>) -> i32 {
    if *op.noun() == ["order"] { 12 - 3 * count(op.values().saturating_sub(1)) } else { 0 }
}

pub(super) fn clear_cart(op: &Operation<'_>) -> Option<i32> {
    let path = op.path_words();
    let empties = has_any(op.noun(), &["clear", "empty", "removeall"])
        || has_all(op.noun(), &["remove", "all"]);
    let score = match op.method {
        Method::Delete if has_any(op.noun(), &["cart"]) && is_cart_alone(op.noun()) => 12,
        Method::Delete if has_all(&path, &["cart", "item"]) && !op.ends_in_value() => 10,
        Method::Post | Method::Delete | Method::Put if empties && has_any(&path, &["cart"]) => 12,
        Method::Get | Method::Post | Method::Put | Method::Patch | Method::Delete => return None,
    };
    let elsewhere = has_any(&path, &["coupon", "message"]);
    Some(score - if elsewhere { 10 } else { 0 })
}

pub(super) fn remove_line(op: &Operation<'_>) -> Option<i32> {
    let path = op.path_words();
    let is_line = has_any(op.noun(), &["item", "line", "entry", "product"]);
    let is_one = op.method == Method::Delete && op.ends_in_value() && is_line;
    (is_one && has_any(&path, &["cart", "checkout"])).then_some(12)
}

/// Which of the ways to pay is taken, where a payment is begun before.
pub(super) fn choose_payment(op: &Operation<'_>) -> i32 {
    let path = op.path_words();
    let is_one = has_any(op.noun(), &["session"]) && has_any(&path, &["payment"]);
    if is_one && !op.ends_in_value() { 12 } else { 0 }
}

/// Words of ways to send things.
pub(super) const SHIPPING: [&str; 3] = ["shipping", "delivery", "fulfillment"];
