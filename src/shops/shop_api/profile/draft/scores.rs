//! Scores of operations by their paths, their words, their bodies and their answers.

use super::by_path::{beside, count, is_cart_alone};
use super::document::Operation;
use super::fields;
use super::roles::Roles;
use super::words::{has_all, has_any, has_one_of, words};
use crate::shop_api::profile::call::Method;

/// Words of paths that are a step on the way to an order, or come after it.
const ON_THE_WAY: &str = "\
    payment shipping shipment delivery address coupon cancel refund return item estimate \
    preview import search query edit state status gift billing simulation customer \
    transfer invoice message callback";

impl<'d> Roles<'_, 'd> {
    pub(super) fn list_products(&self, op: &Operation<'d>) -> Option<i32> {
        let (noun, path) = (op.noun(), op.path_words());
        let reads =
            op.method == Method::Get || has_any(&op.says, &["search", "list", "fetch", "read"]);
        let asks = matches!(op.method, Method::Get | Method::Post);
        if !asks || op.ends_in_value() {
            return None;
        }
        let mut score = match () {
            () if *noun == ["product"] => 12,
            () if noun.last().is_some_and(|word| word == "product") => 10,
            () if has_any(noun, &["product"]) => 7,
            () if has_any(noun, &["search"]) && has_any(&path, &["product", "catalog"]) => 8,
            () if has_any(noun, &["catalog", "catalogue", "item", "article", "good"]) => 6,
            () => return None,
        };
        score += if reads { 0 } else { -8 };
        score += if op.method == Method::Post { -2 } else { 0 };
        score -= 3 * beside(&path) + 3 * count(op.values());
        let is_list = op
            .answer
            .is_some_and(|answer| fields::list(&self.document().schemas, answer, &[]).is_some());
        score += if is_list { 4 } else { -3 };
        Some(score + if self.names(op, &["limit", "page", "offset", "cursor"]) { 2 } else { 0 })
    }

    pub(super) fn create_cart(&self, op: &Operation<'d>) -> i32 {
        if op.ends_in_value() || !has_any(op.noun(), &["cart"]) {
            let is_checkout = !op.ends_in_value() && *op.noun() == ["checkout"];
            return if is_checkout && self.has_checkout_by_id() { 10 } else { 0 };
        }
        let others = if is_cart_alone(op.noun()) { 0 } else { 1 };
        12 - 6 * count(others) - 3 * count(op.values())
    }

    pub(super) fn has_checkout_by_id(&self) -> bool {
        self.document().operations.iter().any(|op| {
            let mut pairs = op.segments.windows(2);
            pairs.any(|two| two[0].words == ["checkout"] && two[1].value.is_some())
        })
    }

    pub(super) fn add_item(&self, op: &Operation<'d>) -> i32 {
        let (noun, path) = (op.noun(), op.path_words());
        let in_cart = has_any(&path, &["cart"]) || has_any(&path, &["checkout"]);
        let told = has_all(&op.says, &["cart"]) && has_any(&op.says, &["add", "put", "item"]);
        if !in_cart && !told {
            return 0;
        }
        let is_item = has_any(noun, &["item", "line", "product", "entry", "add"]);
        let mut score = if in_cart { 5 } else { 3 } + if is_item { 4 } else { 0 };
        score += if op.method == Method::Post { 2 } else { 0 };
        let what = self.names(op, &["product", "variant", "merchandise", "offer", "referenced"]);
        score += if what { 4 } else { 0 } + if self.names(op, &["quantity"]) { 2 } else { 0 };
        let last = op.segments.last().and_then(|segment| segment.value.as_deref());
        let is_line =
            last.is_some_and(|name| !has_any(&words(name), &["product", "variant", "cart"]));
        score -= if is_line { 6 } else { 0 };
        let other = ["remove", "delete", "update", "merge", "wishlist", "clear", "coupon", "price"];
        score -= if has_any(&path, &other) { 6 } else { 0 };
        score -= if has_any(&path, &["bulk", "batch", "simulation", "attachment"]) { 4 } else { 0 };
        // A cart that is made with things in it is another one each time.
        let keys = op.body.map(|(_, body)| self.document().schemas.properties(body));
        let mut keys = keys.into_iter().flatten();
        let is_flat = keys.any(|(name, _)| has_any(&words(name), &["quantity"]));
        score - if is_item || is_flat { 0 } else { 8 }
    }

    pub(super) fn read_cart(&self, op: &Operation<'d>) -> i32 {
        if !has_any(op.noun(), &["cart"]) {
            return 0;
        }
        let others = if is_cart_alone(op.noun()) { 0 } else { 1 };
        let schemas = &self.document().schemas;
        let lines = ["item", "line", "entry", "product", "position"];
        let list = op.answer.and_then(|answer| fields::list(schemas, answer, &lines));
        let last = list.and_then(|list| list.place.path.last().map(|key| words(key)));
        let has_lines = last.is_some_and(|last| has_any(&last, &lines));
        let more = count(op.values().saturating_sub(1));
        let lines = if has_lines { 2 } else { -1 };
        11 + lines - 5 * count(others) - 3 * more
    }

    pub(super) fn apply_coupon(&self, op: &Operation<'d>) -> i32 {
        let path = op.path_words();
        let coupon = ["coupon", "discount", "giftcard"];
        let by_path = has_any(&path, &coupon);
        if !by_path && !has_any(&op.says, &coupon) {
            return 0;
        }
        let mut score = if by_path { 6 } else { 2 };
        let mut parts = op.segments.iter().filter(|part| !has_any(&part.words, &coupon));
        let of_cart = parts.any(|part| has_any(&part.words, &["cart", "checkout"]));
        score += if of_cart { 5 } else { -3 };
        score += if self.names(op, &["code", "coupon"]) || op.ends_in_value() { 3 } else { 0 };
        score += if has_any(&path, &["apply", "add", "redeem"]) { 2 } else { 0 };
        score -= if has_any(&path, &["remove", "delete", "validate", "item"]) { 6 } else { 0 };
        score - if self.names(op, &["start", "expire", "rule"]) { 6 } else { 0 }
    }

    pub(super) fn checkout(&self, op: &Operation<'d>) -> i32 {
        let (noun, path) = (op.noun(), op.path_words());
        let ends = ["complete", "place", "submit", "purchase", "confirm", "finalize", "convert"];
        let mut score = match () {
            () if has_any(noun, &ends) && has_any(&path, &["cart", "checkout", "order"]) => 11,
            () if *noun == ["order"] => 9,
            () if has_any(noun, &["checkout"]) => 9,
            () if has_any(noun, &["transaction", "buy", "order"]) => 6,
            () => return 0,
        };
        score += if has_any(&path, &["cart", "checkout"]) { 2 } else { 0 };
        score +=
            if has_any(&op.says, &["place", "create", "complete", "checkout"]) { 2 } else { 0 };
        score += if op.method == Method::Post { 1 } else { -2 };
        score -= if has_one_of(noun, ON_THE_WAY) { 8 } else { 0 };
        let before = path.get(..path.len().saturating_sub(noun.len())).unwrap_or_default();
        score -= if has_one_of(before, ON_THE_WAY) { 3 } else { 0 };
        score -= if op.ends_in_value() { 4 } else { 0 };
        // A checkout that is made first and completed later is a cart.
        score -= if *noun == ["checkout"] && self.has_checkout_by_id() { 3 } else { 0 };
        let told = op
            .answer
            .is_some_and(|answer| fields::order_root(&self.document().schemas, answer).is_some());
        score + if told { 3 } else { 0 }
    }

    pub(super) fn latest_order(&self, op: &Operation<'d>) -> i32 {
        if *op.noun() != ["order"] && !has_all(&op.path_words(), &["order", "history"]) {
            return 0;
        }
        let own = ["me", "my", "mine", "customer", "account", "store", "user", "history"];
        let is_list = op
            .answer
            .is_some_and(|answer| fields::list(&self.document().schemas, answer, &[]).is_some());
        let own = if has_any(&op.path_words(), &own) { 2 } else { 0 };
        9 + own + if is_list { 2 } else { 0 } - 4 * count(op.values())
    }

    /// A step of a checkout that is about one of `words`.
    pub(super) fn on_cart(&self, op: &Operation<'d>, wanted: &[&str]) -> i32 {
        let path = op.path_words();
        if !has_any(op.noun(), wanted) {
            return 0;
        }
        let of_cart = has_any(&path, &["cart", "checkout"]) || self.names(op, &["cart"]);
        let other = [
            "webhook", "callback", "customer", "account", "order", "cancel", "wishlist", "custom",
            "field", "complete", "tax", "item",
        ];
        let other = if has_any(&path, &other) { 8 } else { 0 };
        let alone = if op.noun().len() > 2 { 1 } else { 0 };
        let one = if op.ends_in_value() { 2 } else { 0 };
        8 + if of_cart { 4 } else { 0 } - other - alone - one
    }

    /// An address of a cart's own, or a cart that is told one.
    pub(super) fn set_address(&self, op: &Operation<'d>) -> i32 {
        let by_path = self.on_cart(op, &["address"]);
        let is_cart = op.noun() == ["cart"] && op.ends_in_value();
        let is_told = is_cart && self.names(op, &["address", "postcode"]);
        by_path.max(if is_told { 12 } else { 0 })
    }

    pub(super) fn account(&self, op: &Operation<'d>, wanted: &[&str]) -> i32 {
        let path = op.path_words();
        let by_path = has_any(&path, wanted);
        if !by_path && !has_any(&op.says, wanted) || !self.names(op, &["password"]) {
            return 0;
        }
        let mut score = if by_path { 8 } else { 5 };
        score += if self.names(op, &["email", "username", "login"]) { 4 } else { 0 };
        let other = ["reset", "recovery", "forgot", "change", "refresh", "confirm", "address"];
        score -= if has_any(&path, &other) || has_any(&op.says, &other) { 10 } else { 0 };
        score - 4 * count(op.values())
    }
}
