//! A document's text: JSON, or YAML up to a budget.

use serde_json::Value;
use serde_saphyr::DuplicateKeyPolicy;

/// Scalars, lists and maps of a document in YAML.
const NODES_MAX: usize = 2_000_000;

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no {kind}: {problem}")]
pub struct Unreadable {
    kind: &'static str,
    problem: String,
}

/// The data in a text that begins with `{`, as JSON, or any other, as YAML.
pub fn read(text: &str) -> Result<Value, Unreadable> {
    let unreadable = |kind| {
        move |problem: String| {
            let problem = problem.lines().next().unwrap_or_default();
            Unreadable { kind, problem: text::visible::cut(problem).into_owned() }
        }
    };
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|e| unreadable("JSON")(e.to_string()));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_nodes: NODES_MAX, max_events: 2 * NODES_MAX },
        duplicate_keys: DuplicateKeyPolicy::LastWins,
    };
    let read = serde_saphyr::from_str_with_options(text, options);
    read.map_err(|error| unreadable("YAML")(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_read_as_the_json_that_it_means() {
        let text = "openapi: 3.0.0\npaths:\n  /a:\n    get:\n      responses:\n        200:\n\
                    \x20         description: yes\n        '404': {description: \"no\"}\n";
        let value = read(text).unwrap();
        assert_eq!(value["openapi"], "3.0.0");
        assert!(value["paths"]["/a"]["get"]["responses"]["200"].is_object(), "{value}");
    }

    #[test]
    fn what_is_neither_is_told_in_one_line() {
        let bombed = format!("a: &a [1, 1]\n{}", "b: [*a, *a\n");
        for text in ["{", "a: [", "\t- x: y: z", &bombed] {
            let problem = read(text).unwrap_err().to_string();
            assert!(problem.starts_with("it is no "), "{problem}");
            assert_eq!(problem.lines().count(), 1, "{problem}");
        }
    }

    #[test]
    fn aliases_that_stand_for_each_other_end_within_a_budget() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let of = format!("*a{}", n - 1);
            text.push_str(&format!("a{n}: &a{n} [{}]\n", vec![of; 10].join(", ")));
        }
        assert!(read(&text).is_err());
    }
}
