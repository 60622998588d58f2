//! Names taken apart: `lineItems`, `line-items` and `LINE_ITEMS` are the words `line` and `item`.

/// Characters of a name that are looked at.
const NAME_CHARS_MAX: usize = 200;

/// Words that mean another one here.
const SAME: [(&str, &str); 12] = [
    ("basket", "cart"),
    ("bag", "cart"),
    ("trolley", "cart"),
    ("sku", "variant"),
    ("promo", "coupon"),
    ("promotion", "coupon"),
    ("voucher", "coupon"),
    ("qty", "quantity"),
    ("zip", "postcode"),
    ("postal", "postcode"),
    ("telephone", "phone"),
    ("signin", "login"),
];

/// Words written as one.
const JOINED: [(&str, &[&str]); 10] = [
    ("lineitem", &["line", "item"]),
    ("cartitem", &["cart", "item"]),
    ("addtocart", &["add", "to", "cart"]),
    ("shoppingcart", &["cart"]),
    ("orderform", &["cart"]),
    ("subtotal", &["sub", "total"]),
    ("grandtotal", &["grand", "total"]),
    ("signup", &["register"]),
    ("productid", &["product", "id"]),
    ("cartid", &["cart", "id"]),
];

/// The words of a name: lower case, one of each, by one name where several mean the same.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for c in name.chars().take(NAME_CHARS_MAX) {
        if !c.is_alphanumeric() || (c.is_uppercase() && was_lower) {
            push(&mut found, &mut word);
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase() || c.is_numeric();
    }
    push(&mut found, &mut word);
    if let Some(at) = found.windows(2).position(|two| two == ["order", "form"]) {
        found.splice(at..at + 2, ["cart".to_owned()]);
    }
    if let Some(at) = found.windows(2).position(|two| two == ["shopping", "cart"]) {
        found.remove(at);
    }
    found
}

fn push(found: &mut Vec<String>, word: &mut String) {
    let word = std::mem::take(word);
    if word.is_empty() {
        return;
    }
    let one = singular(&word);
    if let Some((_, parts)) = JOINED.iter().find(|(joined, _)| *joined == one) {
        return found.extend(parts.iter().map(|part| (*part).to_owned()));
    }
    let same = SAME.iter().find(|(other, _)| *other == one);
    found.push(same.map_or(one, |(_, word)| (*word).to_owned()));
}

fn singular(word: &str) -> String {
    let ends = |end: &str| word.strip_suffix(end).filter(|stem| stem.len() > 1);
    if let Some(stem) = ends("ies") {
        return format!("{stem}y");
    }
    if let Some(stem) = ends("sses") {
        return format!("{stem}ss");
    }
    match ends("s") {
        Some(stem) if !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// Whether all of `wanted` are among `words`.
pub(super) fn has_all(words: &[String], wanted: &[&str]) -> bool {
    wanted.iter().all(|word| words.iter().any(|w| w == word))
}

/// Whether one of `wanted` is among `words`.
pub(super) fn has_any(words: &[String], wanted: &[&str]) -> bool {
    words.iter().any(|word| wanted.contains(&word.as_str()))
}

/// Whether a word is among those of a text.
pub(super) fn is_word_of(word: &str, text: &str) -> bool {
    text.split(' ').any(|known| known == word)
}

/// Whether one of `words` is among those of a text.
pub(super) fn has_one_of(words: &[String], text: &str) -> bool {
    words.iter().any(|word| is_word_of(word, text))
}

/// The name of a value, made of a name: `cartId` is `cart_id`; empty where nothing is left.
pub(super) fn value_name(words: &[String]) -> String {
    let plain = words.iter().map(|word| word.chars().filter(char::is_ascii_alphanumeric));
    let plain = plain.map(String::from_iter).filter(|word: &String| !word.is_empty());
    plain.collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_words_however_it_is_written() {
        for name in ["lineItems", "line-items", "LINE_ITEMS", "lineitem", "LineItem"] {
            assert_eq!(words(name), ["line", "item"], "{name}");
        }
        assert_eq!(words("basketId"), ["cart", "id"]);
        assert_eq!(words("orderFormId"), ["cart", "id"]);
        assert_eq!(words("page[size]"), ["page", "size"]);
        assert_eq!(words("addresses"), ["address"]);
        assert_eq!(words("status"), ["status"]);
        assert_eq!(words("categories"), ["category"]);
        assert_eq!(value_name(&words("Ünit-Preis")), "nit_preis");
    }
}
