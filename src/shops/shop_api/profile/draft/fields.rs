//! Where values are in an answer, by the names that shops give them.

use serde_json::Value;

use super::schema::{Kind, Place, Schemas};
use super::wanted::Wanted;
use super::words::{has_all, has_any, is_word_of, words};

/// Keys down to a list or to an order.
const ROOT_DEPTH: usize = 3;
/// Keys down to a value of an item.
pub(super) const FIELD_DEPTH: usize = 4;
/// From here on a place is another one.
const COST_MAX: usize = 26;

/// The place that is meant, where one is.
pub(super) fn pick<'p, 'd>(places: &'p [Place<'d>], wanted: &Wanted) -> Option<&'p Place<'d>> {
    let priced = places.iter().filter_map(|place| Some((cost(place, wanted)?, place)));
    let best = priced.min_by_key(|(cost, _)| *cost);
    best.filter(|(cost, _)| *cost <= COST_MAX).map(|(_, place)| place)
}

fn cost(place: &Place<'_>, wanted: &Wanted) -> Option<usize> {
    let told = match (wanted.kinds)(place.kind) {
        true => 0,
        false if place.kind == Kind::Unknown => 6,
        false => return None,
    };
    let keys: Vec<&&str> = place.path.iter().filter(|key| **key != "0").collect();
    let all: Vec<String> = keys.iter().flat_map(|key| words(key)).collect();
    let last = words(keys.last()?);
    let fits = |named: &str| {
        let named: Vec<&str> = named.split('+').collect();
        let rest: Vec<_> = all.iter().filter(|word| !named.contains(&word.as_str())).collect();
        let ends = named.last().is_some_and(|word| has_any(&last, &[word]));
        let is_other = rest.iter().any(|word| is_word_of(word, wanted.not));
        (ends && has_all(&all, &named) && !is_other).then_some(rest.len())
    };
    let ranked = wanted.named.split(' ').enumerate();
    let fitting = ranked.filter_map(|(rank, named)| Some(3 * rank + 2 * fits(named)?));
    Some(fitting.min()? + place.depth() + told)
}

/// A list of things in an answer.
#[derive(Clone, Debug)]
pub(super) struct Listed<'d> {
    /// Where it is.
    pub place: Place<'d>,
    /// What one of them is.
    pub item: &'d Value,
}

/// The list of things with ids that an answer is about; those named by `hints` first.
pub(super) fn list<'d>(
    schemas: &Schemas<'d>,
    answer: &'d Value,
    hints: &[&str],
) -> Option<Listed<'d>> {
    let places = schemas.places(answer, ROOT_DEPTH, false);
    let lists = places.into_iter().filter(|place| place.kind == Kind::List);
    let scored = lists.filter_map(|place| {
        let item = schemas.items(place.schema)?;
        let names = schemas.properties(item);
        let has = |wanted: &[&str]| names.iter().any(|(name, _)| has_any(&words(name), wanted));
        let last = place.path.last().map(|key| words(key)).unwrap_or_default();
        let usual = ["data", "item", "result", "content", "element", "hit", "member", "record"];
        let hinted = last.last().is_some_and(|word| hints.contains(&word.as_str()));
        let hinted = if hinted { 8 } else { 0 };
        let usual = if has_any(&last, &usual) || place.path.is_empty() { 4 } else { 0 };
        // What things are in it may be told elsewhere.
        let is_bare = names.is_empty() && hinted > 0;
        let known = if is_bare || has(&["id", "code", "key", "variant", "number"]) { 4 } else { 0 };
        let named = if has(&["name", "title", "quantity", "total"]) { 2 } else { 0 };
        let custom = if has_any(&last, &["custom"]) { 3 } else { 0 };
        let depth = custom + i32::try_from(place.depth()).unwrap_or(9);
        let score = hinted + usual + known + named - 2 * depth;
        (known > 0 && score >= 3).then_some((score, Listed { place, item }))
    });
    // Of equals the nearest.
    let best = scored.reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.map(|(_, list)| list)
}

/// The order in an answer: where an id and a sum stand beside each other.
pub(super) fn order_root<'d>(schemas: &Schemas<'d>, answer: &'d Value) -> Option<Place<'d>> {
    root(schemas, answer, "order", &["total", "amount", "price", "gross", "value"])
}

/// The object in an answer that has an id and one of `beside`; the one named `noun` first.
pub(super) fn root<'d>(
    schemas: &Schemas<'d>,
    answer: &'d Value,
    noun: &str,
    beside: &[&str],
) -> Option<Place<'d>> {
    let places = schemas.places(answer, ROOT_DEPTH - 1, false);
    let objects = places.into_iter().filter(|place| place.kind == Kind::Object);
    let scored = objects.filter_map(|place| {
        let names = schemas.properties(place.schema);
        let has = |wanted: &[&str]| names.iter().any(|(name, _)| has_any(&words(name), wanted));
        let known = has(&["id", "number", "code", "token", "key"]);
        let last = place.path.last().map(|key| words(key)).unwrap_or_default();
        let named = if last.last().is_some_and(|word| word == noun) { 4 } else { 0 };
        let score = named + 10 - 3 * i32::try_from(place.depth()).unwrap_or(9);
        (known && (beside.is_empty() || has(beside))).then_some((score, place))
    });
    let best = scored.reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.map(|(_, place)| place)
}

/// A place below another one.
pub(super) fn below(root: &Place<'_>, place: &Place<'_>) -> String {
    let keys: Vec<&str> = root.path.iter().chain(&place.path).copied().collect();
    if keys.is_empty() { ".".to_owned() } else { keys.join(".") }
}
