//! The rule that a profile lacks, written from the answer that should have been a refusal.

use actors::ports::shop_api::{ApiError, ApiErrorKind, Refusal};

use super::told::Told;

/// Characters of a fragment that a rule is known by.
const FRAGMENT_CHARS_MAX: usize = 50;
/// A shorter one fits everything.
const FRAGMENT_CHARS_MIN: usize = 4;

/// A rule by which the answer is this refusal; `None` where nobody answered.
pub(super) fn rule(
    told: Option<&Told>,
    error: &ApiError,
    refusal: Refusal,
    tried: &[&str],
) -> Option<String> {
    let told = told?;
    let (step, status) = (told.step, told.status?);
    let by = if let ApiErrorKind::Unparsable { field } = &error.kind
        && !matches!(field.as_str(), "body" | "head")
    {
        format!(", lacks: {field:?}")
    } else {
        let said = error.detail.as_deref().and_then(|said| fragment(said, tried));
        said.map_or(String::new(), |said| format!(", contains: {said:?}"))
    };
    Some(format!("(on: [{step}], status: [{status}]{by}, refusal: {})", refusal.as_str()))
}

/// The longest run of words that the shop says whatever was tried.
fn fragment(said: &str, tried: &[&str]) -> Option<String> {
    if said.trim_start().starts_with('<') {
        return None;
    }
    let tried = tried.iter().filter(|tried| !tried.is_empty());
    let said = tried.fold(said.to_owned(), |said, tried| said.replace(tried, "\0"));
    let is_of_it = |c: char| c.is_ascii_alphabetic() || matches!(c, ' ' | '_' | ',' | '\'');
    let trim = |part: &'_ str| part.trim_matches([' ', ',', '\'']).to_owned();
    let parts = said.split(|c| !is_of_it(c)).map(trim);
    let longest = parts.reduce(|one, next| if next.len() > one.len() { next } else { one })?;
    let mut words = longest.as_str();
    while words.len() > FRAGMENT_CHARS_MAX {
        words = words.rsplit_once(' ').map_or(&words[..FRAGMENT_CHARS_MAX], |(head, _)| head);
    }
    (words.len() >= FRAGMENT_CHARS_MIN).then(|| words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_known_by_what_the_shop_says_whatever_was_tried() {
        for (said, expected) in [
            ("Product with id: prod_1 was not found", Some("Product with id")),
            ("cart is empty", Some("cart is empty")),
            ("Only 3 of \"prod_1\" in stock", Some("in stock")),
            ("out_of_stock", Some("out_of_stock")),
            ("<html><body>Not found</body></html>", None),
            ("12", None),
        ] {
            assert_eq!(fragment(said, &["prod_1", ""]).as_deref(), expected, "{said}");
        }
        let long = fragment(&"word ".repeat(40), &[]).unwrap();
        assert!(long.len() <= FRAGMENT_CHARS_MAX && long.ends_with("word"), "{long}");
    }
}
