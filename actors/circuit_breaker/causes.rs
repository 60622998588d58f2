//! Which failures are one: what a shop says to each has other ids and times in it, and a reason
//! must not be told as often as it is worded.

use std::cmp::Reverse;
use std::collections::HashMap;

/// The most frequent causes, each as `cause (n)` with the wording met most often; equally frequent
/// ones by the alphabet. Where one was worded differently that is counted too.
pub(super) fn top<'c>(causes: impl Iterator<Item = &'c str>, most: usize) -> Vec<String> {
    let mut kinds: HashMap<&str, HashMap<&str, u32>> = HashMap::new();
    for cause in causes {
        *kinds.entry(kind(cause)).or_default().entry(cause).or_default() += 1;
    }
    let by_count = |(a, a_count): &(&str, u32), (b, b_count): &(&str, u32)| {
        b_count.cmp(a_count).then(a.cmp(b))
    };
    let mut told: Vec<(&str, u32, usize)> = Vec::with_capacity(kinds.len());
    for words in kinds.into_values() {
        let (times, wordings) = (words.values().sum(), words.len());
        let example = words.into_iter().min_by(by_count).map_or("", |(cause, _)| cause);
        told.push((example, times, wordings));
    }
    told.sort_by_key(|(cause, times, _)| (Reverse(*times), *cause));
    let says = |(cause, times, wordings): (&str, u32, usize)| match wordings {
        1 => format!("{cause} ({times})"),
        _ => format!("{cause} ({times}, in {wordings} wordings)"),
    };
    told.into_iter().take(most).map(says).collect()
}

/// Of a call's failure the call and what happened, without what the shop said.
fn kind(cause: &str) -> &str {
    let is_step = |call: &str| {
        !call.is_empty() && call.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let Some((call, rest)) = cause.split_once(": ").filter(|(call, _)| is_step(call)) else {
        return cause;
    };
    let happened = rest.split_once(": ").map_or(rest, |(happened, _)| happened);
    cause.get(..call.len() + 2 + happened.len()).unwrap_or(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_one_failure_are_one_reason_and_other_statuses_or_steps_are_others() {
        let causes = [
            "checkout: 500, server error: order 17 at 08:01",
            "checkout: 500, server error: order 18 at 08:02",
            "checkout: 500, server error: order 18 at 08:02",
            "checkout: 500, server error",
            "checkout: 502 from the edge, the shop is down: <html>1",
            "checkout: 502 from the edge, the shop is down: <html>2",
            "add_item: 500, server error: order 17 at 08:01",
        ];
        assert_eq!(
            top(causes.into_iter(), 2),
            [
                "checkout: 500, server error: order 18 at 08:02 (4, in 3 wordings)",
                "checkout: 502 from the edge, the shop is down: <html>1 (2, in 2 wordings)",
            ]
        );
        let all = top(causes.into_iter(), 9);
        assert_eq!(all.last().unwrap(), "add_item: 500, server error: order 17 at 08:01 (1)");
    }

    #[test]
    fn what_is_no_call_is_one_by_its_words() {
        let causes = ["the actor panicked: at 1", "the actor panicked: at 2", "often", "often"];
        assert_eq!(
            top(causes.into_iter(), 9),
            ["often (2)", "the actor panicked: at 1 (1)", "the actor panicked: at 2 (1)"]
        );
    }
}
