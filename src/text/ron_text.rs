//! Reading RON so that a mistake is named by file, line, column and key.

pub mod keys;

use serde::de::DeserializeOwned;

use crate::visible;

/// Why a RON text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}:{line}:{column}: {}", visible::cut(problem))]
pub struct RonError {
    /// The file, or what the text came from.
    pub origin: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// What is wrong, the key and what is allowed.
    pub problem: String,
}

/// RON's own limit, in words for who wrote the text.
const TOO_DEEP: &str = "nested too deep: more than RON's 128 levels of brackets and values";

/// Reads a `T` from `text`, which came from `origin`. `Some(x)` may be written as `x`.
pub fn parse<T: DeserializeOwned>(origin: &str, text: &str) -> Result<T, RonError> {
    let options = ron::Options::default().with_default_extension(
        ron::extensions::Extensions::IMPLICIT_SOME
            | ron::extensions::Extensions::UNWRAP_NEWTYPES
            | ron::extensions::Extensions::UNWRAP_VARIANT_NEWTYPES,
    );
    options.from_str(text).map_err(|error| {
        let (line, column) = (error.span.start.line, error.span.start.col);
        let key = keys::key_at(text, line, column).map(|key| format!("{key}: "));
        let problem = if error.code == ron::Error::ExceededRecursionLimit {
            TOO_DEEP.to_owned()
        } else {
            format!("{}{}", key.unwrap_or_default(), error.code)
        };
        RonError {
            origin: origin.to_owned(),
            line,
            column,
            problem: visible::cut(&problem).into_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(untagged)]
    enum Tree {
        Leaf(u32),
        Branch(Vec<Tree>),
    }

    #[test]
    fn a_text_nested_too_deep_is_refused_with_the_number_of_levels() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let Tree::Branch(branch) = parse::<Tree>("t", &nested(60)).unwrap() else { panic!() };
        assert!(matches!(branch[..], [Tree::Branch(_)]));
        let Tree::Leaf(1) = parse::<Tree>("t", "1").unwrap() else { panic!() };
        for levels in [200, 100_000] {
            let error = parse::<Tree>("t", &nested(levels)).unwrap_err();
            assert!(error.problem.contains("128 levels"), "{error}");
        }
    }

    #[test]
    fn what_ron_repeats_of_a_text_is_cut() {
        type Numbers = BTreeMap<String, u32>;
        let problem = |key: &str| parse::<Numbers>("t", &format!("{{\"{key}\": x}}")).unwrap_err();
        assert!(problem("short").problem.starts_with("short: "));
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}
        let unknown = |chars| parse::<Nothing>("t", &format!("({}: 1)", "x".repeat(chars)));
        let (short, long) = (unknown(20).unwrap_err(), unknown(5_000).unwrap_err());
        assert!(short.problem.contains(&"x".repeat(20)) && !short.problem.ends_with("..."));
        assert_eq!(long.problem.chars().count(), visible::PROBLEM_CHARS_MAX + 3);
    }
}
