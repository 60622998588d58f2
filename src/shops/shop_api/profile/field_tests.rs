//! Each kind of place, and what is refused.

use serde_json::json;

use super::*;
use crate::shop_api::profile::template::Placeholder;

struct Some1;

impl Around for Some1 {
    fn value(&self, name: &Name) -> Option<Filled<'_>> {
        match name {
            Name::BuiltIn(Placeholder::VariantId) => Some(Filled::Text("v'2".into())),
            Name::BuiltIn(_) => None,
            Name::Own(own) => (&**own == "cart").then(|| Filled::Text("c1".into())),
        }
    }

    fn header(&self, name: &str) -> Option<String> {
        (name == "location").then(|| "https://h/orders/17?x=1".to_owned())
    }

    fn cookie(&self, name: &str) -> Option<String> {
        (name == "csrf").then(|| "t0k".to_owned())
    }
}

fn find(path: &str, root: &Value) -> Option<String> {
    let field = Field::try_from(path.to_owned()).unwrap();
    field.find(root, &Some1).map(|found| match found {
        Found::Value(value) => value.to_string(),
        Found::Text(text) => format!("={text}"),
    })
}

#[test]
fn the_first_place_with_a_value_counts() {
    let root = json!({"a": {"b": [1, {"c": 2}]}, "n": null});
    assert_eq!(find("a.b.1.c", &root).as_deref(), Some("2"));
    assert_eq!(find("n|a.b.0", &root).as_deref(), Some("1"));
    assert_eq!(find("x.y|=none", &root).as_deref(), Some("=none"));
    assert_eq!(find("a.b.9", &root), None);
    assert_eq!(find("a.b.1.c.d", &root), None);
}

#[test]
fn a_jsonpath_finds_by_what_stands_beside_and_its_values_cannot_leave_their_quotes() {
    let root = json!({"items": [{"v": "v1", "p": 1}, {"v": "v'2", "p": 2.50}, {"v": "a|b", "p": 3}],
        "codes": ["A", null, "B"]});
    assert_eq!(find("$.items[?@.v == '{variant_id}'].p", &root).as_deref(), Some("2.5"));
    assert_eq!(find("$.items[?@.v == 'a|b'].p|=0", &root).as_deref(), Some("3"));
    assert_eq!(find("$.items[?@.v == 'none'].p|=0", &root).as_deref(), Some("=0"));
    let all = |path: &str| Field::try_from(path.to_owned()).unwrap().find_all(&root, &Some1);
    assert_eq!(all("$.codes[*]"), [json!("A"), json!("B")]);
    assert_eq!(all("codes"), [json!("A"), json!("B")]);
    assert_eq!(all("$.none[*]|=x"), [json!("x")]);
    assert_eq!(all("$.none[*]"), [] as [Value; 0]);
}

#[test]
fn a_value_may_be_in_a_header_a_cookie_or_captured_and_a_part_of_it_be_wanted() {
    let root = json!({"url": "/carts/c9/items", "n": 40});
    assert_eq!(find("header:location ~ orders/([0-9]+)", &root).as_deref(), Some("=17"));
    assert_eq!(find("cookie:csrf", &root).as_deref(), Some("=t0k"));
    assert_eq!(find("cookie:none|{cart}", &root).as_deref(), Some("=c1"));
    assert_eq!(find("url ~ carts/(\\w+)/", &root).as_deref(), Some("=c9"));
    assert_eq!(find("url ~ orders/(\\w+)/|n", &root).as_deref(), Some("40"));
    assert_eq!(find("{token}", &root), None);
}

#[test]
fn a_jsonpath_that_would_cost_a_stack_or_minutes_is_refused() {
    let nested = |n: usize| format!("$[?{}@.a{}]", "(".repeat(n), ")".repeat(n));
    assert!(Field::try_from(nested(5)).is_ok());
    for path in [nested(6), nested(10_000), format!("$[?{}", "@[?".repeat(10)), "$.".repeat(600)] {
        let error = Field::try_from(path).unwrap_err();
        assert!(error.contains("brackets in each other") && error.len() < 2_000, "{error}");
    }
    assert!(Field::try_from("$.a[?@.b == '[[[[[[[(((((((']".to_owned()).is_ok());
}

#[test]
fn what_is_no_place_is_refused_with_what_to_write() {
    for (path, part) in [
        ("", "an empty path"),
        ("a..b", "an empty key"),
        ("a|", "an empty path"),
        (".a", "an empty key"),
        ("$.a[?", "no JSONPath"),
        ("$.a[?@.b == '{x'}]", "no value's name"),
        ("a ~ b", "no group"),
        ("a ~ (", "regex"),
        ("header:", "no name"),
    ] {
        let error = Field::try_from(path.to_owned()).unwrap_err();
        assert!(error.contains(part), "{path}: {error}");
    }
}

#[test]
fn a_part_is_taken_of_each_node() {
    let lines = serde_json::json!([
        {"url": "/lines/7/"}, {"url": "/baskets/1/"}, {"url": null}, {"url": "/lines/9/"}
    ]);
    let field = Field::try_from("$[*].url ~ /lines/([0-9]+)/".to_owned()).unwrap();
    assert_eq!(field.find_all(&lines, &Nothing), ["7", "9"]);
    let list = Field::try_from(". ~ x".to_owned());
    assert!(list.unwrap_err().contains("no group"));
}
