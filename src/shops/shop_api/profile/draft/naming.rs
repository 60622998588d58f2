//! Which value of a profile a name of a document means.

use super::document::{Goes, Operation};
use super::roles::Role;
use super::schema::Schemas;
use super::words::{has_any, is_word_of, value_name, words};
use serde_json::Value;

/// Words that say that something is named, not what.
const GENERIC: &str =
    "id uuid guid key token code slug number pk handle value iso identifier selected";

/// Values that profiles set themselves where a call wants them: name, text.
pub(super) const OWN_VARS: [(&str, &str); 3] = [
    ("email", "{agent_id}@example.com"),
    ("password", "pw-{agent_id}-Cartload1"),
    ("country", "DE"),
];

/// The step's own value that these words name.
pub(super) fn built_in(role: Role, words: &[String]) -> Option<&'static str> {
    let only = |allowed: &str| words.iter().all(|word| is_word_of(word, allowed));
    let has = |word: &str| has_any(words, &[word]);
    let things = ["variant", "offer", "merchandise", "purchasable", "product", "referenced"];
    if role == Role::AddItem {
        let named = "id uuid key variant code number item product offer referenced merchandise \
                     purchasable identifier";
        let is_id = only("id") || (only("item id") && has("item"));
        return match () {
            () if only("quantity item product") && has("quantity") => Some("{quantity}"),
            () if words.is_empty() || !only(named) => None,
            () if has_any(words, &things[..4]) => Some("{variant_id}"),
            () if has_any(words, &things) => Some("{product_id}"),
            () if is_id => Some("{variant_id}"),
            () => None,
        };
    }
    if role == Role::ApplyCoupon {
        let is_code = has_any(words, &["coupon", "discount", "code", "giftcard"]);
        let is_named = only("coupon discount code id giftcard number text name");
        return (is_named && is_code).then_some("{coupon_code}");
    }
    (role == Role::LatestOrder && Paged::is_limit(words)).then_some("{limit}")
}

/// Whether these words name the cart.
pub(super) fn is_cart(words: &[String]) -> bool {
    let is_named = has_any(words, &["cart"]) || has_any(words, &["checkout"]);
    let rest = |word: &String| is_word_of(word, GENERIC);
    is_named && words.len() > 1 && words.iter().all(|w| w == "cart" || w == "checkout" || rest(w))
}

/// The words of a value: its own, or those of what it stands behind where it is only called an id.
pub(super) fn meant(own: &[String], noun: &[String]) -> Vec<String> {
    let is_specific = own.iter().any(|word| !is_word_of(word, GENERIC));
    if is_specific || noun.is_empty() {
        return own.to_vec();
    }
    noun.iter().cloned().chain(["id".to_owned()]).collect()
}

/// The name of a value that is captured or set.
pub(super) fn own_name(own: &[String], noun: &[String]) -> String {
    let specific = meant(own, noun);
    if is_cart(&specific) {
        return "cart_id".to_owned();
    }
    let name = value_name(&specific);
    // What cartload has under that name is something else here.
    let taken = "product_id variant_id order_id quantity limit offset page cursor category \
                 coupon_id coupon_code coupon_ids user_id agent_id flow_id store_id";
    if is_word_of(&name, taken) { format!("the_{name}") } else { name }
}

/// What a made-up person has there.
pub(super) fn person(words: &[String]) -> Option<&'static str> {
    let has = |word: &str| has_any(words, &[word]);
    let named = |word: &str| words.len() <= 2 && has(word);
    Some(match () {
        () if has("email") || named("username") => "{email}",
        () if named("password") => "{password}",
        () if has("firstname") || (has("name") && (has("first") || has("given"))) => "Cart",
        () if has("lastname")
            || has("surname")
            || (has("name") && (has("last") || has("family"))) =>
        {
            "{agent_id}"
        }
        () if *words == ["full", "name"] || *words == ["fullname"] => "Cart {agent_id}",
        () if named("phone") => "+4930123456",
        () if has("street") || has("address1") || has("line1") || *words == ["address", "1"] => {
            "Loopback 1"
        }
        () if *words == ["address"] => "Loopback 1",
        () if has("city") || named("town") => "Town",
        () if has("postcode") || has("postalcode") || has("zipcode") => "10115",
        () if has("country") && !has("name") && !has("state") => "{country}",
        () if *words == ["currency"] || *words == ["currency", "code"] => "EUR",
        () if *words == ["locale"] || *words == ["language"] => "en",
        () => return None,
    })
}

/// How pages are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Offset,
    Page,
    Cursor,
    Nothing,
}

/// Pages of products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paged {
    pub by: By,
    pub size: u64,
    pub first: u64,
}

impl Paged {
    /// None.
    pub(super) const NONE: Self = Self { by: By::Nothing, size: 50, first: 1 };

    fn is(words: &[String], known: &[&[&str]]) -> bool {
        known.iter().any(|named| words == *named)
    }

    pub(super) fn is_limit(words: &[String]) -> bool {
        Self::is(
            words,
            &[
                &["limit"],
                &["page", "size"],
                &["per", "page"],
                &["size"],
                &["take"],
                &["pagesize"],
                &["page", "limit"],
                &["items", "per", "page"],
                &["item", "per", "page"],
            ],
        )
    }

    fn is_offset(words: &[String]) -> bool {
        Self::is(words, &[&["offset"], &["skip"], &["start"], &["page", "offset"]])
    }

    fn is_page(words: &[String]) -> bool {
        Self::is(
            words,
            &[
                &["page"],
                &["page", "number"],
                &["page", "index"],
                &["current", "page"],
                &["p"],
                &["pagenumber"],
            ],
        )
    }

    fn is_cursor(words: &[String]) -> bool {
        Self::is(
            words,
            &[
                &["cursor"],
                &["after"],
                &["page", "token"],
                &["next", "token"],
                &["starting", "after"],
                &["page", "after"],
                &["page", "cursor"],
            ],
        )
    }

    /// How an operation has them, by its parameters or the keys of its body.
    pub(super) fn of(schemas: &Schemas<'_>, operation: &Operation<'_>) -> Self {
        let query = operation.parameters.iter().filter(|parameter| parameter.goes == Goes::Query);
        let mut named: Vec<(Vec<String>, &Value)> =
            query.map(|parameter| (words(parameter.name), parameter.schema)).collect();
        if let Some((_, body)) = operation.body {
            let keys = schemas.properties(body).into_iter();
            named.extend(keys.map(|(name, schema)| (words(name), schema)));
        }
        let find = |is: fn(&[String]) -> bool| named.iter().find(|(words, _)| is(words));
        let (by, asked) = match (find(Self::is_offset), find(Self::is_page), find(Self::is_cursor))
        {
            (Some(_), _, _) => (By::Offset, None),
            (None, Some((_, schema)), _) => (By::Page, Some(*schema)),
            (None, None, Some(_)) => (By::Cursor, None),
            (None, None, None) => (By::Nothing, None),
        };
        let number = |schema: &Value, key| schema.get(key).and_then(Value::as_u64);
        let first =
            asked.and_then(|schema| number(schema, "minimum").or(number(schema, "default")));
        let most = find(Self::is_limit).and_then(|(_, schema)| number(schema, "maximum"));
        let size = most.unwrap_or(50).clamp(1, 50);
        Self { by, size, first: if first == Some(0) { 0 } else { 1 } }
    }

    /// The value that these words name.
    pub(super) fn value(self, words: &[String]) -> Option<&'static str> {
        match self.by {
            _ if Self::is_limit(words) => Some("{limit}"),
            By::Offset if Self::is_offset(words) => Some("{offset}"),
            By::Page if Self::is_page(words) => Some("{page}"),
            By::Cursor if Self::is_cursor(words) => Some("{cursor}"),
            By::Offset | By::Page | By::Cursor | By::Nothing => None,
        }
    }
}
