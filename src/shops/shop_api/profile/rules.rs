//! What an answer means beyond its status: rules, of which the first that fits decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use ports::shop_api::Refusal;
use serde::Deserialize;
use serde_json::Value;

use super::call::named;
use super::field::{Around, Field};
use super::steps::StepName;
use super::template::Template;

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// On these steps; none: on all, and what is called for them.
    pub on: Vec<StepName>,
    /// With one of these statuses; none: any.
    pub status: Vec<u16>,
    /// With this in the body, in any case; in lower case here.
    pub contains: Option<String>,
    /// With these words in these places.
    pub is: Words,
    /// With something else there, if it is something at all.
    pub not: Words,
    /// With something there.
    pub has: Option<Field>,
    /// With nothing there.
    pub lacks: Option<Field>,
    /// What it is then.
    pub meaning: Meaning,
    /// Values that are gone then.
    pub forget: Vec<Arc<str>>,
}

/// Words in places, as `{"order.state": "open"}`; values may be in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, Template>")]
pub struct Words(
    /// Each place with its word.
    pub Vec<(Field, Template)>,
);

impl TryFrom<BTreeMap<String, Template>> for Words {
    type Error = String;

    fn try_from(written: BTreeMap<String, Template>) -> Result<Self, String> {
        let words = written.into_iter().map(|(place, word)| Ok((Field::try_from(place)?, word)));
        words.collect::<Result<_, String>>().map(Self)
    }
}

/// What an answer is that a rule fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The shop says no for reasons of business.
    Refusal(Refusal),
    /// The call has failed, whatever its status says.
    Failure,
}

/// A rule as format 2 has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRule {
    #[serde(default)]
    on: Vec<StepName>,
    #[serde(default)]
    status: Vec<u16>,
    #[serde(default)]
    contains: Option<String>,
    #[serde(default)]
    is: Words,
    #[serde(default)]
    not: Words,
    #[serde(default)]
    has: Option<Field>,
    #[serde(default)]
    lacks: Option<Field>,
    #[serde(default)]
    refusal: Option<Refusal>,
    #[serde(default)]
    failure: bool,
    #[serde(default)]
    forget: Vec<String>,
}

impl WrittenRule {
    pub(super) fn read(self) -> Result<Rule, String> {
        let meaning = match (self.refusal, self.failure) {
            (Some(refusal), false) => Meaning::Refusal(refusal),
            (None, true) => Meaning::Failure,
            (Some(_), true) | (None, false) => {
                return Err("write `refusal: ...` or `failure: true`".to_owned());
            }
        };
        Ok(Rule {
            on: self.on,
            status: self.status,
            contains: self.contains.map(|part| part.to_lowercase()),
            is: self.is,
            not: self.not,
            has: self.has,
            lacks: self.lacks,
            meaning,
            forget: self.forget.iter().map(|name| named(name)).collect::<Result<_, String>>()?,
        })
    }
}

/// An answer as rules see it.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// Of this step; `None`: of a call that is made for several.
    pub step: Option<StepName>,
    /// Its status.
    pub status: u16,
    /// Its body as it came, in lower case.
    pub lower: &'a dyn Fn() -> &'a str,
    /// Its body where it is JSON, else null.
    pub json: &'a dyn Fn() -> &'a Value,
    /// What is around it.
    pub around: &'a dyn Around,
}

impl Rule {
    /// Whether it fits.
    pub fn fits(&self, seen: Seen<'_>) -> bool {
        let all = |words: &Words, fit: bool| {
            let mut words = words.0.iter();
            words.all(|(field, word)| field.says((seen.json)(), seen.around, word) == Some(fit))
        };
        let is_there = |field: &Field| field.find((seen.json)(), seen.around).is_some();
        // What is looked for in a body that is no JSON is not missing there.
        let is_json = || !(seen.json)().is_null();
        (self.on.is_empty() || seen.step.is_some_and(|step| self.on.contains(&step)))
            && (self.status.is_empty() || self.status.contains(&seen.status))
            && self.contains.as_ref().is_none_or(|part| (seen.lower)().contains(part.as_str()))
            && all(&self.is, true)
            && all(&self.not, false)
            && self.has.as_ref().is_none_or(is_there)
            && self.lacks.as_ref().is_none_or(|field| is_json() && !is_there(field))
    }

    /// The places that it looks at.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        let words = self.is.0.iter().chain(&self.not.0).map(|(field, _)| field);
        words.chain(&self.has).chain(&self.lacks)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shop_api::profile::field::Nothing;

    fn rule(text: &str) -> Result<Rule, String> {
        let written: WrittenRule = text::ron_text::parse("t", text).unwrap();
        written.read()
    }

    fn fits(rule_text: &str, status: u16, body: &Value) -> bool {
        let lower = body.to_string().to_lowercase();
        let step = Some(StepName::AddItem);
        rule(rule_text).unwrap().fits(Seen {
            step,
            status,
            lower: &|| &lower,
            json: &|| body,
            around: &Nothing,
        })
    }

    #[test]
    fn a_rule_fits_where_all_of_it_does_on_any_status() {
        let silent = json!({"cart": {"promotions": [{"code": "TEN"}]}});
        let lacks = "(lacks: \"$.cart.promotions[?@.code == 'FIVE']\", refusal: coupon)";
        assert!(fits(lacks, 200, &silent));
        assert!(!fits(
            "(lacks: \"$.cart.promotions[?@.code == 'TEN']\", refusal: coupon)",
            200,
            &silent
        ));
        let union = json!({"data": {"add": {"errorCode": "INSUFFICIENT", "message": "Only 1"}}});
        assert!(fits(
            "(is: {\"data.add.errorCode\": \"INSUFFICIENT\"}, refusal: stock)",
            200,
            &union
        ));
        assert!(!fits("(is: {\"data.add.errorCode\": \"OTHER\"}, refusal: stock)", 200, &union));
        let not =
            |word: &str| format!("(not: {{\"data.add.errorCode\": \"{word}\"}}, failure: true)");
        assert!(fits(&not("OTHER"), 200, &union) && !fits(&not("INSUFFICIENT"), 200, &union));
        assert!(!fits("(not: {\"data.x\": \"a\"}, failure: true)", 200, &union), "nothing there");
        assert!(fits("(has: \"$.data.*.errorCode\", failure: true)", 200, &union));
        assert!(fits("(contains: \"ONLY 1\", status: [200, 400], refusal: stock)", 400, &union));
        assert!(!fits("(contains: \"only 1\", status: [200, 400], refusal: stock)", 500, &union));
        assert!(fits("(on: [add_item], status: [500], refusal: stock)", 500, &union));
        assert!(!fits("(on: [checkout], status: [500], refusal: stock)", 500, &union));
        assert!(!fits("(lacks: \"a\", refusal: other)", 404, &Value::Null), "a page of HTML");
    }

    #[test]
    fn a_rule_says_one_thing() {
        for text in ["(status: [400])", "(status: [400], refusal: stock, failure: true)"] {
            assert!(rule(text).unwrap_err().contains("write `refusal"), "{text}");
        }
    }
}
